-- The events from which duties count, beside receipt and facts_received_at.
ALTER TABLE request ADD COLUMN detected_at {int};
ALTER TABLE request ADD COLUMN achieved_at {int};
-- The request whose matter this one is.
ALTER TABLE request ADD COLUMN joined_to {int} REFERENCES request (id);
-- Since when the clock rests, where the regime lets it.
ALTER TABLE request ADD COLUMN paused_at {int};
ALTER TABLE request ADD COLUMN outcome TEXT CHECK (outcome IN
    ('done', 'partly_kept', 'anonymised', 'nothing_held', 'not_confirmed', 'refused', 'withdrawn', 'misread', 'joined'));
-- The letter that answers it; NULL while none was written, or it was answered by hand.
ALTER TABLE request ADD COLUMN answer_id {int} REFERENCES delivery (id);
-- store::requests::joined
CREATE INDEX request_by_joined ON request (joined_to) WHERE joined_to IS NOT NULL;
ALTER TABLE duty ADD COLUMN started_at {int};
ALTER TABLE duty ADD COLUMN extended {int} NOT NULL DEFAULT 0 CHECK (extended IN (0, 1));
-- How much of its time had passed when people were last reminded of it: 0, 50, 75, 90 or 100 %.
ALTER TABLE duty ADD COLUMN reminded {int} NOT NULL DEFAULT 0;

-- What a ticket in the lane `ordinary` is about, where people of its own work on it.
ALTER TABLE ticket ADD COLUMN topic TEXT NOT NULL DEFAULT '' CHECK (topic IN ('', 'policy', 'incident', 'retention'));
-- The policy in force when it was opened.
ALTER TABLE ticket ADD COLUMN policy_id {int} REFERENCES policy_version (id);
-- What is special about what was written: words such as `health` and `identity_paper`, separated by spaces.
ALTER TABLE ticket ADD COLUMN special TEXT NOT NULL DEFAULT '';
-- The key of what people of ours write about this matter, while no contact is known.
ALTER TABLE ticket ADD COLUMN vault_key_id TEXT;

-- An extension that was asked for; it holds once its reasoned notice went out in time.
CREATE TABLE extension (
    id {id},
    request_id {int} NOT NULL REFERENCES request (id),
    duty_id {int} NOT NULL REFERENCES duty (id),
    -- The notice.
    delivery_id {int} REFERENCES delivery (id),
    -- Sealed under the key of the matter: the causes in the operator's words.
    causes {bytes},
    asked_by TEXT NOT NULL,
    asked_at {int} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'granted', 'late', 'failed')),
    settled_at {int}
) {strict};
CREATE UNIQUE INDEX extension_asked ON extension (duty_id) WHERE state IN ('asked', 'granted');

-- Who decides what: proposed by one, decided by one (with four eyes: another).
CREATE TABLE decision (
    id {id},
    request_id {int} NOT NULL REFERENCES request (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'refuse')),
    -- SHA-256 over what is decided on: plan, correction, package, clause and reasons, or the words
    -- of what is carried out by hand.
    subject_hash {bytes} NOT NULL,
    -- Of a refusal: article and part that allow it.
    clause TEXT NOT NULL DEFAULT '',
    -- Sealed under the key of the matter: of a refusal the reasons in the operator's words, of what is
    -- carried out by hand what was done, what goes on and why, or why it was not confirmed.
    reasons {bytes},
    four_eyes {int} NOT NULL CHECK (four_eyes IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('proposed', 'decided', 'void')),
    proposed_by TEXT NOT NULL,
    proposed_at {int} NOT NULL,
    decided_by TEXT,
    decided_at {int},
    CHECK (state <> 'decided' OR decided_by IS NOT NULL),
    CHECK (decided_by IS NULL OR four_eyes = 0 OR decided_by <> proposed_by),
    CHECK (verdict <> 'refuse' OR clause <> '')
) {strict};
-- One that stands for each request.
CREATE UNIQUE INDEX decision_standing ON decision (request_id) WHERE state <> 'void';

-- How long the clock of this duty has rested, in microseconds.
ALTER TABLE duty ADD COLUMN paused_for {int} NOT NULL DEFAULT 0;

-- What people of ours wrote down about a request, sealed under the key of the matter.
CREATE TABLE request_note (
    id {id},
    request_id {int} NOT NULL REFERENCES request (id),
    kind TEXT NOT NULL CHECK (kind IN ('answer', 'withdrawal', 'reopening', 'pause', 'done', 'send_back')),
    content {bytes},
    at {int} NOT NULL,
    actor TEXT NOT NULL
) {strict};
CREATE INDEX request_note_by_request ON request_note (request_id);
