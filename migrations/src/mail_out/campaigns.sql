-- One newsletter issue to an audience.
CREATE TABLE campaign (
    id {id},
    name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN
        ('draft', 'approved', 'scheduled', 'freezing', 'running', 'paused', 'held', 'finished', 'cancelled')),
    hold_reason TEXT CHECK (hold_reason IN ('late_start', 'empty_audience', 'breaker')),
    -- domain::campaign::Content and AudienceRule as JSON; campaign_list says the same for SQL.
    content TEXT NOT NULL,
    audience TEXT NOT NULL,
    -- When it starts, as an instant and as the person said it.
    starts_at {int},
    local_start TEXT,
    zone TEXT,
    approved_hash {bytes},
    approved_by TEXT,
    approved_at {int},
    -- Who made it.
    author TEXT NOT NULL,
    -- Who wrote what it says since somebody else approved it: JSON list of names; four eyes bind them.
    editors TEXT NOT NULL DEFAULT '[]',
    created_at {int} NOT NULL,
    changed_at {int} NOT NULL,
    -- Counts every change of the row: two editors do not overwrite each other.
    revision {int} NOT NULL DEFAULT 1,
    since_at {int} NOT NULL,
    -- The freeze: subscriptions up to frozen_to are looked at, those up to frozen_after have been.
    frozen_after {int} NOT NULL DEFAULT 0,
    frozen_to {int},
    candidates {int} NOT NULL DEFAULT 0,
    audience_size {int} NOT NULL DEFAULT 0,
    ended_at {int}
) {strict};
-- store::campaigns::at_work
CREATE INDEX campaign_at_work ON campaign (state) WHERE state IN ('scheduled', 'freezing', 'running', 'cancelled');

CREATE TABLE campaign_list (
    campaign_id {int} NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
    list_id {int} NOT NULL REFERENCES list (id),
    role TEXT NOT NULL CHECK (role IN ('to', 'except')),
    PRIMARY KEY (campaign_id, list_id)
) {strict};

-- How many candidates were left out, by the first reason that held.
CREATE TABLE campaign_exclusion (
    campaign_id {int} NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    count {int} NOT NULL,
    PRIMARY KEY (campaign_id, reason)
) {strict};

-- Rows of a campaign have no sealed content: they are made of campaign, subscription and contact. What is
-- copied from a subscription is not a foreign key: it may be destroyed while the ledger row stays.
ALTER TABLE delivery ADD COLUMN campaign_id {int} REFERENCES campaign (id);
ALTER TABLE delivery ADD COLUMN subscription_id {int};
-- The consent that allowed it.
ALTER TABLE delivery ADD COLUMN consent_id {int};

DROP INDEX delivery_due;
-- store::deliveries::claim
CREATE INDEX delivery_due ON delivery (rank, next_try_at, id)
    WHERE state IN ('planned', 'deferred') AND campaign_id IS NULL;
-- store::deliveries::claim_of_campaign
CREATE INDEX delivery_campaign_due ON delivery (campaign_id, next_try_at, id)
    WHERE state IN ('planned', 'deferred') AND campaign_id IS NOT NULL;
-- store::deliveries::uncertain_of, for rows that wait to be sent again
CREATE INDEX delivery_resent ON delivery (node, epoch) WHERE state = 'deferred' AND resent = 1;
-- store::campaigns::retryable
CREATE INDEX delivery_campaign_retryable ON delivery (campaign_id, id)
    WHERE state IN ('rejected', 'uncertain') AND campaign_id IS NOT NULL;
-- A campaign mails one exact address once.
CREATE UNIQUE INDEX delivery_of_campaign ON delivery (campaign_id, address_id) WHERE campaign_id IS NOT NULL;
-- store::deliveries::sweeping::is_any_open, for rows that are being sent
CREATE INDEX delivery_campaign_claimed ON delivery (campaign_id, id)
    WHERE state = 'claimed' AND campaign_id IS NOT NULL;
-- store::deliveries::troubles: what the breaker of a campaign counts
CREATE INDEX delivery_campaign_settled ON delivery (campaign_id, state, settled_at)
    WHERE settled_at IS NOT NULL AND campaign_id IS NOT NULL;
CREATE INDEX delivery_campaign_feedback ON delivery (campaign_id, feedback)
    WHERE feedback IS NOT NULL AND campaign_id IS NOT NULL;
-- store::subscriptions::forget_address, and the foreign key itself
CREATE INDEX delivery_by_address ON delivery (address_id);
CREATE INDEX submission_by_address ON submission (address_id) WHERE address_id IS NOT NULL;
CREATE INDEX block_by_address ON block (address_id) WHERE address_id IS NOT NULL;
-- Of a campaign's mail no digest is kept: its Message-ID is random and found by mail_id itself.
DROP INDEX delivery_by_mail_id;
CREATE INDEX delivery_by_mail_id ON delivery (mail_id_digest) WHERE campaign_id IS NULL;
DROP INDEX delivery_by_stop_digest;
CREATE INDEX delivery_by_stop_digest ON delivery (stop_digest, purpose_of_mail, planned_at) WHERE campaign_id IS NULL;

-- Token buckets, shared by all nodes: how much may leave.
CREATE TABLE throttle (
    -- `relay/main`
    name TEXT PRIMARY KEY,
    -- Mails that may leave now, in millionths.
    tokens {int} NOT NULL,
    refilled_at {int} NOT NULL
) {strict};

-- The sum that must hold in every snapshot (DESIGN §3): candidates = excluded + audience, and the
-- audience is all rows of the ledger; their state is one of seven by the CHECK of delivery.
CREATE VIEW campaign_sum AS
SELECT sums.*, CASE WHEN candidates = excluded + audience AND audience = deliveries THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS holds
FROM (SELECT c.id AS campaign_id, c.candidates, c.audience_size AS audience,
    (SELECT COALESCE(SUM(e.count), 0) FROM campaign_exclusion e WHERE e.campaign_id = c.id) AS excluded,
    (SELECT COUNT(*) FROM delivery d WHERE d.campaign_id = c.id) AS deliveries
    FROM campaign c) AS sums;
