//! Extensions: asked with a reasoned notice, and granted only when that notice went out before
//! the unextended date (152-ФЗ ст. 20 ч. 1, ст. 21 ч. 5.1; GDPR art. 12(3)).

use domain::{
    Timestamp,
    clock::{CannotExtend, Duty, extend},
    delivery::{DeliveryStateName, Occasion},
    ids::RequestId,
    regime::DutyName,
};
use render::{MailName, wording};
use store::{
    StoreError, Transaction,
    extensions::{ExtensionRow, ExtensionState},
    requests::{DutyRow, RequestRow},
};

use super::{dating::as_duty, deciding::paragraphs, refused};
use crate::{Cases, CasesError, letters::CaseMail};

/// The context under which causes are sealed.
const CAUSES_CONTEXT: &str = "extension.causes";
/// The alarm of an extension that was not granted, before its id.
const NOT_GRANTED: &str = "extension_not_granted/";

impl Cases {
    /// Asks for more time for a duty: plans the notice with its causes. Returns how many duties
    /// (of several regimes) it would lengthen. Nothing is lengthened before the notice went out.
    ///
    /// # Errors
    /// [`CasesError::Refused`] where the law knows no extension, it was lengthened before, the
    /// date has passed, or nobody can be written to.
    pub async fn ask_extension(
        &self,
        id: RequestId,
        duty: DutyName,
        causes: &str,
        actor: &str,
    ) -> Result<usize, CasesError> {
        let ticket = self.request_and_ticket(self.store(), id).await?.1;
        let sealed = self.seal_causes(&ticket, causes).await?;
        let key = self.key_of_matter(&ticket).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, id).await?;
        let longer = self.extendable(&transaction, &request, duty, Some(now)).await?;
        let Some(to) = ticket.address else {
            let why = "there is no address to write to; tell the person another way and record it with --sent-at and --proof";
            return Err(refused("notice_required", why));
        };
        let mut letter = self.case_letter(&ticket, Some(&request));
        letter.reasons = paragraphs(causes);
        let until = longer.iter().filter_map(|(_, long)| long.legal_on).min();
        letter.until = until.map(|day| wording::date(day, ticket.locale)).unwrap_or_default();
        letter.owed = self.owed_once_extended(&transaction, (&request, &ticket), &longer).await?;
        let mail = CaseMail {
            ticket: &ticket,
            to,
            occasion: Occasion::Notice,
            name: MailName::Extension,
            letter,
            key,
        };
        let notice = self.plan_case_letter(&transaction, mail, now).await?;
        for (row, _) in &longer {
            self.write_asked(&transaction, (id, row), Some(notice), &sealed, actor, now).await?;
            if let Some(due) = row.legal_due_at {
                store::extensions::expire_notice(&transaction, notice, due).await?;
            }
        }
        let about = format!("request:{id}");
        let detail = serde_json::json!({ "duty": duty.name(), "notice": notice });
        store::audit::append(&transaction, actor, "extension_asked", &about, &detail, now).await?;
        transaction.commit().await?;
        Ok(longer.len())
    }

    /// What is still owed by when, as it will be: what is lengthened by its new date, all else by
    /// the date that stands (152-ФЗ ст. 21 ч. 5.1: the stop alone; the answer keeps its own).
    async fn owed_once_extended(
        &self,
        transaction: &Transaction,
        (request, ticket): (&RequestRow, &store::tickets::TicketRow),
        longer: &[(DutyRow, Duty)],
    ) -> Result<Vec<String>, CasesError> {
        let mut by_name: Vec<(DutyName, jiff::civil::Date)> = Vec::new();
        for row in store::duties::of_request(transaction, request.id).await? {
            let held = || row.legal_due_on.as_deref().and_then(|day| day.parse().ok());
            let long = longer.iter().find(|(one, _)| one.id == row.id);
            let day = long.map_or_else(held, |(_, long)| long.legal_on);
            let (Some(name), Some(day), None) = (DutyName::from_name(&row.name), day, row.done_at)
            else {
                continue;
            };
            match by_name.iter_mut().find(|(held, _)| *held == name) {
                // Of two laws the earlier date is what the person is told.
                Some((_, held)) => *held = day.min(*held),
                None => by_name.push((name, day)),
            }
        }
        let said = by_name.into_iter();
        Ok(said
            .filter_map(|(name, day)| wording::owed(request.name, name, day, ticket.locale))
            .collect())
    }

    /// Records that the reasoned notice was delivered by hand at an instant, with a note of the
    /// proof; the extension is granted at once. Returns how many duties were lengthened.
    ///
    /// # Errors
    /// As [`Cases::ask_extension`]; [`CasesError::Refused`] when it was delivered too late.
    pub async fn record_extension(
        &self,
        id: RequestId,
        duty: DutyName,
        (causes, proof): (&str, &str),
        sent_at: Timestamp,
        actor: &str,
    ) -> Result<usize, CasesError> {
        if proof.trim().is_empty() {
            return Err(refused("notice_required", "say how and to whom the notice was delivered"));
        }
        let ticket = self.request_and_ticket(self.store(), id).await?.1;
        let words = format!("{}\n\n{}", causes.trim(), proof.trim());
        let sealed = self.seal_causes(&ticket, &words).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        if sent_at > now {
            return Err(refused("notice_required", "the notice must have been delivered already"));
        }
        let (request, _) = self.request_and_ticket(&transaction, id).await?;
        let longer = self.extendable(&transaction, &request, duty, Some(sent_at)).await?;
        for (row, long) in &longer {
            let about = (id, row);
            let asked = self.write_asked(&transaction, about, None, &sealed, actor, now).await?;
            self.grant(&transaction, asked, (&request, row, long), actor, now).await?;
        }
        transaction.commit().await?;
        Ok(longer.len())
    }

    async fn seal_causes(
        &self,
        ticket: &store::tickets::TicketRow,
        causes: &str,
    ) -> Result<Vec<u8>, CasesError> {
        if causes.trim().chars().count() < 10 {
            let why =
                "the notice must give the causes of the delay (152-ФЗ: мотивированное уведомление)";
            return Err(refused("extension_needs_causes", why));
        }
        let key = self.key_of_matter(ticket).await?;
        let entropy = &*self.parts.entropy;
        let causes = causes.trim().as_bytes();
        Ok(self.parts.vault.seal(key, CAUSES_CONTEXT, causes, entropy).await?)
    }

    async fn write_asked(
        &self,
        transaction: &Transaction,
        (id, row): (RequestId, &DutyRow),
        notice: Option<domain::ids::DeliveryId>,
        sealed: &[u8],
        actor: &str,
        now: Timestamp,
    ) -> Result<domain::ids::ExtensionId, CasesError> {
        let asked =
            store::extensions::ask(transaction, (id, row.id), notice, sealed, actor, now).await;
        match asked {
            Err(StoreError::Duplicate { .. }) => {
                let why =
                    "an extension of this duty was asked for already; see `consentry request show`";
                Err(refused("extension_once", why))
            }
            asked => Ok(asked?),
        }
    }

    /// The open duties of this name that the law lets be lengthened, each as it would be.
    async fn extendable(
        &self,
        transaction: &Transaction,
        request: &RequestRow,
        name: DutyName,
        sent_at: Option<Timestamp>,
    ) -> Result<Vec<(DutyRow, Duty)>, CasesError> {
        if !request.state.is_open() {
            return Err(refused("extension", "the request is over"));
        }
        let mut longer = Vec::new();
        let mut why = CannotExtend::UnknownDuty;
        for row in store::duties::of_request(transaction, request.id).await? {
            if row.name != name.name() || row.done_at.is_some() {
                continue;
            }
            match self.lengthened(request, &row, sent_at) {
                Ok(long) => longer.push((row, long)),
                Err(error) => why = error,
            }
        }
        if longer.is_empty() {
            return Err(CasesError::Refused { rule: "extension", reason: why.to_string() });
        }
        Ok(longer)
    }

    fn lengthened(
        &self,
        request: &RequestRow,
        row: &DutyRow,
        sent_at: Option<Timestamp>,
    ) -> Result<Duty, CannotExtend> {
        let unknown = CannotExtend::UnknownDuty;
        let duty = as_duty(row).ok_or(unknown)?;
        let regime = self.regime_of(&duty.rule).ok_or(unknown)?;
        let calendar = self.calendar_of(regime).ok_or(unknown)?;
        let events = request.events();
        let long = extend(&duty, request.name, regime, calendar, &events, sent_at)?;
        let rest = jiff::SignedDuration::from_micros(row.paused_for);
        Ok(domain::clock::rested(&long, rest, request.name, regime, calendar))
    }

    async fn grant(
        &self,
        transaction: &Transaction,
        extension: domain::ids::ExtensionId,
        (request, row, long): (&RequestRow, &DutyRow, &Duty),
        actor: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        store::extensions::settle(transaction, extension, ExtensionState::Granted, now).await?;
        store::duties::redate(transaction, row, long, row.paused_for).await?;
        let id = request.id;
        store::requests::note_clock(transaction, id, "extend", (actor, &row.name), now).await?;
        let about = format!("request:{id}");
        let detail = serde_json::json!({
            "duty": row.id, "before": row.legal_due_on, "after": long.legal_on,
        });
        Ok(store::audit::append(transaction, actor, "extended", &about, &detail, now).await?)
    }

    /// Settles the extensions whose notice has left, or can leave in time no more. Returns how
    /// many were settled.
    ///
    /// # Errors
    /// [`CasesError`] when the database cannot be used.
    pub async fn settle_extensions(&self, limit: u32) -> Result<usize, CasesError> {
        self.clear_refused_extensions().await?;
        let mut settled = 0;
        for extension in store::extensions::asked(self.store(), limit).await? {
            match self.settle_extension(&extension).await {
                Ok(true) => settled += 1,
                Ok(false) => {}
                // Another node, or the end of the duty, was first.
                Err(CasesError::Store(StoreError::Conflict { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(settled)
    }

    /// The alarm of an extension that was not granted goes when its duty is done, lengthened in
    /// another way, or owed no more.
    async fn clear_refused_extensions(&self) -> Result<(), CasesError> {
        let standing = store::alarms::standing(self.store()).await?;
        let named: Vec<_> =
            standing.iter().filter(|alarm| alarm.name.starts_with(NOT_GRANTED)).collect();
        if named.is_empty() {
            return Ok(());
        }
        let owed = store::extensions::refused_and_owed(self.store()).await?;
        let owed: Vec<_> = owed.iter().map(|id| format!("{NOT_GRANTED}{id}")).collect();
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        for alarm in named.iter().filter(|alarm| !owed.contains(&alarm.name)) {
            store::alarms::clear(&transaction, &alarm.name, now).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn settle_extension(&self, extension: &ExtensionRow) -> Result<bool, CasesError> {
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, extension.request).await?;
        let Some(row) = store::duties::by_id(&transaction, extension.duty).await? else {
            return Ok(false);
        };
        let is_past = row.legal_due_at.is_some_and(|due| due < now);
        let sent_at = match extension.notice {
            Some((DeliveryStateName::Accepted, at)) => at,
            _ => None,
        };
        let fate = match (&extension.notice, sent_at) {
            _ if row.done_at.is_some() => Fate::Moot,
            (_, Some(at)) => match self.lengthened(&request, &row, Some(at)) {
                Ok(long) => Fate::Granted(long),
                Err(_) => Fate::Not(ExtensionState::Late),
            },
            (None | Some((DeliveryStateName::Rejected | DeliveryStateName::Withheld, _)), _) => {
                Fate::Not(ExtensionState::Failed)
            }
            _ if is_past => Fate::Not(ExtensionState::Late),
            _ => return Ok(false),
        };
        match fate {
            Fate::Granted(long) => {
                let about = (&request, &row, &long);
                self.grant(&transaction, extension.id, about, "consentry", now).await?;
            }
            Fate::Moot => {
                let to = ExtensionState::Failed;
                store::extensions::settle(&transaction, extension.id, to, now).await?;
            }
            Fate::Not(to) => {
                store::extensions::settle(&transaction, extension.id, to, now).await?;
                let name = format!("{NOT_GRANTED}{}", extension.id);
                let detail = format!(
                    "the notice of an extension did not go out in time: ticket {}, request {}, duty {}, due {}; \
                     the first date holds",
                    ticket.number,
                    request.id,
                    row.name,
                    row.legal_due_on.as_deref().unwrap_or("-"),
                );
                store::alarms::raise(&transaction, &name, &detail, now).await?;
                let detail = format!("request:{} duty:{}", request.id, row.name);
                let task = "extension_not_granted";
                store::tasks::open(&transaction, task, Some(ticket.id), None, &detail, now).await?;
                let about = format!("request:{}", request.id);
                let detail = serde_json::json!({ "duty": row.id, "state": to.name() });
                let act = "extension_failed";
                store::audit::append(&transaction, "consentry", act, &about, &detail, now).await?;
            }
        }
        transaction.commit().await?;
        Ok(true)
    }
}

/// What becomes of an extension.
enum Fate {
    Granted(Duty),
    /// The duty was done meanwhile.
    Moot,
    Not(ExtensionState),
}
