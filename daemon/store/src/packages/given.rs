//! What went out to a person or about them, and in which matters: mails, disclosures, tickets.

use domain::{
    Timestamp,
    ids::{DeliveryId, TicketId},
};
use serde::Serialize;

use super::Whose;
use crate::{
    error::StoreError,
    row::Row,
    session::{Session, is_one_of_numbers, numbers, query_all},
};

/// A mail of ours to the person.
#[derive(Debug, Clone, Serialize)]
pub struct HeldDelivery {
    /// Its row.
    pub id: DeliveryId,
    /// Its class.
    pub class: String,
    /// What it is.
    pub occasion: String,
    /// The campaign, by name.
    pub campaign: Option<String>,
    /// The matter, by number.
    pub ticket: Option<String>,
    /// Where it stands.
    pub state: String,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// What came back: bounce, complaint.
    pub feedback: Option<String>,
    /// Its Message-ID.
    pub mail_id: String,
    /// Its sealed content, of a mail of a matter.
    #[serde(skip)]
    pub content: Option<Vec<u8>>,
}

/// The mails to the person's addresses that are not another's: to an address of their own, on a
/// subscription of theirs, or in a matter of theirs.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn deliveries(
    session: &impl Session,
    whose: &Whose,
    matter: TicketId,
) -> Result<Vec<HeldDelivery>, StoreError> {
    const TABLE: &str = "delivery";
    let dialect = session.dialect();
    let sql = format!(
        "SELECT d.id, d.class, d.purpose_of_mail, c.name AS campaign, t.number AS ticket, d.state, d.planned_at, \
         d.settled_at, d.feedback, d.mail_id, CASE WHEN d.ticket_id IS NULL THEN NULL ELSE d.content END AS content \
         FROM delivery AS d LEFT JOIN campaign AS c ON c.id = d.campaign_id LEFT JOIN ticket AS t ON t.id = d.ticket_id \
         LEFT JOIN subscription AS s ON s.id = d.subscription_id \
         WHERE d.address_id {} AND (d.ticket_id = $4 OR CASE WHEN t.contact_id IS NOT NULL THEN t.contact_id = $3 \
         WHEN s.contact_id IS NOT NULL THEN s.contact_id = $3 ELSE d.address_id {} END) ORDER BY d.id",
        is_one_of_numbers(1, dialect),
        is_one_of_numbers(2, dialect)
    );
    let values = [
        numbers(whose.addresses.iter().map(|id| id.0), dialect),
        numbers(whose.own.iter().map(|id| id.0), dialect),
        whose.contact_number().into(),
        matter.0.into(),
    ];
    let read = |row: &Row| {
        Ok(HeldDelivery {
            id: DeliveryId(row.get(TABLE, "id")?),
            class: row.get(TABLE, "class")?,
            occasion: row.get(TABLE, "purpose_of_mail")?,
            campaign: row.get(TABLE, "campaign")?,
            ticket: row.get(TABLE, "ticket")?,
            state: row.get(TABLE, "state")?,
            planned_at: row.instant(TABLE, "planned_at")?,
            settled_at: row.instant_option(TABLE, "settled_at")?,
            feedback: row.get(TABLE, "feedback")?,
            mail_id: row.get(TABLE, "mail_id")?,
            content: row.get(TABLE, "content")?,
        })
    };
    query_all(session, &sql, values).await?.iter().map(read).collect()
}

/// A transfer of the person's data to somebody.
#[derive(Debug, Clone, Serialize)]
pub struct HeldDisclosure {
    /// To whom.
    pub recipient: String,
    /// What they are to us.
    pub role: String,
    /// In which country.
    pub country: String,
    /// On which ground.
    pub ground: String,
    /// Which data, as words.
    pub data: String,
    /// When.
    pub disclosed_at: Timestamp,
    /// Until when, where that is limited.
    pub until_on: Option<String>,
}

/// To whom the person's data went.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Inconsistent`].
pub async fn disclosures(
    session: &impl Session,
    whose: &Whose,
) -> Result<Vec<HeldDisclosure>, StoreError> {
    const TABLE: &str = "disclosure";
    let sql = "SELECT r.title, r.role, r.country, d.ground, d.data, d.disclosed_at, d.until_on FROM disclosure AS d \
               JOIN recipient AS r ON r.id = d.recipient_id WHERE d.contact_id = $1 ORDER BY d.id";
    let rows = query_all(session, sql, [whose.contact_number().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(HeldDisclosure {
                recipient: row.get(TABLE, "title")?,
                role: row.get(TABLE, "role")?,
                country: row.get(TABLE, "country")?,
                ground: row.get(TABLE, "ground")?,
                data: row.get(TABLE, "data")?,
                disclosed_at: row.instant(TABLE, "disclosed_at")?,
                until_on: row.get(TABLE, "until_on")?,
            })
        })
        .collect()
}

/// The person's matters, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn tickets(session: &impl Session, whose: &Whose) -> Result<Vec<TicketId>, StoreError> {
    let sql = format!(
        "SELECT id FROM ticket WHERE contact_id = $2 OR (contact_id IS NULL AND address_id {}) ORDER BY id",
        is_one_of_numbers(1, session.dialect())
    );
    let own = numbers(whose.own.iter().map(|id| id.0), session.dialect());
    let rows = query_all(session, &sql, [own, whose.contact_number().into()]).await?;
    rows.iter().map(|row| Ok(TicketId(row.get("ticket", "id")?))).collect()
}

/// Which of some matters are an authority's, or under a legal hold.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn tickets_held_back(
    session: &impl Session,
    tickets: &[TicketId],
) -> Result<Vec<TicketId>, StoreError> {
    let sql = format!(
        "SELECT id FROM ticket WHERE id {} AND (lane = 'authority' OR EXISTS (SELECT 1 FROM legal_hold \
         WHERE legal_hold.ticket_id = ticket.id AND lifted_at IS NULL)) ORDER BY id",
        is_one_of_numbers(1, session.dialect())
    );
    let ids = numbers(tickets.iter().map(|id| id.0), session.dialect());
    let rows = query_all(session, &sql, [ids]).await?;
    rows.iter().map(|row| Ok(TicketId(row.get("ticket", "id")?))).collect()
}
