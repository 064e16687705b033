//! Reading a regime file and checking that its rows and requests fit together.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    CountsFrom, DutyName, DutyRule, Extension, Regime, RegimeId, RequestName, RequestRule, Row,
    RowUse, Unit, time_zone, words::listed,
};
use crate::{
    data_file::{Problems, Section, Text},
    request::Requester,
};

/// No period of the law is longer; more is a slip of the pen.
const LONGEST: u32 = 400;

pub(super) fn read(text: &str) -> Result<Regime, Problems> {
    let mut root = Section::root(text)?;
    let mut problems = Problems::default();
    let id = root.word("id", "lower-case letters, digits and -", RegimeId::parse, &mut problems);
    let version = root.string("version", &mut problems);
    let title = root.text("title", &mut problems);
    let source = root.string("source", &mut problems);
    let validity = read_validity(&mut root, &mut problems);
    let review_on = root.optional_date("review_on", &mut problems);
    let remedies = root.texts("remedies", &mut problems);
    let zone = root.word("time_zone", "IANA names such as Europe/Moscow", time_zone, &mut problems);
    let calendar = root.string("calendar", &mut problems);
    let rows = read_rows(&mut root, &mut problems);
    let requests = read_requests(&mut root, &rows, &mut problems);
    root.finish(&mut problems);
    let regime = (|| {
        let (valid_from, valid_to) = validity?;
        Some(Regime {
            id: id?,
            version: version?,
            title: title?,
            source: source?,
            valid_from,
            valid_to,
            review_on,
            remedies,
            zone: zone?,
            calendar: calendar?,
            rows: rows.into_iter().filter_map(|(name, row)| Some((name, row?))).collect(),
            requests,
        })
    })();
    match regime {
        Some(regime) if problems.is_empty() => Ok(regime),
        _ => Err(problems),
    }
}

fn read_validity(root: &mut Section, problems: &mut Problems) -> Option<(Date, Option<Date>)> {
    let from = root.date("valid_from", problems);
    let to = root.optional_date("valid_to", problems);
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        problems.add(root.key("valid_to"), "lies before valid_from; swap or correct them");
    }
    Some((from?, to))
}

/// Rows by name; a row with a mistake is kept as `None`, so that references to it still hold.
type Rows = BTreeMap<String, Option<Row>>;

fn read_rows(root: &mut Section, problems: &mut Problems) -> Rows {
    root.named_sections("row", problems)
        .into_iter()
        .map(|(name, section)| {
            let row = read_row(section, problems);
            (name, row)
        })
        .collect()
}

fn read_row(mut section: Section, problems: &mut Problems) -> Option<Row> {
    let title = section.text("title", problems);
    let law = section.text("law", problems);
    let who_may_ask = read_requesters(&mut section, problems);
    let must_contain = section.texts("must_contain", problems);
    let at_once = section.optional_text("at_once", problems);
    let notices = section.texts("notices", problems);
    let exceptions = section.texts("exceptions", problems);
    let note = section.optional_text("note", problems);
    let pause = section.optional_text("pause", problems);
    let penalty = section.optional_text("penalty", problems);
    let duties: Vec<Option<DutyRule>> = section
        .sections("duty", problems)
        .into_iter()
        .map(|duty| read_duty(duty, law.as_ref(), problems))
        .collect();
    if duties.is_empty() && note.is_none() {
        let remedy = "owes nothing by a date; add a [[…duty]], or a note that says why";
        problems.add(section.key("duty"), remedy);
    }
    section.finish(problems);
    Some(Row {
        title: title?,
        law: law?,
        who_may_ask,
        must_contain,
        at_once,
        notices,
        exceptions,
        note,
        pause,
        penalty,
        duties: duties.into_iter().collect::<Option<_>>()?,
    })
}

fn read_requesters(section: &mut Section, problems: &mut Problems) -> Vec<Requester> {
    if !section.has("who_may_ask") {
        return vec![Requester::Subject, Requester::Representative];
    }
    let words = section.strings("who_may_ask", problems);
    words
        .into_iter()
        .filter_map(|(key, word)| {
            let known = Requester::from_name(&word);
            if known.is_none() {
                let listed = listed(Requester::ALL, Requester::name);
                problems.add(key, format!("`{word}` is not known; write one of: {listed}"));
            }
            known
        })
        .collect()
}

/// A duty without its own `law` rests on that of its row.
fn read_duty(
    mut section: Section,
    row_law: Option<&Text>,
    problems: &mut Problems,
) -> Option<DutyRule> {
    let name =
        section.word("name", &listed(DutyName::ALL, DutyName::name), DutyName::from_name, problems);
    let unit = section.word("unit", &listed(Unit::ALL, Unit::name), Unit::from_name, problems);
    let n = match unit {
        Some(Unit::Immediate) if section.has("n") => {
            section.count("n", LONGEST, problems);
            problems.add(section.key("n"), "has no meaning with unit immediate; remove it");
            None
        }
        Some(Unit::Immediate) => Some(0),
        _ => section.count("n", LONGEST, problems),
    };
    let known = listed(CountsFrom::ALL, CountsFrom::name);
    let counts_from = section.word("counts_from", &known, CountsFrom::from_name, problems);
    let law = section.optional_text("law", problems).or_else(|| row_law.cloned());
    let product_choice = section.optional_text("product_choice", problems);
    let extension = match section.section("extension", problems) {
        Some(extension) => Some(read_extension(extension, unit, law.as_ref(), problems)?),
        None => None,
    };
    section.finish(problems);
    Some(DutyRule {
        name: name?,
        n: n?,
        unit: unit?,
        counts_from: counts_from?,
        law: law?,
        extension,
        product_choice,
    })
}

fn read_extension(
    mut section: Section,
    unit: Option<Unit>,
    duty_law: Option<&Text>,
    problems: &mut Problems,
) -> Option<Extension> {
    let n = section.count("n", LONGEST, problems);
    let own_unit = section.word("unit", &listed(Unit::ALL, Unit::name), Unit::from_name, problems);
    if let (Some(own), Some(unit)) = (own_unit, unit)
        && own != unit
    {
        problems.add(
            section.key("unit"),
            format!(
                "differs from the duty's `{}`; an extension is counted in the same unit",
                unit.name()
            ),
        );
    }
    if unit == Some(Unit::Immediate) {
        problems.add(section.key("n"), "cannot lengthen an immediate duty; remove the extension");
    }
    let notice_required = section.yes_or_no("notice_required", problems);
    let law = section.optional_text("law", problems).or_else(|| duty_law.cloned());
    section.finish(problems);
    own_unit?;
    Some(Extension { n: n?, notice_required: notice_required?, law: law? })
}

fn read_requests(
    root: &mut Section,
    rows: &Rows,
    problems: &mut Problems,
) -> BTreeMap<RequestName, RequestRule> {
    let mut requests = BTreeMap::new();
    for (name, mut section) in root.named_sections("request", problems) {
        let path = section.key("");
        let rule = read_request(&mut section, rows, problems);
        section.finish(problems);
        match RequestName::from_name(&name) {
            Some(name) => drop(requests.insert(name, rule)),
            None => problems.add(
                path.trim_end_matches('.'),
                format!(
                    "is no request; write one of: {}",
                    listed(RequestName::ALL, RequestName::name)
                ),
            ),
        }
    }
    for name in RequestName::OPENED_BY_SUBMISSIONS {
        if !requests.contains_key(&name) {
            let remedy = "is missing; add it with rows = [\"…\"]";
            problems.add(format!("request.{}", name.name()), remedy);
        }
    }
    requests
}

fn read_request(section: &mut Section, rows: &Rows, problems: &mut Problems) -> RequestRule {
    let wanted = section.strings("rows", problems);
    if wanted.is_empty() {
        problems.add(section.key("rows"), "names no row; add at least one");
    }
    let uses = wanted
        .into_iter()
        .filter_map(|(key, text)| read_row_use(&key, &text, rows, problems))
        .collect();
    RequestRule {
        rows: uses,
        on_refusal: read_row_name(section, "on_refusal", rows, problems),
        on_impossible: read_row_name(section, "on_impossible", rows, problems),
        product_choice: section.optional_text("product_choice", problems),
    }
}

/// `STOP`, or one duty of it as `STOP.stop`.
fn read_row_use(key: &str, text: &str, rows: &Rows, problems: &mut Problems) -> Option<RowUse> {
    let (row, duty) = match text.split_once('.') {
        Some((row, duty)) => (row, Some(duty)),
        None => (text, None),
    };
    let Some(found) = rows.get(row) else {
        problems.add(key, format!("`{row}` is no row; add [row.{row}] or correct the name"));
        return None;
    };
    let Some(duty) = duty else { return Some(RowUse { row: row.to_owned(), duty: None }) };
    let name = DutyName::from_name(duty);
    let has = |name: DutyName| {
        found.as_ref().is_none_or(|row| row.duties.iter().any(|rule| rule.name == name))
    };
    if name.is_none_or(|name| !has(name)) {
        problems.add(key, format!("row {row} has no duty `{duty}`; add it or correct the name"));
        return None;
    }
    Some(RowUse { row: row.to_owned(), duty: name })
}

fn read_row_name(
    section: &mut Section,
    key: &str,
    rows: &Rows,
    problems: &mut Problems,
) -> Option<String> {
    let name = section.optional_string(key, problems)?;
    if !rows.contains_key(&name) {
        let remedy = format!("`{name}` is no row; add [row.{name}] or correct the name");
        problems.add(section.key(key), remedy);
    }
    Some(name)
}
