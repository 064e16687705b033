//! The languages the product speaks and those it can recognise.

use serde::{Deserialize, Serialize};

/// A language of our own pages and mails: Russian first, English beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// Russian, the default.
    #[default]
    Ru,
    /// English.
    En,
}

impl Locale {
    /// The two-letter code (ISO 639-1).
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }

    /// Reads a two-letter code; `None` for a language we do not write.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "ru" => Some(Self::Ru),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The language in which a person who writes in `language` (ISO 639-1) is answered:
    /// Russian for Russian and its neighbours whose readers commonly read it, else English.
    /// An unknown language gets `default`.
    #[must_use]
    pub fn for_reply(language: Option<&str>, default: Self) -> Self {
        match language {
            Some("ru" | "uk" | "be" | "kk") => Self::Ru,
            Some(_) => Self::En,
            None => default,
        }
    }
}
