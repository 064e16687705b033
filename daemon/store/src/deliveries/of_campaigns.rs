//! A node takes due rows of running campaigns, and what the gate asks of such a row.
//!
//! Called by dispatch in the transaction of its claim, after the other mail was claimed. On
//! PostgreSQL the campaigns are held in share until the claim is committed, so that whoever
//! pauses or cancels one finds its rows claimed or waits; a stop that comes later moves the
//! sequence and is seen before START.

use std::{collections::HashMap, fmt};

use domain::{
    Timestamp,
    block::Purpose,
    campaign::ContentHash,
    gate::ListStanding,
    ids::{CampaignId, ConsentEventId, ContactId, DeliveryId, SubscriptionId},
};
use sea_orm::Value;

use crate::{
    alarms,
    connect::Dialect,
    deliveries::{
        claiming::{self, COLUMNS, ClaimedDelivery, Claiming, Which},
        misfits,
    },
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, execute, is_found_by_numbers, numbers, placeholders, query_all,
        query_together,
    },
};

/// What a claimed row of a campaign is made of, beside what every row has.
#[derive(Clone)]
pub struct CampaignPart {
    /// The campaign.
    pub campaign: CampaignId,
    /// The hash of what was approved: its content is that very one.
    pub content: ContentHash,
    /// The subscription by which the mail is sent.
    pub subscription: SubscriptionId,
    /// The contact, for its blocks.
    pub contact: Option<ContactId>,
    /// Its name as the templates may use it; empty when unknown.
    pub contact_name: String,
    /// The list, while the subscription exists.
    pub list: Option<ListPart>,
    /// The consent that the row names.
    pub consent: Option<ConsentEventId>,
    /// How the subscription stood at the claim.
    pub standing: SubscriptionStanding,
}

/// Never the person's name.
impl fmt::Debug for CampaignPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CampaignPart")
            .field("campaign", &self.campaign)
            .field("subscription", &self.subscription)
            .field("consent", &self.consent)
            .finish_non_exhaustive()
    }
}

/// The list of a claimed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPart {
    /// Its name: part of List-Id.
    pub name: String,
    /// Its title in Russian.
    pub title_ru: String,
    /// Its title in English.
    pub title_en: String,
    /// Who advertises.
    pub advertiser: String,
}

/// What the gate asks of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionStanding {
    /// The purpose of its list.
    pub purpose: Purpose,
    /// How the person stands to the list; absent once it was destroyed or has another address.
    pub list: ListStanding,
    /// The consent that can be shown.
    pub consent: Option<ConsentEventId>,
    /// The last double opt-in from this mailbox.
    pub opted_in_at: Option<Timestamp>,
}

/// Whether the campaign of a row in hand lets it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CampaignPace {
    /// It runs.
    Runs,
    /// Paused or held: its rows wait in the ledger.
    Stands,
    /// Cancelled: its rows are withheld.
    Cancelled,
}

/// How a row in hand stands to its campaign and its subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CampaignStanding {
    /// The campaign.
    pub pace: CampaignPace,
    /// The subscription.
    pub subscription: SubscriptionStanding,
}

/// A campaign whose rows may be claimed.
struct Running {
    id: i64,
    /// What was approved.
    content: ContentHash,
    /// When it began to run, or last went on.
    since_at: Timestamp,
}

impl Running {
    /// A mail lives so long from the freeze, and again from the moment in which its campaign went
    /// on: the time in which nobody could try it is not its own.
    fn expiry(&self, delivery: &ClaimedDelivery) -> Timestamp {
        let lives_for = delivery.expires_at.duration_since(delivery.planned_at);
        let from_now_on = self.since_at.saturating_add(lives_for);
        from_now_on.map_or(delivery.expires_at, |at| at.max(delivery.expires_at))
    }
}

/// The campaigns whose rows may be claimed and what was approved of each, held in share until the
/// transaction ends. One whose approval cannot be read stands still with an alarm: the others go.
async fn running(transaction: &Transaction, now: Timestamp) -> Result<Vec<Running>, StoreError> {
    let held = match transaction.dialect() {
        // The one writer holds everything.
        Dialect::Sqlite => "",
        Dialect::Postgres => "FOR SHARE",
    };
    // Without an approval nothing goes out (invariant 17).
    let sql = format!(
        "SELECT id, approved_hash, since_at FROM campaign WHERE state = 'running' AND approved_hash IS NOT NULL \
         ORDER BY id {held}"
    );
    let rows = query_all(transaction, &sql, []).await?;
    let mut running = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = row.get("campaign", "id")?;
        let approved = row.sha256("campaign", "approved_hash");
        match approved.and_then(|hash| Ok((hash, row.instant("campaign", "since_at")?))) {
            Ok((content, since_at)) => running.push(Running { id, content, since_at }),
            Err(what) => {
                let name = misfits::approval_alarm(id);
                alarms::raise(transaction, &name, &what.to_string(), now).await?;
            }
        }
    }
    misfits::approvals_fit(transaction, running.iter().map(|running| running.id), now).await?;
    Ok(running)
}

impl Claiming<'_> {
    /// Claims up to `limit` due rows of running campaigns, shared evenly among them; who begins
    /// changes with `turn`. A row that does not fit is put aside with an alarm.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn of_campaigns(
        &self,
        limit: u32,
        turn: usize,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let mut campaigns = running(self.transaction, self.now).await?;
        if limit == 0 || campaigns.is_empty() {
            return Ok(Vec::new());
        }
        let first = turn % campaigns.len();
        campaigns.rotate_left(first);
        let mut left = i64::from(limit);
        let mut ids = Vec::new();
        for (place, campaign) in campaigns.iter().enumerate() {
            // What one does not need is left to the others.
            let waiting = i64::try_from(campaigns.len() - place).unwrap_or(i64::MAX);
            let share = left / waiting + i64::from(left % waiting > 0);
            if share == 0 {
                break;
            }
            // Rows that were put off are due after all that were never tried: where each first
            // attempt is greylisted, the second ones would come when the last first one is made.
            let mut claimed = Vec::new();
            if turn / campaigns.len() % 4 == 3 {
                let put_off =
                    Which::PutOffOfCampaign { campaign: campaign.id, since_at: campaign.since_at };
                claimed = self.take(put_off, share).await?;
            }
            let room = share - i64::try_from(claimed.len()).unwrap_or(i64::MAX);
            if room > 0 {
                claimed.extend(self.take(Which::Campaign(campaign.id), room).await?);
            }
            left -= i64::try_from(claimed.len()).unwrap_or(i64::MAX);
            ids.extend(claimed);
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let dialect = self.transaction.dialect();
        let sql = format!(
            "SELECT {COLUMNS}, NULL AS content, NULL AS locale, d.campaign_id, d.subscription_id, d.consent_id, \
             {STANDING}, s.contact_id, l.name AS list_name, l.title_ru, l.title_en, l.advertiser, c.name AS contact_name \
             FROM delivery d LEFT JOIN address a ON a.id = d.address_id {SUBSCRIPTION} \
             LEFT JOIN contact c ON c.id = s.contact_id \
             WHERE d.id {} ORDER BY d.next_try_at, d.id",
            is_found_by_numbers(1, dialect)
        );
        let rows =
            query_together(self.transaction, &CLAIMED, &sql, [numbers(ids, dialect)]).await?;
        let read = |row: &Row| {
            let delivery = claiming::read(row)?;
            let campaign: i64 = row.get("delivery", "campaign_id")?;
            let campaign = campaigns
                .iter()
                .find(|running| running.id == campaign)
                .ok_or_else(|| row.misfit("delivery", "campaign_id"))?;
            let (expires_at, part) = (campaign.expiry(&delivery), part(row, campaign)?);
            Ok(ClaimedDelivery { expires_at, campaign: Some(part), ..delivery })
        };
        self.taken(&rows, read).await
    }
}

/// What is read of a claimed row; a row of a campaign has no content of its own.
const CLAIMED: [&str; 27] = [
    "id",
    "class",
    "purpose_of_mail",
    "ticket_id",
    "address_id",
    "email",
    "mail_id",
    "content",
    "vault_key_id",
    "attempt",
    "planned_at",
    "expires_at",
    "resent",
    "locale",
    "campaign_id",
    "subscription_id",
    "consent_id",
    "subscription_state",
    "shown_consent_id",
    "opted_in_at",
    "purpose",
    "contact_id",
    "list_name",
    "title_ru",
    "title_en",
    "advertiser",
    "contact_name",
];

/// What is read of a subscription.
const STANDING: &str =
    "s.state AS subscription_state, s.consent_id AS shown_consent_id, s.opted_in_at, l.purpose";

/// A subscription that has another address by now allows nothing to this one.
const SUBSCRIPTION: &str = "LEFT JOIN subscription s ON s.id = d.subscription_id AND s.address_id = d.address_id \
                            LEFT JOIN list l ON l.id = s.list_id";

fn part(row: &Row, running: &Running) -> Result<CampaignPart, StoreError> {
    let list = match row.get::<Option<String>>("list", "list_name")? {
        Some(name) => Some(ListPart {
            name,
            title_ru: row.get("list", "title_ru")?,
            title_en: row.get("list", "title_en")?,
            advertiser: row.get("list", "advertiser")?,
        }),
        None => None,
    };
    Ok(CampaignPart {
        campaign: CampaignId(running.id),
        content: running.content,
        subscription: SubscriptionId(row.get("delivery", "subscription_id")?),
        contact: row.get::<Option<i64>>("subscription", "contact_id")?.map(ContactId),
        contact_name: row.get::<Option<String>>("contact", "contact_name")?.unwrap_or_default(),
        list,
        consent: row.get::<Option<i64>>("delivery", "consent_id")?.map(ConsentEventId),
        standing: standing(row)?,
    })
}

fn standing(row: &Row) -> Result<SubscriptionStanding, StoreError> {
    let state = row.parsed_option("subscription", "subscription_state", |word| match word {
        "pending" => Some(ListStanding::Pending),
        "confirmed" => Some(ListStanding::Confirmed),
        "unsubscribed" => Some(ListStanding::Unsubscribed),
        _ => None,
    })?;
    Ok(SubscriptionStanding {
        purpose: row
            .parsed_option("list", "purpose", Purpose::from_name)?
            .unwrap_or(Purpose::Newsletter),
        list: state.unwrap_or(ListStanding::Absent),
        consent: row.get::<Option<i64>>("subscription", "shown_consent_id")?.map(ConsentEventId),
        opted_in_at: row.instant_option("subscription", "opted_in_at")?,
    })
}

/// How rows in hand stand to their campaigns and subscriptions now, in one query for all. Those of
/// which it cannot be read are left out.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn campaign_standings(
    session: &impl Session,
    deliveries: &[DeliveryId],
) -> Result<HashMap<DeliveryId, CampaignStanding>, StoreError> {
    if deliveries.is_empty() {
        return Ok(HashMap::new());
    }
    let dialect = session.dialect();
    let sql = format!(
        "SELECT d.id AS id, g.state AS campaign_state, {STANDING} FROM delivery d \
         JOIN campaign g ON g.id = d.campaign_id {SUBSCRIPTION} WHERE d.id {}",
        is_found_by_numbers(1, dialect)
    );
    let ids = numbers(deliveries.iter().map(|id| id.0), dialect);
    let columns = &[
        "id",
        "campaign_state",
        "subscription_state",
        "shown_consent_id",
        "opted_in_at",
        "purpose",
    ];
    let rows = query_together(session, columns, &sql, [ids]).await?;
    rows.iter()
        .map(|row| {
            let pace = row.parsed("campaign", "campaign_state", |word| match word {
                "running" => Some(CampaignPace::Runs),
                "cancelled" => Some(CampaignPace::Cancelled),
                "draft" | "approved" | "scheduled" | "freezing" | "paused" | "held"
                | "finished" => Some(CampaignPace::Stands),
                _ => None,
            })?;
            let standing = CampaignStanding { pace, subscription: standing(row)? };
            Ok((DeliveryId(row.get("delivery", "id")?), standing))
        })
        // Of a row that does not fit nothing is known, and the next claim sets it aside.
        .filter(|read| !matches!(read, Err(StoreError::Inconsistent { .. })))
        .collect()
}

/// Writes down which consent allowed these mails, where the row names another.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn name_consents(
    transaction: &Transaction,
    allowed: &[(DeliveryId, ConsentEventId)],
) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET consent_id = $2 WHERE id = $1";
    for (delivery, consent) in allowed {
        execute(transaction, sql, [delivery.0.into(), consent.0.into()]).await?;
    }
    Ok(())
}

/// To whom these mails go: for what a refusal says of the address.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn recipients_of(
    session: &impl Session,
    deliveries: &[DeliveryId],
) -> Result<Vec<(DeliveryId, domain::address::EmailAddress)>, StoreError> {
    let sql = format!(
        "SELECT d.id, a.email FROM delivery d JOIN address a ON a.id = d.address_id WHERE d.id IN ({})",
        placeholders(1, deliveries.len())
    );
    let rows = query_all(session, &sql, deliveries.iter().map(|id| Value::from(id.0))).await?;
    rows.iter()
        .map(|row| {
            let email = row.parsed("address", "email", |text| {
                domain::address::EmailAddress::parse(text).ok()
            })?;
            Ok((DeliveryId(row.get("delivery", "id")?), email))
        })
        .collect()
}
