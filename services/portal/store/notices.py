"""Notices as their recipients see them."""

from collections.abc import Sequence
from typing import Any

from shared.events.notification import NoticeActedOn, NoticeQueued, NoticeSeen
from shared.handlers import Kept
from shared.postgres import Connection

KEEP = """
INSERT INTO notices (notice_id, recipient_id, site_id, about, referral_id, state, queued_at)
SELECT notice_id, recipient_id, nullif(site_id, ''), about, nullif(referral_id, ''), 'queued', queued_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    AS u (notice_id, recipient_id, site_id, about, referral_id, queued_at)
ON CONFLICT DO NOTHING
"""
CHANGE = """
UPDATE notices SET state = u.state
FROM unnest($1::text[], $2::text[]) AS u (notice_id, state)
WHERE notices.notice_id = u.notice_id
"""
LIST = """
SELECT notice_id, about, referral_id, state, queued_at FROM notices
WHERE recipient_id = $1
ORDER BY queued_at DESC
LIMIT $2
"""
IS_THERE = """
SELECT EXISTS (SELECT FROM notices WHERE notice_id = $1 AND recipient_id = $2)
"""


async def keep_notices(conn: Connection, kept: Sequence[Kept]) -> None:
    """Queued, seen, acted on."""
    queued = [
        (e.notice_id, e.recipient_id, e.site_id or "", e.about, e.referral_id or "", k.at)
        for k in kept
        if isinstance(e := k.event, NoticeQueued)
    ]
    if queued:
        await conn.execute(KEEP, *zip(*queued, strict=True))
    changed: dict[str, str] = {}
    for one in kept:
        if isinstance(one.event, NoticeSeen):
            changed[one.event.notice_id] = "seen"
        elif isinstance(one.event, NoticeActedOn):
            changed[one.event.notice_id] = "acted-on"
    if changed:
        await conn.execute(CHANGE, list(changed), list(changed.values()))


async def list_notices(conn: Connection, account_id: str, limit: int) -> list[dict[str, Any]]:
    """The newest first."""
    return [dict(row) for row in await conn.fetch(LIST, account_id, limit)]


async def is_mine(conn: Connection, notice_id: str, account_id: str) -> bool:
    """Whether the notice is there for this account."""
    return bool(await conn.fetchval(IS_THERE, notice_id, account_id))
