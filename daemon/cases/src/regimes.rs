//! Which laws protect a person: what somebody set by hand, else what a rule says, else what is
//! configured for all.

use domain::{
    address::EmailAddress,
    ids::{AddressId, ContactId},
    regime::{RegimeId, whose},
};
use serde_json::json;
use store::Session;

use crate::{Cases, CasesError, requests::refused};

/// The regime whose persons are told before a restriction ends.
const GDPR: &str = "eu-gdpr";

/// The regimes of one contact, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegimesShown {
    /// In order.
    pub regimes: Vec<RegimeId>,
    /// Who set them; none: a rule, or the configuration.
    pub by: Option<String>,
}

impl Cases {
    /// The regimes by which a matter of this person is reckoned.
    pub(crate) async fn regimes_for(
        &self,
        session: &impl Session,
        contact: Option<ContactId>,
        address: Option<&EmailAddress>,
    ) -> Result<Vec<RegimeId>, CasesError> {
        let held = match contact {
            Some(contact) => store::care::regimes_of(session, contact).await?,
            None => None,
        };
        if let Some(held) = held.as_ref().filter(|held| !held.regimes.is_empty()) {
            return Ok(held.regimes.clone());
        }
        let settings = &self.parts.settings;
        let person = whose::Person {
            locale: held.as_ref().map_or("", |held| held.locale.as_str()),
            zone: held.as_ref().map_or("", |held| held.zone.as_str()),
            country: address
                .map_or("", |address| address.domain().rsplit('.').next().unwrap_or_default()),
        };
        let ruled = whose::by_rule(&settings.requests.regime_rules, &person);
        Ok(ruled.unwrap_or(&settings.regimes).to_vec())
    }

    /// Whether a person is told before a restriction of theirs ends (GDPR art. 18(3)): it goes by
    /// their own regimes. Of an address that several people share, one who is protected is enough.
    pub(crate) async fn is_told_before_lifting(
        &self,
        session: &impl Session,
        contact: Option<ContactId>,
        address: Option<AddressId>,
    ) -> Result<bool, CasesError> {
        let clear = match address {
            Some(address) => store::addresses::clear(session, address).await?,
            None => None,
        };
        let people = match (contact, address) {
            (Some(contact), _) => vec![contact],
            (None, Some(address)) => store::contacts::of_address(session, address).await?,
            (None, None) => Vec::new(),
        };
        let is_gdpr = |regimes: Vec<RegimeId>| regimes.iter().any(|id| id.as_str() == GDPR);
        if people.is_empty() {
            return Ok(is_gdpr(self.regimes_for(session, None, clear.as_ref()).await?));
        }
        for person in people {
            if is_gdpr(self.regimes_for(session, Some(person), clear.as_ref()).await?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The regimes of a contact, and who set them; the look is written into the audit log.
    ///
    /// # Errors
    /// [`CasesError::NotFound`].
    pub async fn regimes_of_contact(
        &self,
        contact: ContactId,
        actor: &str,
    ) -> Result<RegimesShown, CasesError> {
        let missing = || CasesError::NotFound { what: "contact", id: contact.to_string() };
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let held = store::care::regimes_of(&transaction, contact).await?.ok_or_else(missing)?;
        let regimes = self.regimes_for(&transaction, Some(contact), None).await?;
        let subject = format!("contact:{contact}");
        store::audit::append(&transaction, actor, "read_regimes", &subject, &json!({}), now)
            .await?;
        transaction.commit().await?;
        let by = (!held.regimes.is_empty()).then_some(held.by);
        Ok(RegimesShown { regimes, by })
    }

    /// Sets the regimes of a contact; an empty list leaves it to the rules. Requests that are open
    /// keep the clock they were opened with.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`regime_known`), [`CasesError::NotFound`].
    pub async fn set_regimes_of_contact(
        &self,
        contact: ContactId,
        regimes: &[RegimeId],
        actor: &str,
    ) -> Result<RegimesShown, CasesError> {
        for id in regimes {
            if !self.parts.regimes.iter().any(|regime| regime.id() == id) {
                let reason = format!("there is no regime `{}`; see config/regimes", id.as_str());
                return Err(refused("regime_known", &reason));
            }
        }
        let missing = || CasesError::NotFound { what: "contact", id: contact.to_string() };
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let before = store::care::regimes_of(&transaction, contact).await?.ok_or_else(missing)?;
        store::care::set_regimes(&transaction, contact, regimes, actor).await?;
        let words = |ids: &[RegimeId]| -> Vec<String> {
            ids.iter().map(|id| id.as_str().to_owned()).collect()
        };
        let detail = json!({ "before": words(&before.regimes), "after": words(regimes) });
        let subject = format!("contact:{contact}");
        store::audit::append(&transaction, actor, "set_regimes", &subject, &detail, now).await?;
        let held = self.regimes_for(&transaction, Some(contact), None).await?;
        transaction.commit().await?;
        let by = (!regimes.is_empty()).then(|| actor.to_owned());
        Ok(RegimesShown { regimes: held, by })
    }
}
