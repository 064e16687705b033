//! `contact export`: contacts handed out page by page, with nothing held but the page.

use std::collections::BTreeMap;

use domain::address::EmailAddress;
use domain::block::{Effective, Field, Purpose};
use domain::digest::Digest;
use domain::ids::ContactId;
use serde_json::json;
use store::contacts::ExportRow;

use crate::{Cases, CasesError};

/// Contacts on a page.
const PAGE: u32 = 500;

/// An export at work: ask for page after page.
#[derive(Debug)]
pub struct Export<'a> {
    cases: &'a Cases,
    list: Option<domain::ids::ListId>,
    after: ContactId,
    actor: &'a str,
    rows: u64,
    contacts: i64,
    /// Rows left out, and fields left empty, because of blocks.
    held: Held,
    purposes: Vec<(String, Purpose)>,
    statute: Option<&'a str>,
}

/// What blocks kept out of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Rows left out.
    pub left_out: u64,
    /// Fields left empty.
    pub masked: u64,
}

/// Longest name of a statute.
const LONGEST_STATUTE: usize = 80;

impl Cases {
    /// Begins an export of all contacts or those of a list; audited before the first page.
    ///
    /// # Errors
    /// [`CasesError::NotFound`] for a list that is not there.
    pub async fn export_contacts<'a>(
        &'a self,
        list: Option<&str>,
        actor: &'a str,
    ) -> Result<Export<'a>, CasesError> {
        let list = match list {
            None => None,
            Some(name) => match store::lists::by_name(self.store(), name).await? {
                Some(row) => Some(row.id),
                None => return Err(CasesError::NotFound { what: "list", id: name.to_owned() }),
            },
        };
        let all = store::lists::all(self.store()).await?;
        let purposes = all.into_iter().map(|list| (list.name, list.purpose)).collect();
        let (rows, held, after) = (0, Held::default(), ContactId(0));
        let cases = self;
        let contacts = 0;
        let statute = None;
        let export = Export { cases, list, after, actor, rows, contacts, held, purposes, statute };
        export.audit("export_started").await?;
        Ok(export)
    }
}

impl<'a> Export<'a> {
    /// Hands out what blocks hold, too: the law demands it (152-FZ art. 6(1)(2)). `statute` names
    /// the law and the paper, without personal data; it goes into the audit log.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `statute_in_words`.
    pub async fn for_statute(mut self, statute: &'a str) -> Result<Self, CasesError> {
        let statute = statute.trim();
        if statute.is_empty() || statute.chars().count() > LONGEST_STATUTE || statute.contains('@')
        {
            return Err(CasesError::Refused {
                rule: "statute_in_words",
                reason: "name the law and the paper in at most 80 characters, without an address"
                    .to_owned(),
            });
        }
        self.statute = Some(statute);
        self.audit("export_for_statute").await?;
        Ok(self)
    }

    /// What blocks kept out of it so far.
    #[must_use]
    pub fn held(&self) -> Held {
        self.held
    }

    /// Leaves out, row by row and field by field, what a block holds (RULES §1.2).
    async fn without_blocked(
        &mut self,
        page: Vec<ExportRow>,
    ) -> Result<Vec<ExportRow>, CasesError> {
        let mut by_contact: BTreeMap<ContactId, Vec<Digest>> = BTreeMap::new();
        for row in &page {
            let digests = by_contact.entry(row.contact).or_default();
            if let Ok(address) = EmailAddress::parse(&row.email) {
                let all = self.cases.parts.digests.address_all(&address);
                digests.extend(all.iter().map(|digests| digests.stop));
            }
        }
        let contacts: Vec<_> = by_contact.keys().copied().collect();
        let digests: Vec<_> = by_contact.values().flatten().copied().collect();
        let blocks = store::blocks::active_for(self.cases.store(), &digests, &contacts).await?;
        if blocks.is_empty() {
            return Ok(page);
        }
        let mut kept = Vec::with_capacity(page.len());
        for mut row in page {
            let own = by_contact.get(&row.contact);
            let of_row = blocks.iter().filter(|block| {
                block.contact == Some(row.contact)
                    || block.stop_digest.is_some_and(|d| own.is_some_and(|own| own.contains(&d)))
            });
            let effective = Effective::of(of_row.map(|block| &block.scope));
            let purpose = self.purposes.iter().find(|(name, _)| *name == row.list);
            if effective.full || purpose.is_some_and(|(_, p)| effective.holds_purpose(*p)) {
                self.held.left_out += 1;
                continue;
            }
            for field in &effective.fields {
                let value = match field {
                    Field::Name => &mut row.name,
                    Field::Email => &mut row.email,
                    Field::Phone => &mut row.phone,
                };
                self.held.masked += u64::from(!value.is_empty());
                value.clear();
            }
            kept.push(row);
        }
        Ok(kept)
    }

    /// The next rows; none at the end, which is audited with their number.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn next_page(&mut self) -> Result<Vec<ExportRow>, CasesError> {
        loop {
            let store = self.cases.store();
            let page = store::contacts::export_page(store, self.list, self.after, PAGE).await?;
            let Some(last) = page.last() else {
                self.audit("exported").await?;
                return Ok(page);
            };
            self.after = last.contact;
            let page = match self.statute {
                Some(_) => page,
                None => self.without_blocked(page).await?,
            };
            self.rows += page.len() as u64;
            // The rows of a contact stand beside each other, on one page.
            let people = page.chunk_by(|one, next| one.contact == next.contact).count();
            self.contacts += i64::try_from(people).unwrap_or(i64::MAX);
            // A page of blocked people alone is not the end.
            if !page.is_empty() {
                return Ok(page);
            }
        }
    }

    /// Ends it before its end, since nobody takes any more: what was handed out is audited.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn break_off(self) -> Result<(), CasesError> {
        self.audit("exported").await
    }

    async fn audit(&self, act: &str) -> Result<(), CasesError> {
        let detail = json!({
            "list": self.list, "rows": self.rows, "left_out": self.held.left_out,
            "masked": self.held.masked, "statute": self.statute,
        });
        let now = self.cases.parts.clock.now();
        let transaction = self.cases.store().begin().await?;
        store::audit::append(&transaction, self.actor, act, "contacts", &detail, now).await?;
        if act == "exported" {
            let (actor, contacts) = (self.actor, self.contacts);
            store::packages::note_export(&transaction, "contacts", actor, contacts, now).await?;
        }
        Ok(transaction.commit().await?)
    }
}
