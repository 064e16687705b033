//! Keys: those of subjects, to which their mail is moved, and the digest keys that must not get lost.
//!
//! Called at start and now and then by the process. A mail is first under a key of its own; when
//! its ticket belongs to exactly one contact it moves under the contact's key, so that destroying
//! one key destroys all copies of everything that person wrote.

use domain::{
    ambient::random_bytes,
    ids::{SubmissionId, VaultKeyId},
    letter::LetterContent,
};
use store::{StoreError, subject_keys::Unkeyed};

use crate::{Cases, CasesError, corrections::NOTE_CONTEXT, tickets::SubmissionContent};

impl Cases {
    /// Compares the digest keys at hand with those the database was written under, and writes
    /// down new ones. With other keys no block would match any address.
    ///
    /// # Errors
    /// [`CasesError::Settings`] when a key is missing or another one has its number.
    pub async fn check_digest_keys(&self) -> Result<(), CasesError> {
        let digests = &self.parts.digests;
        let known = store::digest_keys::known(self.store()).await?;
        for (id, fingerprint) in &known {
            let held = digests.fingerprint(*id).ok();
            if held.is_none_or(|held| held.bytes.as_slice() != fingerprint.as_slice()) {
                return Err(CasesError::Settings(format!(
                    "digest key {} is not the one this database was written under: no block would match; \
                     restore `vault.keys_directory` from its backup",
                    id.0
                )));
            }
        }
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        for id in digests.keys() {
            if !known.iter().any(|(held, _)| *held == id) {
                let fingerprint = digests.fingerprint(id)?;
                store::digest_keys::add(&transaction, id, &fingerprint.bytes, now).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    /// Moves up to `limit` submissions of known subjects under the subjects' keys; returns how
    /// many. May die anywhere: an object under the new key and a row that names the old one is
    /// moved again, and the old key goes after the commit, if need be at the next call.
    ///
    /// # Errors
    /// [`CasesError`]; what was moved stays moved.
    pub async fn rekey_known_subjects(&self, limit: u32) -> Result<usize, CasesError> {
        for (submission, key) in store::subject_keys::left_over(self.store(), limit).await? {
            self.destroy_old_key(submission, key).await?;
        }
        let unkeyed = store::subject_keys::unkeyed(self.store(), limit).await?;
        let mut moved = 0;
        for one in &unkeyed {
            match self.rekey(one).await {
                Ok(()) => moved += 1,
                Err(error) if error.is_outage() => return Err(error),
                // A destruction or another node was quicker: what is left is looked at next time.
                Err(CasesError::Store(StoreError::Conflict { .. })) => {
                    tracing::info!(
                        submission.id = one.submission.0,
                        "somebody else has a submission in hand"
                    );
                }
                Err(error) => {
                    tracing::warn!(submission.id = one.submission.0, %error, "a submission stays under its own key");
                }
            }
        }
        Ok(moved)
    }

    async fn rekey(&self, one: &Unkeyed) -> Result<(), CasesError> {
        let vault = &self.parts.vault;
        let entropy = &*self.parts.entropy;
        let to = match one.subject_key {
            Some(key) => key,
            None => self.give_key(one).await?,
        };
        if let Some(object) = one.object {
            vault.rekey(object, to, entropy).await?;
        }
        let content = match &one.content {
            Some(sealed) => Some(self.reseal(SubmissionContent::SEAL_CONTEXT, sealed, to).await?),
            None => None,
        };
        let mut letters = Vec::new();
        for (id, mail_id, sealed) in
            store::subject_keys::letters_of(self.store(), one.submission).await?
        {
            let context = LetterContent::seal_context(&mail_id);
            letters.push((id, self.reseal(&context, &sealed, to).await?));
        }
        let mut notes = Vec::new();
        for row in store::corrections::of_submission(self.store(), one.submission).await? {
            if let Some(note) = &row.note {
                notes.push((row.id, self.reseal(NOTE_CONTEXT, note, to).await?));
            }
        }
        let transaction = self.store().begin().await?;
        store::subject_keys::move_submission(
            &transaction,
            one.submission,
            one.key,
            to,
            content.as_deref(),
        )
        .await?;
        for (id, sealed) in &letters {
            store::subject_keys::move_letter(&transaction, *id, to, sealed).await?;
        }
        for (id, note) in &notes {
            store::corrections::move_note(&transaction, *id, note).await?;
        }
        let written = store::corrections::of_submission(&transaction, one.submission).await?;
        if written.iter().filter(|row| row.note.is_some()).count() != notes.len() {
            // One was written meanwhile: the next call takes it along.
            return Err(CasesError::Store(StoreError::Conflict { what: "submission" }));
        }
        transaction.commit().await?;
        self.destroy_old_key(one.submission, one.key).await
    }

    /// The key of the message has nothing left to open.
    async fn destroy_old_key(
        &self,
        submission: SubmissionId,
        key: VaultKeyId,
    ) -> Result<(), CasesError> {
        self.parts.vault.destroy_key(key).await?;
        let transaction = self.store().begin().await?;
        store::subject_keys::forget_old(&transaction, submission, key).await?;
        Ok(transaction.commit().await?)
    }

    async fn give_key(&self, one: &Unkeyed) -> Result<VaultKeyId, CasesError> {
        let entropy = &*self.parts.entropy;
        let fresh = VaultKeyId::new(self.parts.clock.now(), random_bytes(entropy));
        // The key is durable before a row names it; one that loses the race opens nothing.
        self.parts.vault.create_key(fresh, entropy).await?;
        let transaction = self.store().begin().await?;
        let given = store::subject_keys::give(&transaction, one.contact, fresh).await;
        if let Err(StoreError::Conflict { .. }) = given {
            // A destruction began meanwhile; the key opens nothing.
            self.parts.vault.destroy_key(fresh).await?;
        }
        let given = given?;
        transaction.commit().await?;
        if given != fresh {
            self.parts.vault.destroy_key(fresh).await?;
        }
        Ok(given)
    }

    async fn reseal(
        &self,
        context: &str,
        sealed: &[u8],
        to: VaultKeyId,
    ) -> Result<Vec<u8>, CasesError> {
        let plain = self.parts.vault.open_sealed(context, sealed).await?;
        Ok(self.parts.vault.seal(to, context, &plain, &*self.parts.entropy).await?)
    }
}
