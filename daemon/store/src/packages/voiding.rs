//! Packages that give nothing any more.

use domain::ids::{RequestId, TicketId};

use super::{COLUMNS, PackageRow, read};
use crate::{
    error::StoreError,
    session::{Session, Transaction, execute, query_all},
};

/// The links of a request give nothing any more; their files are destroyed next.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn void_links(transaction: &Transaction, request: RequestId) -> Result<u64, StoreError> {
    let sql =
        "UPDATE package SET state = 'void' WHERE request_id = $1 AND state IN ('sent', 'fetched')";
    execute(transaction, sql, [request.0.into()]).await
}

/// No package of a matter, waiting or sent, gives anything any more: who asked was not who they
/// said. Their files are destroyed next.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn void_all(transaction: &Transaction, ticket: TicketId) -> Result<u64, StoreError> {
    let sql = "UPDATE package SET state = 'void' WHERE state IN ('made', 'sent', 'fetched') \
               AND request_id IN (SELECT id FROM request WHERE ticket_id = $1)";
    execute(transaction, sql, [ticket.0.into()]).await
}

/// Void packages of a matter whose file is still there.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn void_of_ticket(
    session: &impl Session,
    ticket: TicketId,
) -> Result<Vec<PackageRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM package WHERE state = 'void' AND destroyed_at IS NULL \
         AND request_id IN (SELECT id FROM request WHERE ticket_id = $1) ORDER BY id"
    );
    query_all(session, &sql, [ticket.0.into()]).await?.iter().map(read).collect()
}
