"""What was announced of a referral, in its order, as people read it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from shared.handlers import Kept
from shared.postgres import Connection

KEEP = """
INSERT INTO timeline (referral_id, topic, sequence, type, at, site_id, body)
SELECT referral_id, topic, sequence, type, at, nullif(site_id, ''), body
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[], $7::jsonb[])
    AS u (referral_id, topic, sequence, type, at, site_id, body)
ON CONFLICT DO NOTHING
"""
LIST = """
SELECT type, at, site_id, body FROM timeline
WHERE referral_id = $1
ORDER BY at DESC, topic, sequence DESC
LIMIT $2
"""


class Entry(NamedTuple):
    """Something that happened to a referral; `words` is its type without owner and version."""

    words: str
    at: datetime
    site_id: str | None
    body: Mapping[str, Any]


async def keep_timeline(conn: Connection, kept: Sequence[Kept]) -> None:
    """Each once."""
    rows = [
        (
            k.key,
            k.topic,
            k.sequence,
            k.event.type_name.split(".")[2],
            k.at,
            getattr(k.event, "site_id", None) or "",
            body,
        )
        for k in kept
        if getattr(k.event, "referral_id", k.key) == k.key and (body := k.event.to_bytes().decode())
    ]
    if rows:
        await conn.execute(KEEP, *zip(*rows, strict=True))


async def list_entries(conn: Connection, referral_id: str, limit: int) -> list[Entry]:
    """The newest first, as far as the reader may see them."""
    return [
        Entry(row["type"], row["at"], row["site_id"], orjson.loads(row["body"]))
        for row in await conn.fetch(LIST, referral_id, limit)
    ]
