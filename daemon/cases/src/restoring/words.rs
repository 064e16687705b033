//! What an entry of a stop journal says, read from its scope words.

use domain::{
    block::{Field, Purpose, Scope},
    digest::AddressDigests,
    gate::SuppressionReason,
    ids::{ContactId, TicketId},
    journal::{StopAct, StopIntent},
    plan::Method,
};

use crate::outliving::GOES_ON;

/// What is to be made true again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    Block(Scope),
    Suppress(SuppressionReason),
    /// Left a list, or all of them.
    Leave(Option<String>),
    /// Withdrew the consents to a purpose.
    Withdraw(Purpose),
    /// A campaign was paused or cancelled: the words do not say which.
    Campaign(String),
    LiftBlock(Scope),
    LiftSuppression(SuppressionReason),
    Erase(Erased),
    /// An end that may never have come.
    Nothing,
    /// Words of a later version.
    Unknown,
}

/// Whom a destruction meant beside the digests, and how it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Erased {
    pub(super) contact: Option<ContactId>,
    /// Where there was no contact.
    pub(super) ticket: Option<TicketId>,
    pub(super) method: Method,
    /// Whether who it is stayed, for a purpose that goes on.
    pub(super) goes_on: bool,
}

/// Reads an entry.
pub(super) fn meaning(intent: &StopIntent) -> Meaning {
    let words = intent.scope.as_str();
    match intent.act {
        StopAct::Erasure => Meaning::Erase(erased_in(words)),
        StopAct::Lift => match (scope_in(words), suppression_in(words)) {
            (Some(scope), _) => Meaning::LiftBlock(scope),
            (None, Some(reason)) => Meaning::LiftSuppression(reason),
            (None, None) => Meaning::Unknown,
        },
        StopAct::Stop => stop_in(words),
    }
}

fn stop_in(words: &str) -> Meaning {
    if let Some(scope) = scope_in(words) {
        return Meaning::Block(scope);
    }
    if let Some(reason) = suppression_in(words) {
        return Meaning::Suppress(reason);
    }
    match words.split_once(':') {
        Some(("unsubscribe", "all")) => Meaning::Leave(None),
        Some(("unsubscribe", list)) => Meaning::Leave(Some(list.to_owned())),
        Some(("withdrawal", purpose)) => {
            Purpose::from_name(purpose).map_or(Meaning::Unknown, Meaning::Withdraw)
        }
        Some(("campaign", id)) => Meaning::Campaign(id.to_owned()),
        _ => Meaning::Unknown,
    }
}

fn scope_in(words: &str) -> Option<Scope> {
    let (kind, rest) = words.split_once(':').unwrap_or((words, ""));
    let of = || rest.split(',').filter(|word| !word.is_empty());
    match kind {
        "full" if rest.is_empty() => Some(Scope::Full),
        "marketing" if rest.is_empty() => Some(Scope::Marketing),
        "purposes" => of().map(Purpose::from_name).collect::<Option<_>>().map(Scope::Purposes),
        "fields" => of().map(Field::from_name).collect::<Option<_>>().map(Scope::Fields),
        _ => None,
    }
}

fn suppression_in(words: &str) -> Option<SuppressionReason> {
    let first = words.split(' ').next()?;
    SuppressionReason::from_name(first.strip_prefix("suppression:")?)
}

/// `suppression:erased contact:17 method:anonymise`; without a method it was destroyed.
/// `rest:erased keeps:contact contact:17` where who it is stayed.
fn erased_in(words: &str) -> Erased {
    let after = |prefix| words.split(' ').find_map(|word| word.strip_prefix(prefix));
    let id = |prefix| after(prefix)?.parse().ok().filter(|id| *id > 0);
    let method = after("method:").and_then(Method::from_name).unwrap_or(Method::Destroy);
    let goes_on = words.starts_with(GOES_ON);
    let (contact, ticket) = (id("contact:").map(ContactId), id("ticket:").map(TicketId));
    Erased { contact, ticket, method, goes_on }
}

/// The digests of each address. A stop lists them address after address, under each key from the
/// newest down.
pub(super) fn by_address(digests: &[AddressDigests]) -> Vec<Vec<AddressDigests>> {
    let mut groups: Vec<Vec<AddressDigests>> = Vec::new();
    for pair in digests {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| pair.exact.key < last.exact.key) => {
                group.push(*pair);
            }
            _ => groups.push(vec![*pair]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use domain::{
        digest::{Digest, DigestKeyId},
        ids::JournalEntryId,
        journal::ScopeWords,
    };

    use super::*;

    fn check(act: StopAct, words: &str, expected: &Meaning) {
        let intent = StopIntent {
            id: JournalEntryId::new(domain::Timestamp::UNIX_EPOCH, [0; 10]),
            at: domain::Timestamp::UNIX_EPOCH,
            act,
            digests: Vec::new(),
            scope: ScopeWords::parse(words).expect("scope words"),
        };
        assert_eq!(&meaning(&intent), expected, "{words}");
    }

    #[test]
    fn every_word_that_is_written_is_understood() {
        let stop = StopAct::Stop;
        check(stop, "full", &Meaning::Block(Scope::Full));
        check(stop, "marketing", &Meaning::Block(Scope::Marketing));
        let purposes = vec![Purpose::from_name("newsletter").expect("a purpose")];
        check(stop, "purposes:newsletter", &Meaning::Block(Scope::Purposes(purposes)));
        let fields = vec![Field::from_name("phone").expect("a field")];
        check(stop, "fields:phone", &Meaning::Block(Scope::Fields(fields)));
        let complaint = SuppressionReason::Complaint;
        check(stop, "suppression:complaint", &Meaning::Suppress(complaint));
        check(stop, "unsubscribe:all", &Meaning::Leave(None));
        check(stop, "unsubscribe:news-ru", &Meaning::Leave(Some("news-ru".to_owned())));
        check(stop, "campaign:17", &Meaning::Campaign("17".to_owned()));
        check(stop, "something of tomorrow", &Meaning::Unknown);
        check(stop, "purposes:of_tomorrow", &Meaning::Unknown);
        check(StopAct::Lift, "full", &Meaning::LiftBlock(Scope::Full));
        check(
            StopAct::Lift,
            "suppression:manual",
            &Meaning::LiftSuppression(SuppressionReason::Manual),
        );
        let nobody =
            Erased { contact: None, ticket: None, method: Method::Destroy, goes_on: false };
        let erased = |words, expected| check(StopAct::Erasure, words, &Meaning::Erase(expected));
        let named = Erased { contact: Some(ContactId(17)), ..nobody };
        erased("suppression:erased contact:17", named);
        let anonymous = Erased { method: Method::Anonymise, ..named };
        erased("suppression:erased contact:17 method:anonymise", anonymous);
        let partly = Erased { goes_on: true, ..named };
        erased("rest:erased keeps:contact contact:17", partly);
        erased("suppression:erased ticket:4", Erased { ticket: Some(TicketId(4)), ..nobody });
        erased("suppression:erased", nobody);
        erased("suppression:erased contact:0", nobody);
    }

    #[test]
    fn digests_are_told_apart_by_address() {
        let pair = |key, byte| {
            let digest = Digest { key: DigestKeyId(key), bytes: [byte; 32] };
            AddressDigests { exact: digest, stop: digest }
        };
        let listed = [pair(3, 1), pair(2, 2), pair(1, 3), pair(3, 4), pair(2, 5)];
        let groups = by_address(&listed);
        assert_eq!(groups, [listed[..3].to_vec(), listed[3..].to_vec()]);
        assert!(by_address(&[]).is_empty());
        assert_eq!(by_address(&[pair(1, 1), pair(1, 2)]).len(), 2, "one key, two addresses");
    }
}
