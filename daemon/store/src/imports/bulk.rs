//! Many rows in few statements, column by column: what is the same in all rows is sent once.
//!
//! PostgreSQL takes each column as one array, so that a statement has a handful of parameters
//! whatever the number of rows. SQLite binds faster than it reads JSON: it takes
//! `VALUES (…), (…)` in pieces of a power of two, so that a handful of texts serves every number
//! of rows and each is prepared once.

use sea_orm::Value;

use crate::{
    connect::Dialect,
    error::StoreError,
    session::{Session, Transaction, blobs, execute, query_all},
};

/// Rows in the largest piece; with seven columns far below the 32,766 values of SQLite.
const LARGEST: usize = 1024;

/// One column of the rows to insert.
pub(super) enum Column {
    /// A number for each row.
    Numbers(Vec<Option<i64>>),
    /// A text for each row.
    Texts(Vec<String>),
    /// Bytes for each row.
    Blobs(Vec<[u8; 32]>),
    /// The same number in all.
    Number(i64),
    /// The same text in all.
    Text(String),
}

impl Column {
    fn varies(&self) -> bool {
        !matches!(self, Self::Number(_) | Self::Text(_))
    }

    fn sql_type(&self) -> &'static str {
        match self {
            Self::Numbers(_) | Self::Number(_) => "BIGINT",
            Self::Texts(_) | Self::Text(_) => "TEXT",
            Self::Blobs(_) => "BYTEA",
        }
    }

    /// What is sent once: the value of all rows, or the whole column as an array.
    fn whole(self) -> Value {
        match self {
            Self::Number(number) => number.into(),
            Self::Text(text) => text.into(),
            Self::Blobs(rows) => blobs(rows.iter().map(<[u8; 32]>::as_slice), Dialect::Postgres),
            Self::Numbers(rows) => {
                let word = |row: &Option<i64>| row.map_or("NULL".to_owned(), |row| row.to_string());
                format!("{{{}}}", rows.iter().map(word).collect::<Vec<_>>().join(",")).into()
            }
            Self::Texts(rows) => array_of_texts(&rows).into(),
        }
    }
}

/// Inserts `rows` rows. `table` names the columns too, in their order.
pub(super) async fn insert(
    transaction: &Transaction,
    table: &str,
    rows: usize,
    columns: Vec<Column>,
) -> Result<(), StoreError> {
    if rows == 0 {
        return Ok(());
    }
    match transaction.dialect() {
        Dialect::Sqlite => in_pieces(transaction, table, rows, columns).await,
        Dialect::Postgres => as_arrays(transaction, table, columns).await,
    }
}

async fn as_arrays(
    transaction: &Transaction,
    table: &str,
    columns: Vec<Column>,
) -> Result<(), StoreError> {
    let (mut shown, mut arrays, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (place, column) in columns.iter().enumerate() {
        let (n, sql_type) = (place + 1, column.sql_type());
        if column.varies() {
            shown.push(format!("d.c{n}"));
            names.push(format!("c{n}"));
            arrays.push(format!("CAST(CAST(${n} AS TEXT) AS {sql_type}[])"));
        } else {
            shown.push(format!("CAST(${n} AS {sql_type})"));
        }
    }
    let sql = format!(
        "INSERT INTO {table} SELECT {} FROM unnest({}) AS d({})",
        shown.join(", "),
        arrays.join(", "),
        names.join(", ")
    );
    execute(transaction, &sql, columns.into_iter().map(Column::whole)).await?;
    Ok(())
}

/// OR FAIL: whoever calls this rolls the whole chunk back at any error, so SQLite need not keep a
/// copy of every page to undo the one statement.
async fn in_pieces(
    transaction: &Transaction,
    table: &str,
    rows: usize,
    columns: Vec<Column>,
) -> Result<(), StoreError> {
    let (mut shown, mut same, mut varying) = (Vec::new(), Vec::new(), Vec::new());
    for column in columns {
        if column.varies() {
            varying.push(cells(column));
            shown.push(format!("column{}", varying.len()));
        } else {
            same.push(column.whole());
            shown.push("?".to_owned());
        }
    }
    // Numbered parameters are looked up one by one in SQLite's parser: quadratic.
    let tuple = format!("({})", vec!["?"; varying.len()].join(","));
    let mut left = rows;
    while left > 0 {
        let mut piece = LARGEST;
        while piece > left {
            piece /= 2;
        }
        let sql = format!(
            "INSERT OR FAIL INTO {table} SELECT {} FROM (VALUES {})",
            shown.join(", "),
            vec![tuple.as_str(); piece].join(",")
        );
        let mut values = Vec::with_capacity(same.len() + piece * varying.len());
        values.extend(same.iter().cloned());
        for _ in 0..piece {
            values.extend(varying.iter_mut().filter_map(Iterator::next));
        }
        execute(transaction, &sql, values).await?;
        left -= piece;
    }
    Ok(())
}

fn cells(column: Column) -> Box<dyn Iterator<Item = Value> + Send> {
    match column {
        Column::Numbers(rows) => Box::new(rows.into_iter().map(Value::from)),
        Column::Texts(rows) => Box::new(rows.into_iter().map(Value::from)),
        Column::Blobs(rows) => Box::new(rows.into_iter().map(|row| row.to_vec().into())),
        same @ (Column::Number(_) | Column::Text(_)) => Box::new(std::iter::once(same.whole())),
    }
}

/// `{"one","two"}`, as PostgreSQL reads an array: quotes and backslashes are escaped.
fn array_of_texts(rows: &[String]) -> String {
    let length = rows.iter().map(|row| row.len() + 8).sum::<usize>();
    let mut text = String::with_capacity(length + length / 8);
    text.push('{');
    for (place, row) in rows.iter().enumerate() {
        text.push_str(if place == 0 { "\"" } else { ",\"" });
        let mut rest = row.as_str();
        while let Some(at) = rest.find(['"', '\\']) {
            text.push_str(&rest[..at]);
            text.push('\\');
            text.push_str(&rest[at..=at]);
            rest = &rest[at + 1..];
        }
        text.push_str(rest);
        text.push('"');
    }
    text.push('}');
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
        // The sequence is looked up once, not for each row; the numbers come back as one text.
        Dialect::Postgres => {
            let sql = format!(
                "SELECT string_agg(CAST(n AS TEXT), ',') AS ids FROM (SELECT nextval(s.name) AS n \
                 FROM (SELECT CAST(pg_get_serial_sequence('{table}', 'id') AS REGCLASS) AS name OFFSET 0) AS s, \
                 generate_series(1, $1) OFFSET 0) AS taken"
            );
            let rows = query_all(transaction, &sql, [count.into()]).await?;
            let ids: String =
                rows.first().map_or(Ok(String::new()), |row| row.get(table, "ids"))?;
            let ids: Result<Vec<i64>, _> = ids.split(',').map(str::parse).collect();
            ids.map_err(|_| StoreError::Defect("reserved numbers cannot be read".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::array_of_texts;

    #[test]
    fn quotes_and_backslashes_do_not_end_an_array_early() {
        let rows = [r#"a"b"#.to_owned(), r"c\d,}é".to_owned(), String::new(), "NULL".to_owned()];
        assert_eq!(array_of_texts(&rows), r#"{"a\"b","c\\d,}é","","NULL"}"#);
    }
}
