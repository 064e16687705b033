-- The conversation with one person about one matter.
CREATE TABLE ticket (
    id {id},
    number TEXT NOT NULL UNIQUE,
    digest_key {int} NOT NULL,
    status_code_digest {bytes} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'closed')),
    lane TEXT NOT NULL CHECK (lane IN ('privacy', 'authority', 'ordinary', 'unreadable')),
    address_id {int} REFERENCES address (id),
    contact_id {int} REFERENCES contact (id),
    locale TEXT NOT NULL,
    -- Why a person must look, as words separated by spaces; empty when nothing calls for one.
    review TEXT NOT NULL DEFAULT '',
    linked_ticket_id {int} REFERENCES ticket (id),
    opened_at {int} NOT NULL,
    last_word_at {int} NOT NULL,
    closed_at {int}
) {strict};
-- store::tickets::open_of_address
CREATE INDEX ticket_by_address ON ticket (address_id, id);
-- store::tickets::page
CREATE INDEX ticket_by_state ON ticket (state, id);

-- One claim inside a ticket, with its own clock.
CREATE TABLE request (
    id {id},
    ticket_id {int} NOT NULL REFERENCES ticket (id),
    name TEXT NOT NULL,
    regime TEXT NOT NULL,
    regime_version TEXT NOT NULL,
    law TEXT NOT NULL,
    requester TEXT NOT NULL CHECK (requester IN ('subject', 'representative', 'authority')),
    state TEXT NOT NULL CHECK (state IN ('received', 'blocked', 'identity', 'under_review', 'approved', 'refused',
        'executing', 'verified', 'answered', 'closed', 'joined', 'withdrawn')),
    received_at {int} NOT NULL,
    facts_received_at {int},
    changed_at {int} NOT NULL
) {strict};
-- store::requests::of_ticket
CREATE INDEX request_by_ticket ON request (ticket_id);
-- store::requests::open_for_reminders
CREATE INDEX request_open ON request (received_at) WHERE state NOT IN ('closed', 'joined', 'withdrawn');

-- One thing owed by a date. No date: it counts from an event that has not come (counts_from).
CREATE TABLE duty (
    id {id},
    request_id {int} NOT NULL REFERENCES request (id),
    name TEXT NOT NULL,
    rule TEXT NOT NULL,
    counts_from TEXT NOT NULL,
    legal_due_at {int},
    safe_due_at {int},
    legal_due_on TEXT,
    safe_due_on TEXT,
    provisional {int} NOT NULL DEFAULT 0 CHECK (provisional IN (0, 1)),
    done_at {int}
) {strict};
-- store::duties::of_request
CREATE INDEX duty_by_request ON duty (request_id);
-- store::duties::due_before
CREATE INDEX duty_open_by_date ON duty (safe_due_at) WHERE done_at IS NULL;

-- What happened to the clock of a request.
CREATE TABLE clock_event (
    id {id},
    request_id {int} NOT NULL REFERENCES request (id),
    act TEXT NOT NULL CHECK (act IN ('start', 'pause', 'resume', 'extend', 'stop')),
    at {int} NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL
) {strict};
CREATE INDEX clock_event_by_request ON clock_event (request_id);

-- No plan destroys what is held, until a person lifts the hold.
CREATE TABLE legal_hold (
    id {id},
    contact_id {int} REFERENCES contact (id),
    ticket_id {int} NOT NULL REFERENCES ticket (id),
    from_at {int} NOT NULL,
    reason TEXT NOT NULL,
    lifted_at {int},
    lifted_by TEXT,
    lift_reason TEXT
) {strict};

-- What a person has to do; ids and words only.
CREATE TABLE task (
    id {id},
    name TEXT NOT NULL,
    ticket_id {int} REFERENCES ticket (id),
    delivery_id {int},
    detail TEXT NOT NULL DEFAULT '',
    opened_at {int} NOT NULL,
    done_at {int},
    done_by TEXT
) {strict};
-- store::tasks::open
CREATE INDEX task_open ON task (id) WHERE done_at IS NULL;
CREATE INDEX task_by_ticket ON task (ticket_id);

-- What a connected system (shop, site, training space) is to be told.
CREATE TABLE system_notice (
    id {id},
    act TEXT NOT NULL CHECK (act IN ('block', 'unblock', 'correct', 'destroy', 'stop_publication')),
    ticket_id {int} REFERENCES ticket (id),
    block_id {int},
    raised_at {int} NOT NULL,
    acknowledged_at {int}
) {strict};
CREATE INDEX system_notice_open ON system_notice (id) WHERE acknowledged_at IS NULL;
