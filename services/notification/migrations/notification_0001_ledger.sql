-- the ledger: who was told what, and what became of it
CREATE TABLE notices (
    notice_id text PRIMARY KEY,
    version int NOT NULL,
    recipient_id text NOT NULL,
    rule text NOT NULL,
    referral_id text,
    mail text NOT NULL CHECK (mail IN ('none', 'queued', 'sent', 'failed')),
    attempts int NOT NULL,
    next_try_at timestamptz,
    useful_until timestamptz NOT NULL,
    seen boolean NOT NULL,
    acted_on boolean NOT NULL,
    number text NOT NULL
);
-- what a later event acts on (store.notices.find_open)
CREATE INDEX notices_open ON notices (referral_id) WHERE NOT acted_on;
-- mails that are due (store.notices.list_due)
CREATE INDEX notices_due ON notices (next_try_at) WHERE mail = 'queued';
CREATE TABLE roles (
    account_id text NOT NULL,
    role text NOT NULL,
    site_id text NOT NULL,
    PRIMARY KEY (site_id, role, account_id)
);
CREATE TABLE sites (
    site_id text PRIMARY KEY,
    email text
);
-- people as announced, sealed; opened only while a mail is sent
CREATE TABLE people (
    person_key text PRIMARY KEY,
    sealed text NOT NULL
);
-- who looks after a referral, and which site has it
CREATE TABLE cases (
    referral_id text PRIMARY KEY,
    number text NOT NULL,
    officer_id text NOT NULL,
    site_id text NOT NULL
);
