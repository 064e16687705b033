//! The register of appeals (журнал учёта обращений) as a wide table.

use domain::Timestamp;
use domain::language::Locale;
use domain::regime::RequestName;
use domain::request::{Outcome, Requester};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Block, Document, Sheet, Table, words};
use crate::wording;

/// A line of the register, with what a person may see.
#[derive(Clone)]
pub struct RegisterLine {
    /// The running number.
    pub number: i64,
    /// The number that the person was told.
    pub ticket: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Who: a code, a masked address, or the address in clear.
    pub applicant: String,
    /// On whose behalf.
    pub requester: Requester,
    /// What is asked.
    pub name: RequestName,
    /// Article and part.
    pub law: String,
    /// What is owed, and by when; with the day on which it was done.
    pub duties: Vec<(String, Option<Date>, Option<Date>)>,
    /// When an extension was granted.
    pub extended_on: Option<Date>,
    /// When the answer left.
    pub answered_at: Option<Timestamp>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// The article of a refusal.
    pub clause: String,
    /// The act of destruction.
    pub act: String,
    /// Who decided.
    pub decided_by: String,
}

impl std::fmt::Debug for RegisterLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RegisterLine({})", self.number)
    }
}

/// The register of a span of days.
#[derive(Debug, Clone)]
pub struct Register {
    /// Whose register it is.
    pub operator: String,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// The zone of its times.
    pub zone: TimeZone,
    /// Its lines, oldest first.
    pub lines: Vec<RegisterLine>,
}

impl Register {
    /// The names of the columns.
    #[must_use]
    pub fn head() -> [&'static str; 12] {
        [
            "№",
            "Дата и время поступления",
            "Номер обращения",
            "Заявитель",
            "Вид обращения",
            "Правовое основание",
            "Сроки",
            "Продление",
            "Дата ответа",
            "Результат",
            "Акт",
            "Решение принял",
        ]
    }

    /// The cells of every line, as text, in the order of [`Register::head`].
    #[must_use]
    pub fn cells(&self) -> Vec<Vec<String>> {
        self.lines.iter().map(|line| self.cells_of(line)).collect()
    }

    fn cells_of(&self, line: &RegisterLine) -> Vec<String> {
        let locale = Locale::Ru;
        let at =
            |at: Timestamp| at.to_zoned(self.zone.clone()).strftime("%d.%m.%Y %H:%M").to_string();
        let day = |day: Date| day.strftime("%d.%m.%Y").to_string();
        let duties = line.duties.iter().map(|(name, due, done)| {
            let due =
                due.map_or_else(|| "срок не начался".to_owned(), |due| format!("до {}", day(due)));
            let done = done.map(|done| format!(", исполнено {}", day(done))).unwrap_or_default();
            format!("{}: {due}{done}", words::duty(name, locale))
        });
        let outcome = line.outcome.map_or("", |outcome| words::outcome(outcome, locale));
        let outcome = match line.clause.as_str() {
            "" => outcome.to_owned(),
            clause => format!("{outcome} ({})", wording::law(clause, locale)),
        };
        vec![
            line.number.to_string(),
            at(line.received_at),
            line.ticket.clone(),
            format!("{}, {}", line.applicant, words::requester(line.requester, locale)),
            wording::request(line.name, locale).to_owned(),
            wording::law(&line.law, locale),
            duties.collect::<Vec<_>>().join("\n"),
            line.extended_on.map(day).unwrap_or_default(),
            line.answered_at.map(at).unwrap_or_default(),
            outcome,
            line.act.clone(),
            line.decided_by.clone(),
        ]
    }
}

/// The register as a document: a table on sheets that lie on their side.
#[must_use]
pub fn register_document(register: &Register) -> Document {
    let shares = [4, 9, 10, 13, 13, 10, 17, 8, 9, 11, 10, 9];
    let columns =
        Register::head().into_iter().zip(shares).map(|(name, share)| (name.to_owned(), share));
    let table = Table { columns: columns.collect(), rows: register.cells() };
    let span = format!(
        "за период с {} по {}",
        wording::date(register.from, Locale::Ru),
        wording::date(register.to, Locale::Ru)
    );
    let count = format!("Обращений в журнале: {}", register.lines.len());
    Document {
        locale: Locale::Ru,
        title: "Журнал учёта обращений субъектов персональных данных".to_owned(),
        subtitle: vec![register.operator.clone(), span],
        foot: "Журнал учёта обращений субъектов персональных данных".to_owned(),
        sheet: Sheet::Landscape,
        blocks: vec![Block::Table(table), Block::Paragraph(count)],
    }
}
