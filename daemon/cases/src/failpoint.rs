//! Named points at which a test may end the process, to prove that nothing is lost there.
//!
//! In a build without the feature `failpoints` this is nothing at all.

/// Ends the process at once if `CONSENTRY_FAILPOINT` names this point.
#[cfg(feature = "failpoints")]
pub fn hit(name: &str) {
    if std::env::var("CONSENTRY_FAILPOINT").is_ok_and(|wanted| wanted == name) {
        std::process::abort();
    }
}

/// Does nothing in this build.
#[cfg(not(feature = "failpoints"))]
pub fn hit(_name: &str) {}
