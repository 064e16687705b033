//! Everything that is written down about a person, by time: one row for each thing that happened.

use domain::{
    Timestamp,
    ids::{AddressId, ContactId},
};
use serde_json::{Value, json};

use crate::{
    connect::Dialect,
    error::StoreError,
    row::Row,
    session::{Session, query_all},
};

/// Whose timeline is asked for.
#[derive(Clone, Default)]
pub struct SearchedFor {
    /// The contacts.
    pub contacts: Vec<ContactId>,
    /// The addresses.
    pub addresses: Vec<AddressId>,
    /// The stop digests of all of the addresses under every key.
    pub stop_digests: Vec<[u8; 32]>,
}

impl std::fmt::Debug for SearchedFor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchedFor").field("contacts", &self.contacts).finish_non_exhaustive()
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What sort: consent, subscription, delivery, feedback, ticket, block, suppression, import.
    pub what: String,
    /// The row.
    pub id: i64,
    /// Its words, without the null ones.
    pub words: Value,
}

/// A contact as it is shown.
#[derive(Clone)]
pub struct Person {
    /// Its id.
    pub id: ContactId,
    /// First and last name.
    pub name: String,
    /// Telephone number.
    pub phone: String,
    /// `ru` or `en`.
    pub locale: String,
    /// IANA zone.
    pub zone: String,
    /// Where the data came from.
    pub source: String,
    /// When it was written down.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({})", self.id)
    }
}

/// The contacts of these ids that are there.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn people(
    session: &impl Session,
    contacts: &[ContactId],
) -> Result<Vec<Person>, StoreError> {
    let sql = format!(
        "SELECT id, name, phone, locale, zone, source, created_at FROM contact WHERE id IN {} ORDER BY id",
        numbers(session.dialect(), 1)
    );
    let rows = query_all(session, &sql, [json!(contacts).to_string().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Person {
                id: ContactId(row.get("contact", "id")?),
                name: row.get("contact", "name")?,
                phone: row.get("contact", "phone")?,
                locale: row.get("contact", "locale")?,
                zone: row.get("contact", "zone")?,
                source: row.get("contact", "source")?,
                created_at: row.instant("contact", "created_at")?,
            })
        })
        .collect()
}

/// The table's own time, its sort, and up to six words: `(select, their names)`.
const PARTS: [(&str, &str, [&str; 6]); 8] = [
    (
        "SELECT at, 'consent' AS what, id, act AS a, grade AS b, purpose AS c, list AS d, capture_point AS e, \
         CAST(import_id AS TEXT) AS f FROM consent_event WHERE contact_id IN {contacts} OR address_id IN {addresses}",
        "consent",
        ["act", "grade", "purpose", "list", "capture_point", "import"],
    ),
    (
        "SELECT s.since_at, 'subscription', s.id, s.state, l.name, l.purpose, CAST(s.consent_id AS TEXT), \
         CAST(s.opted_in_at AS TEXT), NULL FROM subscription AS s JOIN list AS l ON l.id = s.list_id \
         WHERE s.contact_id IN {contacts} OR s.address_id IN {addresses}",
        "subscription",
        ["state", "list", "purpose", "consent", "opted_in_at", ""],
    ),
    (
        "SELECT planned_at, 'delivery', id, class, purpose_of_mail, state, withheld_reason, \
         CAST(campaign_id AS TEXT), CAST(smtp_code AS TEXT) FROM delivery WHERE address_id IN {addresses}",
        "delivery",
        ["class", "mail", "state", "withheld", "campaign", "smtp_code"],
    ),
    (
        // The row keeps what came back, the audit log when.
        "SELECT COALESCE((SELECT MAX(told.at) FROM audit_event AS told WHERE told.act = 'feedback' \
         AND told.subject = 'delivery:' || CAST(delivery.id AS TEXT)), settled_at, planned_at), 'feedback', id, feedback, purpose_of_mail, \
         CAST(campaign_id AS TEXT), NULL, NULL, NULL FROM delivery \
         WHERE feedback IS NOT NULL AND address_id IN {addresses}",
        "feedback",
        ["feedback", "mail", "campaign", "", "", ""],
    ),
    (
        "SELECT opened_at, 'ticket', id, number, state, lane, NULL, NULL, NULL FROM ticket \
         WHERE contact_id IN {contacts} OR address_id IN {addresses}",
        "ticket",
        ["number", "state", "lane", "", "", ""],
    ),
    (
        "SELECT from_at, 'block', id, scope, basis, state, lifted_by, lift_reason, CAST(ticket_id AS TEXT) FROM block \
         WHERE contact_id IN {contacts} OR stop_digest IN {digests}",
        "block",
        ["scope", "basis", "state", "lifted_by", "lift_reason", "ticket"],
    ),
    (
        "SELECT since_at, 'suppression', id, reason, source, CASE WHEN lifted_at IS NULL THEN 'active' ELSE 'lifted' END, \
         lifted_by, lift_reason, NULL FROM suppression WHERE stop_digest IN {digests}",
        "suppression",
        ["reason", "source", "state", "lifted_by", "lift_reason", ""],
    ),
    (
        "SELECT i.started_at, 'import', i.id, i.actor, i.attested_by, NULL, NULL, NULL, NULL FROM contact_import AS i \
         WHERE i.id IN (SELECT import_id FROM consent_event WHERE import_id IS NOT NULL \
             AND (contact_id IN {contacts} OR address_id IN {addresses})) \
         OR EXISTS (SELECT 1 FROM contact WHERE id IN {contacts} AND source = 'import:' || CAST(i.id AS TEXT))",
        "import",
        ["actor", "attested_by", "", "", "", ""],
    ),
];

/// What happened, newest first, at most `limit` things.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn timeline(
    session: &impl Session,
    asked: &SearchedFor,
    limit: u32,
) -> Result<Vec<Happening>, StoreError> {
    let dialect = session.dialect();
    let parts: Vec<&str> = PARTS.iter().map(|(select, _, _)| *select).collect();
    let sql = format!(
        "SELECT at, what, id, a, b, c, d, e, f FROM ({}) AS happened ORDER BY at DESC, what, id DESC LIMIT $4",
        parts.join(" UNION ALL ")
    );
    let sql = sql
        .replace("{contacts}", &numbers(dialect, 1))
        .replace("{addresses}", &numbers(dialect, 2))
        .replace("{digests}", digests(dialect));
    let hexed: Vec<String> = asked.stop_digests.iter().map(hex::encode).collect();
    let values = [
        json!(asked.contacts).to_string().into(),
        json!(asked.addresses).to_string().into(),
        json!(hexed).to_string().into(),
        i64::from(limit).into(),
    ];
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Happening, StoreError> {
    let what: String = row.get("timeline", "what")?;
    let names = PARTS.iter().find(|(_, part, _)| *part == what).map(|(_, _, names)| names);
    let mut words = serde_json::Map::new();
    for (name, column) in names.into_iter().flatten().zip(["a", "b", "c", "d", "e", "f"]) {
        if let Some(word) = row.get::<Option<String>>("timeline", column)? {
            let word = if *name == "opted_in_at" { instant_of(row, &word)? } else { word };
            words.insert((*name).to_owned(), word.into());
        }
    }
    let at = row.instant("timeline", "at")?;
    Ok(Happening { at, what, id: row.get("timeline", "id")?, words: words.into() })
}

/// A time among the words, readable.
fn instant_of(row: &Row, microseconds: &str) -> Result<String, StoreError> {
    let at = microseconds.parse().ok().and_then(|at| Timestamp::from_microsecond(at).ok());
    at.map(|at| at.to_string()).ok_or_else(|| row.misfit("timeline", "opted_in_at"))
}

fn numbers(dialect: Dialect, parameter: u8) -> String {
    match dialect {
        Dialect::Sqlite => format!("(SELECT value FROM json_each(${parameter}))"),
        Dialect::Postgres => format!(
            "(SELECT value::bigint FROM json_array_elements_text(${parameter}::json) AS j(value))"
        ),
    }
}

fn digests(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "(SELECT unhex(value) FROM json_each($3))",
        Dialect::Postgres => {
            "(SELECT decode(value, 'hex') FROM json_array_elements_text($3::json) AS j(value))"
        }
    }
}
