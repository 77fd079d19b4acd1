"""The timeline of a referral: what was announced of it, in its order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from services.portal.store.custody import Handover, Holder
from shared.database.postgres import Connection
from shared.messaging.handlers import ReceivedEvent

KEEP = """
INSERT INTO timeline (referral_id, topic, sequence, type, at, site_id, left_with, body)
SELECT *
FROM unnest(
    $1::text[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[], $7::jsonb[], $8::jsonb[]
) AS u (referral_id, topic, sequence, type, at, site_id, left_with, body)
ON CONFLICT DO NOTHING
"""
LIST = """
SELECT type, at, site_id, body FROM timeline
WHERE referral_id = $1
ORDER BY at DESC, topic, sequence DESC
LIMIT $2
"""


class Readers(NamedTuple):
    """The readers of an announcement, besides the site that has the referral.

    `senders` are the sites of invoices by referral and invoice; `holders` those that have or had a referral.
    """

    senders: Mapping[tuple[str, str], str | None]
    handovers: Sequence[Handover]
    holders: Mapping[str, Holder]

    def site_of(self, one: ReceivedEvent) -> str | None:
        """Returns the one site that may read an event; None where all that have the referral may."""
        if invoice_id := getattr(one.event, "invoice_id", None):
            return self.senders.get((one.key, invoice_id)) or ""
        return getattr(one.event, "site_id", None)

    def left_with(self, one: ReceivedEvent) -> list[str]:
        """Returns the sites that lost the referral after the event was announced."""
        later = {
            h.site_id
            for h in self.handovers
            if h.had and not h.is_taken and h.referral_id == one.key and h.is_after(one)
        }
        late = self.holders[one.key].had_at(one.at) if one.key in self.holders else ()
        return sorted(later.union(late))


class Entry(NamedTuple):
    """Something that happened to a referral; `words` is its type without owner and version."""

    words: str
    at: datetime
    site_id: str | None
    body: Mapping[str, Any]


async def project_timeline(conn: Connection, received: Sequence[ReceivedEvent], readers: Readers) -> None:
    """Keeps each event once, with the sites that may read it."""
    rows = [_row(k, readers) for k in received if getattr(k.event, "referral_id", k.key) == k.key]
    if rows:
        await conn.execute(KEEP, *zip(*rows, strict=True))


def _row(k: ReceivedEvent, readers: Readers) -> tuple[Any, ...]:
    site_id = readers.site_of(k)
    left_with = [] if site_id is not None else readers.left_with(k)
    words = k.event.type_name.split(".")[2]
    body = k.event.to_bytes().decode()
    return k.key, k.topic, k.sequence, words, k.at, site_id, orjson.dumps(left_with).decode(), body


async def list_entries(conn: Connection, referral_id: str, limit: int) -> list[Entry]:
    """Returns the entries that the reader may see, the newest first."""
    return [
        Entry(row["type"], row["at"], row["site_id"], orjson.loads(row["body"]))
        for row in await conn.fetch(LIST, referral_id, limit)
    ]
