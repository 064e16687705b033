//! A proof of consent: everything that shows it, hashed, signed, and told for people.

use domain::ids::{ConsentTextId, DeliveryId, PolicyId};
use serde_json::{Value, json};
use store::{
    Session,
    audit::PlacedEvent,
    consents::{ConsentEventRow, ConsentMail},
};
use vault::{ProofKey, proof_key_pem};

use super::{
    ConsentTimeline, Who,
    bundle::{Bundle, FORMAT, canonical, sha256_hex},
    readable::readable,
};
use crate::{Cases, CasesError};

/// A proof. Personal data; prints nothing of it.
#[derive(Clone)]
pub struct Proof {
    /// The file.
    pub file: String,
    /// The same for people.
    pub readable: String,
    /// SHA-256 of what is signed, in hexadecimal.
    pub sha256: String,
    /// The public key, in hexadecimal.
    pub public_key: String,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof").field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

impl Cases {
    /// Makes a proof of a person's consents, and writes down who took it before it is given out.
    ///
    /// # Errors
    /// [`CasesError::NotFound`] when nobody of the kind is written down.
    pub async fn consent_proof(
        &self,
        who: &Who,
        key: &ProofKey,
        actor: &str,
    ) -> Result<Proof, CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let timeline = self.timeline_in(&transaction, who).await?;
        let mut payload = self.payload(&transaction, &timeline).await?;
        payload["made_at"] = json!(now);
        payload["made_by"] = json!(actor);
        let text = canonical(&payload);
        let sha256 = sha256_hex(text.as_bytes());
        let subject = timeline.subject();
        let events: Vec<_> = timeline.events.iter().map(|event| event.id).collect();
        let detail = json!({ "events": events, "sha256": sha256 });
        store::audit::append(&transaction, actor, "proof_exported", &subject, &detail, now).await?;
        transaction.commit().await?;
        let public = key.public();
        let told = readable(&payload);
        let bundle = Bundle {
            format: FORMAT.to_owned(),
            signature: hex::encode(key.sign(text.as_bytes())),
            public_key: hex::encode(public),
            public_key_pem: proof_key_pem(&public),
            readable: told.clone(),
            payload: text,
        };
        let file = bundle.to_file();
        Ok(Proof { file, readable: told, sha256, public_key: bundle.public_key })
    }

    async fn payload(
        &self,
        session: &impl Session,
        timeline: &ConsentTimeline,
    ) -> Result<Value, CasesError> {
        let events: Vec<_> = timeline.events.iter().map(event_json).collect();
        let hashed: Vec<_> = events
            .iter()
            .map(|event| json!({ "event": event, "sha256": sha256_hex(canonical(event).as_bytes()) }))
            .collect();
        let addresses: Vec<_> = timeline.addresses.iter().map(|(id, _)| *id).collect();
        let clear: Vec<_> = timeline
            .addresses
            .iter()
            .map(|(id, clear)| json!({ "id": id, "address": clear.expose() }))
            .collect();
        let ids: Vec<_> = timeline.events.iter().map(|event| event.id).collect();
        let mut mails = store::consents::mails_on(session, &addresses, &ids).await?;
        let brought: Vec<DeliveryId> =
            timeline.events.iter().filter_map(|event| event.delivery).collect();
        mails.extend(store::consents::mails(session, &brought).await?);
        mails.sort_by_key(|mail| mail.id);
        mails.dedup_by_key(|mail| mail.id);
        let audit = store::audit::of_subjects(session, &subjects(timeline)).await?;
        let head = store::audit::head(session).await?;
        Ok(json!({
            "format": FORMAT,
            "locale": self.parts.settings.locale.code(),
            "organisation": self.parts.settings.organisation,
            "contact_of_organisation": self.parts.settings.contact,
            "addresses": clear,
            "contacts": timeline.contacts,
            "events": hashed,
            "subscriptions": timeline.subscriptions.iter().map(|(held, list)| json!({
                "id": held.id, "list": list, "contact": held.contact, "address": held.address,
                "state": held.state.name(), "consent": held.consent,
                "opted_in_at": held.opted_in_at, "left_at": held.left_at,
            })).collect::<Vec<_>>(),
            "texts": self.texts_of(session, &timeline.events).await?,
            "policies": self.policies_of(session, &timeline.events).await?,
            "deliveries": mails.iter().map(mail_json).collect::<Vec<_>>(),
            "audit": audit.iter().map(audit_json).collect::<Vec<_>>(),
            "audit_head": { "batch": head.batch, "hash": hex::encode(head.hash) },
        }))
    }

    async fn texts_of(
        &self,
        session: &impl Session,
        events: &[ConsentEventRow],
    ) -> Result<Vec<Value>, CasesError> {
        let mut ids: Vec<ConsentTextId> = events.iter().filter_map(|event| event.text).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut texts = Vec::new();
        for id in ids {
            let text = store::consent_texts::by_id(session, id).await?;
            let Some(text) = text else { continue };
            let list = store::lists::by_id(session, text.list).await?;
            texts.push(json!({
                "id": text.id, "list": list.map(|list| list.name), "version": text.version,
                "locale": text.locale.code(), "advertiser": text.advertiser, "body": text.body,
                "sha256": hex::encode(text.sha256), "written_at": text.created_at,
            }));
        }
        Ok(texts)
    }

    async fn policies_of(
        &self,
        session: &impl Session,
        events: &[ConsentEventRow],
    ) -> Result<Vec<Value>, CasesError> {
        let mut ids: Vec<PolicyId> = events.iter().filter_map(|event| event.policy).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut policies = Vec::new();
        for id in ids {
            let Some(policy) = store::policies::by_id(session, id).await? else { continue };
            policies.push(json!({
                "id": policy.id, "version": policy.version, "locale": policy.locale.code(),
                "url": policy.url, "body": policy.body, "sha256": hex::encode(policy.sha256),
                "effective_from_at": policy.effective_from_at,
            }));
        }
        Ok(policies)
    }
}

/// Everything that is known of an event, as JSON; what is hashed.
#[must_use]
pub fn event_json(event: &ConsentEventRow) -> Value {
    json!({
        "id": event.id,
        "at": event.at,
        "act": event.act.name(),
        "grade": event.grade.name(),
        "purpose": event.purpose.name(),
        "list": event.list,
        "contact": event.contact,
        "address": event.address,
        "capture_point": event.capture_point,
        "text": event.text,
        "policy": event.policy,
        "subscription": event.subscription,
        "delivery": event.delivery,
        "submission": event.submission,
        "import": event.import,
        "actor": event.actor,
        "evidence": serde_json::from_str(&event.evidence)
            .unwrap_or_else(|_| Value::from(event.evidence.as_str())),
    })
}

fn mail_json(mail: &ConsentMail) -> Value {
    json!({
        "id": mail.id, "rested_on": mail.consent, "campaign": mail.campaign,
        "occasion": mail.occasion, "message_id": mail.mail_id, "state": mail.state,
        "planned_at": mail.planned_at, "settled_at": mail.settled_at,
    })
}

fn audit_json(placed: &PlacedEvent) -> Value {
    let event = &placed.event;
    json!({
        "id": event.id, "at": event.at, "actor": event.actor, "act": event.act,
        "subject": event.subject,
        "detail": serde_json::from_str::<Value>(&event.detail).unwrap_or(Value::Null),
        "sealed": placed.seal.map(|(batch, position, hash)| json!({
            "batch": batch, "position": position, "hash": hex::encode(hash),
        })),
    })
}

/// What audit events about these consents are about.
fn subjects(timeline: &ConsentTimeline) -> Vec<String> {
    let mut subjects: Vec<String> =
        timeline.events.iter().map(|event| format!("consent:{}", event.id)).collect();
    subjects
        .extend(timeline.subscriptions.iter().map(|(held, _)| format!("subscription:{}", held.id)));
    for event in &timeline.events {
        subjects.extend(event.subscription.map(|id| format!("subscription:{id}")));
        subjects.extend(event.import.map(|id| format!("import:{id}")));
        subjects.extend(event.text.map(|id| format!("consent_text:{id}")));
        subjects.extend(event.policy.map(|id| format!("policy:{id}")));
    }
    subjects.extend(timeline.contacts.iter().map(|contact| format!("contact:{contact}")));
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}
