//! What an import, an attestation, an export and a timeline promise.

mod attesting;
mod importing;
mod stops;

pub use attesting::*;
pub use importing::*;
pub use stops::*;
