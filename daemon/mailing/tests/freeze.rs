//! The freeze against the gate of the domain, on random people, on both databases.

#[path = "freeze/people.rs"]
#[allow(dead_code)]
mod people;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Timestamp,
    address::EmailAddress,
    block::{Field, Purpose, Scope},
    delivery::{Class, WithholdReason},
    gate::{Basis, ConsentStanding, GateFacts, ListStanding, SuppressionReason, Verdict, gate},
    ids::{AddressId, CampaignId, ContactId, ListId, SubscriptionId},
};
use people::{People, null_or, on_both};
use store::{
    Dialect, StoreError, blocks,
    deliveries::{
        self, Recipient,
        freezing::{self, Chunk, Frozen},
    },
};

const DOMAIN: &str = "clinic.example";

/// What the freeze is to find of one subscription.
struct Candidate {
    id: i64,
    address: Option<AddressId>,
    purpose: Purpose,
    list: ListStanding,
    consent: ConsentStanding,
    opted_in_at: Option<Timestamp>,
}

/// One address with the spelling it was written in.
struct Mailbox {
    id: AddressId,
    email: EmailAddress,
}

/// A random town: families that share addresses, spellings that share a stop key.
struct Town {
    contacts: Vec<i64>,
    mailboxes: Vec<Mailbox>,
}

async fn settle_town(people: &People, round: u64) -> Town {
    let mut contacts = Vec::new();
    for _ in 0..7 {
        contacts.push(people.contact().await);
    }
    let mut mailboxes = Vec::new();
    for number in 0..9 {
        for spelling in [format!("p{number}"), format!("P{number}+news")] {
            let email = format!("{spelling}@r{round}.example");
            let id = people.address(&email).await;
            mailboxes.push(Mailbox { id, email: EmailAddress::parse(&email).expect("valid") });
            let mut having: Vec<i64> = Vec::new();
            for _ in 0..people.below(3) {
                let contact = *people.one_of(&contacts);
                if !having.contains(&contact) {
                    people.link(contact, id).await;
                    having.push(contact);
                }
            }
        }
    }
    Town { contacts, mailboxes }
}

/// Subscriptions of every kind to the lists, as many as the schema lets be.
async fn subscribe_town(
    people: &People,
    town: &Town,
    lists: &[(ListId, Purpose)],
) -> Vec<Candidate> {
    let (mut candidates, mut taken) = (Vec::new(), BTreeSet::new());
    for _ in 0..45 {
        let (list, purpose) = *people.one_of(lists);
        let contact = (people.below(4) > 0).then(|| *people.one_of(&town.contacts));
        let address = (people.below(12) > 0).then(|| people.one_of(&town.mailboxes).id);
        if address.is_some() && !taken.insert((list.0, contact, address)) {
            continue;
        }
        let (state, standing) = *people.one_of(&[
            ("confirmed", ListStanding::Confirmed),
            ("confirmed", ListStanding::Confirmed),
            ("confirmed", ListStanding::Confirmed),
            ("pending", ListStanding::Pending),
            ("unsubscribed", ListStanding::Unsubscribed),
        ]);
        let proven = people.below(5) > 0;
        let consent = proven.then_some(people.consent);
        let id = people.subscribe(list, contact, address, state, consent).await;
        let opted_in = (people.below(2) == 0).then(|| people.around_now());
        let sql = "UPDATE subscription SET opted_in_at =";
        people.write(&format!("{sql} {} WHERE id = {id} RETURNING id", null_or(opted_in))).await;
        candidates.push(Candidate {
            id,
            address,
            purpose,
            list: standing,
            consent: if proven { ConsentStanding::Proven } else { ConsentStanding::NotProven },
            opted_in_at: opted_in.map(|at| Timestamp::from_microsecond(at).expect("in range")),
        });
    }
    candidates
}

/// Stops of every kind, some over or not yet begun to be over.
async fn stop_some(people: &People, town: &Town) {
    for _ in 0..5 {
        let digests = people.digests.address(&people.one_of(&town.mailboxes).email);
        let transaction = people.store.begin().await.expect("begun");
        let reason = *people.one_of(SuppressionReason::ALL);
        let since = Timestamp::from_microsecond(people.around_now()).expect("in range");
        store::suppressions::record(&transaction, &[digests], reason, "test", since)
            .await
            .expect("recorded");
        transaction.commit().await.expect("committed");
        let until = (people.below(3) == 0).then(|| people.around_now());
        let lifted = (people.below(4) == 0).then_some(5);
        let sql = format!(
            "UPDATE suppression SET until_at = {}, lifted_at = {} \
             WHERE id = (SELECT MAX(id) FROM suppression) RETURNING id",
            null_or(until),
            null_or(lifted)
        );
        people.write(&sql).await;
    }
    for _ in 0..5 {
        block_some(people, town).await;
    }
}

async fn block_some(people: &People, town: &Town) {
    let scope = match people.below(6) {
        0 => Scope::Full,
        1 => Scope::Marketing,
        2 => Scope::Purposes(vec![Purpose::PartnerOffers]),
        3 => Scope::Purposes(vec![Purpose::Feedback, Purpose::Newsletter, Purpose::TrainingMail]),
        4 => Scope::Fields(vec![Field::Name, Field::Phone]),
        _ => Scope::Fields(vec![Field::Phone, Field::Email]),
    };
    let mailbox = people.one_of(&town.mailboxes);
    let by = people.below(3);
    let block = blocks::NewBlock {
        scope: &scope,
        address: (by < 2).then_some(mailbox.id),
        stop_digest: (by < 2).then(|| people.digests.address(&mailbox.email).stop),
        contact: (by > 0).then(|| ContactId(*people.one_of(&town.contacts))),
        ticket: None,
        submission: None,
        basis: "test",
        authentication: domain::authentication::SenderAuthentication::Pass,
    };
    let transaction = people.store.begin().await.expect("begun");
    let id = blocks::set(&transaction, &block, people.now()).await.expect("set");
    if people.below(4) == 0 {
        blocks::lift(&transaction, id, "olga", ("misread", None), people.now())
            .await
            .expect("lifted");
    }
    transaction.commit().await.expect("committed");
}

/// What the domain says of every candidate, in the order of their ids.
async fn expected(
    people: &People,
    town: &Town,
    candidates: &[Candidate],
) -> (Vec<i64>, BTreeMap<WithholdReason, i64>) {
    let recipients: Vec<Recipient> = town
        .mailboxes
        .iter()
        .map(|mailbox| {
            let digests = people.digests.address_all(&mailbox.email);
            let stop_digests = digests.iter().map(|digests| digests.stop).collect();
            Recipient { address: mailbox.id, stop_digests }
        })
        .collect();
    let now = people.now();
    let standings = deliveries::standings(&people.store, &recipients, now).await.expect("read");
    let (mut rows, mut excluded, mut mailed) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    for candidate in candidates {
        let reason = match candidate.address {
            None => Some(WithholdReason::NoAddress),
            Some(address) if mailed.contains(&address.0) => Some(WithholdReason::DuplicateAddress),
            Some(address) => {
                let standing = &standings[&address];
                let basis = Basis::Subscription {
                    purpose: candidate.purpose,
                    list: candidate.list,
                    consent: candidate.consent,
                    opted_in_at: candidate.opted_in_at,
                };
                let facts = GateFacts {
                    class: Class::Advertising,
                    basis,
                    blocks: &standing.blocks,
                    suppressions: &standing.suppressions,
                    later: None,
                };
                match gate(&facts, now) {
                    Verdict::Withhold(reason) => Some(reason),
                    Verdict::Send(_) | Verdict::Later { .. } => None,
                }
            }
        };
        match (reason, candidate.address) {
            (None, Some(address)) => {
                mailed.insert(address.0);
                rows.push(candidate.id);
            }
            (reason, _) => *excluded.entry(reason.expect("without an address")).or_insert(0) += 1,
        }
    }
    (rows, excluded)
}

/// Freezes a campaign to its end in chunks of random size; the sum of what they said.
async fn freeze_all(people: &People, campaign: CampaignId) -> Frozen {
    let store = &people.store;
    let transaction = store.begin().await.expect("begun");
    let to = freezing::fix_end(&transaction, campaign).await.expect("fixed");
    transaction.commit().await.expect("committed");
    let lists = freezing::lists_of(store, campaign).await.expect("read");
    let (mut after, mut sum) = (SubscriptionId(0), Frozen::default());
    while after < to {
        let limit = u32::try_from(1 + people.below(9)).expect("small");
        let through = freezing::end_of_chunk(store, &lists, after, to, limit).await.expect("found");
        let transaction = store.begin().await.expect("begun");
        let frozen =
            freezing::freeze(&transaction, &chunk(campaign, &lists, after, through), people.now())
                .await
                .expect("frozen");
        transaction.commit().await.expect("committed");
        assert!(frozen.candidates <= i64::from(limit));
        sum.candidates += frozen.candidates;
        sum.audience += frozen.audience;
        sum.excluded.extend(frozen.excluded);
        assert!(store::campaigns::sum_holds(store, campaign).await.expect("read"));
        after = through;
    }
    sum
}

fn chunk<'a>(
    campaign: CampaignId,
    lists: &'a freezing::FrozenLists,
    after: SubscriptionId,
    through: SubscriptionId,
) -> Chunk<'a> {
    let expires_at = Timestamp::from_second(people::NOON + 86_400).expect("in range");
    Chunk { campaign, lists, after, through, mail_domain: DOMAIN, expires_at }
}

async fn rows_of(people: &People, campaign: CampaignId) -> Vec<i64> {
    let of = format!("FROM delivery WHERE campaign_id = {}", campaign.0);
    let count = people.number(&format!("SELECT COUNT(*) {of}")).await;
    let mut rows = Vec::new();
    for place in 0..count {
        let sql = format!("SELECT subscription_id {of} ORDER BY id LIMIT 1 OFFSET {place}");
        rows.push(people.number(&sql).await);
    }
    rows
}

#[tokio::test]
async fn the_gate_in_sql_answers_as_the_gate_of_the_domain() {
    on_both(async |people| {
        let rounds = match people.store.dialect() {
            Dialect::Sqlite => 30,
            Dialect::Postgres => 20,
        };
        let mut seen = BTreeSet::new();
        for round in 0..rounds {
            let mut lists = Vec::new();
            for purpose in [Purpose::Newsletter, Purpose::PartnerOffers, Purpose::TrainingMail] {
                lists.push((people.list(purpose).await, purpose));
            }
            let town = settle_town(&people, round).await;
            let candidates = subscribe_town(&people, &town, &lists).await;
            stop_some(&people, &town).await;
            let to: Vec<ListId> = lists.iter().map(|(list, _)| *list).collect();
            let campaign = people.freezing(&to, &[]).await;
            let frozen = freeze_all(&people, campaign).await;
            let (rows, excluded) = expected(&people, &town, &candidates).await;
            assert_eq!(rows_of(&people, campaign).await, rows, "round {round}");
            let mut found = BTreeMap::new();
            for (reason, n) in frozen.excluded {
                *found.entry(reason).or_insert(0) += n;
            }
            assert_eq!(found, excluded, "round {round}");
            assert_eq!(frozen.candidates, i64::try_from(candidates.len()).expect("small"));
            assert_eq!(frozen.audience, i64::try_from(rows.len()).expect("small"));
            let report = store::campaigns::report(&people.store, campaign).await.expect("read");
            assert!(report.adds_up(), "{report:?}");
            assert_eq!(report.candidates, frozen.candidates);
            seen.extend(excluded.into_keys());
        }
        // Cap and enrolment are no matter of campaigns; the last two come after the freeze.
        let possible = WithholdReason::ALL.iter().copied();
        let possible = possible.filter(|reason| *reason < WithholdReason::NotEnrolled).collect();
        assert_eq!(seen, possible, "every reason came up");
    })
    .await;
}

#[tokio::test]
async fn whoever_ever_stood_on_an_excluded_list_is_no_candidate() {
    on_both(async |people| {
        let (news, staff) =
            (people.list(Purpose::Newsletter).await, people.list(Purpose::Newsletter).await);
        let mut expected = Vec::new();
        for (number, state) in ["", "confirmed", "pending", "unsubscribed"].iter().enumerate() {
            let email = format!("p{number}@mail.example");
            let subscription = people.subscriber(news, &email).await;
            if !state.is_empty() {
                let address = people.address(&email).await;
                people.subscribe(staff, None, Some(address), state, None).await;
            }
            if state.is_empty() {
                expected.push(subscription);
            }
        }
        let campaign = people.freezing(&[news], &[staff]).await;
        let frozen = freeze_all(&people, campaign).await;
        assert_eq!(rows_of(&people, campaign).await, expected);
        assert_eq!((frozen.candidates, frozen.audience), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_chunk_is_frozen_once_and_only_while_the_campaign_freezes() {
    on_both(async |people| {
        let news = people.list(Purpose::Newsletter).await;
        let last = people.subscriber(news, "a@mail.example").await;
        let campaign = people.freezing(&[news], &[]).await;
        let lists = freezing::lists_of(&people.store, campaign).await.expect("read");
        let chunk = chunk(campaign, &lists, SubscriptionId(0), SubscriptionId(last));
        let mut conflicts = 0;
        for state in ["freezing", "freezing", "cancelled"] {
            let transaction = people.store.begin().await.expect("begun");
            if state == "freezing" {
                freezing::fix_end(&transaction, campaign).await.expect("fixed");
            }
            let more = ", ended_at = 1";
            match freezing::freeze(&transaction, &chunk, people.now()).await {
                Ok(_) => transaction.commit().await.expect("committed"),
                Err(StoreError::Conflict { .. }) => {
                    conflicts += 1;
                    transaction.rollback().await.expect("undone");
                    people.put(campaign, "cancelled", more).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(conflicts, 2);
        assert_eq!(rows_of(&people, campaign).await, [last]);
    })
    .await;
}

#[tokio::test]
async fn every_mail_of_a_campaign_has_a_random_message_id_of_the_domain() {
    on_both(async |people| {
        let news = people.list(Purpose::Newsletter).await;
        for number in 0..20 {
            people.subscriber(news, &format!("p{number}@mail.example")).await;
        }
        let campaign = people.freezing(&[news], &[]).await;
        freeze_all(&people, campaign).await;
        let random = "substr(mail_id, 14, 32)";
        let sql = format!(
            "SELECT COUNT(DISTINCT {random}) FROM delivery WHERE mail_id LIKE '%@{DOMAIN}' \
             AND length(mail_id) >= 45 + length('@{DOMAIN}')"
        );
        assert_eq!(people.number(&sql).await, 20);
    })
    .await;
}
