//! Token buckets: how much may leave by one way in a second, all nodes together.
//!
//! A bucket is drawn in the transaction that claims and refilled in the one that gives rows back;
//! its row is locked until that transaction ends, so that two nodes never spend one token. Time is
//! counted as leases count it: by the database's clock on PostgreSQL.

use std::num::NonZeroU32;

use domain::Timestamp;

use crate::{
    connect::Dialect,
    error::StoreError,
    leases::clock,
    session::{Session, Transaction, execute, query_one},
};

/// Tokens are counted in millionths: one token a second is one millionth a microsecond.
const TOKEN: i64 = 1_000_000;

/// How much may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Mails in a second.
    pub per_second: NonZeroU32,
    /// Mails at once after a pause.
    pub burst: NonZeroU32,
}

impl Throttle {
    /// So many a second, and a second's worth at once.
    #[must_use]
    pub fn per_second(per_second: NonZeroU32) -> Self {
        Self { per_second, burst: per_second }
    }

    fn most(self) -> i64 {
        i64::from(self.burst.get()) * TOKEN
    }

    /// What a bucket holds that had `tokens` some microseconds ago.
    fn refilled(self, tokens: i64, elapsed: i64) -> i64 {
        let gained = elapsed.max(0).saturating_mul(i64::from(self.per_second.get()));
        tokens.saturating_add(gained).clamp(0, self.most())
    }
}

/// A bucket whose row this transaction holds.
#[derive(Debug)]
pub struct Bucket {
    name: String,
    throttle: Throttle,
    tokens: i64,
    at: i64,
}

impl Bucket {
    /// Opens the bucket and holds it until the transaction ends; a new one is full.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn open(
        transaction: &Transaction,
        name: &str,
        throttle: Throttle,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let dialect = transaction.dialect();
        let clock = clock(dialect, now);
        let sql = format!(
            "INSERT INTO throttle (name, tokens, refilled_at) VALUES ($1, $2, {clock}) ON CONFLICT (name) DO NOTHING"
        );
        execute(transaction, &sql, [name.into(), throttle.most().into()]).await?;
        let held = match dialect {
            // The one writer holds everything.
            Dialect::Sqlite => "",
            Dialect::Postgres => "FOR UPDATE",
        };
        let sql = format!("SELECT tokens, refilled_at FROM throttle WHERE name = $1 {held}");
        let row = query_one(transaction, &sql, [name.into()]).await?;
        let (tokens, refilled_at) =
            (row.get::<i64>("throttle", "tokens")?, row.get::<i64>("throttle", "refilled_at")?);
        // Only now: the lock may have been waited for.
        let at = match dialect {
            Dialect::Sqlite => now.as_microsecond(),
            Dialect::Postgres => query_one(transaction, &format!("SELECT {clock} AS at"), [])
                .await?
                .get("throttle", "at")?,
        };
        // A clock that was set back refills nothing, and is not waited for.
        let tokens = throttle.refilled(tokens, at.saturating_sub(refilled_at));
        Ok(Self { name: name.to_owned(), throttle, tokens, at })
    }

    /// How many mails may leave now.
    #[must_use]
    pub fn whole(&self) -> u32 {
        u32::try_from(self.tokens / TOKEN).unwrap_or(0)
    }

    /// Writes the bucket back with `spent` tokens less, or more of them given back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn close(
        self,
        transaction: &Transaction,
        spent: u32,
        given_back: u32,
    ) -> Result<(), StoreError> {
        let change = (i64::from(given_back) - i64::from(spent)).saturating_mul(TOKEN);
        let tokens = self.tokens.saturating_add(change).clamp(0, self.throttle.most());
        let sql = "UPDATE throttle SET tokens = $2, refilled_at = $3 WHERE name = $1";
        execute(transaction, sql, [self.name.into(), tokens.into(), self.at.into()]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(per_second: u32, burst: u32) -> Throttle {
        let number = |n| NonZeroU32::new(n).expect("positive");
        Throttle { per_second: number(per_second), burst: number(burst) }
    }

    #[test]
    fn a_bucket_refills_by_its_rate_and_no_further_than_its_brim() {
        let throttle = throttle(10, 25);
        assert_eq!(throttle.refilled(0, 100_000), TOKEN);
        assert_eq!(throttle.refilled(0, 1_000_000), 10 * TOKEN);
        assert_eq!(throttle.refilled(0, i64::MAX), 25 * TOKEN);
        assert_eq!(throttle.refilled(3 * TOKEN, -5_000_000), 3 * TOKEN, "a clock set back");
        assert_eq!(throttle.refilled(99 * TOKEN, 0), 25 * TOKEN, "the burst was lowered");
    }
}
