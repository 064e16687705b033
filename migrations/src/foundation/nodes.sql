-- A daemon that shares this database.
CREATE TABLE node (
    id {id},
    name TEXT NOT NULL UNIQUE,
    boot_id TEXT NOT NULL,
    epoch TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at {int} NOT NULL,
    leased_until_at {int} NOT NULL,
    retired_at {int},
    retired_by TEXT
) {strict};

-- What only one node does at a time: a mailbox, sealing, reminders.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until_at {int} NOT NULL
) {strict};

-- What somebody must look at; shown by status until it is cleared.
CREATE TABLE alarm (
    name TEXT PRIMARY KEY,
    detail TEXT NOT NULL,
    since_at {int} NOT NULL,
    seen_at {int} NOT NULL,
    cleared_at {int}
) {strict};
