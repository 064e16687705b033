-- Where mail is read from, and how the reading goes.
CREATE TABLE mailbox (
    id {id},
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('imap', 'maildir')),
    polled_at {int},
    failing_since_at {int},
    failure TEXT
) {strict};

CREATE TABLE mailbox_folder (
    id {id},
    mailbox_id {int} NOT NULL REFERENCES mailbox (id),
    name TEXT NOT NULL,
    uid_validity {int},
    -- Every UID below this one has a row in message.
    next_uid {int} NOT NULL DEFAULT 1,
    -- 1 when the last walk met an answer that nobody understands: then it goes mail by mail.
    is_walked_singly {int} NOT NULL DEFAULT 0 CHECK (is_walked_singly IN (0, 1)),
    polled_at {int},
    UNIQUE (mailbox_id, name)
) {strict};

-- One inbound mail. It is recorded here before it is acted on.
CREATE TABLE message (
    id {id},
    mailbox_id {int} NOT NULL REFERENCES mailbox (id),
    folder_id {int} NOT NULL REFERENCES mailbox_folder (id),
    uid_validity {int},
    uid {int},
    maildir_key TEXT,
    size_bytes {int} NOT NULL,
    received_at {int} NOT NULL,
    discovered_at {int} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('discovered', 'raw_stored', 'read', 'classified', 'filed', 'moved',
        'too_big', 'unreadable', 'quarantined', 'vanished')),
    digest_key {int},
    raw_digest {bytes},
    object_id TEXT,
    vault_key_id TEXT,
    -- The first message with the same bytes in this mailbox; this one is only moved.
    same_as {int} REFERENCES message (id),
    attempts {int} NOT NULL DEFAULT 0,
    -- The epoch of the daemon that is reading it now, and whether it is read alone.
    reading_by TEXT,
    reading_alone {int} NOT NULL DEFAULT 0 CHECK (reading_alone IN (0, 1)),
    lone_deaths {int} NOT NULL DEFAULT 0,
    -- How often the server failed at fetching it.
    fetch_failures {int} NOT NULL DEFAULT 0,
    failure TEXT,
    submission_id {int},
    filed_at {int},
    -- Where the server's copy is now, so that it can be destroyed later.
    moved_folder TEXT,
    moved_uid_validity {int},
    moved_uid {int},
    UNIQUE (folder_id, uid_validity, uid),
    UNIQUE (folder_id, maildir_key)
) {busy};
-- store::messages::to_store, to_read, to_move
CREATE INDEX message_unfinished ON message (mailbox_id, state, id) WHERE state NOT IN ('moved', 'vanished');
-- store::messages::with_raw_digest
CREATE INDEX message_by_raw_digest ON message (mailbox_id, raw_digest);

-- What a person sent us: a message or a form entry.
CREATE TABLE submission (
    id {id},
    channel TEXT NOT NULL CHECK (channel IN ('message', 'form')),
    message_id {int} UNIQUE REFERENCES message (id),
    form_key {bytes} UNIQUE,
    ticket_id {int} REFERENCES ticket (id),
    address_id {int} REFERENCES address (id),
    received_at {int} NOT NULL,
    filed_at {int} NOT NULL,
    -- Raw bytes (mail) or the sealed entry (form) in the vault.
    object_id TEXT,
    vault_key_id TEXT,
    -- Sealed under the vault key: from, subject, new text, classification with its words.
    content {bytes},
    digest_key {int} NOT NULL,
    mail_id_digest {bytes},
    authentication TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('human', 'bounce', 'complaint', 'auto_reply', 'list_mail', 'spam', 'unread')),
    language TEXT,
    -- Labels and marks in auto or suggest, as JSON without words.
    labels TEXT NOT NULL DEFAULT '[]',
    capture_point TEXT,
    policy_version TEXT,
    -- 1 while it belongs to a known subject and is still under the key of its message.
    unkeyed {int} NOT NULL DEFAULT 0 CHECK (unkeyed IN (0, 1)),
    -- The key of its message, from the move to the subject's key until it is destroyed.
    old_vault_key_id TEXT
) {strict};
-- store::subject_keys::unkeyed
CREATE INDEX submission_unkeyed ON submission (id) WHERE unkeyed = 1;
-- store::subject_keys::left_over
CREATE INDEX submission_old_key ON submission (id) WHERE old_vault_key_id IS NOT NULL;
-- store::submissions::of_ticket
CREATE INDEX submission_by_ticket ON submission (ticket_id);
-- store::tickets::by_mail_ids
CREATE INDEX submission_by_mail_id ON submission (mail_id_digest) WHERE mail_id_digest IS NOT NULL;
