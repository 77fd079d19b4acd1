-- a case as billing sees it: what was folded of it, and whether its windows have closed (invoice.store.billing)
CREATE TABLE billings (
    referral_id text PRIMARY KEY,
    version int NOT NULL,
    revision int NOT NULL,
    final_on date,
    state jsonb NOT NULL
) WITH (fillfactor = 80);
-- invoices of a case in the order of their receipt; what a run asks for as columns, the rest in state
CREATE TABLE invoices (
    invoice_id text PRIMARY KEY,
    referral_id text NOT NULL REFERENCES billings (referral_id),
    place int NOT NULL,
    revision int NOT NULL,
    payee_id text NOT NULL,
    number text NOT NULL,
    status text NOT NULL CHECK (status IN ('pended', 'rejected', 'scheduled', 'paid', 'voided')),
    run_id text,
    cents bigint NOT NULL CHECK (cents >= 0),
    state jsonb NOT NULL,
    CHECK ((status IN ('scheduled', 'paid')) = (run_id IS NOT NULL)),
    UNIQUE (referral_id, place)
) WITH (fillfactor = 80);
-- what a run pays, and a payee with it (store.run.list_items, store.payee.list_payables)
CREATE INDEX invoices_run ON invoices (run_id, payee_id) WHERE status = 'scheduled';
-- invoice numbers that a payee has used: a row each, so that two writers cannot both take one (store.number)
CREATE TABLE numbers (
    payee_id text NOT NULL,
    number text NOT NULL,
    invoice_id text NOT NULL,
    PRIMARY KEY (payee_id, number)
);
-- payment runs from their first invoice on (store.run)
CREATE TABLE runs (
    run_id text PRIMARY KEY,
    version int NOT NULL,
    run_on date NOT NULL,
    cut_off_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'frozen', 'released')),
    shares jsonb NOT NULL,
    approvals text [] NOT NULL
);
-- the newest runs, open and frozen (store.run.list_runs)
CREATE INDEX runs_cut_off ON runs (cut_off_at);
-- payees, and by which runs they were paid (store.payee)
CREATE TABLE payees (
    payee_id text PRIMARY KEY,
    version int NOT NULL,
    runs text [] NOT NULL
);
