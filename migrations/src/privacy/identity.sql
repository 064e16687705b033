-- "Was it you?", asked of the address on file. Link and code are kept as digests only.
CREATE TABLE challenge (
    id {id},
    ticket_id {int} NOT NULL REFERENCES ticket (id),
    address_id {int} NOT NULL REFERENCES address (id),
    digest_key {int} NOT NULL,
    token_digest {bytes} NOT NULL UNIQUE,
    code_digest {bytes} NOT NULL,
    delivery_id {int} REFERENCES delivery (id),
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'disowned', 'spent', 'void')),
    tries_left {int} NOT NULL,
    asked_at {int} NOT NULL,
    asked_by TEXT NOT NULL,
    -- The newest request that there was: what is filed later the answer does not cover.
    newest_request {int} NOT NULL,
    expires_at {int} NOT NULL,
    settled_at {int}
) {strict};
CREATE INDEX challenge_by_ticket ON challenge (ticket_id);
CREATE INDEX challenge_by_address ON challenge (address_id);
-- One that is open for each ticket.
CREATE UNIQUE INDEX challenge_open ON challenge (ticket_id) WHERE state = 'open';

-- What proves who asks; the highest that was not revoked counts.
CREATE TABLE identity_proof (
    id {id},
    ticket_id {int} NOT NULL REFERENCES ticket (id),
    level TEXT NOT NULL CHECK (level IN ('from', 'aligned', 'challenge', 'attested')),
    challenge_id {int} REFERENCES challenge (id),
    -- Sealed under the key of the matter: what the operator saw.
    note {bytes},
    at {int} NOT NULL,
    actor TEXT NOT NULL,
    -- The newest request that it covers; none for what a mail itself shows.
    newest_request {int},
    revoked_at {int},
    revoked_by TEXT
) {strict};
CREATE INDEX identity_proof_by_ticket ON identity_proof (ticket_id);

-- Who may act for a person, on which paper, until when.
CREATE TABLE representation (
    id {id},
    ticket_id {int} NOT NULL REFERENCES ticket (id),
    contact_id {int} REFERENCES contact (id),
    kind TEXT NOT NULL CHECK (kind IN ('power_of_attorney', 'parent', 'guardian', 'advocate', 'other')),
    -- Sealed under the key of the matter: the paper's number, date, issuer.
    paper {bytes} NOT NULL,
    valid_until_on TEXT,
    attested_by TEXT NOT NULL,
    attested_at {int} NOT NULL,
    revoked_at {int},
    revoked_by TEXT
) {strict};
CREATE INDEX representation_by_ticket ON representation (ticket_id);
CREATE INDEX representation_by_contact ON representation (contact_id) WHERE contact_id IS NOT NULL;

-- Why a block is narrower than it would be (an appointment tomorrow); sealed under the key of the matter.
CREATE TABLE block_exception (
    block_id {int} PRIMARY KEY REFERENCES block (id),
    reason {bytes} NOT NULL,
    actor TEXT NOT NULL,
    at {int} NOT NULL
) {strict};

-- That a block will be lifted: the person is told first (GDPR 18(3)).
CREATE TABLE unblock_notice (
    block_id {int} PRIMARY KEY REFERENCES block (id),
    -- None: told by hand, as the sealed note says.
    delivery_id {int} REFERENCES delivery (id),
    note {bytes},
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    at {int} NOT NULL
) {strict};
