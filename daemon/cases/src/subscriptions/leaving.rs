//! A person leaves: by the mail program's button, the page, a mail to `unsub+token@`.
//!
//! A token ends its list and nothing else; the page's second button ends everything of that
//! address. Each ended subscription is one withdrawal event, one stop and one audit event, in one
//! transaction. Doing it again changes nothing.

use domain::{
    Timestamp,
    consent::{ConsentAct, Grade},
    digest::AddressDigests,
    gate::SuppressionReason,
    ids::{ConsentEventId, SubmissionId, SubscriptionId},
    subscription::SubscriptionState,
};
use serde_json::{Value, json};
use store::{
    Transaction, consents::NewConsentEvent, lists::ListRow, stops::StopKind,
    subscriptions::SubscriptionRow,
};
use vault::{MailToken, TokenKind};

use super::{LeftList, UnsubscriptionShown};
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

/// Why a consent ends, and what shows it.
pub(crate) struct Ending<'a> {
    /// What sort of stop it is.
    pub(crate) kind: StopKind,
    /// Where it was captured.
    pub(crate) capture_point: &'a str,
    /// What shows it; what ended is added.
    pub(crate) evidence: Value,
    /// The submission whose words it is.
    pub(crate) submission: Option<SubmissionId>,
    /// The mail that was answered.
    pub(crate) delivery: Option<domain::ids::DeliveryId>,
    /// Who did it, where that was not the person.
    pub(crate) actor: Option<&'a str>,
    /// The addresses it holds for, under every digest key.
    pub(crate) digests: &'a [AddressDigests],
}

/// What ends: a subscription, the consent it rests on, or a consent without a subscription.
pub(crate) struct Ended<'a> {
    pub(crate) contact: Option<domain::ids::ContactId>,
    pub(crate) address: Option<domain::ids::AddressId>,
    pub(crate) purpose: domain::block::Purpose,
    pub(crate) list: Option<&'a str>,
    /// The event that stood.
    pub(crate) consent: Option<ConsentEventId>,
    pub(crate) subscription: Option<&'a SubscriptionRow>,
}

impl<'a> Ended<'a> {
    /// A subscription with what it rests on.
    pub(crate) fn of(subscription: &'a SubscriptionRow, list: &'a ListRow) -> Self {
        Self {
            contact: subscription.contact,
            address: subscription.address,
            purpose: list.purpose,
            list: Some(&list.name),
            consent: subscription.consent,
            subscription: Some(subscription),
        }
    }
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
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
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
        let mut ended = self.end_all(transaction, &leaving_now, &ending, stops, now).await?;
        if leaving.reach == Reach::Everything {
            ended |= self.suppress_everything(transaction, &ending, stops, now).await?;
        }
        Ok(if ended { Left::Now } else { Left::Already })
    }

    /// Ends those subscriptions that have not ended; `true` when there was one.
    async fn end_all(
        &self,
        transaction: &Transaction,
        subscriptions: &[SubscriptionRow],
        ending: &Ending<'_>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let mut ended = false;
        for held in subscriptions {
            match (held.state, held.contact) {
                (SubscriptionState::Unsubscribed { .. }, _) => {}
                // Nothing was confirmed: the link leads nowhere from now on, and what was typed
                // is destroyed with the next expiry.
                (SubscriptionState::Pending { .. }, None) => {
                    ended |= store::opt_ins::let_expire(transaction, held.id, now).await?;
                }
                _ => {
                    let Some(list) = store::lists::by_id(transaction, held.list).await? else {
                        return Err(CasesError::Content);
                    };
                    let what = Ended::of(held, &list);
                    self.end_consent(transaction, &what, ending, stops, now).await?;
                    ended = true;
                }
            }
        }
        Ok(ended)
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

    /// Writes one withdrawal: its event, the end of the subscription, its stop, its audit event.
    pub(crate) async fn end_consent(
        &self,
        transaction: &Transaction,
        ended: &Ended<'_>,
        ending: &Ending<'_>,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<ConsentEventId, CasesError> {
        let subscription = ended.subscription.map(|held| held.id);
        let mut evidence = ending.evidence.clone();
        evidence["withdraws"] = json!(ended.consent);
        evidence["subscription"] = json!(subscription);
        let evidence = evidence.to_string();
        let event = NewConsentEvent {
            contact: ended.contact,
            address: ended.address,
            purpose: ended.purpose,
            list: ended.list,
            act: ConsentAct::Withdrawn,
            grade: Grade::None,
            capture_point: ending.capture_point,
            evidence: &evidence,
            submission: ending.submission,
            text: None,
            policy: None,
            subscription,
            delivery: ending.delivery,
            import: None,
            actor: ending.actor,
        };
        let id = store::consents::append(transaction, &event, now).await?;
        if let Some(held) = ended.subscription {
            store::subscriptions::leave(transaction, held, now).await?;
        }
        let scope = match ending.kind {
            StopKind::Unsubscribe => format!("unsubscribe:{}", ended.list.unwrap_or("all")),
            _ => format!("withdrawal:{}", ended.purpose.name()),
        };
        let stopped = Stopped {
            kind: ending.kind,
            scope: &scope,
            digests: ending.digests.to_vec(),
            contact: ended.contact,
            block: None,
            submission: ending.submission,
        };
        self.record_stop(transaction, stopped, stops, now).await?;
        let subject = subscription
            .map_or_else(|| format!("consent:{id}"), |held| format!("subscription:{held}"));
        let detail = json!({
            "event": id, "withdraws": ended.consent, "method": ending.capture_point,
            "submission": ending.submission, "delivery": ending.delivery,
        });
        let actor = ending.actor.unwrap_or("subject");
        store::audit::append(transaction, actor, "withdrawn", &subject, &detail, now).await?;
        Ok(id)
    }
}
