//! Which categories of data were in the kinds of record (item д).

use crate::plan::Part;

use super::ActPart;

/// The categories of data that were in the parts that something was done to.
#[must_use]
pub fn categories_of(parts: &[ActPart]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let done = parts.iter().filter(|part| part.done > 0);
    for category in done.flat_map(|part| categories_in(&part.part)) {
        if !found.iter().any(|known| known == category) {
            found.push((*category).to_owned());
        }
    }
    found
}

/// The categories of data in one kind of record.
fn categories_in(part: &str) -> &'static [&'static str] {
    match Part::from_name(part) {
        Some(Part::Contact) => &["name", "email", "phone", "attributes"],
        Some(Part::Addresses | Part::ReplyAddress) => &["email"],
        Some(Part::Subscriptions | Part::OptIns) => &["email", "subscriptions"],
        Some(Part::Consents | Part::ConsentProof) => &["consents", "network"],
        Some(Part::Submissions) => &["name", "email", "letters"],
        Some(Part::RawMail | Part::ServerCopies) => &["name", "email", "letters", "attachments"],
        Some(Part::Letters | Part::Deliveries) => &["email", "deliveries"],
        Some(Part::Notes) => &["notes"],
        Some(Part::Packages | Part::Exports) => &["name", "email", "phone", "attributes"],
        Some(Part::Notices) => &["name", "email", "phone"],
        Some(Part::Disclosures) => &["transfers"],
        Some(Part::WebLogs) => &["network"],
        // Ids and digests: no category of their own.
        Some(
            Part::Tickets
            | Part::Blocks
            | Part::Stops
            | Part::Tasks
            | Part::Suppression
            | Part::Act,
        ) => &[],
        None => &["other"],
    }
}
