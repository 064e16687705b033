//! The act of destruction with its log extract, and the English record beside it.

use domain::act::{Act, ActInformed, ActPart, ActParty, Extract};
use domain::language::Locale;
use domain::plan::Action;
use jiff::tz::TimeZone;

use super::{Block, Document, Item, Sheet, Table, words};
use crate::wording;

/// The act (order 179, п. 3) and the extract (п. 5) as one document in Russian; times in `zone`.
#[must_use]
pub fn act_document(act: &Act, zone: &TimeZone) -> Document {
    let locale = Locale::Ru;
    let mut blocks = vec![Block::Items(act_items(act))];
    if !act.parts.is_empty() {
        blocks.push(Block::Heading(words::parts_heading(&act.kind, locale).to_owned()));
        blocks.push(parts(act, locale));
    }
    if !act.informed.is_empty() {
        blocks.push(Block::Heading("Кто извещён об уничтожении".to_owned()));
        blocks.push(informed(act, zone, locale));
    }
    blocks.extend(words::standing(act, zone, locale).into_iter().map(Block::Paragraph));
    if !act.stands_in_for.is_empty() {
        let items: Vec<String> = act.stands_in_for.iter().map(|c| format!("«{c}»")).collect();
        blocks.push(Block::Paragraph(format!(
            "Выгрузка из журнала не содержит сведений подпункта {} пункта 5 Требований; они внесены в настоящий акт \
             (пункт 6 Требований).",
            items.join(", ")
        )));
    }
    blocks.push(Block::Paragraph(format!(
        "Приложение: выгрузка из журнала регистрации событий. Контрольная сумма SHA-256 выгрузки: {}.",
        act.extract_sha256
    )));
    blocks.push(Block::Paragraph(format!(
        "Акт и выгрузка хранятся три года с момента уничтожения, до {} включительно (пункт 8 Требований).",
        wording::date(act.kept_until, locale)
    )));
    blocks.push(Block::Heading("Подписи лиц, уничтоживших персональные данные".to_owned()));
    blocks.push(signatures(act));
    blocks.push(Block::NewPage);
    blocks.push(Block::Heading(
        "Выгрузка из журнала регистрации событий в информационной системе персональных данных"
            .to_owned(),
    ));
    match act.opened_extract() {
        Some(extract) => blocks.extend(extract_blocks(&extract, act, zone)),
        // Never shown as if it were proof.
        None => blocks.push(Block::Paragraph(
            "ВНИМАНИЕ: выгрузка изменена, её контрольная сумма не совпадает с указанной в акте."
                .to_owned(),
        )),
    }
    Document {
        locale,
        title: words::act_title(act, locale),
        subtitle: vec![
            "Составлен по Требованиям к подтверждению уничтожения персональных данных,".to_owned(),
            "приказ Роскомнадзора от 28.10.2022 № 179".to_owned(),
            wording::instant(act.made_at, zone, locale),
        ],
        foot: words::act_foot(act, locale),
        sheet: Sheet::Portrait,
        blocks,
    }
}

fn item(mark: &str, name: &str, says: Vec<String>) -> Item {
    Item { mark: mark.to_owned(), name: name.to_owned(), says }
}

fn party(party: &ActParty) -> String {
    if party.address.is_empty() {
        party.name.clone()
    } else {
        format!("{}, {}", party.name, party.address)
    }
}

fn subject(act: &Act, locale: Locale) -> Vec<String> {
    let mut says = Vec::new();
    if let Some(name) = &act.subject.name {
        says.push(name.clone());
    }
    let (code, digest) = match locale {
        Locale::Ru => ("иная информация: код", "ключевой дайджест (HMAC) адреса"),
        Locale::En => ("other information: code", "keyed digest (HMAC) of the address"),
    };
    let mut other = format!("{code} {}", act.subject.code);
    if let Some(short) = &act.subject.digest {
        other.push_str(&format!(", {digest} {short}"));
    }
    says.push(other);
    says
}

fn people(act: &Act) -> Vec<String> {
    let said = act.executed_by.iter().map(|person| match person.post.as_str() {
        "" => person.name.clone(),
        post => format!("{}, {post}", person.name),
    });
    said.collect()
}

fn categories(act: &Act, locale: Locale) -> Vec<String> {
    let words: Vec<String> =
        act.categories.iter().map(|word| words::category(word, locale)).collect();
    vec![words.join("; ")]
}

fn ground(law: &str) -> String {
    format!("основание: {}", wording::law(law, Locale::Ru))
}

fn act_items(act: &Act) -> Vec<Item> {
    let locale = Locale::Ru;
    let processors = match act.processors.is_empty() {
        true => vec!["обработка не поручалась".to_owned()],
        false => act.processors.iter().map(party).collect(),
    };
    vec![
        item("а)", "Оператор", vec![party(&act.operator)]),
        item("б)", "Лицо, обрабатывавшее данные по поручению оператора", processors),
        item("в)", "Субъект персональных данных", subject(act, locale)),
        item("г)", "Лица, уничтожившие персональные данные", people(act)),
        item("д)", "Категории уничтоженных персональных данных", categories(act, locale)),
        item(
            "е)",
            "Уничтоженные материальные носители, число листов",
            vec!["нет: данные обрабатывались только автоматизированно".to_owned()],
        ),
        item("ж)", "Информационная система персональных данных", vec![act.system.clone()]),
        item(
            "з)",
            "Способ уничтожения",
            vec![words::method(act.method, locale).to_owned(), format!("средство: {}", act.tool)],
        ),
        item(
            "и)",
            "Причина уничтожения",
            vec![words::reason(&act.reason, locale), ground(&act.law)],
        ),
        item("к)", "Дата уничтожения", vec![wording::date(act.destroyed_on, locale)]),
    ]
}

/// Who was told of the destruction, and what they said.
fn informed(act: &Act, zone: &TimeZone, locale: Locale) -> Block {
    let names: [&str; 4] = match locale {
        Locale::Ru => ["Кто", "Роль", "Извещён", "Ответ"],
        Locale::En => ["Who", "Role", "Told", "Answer"],
    };
    let shares = [34, 26, 22, 34];
    let row = |one: &ActInformed| {
        let told = one.told_at.map(|at| wording::instant(at, zone, locale));
        vec![
            one.name.clone(),
            words::informed_role(&one.role, locale).to_owned(),
            told.unwrap_or_else(|| "–".to_owned()),
            words::informed_answer(one, zone, locale),
        ]
    };
    let columns = names.iter().zip(shares).map(|(name, share)| ((*name).to_owned(), share));
    Block::Table(Table { columns: columns.collect(), rows: act.informed.iter().map(row).collect() })
}

fn parts(act: &Act, locale: Locale) -> Block {
    let names: [&str; 5] = match locale {
        Locale::Ru => {
            ["Вид записей", "Найдено", "Уничтожено", "Сохранено", "Почему сохранено, до какого дня"]
        }
        Locale::En => {
            ["Kind of record", "Found", "Destroyed", "Kept", "Why it is kept, until when"]
        }
    };
    let shares = [36, 10, 12, 11, 40];
    let row = |part: &ActPart| {
        vec![
            words::part(&part.part, locale),
            part.found.to_string(),
            part.done.to_string(),
            part.kept.to_string(),
            why(part, locale),
        ]
    };
    let columns = names.iter().zip(shares).map(|(name, share)| ((*name).to_owned(), share));
    Block::Table(Table { columns: columns.collect(), rows: act.parts.iter().map(row).collect() })
}

/// Why a part is kept; a part of which nothing is kept says nothing.
fn why(part: &ActPart, locale: Locale) -> String {
    if part.action == Action::Tell.name() && part.kept > 0 {
        return words::holders_told(locale).to_owned();
    }
    if part.kept == 0 && part.basis.is_empty() {
        return String::new();
    }
    let mut said = match part.basis.as_str() {
        "" => String::new(),
        basis => words::kept(basis, locale),
    };
    // The words of some reasons name their law themselves.
    if !part.law.is_empty() && !said.contains('(') {
        let comma = if said.is_empty() { "" } else { "; " };
        said.push_str(&format!("{comma}{}", wording::law(&part.law, locale)));
    }
    if let Some(until) = part.keep_until_on {
        let until = wording::date(until, locale);
        said.push_str(&match locale {
            Locale::Ru => format!("; до {until}"),
            Locale::En => format!("; until {until}"),
        });
    }
    said
}

fn signatures(act: &Act) -> Block {
    // The daemon signs for nobody: its own name has no line.
    let hands = act.executed_by.iter().filter(|person| person.actor != "consentry");
    let mut hands: Vec<_> =
        hands.map(|person| (person.name.clone(), person.post.clone())).collect();
    if hands.is_empty() {
        hands.push((String::new(), String::new()));
    }
    Block::Signatures(hands)
}

fn extract_blocks(extract: &Extract, act: &Act, zone: &TimeZone) -> Vec<Block> {
    let locale = Locale::Ru;
    let categories: Vec<String> =
        extract.categories.iter().map(|word| words::category(word, locale)).collect();
    let items = vec![
        item("а)", "Субъект персональных данных", vec![extract.subject.clone()]),
        item("б)", "Категории уничтоженных персональных данных", vec![categories.join("; ")]),
        item("в)", "Информационная система персональных данных", vec![extract.system.clone()]),
        item(
            "г)",
            "Причина уничтожения",
            vec![words::reason(&extract.reason, locale), ground(&extract.law)],
        ),
        item("д)", "Дата уничтожения", vec![wording::date(extract.destroyed_on, locale)]),
    ];
    let names = ["Событие", "Время", "Кто", "Действие", "Предмет", "Сведения"];
    let shares = [11, 22, 15, 19, 15, 48];
    let rows = extract.lines.iter().map(|line| {
        vec![
            line.event.to_string(),
            line.at.to_zoned(zone.clone()).strftime("%d.%m.%Y %H:%M:%S").to_string(),
            line.actor.clone(),
            line.act.clone(),
            line.about.clone(),
            flat(&line.detail),
        ]
    });
    let table = Table {
        columns: names.iter().zip(shares).map(|(n, share)| ((*n).to_owned(), share)).collect(),
        rows: rows.collect(),
    };
    vec![
        Block::Items(items),
        Block::Heading("События".to_owned()),
        Block::Table(table),
        Block::Paragraph(format!("Контрольная сумма SHA-256: {}", act.extract_sha256)),
    ]
}

/// The detail of an event without the signs of JSON.
fn flat(detail: &str) -> String {
    let Ok(serde_json::Value::Object(map)) = serde_json::from_str(detail) else {
        return detail.to_owned();
    };
    let member = |(name, value): (&String, &serde_json::Value)| match value {
        serde_json::Value::String(text) => format!("{name}: {text}"),
        serde_json::Value::Null => format!("{name}: –"),
        value => format!("{name}: {value}"),
    };
    map.iter().map(member).collect::<Vec<_>>().join("; ")
}

/// The record of an erasure in English, for persons whom the GDPR protects (art. 5(2), 17, 19).
#[must_use]
pub fn erasure_record(act: &Act, zone: &TimeZone) -> Document {
    let locale = Locale::En;
    let processors = match act.processors.is_empty() {
        true => vec!["none".to_owned()],
        false => act.processors.iter().map(party).collect(),
    };
    let method = words::method(act.method, locale).to_owned();
    let rule = format!("rule: {}", wording::law(&act.law, locale));
    let items = vec![
        item("", "Controller", vec![party(&act.operator)]),
        item("", "Processors", processors),
        item("", "Data subject", subject(act, locale)),
        item("", "Carried out by", people(act)),
        item("", "Categories of data", categories(act, locale)),
        item("", "System", vec![act.system.clone()]),
        item("", "Method", vec![method, format!("by {}", act.tool)]),
        item("", "Reason", vec![words::reason(&act.reason, locale), rule]),
        item("", "Date of erasure", vec![wording::date(act.destroyed_on, locale)]),
        item("", "Log extract, SHA-256", vec![act.extract_sha256.clone()]),
        item("", "Kept until", vec![wording::date(act.kept_until, locale)]),
    ];
    let mut blocks = vec![Block::Items(items)];
    if !act.parts.is_empty() {
        blocks.push(Block::Heading(words::parts_heading(&act.kind, locale).to_owned()));
        blocks.push(parts(act, locale));
    }
    if !act.informed.is_empty() {
        blocks.push(Block::Heading("Who was told of the erasure".to_owned()));
        blocks.push(informed(act, zone, locale));
    }
    blocks.extend(words::standing(act, zone, locale).into_iter().map(Block::Paragraph));
    blocks.push(Block::Paragraph(format!(
        "The act No. {} under order 179 of Roskomnadzor and the log extract are kept beside this record.",
        act.number
    )));
    blocks.push(Block::Heading("Signatures".to_owned()));
    blocks.push(signatures(act));
    Document {
        locale,
        title: words::act_title(act, locale),
        subtitle: vec![
            "Regulation (EU) 2016/679, articles 5(2), 17 and 19".to_owned(),
            wording::instant(act.made_at, zone, locale),
        ],
        foot: words::act_foot(act, locale),
        sheet: Sheet::Portrait,
        blocks,
    }
}
