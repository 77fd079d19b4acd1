"""Forward-only migrations in plain SQL, run by the schema's owner."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from shared.database.postgres import open_session

MECHANISM = Path(__file__).parent / "migrations"
# a statement that waits for a table's lock makes everybody who comes after it wait, too: it gives up instead
LOCK_TIMEOUT = "10s"
_LIMIT_WAITING = """
SELECT set_config('lock_timeout', $1, false)
"""
_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""
_DONE = """
SELECT name, sha256 FROM migrations
"""
_NOTE = """
INSERT INTO migrations (name, sha256) VALUES ($1, $2)
"""


async def migrate(url: str, owner: str, schema: str, folders: Sequence[Path], lock_timeout: str = LOCK_TIMEOUT) -> int:
    """Apply what is not applied yet, folder by folder in order of file name, and return how many files that were.

    Waits for another migrator of the schema as long as it takes, but in every migration for a lock at most
    `lock_timeout`; then it raises LockNotAvailableError, and what was applied before stays. Raises RuntimeError where
    an applied file has changed.
    """
    conn = await open_session(url, owner, schema)
    try:
        await conn.fetchval("SELECT pg_advisory_lock(hashtext($1))", f"migrate/{schema}")
        await conn.execute(_LIMIT_WAITING, lock_timeout)
        await conn.execute(_TABLE)
        done = {row["name"]: row["sha256"] for row in await conn.fetch(_DONE)}
        new = 0
        for path in (p for folder in folders for p in sorted(folder.glob("*.sql"))):
            text = path.read_text()
            digest = sha256(text.encode()).hexdigest()
            if path.name not in done:
                async with conn.transaction():
                    await conn.execute(text)
                    await conn.execute(_NOTE, path.name, digest)
                new += 1
            elif done[path.name] != digest:
                raise RuntimeError(f"{path.name} was applied and has changed since: write a new migration")
        return new
    finally:
        await conn.close()
