//! Plans of destruction: shown, approved, carried out stage by stage.

mod moving;

use domain::{
    Timestamp,
    ids::{AddressId, ContactId, PlanId, RequestId, TicketId},
    plan::{Action, Basis, Draft, Finding, Method, Part, PlanState, Stage, Step, Whose},
};
use jiff::civil::Date;
use sea_orm::Value;

use crate::{
    error::StoreError,
    row::Row,
    session::{Session, Transaction, execute, placeholders, query_all, query_one, query_optional},
};

pub use moving::*;

/// A plan as it stands.
#[derive(Debug, Clone)]
pub struct PlanRow {
    /// Its id.
    pub id: PlanId,
    /// The request that it answers.
    pub request: RequestId,
    /// What was shown.
    pub draft: Draft,
    /// Where it stands.
    pub state: PlanState,
    /// What is done next.
    pub stage: Stage,
    /// SHA-256 of what was shown.
    pub hash: [u8; 32],
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When the last row was emptied.
    pub executed_at: Option<Timestamp>,
    /// When it was proven.
    pub verified_at: Option<Timestamp>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// When the database let go of what was emptied; owed since the end until then.
    pub wiped_at: Option<Timestamp>,
    /// Failures of the stage at hand.
    pub failures: i64,
    /// The last one, in one word.
    pub failure: Option<String>,
    /// Not before this.
    pub next_try_at: Option<Timestamp>,
    /// How often in a row it waited for what `failure` names.
    pub looks: i64,
    /// Until when it is put off.
    pub postponed_to: Option<Timestamp>,
    /// Who put it off.
    pub postponed_by: Option<String>,
    /// What became of each step, in the order of the steps.
    pub results: Vec<StepResult>,
}

/// What became of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepResult {
    /// How many were destroyed or made anonymous.
    pub done: i64,
    /// How many are kept.
    pub kept: i64,
    /// planned, done, failed.
    pub state: String,
    /// What is wrong, in one word.
    pub failure: Option<String>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
}

impl PlanRow {
    /// What became of a part so far.
    #[must_use]
    pub fn result(&self, part: Part) -> Option<&StepResult> {
        let mut steps = self.draft.steps.iter().zip(&self.results);
        steps.find(|(step, _)| step.part == part).map(|(_, result)| result)
    }
}

const COLUMNS: &str = "plan.id, request_id, method, plan.state, stage, finding, contact_id, addresses, tickets, hash, \
                       made_by, made_at, started_at, executed_at, verified_at, closed_at, wiped_at, failures, failure, \
                       next_try_at, looks, postponed_to_at, postponed_by";

/// Writes a plan with its steps. The caller has voided the one that stood.
///
/// # Errors
/// [`StoreError::Duplicate`] when another one stands.
pub async fn add(
    transaction: &Transaction,
    request: RequestId,
    draft: &Draft,
    by: &str,
    now: Timestamp,
) -> Result<PlanId, StoreError> {
    let sql = "INSERT INTO plan (request_id, method, state, stage, finding, contact_id, addresses, tickets, hash, \
               made_by, made_at) VALUES ($1, $2, 'proposed', 'protect', $3, $4, $5, $6, $7, $8, $9) RETURNING id";
    let defect = |_| StoreError::Defect("ids cannot be written".to_owned());
    let values = [
        request.0.into(),
        draft.method.name().into(),
        draft.finding.name().into(),
        draft.whose.contact.map(|id| id.0).into(),
        serde_json::to_string(&draft.whose.addresses).map_err(defect)?.into(),
        serde_json::to_string(&draft.whose.tickets).map_err(defect)?.into(),
        draft.hash().to_vec().into(),
        by.into(),
        now.as_microsecond().into(),
    ];
    let id = PlanId(query_one(transaction, sql, values).await?.get("plan", "id")?);
    let mut values: Vec<Value> = Vec::new();
    let mut rows = Vec::new();
    for (place, step) in (1_i64..).zip(&draft.steps) {
        rows.push(format!("({}, 'planned')", placeholders(values.len() + 1, 8)));
        values.extend::<[Value; 8]>([
            id.0.into(),
            place.into(),
            step.part.name().into(),
            step.action.name().into(),
            step.found.into(),
            step.basis.map_or("", Basis::name).into(),
            step.law.as_str().into(),
            step.until.map(|day| day.to_string()).into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO plan_step (plan_id, place, part, action, found, basis, law, keep_until_on, state) VALUES {}",
        rows.join(", ")
    );
    execute(transaction, &sql, values).await?;
    Ok(id)
}

async fn with_steps(session: &impl Session, row: &Row) -> Result<PlanRow, StoreError> {
    let id = PlanId(row.get("plan", "id")?);
    let sql = "SELECT place AS id, part, action, found, done, kept, basis, law, keep_until_on, state, failure, done_at \
               FROM plan_step WHERE plan_id = $1 ORDER BY place";
    let (mut steps, mut results) = (Vec::new(), Vec::new());
    for step in query_all(session, sql, [id.0.into()]).await? {
        let basis: String = step.get("plan_step", "basis")?;
        let known = if basis.is_empty() { None } else { Basis::from_name(&basis) };
        if known.is_none() && !basis.is_empty() {
            return Err(step.misfit("plan_step", "basis"));
        }
        steps.push(Step {
            part: step.parsed("plan_step", "part", Part::from_name)?,
            action: step.parsed("plan_step", "action", Action::from_name)?,
            found: step.get("plan_step", "found")?,
            basis: known,
            law: step.get("plan_step", "law")?,
            until: step
                .parsed_option("plan_step", "keep_until_on", |day| day.parse::<Date>().ok())?,
        });
        results.push(StepResult {
            done: step.get("plan_step", "done")?,
            kept: step.get("plan_step", "kept")?,
            state: step.get("plan_step", "state")?,
            failure: step.get("plan_step", "failure")?,
            done_at: step.instant_option("plan_step", "done_at")?,
        });
    }
    let whose = Whose {
        contact: row.get::<Option<i64>>("plan", "contact_id")?.map(ContactId),
        addresses: row.parsed("plan", "addresses", |text| {
            serde_json::from_str::<Vec<AddressId>>(text).ok()
        })?,
        tickets: row
            .parsed("plan", "tickets", |text| serde_json::from_str::<Vec<TicketId>>(text).ok())?,
    };
    Ok(PlanRow {
        id,
        request: RequestId(row.get("plan", "request_id")?),
        draft: Draft {
            method: row.parsed("plan", "method", Method::from_name)?,
            finding: row.parsed("plan", "finding", Finding::from_name)?,
            whose,
            steps,
        },
        state: row.parsed("plan", "state", PlanState::from_name)?,
        stage: row.parsed("plan", "stage", Stage::from_name)?,
        hash: row.sha256("plan", "hash")?,
        made_by: row.get("plan", "made_by")?,
        made_at: row.instant("plan", "made_at")?,
        started_at: row.instant_option("plan", "started_at")?,
        executed_at: row.instant_option("plan", "executed_at")?,
        verified_at: row.instant_option("plan", "verified_at")?,
        closed_at: row.instant_option("plan", "closed_at")?,
        wiped_at: row.instant_option("plan", "wiped_at")?,
        failures: row.get("plan", "failures")?,
        failure: row.get("plan", "failure")?,
        next_try_at: row.instant_option("plan", "next_try_at")?,
        looks: row.get("plan", "looks")?,
        postponed_to: row.instant_option("plan", "postponed_to_at")?,
        postponed_by: row.get("plan", "postponed_by")?,
        results,
    })
}

/// The plan with this id.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn by_id(session: &impl Session, id: PlanId) -> Result<Option<PlanRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM plan WHERE id = $1");
    match query_optional(session, &sql, [id.0.into()]).await? {
        Some(row) => with_steps(session, &row).await.map(Some),
        None => Ok(None),
    }
}

/// The plan that stands for a request.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_request(
    session: &impl Session,
    request: RequestId,
) -> Result<Option<PlanRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM plan WHERE request_id = $1 AND state <> 'void'");
    match query_optional(session, &sql, [request.0.into()]).await? {
        Some(row) => with_steps(session, &row).await.map(Some),
        None => Ok(None),
    }
}

/// Another request whose plan for one of these tickets, or the contact, is being carried out or
/// waits for a decision.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn of_same_person(
    session: &impl Session,
    whose: &Whose,
    request: RequestId,
) -> Result<Option<RequestId>, StoreError> {
    let sql = "SELECT id, request_id, contact_id, tickets FROM plan WHERE request_id <> $1 \
               AND state IN ('proposed', 'approved', 'executing', 'executed') ORDER BY id";
    for row in query_all(session, sql, [request.0.into()]).await? {
        let tickets =
            row.parsed("plan", "tickets", |text| serde_json::from_str::<Vec<TicketId>>(text).ok())?;
        let contact = row.get::<Option<i64>>("plan", "contact_id")?.map(ContactId);
        let same = contact.is_some() && contact == whose.contact
            || tickets.iter().any(|ticket| whose.tickets.contains(ticket));
        if same {
            return Ok(Some(RequestId(row.get("plan", "request_id")?)));
        }
    }
    Ok(None)
}

/// Whether the data of a ticket are being destroyed now: begun, and not at its end.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn is_carried_out_for(
    session: &impl Session,
    ticket: TicketId,
) -> Result<bool, StoreError> {
    let sql = "SELECT id, tickets FROM plan WHERE state IN ('executing', 'executed', 'verified') ORDER BY id";
    for row in query_all(session, sql, []).await? {
        let tickets =
            row.parsed("plan", "tickets", |text| serde_json::from_str::<Vec<TicketId>>(text).ok())?;
        if tickets.contains(&ticket) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Plans that can go on now: approved ones whose request still is, and those that were begun;
/// after `after`, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn at_work(
    session: &impl Session,
    after: PlanId,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<PlanId>, StoreError> {
    let sql = "SELECT plan.id FROM plan JOIN request ON request.id = plan.request_id \
               WHERE plan.id > $1 AND (next_try_at IS NULL OR next_try_at <= $2) \
               AND (postponed_to_at IS NULL OR postponed_to_at <= $2 OR plan.state NOT IN ('proposed', 'approved')) \
               AND ((plan.state IN ('proposed', 'approved') AND request.state = 'approved') \
               OR plan.state IN ('executing', 'executed') \
               OR (plan.state = 'verified' AND (stage = 'answer' OR request.state IN ('answered', 'closed')))) \
               ORDER BY plan.id LIMIT $3";
    let values = [after.0.into(), now.as_microsecond().into(), i64::from(limit).into()];
    let rows = query_all(session, sql, values).await?;
    rows.iter().map(|row| Ok(PlanId(row.get("plan", "id")?))).collect()
}

/// One page of plans, newest first.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn page(
    session: &impl Session,
    before: Option<PlanId>,
    limit: u32,
) -> Result<Vec<PlanRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM plan WHERE id < $1 ORDER BY id DESC LIMIT $2");
    let values = [before.map_or(i64::MAX, |id| id.0).into(), i64::from(limit).into()];
    let mut plans = Vec::new();
    for row in &query_all(session, &sql, values).await? {
        plans.push(with_steps(session, row).await?);
    }
    Ok(plans)
}
