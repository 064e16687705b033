-- The older columns know no further word, and SQLite cannot change a CHECK: what is told stands here
-- where it is another than in `act`.
ALTER TABLE system_notice ADD COLUMN further_act TEXT CHECK (further_act IN ('resume_publication', 'access'));
-- The request it follows from.
ALTER TABLE system_notice ADD COLUMN request_id {int} REFERENCES request (id);
-- Of publication: which data, as words; empty: all.
ALTER TABLE system_notice ADD COLUMN data TEXT NOT NULL DEFAULT '';
-- store::systems::last_of_request
CREATE INDEX system_notice_by_request ON system_notice (request_id) WHERE request_id IS NOT NULL;
ALTER TABLE system_call ADD COLUMN further_act TEXT CHECK (further_act IN ('resume_publication', 'access'));
ALTER TABLE system_call ADD COLUMN request_id {int} REFERENCES request (id);
ALTER TABLE system_call ADD COLUMN data TEXT NOT NULL DEFAULT '';
-- store::systems::asked_for
CREATE INDEX system_call_by_request ON system_call (request_id) WHERE request_id IS NOT NULL;
-- Which data the letter of an end of publication names, as words; empty: all.
ALTER TABLE request ADD COLUMN published TEXT NOT NULL DEFAULT '';

-- What a connected system holds of a person, as it answered to `access`.
CREATE TABLE system_export (
    call_id {int} PRIMARY KEY REFERENCES system_call (id),
    request_id {int} NOT NULL REFERENCES request (id),
    system TEXT NOT NULL,
    -- Sealed under the key of the matter. NULL: nothing is held there, or it is destroyed.
    content {bytes},
    nothing_held {int} NOT NULL CHECK (nothing_held IN (0, 1)),
    size_bytes {int} NOT NULL,
    received_at {int} NOT NULL,
    destroyed_at {int},
    CHECK (nothing_held = 0 OR content IS NULL),
    CHECK (destroyed_at IS NULL OR content IS NULL),
    CHECK (nothing_held = 1 OR content IS NOT NULL OR destroyed_at IS NOT NULL)
) {strict};
-- store::systems::exports_of
CREATE INDEX system_export_by_request ON system_export (request_id);
-- store::systems::forget_exports
CREATE INDEX system_export_held ON system_export (request_id) WHERE content IS NOT NULL;
-- Systems that had not answered when the package was made, as words.
ALTER TABLE package ADD COLUMN silent TEXT NOT NULL DEFAULT '';
