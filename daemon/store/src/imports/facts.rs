//! What is known of the addresses of one chunk: their contacts, subscriptions, consents, and
//! every stop that holds for them. A fixed number of queries, whatever the size of the chunk.

use std::collections::HashMap;

use domain::{
    Timestamp,
    block::{Field, Purpose, Scope},
    gate::SuppressionReason,
    ids::{AddressId, ContactId, ListId, SubscriptionId},
};

use crate::{
    connect::Dialect,
    error::StoreError,
    row::Row,
    session::{Session, Transaction, execute, query_all},
};

/// An address that is asked about.
#[derive(Clone)]
pub struct Asked {
    /// Its folded clear form.
    pub exact_key: String,
    /// The digests of its stop key under every digest key.
    pub stop_digests: Vec<[u8; 32]>,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked(***)")
    }
}

/// A contact that has the address.
#[derive(Clone)]
pub struct ContactFacts {
    /// Its id.
    pub id: ContactId,
    /// Its name.
    pub name: String,
    /// Its telephone number.
    pub phone: String,
}

impl std::fmt::Debug for ContactFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContactFacts({})", self.id)
    }
}

/// A subscription of the address.
#[derive(Debug, Clone)]
pub struct StandingFacts {
    /// Its id.
    pub id: SubscriptionId,
    /// The list.
    pub list: ListId,
    /// Whose, if it was confirmed.
    pub contact: Option<ContactId>,
    /// `pending`, `confirmed`, `unsubscribed`.
    pub state: String,
}

/// A consent event of the address, or of a contact that has it.
#[derive(Debug, Clone)]
pub struct EventFacts {
    /// Whose.
    pub contact: Option<ContactId>,
    /// For what.
    pub purpose: Purpose,
    /// For which list.
    pub list: Option<String>,
    /// Whether it withdraws.
    pub is_withdrawal: bool,
    /// When.
    pub at: Timestamp,
}

/// All that is known of one address.
#[derive(Debug, Clone, Default)]
pub struct AddressFacts {
    /// Its row.
    pub id: Option<AddressId>,
    /// Who has it.
    pub contacts: Vec<ContactFacts>,
    /// The subscriptions of the address.
    pub standings: Vec<StandingFacts>,
    /// Its consent events.
    pub events: Vec<EventFacts>,
    /// Why it must not be mailed.
    pub suppressions: Vec<SuppressionReason>,
    /// The scopes of the blocks that hold.
    pub blocks: Vec<Scope>,
}

/// Locks the address rows of a chunk until the transaction ends, in the order of their ids, so
/// that two imports do not both give one address its first contact.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn lock(transaction: &Transaction, asked: &[Asked]) -> Result<(), StoreError> {
    if transaction.dialect() == Dialect::Postgres {
        let sql = "SELECT id FROM address WHERE exact_key IN \
                   (SELECT value FROM json_array_elements_text($1::json)) ORDER BY id FOR NO KEY UPDATE";
        execute(transaction, sql, [keys_json(asked)?.into()]).await?;
    }
    Ok(())
}

/// Reads what is known, one entry for each address asked about, in their order.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn facts(
    session: &impl Session,
    asked: &[Asked],
    now: Timestamp,
) -> Result<Vec<AddressFacts>, StoreError> {
    let mut found = Gathering::new(asked);
    found.addresses(session, asked).await?;
    if !found.by_address.is_empty() {
        let ids = json_of(found.by_address.keys())?;
        found.contacts(session, &ids).await?;
        found.standings(session, &ids).await?;
        found.events(session, &ids).await?;
    }
    let digests = digests_json(&found);
    found.suppressions(session, &digests, now).await?;
    found.blocks(session, &digests).await?;
    Ok(found.facts)
}

struct Gathering {
    facts: Vec<AddressFacts>,
    by_digest: HashMap<[u8; 32], Vec<usize>>,
    by_address: HashMap<i64, usize>,
    by_contact: HashMap<i64, Vec<usize>>,
}

impl Gathering {
    fn new(asked: &[Asked]) -> Self {
        let mut by_digest: HashMap<[u8; 32], Vec<usize>> = HashMap::with_capacity(asked.len());
        for (place, one) in asked.iter().enumerate() {
            for digest in &one.stop_digests {
                by_digest.entry(*digest).or_default().push(place);
            }
        }
        Self {
            facts: vec![AddressFacts::default(); asked.len()],
            by_digest,
            by_address: HashMap::new(),
            by_contact: HashMap::new(),
        }
    }

    async fn addresses(
        &mut self,
        session: &impl Session,
        asked: &[Asked],
    ) -> Result<(), StoreError> {
        let sql = match session.dialect() {
            Dialect::Sqlite => {
                "SELECT a.id, a.exact_key FROM json_each($1) AS j CROSS JOIN address AS a ON a.exact_key = j.value"
            }
            Dialect::Postgres => {
                "SELECT a.id, a.exact_key FROM json_array_elements_text($1::json) AS j(value) \
                 JOIN address AS a ON a.exact_key = j.value"
            }
        };
        let rows = query_all(session, sql, [keys_json(asked)?.into()]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let places: HashMap<&str, usize> =
            asked.iter().enumerate().map(|(place, one)| (one.exact_key.as_str(), place)).collect();
        for row in &rows {
            let key: String = row.get("address", "exact_key")?;
            let id: i64 = row.get("address", "id")?;
            if let Some(place) = places.get(key.as_str()) {
                self.facts[*place].id = Some(AddressId(id));
                self.by_address.insert(id, *place);
            }
        }
        Ok(())
    }

    async fn contacts(&mut self, session: &impl Session, ids: &str) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT ca.address_id, c.id, c.name, c.phone FROM {} JOIN contact_address AS ca ON ca.address_id = j.value \
             JOIN contact AS c ON c.id = ca.contact_id ORDER BY c.id",
            numbers(session.dialect())
        );
        for row in query_all(session, &sql, [ids.into()]).await? {
            let contact = ContactFacts {
                id: ContactId(row.get("contact", "id")?),
                name: row.get("contact", "name")?,
                phone: row.get("contact", "phone")?,
            };
            if let Some(place) = self.place(&row, "contact_address")? {
                self.by_contact.entry(contact.id.0).or_default().push(place);
                self.facts[place].contacts.push(contact);
            }
        }
        Ok(())
    }

    async fn standings(&mut self, session: &impl Session, ids: &str) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT s.id, s.address_id, s.list_id, s.contact_id, s.state FROM {} \
             JOIN subscription AS s ON s.address_id = j.value",
            numbers(session.dialect())
        );
        for row in query_all(session, &sql, [ids.into()]).await? {
            let standing = StandingFacts {
                id: SubscriptionId(row.get("subscription", "id")?),
                list: ListId(row.get("subscription", "list_id")?),
                contact: row.get::<Option<i64>>("subscription", "contact_id")?.map(ContactId),
                state: row.get("subscription", "state")?,
            };
            if let Some(place) = self.place(&row, "subscription")? {
                self.facts[place].standings.push(standing);
            }
        }
        Ok(())
    }

    async fn events(&mut self, session: &impl Session, ids: &str) -> Result<(), StoreError> {
        let columns = "e.id, e.address_id, e.contact_id, e.purpose, e.list, e.act, e.at";
        let from = numbers(session.dialect());
        let sql = format!(
            "SELECT {columns} FROM {from} JOIN consent_event AS e ON e.address_id = j.value"
        );
        for row in query_all(session, &sql, [ids.into()]).await? {
            let event = event(&row)?;
            if let Some(place) = self.place(&row, "consent_event")? {
                self.facts[place].events.push(event);
            }
        }
        if self.by_contact.is_empty() {
            return Ok(());
        }
        // What a person withdrew from another address of theirs.
        let sql = format!(
            "SELECT {columns} FROM {from} JOIN consent_event AS e ON e.contact_id = j.value WHERE e.act = 'withdrawn'"
        );
        let people = json_of(self.by_contact.keys())?;
        for row in query_all(session, &sql, [people.into()]).await? {
            let event = event(&row)?;
            let places = event.contact.and_then(|contact| self.by_contact.get(&contact.0));
            for place in places.into_iter().flatten() {
                self.facts[*place].events.push(event.clone());
            }
        }
        Ok(())
    }

    async fn suppressions(
        &mut self,
        session: &impl Session,
        digests: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT s.id, s.stop_digest, s.reason FROM {} WHERE s.lifted_at IS NULL \
             AND (s.until_at IS NULL OR s.until_at > $2)",
            of_digests(session.dialect(), "suppression AS s ON s.stop_digest")
        );
        let values = [digests.into(), now.as_microsecond().into()];
        for row in query_all(session, &sql, values).await? {
            let reason = row.parsed("suppression", "reason", SuppressionReason::from_name)?;
            for place in self.places_of_digest(&row, "suppression")? {
                self.facts[place].suppressions.push(reason);
            }
        }
        Ok(())
    }

    async fn blocks(&mut self, session: &impl Session, digests: &str) -> Result<(), StoreError> {
        let columns = "b.id, b.stop_digest, b.contact_id, b.scope, b.purposes, b.fields";
        let sql = format!(
            "SELECT {columns} FROM {} WHERE b.state = 'active'",
            of_digests(session.dialect(), "block AS b ON b.stop_digest")
        );
        for row in query_all(session, &sql, [digests.into()]).await? {
            let scope = scope(&row)?;
            for place in self.places_of_digest(&row, "block")? {
                self.facts[place].blocks.push(scope.clone());
            }
        }
        if self.by_contact.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "SELECT {columns} FROM {} JOIN block AS b ON b.contact_id = j.value WHERE b.state = 'active'",
            numbers(session.dialect())
        );
        let people = json_of(self.by_contact.keys())?;
        for row in query_all(session, &sql, [people.into()]).await? {
            let scope = scope(&row)?;
            let contact: i64 = row.get("block", "contact_id")?;
            for place in self.by_contact.get(&contact).into_iter().flatten() {
                self.facts[*place].blocks.push(scope.clone());
            }
        }
        Ok(())
    }

    fn place(&self, row: &Row, table: &'static str) -> Result<Option<usize>, StoreError> {
        let address: i64 = row.get(table, "address_id")?;
        Ok(self.by_address.get(&address).copied())
    }

    fn places_of_digest(&self, row: &Row, table: &'static str) -> Result<Vec<usize>, StoreError> {
        let digest: Vec<u8> = row.get(table, "stop_digest")?;
        let digest: Result<[u8; 32], _> = digest.try_into();
        Ok(digest.ok().and_then(|digest| self.by_digest.get(&digest)).cloned().unwrap_or_default())
    }
}

fn event(row: &Row) -> Result<EventFacts, StoreError> {
    Ok(EventFacts {
        contact: row.get::<Option<i64>>("consent_event", "contact_id")?.map(ContactId),
        purpose: row.parsed("consent_event", "purpose", Purpose::from_name)?,
        list: row.get("consent_event", "list")?,
        is_withdrawal: row.parsed("consent_event", "act", |act| match act {
            "withdrawn" => Some(true),
            "granted" | "confirmed" => Some(false),
            _ => None,
        })?,
        at: row.instant("consent_event", "at")?,
    })
}

fn scope(row: &Row) -> Result<Scope, StoreError> {
    let purposes =
        row.parsed("block", "purposes", |text| serde_json::from_str::<Vec<Purpose>>(text).ok())?;
    let fields =
        row.parsed("block", "fields", |text| serde_json::from_str::<Vec<Field>>(text).ok())?;
    row.parsed("block", "scope", |word| match word {
        "full" => Some(Scope::Full),
        "marketing" => Some(Scope::Marketing),
        "purposes" => Some(Scope::Purposes(purposes)),
        "fields" => Some(Scope::Fields(fields)),
        _ => None,
    })
}

/// A JSON list of numbers as rows `j.value`. SQLite keeps the order of a CROSS JOIN.
fn numbers(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "json_each($1) AS j",
        Dialect::Postgres => {
            "(SELECT value::bigint AS value FROM json_array_elements_text($1::json)) AS j"
        }
    }
}

/// A JSON list of digests in hex, joined with a table by their bytes.
fn of_digests(dialect: Dialect, table: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("json_each($1) AS j CROSS JOIN {table} = unhex(j.value)"),
        Dialect::Postgres => format!(
            "(SELECT decode(value, 'hex') AS value FROM json_array_elements_text($1::json)) AS j JOIN {table} = j.value"
        ),
    }
}

fn keys_json(asked: &[Asked]) -> Result<String, StoreError> {
    json_of(asked.iter().map(|one| one.exact_key.as_str()))
}

fn json_of<T: serde::Serialize>(all: impl Iterator<Item = T>) -> Result<String, StoreError> {
    let all: Vec<T> = all.collect();
    serde_json::to_string(&all).map_err(|_| StoreError::Defect("a list cannot be written".into()))
}

fn digests_json(found: &Gathering) -> String {
    let mut text = String::with_capacity(found.by_digest.len() * 67 + 2);
    text.push('[');
    for (place, digest) in found.by_digest.keys().enumerate() {
        text.push_str(if place == 0 { "\"" } else { ",\"" });
        text.push_str(&hex::encode(digest));
        text.push('"');
    }
    text.push(']');
    text
}
