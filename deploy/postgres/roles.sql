-- Roles of the cluster. Run as a superuser, as often as you like; passwords are set elsewhere.
-- Each service has two: <service>_owner owns its schema and migrates it, <service> works in it and changes no table.
-- The setting rehab.services names other services than the six (a test's).
DO $$
DECLARE
    service text;
    role text;
BEGIN
    FOREACH service IN ARRAY string_to_array(coalesce(nullif(current_setting('rehab.services', true), ''),
        'referral,program,invoice,procurement,notification,portal'), ',')
    LOOP
        FOREACH role IN ARRAY ARRAY[service || '_owner', service] LOOP
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
                EXECUTE format('CREATE ROLE %I LOGIN', role);
            END IF;
        END LOOP;
    END LOOP;
    -- portal_reader is what people read as: row-level security binds it; vault_owner keeps the keys of persons
    FOREACH role IN ARRAY ARRAY['portal_reader', 'vault_owner'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
    END LOOP;
    -- whoever hangs, gives up: a frozen process must not hold its locks, a statement not run for ever
    FOREACH role IN ARRAY string_to_array(coalesce(nullif(current_setting('rehab.services', true), ''),
        'referral,program,invoice,procurement,notification,portal'), ',') || ARRAY['portal_reader']
    LOOP
        EXECUTE format('ALTER ROLE %I SET statement_timeout = ''30s''', role);
        EXECUTE format('ALTER ROLE %I SET lock_timeout = ''10s''', role);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''10s''', role);
    END LOOP;
END
$$;
