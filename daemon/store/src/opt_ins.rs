//! What people typed who asked for a list, until it is confirmed or destroyed after seven days.

use domain::{
    Timestamp,
    digest::Digest,
    ids::{AddressId, ConsentTextId, DeliveryId, OptInId, PolicyId, SubscriptionId, VaultKeyId},
    language::Locale,
};

use crate::{
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, change_one, execute, placeholders, query_all, query_one,
        query_optional,
    },
};

/// A wish for one list. Personal data; prints nothing of it.
#[derive(Clone)]
pub struct OptInRow {
    /// Its row.
    pub id: OptInId,
    /// What it is to confirm.
    pub subscription: SubscriptionId,
    /// The one confirmation mail.
    pub delivery: Option<DeliveryId>,
    /// Its Message-ID.
    pub mail_id: String,
    /// The name as typed; may be empty.
    pub name: String,
    /// The language of the page.
    pub locale: Locale,
    /// The words shown.
    pub text: ConsentTextId,
    /// The policy shown beside them.
    pub policy: Option<PolicyId>,
    /// Page, act, network address …, as JSON.
    pub evidence: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Until when it can be confirmed.
    pub expires_at: Timestamp,
    /// When it was.
    pub confirmed_at: Option<Timestamp>,
}

impl std::fmt::Debug for OptInRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OptInRow").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A wish to be written down. Personal data; prints nothing of it.
#[derive(Clone)]
pub struct NewOptIn<'a> {
    /// What it is to confirm.
    pub subscription: SubscriptionId,
    /// The digest of the token in the mail's link; shared by all wishes of one act.
    pub token: Digest,
    /// The one confirmation mail.
    pub delivery: DeliveryId,
    /// Its Message-ID.
    pub mail_id: &'a str,
    /// The name as typed.
    pub name: &'a str,
    /// The language of the page.
    pub locale: Locale,
    /// The words shown.
    pub text: ConsentTextId,
    /// The policy shown beside them.
    pub policy: Option<PolicyId>,
    /// Page, act, network address …, as JSON.
    pub evidence: &'a str,
    /// Until when it can be confirmed.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for NewOptIn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewOptIn").field("subscription", &self.subscription).finish_non_exhaustive()
    }
}

const COLUMNS: &str = "id, subscription_id, delivery_id, mail_id, name, locale, text_id, policy_id, evidence, \
                       asked_at, expires_at, confirmed_at";

fn read(row: &Row) -> Result<OptInRow, StoreError> {
    Ok(OptInRow {
        id: OptInId(row.get("opt_in", "id")?),
        subscription: SubscriptionId(row.get("opt_in", "subscription_id")?),
        delivery: row.get::<Option<i64>>("opt_in", "delivery_id")?.map(DeliveryId),
        mail_id: row.get("opt_in", "mail_id")?,
        name: row.get("opt_in", "name")?,
        locale: row.parsed("opt_in", "locale", Locale::from_code)?,
        text: ConsentTextId(row.get("opt_in", "text_id")?),
        policy: row.get::<Option<i64>>("opt_in", "policy_id")?.map(PolicyId),
        evidence: row.get("opt_in", "evidence")?,
        asked_at: row.instant("opt_in", "asked_at")?,
        expires_at: row.instant("opt_in", "expires_at")?,
        confirmed_at: row.instant_option("opt_in", "confirmed_at")?,
    })
}

/// Writes a wish down.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn add(
    transaction: &Transaction,
    wish: &NewOptIn<'_>,
    now: Timestamp,
) -> Result<OptInId, StoreError> {
    let sql = "INSERT INTO opt_in (subscription_id, digest_key, token_digest, delivery_id, mail_id, name, locale, \
               text_id, policy_id, evidence, asked_at, expires_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id";
    let values = [
        wish.subscription.0.into(),
        i64::from(wish.token.key.0).into(),
        wish.token.bytes.to_vec().into(),
        wish.delivery.0.into(),
        wish.mail_id.into(),
        wish.name.into(),
        wish.locale.code().into(),
        wish.text.0.into(),
        wish.policy.map(|id| id.0).into(),
        wish.evidence.into(),
        now.as_microsecond().into(),
        wish.expires_at.as_microsecond().into(),
    ];
    Ok(OptInId(query_one(transaction, sql, values).await?.get("opt_in", "id")?))
}

/// All wishes that a token confirms, in the order of their lists' asking.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_token(
    session: &impl Session,
    digests: &[Digest],
) -> Result<Vec<OptInRow>, StoreError> {
    let list = placeholders(1, digests.len());
    let sql = format!("SELECT {COLUMNS} FROM opt_in WHERE token_digest IN ({list}) ORDER BY id");
    let values = digests.iter().map(|digest| digest.bytes.to_vec().into());
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Whether a wish for this subscription was mailed since an instant and still waits.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_asked_since(
    session: &impl Session,
    subscription: SubscriptionId,
    since: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM opt_in WHERE subscription_id = $1 AND confirmed_at IS NULL \
               AND asked_at > $2 AND expires_at > $3";
    let values =
        [subscription.0.into(), since.as_microsecond().into(), now.as_microsecond().into()];
    let n: i64 = query_one(session, sql, values).await?.get("opt_in", "n")?;
    Ok(n > 0)
}

/// The wish was confirmed.
///
/// # Errors
/// [`StoreError::Conflict`] when it was confirmed already.
pub async fn confirm(
    transaction: &Transaction,
    wish: OptInId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE opt_in SET confirmed_at = $2 WHERE id = $1 AND confirmed_at IS NULL";
    change_one(transaction, "opt_in", sql, [wish.0.into(), now.as_microsecond().into()]).await
}

/// A confirmation mail with wishes that nobody confirmed in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredMail {
    /// Its row in the ledger.
    pub delivery: DeliveryId,
    /// To whom it went.
    pub address: AddressId,
    /// The key of its content.
    pub vault_key: Option<VaultKeyId>,
    /// Whether another wish of it was confirmed: then the mail is evidence and stays.
    pub is_evidence: bool,
}

/// Confirmation mails with wishes whose time is over, oldest first. One that is under way, or of
/// which another wish can still be confirmed, is left: dispatch and the person need it.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn expired(
    session: &impl Session,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<ExpiredMail>, StoreError> {
    let sql = format!("{EXPIRED} ORDER BY id LIMIT $2");
    let rows =
        query_all(session, &sql, [now.as_microsecond().into(), i64::from(limit).into()]).await?;
    rows.iter().map(read_expired).collect()
}

/// One such mail, if it still is one.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn expired_mail(
    session: &impl Session,
    mail: DeliveryId,
    now: Timestamp,
) -> Result<Option<ExpiredMail>, StoreError> {
    let sql = format!("{EXPIRED} AND id = $2");
    let values = [now.as_microsecond().into(), mail.0.into()];
    query_optional(session, &sql, values).await?.as_ref().map(read_expired).transpose()
}

const EXPIRED: &str = "SELECT id, address_id, vault_key_id, CASE WHEN EXISTS (SELECT 1 FROM opt_in \
     WHERE opt_in.delivery_id = delivery.id AND confirmed_at IS NOT NULL) THEN 1 ELSE 0 END AS evidence \
     FROM delivery WHERE id IN \
     (SELECT delivery_id FROM opt_in WHERE confirmed_at IS NULL AND expires_at <= $1) \
     AND NOT EXISTS (SELECT 1 FROM opt_in WHERE opt_in.delivery_id = delivery.id \
     AND confirmed_at IS NULL AND expires_at > $1) \
     AND state <> 'claimed'";

fn read_expired(row: &Row) -> Result<ExpiredMail, StoreError> {
    // PostgreSQL gives a 32-bit number here, SQLite one of 64.
    let evidence = row
        .get::<i64>("delivery", "evidence")
        .or_else(|_| row.get::<i32>("delivery", "evidence").map(i64::from))?;
    Ok(ExpiredMail {
        delivery: DeliveryId(row.get("delivery", "id")?),
        address: AddressId(row.get("delivery", "address_id")?),
        vault_key: row
            .parsed_option("delivery", "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
        is_evidence: evidence == 1,
    })
}

/// Nobody may claim the mail any more, and nobody confirm what is in it, not even on a node whose
/// clock is behind; returns whether that is so now. The wishes in it are still there, so that a
/// death after this is taken up again.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn retire(
    transaction: &Transaction,
    mail: DeliveryId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE delivery SET state = 'rejected', settled_at = $2, reply_text = 'expired' \
               WHERE id = $1 AND state IN ('planned', 'deferred')";
    execute(transaction, sql, [mail.0.into(), now.as_microsecond().into()]).await?;
    let sql =
        "UPDATE opt_in SET expires_at = asked_at WHERE delivery_id = $1 AND confirmed_at IS NULL";
    execute(transaction, sql, [mail.0.into()]).await?;
    let sql = "SELECT COUNT(*) AS n FROM delivery WHERE id = $1 AND state <> 'claimed'";
    let n: i64 = query_one(transaction, sql, [mail.0.into()]).await?.get("delivery", "n")?;
    Ok(n == 1)
}

/// The wishes of a mail that wait in vain at `now`, with the subscriptions they were for.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn vain_wishes_of(
    session: &impl Session,
    mail: DeliveryId,
    now: Timestamp,
) -> Result<Vec<OptInRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM opt_in WHERE delivery_id = $1 AND confirmed_at IS NULL AND expires_at <= $2 \
         ORDER BY id"
    );
    let values = [mail.0.into(), now.as_microsecond().into()];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Destroys a wish.
///
/// # Errors
/// [`StoreError::Conflict`] when it was confirmed.
pub async fn destroy(transaction: &Transaction, wish: OptInId) -> Result<(), StoreError> {
    let sql = "DELETE FROM opt_in WHERE id = $1 AND confirmed_at IS NULL";
    change_one(transaction, "opt_in", sql, [wish.0.into()]).await
}

/// The link for this subscription leads nowhere from now on: the wishes expire at once; returns
/// whether there was one.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn let_expire(
    transaction: &Transaction,
    subscription: SubscriptionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE opt_in SET expires_at = $2 WHERE subscription_id = $1 AND confirmed_at IS NULL \
               AND expires_at > $2";
    Ok(execute(transaction, sql, [subscription.0.into(), now.as_microsecond().into()]).await? > 0)
}

/// Whether another wish for this subscription is still there.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn is_any_left(
    session: &impl Session,
    subscription: SubscriptionId,
) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM opt_in WHERE subscription_id = $1 AND confirmed_at IS NULL LIMIT 1";
    Ok(query_optional(session, sql, [subscription.0.into()]).await?.is_some())
}

/// Destroys a settled confirmation mail with its attempts.
///
/// # Errors
/// [`StoreError::Conflict`] when it is under way, or is no confirmation.
pub async fn destroy_mail(transaction: &Transaction, mail: DeliveryId) -> Result<(), StoreError> {
    for sql in [
        "UPDATE task SET delivery_id = NULL WHERE delivery_id = $1",
        "DELETE FROM delivery_attempt WHERE delivery_id = $1",
    ] {
        execute(transaction, sql, [mail.0.into()]).await?;
    }
    let sql = "DELETE FROM delivery WHERE id = $1 AND class = 'confirmation' \
               AND state NOT IN ('planned', 'claimed', 'deferred')";
    change_one(transaction, "delivery", sql, [mail.0.into()]).await
}

/// How many confirmation mails were planned for a stop key since an instant.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn mailed_since(
    session: &impl Session,
    stop_digests: &[Digest],
    since: Timestamp,
) -> Result<i64, StoreError> {
    let list = placeholders(2, stop_digests.len());
    let sql = format!(
        "SELECT COUNT(*) AS n FROM delivery WHERE purpose_of_mail = 'confirmation' AND planned_at > $1 \
         AND campaign_id IS NULL AND stop_digest IN ({list})"
    );
    let values = std::iter::once(since.as_microsecond().into())
        .chain(stop_digests.iter().map(|digest| digest.bytes.to_vec().into()));
    query_one(session, &sql, values).await?.get("delivery", "n")
}
