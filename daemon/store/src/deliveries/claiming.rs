//! A node takes due rows to send them, and the facts that the gate asks for.
//!
//! Called by dispatch inside one short transaction: the stop counter is read first, then rows are
//! claimed, then the facts are read, so that a stop is either seen here or moves the counter.

use std::{fmt, time::Duration};

use domain::{
    Timestamp,
    address::EmailAddress,
    delivery::{Class, Occasion, Resent},
    ids::{AddressId, DeliveryId, TicketId, VaultKeyId},
    language::Locale,
};
use sea_orm::Value;

use crate::{
    connect::Dialect,
    deliveries::{
        misfits::{self, Misfit},
        of_campaigns::CampaignPart,
    },
    error::StoreError,
    leases::clock,
    restorations::IS_HELD,
    row::Row,
    session::{
        Session, Transaction, execute, is_one_of_numbers, numbers, query_all, query_one,
        query_optional, query_together,
    },
};

/// A claimed row with everything that its mail is made of.
#[derive(Clone)]
pub struct ClaimedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Its class.
    pub class: Class,
    /// What it is.
    pub occasion: Occasion,
    /// The ticket it belongs to.
    pub ticket: Option<TicketId>,
    /// The recipient's row.
    pub address: AddressId,
    /// The recipient in clear, for the wire.
    pub recipient: EmailAddress,
    /// Our Message-ID, without angle brackets.
    pub mail_id: String,
    /// The sealed content; none once its key was destroyed.
    pub content: Option<Vec<u8>>,
    /// The key it is sealed under.
    pub vault_key: Option<VaultKeyId>,
    /// The language of the ticket.
    pub locale: Option<Locale>,
    /// The attempt that this claim is for, from 1.
    pub attempt: u32,
    /// When it was planned: the Date of every attempt.
    pub planned_at: Timestamp,
    /// After this instant it is rejected as expired.
    pub expires_at: Timestamp,
    /// Whether it went out a second time after an uncertain attempt.
    pub resent: Resent,
    /// What a row of a campaign has besides.
    pub campaign: Option<CampaignPart>,
}

/// Never what the mail is made of, nor whom it goes to.
impl fmt::Debug for ClaimedDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedDelivery")
            .field("id", &self.id)
            .field("class", &self.class)
            .field("attempt", &self.attempt)
            .field("campaign", &self.campaign)
            .finish_non_exhaustive()
    }
}

/// Which mail a dispatch takes: answers of hello@ and bulk may leave by ways of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stream {
    /// Everything.
    #[default]
    All,
    /// Everything but campaigns.
    Hello,
    /// Campaigns.
    Bulk,
}

impl Stream {
    /// Whether it takes mail that is no campaign's.
    #[must_use]
    pub fn takes_hello(self) -> bool {
        matches!(self, Self::All | Self::Hello)
    }

    /// Whether it takes campaigns.
    #[must_use]
    pub fn takes_bulk(self) -> bool {
        matches!(self, Self::All | Self::Bulk)
    }
}

/// Which process claims.
#[derive(Debug, Clone, Copy)]
pub struct Claimant<'a> {
    /// The node's name.
    pub node: &'a str,
    /// Its epoch in the wire journal.
    pub epoch: &'a str,
}

const QUEUED: &str = "state IN ('planned', 'deferred')";

/// Whether anything is due that this stream takes.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_any_due(
    session: &impl Session,
    stream: Stream,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let hello = format!(
        "SELECT 1 FROM delivery WHERE {QUEUED} AND next_try_at <= $1 AND campaign_id IS NULL"
    );
    // Its first row in the order of the index: with EXISTS PostgreSQL reads all that wait.
    let bulk = format!(
        "SELECT 1 FROM campaign WHERE campaign.state = 'running' AND approved_hash IS NOT NULL AND $1 >= \
         (SELECT delivery.next_try_at FROM delivery WHERE delivery.{QUEUED} \
         AND delivery.campaign_id IS NOT NULL AND delivery.campaign_id = campaign.id \
         ORDER BY delivery.next_try_at LIMIT 1)"
    );
    let any = match stream {
        Stream::All => format!("EXISTS ({hello}) OR EXISTS ({bulk})"),
        Stream::Hello => format!("EXISTS ({hello})"),
        Stream::Bulk => format!("EXISTS ({bulk})"),
    };
    let sql = format!(
        "SELECT CAST(CASE WHEN NOT {IS_HELD} AND ({any}) THEN 1 ELSE 0 END AS BIGINT) AS due"
    );
    let due = query_one(session, &sql, [now.as_microsecond().into()]).await?;
    Ok(due.get::<i64>("delivery", "due")? > 0)
}

/// When the next row outside campaigns becomes due, if one waits.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn next_due_at(session: &impl Session) -> Result<Option<Timestamp>, StoreError> {
    let sql = format!(
        "SELECT MIN(next_try_at) AS at FROM delivery WHERE {QUEUED} AND campaign_id IS NULL"
    );
    query_one(session, &sql, []).await?.instant_option("delivery", "at")
}

/// A transaction in which this process may claim: made only while its node's lease runs.
#[derive(Debug, Clone, Copy)]
pub struct Claiming<'a> {
    pub(super) transaction: &'a Transaction,
    claimant: Claimant<'a>,
    lease: Duration,
    pub(super) now: Timestamp,
}

impl<'a> Claiming<'a> {
    /// `None` when the claimant is retired, replaced or without a lease. Claimed rows are held for
    /// `lease`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin(
        transaction: &'a Transaction,
        claimant: Claimant<'a>,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let may = may_claim(transaction, claimant, now).await?;
        Ok(may.then_some(Self { transaction, claimant, lease, now }))
    }

    /// Claims up to `limit` due rows that are no campaign's, most urgent first. A row that does
    /// not fit is put aside with an alarm.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn others(&self, limit: u32) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let ids = self.take(Which::Others, i64::from(limit)).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let dialect = self.transaction.dialect();
        let sql = format!(
            "SELECT {COLUMNS}, d.content, t.locale \
             FROM delivery d LEFT JOIN address a ON a.id = d.address_id LEFT JOIN ticket t ON t.id = d.ticket_id \
             WHERE d.id {} ORDER BY d.rank, d.next_try_at, d.id",
            is_one_of_numbers(1, dialect)
        );
        let rows = query_all(self.transaction, &sql, [numbers(ids, dialect)]).await?;
        self.taken(&rows, read).await
    }

    /// Marks due rows as claimed and tells which.
    pub(super) async fn take(&self, which: Which, limit: i64) -> Result<Vec<i64>, StoreError> {
        let mut values: Vec<Value> = vec![self.now.as_microsecond().into(), limit.into()];
        let chosen = match which {
            Which::Campaign(campaign) => {
                values.push(campaign.into());
                "campaign_id IS NOT NULL AND campaign_id = $3 ORDER BY next_try_at, id"
            }
            Which::PutOffOfCampaign { campaign, since_at } => {
                values.extend([campaign.into(), since_at.as_microsecond().into()]);
                "campaign_id IS NOT NULL AND campaign_id = $3 AND next_try_at > $4 \
                 ORDER BY next_try_at DESC, id DESC"
            }
            Which::Others => "campaign_id IS NULL ORDER BY rank, next_try_at, id",
        };
        let chosen = format!(
            "SELECT id FROM delivery WHERE {QUEUED} AND next_try_at <= $1 AND NOT {IS_HELD} \
             AND {chosen} LIMIT $2"
        );
        match self.transaction.dialect() {
            Dialect::Sqlite => self.mark_chosen(&chosen, values).await,
            Dialect::Postgres => self.mark_unlocked(&chosen, values).await,
        }
    }

    /// The one writer chooses first, so that the rows are told together.
    async fn mark_chosen(&self, chosen: &str, values: Vec<Value>) -> Result<Vec<i64>, StoreError> {
        let rows = query_together(self.transaction, &["id"], chosen, values).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids = rows.iter().map(|row| row.get("delivery", "id"));
        let ids = ids.collect::<Result<Vec<i64>, _>>()?;
        let dialect = self.transaction.dialect();
        let sql = format!(
            "UPDATE delivery SET state = 'claimed', attempt = attempt + 1, node = $1, epoch = $2, \
             leased_until_at = $3 WHERE id {}",
            is_one_of_numbers(4, dialect)
        );
        let values = [
            self.claimant.node.into(),
            self.claimant.epoch.into(),
            self.now.as_microsecond().saturating_add(self.lease_micros()).into(),
            numbers(ids.iter().copied(), dialect),
        ];
        execute(self.transaction, &sql, values).await?;
        Ok(ids)
    }

    async fn mark_unlocked(
        &self,
        chosen: &str,
        mut values: Vec<Value>,
    ) -> Result<Vec<i64>, StoreError> {
        let (node, epoch, lease) = (values.len() + 1, values.len() + 2, values.len() + 3);
        let until = clock(self.transaction.dialect(), self.now);
        // As an array the choice is made once; with IN the planner walks all finished rows.
        let sql = format!(
            "UPDATE delivery SET state = 'claimed', attempt = attempt + 1, node = ${node}, epoch = ${epoch}, \
             leased_until_at = {until} + ${lease} \
             WHERE id = ANY(ARRAY({chosen} FOR UPDATE SKIP LOCKED)) AND {QUEUED} RETURNING id"
        );
        values.extend([
            self.claimant.node.into(),
            self.claimant.epoch.into(),
            self.lease_micros().into(),
        ]);
        let rows = query_all(self.transaction, &sql, values).await?;
        rows.iter().map(|row| row.get("delivery", "id")).collect()
    }

    fn lease_micros(&self) -> i64 {
        i64::try_from(self.lease.as_micros()).unwrap_or(i64::MAX / 4)
    }

    /// Claimed rows as they are read; one that does not fit is put aside.
    pub(super) async fn taken(
        &self,
        rows: &[Row],
        read: impl Fn(&Row) -> Result<ClaimedDelivery, StoreError>,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let mut fitting = Vec::with_capacity(rows.len());
        for row in rows {
            match read(row) {
                Ok(delivery) => fitting.push(delivery),
                Err(error) => {
                    let Misfit { id, what } = Misfit::of(row, error)?;
                    misfits::park(self.transaction, id, &what.to_string(), self.now).await?;
                }
            }
        }
        misfits::fit(self.transaction, fitting.iter().map(|delivery| delivery.id), self.now)
            .await?;
        Ok(fitting)
    }
}

/// Which rows are claimed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    /// Those of one campaign.
    Campaign(i64),
    /// Of these the ones that were put off since the campaign began to run, the latest first: rows
    /// that were never tried are due since the freeze, which came before.
    PutOffOfCampaign {
        /// The campaign.
        campaign: i64,
        /// When it began to run.
        since_at: Timestamp,
    },
    /// Those of none.
    Others,
}

/// Whether the node's row allows a claim. On PostgreSQL the row is held until the claim is
/// committed, so that whoever retires the node finds what it claimed.
async fn may_claim(
    transaction: &Transaction,
    claimant: Claimant<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut values: Vec<Value> = vec![claimant.node.into(), claimant.epoch.into()];
    let (at, held) = match transaction.dialect() {
        // The one writer holds everything. The same text each time is prepared once.
        Dialect::Sqlite => {
            values.push(now.as_microsecond().into());
            ("$3".to_owned(), "")
        }
        dialect @ Dialect::Postgres => (clock(dialect, now), "FOR SHARE"),
    };
    let sql = format!(
        "SELECT id FROM node WHERE name = $1 AND epoch = $2 AND retired_at IS NULL \
         AND leased_until_at > {at} {held}"
    );
    Ok(query_optional(transaction, &sql, values).await?.is_some())
}

/// What every claimed row is read from, beside its content.
pub(super) const COLUMNS: &str = "d.id, d.class, d.purpose_of_mail, d.ticket_id, d.address_id, a.email, d.mail_id, \
                                  d.vault_key_id, d.attempt, d.planned_at, d.expires_at, d.resent";

/// The sealed content of a mail as it stands now.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn content_of(
    session: &impl Session,
    delivery: DeliveryId,
) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT id, content FROM delivery WHERE id = $1";
    match query_optional(session, sql, [delivery.0.into()]).await? {
        Some(row) => row.get("delivery", "content"),
        None => Ok(None),
    }
}

pub(super) fn read(row: &Row) -> Result<ClaimedDelivery, StoreError> {
    Ok(ClaimedDelivery {
        id: DeliveryId(row.get("delivery", "id")?),
        class: row.parsed("delivery", "class", Class::from_name)?,
        occasion: row.parsed("delivery", "purpose_of_mail", Occasion::from_name)?,
        ticket: row.get::<Option<i64>>("delivery", "ticket_id")?.map(TicketId),
        address: AddressId(row.get("delivery", "address_id")?),
        recipient: row.parsed("delivery", "email", |text| EmailAddress::parse(text).ok())?,
        mail_id: row.get("delivery", "mail_id")?,
        content: row.get("delivery", "content")?,
        vault_key: row
            .parsed_option("delivery", "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
        locale: row.parsed_option("delivery", "locale", Locale::from_code)?,
        attempt: attempt(row)?,
        planned_at: row.instant("delivery", "planned_at")?,
        expires_at: row.instant("delivery", "expires_at")?,
        resent: resent(row)?,
        campaign: None,
    })
}

pub(super) fn attempt(row: &Row) -> Result<u32, StoreError> {
    let attempt: i64 = row.get("delivery", "attempt")?;
    u32::try_from(attempt).map_err(|_| row.misfit("delivery", "attempt"))
}

pub(super) fn resent(row: &Row) -> Result<Resent, StoreError> {
    match row.get::<i64>("delivery", "resent")? {
        0 => Ok(Resent::Never),
        1 => Ok(Resent::Once),
        _ => Err(row.misfit("delivery", "resent")),
    }
}
