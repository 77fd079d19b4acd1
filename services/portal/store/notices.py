"""Notices as their recipients see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.database.postgres import Connection
from shared.events.notification import NoticeActedOn, NoticeQueued, NoticeSeen
from shared.messaging.handlers import ReceivedEvent

KEEP = """
INSERT INTO notices (notice_id, recipient_id, site_id, about, referral_id, number, subject, link, state, queued_at)
SELECT notice_id, recipient_id, nullif(site_id, ''), about, nullif(referral_id, ''), nullif(number, ''),
    nullif(subject, ''), nullif(link, ''), 'queued', queued_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::timestamptz[])
    AS u (notice_id, recipient_id, site_id, about, referral_id, number, subject, link, queued_at)
ON CONFLICT DO NOTHING
"""
# what was acted on stays so, even if it is seen afterwards
CHANGE = """
UPDATE notices SET state = u.state, changed = nextval('view_changes')
FROM unnest($1::text[], $2::text[]) AS u (notice_id, state)
WHERE notices.notice_id = u.notice_id AND notices.state <> 'acted-on'
"""
LIST = """
SELECT notice_id, about, site_id, referral_id, state, queued_at, changed, number, subject, link FROM notices
WHERE recipient_id = ANY($1) AND changed > $2
ORDER BY changed
LIMIT $3
"""
NEWEST = """
SELECT n.notice_id, n.about, n.site_id, n.referral_id, n.state, n.queued_at, n.changed, n.number, n.subject, n.link
FROM unnest($1::text[]) AS r (recipient_id)
CROSS JOIN LATERAL (
    SELECT * FROM notices AS own WHERE own.recipient_id = r.recipient_id ORDER BY own.queued_at DESC LIMIT $2
) AS n
ORDER BY n.queued_at DESC, n.changed DESC
LIMIT $2
"""
FIND = """
SELECT notice_id, about, site_id, referral_id, state, queued_at, changed, number, subject, link FROM notices
WHERE notice_id = $1 AND recipient_id = ANY($2)
"""


# those whose page is this one, and with the page of a referral those of the pages below it
UNSEEN = """
SELECT notice_id FROM notices
WHERE recipient_id = ANY($1) AND state = 'queued' AND (link = $2 OR ($3 AND starts_with(link, $2 || '/')))
ORDER BY queued_at DESC
LIMIT 50
"""


class Notice(NamedTuple):
    """A notice to a recipient; `link` is the page where it is read, without its first slash."""

    notice_id: str
    about: str
    site_id: str | None
    referral_id: str | None
    state: str
    queued_at: datetime
    changed: int
    number: str | None = None
    subject: str | None = None
    link: str | None = None

    def shown(self) -> dict[str, Any]:
        """Returns the members that its recipient is shown."""
        members = self._asdict()
        del members["changed"]
        return {**members, "queued_at": self.queued_at.isoformat()}


async def project_notices(conn: Connection, received: Sequence[ReceivedEvent]) -> None:
    """Projects notices that were queued, seen or acted on."""
    queued = [
        (
            *(e.notice_id, e.recipient_id, e.site_id or "", e.about, e.referral_id or ""),
            *(e.number or "", e.subject or "", e.link or "", k.at),
        )
        for k in received
        if isinstance(e := k.event, NoticeQueued)
    ]
    if queued:
        await conn.execute(KEEP, *zip(*queued, strict=True))
    changed: dict[str, str] = {}
    for one in received:
        if isinstance(one.event, NoticeActedOn):
            changed[one.event.notice_id] = "acted-on"
        elif isinstance(one.event, NoticeSeen):
            changed.setdefault(one.event.notice_id, "seen")
    if changed:
        await conn.execute(CHANGE, list(changed), list(changed.values()))


async def list_notices(conn: Connection, recipients: Sequence[str], after: int, limit: int) -> list[Notice]:
    """Returns notices behind a cursor, in the order in which they changed."""
    return [Notice(*row) for row in await conn.fetch(LIST, recipients, after, limit)]


async def list_newest_notices(conn: Connection, recipients: Sequence[str], limit: int) -> list[Notice]:
    """Returns the newest notices of these recipients, the newest first."""
    return [Notice(*row) for row in await conn.fetch(NEWEST, recipients, limit)]


async def find_notice(conn: Connection, notice_id: str, recipients: Sequence[str]) -> Notice | None:
    """Returns a notice of these recipients, or None."""
    row = await conn.fetchrow(FIND, notice_id, recipients)
    return Notice(*row) if row else None


async def find_unseen(conn: Connection, recipients: Sequence[str], place: str, *, with_pages_below: bool) -> list[str]:
    """Returns the ids of unopened notices of these recipients that a page shows."""
    rows = await conn.fetch(UNSEEN, recipients, place, with_pages_below)
    return [row["notice_id"] for row in rows]
