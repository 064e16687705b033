//! `consentry contact`: contacts brought in, attested, handed out and shown.

mod exporting;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use cases::contacts::showing::ContactShown;
use cases::contacts::{Attested, Counts, ImportError, ImportNews, ImportOrder, ImportReport, Mode};
use domain::ids::ImportId;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use self::exporting::export;
use super::consent::whom;
use super::{contact_regime, open_house, told};
use crate::cli::{Contact, ContactCommand, ContactImport, General};
use crate::failure::WrongUse;
use crate::house::House;
use crate::{actor, print};

/// Errors of rows that are printed one by one; what follows is only counted.
const SHOWN_ERRORS: u64 = 1000;

/// Imports, attests, exports or shows.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Contact) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    if let ContactCommand::Show { contact, .. } = &arguments.command {
        whom(contact)?;
    }
    let house = open_house(&general).await?;
    let code = match arguments.command {
        ContactCommand::Import(order) => import(&house, order, &actor).await?,
        ContactCommand::Attest { import, text_version, json } => {
            let attested = house.cases.attest_papers(ImportId(import), text_version, &actor).await;
            let Attested { proven, archived_list, unknown_text } = attested.map_err(told)?;
            if json {
                let left = json!({ "archived_list": archived_list, "unknown_text": unknown_text });
                let document = json!({ "import": import, "attested": proven, "left": left });
                print::json_document(&document)?;
            } else {
                print::line(&format!(
                    "import {import}: {proven} consents on paper are proven now"
                ))?;
                for line in left_lines(archived_list, unknown_text) {
                    print::line(&line)?;
                }
            }
            ExitCode::SUCCESS
        }
        ContactCommand::Export { list, format, statutory } => {
            export(&house, (list.as_deref(), statutory.as_deref()), format, &actor).await?;
            ExitCode::SUCCESS
        }
        ContactCommand::Regime { contact, set, by_rule, json } => {
            let wish = match set.is_empty() && !by_rule {
                true => contact_regime::Wish::Show,
                false => contact_regime::Wish::Set(set),
            };
            contact_regime::run(&house.cases, contact, wish, json, &actor).await?;
            ExitCode::SUCCESS
        }
        ContactCommand::Edit { contact, name, phone, locale, zone, json } => {
            let edit = cases::correction::ContactEdit { name, phone, locale, zone };
            let id = domain::ids::ContactId(contact);
            let changed = house.cases.edit_contact(id, &edit, &actor).await.map_err(told)?;
            if json {
                print::json_document(&json!({ "contact": contact, "changed": changed }))?;
            } else {
                print::line(&format!("contact {contact}: {} changed", changed.join(", ")))?;
            }
            ExitCode::SUCCESS
        }
        ContactCommand::Erase(asked) => {
            super::destruction::erase(&house.cases, asked, &actor).await?;
            ExitCode::SUCCESS
        }
        ContactCommand::Show { contact, json } => {
            let shown = house.cases.show_contact(&contact, &actor).await.map_err(told)?;
            show(&shown, json)?;
            ExitCode::SUCCESS
        }
    };
    house.close().await;
    Ok(code)
}

/// The papers that were left as they were, and what helps.
fn left_lines(archived_list: u64, unknown_text: u64) -> Vec<String> {
    let mut lines = Vec::new();
    if archived_list > 0 {
        lines.push(format!("left: {archived_list} of archived lists"));
    }
    if unknown_text > 0 {
        lines.push(format!(
            "left: {unknown_text} that name a consent text which the list does not have; say which it was with --text-version"
        ));
    }
    lines
}

fn order_of(arguments: ContactImport) -> Result<ImportOrder, WrongUse> {
    let mut order = ImportOrder::new(arguments.file, arguments.list.as_deref());
    for pair in arguments.map {
        let Some((field, header)) = pair.split_once('=') else {
            return Err(WrongUse("--map is FIELD=HEADER, such as email=\"Почта\"".to_owned()));
        };
        order.map.push((field.trim().to_owned(), header.trim().to_owned()));
    }
    order.text_version = arguments.text_version;
    order.encoding = arguments.encoding;
    order.delimiter = arguments.delimiter.as_deref().map(delimiter).transpose()?;
    if let Some(zone) = arguments.zone {
        let zone = TimeZone::get(&zone).map_err(|_| {
            WrongUse("--zone is an IANA time zone, such as Europe/Moscow".to_owned())
        })?;
        order.zone = Some(zone);
    }
    if arguments.dry_run {
        order.mode = Mode::DryRun;
    }
    Ok(order)
}

fn delimiter(text: &str) -> Result<u8, WrongUse> {
    match text {
        "," | "comma" => Ok(b','),
        ";" | "semicolon" => Ok(b';'),
        "\t" | "\\t" | "tab" => Ok(b'\t'),
        _ => Err(WrongUse("--delimiter is `,`, `;` or `tab`".to_owned())),
    }
}

async fn import(house: &House, arguments: ContactImport, actor: &str) -> anyhow::Result<ExitCode> {
    let json = arguments.json;
    let order = order_of(arguments)?;
    let mut teller = Teller { json, refused: 0, errors: Vec::new() };
    let mut news = |one: ImportNews<'_>| teller.tell(&one);
    let result = house.cases.import_contacts(&order, actor, &mut news).await;
    if std::io::stderr().is_terminal() {
        say("");
    }
    let report = result.map_err(|error| match error {
        ImportError::WrongUse(text) => WrongUse(text).into(),
        ImportError::Cases(error) => told(error),
        ImportError::Unreadable(_) => anyhow::Error::from(error),
    })?;
    let errors = teller.errors;
    if json {
        print::json_document(&report_json(&report, order.mode, &errors))?;
    } else {
        for line in report_lines(&report, order.mode) {
            print::line(&line)?;
        }
    }
    let refused: u64 = report.counts.refused.values().sum();
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tells on the way what is going on, on standard error; keeps the errors for JSON.
struct Teller {
    json: bool,
    refused: u64,
    errors: Vec<Value>,
}

impl Teller {
    fn tell(&mut self, news: &ImportNews<'_>) {
        match news {
            ImportNews::Opened { encoding, delimiter, unknown_columns } => {
                let mut text = format!("reading as {encoding}, fields separated by {delimiter:?}");
                if !unknown_columns.is_empty() {
                    let names = unknown_columns.join("`, `");
                    text.push_str("; unknown columns, kept as evidence only: `");
                    text.push_str(&names);
                    text.push('`');
                }
                say(&text);
            }
            ImportNews::Refused(error) => {
                self.refused += 1;
                if self.refused > SHOWN_ERRORS {
                    if self.refused == SHOWN_ERRORS + 1 {
                        say("more rows are refused; they are only counted from here on");
                    }
                } else if self.json {
                    self.errors.push(json!({
                        "line": error.line, "field": error.field, "reason": error.fault.name(),
                        "text": error.fault.words(),
                    }));
                } else {
                    say(&error.to_string());
                }
            }
            ImportNews::Chunk(counts) => {
                let mut out = std::io::stderr();
                if out.is_terminal() {
                    let _ = write!(out, "\r{} rows, {} taken ", counts.rows, counts.taken);
                }
            }
        }
    }
}

/// Beside the results, which go to standard output.
fn say(text: &str) {
    let harmless: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    let _ = writeln!(std::io::stderr(), "{harmless}");
}

fn report_json(report: &ImportReport, mode: Mode, errors: &[Value]) -> Value {
    json!({
        "import": report.import,
        "dry_run": mode == Mode::DryRun,
        "encoding": report.encoding,
        "delimiter": report.delimiter,
        "unknown_columns": report.unknown_columns,
        "counts": report.counts,
        "errors": errors,
    })
}

fn report_lines(report: &ImportReport, mode: Mode) -> Vec<String> {
    let Counts {
        rows,
        taken,
        contacts_made,
        contacts_found,
        contacts_filled,
        subscribed,
        subscribed_before,
        consents,
        on_paper,
        consents_before,
        without_consent,
        ..
    } = &report.counts;
    let counts = &report.counts;
    let mut lines = vec![match (mode, report.import) {
        (Mode::Write, Some(import)) => format!("import {import}"),
        (Mode::Write, None) | (Mode::DryRun, _) => "dry run: nothing was written".to_owned(),
    }];
    let skipped: u64 = counts.skipped.values().sum();
    let refused: u64 = counts.refused.values().sum();
    lines.push(format!("{rows} rows: {taken} taken, {skipped} skipped, {refused} refused"));
    lines.push(format!(
        "contacts: {contacts_made} made, {contacts_found} found ({contacts_filled} filled)"
    ));
    lines.push(format!("subscriptions: {subscribed} made, {subscribed_before} were there"));
    lines.push(format!(
        "consents: {consents} claimed ({on_paper} on paper), {consents_before} were there, {without_consent} rows claim none"
    ));
    let reasons = [
        ("not subscribed", &counts.not_subscribed),
        ("skipped", &counts.skipped),
        ("refused", &counts.refused),
    ];
    for (what, reasons) in reasons {
        lines.extend(reasons.iter().map(|(reason, count)| format!("{what}: {reason} {count}")));
    }
    if let (Some(import), true) = (report.import, *on_paper > 0) {
        lines.push(format!(
            "another operator attests the papers: consentry contact attest {import} --actor NAME"
        ));
    }
    lines
}

fn show(shown: &ContactShown, json: bool) -> anyhow::Result<()> {
    let addresses: Vec<&str> = shown.addresses.iter().map(|address| address.expose()).collect();
    if json {
        let people: Vec<Value> = shown
            .people
            .iter()
            .map(|person| {
                json!({
                    "id": person.id, "name": person.name, "phone": person.phone,
                    "locale": person.locale, "zone": person.zone, "source": person.source,
                    "created_at": person.created_at,
                })
            })
            .collect();
        let timeline: Vec<Value> = shown
            .timeline
            .iter()
            .map(|one| json!({ "at": one.at, "what": one.what, "id": one.id, "words": one.words }))
            .collect();
        let document = json!({ "contacts": people, "addresses": addresses, "timeline": timeline });
        print::json_document(&document)?;
        return Ok(());
    }
    if shown.people.is_empty() {
        print::line("no contact has this address")?;
    }
    for person in &shown.people {
        let made = print::minute(person.created_at);
        let (id, name, phone) = (person.id, &person.name, &person.phone);
        print::line(&format!("contact {id}  {name}  {phone}  {}  since {made}", person.source))?;
    }
    print::line(&format!("addresses: {}", addresses.join(", ")))?;
    let rows: Vec<Vec<String>> = shown
        .timeline
        .iter()
        .map(|one| {
            let words = one.words.as_object().into_iter().flatten();
            let words = words
                .map(|(name, word)| format!("{name}={}", word.as_str().unwrap_or_default()))
                .collect::<Vec<_>>()
                .join(" ");
            vec![print::minute(one.at), one.what.clone(), one.id.to_string(), words]
        })
        .collect();
    print::table(&["WHEN (UTC)", "WHAT", "ID", "WORDS"], &rows)?;
    Ok(())
}
