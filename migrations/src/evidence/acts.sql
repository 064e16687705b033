-- An act that follows another record: a supplement the act to which it is one, an act of what a law
-- kept the record of that. Once each, however often it is taken up again.
ALTER TABLE kept_record ADD COLUMN follows_id {int} REFERENCES kept_record (id);
-- store::kept_records::following
CREATE UNIQUE INDEX kept_record_following ON kept_record (follows_id) WHERE follows_id IS NOT NULL;
