-- Set when the clear form, the keys and the digests of the row were emptied: the row stays for the sums of the ledger.
ALTER TABLE address ADD COLUMN erased_at {int};
-- Set when name, telephone number and key of a contact were emptied and its row stays for the sums.
ALTER TABLE contact ADD COLUMN anonymised_at {int};
-- The mail of ours of which a report (bounce, complaint) speaks: it holds its recipient's address. No foreign key.
ALTER TABLE submission ADD COLUMN about_id {int};
CREATE INDEX submission_by_about ON submission (about_id) WHERE about_id IS NOT NULL;
-- store::destruction: what belongs to a person
CREATE INDEX ticket_by_contact ON ticket (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX block_by_contact ON block (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX stop_by_contact ON stop (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX legal_hold_by_contact ON legal_hold (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX legal_hold_by_ticket ON legal_hold (ticket_id);
CREATE INDEX message_by_same_as ON message (same_as) WHERE same_as IS NOT NULL;

-- The copy on the mail server: asked to be destroyed, and gone.
ALTER TABLE message ADD COLUMN erase_asked_at {int};
ALTER TABLE message ADD COLUMN copy_gone_at {int};
ALTER TABLE message ADD COLUMN erase_failures {int} NOT NULL DEFAULT 0;
-- store::messages::to_erase
CREATE INDEX message_to_erase ON message (mailbox_id, id) WHERE erase_asked_at IS NOT NULL AND copy_gone_at IS NULL;

-- What is destroyed of a person, where, and what is kept and why: shown, approved, carried out, verified.
CREATE TABLE plan (
    id {id},
    request_id {int} NOT NULL REFERENCES request (id),
    method TEXT NOT NULL CHECK (method IN ('destroy', 'anonymise')),
    state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'executing', 'executed', 'verified', 'closed', 'void')),
    -- What is to be done next, while it is carried out.
    stage TEXT NOT NULL DEFAULT 'protect' CHECK (stage IN
        ('protect', 'tell', 'rows', 'objects', 'copies', 'verify', 'answer', 'close', 'done')),
    -- Whether data were there, had been erased before, or were never held.
    finding TEXT NOT NULL CHECK (finding IN ('held', 'erased_before', 'never_held')),
    -- Whom: no foreign key, the contact goes. Ids of addresses and tickets as JSON.
    contact_id {int},
    addresses TEXT NOT NULL,
    tickets TEXT NOT NULL,
    -- SHA-256 over method, whom, and all steps; what is approved is this hash.
    hash {bytes} NOT NULL,
    made_by TEXT NOT NULL,
    made_at {int} NOT NULL,
    started_at {int},
    executed_at {int},
    verified_at {int},
    closed_at {int},
    -- When the database let go of what was emptied (its log, dead rows); owed from the end of the plan until then.
    wiped_at {int},
    failures {int} NOT NULL DEFAULT 0,
    failure TEXT,
    next_try_at {int},
    -- How often in a row it was looked at and waited for the same.
    looks {int} NOT NULL DEFAULT 0,
    -- "Cannot destroy in time" (152-FZ art. 21(6)): why, and until when at most.
    postponed_to_at {int},
    postponed_by TEXT,
    -- Sealed under the key of the matter.
    postponed_reason {bytes}
) {strict};
CREATE UNIQUE INDEX plan_standing ON plan (request_id) WHERE state <> 'void';
-- store::plans::at_work
CREATE INDEX plan_at_work ON plan (id) WHERE state IN ('proposed', 'approved', 'executing', 'executed', 'verified');
-- store::plans::to_wipe
CREATE INDEX plan_to_wipe ON plan (id) WHERE state = 'closed' AND wiped_at IS NULL;
CREATE INDEX plan_by_contact ON plan (contact_id) WHERE contact_id IS NOT NULL;

-- Objects and keys of the vault that a plan destroys, known after the rows that named them are gone. Random ids.
CREATE TABLE plan_object (
    plan_id {int} NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('object', 'key')),
    vault_id TEXT NOT NULL,
    destroyed_at {int},
    PRIMARY KEY (plan_id, kind, vault_id)
) {strict};

CREATE TABLE plan_step (
    plan_id {int} NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
    place {int} NOT NULL,
    -- The kind of record, in one word: contact, subscriptions, raw_mail …
    part TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('destroy', 'anonymise', 'keep', 'tell')),
    -- How many there were when the plan was made, how many were removed, how many are kept.
    found {int} NOT NULL,
    done {int} NOT NULL DEFAULT 0,
    kept {int} NOT NULL DEFAULT 0,
    -- Why it is kept: a word, the law, and the last day.
    basis TEXT NOT NULL DEFAULT '',
    law TEXT NOT NULL DEFAULT '',
    keep_until_on TEXT,
    state TEXT NOT NULL CHECK (state IN ('planned', 'done', 'failed')),
    failure TEXT,
    done_at {int},
    PRIMARY KEY (plan_id, place)
) {strict};

-- What outlives a destruction, sealed under a key of its own, with its last day.
CREATE TABLE kept_record (
    id {id},
    plan_id {int} REFERENCES plan (id),
    kind TEXT NOT NULL CHECK (kind IN ('consent_proof', 'act', 'statutory')),
    basis TEXT NOT NULL,
    law TEXT NOT NULL,
    -- Number of an act, such as `A-2026-000017`.
    number TEXT UNIQUE,
    digest_key {int},
    stop_digest {bytes},
    content {bytes},
    vault_key_id TEXT NOT NULL,
    sha256 {bytes} NOT NULL,
    made_at {int} NOT NULL,
    destroy_on TEXT NOT NULL,
    destroyed_at {int}
) {strict};
CREATE INDEX kept_record_by_plan ON kept_record (plan_id);
CREATE INDEX kept_record_by_stop_digest ON kept_record (stop_digest) WHERE stop_digest IS NOT NULL;
CREATE INDEX kept_record_due ON kept_record (destroy_on) WHERE destroyed_at IS NULL;

-- Files with people's data that left the product, so that their holders can be told.
CREATE TABLE export_record (
    id {id},
    what TEXT NOT NULL,
    at {int} NOT NULL,
    actor TEXT NOT NULL,
    contacts {int} NOT NULL,
    destroyed_at {int},
    destroyed_by TEXT
) {strict};
