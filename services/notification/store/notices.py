"""The ledger of notices."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice

from services.notification.domain.notice import Notice
from shared.database.postgres import Connection, count
from shared.messaging.handlers import AggregateStore

LOAD = """
SELECT notice_id, version, recipient_id, rule, concerns, referral_id, document, told, mail, attempts, next_try_at,
       useful_until, seen, acted_on, number
FROM notices
WHERE notice_id = ANY($1)
ORDER BY notice_id
FOR UPDATE
"""
SAVE = """
INSERT INTO notices (notice_id, version, recipient_id, rule, concerns, referral_id, document, told, mail, attempts,
                     next_try_at, useful_until, seen, acted_on, number)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::int[], $11::timestamptz[], $12::timestamptz[], $13::boolean[], $14::boolean[],
                     $15::text[])
ON CONFLICT (notice_id) DO UPDATE
SET version = excluded.version, mail = excluded.mail, attempts = excluded.attempts, next_try_at = excluded.next_try_at,
    seen = excluded.seen, acted_on = excluded.acted_on
WHERE notices.version = excluded.version - 1
"""
OPEN = """
SELECT concerns, notice_id FROM notices
WHERE concerns = ANY($1) AND rule = ANY($2) AND NOT acted_on
"""
GROUP = """
SELECT told, notice_id, concerns FROM notices
WHERE told = ANY($1)
"""
OTHERS = """
SELECT one.notice_id, other.notice_id FROM notices AS one
JOIN notices AS other ON other.document = one.told AND NOT other.acted_on
WHERE one.notice_id = ANY($1) AND one.told <> '' AND other.document <> ''
"""
DUE = """
SELECT notice_id, version, recipient_id, rule, concerns, referral_id, document, told, mail, attempts, next_try_at,
       useful_until, seen, acted_on, number
FROM notices
WHERE mail = 'queued' AND next_try_at <= $1
ORDER BY next_try_at
LIMIT 100
"""
HOW_MANY = """
SELECT count(*) FROM notices
WHERE mail = 'queued' AND next_try_at <= $1
"""


async def load_notices(conn: Connection, ids: Sequence[str]) -> Sequence[Notice]:
    """By id."""
    return [Notice(*row) for row in map(tuple, await conn.fetch(LOAD, ids))]


async def save_notices(conn: Connection, notices: Sequence[Notice]) -> int:
    """As changed."""
    rows = [(n.id, n.version + 1, *n[2:]) for n in notices]
    return count(await conn.execute(SAVE, *zip(*rows, strict=True)))


NOTICES = AggregateStore(Notice, load_notices, save_notices)


async def find_open(conn: Connection, keys: Collection[str], rules: Collection[str]) -> dict[str, list[str]]:
    """Notices by these rules that concern these keys and that nothing has acted on."""
    found: dict[str, list[str]] = {}
    for key, notice_id in await conn.fetch(OPEN, sorted(keys), sorted(rules)):
        found.setdefault(key, []).append(notice_id)
    return found


async def find_groups(conn: Connection, told: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """Those who were told together: notice, and the key it concerns."""
    found: dict[str, list[tuple[str, str]]] = {}
    for first, notice_id, concerns in await conn.fetch(GROUP, sorted(told)):
        found.setdefault(first, []).append((notice_id, concerns))
    return found


async def find_others(conn: Connection, ids: Collection[str]) -> dict[str, list[str]]:
    """By notice, those that tell that nobody has seen it."""
    found: dict[str, list[str]] = {}
    for notice_id, other in await conn.fetch(OTHERS, sorted(ids)):
        found.setdefault(notice_id, []).append(other)
    return found


async def list_due(conn: Connection, now: datetime) -> list[Notice]:
    """Mails whose time has come."""
    return [Notice(*row) for row in map(tuple, await conn.fetch(DUE, now))]


async def count_due(conn: Connection, now: datetime) -> int:
    """How many of them."""
    found: int = await conn.fetchval(HOW_MANY, now)
    return found


class ByKey:
    """Notices that the batch holds, by the key they concern: those loaded, and those queued since."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._ids: dict[str, list[str]] = {}
        self._read = self._seen = 0

    def of(self, key: str, held: Mapping[str, Notice | None], takebacks: Sequence[str]) -> list[Notice]:
        """As earlier decisions of the batch left them."""
        if len(takebacks) != self._seen:
            self._ids, self._read, self._seen = {}, 0, len(takebacks)
        for notice in islice(held.values(), self._read, None):
            if notice:
                self._ids.setdefault(notice.concerns, []).append(notice.id)
        self._read = len(held)
        return [n for id_ in self._ids.get(key, ()) if (n := held[id_])]
