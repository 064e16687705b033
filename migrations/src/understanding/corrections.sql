-- What a person of ours said a submission is and asks for, after the machine. Never changed, the last one counts.
-- The text is not copied: it stands in the submission, sealed under its key, and is destroyed with that key.
CREATE TABLE correction (
    id {id},
    submission_id {int} NOT NULL REFERENCES submission (id),
    -- 1, 2, 3 …: of two people who correct what they both saw, the second collides here.
    place {int} NOT NULL CHECK (place > 0),
    corrected_at {int} NOT NULL,
    actor TEXT NOT NULL,
    -- Names of kind, labels and marks as JSON, no words of the text.
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    -- The version of the program that was corrected.
    classifier TEXT NOT NULL,
    -- Sealed under the key of the submission: whoever explains a letter may quote it.
    note {bytes},
    UNIQUE (submission_id, place)
) {strict};
