-- who signs in at the pages, by which name and password (store.sessions); a name is kept as a hash only
CREATE TABLE credentials (
    account_id text PRIMARY KEY REFERENCES accounts,
    name_sha256 bytea NOT NULL UNIQUE,
    password text NOT NULL
);
-- a session is named by the hash of its cookie; its clock is the server's, whatever day the business has
CREATE TABLE sessions (
    session_sha256 bytea PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts,
    opened_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_account ON sessions (account_id);
-- the worker whose account it is
ALTER TABLE accounts ADD COLUMN person_id text;
-- what somebody types and has not sent yet, sealed with a key of the referral (store.drafts)
CREATE TABLE drafts (
    referral_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    site_id text NOT NULL,
    organisation_id text NOT NULL,
    version int NOT NULL,
    saved_by text NOT NULL,
    saved_at timestamptz NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (referral_id, kind, name, site_id)
);
ALTER TABLE drafts ENABLE ROW LEVEL SECURITY;
ALTER TABLE drafts FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON drafts TO portal USING (true) WITH CHECK (true);
CREATE POLICY own ON drafts FOR SELECT TO portal_reader
USING (organisation_id = current_setting('app.organisation', true));
GRANT SELECT ON drafts TO portal_reader;
-- what was announced of a referral, in its order, as people read it (store.timeline)
CREATE TABLE timeline (
    referral_id text NOT NULL,
    topic text NOT NULL,
    sequence bigint NOT NULL,
    type text NOT NULL,
    at timestamptz NOT NULL,
    site_id text,
    body jsonb NOT NULL,
    PRIMARY KEY (referral_id, topic, sequence)
);
ALTER TABLE timeline ENABLE ROW LEVEL SECURITY;
ALTER TABLE timeline FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON timeline TO portal USING (true) WITH CHECK (true);
CREATE POLICY insurer ON timeline FOR SELECT TO portal_reader USING (current_setting('app.kind', true) = 'insurer');
-- a clinic reads what was said of the referral to all, or to its own sites; never where else it was offered
CREATE POLICY own ON timeline FOR SELECT TO portal_reader USING (
    EXISTS (
        SELECT FROM views AS v
        WHERE v.referral_id = timeline.referral_id
            AND (timeline.site_id IS NULL OR timeline.site_id = v.site_id)
            AND v.organisation_id = current_setting('app.organisation', true)
            AND v.state NOT IN ('declined', 'lapsed', 'offer-withdrawn')
    )
);
GRANT SELECT ON timeline TO portal_reader;
-- a worker reads their own referrals and what was announced of them
CREATE INDEX cases_person ON cases ((body ->> 'person_id'));
CREATE POLICY worker ON cases FOR SELECT TO portal_reader USING (
    current_setting('app.kind', true) = 'worker' AND body ->> 'person_id' = current_setting('app.person', true)
);
CREATE POLICY worker ON timeline FOR SELECT TO portal_reader USING (
    current_setting('app.kind', true) = 'worker'
    AND EXISTS (SELECT FROM cases AS c WHERE c.referral_id = timeline.referral_id)
);
-- what procurement published: organisations, sites, contracts, fees (store.register)
CREATE TABLE register (
    kind text NOT NULL,
    id text NOT NULL,
    revision int NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (kind, id, revision)
);
-- an invoice by its own name (store.papers.find_own)
CREATE INDEX papers_named ON papers (name) WHERE kind = 'invoice';
-- how far a list of changes goes (store.changes)
CREATE INDEX remittances_changed ON remittances (changed);
