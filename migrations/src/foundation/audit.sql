-- A sealed run of audit events: hash over the previous hash and the events in their order.
CREATE TABLE audit_batch (
    id {id},
    sealed_at {int} NOT NULL,
    events {int} NOT NULL,
    previous_hash {bytes} NOT NULL,
    hash {bytes} NOT NULL
) {strict};

-- Who did what to what, when. Ids and digests, never addresses.
CREATE TABLE audit_event (
    id {id},
    at {int} NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    batch_id {int} REFERENCES audit_batch (id),
    position {int}
) {strict};
-- store::audit::seal
CREATE INDEX audit_event_unsealed ON audit_event (id) WHERE batch_id IS NULL;
CREATE INDEX audit_event_by_batch ON audit_event (batch_id, position);
-- store::audit::of_subject
CREATE INDEX audit_event_by_subject ON audit_event (subject);
