//! What is refused, by which rule and with which exit code; and files that are read right all the
//! same.

use serde_json::Value;
use tests::{
    Result,
    daemon::CampaignSettings,
    dkim::DkimKeys,
    newsroom::{Draft, MARKETER, Newsroom, OPERATOR, Reader},
    place::Place,
};

use crate::clinic::SmallHouse;

/// A house with keys, whose `[campaign]` has these further keys.
fn house(further: &str) -> Result<SmallHouse> {
    let place = Place::new()?;
    let keys = DkimKeys::make(&place, "clinic.example")?;
    let campaign = CampaignSettings {
        further: further.to_owned(),
        ..CampaignSettings::from("news@clinic.example")
    };
    let house =
        SmallHouse::open_in(place, |settings| settings.signed(&keys).with_campaigns(campaign))?;
    house.home.say(&["migrate"])?;
    Ok(house)
}

/// A house with a list of one reader.
fn house_with_reader(further: &str) -> Result<SmallHouse> {
    let house = house(further)?;
    let newsroom = Newsroom::of(&house.home);
    newsroom.open_list("news")?;
    newsroom.bring_in("news", &[Reader::on_paper("anna@people.example", "Анна")])?;
    Ok(house)
}

/// The command must end with 3 and name the rule.
fn refused(house: &SmallHouse, arguments: &[&str], rule: &str) -> Result<String> {
    let output = house.home.output(arguments)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
    assert!(said.contains(&format!("refused by the rule `{rule}`")), "{arguments:?}: {said}");
    assert!(!said.contains('@'), "an address is told: {said}");
    Ok(said)
}

fn by<'a>(actor: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--actor", actor]].concat()
}

#[test]
fn a_campaign_without_approval_link_or_audience_is_refused_by_the_rules_name() -> Result<()> {
    let house = house_with_reader("")?;
    let newsroom = Newsroom::of(&house.home);
    newsroom.open_list("empty")?;
    newsroom.draft(&Draft::to("good", &["news"]))?;
    refused(&house, &["campaign", "schedule", "good", "--now"], "not_approved")?;
    house.home.say(&by(MARKETER, &["campaign", "approve", "good"]))?;
    // Any change voids the approval (invariant 17).
    house.home.say(&by(MARKETER, &["campaign", "edit", "good", "--subject", "Другое"]))?;
    refused(&house, &["campaign", "schedule", "good", "--now"], "not_approved")?;

    let html = "<p>Здравствуйте, {{name}}!</p>";
    newsroom.draft(&Draft { html, ..Draft::to("without-link", &["news"]) })?;
    refused(&house, &["campaign", "approve", "without-link"], "no_unsubscribe_link")?;
    newsroom.draft(&Draft::to("to-nobody", &[]))?;
    refused(&house, &["campaign", "approve", "to-nobody"], "no_audience")?;
    newsroom.draft(&Draft::to("to-empty", &["empty"]))?;
    refused(&house, &["campaign", "approve", "to-empty"], "no_audience")?;
    house.home.say(&by(MARKETER, &["campaign", "approve", "good"]))?;
    let past = ["campaign", "schedule", "good", "--at", "2020-01-01T10:00"];
    refused(&house, &by(MARKETER, &past), "no_start")?;
    // Nothing of all that was scheduled.
    let campaigns = house.home.rows(&["campaign", "list"])?;
    assert!(
        campaigns.iter().all(|one| matches!(one["state"].as_str(), Some("draft" | "approved"))),
        "{campaigns:#?}"
    );
    Ok(())
}

#[test]
fn a_campaign_that_nobody_signs_or_only_its_author_saw_is_refused() -> Result<()> {
    let place = Place::new()?;
    let house = SmallHouse::open_in(place, |settings| {
        settings.with_campaigns(CampaignSettings::from("news@clinic.example"))
    })?;
    house.home.say(&["migrate"])?;
    let newsroom = Newsroom::of(&house.home);
    newsroom.open_list("news")?;
    newsroom.bring_in("news", &[Reader::on_paper("anna@people.example", "Анна")])?;
    newsroom.draft(&Draft::to("december", &["news"]))?;
    refused(&house, &["campaign", "approve", "december"], "no_dkim")?;

    let house = house_with_reader("four_eyes = true\nmedical_advertising = true\n")?;
    let newsroom = Newsroom::of(&house.home);
    newsroom.draft(&Draft::to("december", &["news"]))?;
    refused(&house, &by(MARKETER, &["campaign", "approve", "december"]), "four_eyes")?;
    let seen = by(OPERATOR, &["campaign", "approve", "december"]);
    refused(&house, &seen, "no_contraindication_warning")?;
    let html = "<p>{{name}}, имеются противопоказания, необходима консультация специалиста.</p>\
                <p><a href=\"{{unsubscribe_url}}\">Отписаться</a></p>";
    newsroom.draft(&Draft { html, ..Draft::to("warning", &["news"]) })?;
    house.home.say(&by(OPERATOR, &["campaign", "approve", "warning"]))?;
    Ok(())
}

#[test]
fn a_template_that_is_wrong_is_refused_with_line_and_reason_before_it_is_saved() -> Result<()> {
    let house = house("")?;
    let newsroom = Newsroom::of(&house.home);
    let bomb = "{{#each this}}".repeat(15) + "x" + &"{{/each}}".repeat(15);
    let deep = "{{#if name}}".repeat(500) + "x" + &"{{/if}}".repeat(500);
    for (html, line, rule) in [
        ("<p>\n{{nmae}}</p>", 2, "unknown_field"),
        ("<p>a</p>\n<p>b</p>\n{{> self}}", 3, "partial"),
        ("{{#*inline \"self\"}}{{> self}}{{/inline}}\n{{> self}}", 1, "decorator"),
        (bomb.as_str(), 1, "loop"),
        (deep.as_str(), 1, "nesting"),
        ("<p>\n\n{{#each (lookup this \"x\")}}y{{/each}}</p>", 3, "helper"),
        ("<p>{{{name}}}</p>", 1, "unsafe_value"),
        ("<p>\n{{#if name}}</p>", 2, "syntax"),
        ("<p>a</p>\n<script>alert(1)</script>", 2, "element"),
        ("<a href=\"javascript:alert(1)\">x</a>", 1, "link"),
        ("<p onclick=\"x()\">a</p>", 1, "attribute"),
    ] {
        let draft = Draft { html, ..Draft::to("december", &[]) };
        let output = newsroom.try_draft(&draft)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{html:.40}: {said}");
        assert!(said.contains("`template`") && said.contains(rule), "{html:.40}: {said}");
        assert!(said.contains(&format!("body, line {line},")), "{html:.40}: {said}");
        // The checker alone says the same, and to programs in JSON.
        let file = house.home.dir().join("december.html");
        let file = file.to_string_lossy();
        let output = house.home.output(&["template", "check", &file, "--json"])?;
        assert_eq!(output.status.code(), Some(3), "{html:.40}");
        let told: Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(told["findings"][0]["line"], line, "{html:.40}: {told:#}");
    }
    assert!(house.home.rows(&["campaign", "list"])?.is_empty(), "something was saved");
    Ok(())
}

/// As Excel in Russia saves it.
const TABLE: &str = "Электронная почта;ФИО;Телефон;Способ согласия;Дата согласия;Номер документа;Дата документа\r\n\
    anna@people.example;Сергеева Анна Ёжиковна;+7 916 000-00-01;бумага;;А-1;01.03.2026\r\n\
    boris@people.example;\"Борис; он же \"\"Боря\"\"\";;галочка;01.03.2026 12:30;;\r\n\
    не адрес;Некто;;;;;\r\n\
    anna@people.example;Сергеева Анна Ёжиковна;;бумага;;А-1;01.03.2026\r\n\
    vera@people.example;Вера;;бумага;;А-2;01.03.2999\r\n";

#[test]
fn a_table_in_windows_1251_with_semicolons_is_read_right() -> Result<()> {
    let house = house("")?;
    let newsroom = Newsroom::of(&house.home);
    newsroom.open_list("news")?;
    let (bytes, _, lost) = encoding_rs::WINDOWS_1251.encode(TABLE);
    assert!(!lost);
    let file = newsroom.file("клиенты.csv", bytes)?;
    let file = file.to_string_lossy();
    let import = by(MARKETER, &["contact", "import", &file, "--list", "news"]);
    // Two rows are refused: the command says so by its exit code, after everything was taken.
    let imported = |more: &[&str]| -> Result<Value> {
        let output = house.home.output(&[&import[..], &["--json"], more].concat())?;
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    let dry = imported(&["--dry-run"])?;
    assert_eq!(dry["dry_run"], true);
    let shown = house.home.json(&["list", "show", "news"])?;
    assert_eq!(shown["subscriptions"]["confirmed_claimed"], 0, "a dry run wrote something");

    let told = imported(&[])?;
    assert_eq!(told["counts"], dry["counts"], "the dry run told something else");
    assert_eq!((&told["encoding"], &told["delimiter"]), (&"windows-1251".into(), &";".into()));
    let errors = told["errors"].as_array().expect("a list");
    let errors: Vec<_> = errors
        .iter()
        .map(|error| (error["line"].as_u64(), error["reason"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(errors, [(Some(4), "not_an_address"), (Some(6), "in_the_future")], "{told:#}");
    assert_eq!(told["counts"]["on_paper"], 1, "{told:#}");
    for (address, name) in [
        ("anna@people.example", "Сергеева Анна Ёжиковна"),
        ("boris@people.example", "Борис; он же \"Боря\""),
    ] {
        let shown = house.home.json(&["contact", "show", address])?;
        assert_eq!(shown["contacts"][0]["name"], name, "{shown:#}");
    }
    // Whoever imported does not attest, and nothing is proven before somebody else did.
    let number = told["import"].to_string();
    refused(&house, &by(MARKETER, &["contact", "attest", &number]), "four_eyes")?;
    house.home.say(&by(OPERATOR, &["contact", "attest", &number]))?;
    let shown = house.home.json(&["list", "show", "news"])?;
    assert_eq!(shown["subscriptions"]["confirmed_proven"], 1, "{shown:#}");
    assert_eq!(shown["subscriptions"]["confirmed_claimed"], 1, "{shown:#}");
    Ok(())
}
