//! Mail that came after the backup was made: its objects lie in the vault, and the restored database
//! does not know them.
//!
//! What says with itself where and when it was received becomes a message again, stored and not yet
//! read: the next pass of its mailbox reads and files it as any other, under its time of receipt.
//! What lost its key is deleted; what says nothing of itself (files of packages, mail stored by an
//! earlier version) is told and left. Every object is a step of its own, so that a death costs
//! nothing.

use std::collections::{HashMap, HashSet};

use domain::{
    Timestamp,
    address::EmailAddress,
    ambient::random_bytes,
    ids::{MessageId, ObjectId, VaultKeyId},
    mail::ReadMail,
};
use serde_json::json;
use store::{kept_records::KeptKind, messages::NewMessage, restorations};
use vault::VaultError;

use super::{LOOK, Restored};
use crate::{Cases, CasesError};

/// What became of an object.
enum Found {
    Filed,
    Useless,
    Left,
}

/// The keys of the objects that are taken up.
struct Keys {
    /// Those that rows name.
    named: HashSet<String>,
    /// How many unknown objects lie under each.
    over: HashMap<VaultKeyId, u32>,
}

impl Keys {
    fn is_of_one(&self, key: VaultKeyId) -> bool {
        self.over.get(&key) == Some(&1) && !self.named.contains(&key.to_string())
    }

    /// One object less lies under it.
    fn forget(&mut self, key: VaultKeyId) {
        if let Some(n) = self.over.get_mut(&key) {
            *n = n.saturating_sub(1);
        }
    }
}

impl Cases {
    /// Takes up the objects that the database does not speak of.
    ///
    /// # Errors
    /// [`CasesError`]; what was taken up before it stays, and the call is to be repeated.
    pub async fn take_up_unknown(
        &self,
        actor: &str,
        restored: &mut Restored,
    ) -> Result<(), CasesError> {
        let known = restorations::objects(self.store()).await?;
        let mut unknown = self.vault().list().await?;
        unknown.retain(|object| !known.contains(&object.to_string()));
        let mut keys = self.keys_over(&unknown).await?;
        let mut left = 0;
        for object in unknown {
            match self.take_up(object, &mut keys, actor).await? {
                Found::Filed => restored.taken_up += 1,
                Found::Useless => restored.useless_objects += 1,
                Found::Left => left += 1,
            }
            crate::failpoint::hit("taken_up");
        }
        restored.unknown_objects = left;
        self.tell_unknown(left).await
    }

    async fn keys_over(&self, unknown: &[ObjectId]) -> Result<Keys, CasesError> {
        let mut over = HashMap::new();
        for object in unknown {
            match self.vault().key_of(*object).await {
                Ok(key) => *over.entry(key).or_default() += 1,
                Err(VaultError::Corrupt(_) | VaultError::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Keys { named: restorations::keys(self.store()).await?, over })
    }

    async fn take_up(
        &self,
        object: ObjectId,
        keys: &mut Keys,
        actor: &str,
    ) -> Result<Found, CasesError> {
        let vault = self.vault();
        let origin = match vault.origin_of(object).await {
            Ok(origin) => origin,
            Err(VaultError::KeyDestroyed(_)) => {
                // Nobody can read it any more.
                vault.delete(object).await?;
                return Ok(Found::Useless);
            }
            Err(VaultError::Corrupt(_) | VaultError::TooLarge { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(origin) = origin else { return Ok(Found::Left) };
        let Some(mailbox) = store::mailboxes::named(self.store(), &origin.mailbox).await? else {
            return Ok(Found::Left);
        };
        let raw = vault.get(object).await?;
        let every = self.parts.digests.raw_all(&raw);
        if !store::messages::with_raw_digest(self.store(), mailbox, &every).await?.is_empty() {
            // The same mail under another name.
            let key = vault.key_of(object).await?;
            vault.delete(object).await?;
            if keys.is_of_one(key) {
                vault.destroy_key(key).await?;
            }
            keys.forget(key);
            return Ok(Found::Useless);
        }
        let now = self.parts.clock.now();
        let key = self.key_of_one(object, keys, now).await?;
        let new = NewMessage {
            uid: None,
            maildir_key: None,
            size: u64::try_from(raw.len()).unwrap_or(u64::MAX),
            received_at: origin.received_at,
            object,
            vault_key: key,
        };
        let transaction = self.store().begin().await?;
        let digest = self.parts.digests.raw(&raw);
        let id = store::messages::take_up(&transaction, mailbox, &new, digest, now).await?;
        let about = format!("message:{id}");
        let detail = json!({ "received_at": origin.received_at });
        store::audit::append(&transaction, actor, "taken_up", &about, &detail, now).await?;
        transaction.commit().await?;
        Ok(Found::Filed)
    }

    /// A key for one message alone. The one it lies under stays where nothing else is under it: the
    /// row names it from now on, so that it goes with the message. One that others have, too, may be
    /// that of a person; whoever is the last under it has it to themselves.
    async fn key_of_one(
        &self,
        object: ObjectId,
        keys: &mut Keys,
        now: Timestamp,
    ) -> Result<VaultKeyId, CasesError> {
        let (vault, entropy) = (self.vault(), &*self.parts.entropy);
        let under = vault.key_of(object).await?;
        let is_of_one = keys.is_of_one(under);
        keys.forget(under);
        if is_of_one {
            return Ok(under);
        }
        let key = VaultKeyId::new(now, random_bytes(entropy));
        vault.create_key(key, entropy).await?;
        vault.rekey(object, key, entropy).await?;
        Ok(key)
    }

    async fn tell_unknown(&self, left: u64) -> Result<(), CasesError> {
        if left == 0 {
            return Ok(());
        }
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let detail = format!(
            "{left} objects in the vault are unknown to the restored database and do not say where they \
             came from: files of packages, or mail stored by an earlier version; move what lies in \
             `move_to` back into the inbox, it is filed with its time of receipt and known mail is not \
             filed twice"
        );
        store::tasks::open(&transaction, LOOK, None, None, &detail, now).await?;
        Ok(transaction.commit().await?)
    }

    /// Whether a mail that was taken up was destroyed with its sender: received before the sender
    /// was, and not kept by a law.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn was_destroyed_with_its_sender(
        &self,
        mail: &ReadMail,
        received_at: Timestamp,
    ) -> Result<bool, CasesError> {
        let sender = mail.requester().and_then(|one| EmailAddress::parse(&one.address).ok());
        let Some(sender) = sender else { return Ok(false) };
        let digests = self.parts.digests.address_all(&sender);
        if !store::suppressions::erased_since(self.store(), &digests, received_at).await? {
            return Ok(false);
        }
        // Which mail a law keeps stands in rows that are gone: a person decides.
        for row in store::kept_records::standing(self.store(), KeptKind::Statutory).await? {
            if self.keeps_submissions(&row).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Destroys a mail that was taken up, with its key. The row stays, so that the same bytes found
    /// on the server are destroyed, too. A death in between leaves a mail that nobody can read, at
    /// which a person looks.
    ///
    /// # Errors
    /// [`CasesError`].
    pub async fn destroy_taken_up(
        &self,
        message: MessageId,
        object: ObjectId,
        key: VaultKeyId,
    ) -> Result<(), CasesError> {
        self.vault().destroy_key(key).await?;
        self.vault().delete(object).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::messages::mark_destroyed(&transaction, message, now).await?;
        let about = format!("message:{message}");
        let detail = json!({ "why": "its sender was destroyed after it was received" });
        let actor = "consentry";
        store::audit::append(&transaction, actor, "destroyed_again", &about, &detail, now).await?;
        Ok(transaction.commit().await?)
    }
}
