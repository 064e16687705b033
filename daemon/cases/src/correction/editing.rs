//! `contact edit`: a person of ours mends a contact that nobody asked to be corrected. While the
//! person's data are blocked it is refused: then only a correction changes them (RULES §1.2).

use domain::{
    Timestamp,
    block::{Field, Scope},
    correction::{checked, may_edit},
    ids::ContactId,
};
use serde_json::json;
use store::{StoreError, packages as held, rectifications};

use super::applying::value_changed;
use crate::{Cases, CasesError, requests::refused};

/// What is to be changed; none: left as it is. Personal data; prints nothing of it.
#[derive(Clone, Default)]
pub struct ContactEdit {
    /// First and last name.
    pub name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// `ru` or `en`.
    pub locale: Option<String>,
    /// IANA zone.
    pub zone: Option<String>,
}

impl std::fmt::Debug for ContactEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContactEdit(***)")
    }
}

/// A field that was changed, by name.
pub type EditedField = &'static str;

impl Cases {
    /// Changes a contact; audited with the names of the fields.
    ///
    /// # Errors
    /// [`CasesError::Refused`]: `blocked`; `contact_value`; `value_changed` when somebody changed it
    /// at the same time. [`CasesError::NotFound`].
    pub async fn edit_contact(
        &self,
        contact: ContactId,
        edit: &ContactEdit,
        actor: &str,
    ) -> Result<Vec<EditedField>, CasesError> {
        check_manners(edit)?;
        let mut keys = Vec::new();
        for address in store::contacts::addresses_of(self.store(), contact).await? {
            keys.extend(self.keys_of_address(self.store(), address).await?);
        }
        let transaction = self.store().begin().await?;
        store::stops::lock(&transaction, &keys).await?;
        let now = self.parts.clock.now();
        let missing = || CasesError::NotFound { what: "contact", id: contact.to_string() };
        let person = held::contact(&transaction, contact).await?.ok_or_else(missing)?;
        let blocks = store::blocks::active_for(&transaction, &keys, &[contact]).await?;
        let scopes: Vec<&Scope> = blocks.iter().map(|block| &block.scope).collect();
        let mut changed = Vec::new();
        if let Some(name) = &edit.name {
            let new = value(Field::Name, &person.name, name, &scopes)?;
            stands(rectifications::change_name(&transaction, contact, &person.name, &new).await)?;
            changed.push("name");
        }
        if let Some(phone) = &edit.phone {
            let new = value(Field::Phone, &person.phone, phone, &scopes)?;
            stands(rectifications::change_phone(&transaction, contact, &person.phone, &new).await)?;
            changed.push("phone");
        }
        if edit.locale.is_some() || edit.zone.is_some() {
            check_blocks(None, &scopes)?;
            let (locale, zone) = (edit.locale.as_deref(), edit.zone.as_deref());
            rectifications::change_manners(&transaction, contact, locale, zone).await?;
            changed.extend(edit.locale.as_ref().map(|_| "locale"));
            changed.extend(edit.zone.as_ref().map(|_| "zone"));
        }
        if changed.is_empty() {
            return Err(refused("contact_value", "say what is to be changed; see --help"));
        }
        self.note_edit(&transaction, contact, &changed, actor, now).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    async fn note_edit(
        &self,
        transaction: &store::Transaction,
        contact: ContactId,
        changed: &[EditedField],
        actor: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let (subject, detail) = (format!("contact:{contact}"), json!({ "fields": changed }));
        Ok(store::audit::append(transaction, actor, "edited", &subject, &detail, now).await?)
    }
}

fn check_manners(edit: &ContactEdit) -> Result<(), CasesError> {
    let known = |code: &str| domain::language::Locale::from_code(code).is_some();
    if edit.locale.as_deref().is_some_and(|code| !known(code)) {
        return Err(refused("contact_value", "--locale is ru or en"));
    }
    if edit.zone.as_deref().is_some_and(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
        return Err(refused("contact_value", "--zone is an IANA time zone, such as Europe/Moscow"));
    }
    Ok(())
}

fn value(field: Field, old: &str, new: &str, scopes: &[&Scope]) -> Result<String, CasesError> {
    check_blocks(Some(field), scopes)?;
    checked(field, old, new).map_err(|error| refused("contact_value", &error.to_string()))
}

fn check_blocks(field: Option<Field>, scopes: &[&Scope]) -> Result<(), CasesError> {
    if may_edit(field, scopes.iter().copied()) {
        return Ok(());
    }
    let reason = "the data of this person are blocked: propose a correction (`correction propose`), or lift the block first";
    Err(refused("blocked", reason))
}

fn stands(changed: Result<(), StoreError>) -> Result<(), CasesError> {
    match changed {
        Err(StoreError::Conflict { .. }) => Err(value_changed()),
        changed => Ok(changed?),
    }
}
