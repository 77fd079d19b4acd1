"""The ledger of notices, and the rules they follow."""

import tomllib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from services.notification.domain import Notice, Rule
from shared.handlers import Kind
from shared.postgres import Connection, count

LOAD = """
SELECT notice_id, version, recipient_id, rule, referral_id, mail, attempts, next_try_at, useful_until, seen, acted_on,
       number
FROM notices
WHERE notice_id = ANY($1)
ORDER BY notice_id
FOR UPDATE
"""
SAVE = """
INSERT INTO notices (notice_id, version, recipient_id, rule, referral_id, mail, attempts, next_try_at, useful_until,
                     seen, acted_on, number)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[],
                     $8::timestamptz[], $9::timestamptz[], $10::boolean[], $11::boolean[], $12::text[])
ON CONFLICT (notice_id) DO UPDATE
SET version = excluded.version, mail = excluded.mail, attempts = excluded.attempts, next_try_at = excluded.next_try_at,
    seen = excluded.seen, acted_on = excluded.acted_on
WHERE notices.version = excluded.version - 1
"""
OPEN = """
SELECT referral_id, notice_id FROM notices
WHERE referral_id = ANY($1) AND NOT acted_on
"""
DUE = """
SELECT notice_id, version, recipient_id, rule, referral_id, mail, attempts, next_try_at, useful_until, seen, acted_on,
       number
FROM notices
WHERE mail = 'queued' AND next_try_at <= $1
ORDER BY next_try_at
LIMIT 100
"""
HOW_MANY = """
SELECT count(*) FROM notices
WHERE mail = 'queued' AND next_try_at <= $1
"""
_RULES = Path(__file__).parents[1] / "rules"


async def load_notices(conn: Connection, ids: Sequence[str]) -> Sequence[Notice]:
    """By id."""
    return [Notice(*row) for row in map(tuple, await conn.fetch(LOAD, ids))]


async def save_notices(conn: Connection, notices: Sequence[Notice]) -> int:
    """As changed."""
    rows = [(n.id, n.version + 1, *n[2:]) for n in notices]
    return count(await conn.execute(SAVE, *zip(*rows, strict=True)))


NOTICES = Kind(Notice, load_notices, save_notices)


async def find_open(conn: Connection, referral_ids: Sequence[str]) -> dict[str, list[str]]:
    """Notices of these referrals that nothing has acted on."""
    found: dict[str, list[str]] = {}
    for referral_id, notice_id in await conn.fetch(OPEN, sorted(set(referral_ids))):
        found.setdefault(referral_id, []).append(notice_id)
    return found


async def list_due(conn: Connection, now: datetime) -> list[Notice]:
    """Mails whose time has come."""
    return [Notice(*row) for row in map(tuple, await conn.fetch(DUE, now))]


async def count_due(conn: Connection, now: datetime) -> int:
    """How many of them."""
    found: int = await conn.fetchval(HOW_MANY, now)
    return found


def load_rules() -> dict[str, Rule]:
    """The newest file of rules, by name."""
    newest = max(_RULES.glob("*.toml"))
    return {
        said["name"]: Rule(
            said["name"],
            said["on"],
            said["to"],
            said["subject"],
            said["text"],
            tuple(said["channels"]),
            timedelta(hours=said["useful_hours"]),
            frozenset(said["acted_on_by"]),
        )
        for said in tomllib.loads(newest.read_text())["rule"]
    }


RULES = load_rules()
