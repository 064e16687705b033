//! Packages of what is held about a person: made, approved elsewhere, sent as a link, spent, destroyed.
//!
//! The row stands before the object does, so that no object with a person's data is ever without a
//! row that destroys it. The files of exports are noted here, too.

mod given;
mod held;
mod research;
mod voiding;

use domain::{
    Timestamp,
    digest::Digest,
    ids::{AddressId, DeliveryId, ObjectId, PackageId, RequestId, TicketId, VaultKeyId},
};

use crate::{
    error::StoreError,
    row::Row,
    session::{
        Session, Transaction, change_one, execute, placeholders, query_all, query_one,
        query_optional,
    },
};

pub use given::{
    HeldDelivery, HeldDisclosure, deliveries, disclosures, tickets, tickets_held_back,
};
pub use held::{
    HeldBlock, HeldContact, HeldSubscription, HeldSuppression, Whose, addresses, block_rows,
    contact, own_addresses, sharers, subscriptions, suppressions,
};
pub use research::{ResearchRow, research_rows};
pub use voiding::{void_all, void_links, void_of_ticket};

/// Where a package stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageState {
    /// Made, and waits for the decision.
    Made,
    /// Its link was sent.
    Sent,
    /// The person took it.
    Fetched,
    /// Nobody took it in time.
    Expired,
    /// Another took its place, or it was not needed.
    Void,
}

impl PackageState {
    /// The word of the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Sent => "sent",
            Self::Fetched => "fetched",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }

    fn from_name(word: &str) -> Option<Self> {
        [Self::Made, Self::Sent, Self::Fetched, Self::Expired, Self::Void]
            .into_iter()
            .find(|state| state.name() == word)
    }
}

/// A package as it stands.
#[derive(Debug, Clone)]
pub struct PackageRow {
    /// Its id.
    pub id: PackageId,
    /// The request it answers.
    pub request: RequestId,
    /// The sealed file.
    pub object: ObjectId,
    /// Its key, its own.
    pub vault_key: VaultKeyId,
    /// SHA-256 of the file: what is approved.
    pub sha256: [u8; 32],
    /// Its size.
    pub size_bytes: i64,
    /// We hold nothing but this very matter.
    pub nothing_held: bool,
    /// Where it stands.
    pub state: PackageState,
    /// Who made it; another person approves it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// To which address the link went.
    pub address: Option<AddressId>,
    /// The letter with the link.
    pub delivery: Option<DeliveryId>,
    /// Until when the link holds.
    pub expires_at: Option<Timestamp>,
    /// When it was first taken.
    pub fetched_at: Option<Timestamp>,
    /// When object and key were destroyed.
    pub destroyed_at: Option<Timestamp>,
    /// Connected systems that had not answered when it was made.
    pub silent: Vec<String>,
}

const COLUMNS: &str = "id, request_id, object_id, vault_key_id, sha256, size_bytes, nothing_held, state, made_by, \
                       made_at, address_id, delivery_id, expires_at, fetched_at, destroyed_at, silent";

fn read(row: &Row) -> Result<PackageRow, StoreError> {
    const TABLE: &str = "package";
    Ok(PackageRow {
        id: PackageId(row.get(TABLE, "id")?),
        request: RequestId(row.get(TABLE, "request_id")?),
        object: row.parsed(TABLE, "object_id", |text| ObjectId::parse(text).ok())?,
        vault_key: row.parsed(TABLE, "vault_key_id", |text| VaultKeyId::parse(text).ok())?,
        sha256: row.sha256(TABLE, "sha256")?,
        size_bytes: row.get(TABLE, "size_bytes")?,
        nothing_held: row.get::<i64>(TABLE, "nothing_held")? != 0,
        state: row.parsed(TABLE, "state", PackageState::from_name)?,
        made_by: row.get(TABLE, "made_by")?,
        made_at: row.instant(TABLE, "made_at")?,
        address: row.get::<Option<i64>>(TABLE, "address_id")?.map(AddressId),
        delivery: row.get::<Option<i64>>(TABLE, "delivery_id")?.map(DeliveryId),
        expires_at: row.instant_option(TABLE, "expires_at")?,
        fetched_at: row.instant_option(TABLE, "fetched_at")?,
        destroyed_at: row.instant_option(TABLE, "destroyed_at")?,
        silent: row.get::<String>(TABLE, "silent")?.split_whitespace().map(str::to_owned).collect(),
    })
}

/// A package to be written down.
#[derive(Debug, Clone)]
pub struct NewPackage<'a> {
    /// The request.
    pub request: RequestId,
    /// Where the file will be.
    pub object: ObjectId,
    /// Its key, made with it.
    pub vault_key: VaultKeyId,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// Its size.
    pub size_bytes: i64,
    /// We hold nothing but this very matter.
    pub nothing_held: bool,
    /// Who makes it.
    pub made_by: &'a str,
    /// Connected systems that have not answered.
    pub silent: &'a [String],
}

/// Writes a package down and voids the ones that wait in its place.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn make(
    transaction: &Transaction,
    package: &NewPackage<'_>,
    now: Timestamp,
) -> Result<PackageId, StoreError> {
    let sql = "UPDATE package SET state = 'void' WHERE request_id = $1 AND state = 'made'";
    execute(transaction, sql, [package.request.0.into()]).await?;
    let sql = "INSERT INTO package (request_id, object_id, vault_key_id, sha256, size_bytes, nothing_held, state, \
               made_by, made_at, silent) VALUES ($1, $2, $3, $4, $5, $6, 'made', $7, $8, $9) RETURNING id";
    let values = [
        package.request.0.into(),
        package.object.to_string().into(),
        package.vault_key.to_string().into(),
        package.sha256.to_vec().into(),
        package.size_bytes.into(),
        i64::from(package.nothing_held).into(),
        package.made_by.into(),
        now.as_microsecond().into(),
        package.silent.join(" ").into(),
    ];
    Ok(PackageId(query_one(transaction, sql, values).await?.get("package", "id")?))
}

/// One package.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(
    session: &impl Session,
    package: PackageId,
) -> Result<Option<PackageRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM package WHERE id = $1");
    query_optional(session, &sql, [package.0.into()]).await?.as_ref().map(read).transpose()
}

/// All packages of a request, newest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_request(
    session: &impl Session,
    request: RequestId,
) -> Result<Vec<PackageRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM package WHERE request_id = $1 ORDER BY id DESC");
    query_all(session, &sql, [request.0.into()]).await?.iter().map(read).collect()
}

/// The package that a token opens.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_token(
    session: &impl Session,
    digests: &[Digest],
) -> Result<Option<PackageRow>, StoreError> {
    let list = placeholders(1, digests.len());
    let sql = format!("SELECT {COLUMNS} FROM package WHERE token_digest IN ({list})");
    let values = digests.iter().map(|digest| digest.bytes.to_vec().into());
    query_optional(session, &sql, values).await?.as_ref().map(read).transpose()
}

/// The link of a package.
#[derive(Debug, Clone, Copy)]
pub struct NewLink {
    /// Digest of its token.
    pub token: Digest,
    /// To which address it goes.
    pub address: AddressId,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// Gives a package its link: the one that waits in `from`.
///
/// # Errors
/// [`StoreError::Conflict`] when it is not there any more.
pub async fn send(
    transaction: &Transaction,
    package: PackageId,
    from: PackageState,
    link: NewLink,
) -> Result<(), StoreError> {
    let sql = "UPDATE package SET state = 'sent', digest_key = $3, token_digest = $4, address_id = $5, \
               expires_at = $6, fetched_at = NULL WHERE id = $1 AND state = $2 AND destroyed_at IS NULL";
    let values = [
        package.0.into(),
        from.name().into(),
        i64::from(link.token.key.0).into(),
        link.token.bytes.to_vec().into(),
        link.address.0.into(),
        link.expires_at.as_microsecond().into(),
    ];
    change_one(transaction, "package", sql, values).await
}

/// Notes the letter with the link.
///
/// # Errors
/// [`StoreError::Conflict`] when the package is gone.
pub async fn note_letter(
    transaction: &Transaction,
    package: PackageId,
    delivery: DeliveryId,
) -> Result<(), StoreError> {
    let sql = "UPDATE package SET delivery_id = $2 WHERE id = $1";
    change_one(transaction, "package", sql, [package.0.into(), delivery.0.into()]).await
}

/// Spends the link: of two who press the button at once, one does.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn spend(
    transaction: &Transaction,
    package: PackageId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE package SET state = 'fetched', fetched_at = $2 WHERE id = $1 AND state = 'sent' \
               AND expires_at > $2 AND destroyed_at IS NULL";
    Ok(execute(transaction, sql, [package.0.into(), now.as_microsecond().into()]).await? == 1)
}

/// Takes a package that stands in `from` to an end that needs no file.
///
/// # Errors
/// [`StoreError::Conflict`] when it does not stand there any more.
pub async fn end(
    transaction: &Transaction,
    package: PackageId,
    from: PackageState,
    to: PackageState,
) -> Result<(), StoreError> {
    let sql = "UPDATE package SET state = $3 WHERE id = $1 AND state = $2";
    change_one(
        transaction,
        "package",
        sql,
        [package.0.into(), from.name().into(), to.name().into()],
    )
    .await
}

/// Packages whose file is of no use any more, oldest first: nobody took them in time, they were
/// taken before `fetched_before`, another took their place, or their request ended without them.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn to_destroy(
    session: &impl Session,
    now: Timestamp,
    fetched_before: Timestamp,
    limit: u32,
) -> Result<Vec<PackageRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM package WHERE destroyed_at IS NULL AND (state IN ('void', 'expired') \
         OR (state = 'sent' AND expires_at <= $1) OR (state = 'fetched' AND fetched_at <= $2) \
         OR (state = 'made' AND request_id IN (SELECT id FROM request WHERE state IN \
         ('refused', 'answered', 'closed', 'joined', 'withdrawn')))) ORDER BY id LIMIT $3"
    );
    let values = [
        now.as_microsecond().into(),
        fetched_before.as_microsecond().into(),
        i64::from(limit).into(),
    ];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// Notes that object and key are destroyed, and forgets the token.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note_destroyed(
    transaction: &Transaction,
    package: PackageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE package SET destroyed_at = $2 WHERE id = $1 AND destroyed_at IS NULL";
    execute(transaction, sql, [package.0.into(), now.as_microsecond().into()]).await?;
    Ok(())
}

/// The address whose challenge was answered last for a ticket, if that covers this request; no
/// other may get a link.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn proven_address(
    session: &impl Session,
    ticket: TicketId,
    request: RequestId,
) -> Result<Option<AddressId>, StoreError> {
    let sql = "SELECT challenge.address_id AS id FROM challenge JOIN identity_proof ON identity_proof.challenge_id = \
               challenge.id WHERE challenge.ticket_id = $1 AND challenge.state = 'answered' \
               AND identity_proof.revoked_at IS NULL AND identity_proof.newest_request >= $2 ORDER BY identity_proof.id DESC LIMIT 1";
    let row = query_optional(session, sql, [ticket.0.into(), request.0.into()]).await?;
    row.map(|row| Ok(AddressId(row.get("challenge", "id")?))).transpose()
}

/// Notes that a file with people's data, or made of them, left the product.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn note_export(
    transaction: &Transaction,
    what: &str,
    actor: &str,
    contacts: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO export_record (what, at, actor, contacts) VALUES ($1, $2, $3, $4)";
    let values = [what.into(), now.as_microsecond().into(), actor.into(), contacts.into()];
    execute(transaction, sql, values).await?;
    Ok(())
}
