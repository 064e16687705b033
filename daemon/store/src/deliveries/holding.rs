//! The rows that a node holds or held: what its next start settles, and what others give up.

use domain::{
    Timestamp,
    delivery::{Class, Occasion, OutcomeKind, Resent, UncertainFate},
    ids::{DeliveryId, TicketId},
};

use crate::{
    deliveries::{
        claiming::{attempt, resent},
        misfits::{Misfit, set_aside},
        settling::{Change, Tried, UNCERTAIN_DETAIL, UNCERTAIN_TASK, apply},
    },
    error::StoreError,
    row::Row,
    session::{Session, Transaction, placeholders, query_all},
    tasks,
};

/// A row as the settling needs it.
#[derive(Debug, Clone)]
pub struct ClaimMark {
    /// Its id.
    pub id: DeliveryId,
    /// Its class.
    pub class: Class,
    /// What it is.
    pub occasion: Occasion,
    /// The ticket it belongs to.
    pub ticket: Option<TicketId>,
    /// The attempt of the claim.
    pub attempt: u32,
    /// The epoch of the claim.
    pub epoch: String,
    /// After this instant it is rejected as expired.
    pub expires_at: Timestamp,
    /// Whether it went out a second time already.
    pub resent: Resent,
}

/// A mail of a campaign lives as long again from the moment in which it went on, as at the claim.
const MARK: &str = "id, class, purpose_of_mail, ticket_id, attempt, epoch, resent, COALESCE((SELECT \
                    campaign.since_at + delivery.expires_at - delivery.planned_at FROM campaign \
                    WHERE campaign.id = delivery.campaign_id AND campaign.since_at > delivery.planned_at), \
                    delivery.expires_at) AS expires_at";

fn read(row: &Row) -> Result<ClaimMark, StoreError> {
    Ok(ClaimMark {
        id: DeliveryId(row.get("delivery", "id")?),
        class: row.parsed("delivery", "class", Class::from_name)?,
        occasion: row.parsed("delivery", "purpose_of_mail", Occasion::from_name)?,
        ticket: row.get::<Option<i64>>("delivery", "ticket_id")?.map(TicketId),
        attempt: attempt(row)?,
        epoch: row.get("delivery", "epoch")?,
        expires_at: row.instant("delivery", "expires_at")?,
        resent: resent(row)?,
    })
}

/// The rows that a node holds.
#[derive(Debug, Default)]
pub struct Held {
    /// Those that fit.
    pub marks: Vec<ClaimMark>,
    /// Those that do not; see [`set_aside`].
    pub misfits: Vec<Misfit>,
}

/// The rows that a node holds.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn claimed_by(session: &impl Session, node: &str) -> Result<Held, StoreError> {
    let sql =
        format!("SELECT {MARK} FROM delivery WHERE state = 'claimed' AND node = $1 ORDER BY id");
    let mut held = Held::default();
    for row in query_all(session, &sql, [node.into()]).await? {
        match read(&row) {
            Ok(mark) => held.marks.push(mark),
            Err(error) => held.misfits.push(Misfit::of(&row, error)?),
        }
    }
    Ok(held)
}

/// The rows of a node that somebody called uncertain, of these epochs, also those that wait to be
/// sent again. A row that does not fit stays as it is.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn uncertain_of(
    session: &impl Session,
    node: &str,
    epochs: &[String],
) -> Result<Vec<ClaimMark>, StoreError> {
    let sql = uncertain_sql(epochs.len());
    let values =
        std::iter::once(node.into()).chain(epochs.iter().map(|epoch| epoch.as_str().into()));
    let rows = query_all(session, &sql, values).await?;
    Ok(rows.iter().filter_map(|row| read(row).ok()).collect())
}

/// Two statements in one, so that each finds its index.
pub(crate) fn uncertain_sql(epochs: usize) -> String {
    let theirs = format!("node = $1 AND epoch IN ({})", placeholders(2, epochs));
    format!(
        "SELECT {MARK} FROM delivery WHERE state = 'uncertain' AND {theirs} UNION ALL \
         SELECT {MARK} FROM delivery WHERE state = 'deferred' AND resent = 1 AND {theirs} ORDER BY id"
    )
}

/// Which rows of a node that is gone are given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUp {
    /// All of them: the node was retired.
    All,
    /// Statutory mail only: the node is dead and somebody is owed an answer.
    Statutory,
}

/// Calls the rows that a gone node holds uncertain; statutory mail is resent once at `again_at`,
/// or becomes a task. Returns how many rows changed.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn give_up(
    transaction: &Transaction,
    node: &str,
    which: GiveUp,
    now: Timestamp,
    again_at: Timestamp,
) -> Result<usize, StoreError> {
    let mut changes = Vec::new();
    let mut tasks = Vec::new();
    let held = claimed_by(transaction, node).await?;
    for misfit in held.misfits.iter().filter(|_| which == GiveUp::All) {
        set_aside(transaction, misfit, now).await?;
    }
    for mark in held.marks {
        if which == GiveUp::Statutory && mark.class != Class::Statutory {
            continue;
        }
        let tried = Tried {
            outcome: OutcomeKind::Uncertain,
            relay: String::new(),
            code: None,
            enhanced: None,
            text: "the node that held it is gone".to_owned(),
        };
        let (change, fate) = Change::uncertain(&mark, tried, now, again_at);
        changes.push(change);
        if fate == UncertainFate::Task {
            tasks.push(mark);
        }
    }
    let changed = apply(transaction, node, &changes, now).await?;
    for mark in tasks.iter().filter(|mark| changed.contains(&mark.id)) {
        open_task(transaction, mark.id, mark.ticket, now).await?;
    }
    Ok(changed.len())
}

/// Asks a person to find out whether a mail arrived.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn open_task(
    transaction: &Transaction,
    delivery: DeliveryId,
    ticket: Option<TicketId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tasks::open(transaction, UNCERTAIN_TASK, ticket, Some(delivery), UNCERTAIN_DETAIL, now).await?;
    Ok(())
}
