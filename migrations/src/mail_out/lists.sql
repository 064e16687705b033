-- A version of the privacy policy, as it was published. Never changed.
CREATE TABLE policy_version (
    id {id},
    version TEXT NOT NULL,
    locale TEXT NOT NULL CHECK (locale IN ('ru', 'en')),
    url TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL,
    sha256 {bytes} NOT NULL,
    approved_by TEXT,
    approved_on TEXT,
    effective_from_at {int} NOT NULL,
    created_at {int} NOT NULL,
    created_by TEXT NOT NULL,
    UNIQUE (version, locale)
) {strict};

-- A mailing list; belongs to one purpose. Its name is part of its List-Id and never reused.
CREATE TABLE list (
    id {id},
    name TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (purpose IN ('newsletter', 'partner_offers', 'research', 'training_mail')),
    title_ru TEXT NOT NULL,
    title_en TEXT NOT NULL,
    -- Who advertises; every consent text names it (38-FZ art. 18).
    advertiser TEXT NOT NULL,
    -- Whether people can subscribe on the page.
    is_open {int} NOT NULL DEFAULT 1 CHECK (is_open IN (0, 1)),
    created_at {int} NOT NULL,
    created_by TEXT NOT NULL,
    archived_at {int}
) {strict};

-- What a person consents to, word for word. Never changed: a new wording is a new version.
CREATE TABLE consent_text (
    id {id},
    list_id {int} NOT NULL REFERENCES list (id),
    version {int} NOT NULL,
    locale TEXT NOT NULL CHECK (locale IN ('ru', 'en')),
    body TEXT NOT NULL,
    advertiser TEXT NOT NULL,
    sha256 {bytes} NOT NULL,
    created_at {int} NOT NULL,
    created_by TEXT NOT NULL,
    UNIQUE (list_id, version, locale)
) {strict};

-- What a consent event rests on, beside the JSON that holds all of it.
ALTER TABLE consent_event ADD COLUMN text_id {int} REFERENCES consent_text (id);
ALTER TABLE consent_event ADD COLUMN policy_id {int} REFERENCES policy_version (id);
ALTER TABLE consent_event ADD COLUMN subscription_id {int};
ALTER TABLE consent_event ADD COLUMN delivery_id {int};
ALTER TABLE consent_event ADD COLUMN import_id {int};
ALTER TABLE consent_event ADD COLUMN actor TEXT;
-- store::campaigns::report
CREATE INDEX consent_event_by_delivery ON consent_event (delivery_id) WHERE delivery_id IS NOT NULL;
-- store::imports::attest
CREATE INDEX consent_event_by_import ON consent_event (import_id, id) WHERE import_id IS NOT NULL;

-- contact x address x list. Of a pending one that has no contact yet contact_id is NULL.
CREATE TABLE subscription (
    id {id},
    list_id {int} NOT NULL REFERENCES list (id),
    contact_id {int} REFERENCES contact (id),
    address_id {int} REFERENCES address (id),
    state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'unsubscribed')),
    -- When this state began.
    since_at {int} NOT NULL,
    -- The event of grade proven that can be shown for it; NULL when there is none or it was withdrawn.
    consent_id {int} REFERENCES consent_event (id),
    -- The last double opt-in from this very mailbox: it outweighs an older erasure or "leave everything".
    opted_in_at {int},
    -- The last time the person left; a pending one that expires goes back to it.
    left_at {int},
    created_at {int} NOT NULL
) {strict};
-- One person, one address, one list (also what the freeze walks: list, then id).
CREATE UNIQUE INDEX subscription_of_contact ON subscription (list_id, address_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE UNIQUE INDEX subscription_of_nobody_yet ON subscription (list_id, address_id) WHERE contact_id IS NULL;
-- store::subscriptions::of_address, the withdrawals
CREATE INDEX subscription_by_address ON subscription (address_id);
CREATE INDEX subscription_by_contact ON subscription (contact_id) WHERE contact_id IS NOT NULL;

-- What a person typed who asked for a list, until it is confirmed or destroyed after seven days.
CREATE TABLE opt_in (
    id {id},
    subscription_id {int} NOT NULL REFERENCES subscription (id) ON DELETE CASCADE,
    digest_key {int} NOT NULL,
    -- All wishes of one act stand in one mail with one token.
    token_digest {bytes} NOT NULL,
    -- The one confirmation mail.
    delivery_id {int} REFERENCES delivery (id),
    mail_id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT '',
    locale TEXT NOT NULL CHECK (locale IN ('ru', 'en')),
    text_id {int} NOT NULL REFERENCES consent_text (id),
    policy_id {int} REFERENCES policy_version (id),
    -- Page, act, IP, user agent … as JSON: goes into the consent event.
    evidence TEXT NOT NULL,
    asked_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    confirmed_at {int},
    UNIQUE (token_digest, subscription_id)
) {strict};
-- store::opt_ins::expired
CREATE INDEX opt_in_by_delivery ON opt_in (delivery_id);
CREATE INDEX opt_in_waiting ON opt_in (expires_at) WHERE confirmed_at IS NULL;
CREATE INDEX opt_in_by_subscription ON opt_in (subscription_id);

-- The confirmation mail that a noted mail is an answer or a report to: it holds the address that was
-- typed, and is destroyed with the wish when nobody confirms. No foreign key: the mail goes, too.
ALTER TABLE submission ADD COLUMN confirmation_id {int};
-- store::submissions::answers_to
CREATE INDEX submission_by_confirmation ON submission (confirmation_id) WHERE confirmation_id IS NOT NULL;

-- A run of `contact import`: who brought what, from which file.
CREATE TABLE contact_import (
    id {id},
    actor TEXT NOT NULL,
    file_sha256 {bytes} NOT NULL,
    mapping TEXT NOT NULL,
    list_id {int} REFERENCES list (id),
    started_at {int} NOT NULL,
    finished_at {int},
    -- How many rows were taken, left and refused, by reason: JSON without personal data.
    counts TEXT NOT NULL DEFAULT '{}',
    attested_by TEXT,
    attested_at {int}
) {strict};
