//! Who acts: the name that stands in the audit for what is typed on the command line.

use rustix::process::getuid;

use crate::failure::WrongUse;

/// The name given with `--actor`, else that of the system user.
///
/// # Errors
/// [`WrongUse`] when the name cannot stand in the audit.
pub fn name(given: Option<&str>) -> Result<String, WrongUse> {
    let Some(given) = given else { return Ok(system_user()) };
    let name = given.trim();
    // The audit holds ids and names of ours, no addresses (invariant 13).
    let fits = !name.is_empty()
        && name.chars().count() <= 64
        && !name.chars().any(|c| c.is_control() || c == '@');
    if fits {
        return Ok(name.to_owned());
    }
    Err(WrongUse("--actor must be a name of 1 to 64 characters, without `@`".to_owned()))
}

fn system_user() -> String {
    let uid = getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let known = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    known.unwrap_or_else(|| format!("uid {uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_a_name_and_no_address() {
        assert_eq!(name(Some(" Анна ")).expect("a name"), "Анна");
        assert!(!name(None).expect("a name").is_empty());
        for wrong in ["", "anna@shop.example", "a\nb"] {
            assert!(name(Some(wrong)).is_err(), "{wrong:?}");
        }
    }
}
