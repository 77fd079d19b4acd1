"""Sessions of the pages and their ends; the server's own clock decides, whatever day the business has."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from services.portal.store.accounts import Caller, caller_in
from shared.database.postgres import Connection, count

IDLE_MINUTES, LONGEST_HOURS = 30, 12
_NOTED_EVERY = 15  # seconds
KEEP_CREDENTIALS = """
INSERT INTO credentials (account_id, name_sha256, password)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[])
ON CONFLICT (account_id) DO UPDATE SET name_sha256 = excluded.name_sha256, password = excluded.password
"""
CREDENTIAL = """
SELECT c.account_id, c.password, EXISTS (
    SELECT FROM devices AS d WHERE d.account_id = c.account_id AND d.device_sha256 = $2
)
FROM credentials AS c
WHERE c.name_sha256 = $1
"""
REMEMBER = """
INSERT INTO devices (device_sha256, account_id) VALUES ($1, $2)
ON CONFLICT (device_sha256, account_id) DO UPDATE SET used_at = now()
"""
IS_DEVICE = """
SELECT EXISTS (SELECT FROM devices WHERE device_sha256 = $1)
"""
# as many as one person has, the newest of them, and none that nobody has signed in on for a year
FORGET_DEVICES = """
DELETE FROM devices
WHERE account_id = $1 AND (used_at < now() - interval '1 year' OR device_sha256 NOT IN (
    SELECT device_sha256 FROM devices WHERE account_id = $1 ORDER BY used_at DESC LIMIT 20
))
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
# of sessions and keys, those by which somebody may still read
HOLDING = """
SELECT s.session_sha256 FROM sessions AS s
JOIN accounts AS a USING (account_id)
WHERE s.session_sha256 = ANY($1) AND NOT a.closed
    AND s.seen_at > now() - make_interval(mins => $2) AND s.opened_at > now() - make_interval(hours => $3)
    AND EXISTS (SELECT FROM roles AS r WHERE r.account_id = a.account_id)
UNION ALL
SELECT t.sha256 FROM tokens AS t
JOIN accounts AS a USING (account_id)
WHERE t.sha256 = ANY($1) AND NOT a.closed AND EXISTS (SELECT FROM roles AS r WHERE r.account_id = a.account_id)
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
    is_known_device: bool


def name_hash(name: str) -> bytes:
    """Of an e-mail address, however it is written."""
    return sha256(name.strip().casefold().encode()).digest()


async def save_credentials(conn: Connection, found: Mapping[str, tuple[str, str]]) -> None:
    """Name and hashed password by account."""
    rows = [(account, name_hash(name), password) for account, (name, password) in found.items()]
    await conn.execute(KEEP_CREDENTIALS, *zip(*rows, strict=True))


async def find_credential(conn: Connection, name: str, device: bytes | None) -> Credential | None:
    """Whose name it is, and whether they signed in on this device before."""
    row = await conn.fetchrow(CREDENTIAL, name_hash(name), device)
    return Credential(*row) if row else None


async def remember_device(conn: Connection, device: bytes, account_id: str) -> None:
    """The account signed in on it."""
    await conn.execute(REMEMBER, device, account_id)
    await conn.execute(FORGET_DEVICES, account_id)


async def is_device(conn: Connection, device: bytes) -> bool:
    """Return whether anybody ever signed in on the device, so that no invented name counts as one."""
    known: bool = await conn.fetchval(IS_DEVICE, device)
    return known


async def open_session(conn: Connection, cookie: str, account_id: str) -> None:
    """From now on; whatever has ended is forgotten."""
    await conn.execute(CLOSE_OLD, IDLE_MINUTES, LONGEST_HOURS)
    await conn.execute(OPEN, sha256(cookie.encode()).digest(), account_id)


async def use_session(conn: Connection, cookie: str, *, by_itself: bool = False) -> Caller | None:
    """Whose session it is, if it is open still; what a page asks for by itself is no use of it."""
    session = sha256(cookie.encode()).digest()
    row = await conn.fetchrow(USE, session, IDLE_MINUTES, LONGEST_HOURS, not by_itself, _NOTED_EVERY)
    return caller_in(row) if row else None


async def list_holding(conn: Connection, credentials: Sequence[bytes]) -> frozenset[bytes]:
    """Those of these sessions and keys, by their hashes, that hold still."""
    rows = await conn.fetch(HOLDING, credentials, IDLE_MINUTES, LONGEST_HOURS)
    return frozenset(row["session_sha256"] for row in rows)


async def seconds_left(conn: Connection, cookie: str) -> int:
    """Until it ends, if nobody uses it; none of one that has ended."""
    left = await conn.fetchval(LEFT, sha256(cookie.encode()).digest(), IDLE_MINUTES, LONGEST_HOURS)
    return max(left or 0, 0)


async def close_session(conn: Connection, cookie: str) -> bool:
    """Close a session; return False where there was none."""
    return count(await conn.execute(CLOSE, sha256(cookie.encode()).digest())) == 1
