-- whose a paper is: an invoice is for ever that of the site that sent it; a plan, a report and attendance are those of
-- the site that has the referral, or is asked to take it (store.custody)
ALTER TABLE papers ADD COLUMN site_id text;
-- when a site that had the referral lost it; none while it has it or never had it
ALTER TABLE views ADD COLUMN left_at timestamptz;
-- sites that lost the referral after something was announced to all who have it: they may still read that (store.timeline)
ALTER TABLE timeline ADD COLUMN left_with jsonb NOT NULL DEFAULT '[]';
-- rows of before; row-level security binds their owner, too, unless it is told not to
ALTER TABLE papers NO FORCE ROW LEVEL SECURITY;
ALTER TABLE cases NO FORCE ROW LEVEL SECURITY;
ALTER TABLE views NO FORCE ROW LEVEL SECURITY;
ALTER TABLE timeline NO FORCE ROW LEVEL SECURITY;
UPDATE papers SET site_id = c.site_id
FROM cases AS c
WHERE c.referral_id = papers.referral_id;
UPDATE papers SET site_id = v.site_id
FROM views AS v
WHERE papers.site_id IS NULL AND papers.kind = 'invoice' AND v.referral_id = papers.referral_id
    AND v.body ->> 'payee_id' = papers.body ->> 'payee_id';
UPDATE timeline SET site_id = p.site_id
FROM papers AS p
WHERE timeline.topic = 'rehab-invoice' AND p.referral_id = timeline.referral_id AND p.kind = 'invoice'
    AND p.name = timeline.body ->> 'invoice_id';
ALTER TABLE papers FORCE ROW LEVEL SECURITY;
ALTER TABLE cases FORCE ROW LEVEL SECURITY;
ALTER TABLE views FORCE ROW LEVEL SECURITY;
ALTER TABLE timeline FORCE ROW LEVEL SECURITY;
-- invoices of sites (store.papers.list_own)
CREATE INDEX papers_sites ON papers (kind, site_id, changed);
-- plans, reports and attendance as a site saw them last that lost the referral
CREATE TABLE papers_left (
    referral_id text NOT NULL,
    site_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    revision int NOT NULL,
    body jsonb NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (referral_id, site_id, kind, name)
);
-- how far a list of changes goes (store.changes)
CREATE INDEX papers_left_changed ON papers_left (changed);
-- what people read they read for the sites at which they hold a role
DROP POLICY own ON views;
CREATE POLICY own ON views FOR SELECT TO portal_reader USING (
    organisation_id = current_setting('app.organisation', true)
    AND site_id = ANY (string_to_array(current_setting('app.recipients', true), ' '))
);
DROP POLICY own ON drafts;
CREATE POLICY own ON drafts FOR SELECT TO portal_reader USING (
    organisation_id = current_setting('app.organisation', true)
    AND site_id = ANY (string_to_array(current_setting('app.recipients', true), ' '))
);
DROP POLICY own ON papers;
CREATE POLICY own ON papers FOR SELECT TO portal_reader
USING (site_id = ANY (string_to_array(current_setting('app.recipients', true), ' ')));
ALTER TABLE papers_left ENABLE ROW LEVEL SECURITY;
ALTER TABLE papers_left FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON papers_left TO portal USING (true) WITH CHECK (true);
CREATE POLICY own ON papers_left FOR SELECT TO portal_reader
USING (site_id = ANY (string_to_array(current_setting('app.recipients', true), ' ')));
GRANT SELECT ON papers_left TO portal_reader;
-- an entry names its site, or is for all who have the referral; who is only asked reads of treatment nothing
DROP POLICY own ON timeline;
CREATE POLICY own ON timeline FOR SELECT TO portal_reader USING (
    site_id = ANY (string_to_array(current_setting('app.recipients', true), ' '))
    OR left_with ?| string_to_array(current_setting('app.recipients', true), ' ')
    OR (
        site_id IS NULL
        AND EXISTS (
            SELECT FROM views AS v
            WHERE v.referral_id = timeline.referral_id
                AND v.state NOT IN ('declined', 'lapsed', 'offer-withdrawn')
                AND (v.state NOT IN ('offered', 'acknowledged') OR timeline.topic = 'rehab-referral')
        )
    )
);
-- papers as their readers may see them: as they are, and as a site saw them last
CREATE VIEW papers_seen WITH (security_invoker = true) AS
SELECT referral_id, kind, name, state, revision, body, changed, site_id, false AS is_left FROM papers
UNION ALL
SELECT referral_id, kind, name, state, revision, body, changed, site_id, true AS is_left FROM papers_left;
GRANT SELECT ON papers_seen TO portal_reader;
