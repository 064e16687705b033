-- A person. Names and telephone numbers are personal data; a contact is never made from a mail alone.
CREATE TABLE contact (
    id {id},
    name TEXT NOT NULL DEFAULT '',
    phone TEXT NOT NULL DEFAULT '',
    locale TEXT NOT NULL DEFAULT 'ru',
    zone TEXT NOT NULL DEFAULT 'Europe/Moscow',
    source TEXT NOT NULL,
    -- The vault key of this subject, made when first needed: destroying it destroys every copy of the raw mail.
    vault_key_id TEXT,
    created_at {int} NOT NULL
) {strict};

-- What the digest keys of this database answer to a fixed question: other keys would let no stop match.
CREATE TABLE digest_key (
    id {int} PRIMARY KEY,
    fingerprint {bytes} NOT NULL,
    seen_at {int} NOT NULL
) {strict};

-- An e-mail address, whoever has it. The digests are made under digest_key; exact_key is the folded clear form.
CREATE TABLE address (
    id {id},
    email TEXT NOT NULL,
    exact_key TEXT NOT NULL UNIQUE,
    digest_key {int} NOT NULL,
    exact_digest {bytes} NOT NULL,
    stop_digest {bytes} NOT NULL,
    created_at {int} NOT NULL
) {strict};
-- store::addresses::find
CREATE INDEX address_by_exact_digest ON address (exact_digest);
-- store::contacts::of_stop_digests
CREATE INDEX address_by_stop_digest ON address (stop_digest);

-- Families and offices share addresses: n to m.
CREATE TABLE contact_address (
    contact_id {int} NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
    address_id {int} NOT NULL REFERENCES address (id),
    since_at {int} NOT NULL,
    PRIMARY KEY (contact_id, address_id)
) {strict};
-- store::contacts::of_address
CREATE INDEX contact_address_by_address ON contact_address (address_id);

-- Append-only evidence of consent and its withdrawal.
CREATE TABLE consent_event (
    id {id},
    contact_id {int} REFERENCES contact (id),
    address_id {int} REFERENCES address (id),
    purpose TEXT NOT NULL CHECK (purpose IN
        ('feedback', 'newsletter', 'partner_offers', 'research', 'training_mail', 'training_access')),
    list TEXT,
    act TEXT NOT NULL CHECK (act IN ('granted', 'confirmed', 'withdrawn')),
    grade TEXT NOT NULL CHECK (grade IN ('proven', 'claimed', 'none')),
    capture_point TEXT NOT NULL,
    at {int} NOT NULL,
    evidence TEXT NOT NULL,
    submission_id {int}
) {strict};
-- store::consents::advertising_of
CREATE INDEX consent_event_by_address ON consent_event (address_id);
CREATE INDEX consent_event_by_contact ON consent_event (contact_id);
