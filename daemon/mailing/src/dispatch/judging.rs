//! What the gate says of a row in hand: the facts put in its words, its answer in those of a row.
//!
//! Asked in the claim and again before START. Pure: the facts are read by the callers.

use domain::Timestamp;
use domain::block::Purpose;
use domain::delivery::{Class, WithholdReason};
use domain::gate::{Basis, ConsentStanding, GateFacts, ListStanding, Verdict, gate};
use domain::ids::ConsentEventId;
use store::deliveries::{
    CampaignPace, CampaignStanding, ClaimedDelivery, Recipient, Standing, SubscriptionStanding,
};

use super::Dispatch;

/// What is known about a row and its recipient.
pub(super) struct Facts<'a> {
    pub(super) standing: Option<&'a Standing>,
    /// Of a row of a campaign.
    pub(super) campaign: Option<CampaignStanding>,
}

impl<'a> Facts<'a> {
    /// In the transaction of the claim, which takes rows of running campaigns only.
    pub(super) fn at_claim(delivery: &ClaimedDelivery, standing: Option<&'a Standing>) -> Self {
        let campaign = delivery
            .campaign
            .as_ref()
            .map(|part| CampaignStanding { pace: CampaignPace::Runs, subscription: part.standing });
        Self { standing, campaign }
    }
}

/// Whether a row in hand goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It may leave; of a campaign's mail by this consent.
    Goes { consent: Option<ConsentEventId> },
    /// As before the claim, but not before this instant.
    GivenBack { not_before: Option<Timestamp> },
    /// It may not leave.
    Withheld(WithholdReason),
}

/// Asks the gate about a row, and its campaign.
pub(super) fn judge(delivery: &ClaimedDelivery, facts: &Facts<'_>, now: Timestamp) -> Judgement {
    let pace = match (&delivery.campaign, facts.campaign) {
        (Some(_), Some(standing)) => standing.pace,
        // Nothing is known of its campaign: it waits.
        (Some(_), None) => CampaignPace::Stands,
        (None, _) => CampaignPace::Runs,
    };
    if pace == CampaignPace::Stands {
        return Judgement::GivenBack { not_before: None };
    }
    let nothing = Standing::default();
    let standing = facts.standing.unwrap_or(&nothing);
    if standing.misfit.is_some() {
        // Nobody knows what holds for the recipient: the next claim sets the row aside.
        return Judgement::GivenBack { not_before: None };
    }
    let subscription = facts.campaign.map(|campaign| campaign.subscription);
    let (class, basis) = match (&delivery.campaign, subscription) {
        // Whatever the row says: a campaign is advertising.
        (Some(_), subscription) => (Class::Advertising, subscribed(subscription)),
        (None, _) => (delivery.class, basis(delivery.class)),
    };
    let asked = GateFacts {
        class,
        basis,
        blocks: &standing.blocks,
        suppressions: &standing.suppressions,
        later: None,
    };
    match (gate(&asked, now), pace) {
        (Verdict::Withhold(reason), _) => Judgement::Withheld(reason),
        (_, CampaignPace::Cancelled) => Judgement::Withheld(WithholdReason::Cancelled),
        (Verdict::Later { until }, _) => Judgement::GivenBack { not_before: Some(until) },
        (Verdict::Send(_), _) => {
            Judgement::Goes { consent: subscription.and_then(|subscription| subscription.consent) }
        }
    }
}

/// What a mail of this class rests on. Advertising outside a campaign and training mail are not
/// planned by anybody yet, so no subscription or enrolment can be shown: the gate withholds.
fn basis(class: Class) -> Basis {
    match class {
        Class::Advertising => subscribed(None),
        Class::Training => Basis::Enrolment { enrolled: false, list: ListStanding::Absent },
        Class::Transactional => Basis::Relation { purpose: Purpose::TrainingAccess },
        Class::Confirmation => Basis::Act,
        Class::Statutory | Class::Staff => Basis::Duty,
    }
}

fn subscribed(standing: Option<SubscriptionStanding>) -> Basis {
    match standing {
        Some(standing) => Basis::Subscription {
            purpose: standing.purpose,
            list: standing.list,
            consent: match standing.consent {
                Some(_) => ConsentStanding::Proven,
                None => ConsentStanding::NotProven,
            },
            opted_in_at: standing.opted_in_at,
        },
        None => Basis::Subscription {
            purpose: Purpose::Newsletter,
            list: ListStanding::Absent,
            consent: ConsentStanding::NotProven,
            opted_in_at: None,
        },
    }
}

/// The recipient as stops are looked for: by every key.
pub(super) fn recipient(dispatch: &Dispatch, delivery: &ClaimedDelivery) -> Recipient {
    let digests = dispatch.digests.address_all(&delivery.recipient);
    Recipient {
        address: delivery.address,
        stop_digests: digests.into_iter().map(|digests| digests.stop).collect(),
    }
}

#[cfg(test)]
mod tests {
    use domain::address::EmailAddress;
    use domain::block::Scope;
    use domain::delivery::{Occasion, Resent};
    use domain::ids::{AddressId, CampaignId, DeliveryId, SubscriptionId};
    use store::deliveries::CampaignPart;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const CONSENT: ConsentEventId = ConsentEventId(5);

    fn standing(pace: CampaignPace, list: ListStanding) -> CampaignStanding {
        let subscription = SubscriptionStanding {
            purpose: Purpose::Newsletter,
            list,
            consent: Some(CONSENT),
            opted_in_at: None,
        };
        CampaignStanding { pace, subscription }
    }

    fn row(class: Class, campaign: Option<CampaignStanding>) -> ClaimedDelivery {
        ClaimedDelivery {
            id: DeliveryId(1),
            class,
            occasion: Occasion::Campaign,
            ticket: None,
            address: AddressId(1),
            recipient: EmailAddress::parse("anna@mail.example").expect("valid"),
            mail_id: "1@news.example".into(),
            content: None,
            vault_key: None,
            locale: None,
            attempt: 1,
            planned_at: NOW,
            expires_at: NOW,
            resent: Resent::Never,
            campaign: campaign.map(|standing| CampaignPart {
                campaign: CampaignId(1),
                content: [0; 32],
                subscription: SubscriptionId(1),
                contact: None,
                contact_name: String::new(),
                list: None,
                consent: Some(CONSENT),
                standing: standing.subscription,
            }),
        }
    }

    #[test]
    fn a_campaign_that_stands_gives_back_and_a_cancelled_one_withholds() {
        let confirmed = |pace| Some(standing(pace, ListStanding::Confirmed));
        let left = Some(standing(CampaignPace::Cancelled, ListStanding::Unsubscribed));
        for (campaign, expected) in [
            (confirmed(CampaignPace::Runs), Judgement::Goes { consent: Some(CONSENT) }),
            (confirmed(CampaignPace::Stands), Judgement::GivenBack { not_before: None }),
            (confirmed(CampaignPace::Cancelled), Judgement::Withheld(WithholdReason::Cancelled)),
            (left, Judgement::Withheld(WithholdReason::Unsubscribed)),
        ] {
            let facts = Facts { standing: None, campaign };
            assert_eq!(judge(&row(Class::Advertising, campaign), &facts, NOW), expected);
        }
    }

    #[test]
    fn a_row_of_a_campaign_is_advertising_whatever_it_says() {
        let campaign = Some(standing(CampaignPace::Runs, ListStanding::Confirmed));
        let blocked = Standing { blocks: vec![Scope::Marketing], ..Standing::default() };
        for class in Class::ALL {
            let facts = Facts { standing: Some(&blocked), campaign };
            let judged = judge(&row(*class, campaign), &facts, NOW);
            assert_eq!(judged, Judgement::Withheld(WithholdReason::MarketingBlock), "{class:?}");
        }
    }
}
