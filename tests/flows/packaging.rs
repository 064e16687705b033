//! What the package puts where, and that the units of an installed tree hold together.

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use tests::{Result, child::run, daemon::program, place::Place};

#[test]
fn the_installed_tree_has_everything_and_keeps_secrets_closed() -> Result<()> {
    let place = Place::new()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/install");
    let install =
        || run(Command::new(&script).env("DESTDIR", place.path()).env("PROGRAM", program()?));
    install()?;
    let at = |path: &str| place.path().join(path);
    for path in [
        "usr/bin/consentry",
        "usr/lib/systemd/system/consentry.service",
        "usr/lib/systemd/system/consentry.socket",
        "usr/lib/sysusers.d/consentry.conf",
        "usr/lib/tmpfiles.d/consentry.conf",
        "usr/share/man/man1/consentry.1",
        "usr/share/bash-completion/completions/consentry",
        "etc/consentry/consentry.toml",
    ] {
        assert!(at(path).is_file(), "{path} is missing");
    }
    let mode = at("etc/consentry/credentials").metadata()?.permissions().mode();
    assert_eq!(mode & 0o777, 0o700);

    std::fs::write(at("etc/consentry/consentry.toml"), "mine")?;
    install()?;
    assert_eq!(std::fs::read_to_string(at("etc/consentry/consentry.toml"))?, "mine");
    Ok(())
}
