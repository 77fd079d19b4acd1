"""The last resort for records that cannot be parked: their offset and digest, which depend on no content."""

from hashlib import sha256

from shared.database.postgres import Connection, count
from shared.messaging.envelope import Raw

NOTE = """
INSERT INTO unparkable (topic, partition, "offset", sha256, length)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""
LIST = """
SELECT topic, partition, "offset", encode(sha256, 'hex') AS sha256, length, at FROM unparkable
ORDER BY at, topic, partition, "offset"
LIMIT 200
"""
COUNT = """
SELECT count(*) FROM unparkable
"""
DISMISS = """
DELETE FROM unparkable WHERE topic = $1 AND partition = $2 AND "offset" = $3
"""


def digest(raw: Raw) -> tuple[bytes, int]:
    """Return the SHA-256 of key, value and headers one after the other, and the number of these bytes."""
    whole = b"".join((raw.key or b"", raw.value or b"", raw.headers_text().encode()))
    return sha256(whole).digest(), len(whole)


async def note(conn: Connection, raw: Raw) -> None:
    """Keep offset and digest of a record; noting it again changes nothing."""
    await conn.execute(NOTE, raw.topic, raw.partition, raw.offset, *digest(raw))


async def dismiss(conn: Connection, topic: str, partition: int, offset: int) -> bool:
    """Delete the note of a record that an operator has dealt with; return False when there is none."""
    return count(await conn.execute(DISMISS, topic, partition, offset)) == 1
