-- What was published is never changed: a consent rests on these very words.
CREATE TRIGGER policy_version_is_not_changed BEFORE UPDATE ON policy_version BEGIN SELECT RAISE(ABORT, 'a published version of the policy is never changed'); END;
CREATE TRIGGER policy_version_is_not_deleted BEFORE DELETE ON policy_version BEGIN SELECT RAISE(ABORT, 'a published version of the policy is never deleted'); END;
CREATE TRIGGER consent_text_is_not_changed BEFORE UPDATE ON consent_text BEGIN SELECT RAISE(ABORT, 'the text of a consent is never changed'); END;
CREATE TRIGGER consent_text_is_not_deleted BEFORE DELETE ON consent_text BEGIN SELECT RAISE(ABORT, 'the text of a consent is never deleted'); END;
