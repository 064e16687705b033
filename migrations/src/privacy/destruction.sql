-- Set when the clear form, the keys and the digests of the row were emptied: the row stays for the sums of the ledger.
ALTER TABLE address ADD COLUMN erased_at {int};

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
    failures {int} NOT NULL DEFAULT 0,
    failure TEXT,
    next_try_at {int},
    -- "Cannot destroy in time" (152-FZ art. 21(6)): why, and until when at most.
    postponed_to_at {int},
    postponed_by TEXT,
    postponed_reason TEXT
) {strict};
CREATE UNIQUE INDEX plan_standing ON plan (request_id) WHERE state <> 'void';
-- store::plans::at_work
CREATE INDEX plan_at_work ON plan (next_try_at) WHERE state IN ('approved', 'executing', 'executed', 'verified');

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
