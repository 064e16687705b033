//! Which column of a file means what: by its Russian or English header, or as the importer says.

use std::collections::BTreeMap;

use super::records::Record;

/// What a column can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// The address. The only one that must be there.
    Email,
    /// First and last name.
    Name,
    /// Telephone number.
    Phone,
    /// `ru` or `en`.
    Locale,
    /// IANA zone.
    Zone,
    /// The list, by name.
    List,
    /// When the person consented.
    ConsentAt,
    /// Where.
    CapturePoint,
    /// On which page.
    Page,
    /// From which IP.
    Ip,
    /// With which program.
    UserAgent,
    /// To which version of the words.
    TextVersion,
    /// The number of a signed paper.
    DocumentNumber,
    /// Its date.
    DocumentDate,
    /// By which act.
    Act,
}

/// Every column: its word, and the headers it is known by.
const KNOWN: [(Column, &str, &[&str]); 15] = [
    (
        Column::Email,
        "email",
        &[
            "e mail",
            "mail",
            "email address",
            "e mail address",
            "электронная почта",
            "почта",
            "эл почта",
            "имейл",
            "емейл",
            "адрес электронной почты",
            "адрес e mail",
            "электронный адрес",
        ],
    ),
    (
        Column::Name,
        "name",
        &[
            "full name",
            "fio",
            "фио",
            "имя",
            "имя и фамилия",
            "фамилия имя отчество",
            "клиент",
            "пациент",
        ],
    ),
    (
        Column::Phone,
        "phone",
        &[
            "phone number",
            "telephone",
            "mobile",
            "телефон",
            "номер телефона",
            "мобильный",
            "тел",
            "мобильный телефон",
        ],
    ),
    (Column::Locale, "locale", &["language", "lang", "язык"]),
    (Column::Zone, "zone", &["time zone", "timezone", "часовой пояс", "временная зона"]),
    (Column::List, "list", &["mailing list", "список", "рассылка", "список рассылки"]),
    (
        Column::ConsentAt,
        "consent_at",
        &[
            "consent date",
            "consent time",
            "opt in date",
            "opt in time",
            "optin time",
            "confirm time",
            "дата согласия",
            "время согласия",
            "согласие дано",
            "дата и время согласия",
            "дата подписки",
        ],
    ),
    (
        Column::CapturePoint,
        "capture_point",
        &["source", "origin", "источник", "место получения", "где получено", "источник согласия"],
    ),
    (Column::Page, "page", &["url", "page url", "страница", "адрес страницы"]),
    (Column::Ip, "ip", &["ip address", "optin ip", "opt in ip", "ip адрес", "айпи"]),
    (Column::UserAgent, "user_agent", &["browser", "браузер"]),
    (
        Column::TextVersion,
        "text_version",
        &["consent text", "consent version", "версия текста", "версия согласия", "текст согласия"],
    ),
    (
        Column::DocumentNumber,
        "document_number",
        &[
            "document no",
            "paper number",
            "номер документа",
            "номер согласия",
            "номер анкеты",
            "документ",
        ],
    ),
    (
        Column::DocumentDate,
        "document_date",
        &["paper date", "дата документа", "дата анкеты", "дата подписания"],
    ),
    (
        Column::Act,
        "act",
        &["consent act", "consent method", "способ согласия", "действие", "способ"],
    ),
];

impl Column {
    /// The word of the column.
    #[must_use]
    pub fn name(self) -> &'static str {
        KNOWN.iter().find(|(column, ..)| *column == self).map_or("", |(_, name, _)| name)
    }

    /// Reads the word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        KNOWN.iter().find(|(_, known, _)| *known == name).map(|(column, ..)| *column)
    }

    fn by_header(header: &str) -> Option<Self> {
        let words = plain(header);
        let known = KNOWN
            .iter()
            .find(|(_, name, headers)| plain(name) == words || headers.contains(&words.as_str()));
        known.map(|(column, ..)| *column)
    }
}

/// A header without case, `ё` and signs: words with single spaces.
fn plain(header: &str) -> String {
    let folded: String = header
        .to_lowercase()
        .chars()
        .map(|c| {
            if c == 'ё' {
                'е'
            } else if c.is_alphanumeric() {
                c
            } else {
                ' '
            }
        })
        .collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Why a header cannot be mapped. Headers that look like data are not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// `--map` names what is no field.
    #[error(
        "`{0}` is no field; fields are email, name, phone, locale, zone, list, consent_at, capture_point, page, ip, user_agent, text_version, document_number, document_date, act"
    )]
    NoSuchField(String),
    /// `--map` names a header that is not there.
    #[error("no column is headed as --map says for `{field}`; the headers are: {headers}")]
    NoSuchHeader {
        /// The field.
        field: &'static str,
        /// What there is.
        headers: String,
    },
    /// Two columns mean the same.
    #[error("columns {first} and {second} both mean `{field}`; choose with --map {field}=HEADER")]
    Twice {
        /// The field.
        field: &'static str,
        /// Counted from 1.
        first: usize,
        /// Counted from 1.
        second: usize,
    },
    /// Nothing means the address.
    #[error(
        "no column means `email`; say which with --map email=HEADER; the headers are: {headers} (a file without a header line needs one)"
    )]
    NoEmail {
        /// What there is.
        headers: String,
    },
}

/// The columns of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// What each column means; none for those we do not know.
    pub columns: Vec<Option<Column>>,
    headers: Vec<String>,
}

impl Mapping {
    /// Reads the header line; `told` are the importer's words, which come first.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn read(header: &Record, told: &[(String, String)]) -> Result<Self, MappingError> {
        let headers: Vec<String> = header.fields().map(|field| field.trim().to_owned()).collect();
        let mut columns: Vec<Option<Column>> = vec![None; headers.len()];
        let mut told_columns = Vec::new();
        for (name, wanted) in told {
            let column =
                Column::from_name(name).ok_or_else(|| MappingError::NoSuchField(safe(name)))?;
            let is_it = |header: &String| header == wanted.trim() || plain(header) == plain(wanted);
            let place = headers.iter().position(is_it).ok_or_else(|| {
                MappingError::NoSuchHeader { field: column.name(), headers: listed(&headers) }
            })?;
            columns[place] = Some(column);
            told_columns.push(column);
        }
        for (place, header) in headers.iter().enumerate() {
            let known = Column::by_header(header).filter(|known| !told_columns.contains(known));
            if columns[place].is_none() {
                columns[place] = known;
            }
        }
        let mapping = Self { columns, headers };
        mapping.check()?;
        Ok(mapping)
    }

    fn check(&self) -> Result<(), MappingError> {
        let mut seen: BTreeMap<Column, usize> = BTreeMap::new();
        for (place, column) in self.columns.iter().enumerate() {
            let Some(column) = column else { continue };
            if let Some(first) = seen.insert(*column, place) {
                let (first, second) = (first + 1, place + 1);
                return Err(MappingError::Twice { field: column.name(), first, second });
            }
        }
        if seen.contains_key(&Column::Email) {
            return Ok(());
        }
        Err(MappingError::NoEmail { headers: listed(&self.headers) })
    }

    /// Where a column stands.
    #[must_use]
    pub fn place(&self, column: Column) -> Option<usize> {
        self.columns.iter().position(|known| *known == Some(column))
    }

    /// The header of a column as the file has it, fit to be shown.
    #[must_use]
    pub fn header(&self, place: usize) -> &str {
        self.headers.get(place).map_or("", String::as_str)
    }

    /// The headers of the columns that mean nothing to us.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        let unknown = self.columns.iter().zip(&self.headers).filter(|(column, _)| column.is_none());
        unknown.map(|(_, header)| safe(header)).collect()
    }

    /// Field to header, for the record of the import.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let pairs = self.columns.iter().zip(&self.headers);
        let known = pairs.filter_map(|(column, header)| {
            column.map(|column| (column.name().to_owned(), safe(header).into()))
        });
        serde_json::Value::Object(known.collect())
    }
}

fn listed(headers: &[String]) -> String {
    headers
        .iter()
        .take(40)
        .map(|header| format!("`{}`", safe(header)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A header that looks like data (a file without a header line) is not repeated.
fn safe(header: &str) -> String {
    let digits = header.chars().filter(char::is_ascii_digit).count();
    if header.contains('@') || digits > 4 || header.chars().count() > 60 {
        return "***".to_owned();
    }
    header.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
