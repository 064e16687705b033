-- The one counter of all stops: incremented by the last statements of a transaction that stops something,
-- so that its row lock orders the commits.
CREATE TABLE stop_sequence (
    id {int} PRIMARY KEY CHECK (id = 1),
    value {int} NOT NULL
) {strict};
INSERT INTO stop_sequence (id, value) VALUES (1, 0);

-- Restriction of processing: of an address, and of the one contact that has it.
CREATE TABLE block (
    id {id},
    scope TEXT NOT NULL CHECK (scope IN ('full', 'marketing', 'purposes', 'fields')),
    purposes TEXT NOT NULL DEFAULT '[]',
    fields TEXT NOT NULL DEFAULT '[]',
    address_id {int} REFERENCES address (id),
    digest_key {int},
    stop_digest {bytes},
    contact_id {int} REFERENCES contact (id),
    ticket_id {int} REFERENCES ticket (id),
    submission_id {int},
    basis TEXT NOT NULL,
    authentication TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'lifted')),
    from_at {int} NOT NULL,
    lifted_at {int},
    lifted_by TEXT,
    lift_reason TEXT,
    CHECK (address_id IS NOT NULL OR stop_digest IS NOT NULL OR contact_id IS NOT NULL)
) {strict};
-- store::blocks::active_for
CREATE INDEX block_active_by_stop_digest ON block (stop_digest) WHERE state = 'active';
CREATE INDEX block_active_by_contact ON block (contact_id) WHERE state = 'active';
-- store::blocks::full_since (the breaker)
CREATE INDEX block_by_time ON block (from_at);
CREATE INDEX block_by_ticket ON block (ticket_id);

-- An address-level fact "do not mail", kept as digests only.
CREATE TABLE suppression (
    id {id},
    digest_key {int} NOT NULL,
    exact_digest {bytes} NOT NULL,
    stop_digest {bytes} NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('hard_bounce', 'complaint', 'erased', 'unsubscribed_all', 'manual')),
    source TEXT NOT NULL,
    since_at {int} NOT NULL,
    until_at {int},
    lifted_at {int},
    lifted_by TEXT,
    lift_reason TEXT
) {strict};
-- store::suppressions::active_for
CREATE INDEX suppression_by_stop_digest ON suppression (stop_digest) WHERE lifted_at IS NULL;

-- What halts mail, in the order of its commit. number is given by the last statements of the transaction.
CREATE TABLE stop (
    id {id},
    number {int} UNIQUE,
    journal_id TEXT NOT NULL UNIQUE,
    act TEXT NOT NULL CHECK (act IN
        ('block', 'lift', 'suppression', 'withdrawal', 'unsubscribe', 'erasure', 'pause', 'cancel')),
    scope TEXT NOT NULL,
    at {int} NOT NULL,
    -- Every address it holds for, under every digest key in use: JSON of {exact, stop}.
    digests TEXT NOT NULL DEFAULT '[]',
    contact_id {int},
    block_id {int} REFERENCES block (id),
    submission_id {int}
) {strict};
