//! Suppressions as people of ours handle them: looked at, set by hand, lifted with a reason.
//!
//! Two are the person's alone: that their data were erased, and that they left everything. Only a
//! fresh double opt-in from that mailbox outweighs them, for its list (DESIGN invariant 8).

use domain::{address::EmailAddress, gate::SuppressionReason};
use serde_json::json;
use store::{
    stops::StopKind,
    suppressions::{self, SuppressionRow},
};

use crate::{
    Cases, CasesError,
    filing::{PendingStops, Stopped},
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

impl Cases {
    /// One page of suppressions, newest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn suppressions(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<SuppressionRow>, CasesError> {
        Ok(suppressions::page(self.store(), before, limit).await?)
    }

    /// The suppressions of an address that nobody lifted. Looking is written down, since it tells
    /// about a person (152-FZ art. 19(2)(8)).
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn suppressions_of(
        &self,
        address: &EmailAddress,
        actor: &str,
    ) -> Result<Vec<SuppressionRow>, CasesError> {
        let digests = self.parts.digests.address_all(address);
        let found = suppressions::of_address(self.store(), &digests).await?;
        let ids: Vec<i64> = found.iter().map(|row| row.id).collect();
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let detail = json!({ "suppressions": ids });
        store::audit::append(&transaction, actor, "read", "suppression", &detail, now).await?;
        transaction.commit().await?;
        Ok(found)
    }

    /// Sets one by hand; returns whether none of this sort held already.
    ///
    /// # Errors
    /// [`CasesError::Refused`] without a reason, or with one that names somebody.
    pub async fn suppress_by_hand(
        &self,
        address: &EmailAddress,
        actor: &str,
        reason: &str,
    ) -> Result<bool, CasesError> {
        let reason = checked(reason)?;
        let digests = self.parts.digests.address_all(address);
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let keys: Vec<_> = digests.iter().map(|digests| digests.stop).collect();
        store::stops::lock(&transaction, &keys).await?;
        let manual = SuppressionReason::Manual;
        let source = format!("{actor}: {reason}");
        if !suppressions::record(&transaction, &digests, manual, &source, now).await? {
            return Ok(false);
        }
        let mut stops = PendingStops::default();
        let stopped = Stopped {
            kind: StopKind::Suppression,
            scope: "suppression:manual",
            digests,
            contact: None,
            block: None,
            submission: None,
        };
        self.record_stop(&transaction, stopped, &mut stops, now).await?;
        let detail = json!({ "reason": manual.name(), "reason_given": true });
        store::audit::append(&transaction, actor, "suppressed", "suppression", &detail, now)
            .await?;
        self.commit(transaction, stops, now).await?;
        Ok(true)
    }

    /// Lifts one.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] without a reason, when it is lifted
    /// already, or when only the person can end it; [`store::StoreError::Conflict`] when somebody
    /// else was first.
    pub async fn lift_suppression(
        &self,
        suppression: i64,
        actor: &str,
        reason: &str,
    ) -> Result<(), CasesError> {
        let reason = checked(reason)?;
        let row = suppressions::by_id(self.store(), suppression).await?.ok_or_else(|| {
            CasesError::NotFound { what: "suppression", id: suppression.to_string() }
        })?;
        match row.reason {
            SuppressionReason::Erased | SuppressionReason::UnsubscribedAll => {
                let reason = "this is the person's own word; only a new subscription that they \
                              confirm from that mailbox outweighs it, for its list";
                return Err(refused("only_double_opt_in", reason));
            }
            SuppressionReason::HardBounce
            | SuppressionReason::Complaint
            | SuppressionReason::Manual => {}
        }
        if row.lifted_at.is_some() {
            return Err(refused("suppression_is_lifted", "somebody lifted it before"));
        }
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::stops::lock(&transaction, &[row.digests.stop]).await?;
        suppressions::lift_one(&transaction, suppression, actor, reason, now).await?;
        let mut stops = PendingStops::default();
        let scope = format!("suppression:{}", row.reason.name());
        let stopped = Stopped {
            kind: StopKind::Lift,
            scope: &scope,
            digests: vec![row.digests],
            contact: None,
            block: None,
            submission: None,
        };
        self.record_stop(&transaction, stopped, &mut stops, now).await?;
        let subject = format!("suppression:{suppression}");
        let detail = json!({ "reason": row.reason.name(), "reason_given": true });
        store::audit::append(&transaction, actor, "lifted", &subject, &detail, now).await?;
        self.commit(transaction, stops, now).await
    }
}

fn checked(reason: &str) -> Result<&str, CasesError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(refused("suppression_needs_reason", "say why, in a few words"));
    }
    if reason.contains('@') || reason.chars().count() > LONGEST_REASON {
        let told = "the reason is kept for good: at most 200 characters, and it names nobody";
        return Err(refused("reason_names_nobody", told));
    }
    Ok(reason)
}

fn refused(rule: &'static str, reason: &str) -> CasesError {
    CasesError::Refused { rule, reason: reason.to_owned() }
}
