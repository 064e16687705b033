//! What a package tells beside the person's own records: connected systems, the register of
//! recipients, how long what is kept; and what stands in the way of telling it.

use domain::{
    data_map::DataMap,
    disclosure::Role,
    identity::IdentityLevel,
    language::Locale,
    retention::{RetentionRule, RetentionTable},
};
use serde_json::{Value, json};
use store::{recipients::RecipientRow, requests::RequestRow, tickets::TicketRow};

use crate::{
    Cases, CasesError,
    systems::{Holding, SystemHolding},
};

/// What is done while connected systems have not said what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// No package is made.
    IsWaitedFor,
    /// It is made, and says so.
    IsTold,
}

/// The file of a package in which a system's data stand.
pub(super) fn file_of_system(system: &str) -> String {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = system.chars().map(|c| if is_fit(c) { c } else { '_' }).collect();
    format!("systems/{name}.json")
}

pub(super) fn systems_told(holdings: &[SystemHolding]) -> Vec<Value> {
    let told = |one: &SystemHolding| {
        let (file, data) = match &one.holding {
            Holding::Holds(data) => (json!(file_of_system(&one.system)), data.clone()),
            Holding::Nothing | Holding::Awaited | Holding::NotAsked => (Value::Null, Value::Null),
        };
        json!({
            "system": one.system, "state": one.holding.word(), "answered_at": one.answered_at,
            "file": file, "data": data,
        })
    };
    holdings.iter().map(told).collect()
}

pub(super) fn retention_told(table: &RetentionTable) -> Vec<Value> {
    let told = |rule: &RetentionRule| {
        let period = |locale| rule.period.in_words(locale);
        json!({
            "record": rule.record.name(), "purpose": rule.purpose.map(|purpose| purpose.name()),
            "title": rule.title,
            "period": { "ru": period(Locale::Ru), "en": period(Locale::En) },
            "counts_from": rule.counts_from, "law": rule.law,
        })
    };
    table.rules().iter().map(told).collect()
}

impl Cases {
    /// Those of the register to whom data go.
    pub(super) async fn recipients_told(&self) -> Result<Vec<Value>, CasesError> {
        let all = store::recipients::all(self.store()).await?;
        let told = |one: &RecipientRow| {
            json!({
                "role": one.role.name(), "title": one.title, "postal_address": one.postal_address,
                "country": one.country, "purpose": one.purpose, "data": one.data,
                "authority_told_on": one.authority_told_on,
            })
        };
        Ok(all.iter().filter(|one| one.ended_at.is_none()).map(told).collect())
    }

    /// The map must not say that nobody processes on our behalf while the register names somebody.
    pub(super) async fn check_processors(&self, map: &DataMap) -> Result<(), CasesError> {
        if map.no_processors.is_none() {
            return Ok(());
        }
        let all = store::recipients::all(self.store()).await?;
        let named: Vec<_> = all
            .iter()
            .filter(|one| one.role == Role::Processor && one.ended_at.is_none())
            .map(|one| one.name.as_str())
            .collect();
        if named.is_empty() {
            return Ok(());
        }
        let reason = format!(
            "the data map says in `no_processors` that nobody processes on our behalf, and the register of recipients has {}; remove `no_processors` and add each as [[processor]], or end them: `consentry recipient end NAME`",
            named.join(", ")
        );
        Err(CasesError::Refused { rule: "no_processors", reason })
    }

    /// What connected systems hold, asked now where they were not asked yet and who asks is proven.
    pub(super) async fn systems_of(
        &self,
        (request, ticket): (&RequestRow, &TicketRow),
        silence: Silence,
    ) -> Result<Vec<SystemHolding>, CasesError> {
        let proven = store::identity::level_of(self.store(), request).await?;
        let is_proven =
            proven.is_some_and(|level| level >= IdentityLevel::needed_for(request.name));
        if is_proven && self.systems_to_ask(self.store(), request).await? > 0 {
            let transaction = self.store().begin().await?;
            let now = self.parts.clock.now();
            self.ask_systems(&transaction, (request, ticket), now).await?;
            transaction.commit().await?;
        }
        let holdings = self.holdings(self.store(), request).await?;
        let awaited = holdings.iter().filter(|one| one.holding == Holding::Awaited);
        let awaited: Vec<_> = awaited.map(|one| one.system.as_str()).collect();
        if awaited.is_empty() || silence == Silence::IsTold {
            return Ok(holdings);
        }
        let then = if is_proven {
            "wait for them (`consentry system show NAME`), give a call up with `consentry system drop`, or --incomplete: package and letter then say what is missing"
        } else {
            "they are asked once who asks is proven; or --incomplete: package and letter then say what is missing"
        };
        let reason =
            format!("not every system has said what it holds: {}; {then}", awaited.join(", "));
        Err(CasesError::Refused { rule: "systems_answer", reason })
    }
}
