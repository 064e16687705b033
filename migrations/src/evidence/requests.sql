-- The account of the machine under which it was proposed, where people do not share one.
ALTER TABLE decision ADD COLUMN account TEXT;

-- What people of ours wrote of blocks and holds, sealed under the key of the matter; the older
-- clear columns hold a word of ours.
ALTER TABLE block ADD COLUMN basis_words {bytes};
ALTER TABLE block ADD COLUMN lift_words {bytes};
ALTER TABLE legal_hold ADD COLUMN lift_words {bytes};
ALTER TABLE unblock_notice ADD COLUMN words {bytes};

-- That a person took their request back, written down by one of ours (how they said so is a note of
-- the request) and confirmed by another.
CREATE TABLE taking_back (
    id {id},
    request_id {int} NOT NULL REFERENCES request (id),
    proposed_by TEXT NOT NULL,
    account TEXT,
    proposed_at {int} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'done', 'void')),
    decided_by TEXT,
    decided_at {int}
) {strict};
CREATE UNIQUE INDEX taking_back_standing ON taking_back (request_id) WHERE state = 'proposed';
