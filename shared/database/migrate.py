"""Forward-only migrations in plain SQL, run by the schema's owner."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from shared.database.postgres import open_session

MECHANISM = Path(__file__).parent / "migrations"
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


async def migrate(url: str, owner: str, schema: str, folders: Sequence[Path]) -> int:
    """Apply new migration files, folder by folder in order of their names, and return how many were applied.

    Raises RuntimeError when a file has changed since it was applied.
    """
    conn = await open_session(url, owner, schema)
    try:
        await conn.fetchval("SELECT pg_advisory_lock(hashtext($1))", f"migrate/{schema}")
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
