//! What a signed paper is evidence of: the words that were signed, who advertises in them, and the
//! policy that held on its date. Tied to a row when it is imported, so that the proof can show them.

use std::collections::BTreeMap;

use domain::{Timestamp, language::Locale};
use serde_json::{Map, Value, json};
use store::{Store, StoreError, consent_texts::ConsentTextRow, policies::PolicyRow};

/// The texts and policies there are when an import begins.
#[derive(Debug, Clone)]
pub struct Papers {
    /// The consent texts, by the name of their list.
    texts: BTreeMap<String, Vec<ConsentTextRow>>,
    /// The policies, oldest first.
    policies: Vec<PolicyRow>,
    /// The language of rows that name none.
    locale: Locale,
    /// The version that papers have whose rows name none.
    version: Option<i64>,
}

/// A paper, as a row names it.
#[derive(Debug, Clone, Copy)]
pub struct Paper<'a> {
    /// The list it is for.
    pub list: &'a str,
    /// The row's language; empty when not said.
    pub locale: &'a str,
    /// The version of the text, as the row has it; empty when not said.
    pub version: &'a str,
    /// Its date.
    pub signed_at: Timestamp,
}

impl Papers {
    pub(super) async fn read(
        store: &Store,
        locale: Locale,
        version: Option<i64>,
    ) -> Result<Self, StoreError> {
        let mut texts = BTreeMap::new();
        for list in store::lists::all(store).await? {
            texts.insert(list.name, store::consent_texts::of_list(store, list.id).await?);
        }
        Ok(Self { texts, policies: store::policies::all(store).await?, locale, version })
    }

    /// Whether a list has this version in any language.
    pub(super) fn has(&self, list: &str, version: i64) -> bool {
        self.texts.get(list).is_some_and(|all| all.iter().any(|text| text.version == version))
    }

    /// Writes into the evidence of a paper that it is one, and what it refers to. The words of a
    /// version that we do not have are left open: who attests the paper names them.
    pub(super) fn tell(&self, evidence: &mut Map<String, Value>, paper: Paper<'_>) {
        // What `contact attest` goes by; no column of a file can be called so.
        evidence.insert("on_paper".to_owned(), true.into());
        evidence.insert("document_at".to_owned(), json!(paper.signed_at));
        let locale = Locale::from_code(paper.locale).unwrap_or(self.locale);
        if let (true, Some(version)) = (paper.version.is_empty(), self.version) {
            evidence.insert("text_version".to_owned(), version.into());
        }
        let named = match paper.version {
            "" => self.version.map(|version| (version, "importer")),
            word => word.parse().ok().map(|version| (version, "row")),
        };
        let text = named.and_then(|(version, by)| Some((self.text(paper, version, locale)?, by)));
        if let Some((text, by)) = text {
            evidence.insert("text_named_by".to_owned(), by.into());
            evidence.insert("advertiser".to_owned(), text.advertiser.as_str().into());
            let text = json!({
                "id": text.id, "version": text.version, "locale": text.locale.code(),
                "sha256": hex::encode(text.sha256),
            });
            evidence.insert("text".to_owned(), text);
        }
        let locale = text.map_or(locale, |(text, _)| text.locale);
        let mut held = self.policies.iter().filter(|policy| {
            policy.locale == locale && policy.effective_from_at <= paper.signed_at
        });
        if let Some(policy) = held.next_back() {
            let policy = json!({
                "id": policy.id, "version": policy.version, "locale": policy.locale.code(),
                "url": policy.url, "sha256": hex::encode(policy.sha256),
            });
            evidence.insert("policy".to_owned(), policy);
        }
    }

    /// A version of the list's text, in this language if there is one.
    fn text(&self, paper: Paper<'_>, version: i64, locale: Locale) -> Option<&ConsentTextRow> {
        let mut found = self.texts.get(paper.list)?.iter().filter(|text| text.version == version);
        let first = found.clone().next();
        found.find(|text| text.locale == locale).or(first)
    }
}
