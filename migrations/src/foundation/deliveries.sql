-- The ledger: one row for each outgoing mail to one recipient.
CREATE TABLE delivery (
    id {id},
    class TEXT NOT NULL CHECK (class IN
        ('advertising', 'training', 'transactional', 'confirmation', 'statutory', 'staff')),
    purpose_of_mail TEXT NOT NULL CHECK (purpose_of_mail IN
        ('campaign', 'step', 'acknowledgement', 'challenge', 'answer', 'notice', 'access', 'confirmation', 'alarm')),
    -- Of an acknowledgement: what it acknowledges, so that the same is not said again for seven days.
    topic TEXT NOT NULL DEFAULT '',
    ticket_id {int} REFERENCES ticket (id),
    submission_id {int} REFERENCES submission (id),
    address_id {int} NOT NULL REFERENCES address (id),
    stop_digest {bytes} NOT NULL,
    mail_id TEXT NOT NULL UNIQUE,
    digest_key {int} NOT NULL,
    mail_id_digest {bytes} NOT NULL,
    -- Sealed under vault_key_id: subject, text, html, thread headers. Emptied with the key.
    content {bytes},
    vault_key_id TEXT,
    -- Smaller goes first: statutory and transactional mail overtakes bulk.
    rank {int} NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('planned', 'claimed', 'accepted', 'deferred', 'rejected', 'uncertain', 'withheld')),
    planned_at {int} NOT NULL,
    next_try_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    attempt {int} NOT NULL DEFAULT 0,
    node TEXT,
    epoch TEXT,
    leased_until_at {int},
    resent {int} NOT NULL DEFAULT 0 CHECK (resent IN (0, 1)),
    withheld_reason TEXT,
    settled_at {int},
    relay TEXT,
    smtp_code {int},
    enhanced_code TEXT,
    reply_text TEXT,
    feedback TEXT
) {busy};
-- store::deliveries::claim
CREATE INDEX delivery_due ON delivery (rank, next_try_at, id) WHERE state IN ('planned', 'deferred');
-- store::deliveries::claimed_by
CREATE INDEX delivery_claimed ON delivery (node, epoch) WHERE state = 'claimed';
-- store::tickets::by_mail_ids, feedback
CREATE INDEX delivery_by_mail_id ON delivery (mail_id_digest);
CREATE INDEX delivery_by_ticket ON delivery (ticket_id) WHERE ticket_id IS NOT NULL;
-- store::deliveries::acknowledged_since
CREATE INDEX delivery_by_stop_digest ON delivery (stop_digest, purpose_of_mail, planned_at);

-- store::deliveries::count_all_since (the hourly limit)
CREATE INDEX delivery_acknowledgements ON delivery (planned_at) WHERE purpose_of_mail = 'acknowledgement';
-- store::subject_keys::letters_of
CREATE INDEX delivery_by_submission ON delivery (submission_id) WHERE submission_id IS NOT NULL;
-- store::deliveries::uncertain_of
CREATE INDEX delivery_uncertain ON delivery (node, epoch) WHERE state = 'uncertain';

-- Every attempt with what came of it.
CREATE TABLE delivery_attempt (
    delivery_id {int} NOT NULL REFERENCES delivery (id),
    attempt {int} NOT NULL,
    node TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('accepted', 'deferred', 'rejected', 'uncertain')),
    relay TEXT,
    smtp_code {int},
    enhanced_code TEXT,
    reply_text TEXT,
    ended_at {int} NOT NULL,
    PRIMARY KEY (delivery_id, attempt)
) {strict};
