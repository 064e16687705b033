//! What follows from a chunk of rows and what is known: a pure decision, row by row, each seeing
//! what the rows before it made.
//!
//! An import revives nobody: whom a stop holds for is not subscribed, and of an erased person not
//! even a row is made (DESIGN invariant 8). What is there is never overwritten.

use std::collections::{BTreeMap, HashMap};

use domain::{
    block::{Field, Scope},
    delivery::WithholdReason,
    gate::SuppressionReason,
};
use store::imports::{
    AddressFacts, Asked, Fill, ImportList, Place, Writes, WrittenAddress, WrittenConsent,
    WrittenContact, WrittenSubscription,
};

use super::{counts::Counts, row::ImportRow};

/// What new contacts have when the file does not say.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// `ru` or `en`.
    pub locale: String,
    /// IANA zone.
    pub zone: String,
}

/// The addresses of some rows, each once, in the order of their first row.
#[must_use]
pub fn addresses_of(rows: &[ImportRow]) -> Vec<Asked> {
    let mut seen = std::collections::HashSet::with_capacity(rows.len());
    let fresh = rows.iter().filter(|row| seen.insert(row.exact_key.as_str()));
    fresh
        .map(|row| Asked {
            exact_key: row.exact_key.clone(),
            stop_digests: row.digests.iter().map(|digests| digests.stop.bytes).collect(),
        })
        .collect()
}

/// Decides a chunk; `facts` belong to `asked`, and `counts` go on from the chunks before.
#[must_use]
pub fn plan(
    rows: &[ImportRow],
    asked: &[Asked],
    facts: Vec<AddressFacts>,
    lists: &BTreeMap<String, ImportList>,
    defaults: &Defaults,
    mut counts: Counts,
) -> (Writes, Counts) {
    let keys = asked.iter().map(|one| one.exact_key.as_str());
    let mut known: HashMap<&str, Known> = keys.zip(facts.into_iter().map(Known::from)).collect();
    let mut writes = Writes::default();
    for row in rows {
        let Some(known) = known.get_mut(row.exact_key.as_str()) else { continue };
        // Rows are checked against these very lists.
        let Some(list) = lists.get(&row.list) else { continue };
        Deciding { known, list, defaults, writes: &mut writes, counts: &mut counts }.decide(row);
    }
    (writes, counts)
}

/// What is known of an address, and what this chunk adds to it.
struct Known {
    address: Option<Place>,
    contacts: Vec<KnownContact>,
    standings: Vec<(i64, Option<Place>, Standing, Place)>,
    facts: AddressFacts,
    /// Consents written in this chunk: contact, list, instant.
    written: Vec<(Place, i64, i64)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Pending,
    Confirmed,
    Unsubscribed,
}

struct KnownContact {
    place: Place,
    name: String,
    phone: String,
}

impl From<AddressFacts> for Known {
    fn from(facts: AddressFacts) -> Self {
        let contacts = facts.contacts.iter().map(|contact| KnownContact {
            place: Place::Known(contact.id.0),
            name: contact.name.clone(),
            phone: contact.phone.clone(),
        });
        let standings = facts.standings.iter().map(|standing| {
            let state = match standing.state.as_str() {
                "confirmed" => Standing::Confirmed,
                "pending" => Standing::Pending,
                _ => Standing::Unsubscribed,
            };
            let contact = standing.contact.map(|contact| Place::Known(contact.0));
            (standing.list.0, contact, state, Place::Known(standing.id.0))
        });
        Self {
            address: facts.id.map(|id| Place::Known(id.0)),
            contacts: contacts.collect(),
            standings: standings.collect(),
            written: Vec::new(),
            facts,
        }
    }
}

struct Deciding<'a> {
    known: &'a mut Known,
    list: &'a ImportList,
    defaults: &'a Defaults,
    writes: &'a mut Writes,
    counts: &'a mut Counts,
}

impl Deciding<'_> {
    fn decide(&mut self, row: &ImportRow) {
        if self.known.facts.suppressions.contains(&SuppressionReason::Erased) {
            return self.counts.skip("erased");
        }
        // Under a full block the data of a person are stored and nothing else: no contact is made
        // and none is filled.
        if self.known.facts.blocks.contains(&Scope::Full) {
            return self.counts.skip(WithholdReason::FullBlock.name());
        }
        let person = match self.known.contacts.len() {
            0 => self.make(row),
            1 => self.find(0, row),
            _ => match self.namesake(&row.name) {
                Some(place) => self.find(place, row),
                None => return self.counts.skip("shared_address"),
            },
        };
        self.counts.rows += 1;
        self.counts.taken += 1;
        if let Some(reason) = self.reason_to_leave_off(row, person) {
            return self.counts.leave_off(reason);
        }
        let subscription = self.subscribe(person);
        self.claim(row, person, subscription);
    }

    /// The one contact of several with the name of the row.
    fn namesake(&self, name: &str) -> Option<usize> {
        let name = name.to_lowercase();
        let contacts = self.known.contacts.iter().enumerate();
        let mut same = contacts.filter(|(_, contact)| contact.name.to_lowercase() == name);
        let (place, _) = same.next().filter(|_| !name.is_empty())?;
        same.next().is_none().then_some(place)
    }

    fn make(&mut self, row: &ImportRow) -> Place {
        let or =
            |text: &str, default: &str| if text.is_empty() { default } else { text }.to_owned();
        let address = self.known.address.unwrap_or_else(|| {
            // Digests under every key are made; the current one comes first.
            self.writes.addresses.extend(row.digests.first().map(|digests| WrittenAddress {
                email: row.email.expose().to_owned(),
                exact_key: row.exact_key.clone(),
                digests: *digests,
            }));
            Place::New(self.writes.addresses.len() - 1)
        });
        self.known.address = Some(address);
        let person = Place::New(self.writes.contacts.len());
        self.writes.contacts.push(WrittenContact {
            name: row.name.clone(),
            phone: row.phone.clone(),
            locale: or(&row.locale, &self.defaults.locale),
            zone: or(&row.zone, &self.defaults.zone),
        });
        self.writes.links.push((person, address));
        self.known.contacts.push(KnownContact {
            place: person,
            name: row.name.clone(),
            phone: row.phone.clone(),
        });
        self.counts.contacts_made += 1;
        person
    }

    fn find(&mut self, place: usize, row: &ImportRow) -> Place {
        self.counts.contacts_found += 1;
        // Data under restriction are stored, not worked on.
        let is_restricted =
            self.known.facts.blocks.iter().any(|scope| matches!(scope, Scope::Fields(_)));
        let contact = &mut self.known.contacts[place];
        let lacks = |held: &str, given: &str| {
            if held.is_empty() && !is_restricted { given.to_owned() } else { String::new() }
        };
        let (name, phone) = (lacks(&contact.name, &row.name), lacks(&contact.phone, &row.phone));
        if !(name.is_empty() && phone.is_empty()) {
            if !name.is_empty() {
                contact.name.clone_from(&name);
            }
            if !phone.is_empty() {
                contact.phone.clone_from(&phone);
            }
            match contact.place {
                Place::Known(id) => self.writes.fills.push(Fill { contact: id, name, phone }),
                Place::New(place) => {
                    self.writes.contacts[place].name.clone_from(&contact.name);
                    self.writes.contacts[place].phone.clone_from(&contact.phone);
                }
            }
            self.counts.contacts_filled += 1;
        }
        contact.place
    }

    /// Why this person is not put on this list; the order is that of the gate.
    fn reason_to_leave_off(&self, row: &ImportRow, person: Place) -> Option<&'static str> {
        let facts = &self.known.facts;
        let suppressed = |reason| facts.suppressions.contains(&reason);
        let blocked = |by: &dyn Fn(&Scope) -> bool| facts.blocks.iter().any(by);
        let left = |state| {
            self.known.standings.iter().any(|(list, contact, standing, _)| {
                let is_theirs = *contact == Some(person) || state == Standing::Unsubscribed;
                *list == self.list.id.0 && *standing == state && is_theirs
            })
        };
        let purpose = self.list.purpose;
        let reason = if suppressed(SuppressionReason::HardBounce) {
            WithholdReason::HardBounce
        } else if suppressed(SuppressionReason::Complaint) {
            WithholdReason::Complaint
        } else if suppressed(SuppressionReason::Manual) {
            WithholdReason::Manual
        } else if blocked(&|scope| match scope {
            Scope::Purposes(purposes) => purposes.contains(&purpose),
            Scope::Fields(fields) => fields.contains(&Field::Email),
            Scope::Full | Scope::Marketing => false,
        }) {
            WithholdReason::PurposeBlock
        } else if blocked(&|scope| *scope == Scope::Marketing) {
            WithholdReason::MarketingBlock
        } else if suppressed(SuppressionReason::UnsubscribedAll) {
            WithholdReason::UnsubscribedAll
        } else if left(Standing::Unsubscribed) {
            WithholdReason::Unsubscribed
        } else if self.is_withdrawn(row) {
            return Some("withdrawn");
        } else if left(Standing::Pending) {
            // Their own question stands: they answer it, not we.
            WithholdReason::NotConfirmed
        } else {
            return None;
        };
        Some(reason.name())
    }

    /// Whether a consent for this purpose was taken back after the one that the row claims.
    fn is_withdrawn(&self, row: &ImportRow) -> bool {
        self.known.facts.events.iter().any(|event| {
            event.is_withdrawal
                && event.purpose == self.list.purpose
                && event.list.as_ref().is_none_or(|list| *list == self.list.name)
                && row.claim.as_ref().is_none_or(|claim| event.at >= claim.at)
        })
    }

    fn subscribe(&mut self, person: Place) -> Place {
        let held = self
            .known
            .standings
            .iter()
            .find(|(list, contact, _, _)| *list == self.list.id.0 && *contact == Some(person));
        if let Some((.., subscription)) = held {
            self.counts.subscribed_before += 1;
            return *subscription;
        }
        let subscription = Place::New(self.writes.subscriptions.len());
        // A contact was found or made, so the address is there.
        let address = self.known.address.unwrap_or(Place::New(0));
        self.writes.subscriptions.push(WrittenSubscription {
            list: self.list.id,
            contact: person,
            address,
        });
        self.known.standings.push((
            self.list.id.0,
            Some(person),
            Standing::Confirmed,
            subscription,
        ));
        self.counts.subscribed += 1;
        subscription
    }

    fn claim(&mut self, row: &ImportRow, person: Place, subscription: Place) {
        let Some(claim) = &row.claim else {
            self.counts.without_consent += 1;
            return;
        };
        let mark = (person, self.list.id.0, claim.at.as_microsecond());
        let is_known = self.known.written.contains(&mark)
            || self.known.facts.events.iter().any(|event| {
                !event.is_withdrawal
                    && event.contact.map(|contact| Place::Known(contact.0)) == Some(person)
                    && event.purpose == self.list.purpose
                    && event.list.as_deref() == Some(self.list.name.as_str())
                    && event.at == claim.at
            });
        if is_known {
            self.counts.consents_before += 1;
            return;
        }
        self.known.written.push(mark);
        self.counts.consents += 1;
        self.counts.on_paper += u64::from(claim.signed_at.is_some());
        self.writes.consents.push(WrittenConsent {
            contact: person,
            address: self.known.address.unwrap_or(Place::New(0)),
            subscription: Some(subscription),
            purpose: self.list.purpose,
            list: self.list.name.clone(),
            capture_point: claim.capture_point.clone(),
            at: claim.at,
            evidence: row.evidence.clone(),
        });
    }
}
