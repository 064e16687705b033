//! A person leaves: by the mail program's button, the page, a mail to `unsub+token@`.
//!
//! A token ends its list and nothing else; the page's second button ends everything of that
//! address. Each ended subscription is one withdrawal event, one stop and one audit event, in one
//! transaction. Doing it again changes nothing; doing it after words had ended the list is written
//! down, since words can be found misread.

use domain::{
    Timestamp,
    digest::Digest,
    gate::SuppressionReason,
    ids::{AddressId, SubmissionId, SubscriptionId},
    subscription::SubscriptionState,
};
use serde_json::json;
use store::{Transaction, stops::StopKind};
use vault::{MailToken, TokenKind};

use super::{LeftList, UnsubscriptionShown, ending::Ending};
use crate::{
    Cases, CasesError,
    filing::{PendingStops, Stopped},
};

/// How much a person leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The list of the token.
    List,
    /// All lists.
    Everything,
}

/// How a person leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The mail program's button (RFC 8058).
    OneClick,
    /// The page.
    Page,
    /// A mail to the address in List-Unsubscribe.
    Mailto,
    /// A complaint to the mailbox provider (RFC 5965).
    Complaint,
}

impl Method {
    /// The word kept as evidence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OneClick => "one_click",
            Self::Page => "unsubscribe_page",
            Self::Mailto => "mailto",
            Self::Complaint => "complaint",
        }
    }
}

/// A person leaves. Personal data; prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Leaving {
    /// How much.
    pub reach: Reach,
    /// How.
    pub method: Method,
    /// The network address; may be empty.
    pub ip: String,
    /// The program's name of itself; may be empty.
    pub user_agent: String,
}

impl std::fmt::Debug for Leaving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leaving")
            .field("reach", &self.reach)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// What became of a leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It ended by this call.
    Now,
    /// It had ended before.
    Already,
    /// The token is ours, and what it was for is destroyed.
    Gone,
    /// No token of ours.
    Unknown,
}

impl Cases {
    /// What an unsubscribe token stands for; changes nothing. `None` for a token that is none of
    /// ours.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn unsubscription(
        &self,
        token: &str,
    ) -> Result<Option<UnsubscriptionShown>, CasesError> {
        let Some((_, subscription)) = self.open_unsubscribe_token(token) else { return Ok(None) };
        let store = self.store();
        let fallback = self.parts.settings.locale;
        let Some(held) = store::subscriptions::by_id(store, subscription).await? else {
            return Ok(Some(UnsubscriptionShown { list: None, locale: fallback }));
        };
        let locale = match held.contact {
            Some(contact) => store::contacts::locale_of(store, contact).await?.unwrap_or(fallback),
            None => fallback,
        };
        let list = store::lists::by_id(store, held.list).await?.map(|list| LeftList {
            name: list.name,
            title_ru: list.title_ru,
            title_en: list.title_en,
            is_left: matches!(held.state, SubscriptionState::Unsubscribed { .. }),
        });
        Ok(Some(UnsubscriptionShown { list, locale }))
    }

    /// A person leaves by a token.
    ///
    /// # Errors
    /// [`CasesError`]; nothing was left then.
    pub async fn unsubscribe(&self, token: &str, leaving: &Leaving) -> Result<Left, CasesError> {
        let Some((token, _)) = self.open_unsubscribe_token(token) else {
            return Ok(Left::Unknown);
        };
        let transaction = self.store().begin().await?;
        let keys = self.keys_of_token(&transaction, token).await?;
        store::stops::lock(&transaction, &keys).await?;
        // Read under the lock, so that the instants of events follow the order of their commits.
        let now = self.parts.clock.now();
        let mut stops = PendingStops::default();
        let left = self.unsubscribe_in(&transaction, token, leaving, None, &mut stops, now).await?;
        if left == Left::Now {
            self.commit(transaction, stops, now).await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(left)
    }

    /// The subscription of an unsubscribe token, if it is one of ours.
    fn open_unsubscribe_token(&self, token: &str) -> Option<(MailToken, SubscriptionId)> {
        let opened = self.parts.digests.open_token(token)?;
        match opened.kind {
            TokenKind::Unsubscribe => opened.subscription.map(|id| (opened, id)),
            TokenKind::Bounce => None,
        }
    }

    /// The stop keys of the person whom a token names; none when it is gone.
    pub(crate) async fn keys_of_token(
        &self,
        session: &impl store::Session,
        token: MailToken,
    ) -> Result<Vec<Digest>, CasesError> {
        let Some(id) = token.subscription else { return Ok(Vec::new()) };
        let held = store::subscriptions::by_id(session, id).await?;
        let Some(address) = held.and_then(|held| held.address) else { return Ok(Vec::new()) };
        self.keys_of_address(session, address).await
    }

    /// The stop keys of an address, under every digest key.
    pub(crate) async fn keys_of_address(
        &self,
        session: &impl store::Session,
        address: AddressId,
    ) -> Result<Vec<Digest>, CasesError> {
        let clear = store::addresses::clear(session, address).await?;
        let digests = clear.map(|clear| self.parts.digests.address_all(&clear)).unwrap_or_default();
        Ok(digests.iter().map(|digests| digests.stop).collect())
    }

    /// A person leaves by an opened token, inside the caller's transaction: the caller commits
    /// with [`Cases::commit`] when [`Left::Now`] is returned. A bounce token is [`Left::Unknown`].
    pub(crate) async fn unsubscribe_in(
        &self,
        transaction: &Transaction,
        token: MailToken,
        leaving: &Leaving,
        submission: Option<SubmissionId>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<Left, CasesError> {
        let (TokenKind::Unsubscribe, Some(id)) = (token.kind, token.subscription) else {
            return Ok(Left::Unknown);
        };
        let Some(named) = store::subscriptions::by_id(transaction, id).await? else {
            return Ok(Left::Gone);
        };
        let Some(address) = named.address else { return Ok(Left::Gone) };
        let Some(clear) = store::addresses::clear(transaction, address).await? else {
            return Ok(Left::Gone);
        };
        let digests = self.parts.digests.address_all(&clear);
        let keys: Vec<_> = digests.iter().map(|digests| digests.stop).collect();
        // The same button twice, or button and mail at once: one of them finds nothing left.
        store::stops::lock(transaction, &keys).await?;
        let mut leaving_now = store::subscriptions::of_address(transaction, address).await?;
        if leaving.reach == Reach::List {
            // Two people who share the address share the mailbox: its list ends for both.
            leaving_now.retain(|held| held.list == named.list);
        }
        let ending = Ending {
            kind: StopKind::Unsubscribe,
            capture_point: leaving.method.name(),
            evidence: json!({
                "method": leaving.method.name(),
                "reach": match leaving.reach { Reach::List => "list", Reach::Everything => "everything" },
                "ip": leaving.ip,
                "user_agent": leaving.user_agent,
                "submission": submission,
                "delivery": token.delivery,
                "at": now,
            }),
            submission,
            delivery: Some(token.delivery),
            actor: None,
            digests: &digests,
        };
        let mut ended = self.end_all(transaction, &leaving_now, &ending, stops, now).await? > 0;
        if leaving.reach == Reach::Everything {
            ended |= self.suppress_everything(transaction, &ending, stops, now).await?;
        }
        Ok(if ended { Left::Now } else { Left::Already })
    }

    /// The button "leave everything".
    async fn suppress_everything(
        &self,
        transaction: &Transaction,
        ending: &Ending<'_>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let reason = SuppressionReason::UnsubscribedAll;
        let written = store::suppressions::record(
            transaction,
            ending.digests,
            reason,
            ending.capture_point,
            now,
        )
        .await?;
        if !written {
            return Ok(false);
        }
        let stopped = Stopped {
            kind: StopKind::Suppression,
            scope: reason.name(),
            digests: ending.digests.to_vec(),
            contact: None,
            block: None,
            submission: ending.submission,
        };
        self.record_stop(transaction, stopped, stops, now).await?;
        let delivery = ending.delivery;
        let detail = json!({ "reason": reason.name(), "method": ending.capture_point });
        let subject = delivery.map_or_else(|| "address".to_owned(), |id| format!("delivery:{id}"));
        store::audit::append(transaction, "subject", "suppressed", &subject, &detail, now).await?;
        Ok(true)
    }
}
