-- what was sent is history: the service adds to it and reads it
DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON journal FROM %I', current_schema());
END $$;
