//! Requests as people of ours read them: what is due first, and one whole.

use domain::{
    Timestamp,
    decision::Verdict,
    identity::IdentityLevel,
    ids::{DutyId, RequestId},
    language::Locale,
    regime::RequestName,
    request::RequestState,
};
use store::{
    decisions::DecisionRow,
    duties::OwedRow,
    extensions::ExtensionRow,
    requests::{DutyRow, RequestRow},
    tickets::TicketRow,
};

use super::{deciding::Refusal, repeating::Repeat};
use crate::{Cases, CasesError};

/// Rows that are read in one go.
const AT_ONCE: u32 = 500;

/// Which requests are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only those of which something is overdue.
    pub overdue: bool,
    /// Only those in this state.
    pub state: Option<RequestState>,
    /// Only those of this name.
    pub name: Option<RequestName>,
}

/// A request in the list: by the duty that is due first.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The duty that is due first, with its request.
    pub owed: OwedRow,
    /// Whole days left until the safe date; negative when it has passed.
    pub days_left: i64,
    /// Whether the safe date has passed.
    pub is_overdue: bool,
    /// What missing it may cost, in Russian.
    pub penalty: Option<String>,
}

/// A decision with its words.
#[derive(Debug, Clone)]
pub struct ShownDecision {
    /// The row.
    pub row: DecisionRow,
    /// Clause and reasons of a refusal; none when their key was destroyed.
    pub refusal: Option<Refusal>,
}

/// A note with its words. May hold personal data; prints nothing.
#[derive(Clone)]
pub struct ShownNote {
    /// What it is about.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// The words; none when their key was destroyed.
    pub text: Option<String>,
}

impl std::fmt::Debug for ShownNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShownNote").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A request, whole.
#[derive(Debug, Clone)]
pub struct RequestView {
    /// The request.
    pub request: RequestRow,
    /// Its ticket.
    pub ticket: TicketRow,
    /// Its duties, earliest first.
    pub duties: Vec<DutyRow>,
    /// What missing a date may cost, each once, in Russian and English.
    pub penalties: Vec<(String, String)>,
    /// On what a refusal may rest, by the regimes, in Russian and English.
    pub exceptions: Vec<(String, String)>,
    /// Its decisions, oldest first.
    pub decisions: Vec<ShownDecision>,
    /// Its extensions, oldest first.
    pub extensions: Vec<ExtensionRow>,
    /// Its notes, oldest first.
    pub notes: Vec<ShownNote>,
    /// The proven level of identity, and the one that is needed.
    pub identity: (Option<IdentityLevel>, IdentityLevel),
    /// Holds that stand.
    pub holds: i64,
    /// That it comes too soon after another, with the refusal that may be proposed.
    pub repeat: Option<Repeat>,
    /// What a person should know before deciding.
    pub hints: Vec<String>,
}

impl Cases {
    /// Requests of which something with a date is owed, earliest first, one line each.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn due_requests(
        &self,
        filter: Filter,
        limit: usize,
    ) -> Result<Vec<Listed>, CasesError> {
        let now = self.parts.clock.now();
        let mut listed: Vec<Listed> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut after = (i64::MIN, DutyId(0));
        loop {
            let rows = store::duties::owed(self.store(), (after, AT_ONCE)).await?;
            let Some(last) = rows.last() else { return Ok(listed) };
            let at = last.duty.safe_due_at.map_or(i64::MIN, Timestamp::as_microsecond);
            after = (at, last.duty.id);
            for owed in rows {
                // Of each request the first duty alone: they come by what is due first.
                if !seen.insert(owed.duty.request) {
                    continue;
                }
                let one = self.listed(owed, now);
                let fits = (!filter.overdue || one.is_overdue)
                    && filter.state.is_none_or(|state| state == one.owed.state)
                    && filter.name.is_none_or(|name| name == one.owed.name);
                if fits {
                    listed.push(one);
                }
                if listed.len() >= limit {
                    return Ok(listed);
                }
            }
        }
    }

    fn listed(&self, owed: OwedRow, now: Timestamp) -> Listed {
        let due = owed.duty.safe_due_at.unwrap_or(Timestamp::MAX);
        let zone = &self.parts.settings.zone;
        let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
        let days_left = day(due).duration_since(day(now)).as_hours() / 24;
        let is_overdue = due < now;
        let penalty = self.row_of(&owed.duty).and_then(|row| row.penalty.as_ref());
        let penalty = penalty.filter(|_| is_overdue).map(|text| text.ru.clone());
        Listed { owed, days_left, is_overdue, penalty }
    }

    /// One page of all requests, newest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn requests_page(
        &self,
        filter: Filter,
        before: Option<RequestId>,
        limit: u32,
    ) -> Result<Vec<(RequestRow, String)>, CasesError> {
        let of = (filter.name, filter.state);
        Ok(store::requests::page(self.store(), of, before, limit).await?)
    }

    /// One request, whole; the reading is written into the audit log (152-ФЗ ст. 19 ч. 2 п. 8).
    ///
    /// # Errors
    /// [`CasesError::NotFound`].
    pub async fn show_request(
        &self,
        id: RequestId,
        actor: &str,
    ) -> Result<RequestView, CasesError> {
        let store = self.store();
        let (request, ticket) = self.request_and_ticket(store, id).await?;
        let duties = store::duties::of_request(store, id).await?;
        let mut decisions = Vec::new();
        for row in store::decisions::of_request(store, id).await? {
            let refusal = match row.verdict {
                Verdict::Refuse => self.open_refusal(&row).await.ok(),
                Verdict::Approve => None,
            };
            decisions.push(ShownDecision { row, refusal });
        }
        let mut notes = Vec::new();
        for note in store::request_notes::of_request(store, id).await? {
            let text = self.open_request_note(note.content.as_deref()).await;
            let text = text.map(|text| domain::special::papers_masked(&text));
            notes.push(ShownNote { kind: note.kind, at: note.at, actor: note.actor, text });
        }
        let proven = store::identity::level_of(store, &request).await?;
        let person = self.person_of(store, (&request, &ticket)).await?;
        let repeat = self.repeat_of(store, &request, &ticket).await?;
        let view = RequestView {
            penalties: self.of_rows(&duties, |row| row.penalty.iter().collect()),
            exceptions: self.of_rows(&duties, |row| row.exceptions.iter().collect()),
            hints: hints(&request, repeat.as_ref()),
            repeat,
            identity: (proven, IdentityLevel::needed_for(request.name)),
            holds: store::decisions::holds_on(store, ticket.id, person).await?,
            extensions: store::extensions::of_request(store, id).await?,
            request,
            ticket,
            duties,
            decisions,
            notes,
        };
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (about, detail) = (format!("request:{id}"), serde_json::json!({}));
        store::audit::append(&transaction, actor, "read", &about, &detail, now).await?;
        transaction.commit().await?;
        Ok(view)
    }

    fn of_rows<'a>(
        &'a self,
        duties: &[DutyRow],
        pick: impl Fn(&'a domain::regime::Row) -> Vec<&'a domain::data_file::Text>,
    ) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for text in duties.iter().filter_map(|duty| self.row_of(duty)).flat_map(pick) {
            let pair =
                (text.in_locale(Locale::Ru).to_owned(), text.in_locale(Locale::En).to_owned());
            if !found.contains(&pair) {
                found.push(pair);
            }
        }
        found
    }
}

fn hints(request: &RequestRow, repeat: Option<&Repeat>) -> Vec<String> {
    let mut hints = Vec::new();
    if let Some(repeat) = repeat {
        hints.push(format!(
            "comes within 30 days of request {}, which was answered, and would be due from {} on: it may be \
             refused (152-ФЗ ст. 14 ч. 4, 6) with `consentry request refuse {} --repeated`, unless that answer \
             was incomplete (ч. 5)",
            repeat.found.earlier, repeat.found.from_on, request.id
        ));
    }
    let is_open = request.state.is_open() && request.outcome.is_none();
    if is_open && request.name == RequestName::Access && request.regime.starts_with("ru-") {
        hints.push(format!(
            "must say who asks and what links them to us (152-ФЗ ст. 14 ч. 3): see `consentry identity ask {} \
             --list`; what is missing is asked for, the clock runs on",
            request.id
        ));
    }
    if request.paused_at.is_some() {
        hints.push("its clock rests; `consentry request resume` lets it go on".to_owned());
    }
    hints
}
