//! Many rows in few statements: `INSERT … VALUES (…), (…)` in pieces of a power of two, so that a
//! handful of texts serves every number of rows and each is prepared once.

use sea_orm::Value;

use crate::{
    connect::Dialect,
    error::StoreError,
    session::{Session, Transaction, execute, query_all},
};

/// Rows in the largest piece; with eleven columns far below the 32,766 values of SQLite.
const LARGEST: usize = 512;

/// Inserts rows, each a list of as many values as there are columns.
pub(super) async fn insert<const N: usize>(
    transaction: &Transaction,
    into: &str,
    rows: Vec<[Value; N]>,
) -> Result<(), StoreError> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    while left > 0 {
        let mut piece = LARGEST;
        while piece > left {
            piece /= 2;
        }
        let sql = format!("INSERT INTO {into} VALUES {}", tuples(transaction.dialect(), piece, N));
        execute(transaction, &sql, rows.by_ref().take(piece).flatten()).await?;
        left -= piece;
    }
    Ok(())
}

fn tuples(dialect: Dialect, rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                text.push(',');
            }
            match dialect {
                // Numbered parameters are looked up one by one in SQLite's parser: quadratic.
                Dialect::Sqlite => text.push('?'),
                Dialect::Postgres => {
                    text.push('$');
                    text.push_str(&(row * columns + column + 1).to_string());
                }
            }
        }
        text.push(')');
    }
    text
}

/// Numbers for `count` rows to come, given to nobody else.
pub(super) async fn reserve(
    transaction: &Transaction,
    table: &'static str,
    count: usize,
) -> Result<Vec<i64>, StoreError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match transaction.dialect() {
        // The transaction holds the write lock; AUTOINCREMENT remembers the greatest number.
        Dialect::Sqlite => {
            let sql = "SELECT seq AS id FROM sqlite_sequence WHERE name = $1";
            let rows = query_all(transaction, sql, [table.into()]).await?;
            let last: i64 = rows.first().map_or(Ok(0), |row| row.get(table, "id"))?;
            Ok((last + 1..=last + count).collect())
        }
        Dialect::Postgres => {
            let sql = format!(
                "SELECT nextval(pg_get_serial_sequence('{table}', 'id')) AS id FROM generate_series(1, $1)"
            );
            let rows = query_all(transaction, &sql, [count.into()]).await?;
            rows.iter().map(|row| row.get(table, "id")).collect()
        }
    }
}
