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
CREATE UNIQUE INDEX restoration_standing ON restoration (id) WHERE released_at IS NULL;
