//! The program as a script runs it, and a configuration that is complete and needs no servers.

use std::path::Path;
use std::process::{Command, Output};

pub fn consentry(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_consentry"));
    command.args(arguments).env_remove("CONSENTRY_CONFIG").env_remove("CREDENTIALS_DIRECTORY");
    command.output().expect("the program was built")
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The example over a directory: Maildirs in and out.
pub fn config(directory: &Path) -> String {
    let dir = directory.display();
    let map = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/data_map.toml");
    let account = consentry::actor::account();
    let person = |actor: &str| {
        format!(
            "[[people.person]]\nactor = \"{actor}\"\nname = \"{actor} Testova\"\npost = \"officer\"\n\
             accounts = [\"{account}\"]\n"
        )
    };
    let roster = [account.as_str(), "Anna", "Olga"].map(person).concat();
    let text = format!(
        r#"
        [organisation]
        name = "Test clinic"
        contact = "Data protection officer"
        domains = ["clinic.example"]
        policy_url = "https://clinic.example/privacy"
        policy_version = "1"
        [people]
        shared_account = true
{roster}
        [data]
        directory = "{dir}/data"
        [[mailbox]]
        name = "hello"
        kind = "maildir"
        path = "{dir}/inbox"
        address = "hello@clinic.example"
        [mail]
        from = "hello@clinic.example"
        [[relay]]
        name = "out"
        kind = "maildir"
        path = "{dir}/sent"
        [access]
        data_map = "{map}"
        [acts]
        operator_address = "1 Clinic Street"
        [web]
        public_url = "http://127.0.0.1:8180"
        "#
    );
    for room in ["inbox/new", "inbox/cur", "inbox/tmp"] {
        std::fs::create_dir_all(directory.join(room)).expect("made");
    }
    let path = directory.join("consentry.toml");
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}
