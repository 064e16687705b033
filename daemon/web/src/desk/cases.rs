//! The desk of the daemon: `cases` behind the pages.
//!
//! Errors are logged here, once, and never with what a person typed.

use ::cases::{Cases, CasesError};
use async_trait::async_trait;
use domain::form::FormEntry;
use domain::ticket_number::{StatusCode, TicketNumber};

use crate::desk::{Desk, DeskError, Health, RequestView, StatusView};

#[async_trait]
impl Desk for Cases {
    async fn file_form(&self, entry: FormEntry) -> Result<(), DeskError> {
        Cases::file_form(self, &entry).await.map_err(|error| refuse("file a form", &error))?;
        Ok(())
    }

    async fn request_status(
        &self,
        number: TicketNumber,
        code: StatusCode,
    ) -> Result<Option<StatusView>, DeskError> {
        let status = Cases::request_status(self, number, code)
            .await
            .map_err(|error| refuse("show a ticket", &error))?;
        Ok(status.map(|status| StatusView {
            ticket_number: status.number,
            state: status.state,
            opened_at: status.opened_at,
            requests: status
                .requests
                .into_iter()
                .map(|request| RequestView {
                    name: request.name,
                    state: request.state,
                    owed: request.owed,
                })
                .collect(),
        }))
    }

    async fn health(&self) -> Health {
        // Any question that reads a small table: what counts is that it is answered.
        let failing = match store::alarms::standing(self.store()).await {
            Ok(_) => Vec::new(),
            Err(_) => vec!["database".to_owned()],
        };
        Health { failing }
    }
}

fn refuse(act: &'static str, error: &CasesError) -> DeskError {
    if error.is_outage() {
        tracing::warn!(%error, "cannot {act} for now");
        DeskError::Unavailable
    } else {
        tracing::error!(%error, "cannot {act}");
        DeskError::Failed
    }
}
