//! Sending the link of an approved package to the mailbox that proved itself, or where somebody asks
//! for another to that person's address on file; never the file.

use domain::{
    Timestamp,
    ambient::random_bytes,
    delivery::Occasion,
    ids::{DeliveryId, PackageId, RequestId, VaultKeyId},
    language::Locale,
    regime::DutyName,
    request::{Outcome, RequestState, RequestStep},
};
use jiff::ToSpan;
use render::{
    MailName,
    mail::{CaseLetter, KeptItem},
    wording,
};
use serde_json::json;
use store::{
    Transaction,
    packages::{NewLink, PackageRow, PackageState},
    requests::RequestRow,
    tickets::TicketRow,
};

use super::making::gone;
use crate::{
    Cases, CasesError,
    identity::Reader,
    letters::CaseMail,
    requests::{By, refused},
};

/// A package on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentPackage {
    /// The package.
    pub package: PackageId,
    /// The letter.
    pub delivery: DeliveryId,
    /// Until when its link holds; none when we hold nothing and the letter has no link.
    pub expires_at: Option<Timestamp>,
}

impl Cases {
    /// Carries out an approved request for access: the link (or that nothing is held) goes to the
    /// address whose challenge was answered; of a representative who answered none, to the address
    /// on file of the person represented. The request is verified with it, and answered once the
    /// letter was accepted. Asked again while the file is there, it sends a new link and the old one
    /// is dead.
    ///
    /// # Errors
    /// [`CasesError::Refused`]: `no_package`, `not_approved` when the decision covers another file,
    /// `no_challenge` when no mailbox proved itself, or by the machine of requests.
    pub async fn send_package(
        &self,
        request: RequestId,
        actor: &str,
    ) -> Result<SentPackage, CasesError> {
        let (_, ticket) = self.request_and_ticket(self.store(), request).await?;
        let package = self.package_in(self.store(), request).await?;
        // The file is there, and whole: asked before anything is promised.
        let file = self.parts.vault.get(package.object).await.map_err(gone)?;
        if <sha2::Sha256 as sha2::Digest>::digest(&file)[..] != package.sha256[..] {
            return Err(gone(vault::VaultError::NotFound(package.object)));
        }
        drop(file);
        let key = self.key_of_matter(&ticket).await?;
        let token = hex::encode(random_bytes::<32>(&*self.parts.entropy));
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        // Read again inside: what was decided, proven and made must hold together.
        let (row, ticket) = self.request_and_ticket(&transaction, request).await?;
        let package = self.package_in(&transaction, request).await?;
        let decision = self.covered(&transaction, &row, &ticket).await?;
        if decision.subject != package.sha256 {
            let reason = "the decision approves another file; have this one approved";
            return Err(refused("not_approved", reason));
        }
        let reader = self.check_has_reader(&transaction, (&row, &ticket)).await?;
        let to = reader.address();
        let row = self.carried_out(&transaction, &row, &package, actor, now).await?;
        let mut letter = self.case_letter(&ticket, Some(&row));
        let decided_by = decision.decided_by.unwrap_or_default();
        letter.decided_by.clone_from(&decided_by);
        letter.complete = package.silent.is_empty();
        letter.kept = missing(&package.silent, |name| self.listens_to_access(name), ticket.locale);
        letter.nothing_held = package.nothing_held;
        let mut expires_at = None;
        let outcome = if package.nothing_held {
            let (from, to) = (package.state, PackageState::Void);
            store::packages::end(&transaction, package.id, from, to).await?;
            Outcome::NothingHeld
        } else {
            let days = i64::from(self.parts.settings.requests.access.link_days.max(1));
            let until = now + (days * 24).hours();
            let link =
                NewLink { token: self.parts.digests.token(&token), address: to, expires_at: until };
            store::packages::send(&transaction, package.id, package.state, link).await?;
            letter.url = format!("{}/p/{token}", self.parts.settings.public_url);
            letter.until = wording::instant(until, &self.parts.settings.zone, ticket.locale);
            expires_at = Some(until);
            if package.silent.is_empty() { Outcome::Done } else { Outcome::PartlyKept }
        };
        if !package.silent.is_empty() {
            // What is still missing is owed, and nobody but a person can send it.
            let (task, detail) = ("package_incomplete", format!("request:{request}"));
            store::tasks::open_once(&transaction, task, ticket.id, &detail, now).await?;
        }
        let (occasion, name) = (Occasion::Answer, MailName::AnswerAccess);
        let mail = CaseMail { ticket: &ticket, to, occasion, name, letter, key };
        let delivery = self.plan_case_letter(&transaction, mail, now).await?;
        store::packages::note_letter(&transaction, package.id, delivery).await?;
        if row.state == RequestState::Verified {
            store::requests::set_outcome(&transaction, request, outcome).await?;
            store::requests::set_answer(&transaction, request, delivery).await?;
        }
        let matter = (&row, &ticket);
        self.tell_the_other(&transaction, matter, reader, (outcome, &decided_by), key, now).await?;
        let detail = json!({
            "package": package.id, "delivery": delivery, "address": to, "expires_at": expires_at,
            "to_the_represented": matches!(reader, Reader::Represented(_)),
        });
        let subject = format!("request:{request}");
        store::audit::append(&transaction, actor, "package_sent", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(SentPackage { package: package.id, delivery, expires_at })
    }

    /// Where somebody asks for another: of the two, the one who got no link hears that it left.
    async fn tell_the_other(
        &self,
        transaction: &Transaction,
        matter: (&RequestRow, &TicketRow),
        reader: Reader,
        became: (Outcome, &str),
        key: VaultKeyId,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let (row, ticket) = matter;
        let to = match reader {
            Reader::Asker(_) => {
                return self.tell_represented(transaction, matter, became, key, now).await;
            }
            Reader::Represented(own) => ticket.address.filter(|asker| *asker != own),
        };
        let Some(to) = to else { return Ok(()) };
        let letter = CaseLetter {
            reasons: vec![wording::answered_to_represented(ticket.locale).to_owned()],
            decided_by: became.1.to_owned(),
            ..self.case_letter(ticket, Some(row))
        };
        let (occasion, name) = (Occasion::Notice, MailName::Reply);
        let mail = CaseMail { ticket, to, occasion, name, letter, key };
        self.plan_case_letter(transaction, mail, now).await?;
        Ok(())
    }

    /// The request is carried out by the sending; a new link moves nothing.
    async fn carried_out(
        &self,
        transaction: &Transaction,
        row: &RequestRow,
        package: &PackageRow,
        actor: &str,
        now: Timestamp,
    ) -> Result<RequestRow, CasesError> {
        let again = matches!(package.state, PackageState::Sent | PackageState::Fetched);
        let done = [RequestState::Verified, RequestState::Answered, RequestState::Closed];
        if again && done.contains(&row.state) {
            return Ok(row.clone());
        }
        let by = By::person(actor);
        let row = self.advance(transaction, row, RequestStep::Execute, by, now).await?;
        let row = self.advance(transaction, &row, RequestStep::Verify, by, now).await?;
        // The letter's own duty is done when the relay has it.
        self.fulfil(transaction, &row, &[DutyName::Decide, DutyName::Check], by, now).await?;
        Ok(row)
    }
}

/// What is not in the answer: systems that have not said what they hold, and those that are not
/// asked.
fn missing(silent: &[String], is_asked: impl Fn(&str) -> bool, locale: Locale) -> Vec<KeptItem> {
    let (what, silent_why, not_asked) = match locale {
        Locale::Ru => (
            "данные из информационной системы",
            "система ещё не ответила; её сведения мы пришлём отдельно",
            "система не опрашивается; её сведения мы пришлём отдельно",
        ),
        Locale::En => (
            "what is held in the system",
            "it has not answered yet; we will send it to you separately",
            "the system is not asked; we will send it to you separately",
        ),
    };
    let item = |system: &String| KeptItem {
        what: format!("{what} «{system}»"),
        why: if is_asked(system) { silent_why } else { not_asked }.to_owned(),
        until: String::new(),
    };
    silent.iter().map(item).collect()
}
