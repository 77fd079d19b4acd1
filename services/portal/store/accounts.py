"""Accounts, their roles, the keys of clinic software, and people as announced."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from services.portal.domain.account import Account, HolderFiled
from shared.events.person import AccountHolderChanged, Identity, WorkerChanged
from shared.handlers import Kept, Kind
from shared.postgres import Connection, count
from shared.vault import open_people

LOAD = """
SELECT account_id, kind, organisation_id FROM accounts
WHERE account_id = ANY($1)
ORDER BY account_id
FOR UPDATE
"""
OPEN = """
INSERT INTO accounts (account_id, kind, organisation_id)
SELECT account_id, kind, nullif(organisation_id, '')
FROM unnest($1::text[], $2::text[], $3::text[]) AS u (account_id, kind, organisation_id)
ON CONFLICT DO NOTHING
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
SELECT a.account_id, a.kind, a.organisation_id, array_agg(r.role ORDER BY r.role, r.site_id) AS roles,
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
SEALED = """
SELECT sealed FROM people WHERE person_key = $1
"""


class Caller(NamedTuple):
    """Who asks: an account with its roles by site; an insurer's role has no site."""

    account_id: str
    kind: str
    organisation_id: str | None
    roles: tuple[tuple[str, str], ...]

    def sites(self, *roles: str) -> list[str]:
        """Where the caller holds one of these roles."""
        return sorted({site for role, site in self.roles if role in roles and site})


def read_accounts(folder: Path) -> list[HolderFiled]:
    """The file of accounts."""
    with (folder / "accounts.csv").open(encoding="utf-8", newline="") as lines:
        return [
            HolderFiled(
                account_id=row["account_id"],
                kind=row["kind"],
                organisation_id=row["organisation_id"] or None,
                role=row["role"],
                sites=tuple(row["sites"].split()),
                identity=Identity(given_name=row["given_name"], family_name=row["family_name"], email=row["email"]),
            )
            for row in csv.DictReader(lines)
        ]


async def load_accounts(conn: Connection, ids: Sequence[str]) -> Sequence[Account]:
    """Whether they are there."""
    rows = await conn.fetch(LOAD, ids)
    return [Account(r["account_id"], 1, r["kind"], r["organisation_id"], "", ()) for r in rows]


async def save_accounts(conn: Connection, accounts: Sequence[Account]) -> int:
    """New ones, with their roles."""
    rows = [(a.id, a.kind, a.organisation_id or "") for a in accounts]
    opened = count(await conn.execute(OPEN, *zip(*rows, strict=True)))
    granted = [(a.id, a.role, site) for a in accounts for site in a.sites or ("",)]
    await conn.execute(GRANT, *zip(*granted, strict=True))
    return opened


ACCOUNTS = Kind(Account, load_accounts, save_accounts)


async def issue_tokens(conn: Connection, hashes: Mapping[bytes, str]) -> None:
    """Keys by hash."""
    await conn.execute(ISSUE, list(hashes), list(hashes.values()))


async def find_caller(conn: Connection, sha256: bytes) -> Caller | None:
    """Whose key it is."""
    row = await conn.fetchrow(WHO, sha256)
    if row is None:
        return None
    roles = tuple(zip(row["roles"], row["sites"], strict=True))
    return Caller(row["account_id"], row["kind"], row["organisation_id"], roles)


async def keep_people(conn: Connection, kept: Sequence[Kept]) -> None:
    """Sealed as they came."""
    rows = [(k.key, k.event.sealed) for k in kept if isinstance(k.event, WorkerChanged | AccountHolderChanged)]
    await conn.execute(KEEP_PEOPLE, *zip(*rows, strict=True))


async def identity_of(conn: Connection, person_key: str) -> Identity | None:
    """Somebody, opened to be shown."""
    sealed = await conn.fetchval(SEALED, person_key)
    return (await open_people(conn, {person_key: sealed})).get(person_key) if sealed else None
