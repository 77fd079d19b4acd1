-- accounts and what they may do; who somebody is lies sealed in people
CREATE TABLE accounts (
    account_id text PRIMARY KEY,
    kind text NOT NULL,
    organisation_id text,
    closed boolean NOT NULL DEFAULT false
);
CREATE TABLE roles (
    account_id text NOT NULL REFERENCES accounts,
    role text NOT NULL,
    site_id text NOT NULL,
    PRIMARY KEY (account_id, role, site_id)
);
-- keys of clinic software, as hashes only
CREATE TABLE tokens (
    sha256 bytea PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts
);
-- what the portal knows of a referral before it knows whom to show it to (store.shown)
CREATE TABLE cases (
    referral_id text PRIMARY KEY,
    site_id text,
    body jsonb NOT NULL
);
-- a referral as one site may see it
CREATE TABLE views (
    referral_id text NOT NULL,
    site_id text NOT NULL,
    organisation_id text NOT NULL,
    number text NOT NULL,
    state text NOT NULL,
    revision int NOT NULL,
    person_id text NOT NULL,
    changed bigint NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (referral_id, site_id)
);
CREATE SEQUENCE view_changes;
-- one referral by its number (store.shown.find_view), and a site's list (store.shown.list_views)
CREATE INDEX views_number ON views (number, site_id);
CREATE INDEX views_list ON views (site_id, state, changed);
-- what an organisation has not been told of yet (store.shown.list_changes)
CREATE INDEX views_changed ON views (organisation_id, changed);
-- one request of a person: its fact and its answer
CREATE TABLE operations (
    operation_id uuid PRIMARY KEY DEFAULT uuidv7(),
    event_id uuid NOT NULL UNIQUE,
    account_id text NOT NULL,
    organisation_id text,
    idempotency_key uuid NOT NULL,
    request_sha256 bytea NOT NULL,
    about text NOT NULL,
    status text NOT NULL DEFAULT 'received' CHECK (status IN ('received', 'accepted', 'refused')),
    answer jsonb,
    received_at timestamptz NOT NULL,
    UNIQUE (account_id, idempotency_key)
);
CREATE TABLE notices (
    notice_id text PRIMARY KEY,
    recipient_id text NOT NULL,
    site_id text,
    organisation_id text,
    about text NOT NULL,
    referral_id text,
    state text NOT NULL,
    queued_at timestamptz NOT NULL
);
CREATE INDEX notices_recipient ON notices (recipient_id, queued_at);
-- comments, encrypted with a key of the referral
CREATE TABLE documents (
    document_id uuid PRIMARY KEY,
    referral_id text NOT NULL,
    sha256 bytea NOT NULL,
    sealed bytea NOT NULL
);
-- people as announced, sealed
CREATE TABLE people (
    person_key text PRIMARY KEY,
    sealed text NOT NULL
);
-- doors that are open: the deadlines of a record
CREATE TABLE doors (
    record_key text PRIMARY KEY,
    version int NOT NULL,
    names text [] NOT NULL
);
CREATE TABLE calendars (
    calendar_id text PRIMARY KEY,
    payload text NOT NULL
);
-- what people read they read as portal_reader, bound to their organisation
ALTER TABLE views ENABLE ROW LEVEL SECURITY;
ALTER TABLE views FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON views TO portal USING (true) WITH CHECK (true);
CREATE POLICY own ON views FOR SELECT TO portal_reader
USING (organisation_id = current_setting('app.organisation', true));
GRANT SELECT ON views TO portal_reader;
ALTER TABLE operations ENABLE ROW LEVEL SECURITY;
ALTER TABLE operations FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON operations TO portal USING (true) WITH CHECK (true);
CREATE POLICY own ON operations FOR SELECT TO portal_reader
USING (account_id = current_setting('app.account', true));
GRANT SELECT ON operations TO portal_reader;
ALTER TABLE notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE notices FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON notices TO portal USING (true) WITH CHECK (true);
CREATE POLICY own ON notices FOR SELECT TO portal_reader
USING (recipient_id = current_setting('app.account', true));
GRANT SELECT ON notices TO portal_reader;
