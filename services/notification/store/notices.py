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
COUNT_DUE = """
SELECT count(*) FROM notices
WHERE mail = 'queued' AND next_try_at <= $1
"""


async def load_notices(conn: Connection, ids: Sequence[str]) -> Sequence[Notice]:
    """Return the notices with these ids that exist, locked until the transaction ends."""
    return [Notice(*row) for row in map(tuple, await conn.fetch(LOAD, ids))]


async def save_notices(conn: Connection, notices: Sequence[Notice]) -> int:
    """Write changed notices; return how many rows still had the version that was loaded."""
    rows = [(n.id, n.version + 1, *n[2:]) for n in notices]
    return count(await conn.execute(SAVE, *zip(*rows, strict=True)))


NOTICES = AggregateStore(Notice, load_notices, save_notices)


async def find_open(conn: Connection, keys: Collection[str], rules: Collection[str]) -> dict[str, list[str]]:
    """Return the ids of unsettled notices of these rules, by the key that they concern."""
    by_key: dict[str, list[str]] = {}
    for key, notice_id in await conn.fetch(OPEN, sorted(keys), sorted(rules)):
        by_key.setdefault(key, []).append(notice_id)
    return by_key


async def find_groups(conn: Connection, group_ids: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """Return the notices of each group, each with the key that it concerns."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for group_id, notice_id, concerns in await conn.fetch(GROUP, sorted(group_ids)):
        groups.setdefault(group_id, []).append((notice_id, concerns))
    return groups


async def find_others(conn: Connection, ids: Collection[str]) -> dict[str, list[str]]:
    """Return the ids of the open escalations of each notice's group, by notice."""
    others: dict[str, list[str]] = {}
    for notice_id, other in await conn.fetch(OTHERS, sorted(ids)):
        others.setdefault(notice_id, []).append(other)
    return others


async def list_due(conn: Connection, now: datetime) -> list[Notice]:
    """Return at most 100 notices whose mail is due, the longest due first."""
    return [Notice(*row) for row in map(tuple, await conn.fetch(DUE, now))]


async def count_due(conn: Connection, now: datetime) -> int:
    """Return how many mails are due."""
    due: int = await conn.fetchval(COUNT_DUE, now)
    return due


class NoticesByKey:
    """An index over the notices that a batch holds, loaded or queued since, by the key they concern."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._ids: dict[str, list[str]] = {}
        self._read = self._seen = 0

    def of(self, key: str, held: Mapping[str, Notice | None], rollbacks: Sequence[str]) -> list[Notice]:
        """Return the notices of a key as earlier decisions of the batch left them; a rollback rebuilds the index."""
        if len(rollbacks) != self._seen:
            self._ids, self._read, self._seen = {}, 0, len(rollbacks)
        for notice in islice(held.values(), self._read, None):
            if notice:
                self._ids.setdefault(notice.concerns, []).append(notice.id)
        self._read = len(held)
        return [n for id_ in self._ids.get(key, ()) if (n := held[id_])]
