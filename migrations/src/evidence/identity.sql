-- When somebody was told that a challenge ran out unanswered; NULL while nobody was, and for those
-- that were answered or replaced in time.
ALTER TABLE challenge ADD COLUMN expired_at {int};

-- Those that ran out and of which nobody was told yet.
CREATE INDEX challenge_running_out ON challenge (expires_at) WHERE state = 'open' AND expired_at IS NULL;

-- As which contact people of ours attested the sender; NULL where they attested none. No key to
-- `contact`: the proof outlives that row.
ALTER TABLE identity_proof ADD COLUMN contact_id {int};
