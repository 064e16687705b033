//! The sheet "what we process" for the notification to Roskomnadzor, and the reminder of a change
//! that is to be told (152-FZ art. 22).
//!
//! Called by `consentry register processing` and hourly by the daemon. The sheet is built of the
//! data map, the table of retention, the lists and the register of recipients; no person is in it.

use std::collections::BTreeMap;

use domain::{
    data_map::DataMap,
    language::Locale,
    processing::{Changes, change_told_by},
};
use jiff::{ToSpan as _, civil::Date};
use serde_json::json;
use store::{lists::ListRow, processing::KnownRow, recipients::RecipientRow};

use crate::{Cases, CasesError, requests::refused};

/// The alarm of a change that is to be told soon, or should have been.
const ALARM: &str = "authority_not_told";
/// Days before the last one from which the alarm stands.
const ALARM_DAYS: i64 = 5;

/// The columns of the sheet.
pub const HEADS: [&str; 7] = [
    "Раздел",
    "Наименование",
    "Правовое основание, договор",
    "Категории данных, адрес",
    "Действия и способы, задача",
    "Страна",
    "Срок, дата уведомления",
];

/// What is processed, and what of it is to be told.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The day it is of.
    pub on: Date,
    /// Whose it is.
    pub operator: String,
    /// The version of the data map that it is built of.
    pub map_version: String,
    /// Its lines, in the order of [`HEADS`].
    pub rows: Vec<[String; 7]>,
    /// Changes that the authority was not told of, the first to be told above.
    pub untold: Vec<Untold>,
}

/// A change of which the authority was not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Such as `purpose:newsletter`.
    pub word: String,
    /// Whether it ended; else it began.
    pub has_ended: bool,
    /// On which day.
    pub on: Date,
    /// By which day it is told.
    pub told_by: Date,
}

impl Cases {
    /// The sheet as of today; that it was made is audited.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `data_map` when there is no whole map.
    pub async fn processing_sheet(&self, actor: &str) -> Result<Sheet, CasesError> {
        let map = self.map()?;
        self.note_processing().await?;
        let lists = store::lists::all(self.store()).await?;
        let recipients = store::recipients::all(self.store()).await?;
        let now = self.parts.clock.now();
        let sheet = Sheet {
            on: now.to_zoned(self.parts.settings.zone.clone()).date(),
            operator: ru(&map.operator.name),
            map_version: map.version.clone(),
            rows: self.rows(map, &lists, &recipients),
            untold: untold(&store::processing::all(self.store()).await?),
        };
        let transaction = self.store().begin().await?;
        let detail = json!({ "data_map": map.version, "rows": sheet.rows.len() });
        store::audit::append(&transaction, actor, "sheet_made", "processing", &detail, now).await?;
        transaction.commit().await?;
        Ok(sheet)
    }

    /// Compares what is done with what is known, notes what began and ended, and keeps the alarm of
    /// what is to be told within five days. Returns what is to be told.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn watch_processing(&self) -> Result<Vec<Untold>, CasesError> {
        self.note_processing().await?;
        let untold = untold(&store::processing::all(self.store()).await?);
        let now = self.parts.clock.now();
        let today = now.to_zoned(self.parts.settings.zone.clone()).date();
        let first = untold.first();
        let due = first.filter(|one| today >= one.told_by.saturating_sub(ALARM_DAYS.days()));
        let standing = store::alarms::standing(self.store()).await?;
        let stands = standing.iter().any(|alarm| alarm.name == ALARM);
        if due.is_none() && !stands {
            return Ok(untold);
        }
        let transaction = self.store().begin().await?;
        match due {
            Some(first) => {
                let detail = format!(
                    "{} change(s) of what is processed are to be told to Roskomnadzor, the first by {} (152-FZ \
                     art. 22(7)): `consentry register processing`, then `--told DATE`",
                    untold.len(),
                    first.told_by
                );
                store::alarms::raise(&transaction, ALARM, &detail, now).await?;
            }
            None => store::alarms::clear(&transaction, ALARM, now).await?,
        }
        transaction.commit().await?;
        Ok(untold)
    }

    /// Records that the authority was told of every change up to a day. Returns of how many.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `told_in_the_past`.
    pub async fn processing_told(&self, on: Date, actor: &str) -> Result<u64, CasesError> {
        let now = self.parts.clock.now();
        if on > now.to_zoned(self.parts.settings.zone.clone()).date() {
            return Err(refused("told_in_the_past", "the day is still to come"));
        }
        self.note_processing().await?;
        let transaction = self.store().begin().await?;
        let told = store::processing::tell(&transaction, on, actor).await?;
        let detail = json!({ "on": on, "changes": told });
        store::audit::append(&transaction, actor, "authority_told", "processing", &detail, now)
            .await?;
        transaction.commit().await?;
        self.watch_processing().await?;
        Ok(told)
    }

    fn map(&self) -> Result<&DataMap, CasesError> {
        let access = &self.parts.settings.requests.access;
        access.data_map.as_deref().ok_or_else(|| {
            let why = format!("the sheet is built of the data map: {}", access.problems.join("; "));
            CasesError::Refused { rule: "data_map", reason: why }
        })
    }

    /// Writes down what began and what ended since it was looked last. Without a data map only
    /// lists and recipients are known, and purposes stay as they were.
    async fn note_processing(&self) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let today = now.to_zoned(self.parts.settings.zone.clone()).date();
        let map = self.parts.settings.requests.access.data_map.as_deref();
        let lists = store::lists::all(self.store()).await?;
        let recipients = store::recipients::all(self.store()).await?;
        let done = words(map, &lists, &recipients);
        let known = store::processing::all(self.store()).await?;
        let going_on = known.iter().filter(|row| row.ended_on.is_none());
        let going_on = going_on.filter(|row| map.is_some() || !row.word.starts_with("purpose:"));
        let changes = Changes::between(
            going_on.map(|row| row.word.as_str()),
            done.keys().map(String::as_str),
        );
        if changes == Changes::default() {
            return Ok(());
        }
        let transaction = self.store().begin().await?;
        for word in &changes.began {
            let on = done.get(word).copied().flatten().unwrap_or(today);
            store::processing::begin(&transaction, word, on.min(today)).await?;
        }
        for word in &changes.ended {
            store::processing::end(&transaction, word, today).await?;
        }
        let detail = json!({ "began": changes.began, "ended": changes.ended });
        let (who, about) = ("consentry", "processing");
        store::audit::append(&transaction, who, "processing_changed", about, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    fn rows(
        &self,
        map: &DataMap,
        lists: &[ListRow],
        recipients: &[RecipientRow],
    ) -> Vec<[String; 7]> {
        let mut rows = Vec::new();
        let operator = &map.operator;
        let (name, email) = (ru(&operator.name), operator.email.clone());
        rows.push(line("Оператор", [name, email, ru(&operator.postal_address)]));
        let responsible = [ru(&operator.responsible), "152-ФЗ ст. 22.1".to_owned()];
        rows.push(line("Ответственный за организацию обработки", responsible));
        let rules = self.retention().rules();
        for purpose in &map.purposes {
            let of = rules
                .iter()
                .filter(|rule| rule.purpose.is_some_and(|of| of.name() == purpose.name));
            let periods: Vec<String> = of
                .map(|rule| {
                    format!(
                        "{}: {}, {}",
                        ru(&rule.title),
                        rule.period.in_words(Locale::Ru),
                        ru(&rule.counts_from)
                    )
                })
                .collect();
            let categories: Vec<String> = purpose.categories.iter().map(ru).collect();
            let cells = [
                ru(&purpose.title),
                ru(&purpose.basis),
                categories.join("; "),
                ru(&purpose.methods),
            ];
            let mut row = line("Цель обработки", cells);
            row[6] = periods.join("; ");
            rows.push(row);
        }
        for list in lists.iter().filter(|list| list.archived_at.is_none()) {
            let purpose = map.purposes.iter().find(|one| one.name == list.purpose.name());
            let purpose =
                purpose.map_or_else(|| list.purpose.name().to_owned(), |one| ru(&one.title));
            rows.push(line(
                "Список рассылки",
                [list.title_ru.clone(), list.advertiser.clone(), String::new(), purpose],
            ));
        }
        for one in &map.processors {
            let cells = [ru(&one.name), String::new(), ru(&one.postal_address), ru(&one.task)];
            rows.push(line("Обработка по поручению", cells));
        }
        for one in recipients.iter().filter(|one| one.ended_at.is_none()) {
            let section = match one.role {
                domain::disclosure::Role::Processor => "Обработка по поручению",
                _ => "Получатель",
            };
            let cells =
                [one.title.clone(), one.agreement.clone(), one.data.clone(), one.purpose.clone()];
            let mut row = line(section, cells);
            row[5].clone_from(&one.country);
            row[6] = one.authority_told_on.map(|on| format!("уведомлено {on}")).unwrap_or_default();
            rows.push(row);
        }
        rows.extend(
            map.no_processors.iter().map(|text| line("Обработка по поручению", [ru(text)])),
        );
        rows.extend(map.recipients.iter().map(|text| line("Получатель", [ru(text)])));
        let abroad = [ru(&map.cross_border), String::new(), ru(&map.safeguards)];
        rows.push(line("Трансграничная передача", abroad));
        for rule in rules {
            let mut row = line("Срок хранения", [ru(&rule.title), ru(&rule.law)]);
            row[6] = format!("{}, {}", rule.period.in_words(Locale::Ru), ru(&rule.counts_from));
            rows.push(row);
        }
        for one in &map.storage {
            let mut row = line("Срок хранения", [ru(&one.what)]);
            row[6] = ru(&one.period);
            rows.push(row);
        }
        rows.extend(map.measures.iter().map(|text| line("Меры (ст. 18.1 и 19)", [ru(text)])));
        rows
    }
}

fn ru(text: &domain::data_file::Text) -> String {
    text.in_locale(Locale::Ru).to_owned()
}

fn line<const N: usize>(section: &str, cells: [String; N]) -> [String; 7] {
    let mut row: [String; 7] = Default::default();
    row[0] = section.to_owned();
    for (place, cell) in row.iter_mut().skip(1).zip(cells) {
        *place = cell;
    }
    row
}

/// What is done, as words, each with the day since when, where it is known.
fn words(
    map: Option<&DataMap>,
    lists: &[ListRow],
    recipients: &[RecipientRow],
) -> BTreeMap<String, Option<Date>> {
    let mut done = BTreeMap::new();
    for purpose in map.iter().flat_map(|map| &map.purposes) {
        done.insert(format!("purpose:{}", purpose.name), map.map(|map| map.valid_from));
    }
    for list in lists.iter().filter(|list| list.archived_at.is_none()) {
        done.insert(format!("list:{}", list.name), None);
    }
    for one in recipients.iter().filter(|one| one.ended_at.is_none()) {
        done.insert(format!("recipient:{}/{}", one.name, one.country), None);
    }
    done
}

fn untold(rows: &[KnownRow]) -> Vec<Untold> {
    let of = |row: &KnownRow| {
        let on = row.changed_on()?;
        let has_ended = row.ended_on.is_some();
        Some(Untold { word: row.word.clone(), has_ended, on, told_by: change_told_by(on) })
    };
    let mut found: Vec<Untold> = rows.iter().filter_map(of).collect();
    found.sort_by(|one, other| (one.told_by, &one.word).cmp(&(other.told_by, &other.word)));
    found
}
