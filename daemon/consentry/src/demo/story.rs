//! What the demo tells: each mail, what was read in it, and what followed.

use std::path::Path;

use domain::classification::Band;
use intake::{Ending, Outcome};
use serde_json::{Value, json};
use store::campaigns::Report;

use super::{place, samples};
use crate::house::House;
use crate::print;

/// One mail and what followed.
#[derive(Debug)]
struct Line {
    path: String,
    kind: Option<String>,
    labels: Vec<(&'static str, Band)>,
    ticket: Option<String>,
    block: bool,
    reply: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Story {
    lines: Vec<Line>,
    /// Mails that were not filed and moved, and letters that were not settled.
    unfinished: Vec<String>,
    accepted: i64,
    /// What became of the campaign.
    campaign: Option<Report>,
    /// Mails to the two who stopped it that were started after their stop was committed.
    pub after_stop: i64,
}

impl Story {
    /// Adds what became of the mails of a mailbox.
    pub fn add(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            let Ending::Filed { kind, filed } = &outcome.ending else { continue };
            let kind = kind.and_then(|kind| json!(kind).as_str().map(str::to_owned));
            self.lines.push(Line {
                path: samples::name_of(&outcome.key),
                kind,
                labels: filed.labels.clone(),
                ticket: filed.ticket.as_ref().map(|ticket| ticket.number.to_string()),
                block: filed.blocked,
                reply: filed.replied,
            });
        }
        self.lines.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// Notes what was not carried to its end.
    ///
    /// # Errors
    /// When database or Maildir cannot be read.
    pub async fn settle(
        &mut self,
        house: &House,
        inbox: &Path,
        report: Report,
    ) -> anyhow::Result<()> {
        let waiting = samples::waiting(inbox)?;
        if waiting > 0 {
            self.unfinished.push(format!("{waiting} mail(s) still in inbox/new"));
        }
        for (state, number) in store::deliveries::counts(&house.store).await? {
            match state.as_str() {
                "accepted" => self.accepted = number - report.states.accepted,
                "rejected" | "uncertain" | "withheld" => {}
                unsettled => self.unfinished.push(format!("{number} letter(s) {unsettled}")),
            }
        }
        if !report.adds_up() {
            self.unfinished.push("the numbers of the campaign do not add up".to_owned());
        }
        if self.after_stop > 0 {
            self.unfinished.push(format!("{} mail(s) after a stop", self.after_stop));
        }
        self.campaign = Some(report);
        Ok(())
    }

    /// Whether every mail was filed and moved and every letter settled.
    pub fn is_complete(&self) -> bool {
        self.unfinished.is_empty()
    }

    /// The one document of `--json`.
    pub fn document(&self) -> Value {
        let messages: Vec<Value> = self
            .lines
            .iter()
            .map(|line| {
                json!({
                    "path": line.path,
                    "kind": line.kind,
                    "labels": line.labels.iter().map(|(label, _)| label).collect::<Vec<_>>(),
                    "ticket": line.ticket,
                    "block": line.block,
                    "reply": line.reply,
                })
            })
            .collect();
        json!({
            "messages": messages,
            "campaign": self.campaign.as_ref().map(campaign_document),
            "after_stop": self.after_stop,
        })
    }

    fn print_campaign(&self, report: &Report) -> std::io::Result<()> {
        let told = |reasons: &std::collections::BTreeMap<String, i64>| {
            let each: Vec<String> =
                reasons.iter().map(|(reason, number)| format!("{reason} {number}")).collect();
            if each.is_empty() { "-".to_owned() } else { each.join(", ") }
        };
        let excluded: i64 = report.excluded.values().sum();
        let withheld: i64 = report.withheld.values().sum();
        print::line(&format!(
            "\ncampaign: {} candidates = {excluded} excluded ({}) + {} audience",
            report.candidates,
            told(&report.excluded),
            report.audience
        ))?;
        print::line(&format!(
            "          {} sent, {withheld} withheld after a stop ({})",
            report.states.accepted,
            told(&report.withheld)
        ))?;
        print::line(&format!(
            "          two readers stopped it while it ran; mails to them afterwards: {}\n",
            self.after_stop
        ))
    }

    /// The same for people, with where to look on.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn print(&self, house: &House, directory: &Path) -> std::io::Result<()> {
        let yes = |is: bool| if is { "yes" } else { "-" }.to_owned();
        let rows: Vec<Vec<String>> = self
            .lines
            .iter()
            .map(|line| {
                vec![
                    line.path.clone(),
                    line.kind.clone().unwrap_or_else(|| "unread".to_owned()),
                    words(&line.labels),
                    line.ticket.clone().unwrap_or_else(|| "-".to_owned()),
                    yes(line.block),
                    yes(line.reply),
                ]
            })
            .collect();
        print::table(
            &["MAIL", "KIND", "ASKS FOR (? = not sure)", "TICKET", "BLOCK", "REPLY"],
            &rows,
        )?;
        let pages = house.config.web.public_url.as_str();
        let (mails, letters) = (self.lines.len(), self.accepted);
        let tickets: std::collections::HashSet<_> =
            self.lines.iter().filter_map(|line| line.ticket.as_ref()).collect();
        print::line(&format!(
            "\n{mails} mails, {} tickets, {letters} answers sent",
            tickets.len()
        ))?;
        if let Some(report) = &self.campaign {
            self.print_campaign(report)?;
        }
        for problem in &self.unfinished {
            print::line(&format!("NOT FINISHED: {problem}"))?;
        }
        let config = directory.join(place::CONFIG);
        print::line(&format!("feedback form   {pages}/ru/feedback  {pages}/en/feedback"))?;
        print::line(&format!(
            "subscribe       {pages}/subscribe?locale=ru  {pages}/subscribe?locale=en"
        ))?;
        print::line(&format!("request status  {pages}/ru/status  {pages}/en/status"))?;
        print::line(&format!(
            "answers         {}",
            place::replies(directory).join("new").display()
        ))?;
        print::line(&format!("look further    consentry ticket list --config {}", config.display()))
    }
}

fn campaign_document(report: &Report) -> Value {
    let states = &report.states;
    json!({
        "candidates": report.candidates,
        "excluded": report.excluded,
        "audience": report.audience,
        "planned": states.planned,
        "claimed": states.claimed,
        "accepted": states.accepted,
        "deferred": states.deferred,
        "rejected": states.rejected,
        "uncertain": states.uncertain,
        "withheld": report.withheld,
    })
}

fn words(labels: &[(&'static str, Band)]) -> String {
    if labels.is_empty() {
        return "-".to_owned();
    }
    let words: Vec<String> = labels
        .iter()
        .map(|(label, band)| match band {
            Band::Auto => (*label).to_owned(),
            Band::Suggest | Band::None => format!("{label}?"),
        })
        .collect();
    words.join(", ")
}
