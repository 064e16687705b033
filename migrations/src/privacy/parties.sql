-- What one connected system is told, and what it answered.
CREATE TABLE system_call (
    id {id},
    notice_id {int} NOT NULL REFERENCES system_notice (id),
    system TEXT NOT NULL,
    plan_id {int} REFERENCES plan (id),
    -- Sealed under a key of its own, which goes with the acknowledgement.
    payload {bytes},
    vault_key_id TEXT,
    state TEXT NOT NULL CHECK (state IN ('planned', 'accepted', 'acknowledged', 'refused', 'moot')),
    attempts {int} NOT NULL DEFAULT 0,
    next_try_at {int} NOT NULL,
    raised_at {int} NOT NULL,
    told_at {int},
    acknowledged_at {int},
    status {int},
    failure TEXT,
    UNIQUE (notice_id, system)
) {strict};
-- store::systems::due
CREATE INDEX system_call_due ON system_call (next_try_at) WHERE state = 'planned';
CREATE INDEX system_call_open ON system_call (system, raised_at) WHERE state IN ('planned', 'accepted', 'refused');
CREATE INDEX system_call_by_plan ON system_call (plan_id) WHERE plan_id IS NOT NULL;
ALTER TABLE system_notice ADD COLUMN plan_id {int} REFERENCES plan (id);
ALTER TABLE system_notice ADD COLUMN contact_id {int};
-- When the calls of all systems were made of it.
ALTER TABLE system_notice ADD COLUMN spread_at {int};

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
    -- Outside Russia: when Roskomnadzor was told of the transfer (152-FZ art. 12).
    authority_told_on TEXT,
    created_at {int} NOT NULL,
    created_by TEXT NOT NULL,
    ended_at {int}
) {strict};

-- A recorded transfer of a person's data. No ground of policy clause 3.4, no row.
CREATE TABLE disclosure (
    id {id},
    recipient_id {int} NOT NULL REFERENCES recipient (id),
    contact_id {int} REFERENCES contact (id),
    ground TEXT NOT NULL CHECK (ground IN ('law', 'consent', 'contract', 'business_transfer', 'support_security')),
    -- Number and date of the written request, the contract, the legal approval.
    reference TEXT NOT NULL DEFAULT '',
    consent_id {int} REFERENCES consent_event (id),
    -- Categories, as words: name email phone …
    data TEXT NOT NULL CHECK (data <> ''),
    disclosed_at {int} NOT NULL,
    -- Of support and security: the last day.
    until_on TEXT,
    recorded_by TEXT NOT NULL,
    approved_by TEXT,
    request_id {int} REFERENCES request (id),
    CHECK (ground = 'consent' OR reference <> ''),
    CHECK (ground <> 'consent' OR consent_id IS NOT NULL),
    CHECK (ground <> 'support_security' OR until_on IS NOT NULL),
    CHECK (ground NOT IN ('law', 'business_transfer') OR approved_by IS NOT NULL)
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
    -- How it was told by hand, or why that is impossible or disproportionate.
    note TEXT NOT NULL DEFAULT '',
    raised_at {int} NOT NULL,
    settled_at {int},
    settled_by TEXT,
    UNIQUE (request_id, recipient_id, act)
) {strict};
