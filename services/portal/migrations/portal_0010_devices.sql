-- on which devices somebody signed in before, by the hash of the device's cookie (store.sessions): strangers who guess at
-- a name do not keep its owner out there
CREATE TABLE devices (
    device_sha256 bytea NOT NULL,
    account_id text NOT NULL REFERENCES accounts,
    used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_sha256, account_id)
);
CREATE INDEX devices_account ON devices (account_id);
