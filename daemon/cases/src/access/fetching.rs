//! The link of a package: looked at by GET, spent by POST, and the end of its file.
//!
//! Programs open every link in a mail: looking changes nothing. The first press of the button
//! spends the link; for half an hour the same link gives the file again, since downloads break, and
//! every time is written down. Then file and key are destroyed.

use domain::{
    Timestamp,
    ids::{PackageId, RequestId, TicketId},
    language::Locale,
};
use jiff::ToSpan;
use serde_json::json;
use store::{
    Session,
    packages::{PackageRow, PackageState},
};

use super::AGAIN_MINUTES;
use crate::{Cases, CasesError};

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageLinkState {
    /// It gives the file, until then.
    Open {
        /// Until when.
        until: Timestamp,
    },
    /// It was used.
    Spent,
    /// Nobody used it in time.
    Expired,
}

/// What a link stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageLink {
    /// Where it stands.
    pub state: PackageLinkState,
    /// The size of the file, in bytes.
    pub size_bytes: u64,
    /// The language of the matter.
    pub locale: Locale,
}

/// A file that was taken. Personal data; prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchedPackage {
    /// What the file is called.
    pub name: String,
    /// The file.
    pub file: Vec<u8>,
}

impl std::fmt::Debug for FetchedPackage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FetchedPackage({} bytes)", self.file.len())
    }
}

impl Cases {
    /// What a link stands for; changes nothing. `None` for a token that is none of ours.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn package_link(&self, token: &str) -> Result<Option<PackageLink>, CasesError> {
        let digests = self.parts.digests.token_all(token);
        let Some(row) = store::packages::of_token(self.store(), &digests).await? else {
            return Ok(None);
        };
        let (_, ticket) = self.request_and_ticket(self.store(), row.request).await?;
        let state = match state_of(&row, self.parts.clock.now()) {
            PackageLinkState::Open { .. } if !self.may_be_fetched(self.store(), &row).await? => {
                PackageLinkState::Expired
            }
            state => state,
        };
        let size_bytes = u64::try_from(row.size_bytes).unwrap_or_default();
        Ok(Some(PackageLink { state, size_bytes, locale: ticket.locale }))
    }

    /// Takes the file: spends the link, or takes it again within half an hour of the first time.
    /// `None` when the link gives no file; [`Cases::package_link`] tells why.
    ///
    /// # Errors
    /// An outage; nothing is spent then.
    pub async fn fetch_package(&self, token: &str) -> Result<Option<FetchedPackage>, CasesError> {
        let digests = self.parts.digests.token_all(token);
        let found = store::packages::of_token(self.store(), &digests).await?;
        let now = self.parts.clock.now();
        let Some(row) = found.filter(|row| is_open(row, now)) else { return Ok(None) };
        // Read before it is spent: an outage of the disk costs nobody their link.
        let file = match self.parts.vault.get(row.object).await {
            Ok(file) => file,
            Err(vault::VaultError::NotFound(_) | vault::VaultError::KeyDestroyed(_)) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        // What was proven when it was sent may have been revoked, disowned or sent back since.
        if !self.may_be_fetched(&transaction, &row).await? {
            return Ok(None);
        }
        if !store::packages::spend(&transaction, row.id, now).await? {
            // Somebody pressed it before, perhaps this very moment.
            let again = store::packages::of_token(&transaction, &digests).await?;
            if again.is_none_or(|row| !is_open(&row, now)) {
                return Ok(None);
            }
        }
        let (_, ticket) = self.request_and_ticket(&transaction, row.request).await?;
        let (subject, detail) = (format!("request:{}", row.request), json!({ "package": row.id }));
        store::audit::append(&transaction, "subject", "package_fetched", &subject, &detail, now)
            .await?;
        transaction.commit().await?;
        Ok(Some(FetchedPackage { name: format!("{}.zip", ticket.number), file }))
    }

    /// Whether what let the link be sent still holds: the decision on this very file, who asks, and
    /// the proof of the mailbox it went to.
    async fn may_be_fetched(
        &self,
        session: &impl Session,
        row: &PackageRow,
    ) -> Result<bool, CasesError> {
        let (request, ticket) = self.request_and_ticket(session, row.request).await?;
        match self.covered(session, &request, &ticket).await {
            Ok(decision) if decision.subject == row.sha256 => {}
            Ok(_) | Err(CasesError::Refused { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        let readers = self.readers(session, (&request, &ticket)).await?;
        Ok(readers.iter().any(|reader| Some(reader.address()) == row.address))
    }

    /// Takes a package back, sent or not: its link is dead at once, file and key are destroyed, and
    /// the request goes back to a person, its answer owed again.
    ///
    /// # Errors
    /// [`CasesError::Refused`] without a reason, or when there is no package.
    pub async fn revoke_package(
        &self,
        id: RequestId,
        reason: &str,
        actor: &str,
    ) -> Result<PackageId, CasesError> {
        let ticket = self.request_and_ticket(self.store(), id).await?.1;
        let note = self.seal_note(&ticket, reason).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, id).await?;
        let package = self.package_in(&transaction, id).await?;
        store::packages::end(&transaction, package.id, package.state, PackageState::Void).await?;
        self.look_again(&transaction, (&request, &ticket), &note, actor, now).await?;
        let detail = json!({ "package": package.id, "was": package.state.name() });
        let about = format!("request:{id}");
        store::audit::append(&transaction, actor, "package_revoked", &about, &detail, now).await?;
        transaction.commit().await?;
        // Should the process die here, the daemon destroys what is void.
        if package.destroyed_at.is_none() {
            let void = PackageRow { state: PackageState::Void, ..package.clone() };
            self.end_package(&void, now).await?;
        }
        Ok(package.id)
    }

    /// Destroys file and key of the void packages of a matter at once. What cannot be done now the
    /// daemon does with the others.
    pub(crate) async fn destroy_void_packages(&self, ticket: TicketId) {
        if let Err(error) = self.try_destroy_void_packages(ticket).await {
            tracing::warn!(ticket.id = ticket.0, %error, "a void package is destroyed later");
        }
    }

    async fn try_destroy_void_packages(&self, ticket: TicketId) -> Result<(), CasesError> {
        for row in store::packages::void_of_ticket(self.store(), ticket).await? {
            self.end_package(&row, self.parts.clock.now()).await?;
        }
        Ok(())
    }

    /// Destroys file and key of packages that are of no use any more; returns how many. To be called
    /// again and again.
    ///
    /// # Errors
    /// [`CasesError`]; what was not done is done next time.
    pub async fn end_packages(&self, limit: u32) -> Result<usize, CasesError> {
        let now = self.parts.clock.now();
        let before = now - AGAIN_MINUTES.minutes();
        let rows = store::packages::to_destroy(self.store(), now, before, limit).await?;
        for row in &rows {
            self.end_package(row, now).await?;
        }
        if store::systems::has_exports_to_forget(self.store()).await? {
            let transaction = self.store().begin().await?;
            store::systems::forget_exports(&transaction, now).await?;
            transaction.commit().await?;
        }
        Ok(rows.len())
    }

    async fn end_package(&self, row: &PackageRow, now: Timestamp) -> Result<(), CasesError> {
        let to = match row.state {
            PackageState::Made => Some(PackageState::Void),
            PackageState::Sent => Some(PackageState::Expired),
            PackageState::Fetched | PackageState::Expired | PackageState::Void => None,
        };
        // Its end first: from then on the link gives nothing, whenever the rest is done.
        if let Some(to) = to {
            let transaction = self.store().begin().await?;
            store::packages::end(&transaction, row.id, row.state, to).await?;
            transaction.commit().await?;
        }
        self.parts.vault.destroy_key(row.vault_key).await?;
        self.parts.vault.delete(row.object).await?;
        let transaction = self.store().begin().await?;
        store::packages::note_destroyed(&transaction, row.id, now).await?;
        self.audit_end(&transaction, row.id, row, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn audit_end(
        &self,
        transaction: &store::Transaction,
        package: PackageId,
        row: &PackageRow,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let subject = format!("request:{}", row.request);
        let detail = json!({ "package": package, "was": row.state.name() });
        let (actor, act) = ("consentry", "package_destroyed");
        Ok(store::audit::append(transaction, actor, act, &subject, &detail, now).await?)
    }
}

fn is_open(row: &PackageRow, now: Timestamp) -> bool {
    matches!(state_of(row, now), PackageLinkState::Open { .. })
}

fn state_of(row: &PackageRow, now: Timestamp) -> PackageLinkState {
    let until = match row.state {
        PackageState::Sent => row.expires_at,
        PackageState::Fetched => row.fetched_at.map(|at| at + AGAIN_MINUTES.minutes()),
        PackageState::Made | PackageState::Expired | PackageState::Void => None,
    };
    let until = until.filter(|until| now < *until && row.destroyed_at.is_none());
    match (until, row.state) {
        (Some(until), _) => PackageLinkState::Open { until },
        (None, PackageState::Fetched) => PackageLinkState::Spent,
        (
            None,
            PackageState::Sent | PackageState::Expired | PackageState::Made | PackageState::Void,
        ) => PackageLinkState::Expired,
    }
}
