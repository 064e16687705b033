//! What is decided on, and whether a decision covers it still.

use domain::{
    decision::{
        DecisionError, DecisionState, Representation, Standing, Verdict, may_be_carried_out,
    },
    identity::IdentityLevel,
    regime::RequestName,
};
use sha2::{Digest as _, Sha256};
use store::{Session, decisions::DecisionRow, requests::RequestRow, tickets::TicketRow};

use super::{deciding::with_words, refused};
use crate::{Cases, CasesError};

/// What is decided on, and who prepared it.
pub(crate) struct Subject {
    pub(crate) hash: [u8; 32],
    pub(crate) makers: Vec<String>,
    /// Whether data are destroyed by it.
    pub(crate) destroys: bool,
}

impl Cases {
    /// The decision that covers what stands now: executors ask before they begin. One that does
    /// not is no longer valid: let a person send it back.
    ///
    /// # Errors
    /// [`CasesError::Refused`] when nothing was decided, what was decided on was changed since, or
    /// identity, representation or a hold forbid it now.
    pub(crate) async fn covered(
        &self,
        session: &impl Session,
        request: &RequestRow,
        ticket: &TicketRow,
    ) -> Result<DecisionRow, CasesError> {
        let row = store::decisions::standing(session, request.id).await?;
        let decided = |row: &DecisionRow| {
            row.state == DecisionState::Decided && row.verdict == Verdict::Approve
        };
        let Some(row) = row.filter(decided) else {
            return Err(refused("decision_stands", "nobody approved this request"));
        };
        let subject = self.subject_of(session, request).await?;
        let subject = with_words(subject, row.reasons.as_deref());
        if subject.hash != row.subject {
            return Err(DecisionError::SubjectChanged.into());
        }
        let standing = self.standing(session, request, ticket, &subject).await?;
        may_be_carried_out(&standing)?;
        Ok(row)
    }

    /// What an approval of a request would be about.
    pub(crate) async fn subject_of(
        &self,
        session: &impl Session,
        request: &RequestRow,
    ) -> Result<Subject, CasesError> {
        let id = request.id;
        let missing = |what: &str| CasesError::Refused {
            rule: "prepared",
            reason: format!("there is nothing to decide on yet; {what}"),
        };
        let bare = || {
            let hash = Sha256::digest(format!("request/{id}/{}", request.name.name()));
            Subject { hash: hash.into(), makers: Vec::new(), destroys: false }
        };
        match request.name {
            RequestName::Rectification => {
                let found = store::decisions::corrections_of(session, id).await?;
                if found.is_empty() {
                    return Err(missing(
                        "propose the correction first: `consentry correction propose`",
                    ));
                }
                let mut hash = Sha256::new();
                for one in &found {
                    hash.update((one.content.len() as u64).to_be_bytes());
                    hash.update(&one.content);
                }
                let makers = found.into_iter().map(|one| one.made_by).collect();
                Ok(Subject { hash: hash.finalize().into(), makers, destroys: false })
            }
            RequestName::Access => {
                let found = store::decisions::package_of(session, id).await?;
                let (hash, maker) = found
                    .ok_or_else(|| missing("make the package first: `consentry package make`"))?;
                Ok(Subject { hash, makers: vec![maker], destroys: false })
            }
            RequestName::Erasure
            | RequestName::Achieved
            | RequestName::ConsentWithdrawal
            | RequestName::Objection
            | RequestName::UnlawfulProcessing
            | RequestName::AuthorityBlock => {
                let found = store::decisions::plan_of(session, id).await?;
                let must = matches!(request.name, RequestName::Erasure | RequestName::Achieved);
                match found {
                    Some((hash, maker)) => {
                        Ok(Subject { hash, makers: vec![maker], destroys: true })
                    }
                    None if must => Err(missing("make the plan first: `consentry request plan`")),
                    None => Ok(bare()),
                }
            }
            RequestName::Restriction
            | RequestName::StopMarketing
            | RequestName::StopPublication
            | RequestName::AuthorityRequest
            | RequestName::AutomatedDecision
            | RequestName::Breach
            | RequestName::Unread => Ok(bare()),
        }
    }

    pub(super) async fn standing(
        &self,
        session: &impl Session,
        request: &RequestRow,
        ticket: &TicketRow,
        subject: &Subject,
    ) -> Result<Standing, CasesError> {
        let proven = store::identity::level_of(session, request).await?;
        let representation = match self.acting_for(session, (request, ticket)).await? {
            None => Representation::NotNeeded,
            Some(Some(_)) => Representation::Proven,
            Some(None) => Representation::Missing,
        };
        let person = self.person_of(session, (request, ticket)).await?;
        let held = store::decisions::holds_on(session, ticket.id, person).await? > 0;
        Ok(Standing {
            subject: subject.hash,
            identity: proven.unwrap_or(IdentityLevel::From),
            needed: IdentityLevel::needed_for(request.name),
            representation,
            destroys: subject.destroys,
            held,
            disowned: store::challenges::is_disowned(session, ticket.id).await?,
        })
    }

    /// To whom a person can complain, under every regime of the request.
    pub(super) async fn remedies(
        &self,
        session: &impl Session,
        request: &RequestRow,
        ticket: &TicketRow,
    ) -> Result<Vec<String>, CasesError> {
        let mut remedies = Vec::new();
        for duty in store::duties::of_request(session, request.id).await? {
            let rule = super::dating::read_rule(&duty.rule);
            let Some(regime) = rule.as_ref().and_then(|rule| self.regime_of(rule)) else {
                continue;
            };
            for text in regime.remedies() {
                let text = text.in_locale(ticket.locale).to_owned();
                if !remedies.contains(&text) {
                    remedies.push(text);
                }
            }
        }
        Ok(remedies)
    }
}
