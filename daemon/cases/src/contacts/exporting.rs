//! `contact export`: contacts handed out page by page, with nothing held but the page.

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
}

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
        let export = Export { cases: self, list, after: ContactId(0), actor, rows: 0 };
        export.audit("export_started").await?;
        Ok(export)
    }
}

impl Export<'_> {
    /// The next rows; none at the end, which is audited with their number.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn next_page(&mut self) -> Result<Vec<ExportRow>, CasesError> {
        let store = self.cases.store();
        let page = store::contacts::export_page(store, self.list, self.after, PAGE).await?;
        match page.last() {
            None => self.audit("exported").await?,
            Some(last) => {
                self.after = last.contact;
                self.rows += page.len() as u64;
            }
        }
        Ok(page)
    }

    /// Ends it before its end, since nobody takes any more: what was handed out is audited.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn break_off(self) -> Result<(), CasesError> {
        self.audit("exported").await
    }

    async fn audit(&self, act: &str) -> Result<(), CasesError> {
        let detail = json!({ "list": self.list, "rows": self.rows });
        let now = self.cases.parts.clock.now();
        let transaction = self.cases.store().begin().await?;
        store::audit::append(&transaction, self.actor, act, "contacts", &detail, now).await?;
        Ok(transaction.commit().await?)
    }
}
