//! The desk of the daemon: `cases` behind the pages.
//!
//! Errors are logged here, once, and never with what a person typed.

mod challenges;
mod lists;
mod packages;

use ::cases::{Cases, CasesError};
use async_trait::async_trait;
use domain::form::FormEntry;
use domain::language::Locale;
use domain::ticket_number::{StatusCode, TicketNumber};

use crate::desk::{
    ChallengeAnswer, ChallengeView, ConfirmationView, Desk, DeskError, Health, LeaveAnswer,
    Leaving, OpenLists, PackageFile, PackageView, RequestView, StatusView, SystemMessage,
    SystemMessageAnswer, UnsubscribeView, Visit, Wish, WishAnswer,
};

#[async_trait]
impl Desk for Cases {
    async fn file_form(&self, entry: FormEntry) -> Result<(), DeskError> {
        Cases::file_form(self, &entry).await.map_err(|error| refuse("file a form", &error))?;
        Ok(())
    }

    async fn policy_in_force(&self, locale: Locale) -> Result<Option<(String, String)>, DeskError> {
        let policy = Cases::policy_in_force(self, locale)
            .await
            .map_err(|error| refuse("read the policy", &error))?;
        Ok(policy.map(|policy| (policy.url, policy.version)))
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

    async fn open_lists(&self, locale: Locale) -> Result<OpenLists, DeskError> {
        lists::open_lists(self, locale).await
    }

    async fn subscribe(&self, wish: Wish) -> Result<WishAnswer, DeskError> {
        lists::subscribe(self, wish).await
    }

    async fn confirmation(&self, token: &str) -> Result<Option<ConfirmationView>, DeskError> {
        lists::confirmation(self, token).await
    }

    async fn confirm(
        &self,
        token: &str,
        visit: Visit,
    ) -> Result<Option<ConfirmationView>, DeskError> {
        lists::confirm(self, token, visit).await
    }

    async fn unsubscription(&self, token: &str) -> Result<Option<UnsubscribeView>, DeskError> {
        lists::unsubscription(self, token).await
    }

    async fn unsubscribe(
        &self,
        token: &str,
        leaving: Leaving,
        visit: Visit,
    ) -> Result<LeaveAnswer, DeskError> {
        lists::unsubscribe(self, token, leaving, visit).await
    }

    async fn challenge(&self, token: &str) -> Result<Option<ChallengeView>, DeskError> {
        challenges::challenge(self, token).await
    }

    async fn answer_challenge(
        &self,
        token: &str,
        answer: ChallengeAnswer,
    ) -> Result<Option<ChallengeView>, DeskError> {
        challenges::answer(self, token, answer).await
    }

    async fn answer_challenge_code(
        &self,
        number: TicketNumber,
        code: StatusCode,
        answer: ChallengeAnswer,
    ) -> Result<Option<ChallengeView>, DeskError> {
        challenges::answer_code(self, number, code, answer).await
    }

    async fn hear_system(
        &self,
        message: SystemMessage<'_>,
    ) -> Result<SystemMessageAnswer, DeskError> {
        Cases::hear(self, message).await.map_err(|error| refuse("hear a connected system", &error))
    }

    async fn package_link(&self, token: &str) -> Result<Option<PackageView>, DeskError> {
        packages::look(self, token).await
    }

    async fn fetch_package(&self, token: &str) -> Result<Option<PackageFile>, DeskError> {
        packages::fetch(self, token).await
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
