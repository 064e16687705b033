-- Destroying the copy on the mail server: when to try again, and why it is still there, in one word.
ALTER TABLE message ADD COLUMN erase_next_at {int};
ALTER TABLE message ADD COLUMN erase_failure TEXT;
-- store::messages::ask_copies
CREATE INDEX message_copy_unasked ON message (mailbox_id, same_as) WHERE same_as IS NOT NULL AND erase_asked_at IS NULL;

-- After a restore nothing leaves until a person releases it.
CREATE TABLE restoration (
    id {id},
    restored_at {int} NOT NULL,
    restored_by TEXT NOT NULL,
    -- What the journals brought back: JSON of counts.
    counts TEXT NOT NULL,
    released_at {int},
    released_by TEXT
) {strict};
-- store::restorations::standing
CREATE INDEX restoration_standing ON restoration (id) WHERE released_at IS NULL;

-- Entries of the journals that nobody knew and that a person must look at, or that wait for their turn.
CREATE TABLE restored_entry (
    journal_id TEXT PRIMARY KEY,
    restored_at {int} NOT NULL,
    number {int},
    act TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- What was made of it, in one word.
    made TEXT NOT NULL
) {strict};
