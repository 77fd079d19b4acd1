-- a referral as the insurer sees it, from its request on (store.cases)
ALTER TABLE cases ADD COLUMN number text NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN state text NOT NULL DEFAULT 'admitted';
ALTER TABLE cases ADD COLUMN revision int NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN changed bigint NOT NULL DEFAULT nextval('view_changes');
CREATE INDEX cases_number ON cases (number);
CREATE INDEX cases_changed ON cases (changed);
-- what belongs to a referral: plans, reports, attendance, invoices (store.papers)
CREATE TABLE papers (
    referral_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    revision int NOT NULL,
    body jsonb NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (referral_id, kind, name)
);
CREATE INDEX papers_changed ON papers (changed);
-- what waits for a claims officer (store.papers.list_queue)
CREATE INDEX papers_waiting ON papers (changed)
WHERE (kind = 'plan' AND state IN ('submitted', 'overdue', 'deemed')) OR (kind = 'report' AND state = 'submitted');
-- whom the insurer pays, what it paid, and when it pays next (store.payments)
CREATE TABLE payees (
    payee_id text PRIMARY KEY,
    organisation_id text NOT NULL
);
CREATE TABLE remittances (
    remittance_id text PRIMARY KEY,
    payee_id text NOT NULL,
    body jsonb NOT NULL,
    changed bigint NOT NULL DEFAULT nextval('view_changes')
);
CREATE INDEX remittances_payee ON remittances (payee_id, changed);
CREATE TABLE runs (
    run_id text PRIMARY KEY,
    state text NOT NULL,
    body jsonb NOT NULL,
    changed bigint NOT NULL
);
CREATE INDEX runs_changed ON runs (changed);
-- a reader of an organisation sees what belongs to its own referrals and payees, one of the insurer what all have
ALTER TABLE cases ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON cases TO portal USING (true) WITH CHECK (true);
CREATE POLICY insurer ON cases FOR SELECT TO portal_reader USING (current_setting('app.kind', true) = 'insurer');
GRANT SELECT ON cases TO portal_reader;
ALTER TABLE papers ENABLE ROW LEVEL SECURITY;
ALTER TABLE papers FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON papers TO portal USING (true) WITH CHECK (true);
CREATE POLICY insurer ON papers FOR SELECT TO portal_reader USING (current_setting('app.kind', true) = 'insurer');
CREATE POLICY own ON papers FOR SELECT TO portal_reader USING (
    EXISTS (
        SELECT FROM views AS v
        WHERE v.referral_id = papers.referral_id
            AND v.organisation_id = current_setting('app.organisation', true)
            AND v.state NOT IN ('declined', 'lapsed', 'offer-withdrawn')
    )
);
GRANT SELECT ON papers TO portal_reader;
ALTER TABLE payees ENABLE ROW LEVEL SECURITY;
ALTER TABLE payees FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON payees TO portal USING (true) WITH CHECK (true);
CREATE POLICY own ON payees FOR SELECT TO portal_reader
USING (organisation_id = current_setting('app.organisation', true));
GRANT SELECT ON payees TO portal_reader;
ALTER TABLE remittances ENABLE ROW LEVEL SECURITY;
ALTER TABLE remittances FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON remittances TO portal USING (true) WITH CHECK (true);
CREATE POLICY own ON remittances FOR SELECT TO portal_reader USING (
    EXISTS (
        SELECT FROM payees AS p
        WHERE p.payee_id = remittances.payee_id
            AND p.organisation_id = current_setting('app.organisation', true)
    )
);
GRANT SELECT ON remittances TO portal_reader;
ALTER TABLE runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE runs FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON runs TO portal USING (true) WITH CHECK (true);
CREATE POLICY insurer ON runs FOR SELECT TO portal_reader USING (current_setting('app.kind', true) = 'insurer');
GRANT SELECT ON runs TO portal_reader;
