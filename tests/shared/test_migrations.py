"""Migrations wait for nobody's lock for long, whatever their files say."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from shared.database.migrate import LOCK_TIMEOUT, migrate
from shared.database.postgres import open_session


def _migration(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


async def test_every_migration_gives_up_waiting_for_a_lock_after_ten_seconds(toy_database: str, tmp_path: Path) -> None:
    text = "CREATE TABLE limits AS SELECT current_setting('lock_timeout') AS waits"
    folder = _migration(tmp_path / "new", "toy_9001_limits.sql", text)
    assert await migrate(toy_database, "toy_owner", "toy", [folder]) == 1
    conn = await open_session(toy_database, "toy_owner", "toy")
    try:
        assert await conn.fetchval("SELECT waits FROM limits") == LOCK_TIMEOUT == "10s"
    finally:
        await conn.close()


async def test_a_migration_that_waits_for_a_lock_gives_up_and_is_applied_by_the_next_run(
    toy_database: str, tmp_path: Path
) -> None:
    folder = _migration(tmp_path / "new", "toy_9001_first.sql", "CREATE TABLE first (first_id int)")
    _migration(folder, "toy_9002_second.sql", "ALTER TABLE counters ADD COLUMN remark text")
    reader = await open_session(toy_database, "toy", "toy")
    try:
        async with asyncio.timeout(20), reader.transaction():
            await reader.fetch("SELECT * FROM counters")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await migrate(toy_database, "toy_owner", "toy", [folder], lock_timeout="200ms")
        assert await migrate(toy_database, "toy_owner", "toy", [folder]) == 1
        assert await reader.fetch("SELECT first_id FROM first") == []
        assert await reader.fetch("SELECT remark FROM counters") == []
    finally:
        await reader.close()


async def test_a_migrator_waits_longer_than_that_for_another_one_of_its_schema(
    toy_database: str, tmp_path: Path
) -> None:
    folder = _migration(tmp_path / "new", "toy_9001_first.sql", "CREATE TABLE first (first_id int)")
    other = await open_session(toy_database, "toy_owner", "toy")
    try:
        await other.fetchval("SELECT pg_advisory_lock(hashtext('migrate/toy'))")
        waiting = asyncio.create_task(migrate(toy_database, "toy_owner", "toy", [folder], lock_timeout="1ms"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
    finally:
        await other.close()
    assert await asyncio.wait_for(waiting, 20) == 1
