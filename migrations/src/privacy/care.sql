-- Which regimes protect this person: words separated by spaces, set by rule or by hand; empty: those of the configuration.
ALTER TABLE contact ADD COLUMN regimes TEXT NOT NULL DEFAULT '';
ALTER TABLE contact ADD COLUMN regimes_by TEXT NOT NULL DEFAULT '';

-- A breach of personal data. Its clock is that of its request.
CREATE TABLE incident (
    id {id},
    request_id {int} NOT NULL UNIQUE REFERENCES request (id),
    state TEXT NOT NULL CHECK (state IN ('open', 'notified', 'reported', 'closed')),
    detected_at {int} NOT NULL,
    -- Sealed under a key of its own: what both notices say.
    content {bytes},
    vault_key_id TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    opened_at {int} NOT NULL,
    notified_at {int},
    reported_at {int},
    -- GosSOPKA (152-FZ art. 19(12)), the supervisory authority (GDPR 33), the people (GDPR 34).
    sopka_told_at {int},
    dpa_told_at {int},
    people_told_at {int},
    closed_at {int},
    closed_by TEXT,
    changed_at {int} NOT NULL
) {strict};

-- What the nightly look at retention did.
CREATE TABLE retention_run (
    id {id},
    ran_at {int} NOT NULL,
    -- How many of which kind were pruned, how many tickets opened: JSON.
    counts TEXT NOT NULL
) {strict};
