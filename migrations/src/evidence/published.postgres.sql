-- What was published is never changed: a consent rests on these very words.
CREATE FUNCTION is_published() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'what was published is never changed'; END $$;
CREATE TRIGGER policy_version_is_not_changed BEFORE UPDATE OR DELETE ON policy_version FOR EACH ROW EXECUTE FUNCTION is_published();
CREATE TRIGGER consent_text_is_not_changed BEFORE UPDATE OR DELETE ON consent_text FOR EACH ROW EXECUTE FUNCTION is_published();
