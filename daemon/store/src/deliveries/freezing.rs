//! The freeze: who is left of a campaign's candidates after the gate, written down in chunks.
//!
//! Called by the campaign runner, one short transaction for each chunk of subscriptions in the
//! order of their ids: the cursor moves, the rows of the audience are inserted, the excluded are
//! counted by their first reason. Candidates are the subscriptions, in any state, of the lists
//! addressed, less every address that has a subscription of an excluded list, in any state.

mod verdict;

use domain::{
    Timestamp,
    delivery::{Class, DeliveryStateName, Occasion, WithholdReason},
    ids::{CampaignId, ListId, SubscriptionId},
};
use sea_orm::Value;

use crate::{
    connect::Dialect,
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, change_one, execute, placeholders, query_all, query_one,
        query_optional,
    },
};
use verdict::{DUPLICATE, NO_ADDRESS, PASSES, PLANTED, verdict};

/// Ids that one chunk walks over at the most, however few of them belong to the lists.
const WALKED_AT_MOST: i64 = 200_000;

/// The lists of a campaign.
#[derive(Debug, Clone, Default)]
pub struct FrozenLists {
    to: Vec<ListId>,
    except: Vec<ListId>,
}

/// The lists that a campaign addresses and excludes; they do not change once it freezes.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn lists_of(
    session: &impl Session,
    campaign: CampaignId,
) -> Result<FrozenLists, StoreError> {
    let sql = "SELECT list_id, role FROM campaign_list WHERE campaign_id = $1 ORDER BY list_id";
    let mut lists = FrozenLists::default();
    for row in query_all(session, sql, [campaign.0.into()]).await? {
        let list = ListId(row.get("campaign_list", "list_id")?);
        let role = row.parsed("campaign_list", "role", |role| match role {
            "to" => Some(&mut lists.to),
            "except" => Some(&mut lists.except),
            _ => None,
        })?;
        role.push(list);
    }
    Ok(lists)
}

/// Fixes how far the freeze goes: to the newest subscription there is now. Returns it; what was
/// fixed before stays.
///
/// # Errors
/// [`StoreError::Conflict`] when the campaign does not freeze any more.
pub async fn fix_end(
    transaction: &Transaction,
    campaign: CampaignId,
) -> Result<SubscriptionId, StoreError> {
    let sql = "UPDATE campaign SET frozen_to = \
               COALESCE(frozen_to, (SELECT COALESCE(MAX(id), 0) FROM subscription)) \
               WHERE id = $1 AND state = 'freezing' RETURNING frozen_to";
    match query_optional(transaction, sql, [campaign.0.into()]).await? {
        Some(row) => Ok(SubscriptionId(row.get("campaign", "frozen_to")?)),
        None => Err(StoreError::Conflict { what: "campaign" }),
    }
}

/// One step of the freeze: the subscriptions after `after`, up to and including `through`.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// The campaign.
    pub campaign: CampaignId,
    /// Whom it addresses.
    pub lists: &'a FrozenLists,
    /// The cursor as it was read.
    pub after: SubscriptionId,
    /// Where it stands after this chunk.
    pub through: SubscriptionId,
    /// The domain of the Message-IDs.
    pub mail_domain: &'a str,
    /// When mails that were not taken by then are given up.
    pub expires_at: Timestamp,
}

/// Where the chunk after `after` ends that has at the most `limit` candidates. Asked outside of
/// the transaction, so that the search for it keeps nobody from writing.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn end_of_chunk(
    session: &impl Session,
    lists: &FrozenLists,
    after: SubscriptionId,
    to: SubscriptionId,
    limit: u32,
) -> Result<SubscriptionId, StoreError> {
    let furthest = to.0.min(after.0.saturating_add(WALKED_AT_MOST));
    let sql = format!(
        "SELECT id FROM subscription WHERE id > $1 AND id <= $2 AND +list_id IN ({}) \
         ORDER BY id LIMIT 1 OFFSET $3",
        placeholders(4, lists.to.len())
    );
    let values = [after.0.into(), furthest.into(), i64::from(limit.saturating_sub(1)).into()]
        .into_iter()
        .chain(lists.to.iter().map(|list| Value::from(list.0)));
    match query_optional(session, &sql, values).await? {
        Some(row) => Ok(SubscriptionId(row.get("subscription", "id")?)),
        None => Ok(SubscriptionId(furthest)),
    }
}

/// What a chunk added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frozen {
    /// Subscriptions looked at.
    pub candidates: i64,
    /// Rows written into the ledger.
    pub audience: i64,
    /// The others, by the first reason that held.
    pub excluded: Vec<(WithholdReason, i64)>,
}

/// Freezes one chunk. The cursor moves first: it orders two runners, and whoever cancels waits
/// for the end of the chunk or is before it.
///
/// Stops match by the digest that stands in the address's row. While several digest keys are in
/// use, one kept under another key than the address is seen by the claim, which asks under all
/// keys: the row is then withheld there instead of being left out here.
///
/// # Errors
/// [`StoreError::Conflict`] when the campaign does not freeze any more, or another runner was
/// first; [`StoreError::Unavailable`].
pub async fn freeze(
    transaction: &Transaction,
    chunk: &Chunk<'_>,
    now: Timestamp,
) -> Result<Frozen, StoreError> {
    let sql = "UPDATE campaign SET frozen_after = $3 WHERE id = $1 AND state = 'freezing' \
               AND frozen_after = $2 AND frozen_to >= $3";
    let values = [chunk.campaign.0.into(), chunk.after.0.into(), chunk.through.0.into()];
    change_one(transaction, "campaign", sql, values).await?;
    let rows = match transaction.dialect() {
        Dialect::Sqlite => judge_on_sqlite(transaction, chunk, now).await?,
        Dialect::Postgres => judge_on_postgres(transaction, chunk, now).await?,
    };
    let frozen = counted(&rows)?;
    write_counts(transaction, chunk.campaign, &frozen).await?;
    Ok(frozen)
}

/// Inserts, then counts: nobody else writes meanwhile. The gate is asked a second time only of
/// those that were not inserted.
async fn judge_on_sqlite(
    transaction: &Transaction,
    chunk: &Chunk<'_>,
    now: Timestamp,
) -> Result<Vec<Row>, StoreError> {
    let verdict = verdict(Dialect::Sqlite);
    let of_chunk = of_chunk(chunk.lists);
    let sql = format!(
        "{} SELECT {} FROM {CANDIDATES} WHERE {of_chunk} AND s.address_id IS NOT NULL \
         AND {verdict} = {PASSES} ORDER BY s.id {ONCE}",
        insert(),
        columns(Dialect::Sqlite, "s", "a")
    );
    execute(transaction, &sql, values(chunk, now)).await?;
    // The address is looked up only where the gate is asked.
    let sql = format!(
        "SELECT reason, COUNT(*) AS n FROM (SELECT CASE \
         WHEN s.address_id IS NULL THEN {NO_ADDRESS} \
         WHEN d.subscription_id = s.id THEN {PLANTED} \
         WHEN d.subscription_id < s.id THEN {DUPLICATE} \
         ELSE (SELECT {verdict} FROM address a WHERE a.id = s.address_id) END AS reason \
         FROM subscription s LEFT JOIN delivery d ON d.campaign_id = $1 AND d.address_id = s.address_id \
         WHERE {of_chunk}) AS judged GROUP BY reason"
    );
    query_all(transaction, &sql, values(chunk, now)).await
}

/// Inserts and counts in one statement, of one snapshot: a stop that commits meanwhile changes
/// neither or both.
async fn judge_on_postgres(
    transaction: &Transaction,
    chunk: &Chunk<'_>,
    now: Timestamp,
) -> Result<Vec<Row>, StoreError> {
    let sql = format!(
        "WITH judged AS MATERIALIZED (SELECT s.id, s.address_id, s.consent_id, a.stop_digest, \
         {verdict} AS verdict FROM {CANDIDATES} WHERE {of_chunk}), \
         planted AS ({insert} SELECT {columns} FROM judged j \
         WHERE j.address_id IS NOT NULL AND j.verdict = {PASSES} ORDER BY j.id {ONCE} \
         RETURNING subscription_id, address_id) \
         SELECT reason, COUNT(*) AS n FROM (SELECT CAST(CASE \
         WHEN j.address_id IS NULL THEN {NO_ADDRESS} \
         WHEN p.subscription_id = j.id THEN {PLANTED} \
         WHEN p.subscription_id < j.id THEN {DUPLICATE} \
         WHEN (SELECT d.id FROM delivery d WHERE d.campaign_id = $1 AND d.address_id = j.address_id) \
         IS NOT NULL THEN {DUPLICATE} \
         ELSE j.verdict END AS BIGINT) AS reason \
         FROM judged j LEFT JOIN planted p ON p.address_id = j.address_id) AS counted GROUP BY reason",
        verdict = verdict(Dialect::Postgres),
        of_chunk = of_chunk(chunk.lists),
        insert = insert(),
        columns = columns(Dialect::Postgres, "j", "j"),
    );
    query_all(transaction, &sql, values(chunk, now)).await
}

/// The first row of an address wins; in the order of ids that is the first that passes.
const ONCE: &str = "ON CONFLICT (campaign_id, address_id) WHERE campaign_id IS NOT NULL DO NOTHING";

fn insert() -> &'static str {
    "INSERT INTO delivery (class, purpose_of_mail, address_id, stop_digest, mail_id, digest_key, mail_id_digest, \
     rank, state, planned_at, next_try_at, expires_at, campaign_id, subscription_id, consent_id)"
}

/// What a row of the audience holds. Its Message-ID begins with the time of the chunk, so that a
/// million of them are written into the index in order; the 122 or more random bits behind it
/// are what cannot be guessed.
fn columns(dialect: Dialect, subscription: &str, address: &str) -> String {
    let random = match dialect {
        Dialect::Sqlite => "lower(hex(randomblob(16)))",
        Dialect::Postgres => "replace(CAST(gen_random_uuid() AS TEXT), '-', '')",
    };
    format!(
        "'{class}', '{occasion}', {subscription}.address_id, {address}.stop_digest, $6 || {random} || $7, 0, $8, \
         {rank}, '{planned}', $4, $4, $5, $1, {subscription}.id, {subscription}.consent_id",
        class = Class::Advertising.name(),
        occasion = Occasion::Campaign.name(),
        rank = Class::Advertising.rank(),
        planned = DeliveryStateName::Planned.name(),
    )
}

/// Subscriptions with their addresses.
const CANDIDATES: &str = "subscription s LEFT JOIN address a ON a.id = s.address_id";

/// Whether a subscription belongs to the chunk. The plus keeps SQLite on the range of ids: by the
/// index of a list it would walk all of it for every chunk.
fn of_chunk(lists: &FrozenLists) -> String {
    let to = placeholders(9, lists.to.len());
    let mut sql = format!("s.id > $2 AND s.id <= $3 AND +s.list_id IN ({to})");
    if !lists.except.is_empty() {
        let except = placeholders(9 + lists.to.len(), lists.except.len());
        sql.push_str(&format!(
            " AND NOT EXISTS (SELECT 1 FROM subscription e WHERE e.address_id = s.address_id \
             AND +e.list_id IN ({except}))"
        ));
    }
    sql
}

fn values(chunk: &Chunk<'_>, now: Timestamp) -> Vec<Value> {
    [
        chunk.campaign.0.into(),
        chunk.after.0.into(),
        chunk.through.0.into(),
        now.as_microsecond().into(),
        chunk.expires_at.as_microsecond().into(),
        format!("{:x}", now.as_microsecond()).into(),
        format!("@{}", chunk.mail_domain).into(),
        Vec::<u8>::new().into(),
    ]
    .into_iter()
    .chain(chunk.lists.to.iter().chain(&chunk.lists.except).map(|list| Value::from(list.0)))
    .collect()
}

fn counted(rows: &[Row]) -> Result<Frozen, StoreError> {
    let mut frozen = Frozen::default();
    for row in rows {
        let n: i64 = row.get("subscription", "n")?;
        let reason: i64 = row.get("subscription", "reason")?;
        frozen.candidates += n;
        if reason == PLANTED {
            frozen.audience += n;
        } else {
            let reason = usize::try_from(reason).ok().and_then(|n| WithholdReason::ALL.get(n));
            let unknown = || StoreError::Defect("the freeze gave an unknown reason".to_owned());
            frozen.excluded.push((*reason.ok_or_else(unknown)?, n));
        }
    }
    frozen.excluded.sort_unstable();
    Ok(frozen)
}

async fn write_counts(
    transaction: &Transaction,
    campaign: CampaignId,
    frozen: &Frozen,
) -> Result<(), StoreError> {
    let sql = "UPDATE campaign SET candidates = candidates + $2, audience_size = audience_size + $3 \
               WHERE id = $1 AND state = 'freezing' RETURNING audience_size";
    let values = [campaign.0.into(), frozen.candidates.into(), frozen.audience.into()];
    query_one(transaction, sql, values).await?;
    for (reason, count) in &frozen.excluded {
        let sql = "INSERT INTO campaign_exclusion (campaign_id, reason, count) VALUES ($1, $2, $3) \
                   ON CONFLICT (campaign_id, reason) \
                   DO UPDATE SET count = campaign_exclusion.count + excluded.count";
        let values = [campaign.0.into(), reason.name().into(), (*count).into()];
        execute(transaction, sql, values).await?;
    }
    Ok(())
}
