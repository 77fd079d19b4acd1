-- documents of the register as announced last (shared.filing)
CREATE TABLE documents (
    document_id text PRIMARY KEY,
    version int NOT NULL,
    revision int NOT NULL,
    body text NOT NULL
);
