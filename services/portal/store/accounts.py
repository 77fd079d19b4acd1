"""Accounts, their roles, the keys of clinic software, and people as announced."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import asyncpg

from services.portal.domain.account import Account, HolderFiled
from shared.database.postgres import Connection, count
from shared.events.person import AccountHolderChanged, Identity, WorkerChanged
from shared.messaging.encryption import Keys, find_keys, make_keys, open_people, seal, unseal
from shared.messaging.handlers import AggregateStore, ReceivedEvent

LOAD = """
SELECT account_id, version, kind, organisation_id, holder, person_id,
       ARRAY(SELECT role || ' ' || site_id FROM roles AS r WHERE r.account_id = a.account_id) AS roles
FROM accounts AS a
WHERE account_id = ANY($1)
ORDER BY account_id
FOR UPDATE
"""
SAVE = """
INSERT INTO accounts (account_id, version, kind, organisation_id, holder, person_id)
SELECT account_id, version, kind, nullif(organisation_id, ''), holder, nullif(person_id, '')
FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::bytea[], $6::text[])
    AS u (account_id, version, kind, organisation_id, holder, person_id)
ON CONFLICT (account_id) DO UPDATE SET version = excluded.version, holder = excluded.holder
WHERE accounts.version = excluded.version - 1
"""
GRANT = """
INSERT INTO roles (account_id, role, site_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT DO NOTHING
"""
ISSUE = """
INSERT INTO tokens (sha256, account_id)
SELECT * FROM unnest($1::bytea[], $2::text[])
ON CONFLICT DO NOTHING
"""
WHO = """
SELECT a.account_id, a.kind, a.organisation_id, a.person_id, array_agg(r.role ORDER BY r.role, r.site_id) AS roles,
       array_agg(r.site_id ORDER BY r.role, r.site_id) AS sites
FROM tokens AS t
JOIN accounts AS a USING (account_id)
JOIN roles AS r USING (account_id)
WHERE t.sha256 = $1 AND NOT a.closed
GROUP BY a.account_id
"""
KEEP_PEOPLE = """
INSERT INTO people (person_key, sealed)
SELECT DISTINCT ON (person_key) person_key, sealed
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (person_key, sealed, place)
ORDER BY person_key, place DESC
ON CONFLICT (person_key) DO UPDATE SET sealed = excluded.sealed
"""
ALL_SEALED = """
SELECT person_key, sealed FROM people WHERE person_key = ANY($1)
"""
SEALED = """
SELECT sealed FROM people WHERE person_key = $1
"""


class Caller(NamedTuple):
    """The account behind a request, with its roles by site; an insurer's role has no site."""

    account_id: str
    kind: str
    organisation_id: str | None
    roles: tuple[tuple[str, str], ...]
    person_id: str | None = None

    @property
    def sites(self) -> list[str]:
        """The sites at which the caller holds a role."""
        return sorted({site for _, site in self.roles if site})

    @property
    def recipients(self) -> list[str]:
        """The recipients that the caller reads as: the account, its sites, its insurer's roles, its organisation."""
        offices = [role for role, site in self.roles if not site]
        own = [self.organisation_id] if self.organisation_id else [f"worker/{self.person_id}"] if self.person_id else []
        return [self.account_id, *self.sites, *offices, *own]

    def within(self, roles: frozenset[str]) -> Self:
        """Returns the same caller with those roles alone."""
        return self._replace(roles=tuple((role, site) for role, site in self.roles if role in roles))

    def role_at(self, site_id: str | None) -> str:
        """Returns the caller's role at a site; the first role where no site is given."""
        return next(role for role, site in self.roles if site_id is None or site == site_id)


def read_accounts(folder: Path) -> list[HolderFiled]:
    """Reads the accounts file of a folder."""
    with (folder / "accounts.csv").open(encoding="utf-8", newline="") as lines:
        return [
            HolderFiled(
                account_id=row["account_id"],
                kind=row["kind"],
                organisation_id=row["organisation_id"] or None,
                role=row["role"],
                sites=tuple(row["sites"].split()),
                person_id=row.get("person_id") or None,
                identity=Identity(given_name=row["given_name"], family_name=row["family_name"], email=row["email"]),
            )
            for row in csv.DictReader(lines)
        ]


async def load_accounts(conn: Connection, ids: Sequence[str]) -> Sequence[Account]:
    """Returns accounts with their holders' identities in clear."""
    rows = await conn.fetch(LOAD, ids)
    keys = await find_keys(conn, (_key(row["account_id"]) for row in rows))
    return [_account(row, keys) for row in rows]


def _account(row: asyncpg.Record, keys: Keys) -> Account:
    account_id, version, kind, organisation_id, holder, person_id, roles = row
    plain = unseal(keys, _key(account_id), holder) if holder else None
    identity = Identity.model_validate_json(plain) if plain else None
    pairs = (text.partition(" ") for text in roles)
    granted = frozenset((role, site or None) for role, _, site in pairs)
    return Account(account_id, version, kind, organisation_id, identity, granted, person_id)


def _key(account_id: str) -> str:
    """Return the name of the key that seals an account's holder."""
    return f"account/{account_id}"


async def save_accounts(conn: Connection, accounts: Sequence[Account]) -> int:
    """Saves accounts with their roles and sealed holders; returns how many were written."""
    keys = await make_keys(conn, (_key(a.id) for a in accounts))
    rows = [
        (a.id, a.version + 1, a.kind, a.organisation_id or "", _sealed(a, keys), a.person_id or "") for a in accounts
    ]
    written = count(await conn.execute(SAVE, *zip(*rows, strict=True)))
    granted = [(a.id, role, site or "") for a in accounts for role, site in sorted(a.roles, key=str)]
    await conn.execute(GRANT, *zip(*granted, strict=True))
    return written


def _sealed(account: Account, keys: Keys) -> bytes | None:
    """Return the sealed holder; None where there is none."""
    return seal(keys, _key(account.id), account.identity.model_dump_json().encode()) if account.identity else None


ACCOUNTS = AggregateStore(Account, load_accounts, save_accounts)


async def issue_tokens(conn: Connection, hashes: Mapping[bytes, str]) -> None:
    """Stores keys of clinic software by their hashes."""
    await conn.execute(ISSUE, list(hashes), list(hashes.values()))


async def find_caller(conn: Connection, sha256: bytes) -> Caller | None:
    """Returns the open account of a key, or None."""
    row = await conn.fetchrow(WHO, sha256)
    return caller_in(row) if row else None


def caller_in(row: asyncpg.Record) -> Caller:
    """Returns the account of a row, with its roles."""
    roles = tuple(zip(row["roles"], row["sites"], strict=True))
    return Caller(row["account_id"], row["kind"], row["organisation_id"], roles, row["person_id"])


async def project_people(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Keeps people sealed as they were announced."""
    rows = [(k.key, k.event.sealed) for k in received if isinstance(k.event, WorkerChanged | AccountHolderChanged)]
    await conn.execute(KEEP_PEOPLE, *zip(*rows, strict=True))


async def identity_of(conn: Connection, person_key: str) -> Identity | None:
    """Returns a person's identity in clear, or None where it is not known or was forgotten."""
    sealed = await conn.fetchval(SEALED, person_key)
    return (await open_people(conn, {person_key: sealed})).get(person_key) if sealed else None


async def identities_of(conn: Connection, person_keys: Iterable[str]) -> Mapping[str, Identity]:
    """Returns identities in clear by person; one that was forgotten is left out."""
    rows = await conn.fetch(ALL_SEALED, sorted(person_keys))
    found: dict[str, str] = {row["person_key"]: row["sealed"] for row in rows}
    return await open_people(conn, found) if found else {}
