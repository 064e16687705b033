-- A correction of a contact: old and new value and the proof, sealed under the key of the matter.
CREATE TABLE rectification (
    id {id},
    request_id {int} NOT NULL REFERENCES request (id),
    contact_id {int} NOT NULL REFERENCES contact (id),
    field TEXT NOT NULL CHECK (field IN ('name', 'email', 'phone')),
    -- {old, new, proof}
    content {bytes},
    -- Keyed digest of the old value: who changes it meanwhile makes a conflict.
    digest_key {int} NOT NULL,
    old_digest {bytes} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'applied', 'void')),
    made_by TEXT NOT NULL,
    made_at {int} NOT NULL,
    applied_at {int}
) {strict};
CREATE INDEX rectification_by_request ON rectification (request_id);
CREATE INDEX rectification_by_contact ON rectification (contact_id);

-- What a person gets to see of what we hold (152-FZ art. 14(7), GDPR art. 15 and 20).
CREATE TABLE package (
    id {id},
    request_id {int} NOT NULL REFERENCES request (id),
    object_id TEXT NOT NULL,
    vault_key_id TEXT NOT NULL,
    sha256 {bytes} NOT NULL,
    size_bytes {int} NOT NULL,
    -- 1 when we hold nothing but this very matter: then the answer says so and no link is sent.
    nothing_held {int} NOT NULL DEFAULT 0 CHECK (nothing_held IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('made', 'sent', 'fetched', 'expired', 'void')),
    made_by TEXT NOT NULL,
    made_at {int} NOT NULL,
    digest_key {int},
    token_digest {bytes} UNIQUE,
    address_id {int} REFERENCES address (id),
    delivery_id {int} REFERENCES delivery (id),
    expires_at {int},
    fetched_at {int},
    -- When object and key were destroyed.
    destroyed_at {int}
) {strict};
CREATE INDEX package_by_request ON package (request_id);
CREATE INDEX package_expiring ON package (expires_at) WHERE destroyed_at IS NULL;
