//! `consentry request`: from receipt to a proven end, for operators and programs.

mod showing;

use std::io::Read as _;
use std::process::ExitCode;

use cases::Cases;
use cases::requests::deciding::{Decided, Refusal};
use cases::requests::executing::{Carried, CarriedOut, Carrier};
use cases::requests::showing::Filter;
use domain::decision::taking_back::TakingBack;
use domain::ids::{RequestId, SubmissionId};
use serde_json::json;
use store::holds::Which;

use super::{open_house, told};
use crate::cli::General;
use crate::cli::request::{
    HoldCommand, Request, RequestCommand, RequestEvent, RequestExecute, RequestExtend, RequestList,
    RequestOpen, RequestPropose,
};
use crate::failure::WrongUse;
use crate::{actor, print};

/// Lists, shows or carries requests.
///
/// # Errors
/// When the house cannot be opened; [`crate::failure::RefusedByRule`] when a rule forbids it.
pub async fn run(general: General, arguments: Request) -> anyhow::Result<ExitCode> {
    let actor = actor::name(general.actor.as_deref())?;
    let house = open_house(&general).await?;
    let cases = &house.cases;
    match arguments.command {
        RequestCommand::List(arguments) => list(cases, &arguments).await?,
        RequestCommand::Show { id, json } => {
            let view = cases.show_request(RequestId(id), &actor).await.map_err(told)?;
            if json {
                print::json_document(&showing::view_json(&view))?;
            } else {
                showing::for_people(&view)?;
            }
        }
        RequestCommand::Hold(arguments) => hold(cases, arguments.command, &actor).await?,
        RequestCommand::Open(arguments) => open(cases, arguments, &actor).await?,
        RequestCommand::Plan(asked) => {
            let code = super::destruction::plan(cases, asked, &actor).await?;
            house.close().await;
            return Ok(code);
        }
        command => change(cases, command, &actor).await?,
    }
    house.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn list(cases: &Cases, arguments: &RequestList) -> anyhow::Result<()> {
    let filter =
        Filter { overdue: arguments.overdue, state: arguments.state, name: arguments.name };
    if arguments.all {
        let before = arguments.before.map(RequestId);
        let rows = cases.requests_page(filter, before, arguments.limit).await.map_err(told)?;
        return Ok(showing::page(&rows, arguments.json)?);
    }
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let rows = cases.due_requests(filter, limit).await.map_err(told)?;
    Ok(showing::list(&rows, arguments.json)?)
}

async fn hold(cases: &Cases, command: HoldCommand, actor: &str) -> anyhow::Result<()> {
    match command {
        HoldCommand::List { all, json } => {
            let which = if all { Which::All } else { Which::Standing };
            let holds = cases.holds(which).await.map_err(told)?;
            Ok(showing::holds(&holds, json)?)
        }
        HoldCommand::Lift { id, reason } => {
            cases.lift_hold(id, &reason, actor).await.map_err(told)?;
            Ok(print::line(&format!("hold {id} is lifted"))?)
        }
    }
}

async fn open(cases: &Cases, arguments: RequestOpen, actor: &str) -> anyhow::Result<()> {
    let RequestOpen { ticket, name, submission, json } = arguments;
    let letter = submission.map(SubmissionId);
    let id = cases.open_request_by_hand(&ticket, name, letter, actor).await.map_err(told)?;
    if json {
        return Ok(print::json_document(&json!({ "request": id, "ticket": ticket }))?);
    }
    let said =
        "is open and under review; see to it that the automated decision has no effect meanwhile";
    Ok(print::line(&format!("request {id} {said}"))?)
}

/// The commands that change one request; each says what is so now.
async fn change(cases: &Cases, command: RequestCommand, actor: &str) -> anyhow::Result<()> {
    let said = match command {
        RequestCommand::List(_)
        | RequestCommand::Show { .. }
        | RequestCommand::Open(_)
        | RequestCommand::Plan(_)
        | RequestCommand::Hold(_) => {
            return Ok(());
        }
        RequestCommand::Review { id } => {
            cases.review_request(RequestId(id), actor).await.map_err(told)?;
            format!("request {id} is under review")
        }
        RequestCommand::Event(arguments) => event(cases, arguments, actor).await?,
        RequestCommand::Pause { id, reason } => {
            cases.pause_request(RequestId(id), &words(reason)?, actor).await.map_err(told)?;
            format!("the clock of request {id} rests")
        }
        RequestCommand::Resume { id } => {
            cases.resume_request(RequestId(id), actor).await.map_err(told)?;
            format!("the clock of request {id} goes on")
        }
        RequestCommand::Extend(arguments) => extend(cases, arguments, actor).await?,
        RequestCommand::Propose(arguments) => propose(cases, arguments, actor).await?,
        RequestCommand::Refuse { id, clause, reasons, repeated } => {
            let refusal = if repeated {
                cases.refusal_of_repeat(RequestId(id)).await.map_err(told)?
            } else {
                let reasons = reasons.map(words).transpose()?.unwrap_or_default();
                Refusal { clause: clause.unwrap_or_default(), reasons }
            };
            cases.propose(RequestId(id), Some(&refusal), actor).await.map_err(told)?;
            format!("the refusal of request {id} is proposed")
        }
        RequestCommand::Approve { id } => {
            match cases.decide(RequestId(id), actor).await.map_err(told)? {
                Decided::Approved => format!("request {id} is approved"),
                Decided::Refused => format!("request {id} is refused; the letter is planned"),
            }
        }
        RequestCommand::SendBack { id, reason } => {
            cases.send_back(RequestId(id), &words(reason)?, actor).await.map_err(told)?;
            format!("request {id} is under review again")
        }
        RequestCommand::Postpone(asked) => {
            let reason = words(asked.reason)?;
            let id = RequestId(asked.id);
            cases.postpone_destruction(id, asked.until, &reason, actor).await.map_err(told)?;
            format!("request {id}: put off until {}; the person is told", asked.until)
        }
        RequestCommand::Execute(arguments) => execute(cases, arguments, actor).await?,
        RequestCommand::Answer { id, at, note } => {
            let at = at.unwrap_or_else(now);
            let note = words(note)?;
            cases.answer_by_hand(RequestId(id), at, &note, actor).await.map_err(told)?;
            format!("request {id} was answered by hand")
        }
        RequestCommand::Join { id, with } => {
            let stays =
                cases.join_requests(RequestId(id), RequestId(with), actor).await.map_err(told)?;
            format!("request {stays} goes on with the first clock")
        }
        RequestCommand::Withdraw { id, submission, note } => {
            let note = note.map(words).transpose()?;
            match cases
                .withdraw_request(
                    RequestId(id),
                    (submission.map(SubmissionId), note.as_deref()),
                    actor,
                )
                .await
                .map_err(told)?
            {
                TakingBack::Ends => format!("request {id} was taken back by the person"),
                TakingBack::Waits => format!(
                    "written down; somebody else confirms it: `consentry request withdraw {id}`"
                ),
            }
        }
        RequestCommand::Reopen { id, reason } => {
            cases.reopen_request(RequestId(id), &words(reason)?, actor).await.map_err(told)?;
            format!("request {id} is under review again")
        }
    };
    Ok(print::line(&said)?)
}

async fn event(cases: &Cases, arguments: RequestEvent, actor: &str) -> anyhow::Result<String> {
    let (id, event) = (arguments.id, arguments.event);
    let at = arguments.at.unwrap_or_else(now);
    let reason = arguments.reason.as_deref();
    cases.record_event(RequestId(id), event, at, reason, actor).await.map_err(told)?;
    Ok(format!("request {id}: {} is recorded, its duties are dated", event.name()))
}

async fn extend(cases: &Cases, arguments: RequestExtend, actor: &str) -> anyhow::Result<String> {
    let (id, duty) = (RequestId(arguments.id), arguments.duty);
    let causes = words(arguments.causes)?;
    if let (Some(at), Some(proof)) = (arguments.sent_at, arguments.proof) {
        let about = (causes.as_str(), proof.as_str());
        let n = cases.record_extension(id, duty, about, at, actor).await.map_err(told)?;
        return Ok(format!("{n} duties of request {id} are extended"));
    }
    let n = cases.ask_extension(id, duty, &causes, actor).await.map_err(told)?;
    Ok(format!("the notice is planned; once it has left in time, {n} duties are extended"))
}

async fn propose(cases: &Cases, asked: RequestPropose, actor: &str) -> anyhow::Result<String> {
    let id = RequestId(asked.id);
    let carried = Carried {
        done: asked.done,
        continues: asked.continues,
        all_continue: asked.all_continue,
        not_confirmed: asked.not_confirmed,
        clause: asked.clause.unwrap_or_default(),
        reasons: asked.reasons.map(words).transpose()?.unwrap_or_default(),
    };
    if carried == Carried::default() {
        cases.propose(id, None, actor).await.map_err(told)?;
    } else {
        cases.propose_carried(id, &carried, actor).await.map_err(told)?;
    }
    Ok(format!("the approval of request {id} is proposed"))
}

async fn execute(cases: &Cases, arguments: RequestExecute, actor: &str) -> anyhow::Result<String> {
    let id = RequestId(arguments.id);
    match cases.carrier(id).await.map_err(told)? {
        Carrier::ByHand => {}
        Carrier::Destruction => return super::destruction::execute(cases, id).await,
        Carrier::Correction => return super::correction::apply(cases, id, actor).await,
        Carrier::Access => return super::package::send(cases, id, actor).await,
    }
    let note = arguments.note.map(words).transpose()?;
    Ok(match cases.carry_out(id, note.as_deref(), actor).await.map_err(told)? {
        CarriedOut::Answered => format!("request {id} was carried out; the answer is planned"),
        CarriedOut::AnswerByHand => {
            format!("request {id} was carried out; answer by hand: `consentry request answer {id}`")
        }
        CarriedOut::PlanDue => {
            format!("the processing stopped; a purpose ended: make a plan for request {id}")
        }
    })
}

/// What was typed, or standard input for `-`: seen by no other process.
fn words(typed: String) -> anyhow::Result<String> {
    if typed != "-" {
        return Ok(typed);
    }
    let mut text = String::new();
    std::io::stdin()
        .take(64 * 1024)
        .read_to_string(&mut text)
        .map_err(|error| WrongUse(format!("standard input cannot be read: {error}")))?;
    Ok(text)
}

fn now() -> domain::Timestamp {
    crate::house::clock().now()
}

/// A listing as a JSON document.
pub(super) fn document(name: &str, rows: Vec<serde_json::Value>) -> serde_json::Value {
    json!({ name: rows })
}
