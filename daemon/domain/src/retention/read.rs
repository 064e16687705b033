//! The table read from its file; everything wrong is told at once.

use crate::{
    block::Purpose,
    data_file::{Problems, Section},
    retention::{Period, Record, RetentionRule, RetentionTable, Then},
};

pub(super) fn table(text: &str) -> Result<RetentionTable, Problems> {
    let mut root = Section::root(text)?;
    let mut problems = Problems::default();
    let mut rules: Vec<RetentionRule> = Vec::new();
    for (name, section) in root.named_sections("record", &mut problems) {
        match Record::from_name(&name) {
            Some(record) => rules.extend(rule(record, section, &mut problems)),
            None => problems.add(
                format!("record.{name}"),
                format!("is no record; there are {}", names(Record::ALL.iter().map(|r| r.name()))),
            ),
        }
    }
    root.finish(&mut problems);
    for record in Record::ALL {
        if problems.is_empty() && !rules.iter().any(|rule| rule.record == *record) {
            let key = format!("record.{}", record.name());
            problems.add(key, "is missing; say how long it is kept, and what happens then");
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    rules.sort_by_key(|rule| rule.record);
    Ok(RetentionTable { rules })
}

fn rule(record: Record, mut section: Section, problems: &mut Problems) -> Option<RetentionRule> {
    let key = section.key("then");
    let purposes = names(Purpose::ALL.iter().map(|purpose| purpose.name()));
    let purpose = match section.has("purpose") {
        true => Some(section.word("purpose", &purposes, Purpose::from_name, problems)?),
        false => None,
    };
    let title = section.text("title", problems);
    let period = period(&mut section, problems);
    let counts_from = section.text("counts_from", problems);
    let then = section.word("then", "destruction_ticket, prune, keep", Then::from_name, problems);
    let law = section.text("law", problems);
    let why = section.text("why", problems);
    section.finish(problems);
    let (period, then) = (period?, then?);
    let fits = match record {
        Record::ClosedTickets | Record::EndedSubscriptions => then != Then::Prune,
        Record::RawMail
        | Record::NotedMail
        | Record::Letters
        | Record::StaffLetters
        | Record::DeliveryStatus
        | Record::WebEvidence => then != Then::DestructionTicket,
        Record::ConsentProof
        | Record::Acts
        | Record::Suppression
        | Record::Audit
        | Record::Accounting
        | Record::Contract
        | Record::OutpatientCard => then == Then::Keep,
    };
    if !fits {
        problems.add(key, "cannot happen to this record; see the head of the file");
        return None;
    }
    if period == Period::Forever && then != Then::Keep {
        problems.add(key, "needs a period with an end; write `keep`, or another unit");
        return None;
    }
    Some(RetentionRule {
        record,
        purpose,
        title: title?,
        period,
        counts_from: counts_from?,
        then,
        law: law?,
        why: why?,
    })
}

fn period(section: &mut Section, problems: &mut Problems) -> Option<Period> {
    let known = "days, months, years, forever";
    let unit = |word: &str| ["days", "months", "years", "forever"].into_iter().find(|u| *u == word);
    let unit = section.word("unit", known, unit, problems)?;
    if unit == "forever" {
        return Some(Period::Forever);
    }
    let n = section.count("n", 36_500, problems)?;
    Some(match unit {
        "days" => Period::Days(n),
        "months" => Period::Months(n),
        _ => Period::Years(n),
    })
}

fn names<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}
