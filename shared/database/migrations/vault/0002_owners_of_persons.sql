-- a key is destroyed by the service that announces the person, or keeps the words, and by no other; who may make keys
-- at all deploy/postgres/schemas.sql says (vault.destroy, vault.make_keys)
CREATE FUNCTION is_own(person_id text) RETURNS boolean
LANGUAGE sql STABLE
RETURN CASE split_part(person_id, '/', 1)
    WHEN 'worker' THEN current_user = 'referral'
    WHEN 'account' THEN current_user = 'portal'
    WHEN 'document' THEN current_user = 'portal'
    WHEN 'day' THEN current_user IN ('referral', 'portal')
    ELSE false
END;
ALTER TABLE keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY find ON keys FOR SELECT USING (true);
CREATE POLICY make ON keys FOR INSERT WITH CHECK (destroyed_at IS NULL OR vault.is_own(person_id));
CREATE POLICY destroy ON keys FOR UPDATE USING (vault.is_own(person_id));
