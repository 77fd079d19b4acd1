"""What is sealed with a person's key, and what remains when the key is gone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from shared import vault
from shared.decision import Occasion
from shared.events.answers import EventParked, said_by
from shared.events.person import Identity, WorkerChanged, WorkerIdentified
from shared.outbox import Said, said
from shared.postgres import Connection, open_session

NOON = datetime(2024, 10, 1, 19, tzinfo=UTC)
WHO = Identity(given_name="Xʷegrohá", family_name="Narpelmi", birth_date=date(1976, 6, 29), phone="+16045558499")


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    session = await open_session(database, "referral", "referral")
    yield session
    await session.close()


def word(person_id: str = "W1", identity: Identity = WHO) -> Said:
    event = WorkerIdentified(kind="worker", person_id=person_id, identity=identity)
    return said(event, Occasion("c", "c", "20000001", NOON, NOON))


async def opened(conn: Connection, words: list[Said]) -> dict[str, Identity]:
    events = [WorkerChanged.from_bytes(w.payload.encode()) for w in words]
    return await vault.open_people(conn, {e.key: e.sealed for e in events})


async def test_a_person_leaves_sealed_and_can_be_opened(conn: Connection) -> None:
    (sealed,) = await vault.seal_people(conn, [word()])
    assert (sealed.topic, sealed.key) == ("rehab-person", "worker/W1")
    assert not any(text in sealed.payload for text in ("Narpelmi", "1976", "+1604"))
    assert await opened(conn, [sealed]) == {"worker/W1": WHO}


async def test_words_about_nobody_pass_as_they_are(conn: Connection) -> None:
    kind = said_by("referral", EventParked)
    parked = kind(parked_id="p", was_topic="claims", was_partition=0, was_offset=1, reason="raised", sentence="s")
    other = said(parked, Occasion("c", "c", "p", NOON, NOON))
    assert list(await vault.seal_people(conn, [other])) == [other]
    assert (await vault.seal_people(conn, [other, word()]))[0] == other


async def test_a_person_keeps_one_key(conn: Connection) -> None:
    first = await vault.seal_people(conn, [word(), word("W2")])
    second = await vault.seal_people(conn, [word(), word("W3")])
    assert await conn.fetchval("SELECT count(*) FROM vault.keys") == 3
    assert set(await opened(conn, [*first, *second])) == {"worker/W1", "worker/W2", "worker/W3"}


async def test_a_seal_of_one_person_does_not_open_as_another(conn: Connection) -> None:
    keys = await vault.make_keys(conn, ["worker/W1", "worker/W2"])
    sealed = vault.seal(keys, "worker/W1", b"x")
    assert sealed
    with pytest.raises(ValueError, match="somebody else"):
        vault.unseal(keys, "worker/W2", sealed)
    with pytest.raises(ValueError, match="broken"):
        vault.unseal(keys, "worker/W1", sealed[:-1] + bytes([sealed[-1] ^ 1]))


async def test_the_same_bytes_are_never_sealed_alike(conn: Connection) -> None:
    keys = await vault.make_keys(conn, ["worker/W1"])
    assert vault.seal(keys, "worker/W1", b"x") != vault.seal(keys, "worker/W1", b"x")


async def test_who_was_forgotten_cannot_be_opened_nor_announced_again(conn: Connection) -> None:
    before = list(await vault.seal_people(conn, [word(), word("W2")]))
    assert await vault.destroy(conn, "worker/W1", at=NOON)
    assert set(await opened(conn, before)) == {"worker/W2"}
    after = await vault.seal_people(conn, [word(), word("W2")])
    assert [w.key for w in after] == ["worker/W2"]


async def test_somebody_is_forgotten_once_and_even_before_they_were_known(conn: Connection) -> None:
    assert await vault.destroy(conn, "worker/W9", at=NOON)
    assert not await vault.destroy(conn, "worker/W9", at=NOON)
    assert list(await vault.seal_people(conn, [word("W9")])) == []


async def test_two_who_make_a_key_at_once_make_the_same(conn: Connection, database: str) -> None:
    other = await open_session(database, "portal", "portal")
    async with asyncio.timeout(20), other.transaction():
        theirs = vault.seal(await vault.make_keys(other, ["worker/W1"]), "worker/W1", b"x")
        mine = asyncio.create_task(vault.make_keys(conn, ["worker/W1"]))
        while not await other.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            pass
    await other.close()
    assert theirs
    assert vault.unseal(await mine, "worker/W1", theirs) == b"x"


async def test_parked_bytes_come_back_as_they_were(conn: Connection) -> None:
    values = [b"", b"\x00\xff", b"Narpelmi" * 1000]
    first = await vault.seal_bytes(conn, "2024-10-01", values)
    second = await vault.seal_bytes(conn, "2024-10-02", values)
    assert not any(b"Narpelmi" in sealed for sealed in first)
    assert list(await vault.open_bytes(conn, [*second, *first])) == values * 2


async def test_bytes_of_a_day_that_was_forgotten_stay_shut(conn: Connection) -> None:
    sealed = await vault.seal_bytes(conn, "2024-10-01", [b"x"])
    await vault.destroy(conn, "day/2024-10-01", at=NOON)
    with pytest.raises(ValueError, match="destroyed"):
        await vault.open_bytes(conn, sealed)
    with pytest.raises(ValueError, match="destroyed"):
        await vault.seal_bytes(conn, "2024-10-01", [b"x"])
