"""The ledger of notices."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice

from services.notification.domain.notice import Notice
from shared.database.json_aggregate import AggregateTable, ColumnAggregate
from shared.database.postgres import Connection
from shared.messaging.handlers import AggregateStore

_TABLE = AggregateTable(
    "notices",
    "notice_id",
    {
        "recipient_id": "text",
        "rule": "text",
        "concerns": "text",
        "referral_id": "text",
        "document": "text",
        "told": "text",
        "mail": "text",
        "attempts": "int",
        "next_try_at": "timestamptz",
        "useful_until": "timestamptz",
        "seen": "boolean",
        "acted_on": "boolean",
        "number": "text",
    },
)
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
SELECT notice_id AS id, version, recipient_id, rule, concerns, referral_id, document, told, mail, attempts, next_try_at,
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


_STORED = ColumnAggregate(Notice, _TABLE, {"told": "group_id"})
NOTICES = AggregateStore(Notice, _STORED.load, _STORED.save)


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
    return _STORED.of(await conn.fetch(DUE, now))


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
