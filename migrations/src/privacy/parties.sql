-- What one connected system is told, and what it answered.
CREATE TABLE system_call (
    id {id},
    notice_id {int} NOT NULL REFERENCES system_notice (id),
    system TEXT NOT NULL,
    -- The id that the system hears; random, so that a restored database gives none twice.
    webhook_id TEXT NOT NULL UNIQUE,
    act TEXT NOT NULL CHECK (act IN ('block', 'unblock', 'correct', 'destroy', 'stop_publication')),
    -- Whose data: `contact:12`, `address:3`, `ticket:4`. Calls about one of them are made in order.
    subject TEXT NOT NULL,
    ticket_id {int} REFERENCES ticket (id),
    -- No foreign key: the block may go before the call is settled.
    block_id {int},
    plan_id {int} REFERENCES plan (id),
    -- Of correct and destroy: sealed under a key of its own, which goes with the settlement.
    payload {bytes},
    vault_key_id TEXT,
    state TEXT NOT NULL CHECK (state IN ('planned', 'accepted', 'acknowledged', 'refused', 'moot', 'dropped')),
    attempts {int} NOT NULL DEFAULT 0,
    next_try_at {int} NOT NULL,
    raised_at {int} NOT NULL,
    -- After this instant somebody is told that no acknowledgement came.
    due_at {int} NOT NULL,
    -- When the system first said that it has it.
    told_at {int},
    settled_at {int},
    -- Who dropped it, and why.
    settled_by TEXT,
    note TEXT NOT NULL DEFAULT '',
    -- HTTP status of the last answer, and what went wrong in one word.
    status {int},
    failure TEXT,
    -- The id of the last message that the system sent about it.
    heard_id TEXT,
    UNIQUE (notice_id, system),
    CHECK (state <> 'dropped' OR (settled_by IS NOT NULL AND note <> '')),
    CHECK (state NOT IN ('acknowledged', 'moot', 'dropped') OR payload IS NULL)
) {strict};
-- store::systems::due
CREATE INDEX system_call_due ON system_call (system, next_try_at) WHERE state = 'planned';
-- store::systems::open_of_subject
CREATE INDEX system_call_by_subject ON system_call (subject, system);
-- store::systems::standing
CREATE INDEX system_call_open ON system_call (system, due_at) WHERE state IN ('planned', 'accepted', 'refused');
CREATE INDEX system_call_by_plan ON system_call (plan_id) WHERE plan_id IS NOT NULL;
CREATE INDEX system_call_by_ticket ON system_call (ticket_id) WHERE ticket_id IS NOT NULL;
-- store::systems::keys_left
CREATE INDEX system_call_keys_left ON system_call (id) WHERE payload IS NULL AND vault_key_id IS NOT NULL;
ALTER TABLE system_notice ADD COLUMN plan_id {int} REFERENCES plan (id);
ALTER TABLE system_notice ADD COLUMN contact_id {int};
-- When the calls of all systems were made of it.
ALTER TABLE system_notice ADD COLUMN spread_at {int};
-- store::systems::unspread
CREATE INDEX system_notice_unspread ON system_notice (id) WHERE spread_at IS NULL;

-- Whoever gets data from us: processors on our behalf, third parties, authorities.
CREATE TABLE recipient (
    id {id},
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('processor', 'third_party', 'authority')),
    title TEXT NOT NULL,
    postal_address TEXT NOT NULL DEFAULT '',
    -- Where notices go; empty: told by hand.
    email TEXT NOT NULL DEFAULT '',
    country TEXT NOT NULL,
    -- Contract or order on which it rests.
    agreement TEXT NOT NULL DEFAULT '',
    -- Of a processor: the categories of everybody's data that it has, as words: name email phone …
    data TEXT NOT NULL DEFAULT '',
    -- For what.
    purpose TEXT NOT NULL DEFAULT '',
    -- Outside Russia: when Roskomnadzor was told of the transfer (152-FZ art. 12).
    authority_told_on TEXT,
    created_at {int} NOT NULL,
    created_by TEXT NOT NULL,
    ended_at {int},
    ended_by TEXT
) {strict};

-- A recorded transfer of a person's data. No ground of policy clause 3.4, no row.
CREATE TABLE disclosure (
    id {id},
    recipient_id {int} NOT NULL REFERENCES recipient (id),
    -- NULL after the person was destroyed: that there was a transfer stays.
    contact_id {int} REFERENCES contact (id),
    ground TEXT NOT NULL CHECK (ground IN ('law', 'consent', 'contract', 'business_transfer', 'support_security')),
    -- Number and date of the written request, the contract, the legal approval.
    reference TEXT NOT NULL DEFAULT '',
    consent_id {int} REFERENCES consent_event (id),
    -- Categories, as words: name email phone …
    data TEXT NOT NULL CHECK (TRIM(data) <> ''),
    disclosed_at {int} NOT NULL,
    -- Of support and security: the last day.
    until_on TEXT,
    recorded_by TEXT NOT NULL CHECK (recorded_by <> ''),
    approved_by TEXT,
    request_id {int} REFERENCES request (id),
    CHECK (ground = 'consent' OR TRIM(reference) <> ''),
    CHECK (ground <> 'consent' OR consent_id IS NOT NULL),
    CHECK (ground <> 'support_security' OR until_on IS NOT NULL),
    CHECK (ground NOT IN ('law', 'business_transfer') OR (approved_by IS NOT NULL AND TRIM(approved_by) <> ''))
) {strict};
CREATE INDEX disclosure_by_contact ON disclosure (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX disclosure_by_recipient ON disclosure (recipient_id);

-- Who got data is told what became of them (152-FZ art. 20(3), GDPR art. 19).
CREATE TABLE recipient_notice (
    id {id},
    request_id {int} NOT NULL REFERENCES request (id),
    recipient_id {int} NOT NULL REFERENCES recipient (id),
    plan_id {int} REFERENCES plan (id),
    act TEXT NOT NULL CHECK (act IN ('correct', 'destroy', 'block', 'unblock', 'stop')),
    state TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'acknowledged', 'impossible')),
    delivery_id {int} REFERENCES delivery (id),
    -- The key of its letter alone, until that has left.
    vault_key_id TEXT,
    -- That the letter did not leave was told to a person.
    by_hand {int} NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1)),
    -- How it was told by hand, or why that is impossible or disproportionate.
    note TEXT NOT NULL DEFAULT '',
    raised_at {int} NOT NULL,
    settled_at {int},
    settled_by TEXT,
    UNIQUE (request_id, recipient_id, act),
    CHECK (state NOT IN ('acknowledged', 'impossible') OR (settled_by IS NOT NULL AND note <> ''))
) {strict};
-- store::recipients::letters_open
CREATE INDEX recipient_notice_letters ON recipient_notice (id) WHERE vault_key_id IS NOT NULL;
