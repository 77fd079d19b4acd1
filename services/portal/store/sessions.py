"""Who signs in at the pages, and until when; the server's own clock decides, whatever day the business has."""

from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from services.portal.store.accounts import Caller, caller_in
from shared.postgres import Connection, count

IDLE_MINUTES, LONGEST_HOURS = 30, 12
_NOTED_EVERY = 15  # seconds
KEEP_CREDENTIALS = """
INSERT INTO credentials (account_id, name_sha256, password)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[])
ON CONFLICT (account_id) DO UPDATE SET name_sha256 = excluded.name_sha256, password = excluded.password
"""
CREDENTIAL = """
SELECT account_id, password FROM credentials
WHERE name_sha256 = $1
"""
OPEN = """
INSERT INTO sessions (session_sha256, account_id) VALUES ($1, $2)
"""
# a session that is in use stays open, but never longer than its day; that it is in use is written down every few
# seconds, not by every request, which would queue behind one row
USE = """
WITH used AS (
    UPDATE sessions SET seen_at = now()
    WHERE session_sha256 = $1 AND $4
        AND seen_at > now() - make_interval(mins => $2) AND opened_at > now() - make_interval(hours => $3)
        AND seen_at < now() - make_interval(secs => $5)
)
SELECT a.account_id, a.kind, a.organisation_id, a.person_id, array_agg(r.role ORDER BY r.role, r.site_id) AS roles,
       array_agg(r.site_id ORDER BY r.role, r.site_id) AS sites
FROM sessions AS s
JOIN accounts AS a USING (account_id)
JOIN roles AS r USING (account_id)
WHERE s.session_sha256 = $1 AND NOT a.closed
    AND s.seen_at > now() - make_interval(mins => $2) AND s.opened_at > now() - make_interval(hours => $3)
GROUP BY a.account_id
"""
LEFT = """
SELECT extract(
    epoch FROM least(seen_at + make_interval(mins => $2), opened_at + make_interval(hours => $3)) - now()
)::int
FROM sessions
WHERE session_sha256 = $1
"""
CLOSE = """
DELETE FROM sessions WHERE session_sha256 = $1
"""
CLOSE_OLD = """
DELETE FROM sessions
WHERE seen_at < now() - make_interval(mins => $1) OR opened_at < now() - make_interval(hours => $2)
"""


class Credential(NamedTuple):
    """An account and the hash of its password, as argon2 writes it."""

    account_id: str
    password: str


def name_hash(name: str) -> bytes:
    """Of an e-mail address, however it is written."""
    return sha256(name.strip().casefold().encode()).digest()


async def keep_credentials(conn: Connection, found: Mapping[str, tuple[str, str]]) -> None:
    """Name and hashed password by account."""
    rows = [(account, name_hash(name), password) for account, (name, password) in found.items()]
    await conn.execute(KEEP_CREDENTIALS, *zip(*rows, strict=True))


async def find_credential(conn: Connection, name: str) -> Credential | None:
    """Whose name it is."""
    row = await conn.fetchrow(CREDENTIAL, name_hash(name))
    return Credential(*row) if row else None


async def open_session(conn: Connection, cookie: str, account_id: str) -> None:
    """From now on; whatever has ended is forgotten."""
    await conn.execute(CLOSE_OLD, IDLE_MINUTES, LONGEST_HOURS)
    await conn.execute(OPEN, sha256(cookie.encode()).digest(), account_id)


async def use_session(conn: Connection, cookie: str, *, by_itself: bool = False) -> Caller | None:
    """Whose session it is, if it is open still; what a page asks for by itself is no use of it."""
    session = sha256(cookie.encode()).digest()
    row = await conn.fetchrow(USE, session, IDLE_MINUTES, LONGEST_HOURS, not by_itself, _NOTED_EVERY)
    return caller_in(row) if row else None


async def seconds_left(conn: Connection, cookie: str) -> int:
    """Until it ends, if nobody uses it; none of one that has ended."""
    left = await conn.fetchval(LEFT, sha256(cookie.encode()).digest(), IDLE_MINUTES, LONGEST_HOURS)
    return max(left or 0, 0)


async def close_session(conn: Connection, cookie: str) -> bool:
    """Whether there was one."""
    return count(await conn.execute(CLOSE, sha256(cookie.encode()).digest())) == 1
