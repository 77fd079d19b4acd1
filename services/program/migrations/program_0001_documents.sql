-- documents of the register as announced last (shared.registers.published_documents)
CREATE TABLE documents (
    document_id text PRIMARY KEY,
    version int NOT NULL,
    revision int NOT NULL,
    body text NOT NULL
);
