-- contracts and fee schedules by revision (invoice.store.keep_terms)
CREATE TABLE terms (
    kind text NOT NULL,
    id text NOT NULL,
    revision int NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (kind, id, revision)
);
