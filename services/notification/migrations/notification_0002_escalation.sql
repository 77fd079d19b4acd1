-- what a notice concerns, the document it is about, and the first notice of those who were told together
ALTER TABLE notices ADD COLUMN concerns text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN document text NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN told text NOT NULL DEFAULT '';
UPDATE notices SET concerns = coalesce(referral_id, '');
-- what a later event acts on (store.notices.find_open)
DROP INDEX notices_open;
CREATE INDEX notices_open ON notices (concerns) WHERE NOT acted_on;
-- who was told together, and who was told that nobody had seen it (store.notices.find_group, find_others)
CREATE INDEX notices_told ON notices (told) WHERE told <> '';
CREATE INDEX notices_document ON notices (document) WHERE document <> '' AND NOT acted_on;
ALTER TABLE cases ADD COLUMN version int NOT NULL DEFAULT 1;
ALTER TABLE cases ADD COLUMN contract_id text NOT NULL DEFAULT '';
ALTER TABLE sites ADD COLUMN payee_id text NOT NULL DEFAULT '';
-- contracts and calendars by revision (store.register)
CREATE TABLE terms (
    kind text NOT NULL,
    id text NOT NULL,
    revision int NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (kind, id, revision)
);
