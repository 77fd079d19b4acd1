-- a request that is made again gets the first answer again: that it was being checked, or what was decided
ALTER TABLE operations ADD COLUMN first_answer text CHECK (first_answer IN ('checking', 'decided'));
-- how far a list of changes goes (store.changes.list_hints)
ALTER TABLE notices ADD COLUMN changed bigint NOT NULL DEFAULT nextval('view_changes');
CREATE INDEX views_changes ON views (changed);
CREATE INDEX notices_changes ON notices (changed);
-- a site's own notices, for those who work there
DROP POLICY own ON notices;
CREATE POLICY own ON notices FOR SELECT TO portal_reader
USING (recipient_id = ANY (string_to_array(current_setting('app.recipients', true), ' ')));
-- who somebody is as the accounts' files said last, sealed with the person's key
ALTER TABLE accounts ADD COLUMN holder bytea;
ALTER TABLE accounts ADD COLUMN version int NOT NULL DEFAULT 1;
