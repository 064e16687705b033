//! `consentry contact regime`: which laws protect a person, and who said so.

use cases::Cases;
use domain::{ids::ContactId, regime::RegimeId};
use serde_json::json;

use crate::command::told;
use crate::print;

/// What to do with the regimes of a contact.
#[derive(Debug, Clone)]
pub enum Wish {
    /// Show them.
    Show,
    /// Set these; none: leave it to the rules.
    Set(Vec<RegimeId>),
}

/// Shows or sets them.
///
/// # Errors
/// [`crate::failure::RefusedByRule`] when a regime is not known.
pub async fn run(
    cases: &Cases,
    contact: i64,
    wish: Wish,
    json: bool,
    actor: &str,
) -> anyhow::Result<()> {
    let id = ContactId(contact);
    let shown = match wish {
        Wish::Show => cases.regimes_of_contact(id, actor).await,
        Wish::Set(regimes) => cases.set_regimes_of_contact(id, &regimes, actor).await,
    }
    .map_err(told)?;
    let names: Vec<&str> = shown.regimes.iter().map(RegimeId::as_str).collect();
    if json {
        print::json_document(&json!({
            "contact": contact, "regimes": names, "set_by": shown.by,
        }))?;
    } else {
        let by = shown.by.map_or("by rule".to_owned(), |by| format!("set by {by}"));
        print::line(&format!("contact {contact}: {} ({by})", names.join(", ")))?;
    }
    Ok(())
}
