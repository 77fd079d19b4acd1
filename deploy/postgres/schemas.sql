-- Schemas and rights of one database. Run in it as a superuser, after roles.sql, as often as you like.
-- What an owner creates later is readable and writable to its service at once, by default privileges.
REVOKE ALL ON SCHEMA public FROM PUBLIC;

DO $$
DECLARE
    service text;
    holder text;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    FOREACH service IN ARRAY string_to_array(coalesce(nullif(current_setting('rehab.services', true), ''),
        'referral,program,invoice,procurement,notification,portal'), ',')
    LOOP
        holder := service || '_owner';
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I', current_database(), holder, service);
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', service, holder);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', service, service);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I
                        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', holder, service, service);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I
                        GRANT USAGE ON SEQUENCES TO %I', holder, service, service);
    END LOOP;

    -- the keys of persons: whoever writes persons makes keys, and destroys those of persons of its own (the vault's
    -- migrations say which); notification opens what others sealed, and does nothing else
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO vault_owner, portal_reader', current_database());
    CREATE SCHEMA IF NOT EXISTS vault AUTHORIZATION vault_owner;
    FOREACH service IN ARRAY ARRAY['referral', 'portal', 'notification'] LOOP
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = service) THEN
            EXECUTE format('GRANT USAGE ON SCHEMA vault TO %I', service);
            EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE vault_owner IN SCHEMA vault
                            REVOKE ALL ON TABLES FROM %I', service);
            EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE vault_owner IN SCHEMA vault
                            GRANT SELECT ON TABLES TO %I', service);
            EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA vault FROM %I', service);
        END IF;
    END LOOP;
    FOREACH service IN ARRAY ARRAY['referral', 'portal'] LOOP
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = service) THEN
            EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE vault_owner IN SCHEMA vault
                            GRANT INSERT, UPDATE, DELETE ON TABLES TO %I', service);
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA vault TO %I', service);
        END IF;
    END LOOP;

    -- which tables people may read as portal_reader, and which rows, the portal's own migrations say
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'portal') THEN
        GRANT USAGE ON SCHEMA portal TO portal_reader;
    END IF;
END
$$;
