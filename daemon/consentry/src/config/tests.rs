//! The configuration as administrators write it, right and wrong.

use super::*;

/// The shipped file with every commented key switched on.
fn with_every_key() -> String {
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        let bare = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        text.push_str(bare.unwrap_or(line));
        text.push('\n');
    }
    text
}

#[test]
fn the_shipped_file_is_in_order() {
    let config = Config::parse(EXAMPLE).expect("no problems");
    assert_eq!(config.mailboxes.len(), 1);
    assert_eq!(config.rules.full_blocks_per_hour, 100);
    assert_eq!(config.secrets().count(), 2);
}

#[test]
fn every_key_that_the_file_shows_is_known() {
    let text = with_every_key();
    // These stand for the other choice of a kind and cannot hold beside the first.
    let text = text.replace("objects_directory = ", "#objects_directory = ");
    let text = text.replacen("path = \"/var/lib/consentry/consentry.sqlite\"", "", 1);
    let text = text.replacen("kind = \"sqlite\"", "kind = \"postgres\"", 1);
    let text = text.replace("path = \"/var/lib/consentry/sent\"", "");
    let config = Config::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(config.mailboxes.len(), 2);
    assert_eq!(config.mail.dkim.len(), 1);
    // Each connected system has two: the one in use, and the one before it.
    assert_eq!(config.secrets().count(), 8);
}

#[test]
fn the_defaults_are_those_that_the_file_shows() {
    let plain = Config::parse(EXAMPLE).expect("no problems");
    let text = with_every_key()
        .replace("objects_directory = ", "#objects_directory = ")
        .replace("path = \"/var/lib/consentry/sent\"", "")
        .replace("move_to = \"Filed\"", "");
    let told =
        Config::parse(&text.replace("url_file", "#url_file").replacen("connections = 10", "", 1))
            .unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(format!("{:?}", plain.mailboxes[0]), format!("{:?}", told.mailboxes[0]));
    assert_eq!(format!("{:?}", plain.organisation), format!("{:?}", told.organisation));
    assert_eq!(plain.log, told.log);
    assert_eq!(plain.reader.memory, told.reader.memory);
    assert_eq!(plain.reader.time_limit, told.reader.time_limit);
    assert_eq!(plain.reader.cpu_limit, told.reader.cpu_limit);
    assert_eq!(plain.reader.mails_per_process, told.reader.mails_per_process);
    assert_eq!(plain.web.listen, told.web.listen);
    assert_eq!(plain.rules.regimes, told.rules.regimes);
}

#[test]
fn all_errors_are_told_at_once_with_key_and_remedy() {
    let text = r#"
        [organisation]
        name = "A"
        domains = ["not a domain"]
        locale = "fr"
        policy_url = "shop.example/privacy"
        policy_version = "1"
        colour = "red"
        [[mailbox]]
        name = "hello"
        kind = "imap"
        host = "imap.shop.example"
        user = "hello@shop.example"
        password_file = "hunter2"
        poll_interval = "1 fortnight"
        [[mailbox]]
        name = "hello two"
        kind = "pop3"
        [[relay]]
        name = "main"
        kind = "smtp"
        host = "smtp.shop.example"
        user = "x"
        [mail]
        from = "nobody"
        [filing]
        full_blocks_per_hour = 0
        [typo]
    "#;
    let problems = Config::parse(text).expect_err("many problems");
    let expected = [
        "`organisation.contact` is missing",
        "`organisation.domains` has",
        "`organisation.locale`",
        "`organisation.policy_url`",
        "`organisation.colour` is an unknown key",
        "`mailbox[0].password_file`",
        "`mailbox[0].poll_interval`",
        "`mailbox[1].name`",
        "`mailbox[1].kind`",
        "`relay[0].password_file`",
        "`mail.from`",
        "`web.public_url` is missing",
        "`filing.full_blocks_per_hour`",
        "`typo` is an unknown key",
    ];
    for start in expected {
        let told = problems.iter().filter(|problem| problem.starts_with(start)).count();
        assert_eq!(told, 1, "{start}: {problems:#?}");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    assert!(!problems.join(" ").contains("hunter2"), "a secret was repeated");
}

#[test]
fn people_who_stand_under_acts_are_told_where_they_belong() {
    let text = "[[acts.person]]\nname = \"Анна Б.\"\npost = \"DPO\"\nactor = \"anna\"\n";
    let problems = Config::parse(text).expect_err("not there");
    let told: Vec<_> = problems.iter().filter(|problem| problem.contains("acts")).collect();
    assert_eq!(told, ["`acts.person` is no longer read; write [[people.person]] instead"]);
}

#[test]
fn an_empty_file_names_everything_that_is_required() {
    let problems = Config::parse("").expect_err("nothing is there");
    for key in ["organisation.name", "mailbox", "mail.from", "relay", "web.public_url"] {
        let told =
            problems.iter().any(|problem| problem.starts_with(&format!("`{key}` is missing")));
        assert!(told, "{key}: {problems:#?}");
    }
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let problems = Config::parse("[organisation]\nname = \n").expect_err("no TOML");
    assert!(problems[0].starts_with("line 2 is not TOML"), "{problems:?}");
}

#[test]
fn a_mailbox_that_would_be_read_for_ever_or_in_the_clear_is_refused() {
    let check = |from: &str, to: &str, expected: &str| {
        let problems = Config::parse(&EXAMPLE.replacen(from, to, 1)).expect_err("refused");
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{problems:?}");
    };
    check("#move_to = \"Filed\"", "move_to = \"inbox\"", "`mailbox[0].move_to`");
    let both = "folders = [\"INBOX\", \"Done\"]\nmove_to = \"Done\"";
    check("#folders = [\"INBOX\"]", both, "`mailbox[0].move_to`");
    check("#tls = \"implicit\"", "tls = \"none\"", "`mailbox[0].tls`");
    let maildir = "#[[mailbox]]\n#name = \"privacy\"\n#kind = \"maildir\"\n";
    assert!(EXAMPLE.contains(maildir), "the file shows a maildir");
    let text = with_every_key().replacen(
        "kind = \"maildir\"",
        "kind = \"maildir\"\nmove_to = \"Done\"",
        1,
    );
    let problems = Config::parse(&text).expect_err("refused");
    assert!(problems.iter().any(|told| told.starts_with("`mailbox[1].move_to`")), "{problems:?}");
}

#[test]
fn campaigns_need_a_relay_that_takes_them() {
    let further = "[campaign]\nfrom = \"news@news.estetimed.example\"\n";
    let with = |stream: &str| {
        let stream = format!("name = \"main\"\nstream = \"{stream}\"");
        let text = EXAMPLE.replace("name = \"main\"", &stream);
        Config::parse(&format!("{text}\n{further}"))
    };
    assert!(with("all").is_ok(), "{:?}", with("all").err());
    let problems = with("hello").expect_err("nobody takes campaigns");
    assert!(problems.iter().any(|problem| problem.contains("takes no campaigns")), "{problems:?}");
    assert!(with("bulk").is_err(), "nobody takes the answers of hello@");
}
