"""What is sealed with a person's key, and what remains when the key is gone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local import rights
from shared.database.postgres import Connection, open_session
from shared.domain.decision import EventContext
from shared.events.answers import EventParked, contract_of_service
from shared.events.person import Identity, WorkerChanged, WorkerIdentified
from shared.messaging import encryption
from shared.messaging.outbox import OutboxMessage, message_of

NOON = datetime(2024, 10, 1, 19, tzinfo=UTC)
WHO = Identity(given_name="Xʷegrohá", family_name="Narpelmi", birth_date=date(1976, 6, 29), phone="+16045558499")


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    session = await open_session(database, "referral", "referral")
    yield session
    await session.close()


def word(person_id: str = "W1", identity: Identity = WHO) -> OutboxMessage:
    event = WorkerIdentified(kind="worker", person_id=person_id, identity=identity)
    return message_of(event, EventContext("c", "c", "20000001", NOON, NOON))


async def opened(conn: Connection, words: list[OutboxMessage]) -> dict[str, Identity]:
    events = [WorkerChanged.from_bytes(w.payload.encode()) for w in words]
    return await encryption.open_people(conn, {e.key: e.sealed for e in events})


async def test_a_person_leaves_sealed_and_can_be_opened(conn: Connection) -> None:
    (sealed,) = await encryption.seal_people(conn, [word()])
    assert (sealed.topic, sealed.key) == ("rehab-person", "worker/W1")
    assert not any(text in sealed.payload for text in ("Narpelmi", "1976", "+1604"))
    assert await opened(conn, [sealed]) == {"worker/W1": WHO}


async def test_words_about_nobody_pass_as_they_are(conn: Connection) -> None:
    kind = contract_of_service("referral", EventParked)
    parked = kind(parked_id="p", was_topic="claims", was_partition=0, was_offset=1, reason="raised", sentence="s")
    other = message_of(parked, EventContext("c", "c", "p", NOON, NOON))
    assert list(await encryption.seal_people(conn, [other])) == [other]
    assert (await encryption.seal_people(conn, [other, word()]))[0] == other


async def test_a_person_keeps_one_key(conn: Connection) -> None:
    first = await encryption.seal_people(conn, [word(), word("W2")])
    second = await encryption.seal_people(conn, [word(), word("W3")])
    assert await conn.fetchval("SELECT count(*) FROM vault.keys") == 3
    assert set(await opened(conn, [*first, *second])) == {"worker/W1", "worker/W2", "worker/W3"}


async def test_a_seal_of_one_person_does_not_open_as_another(conn: Connection) -> None:
    keys = await encryption.make_keys(conn, ["worker/W1", "worker/W2"])
    sealed = encryption.seal(keys, "worker/W1", b"x")
    assert sealed
    with pytest.raises(ValueError, match="somebody else"):
        encryption.unseal(keys, "worker/W2", sealed)
    with pytest.raises(ValueError, match="broken"):
        encryption.unseal(keys, "worker/W1", sealed[:-1] + bytes([sealed[-1] ^ 1]))


async def test_the_same_bytes_are_never_sealed_alike(conn: Connection) -> None:
    keys = await encryption.make_keys(conn, ["worker/W1"])
    assert encryption.seal(keys, "worker/W1", b"x") != encryption.seal(keys, "worker/W1", b"x")


async def test_who_was_forgotten_cannot_be_opened_nor_announced_again(conn: Connection) -> None:
    before = list(await encryption.seal_people(conn, [word(), word("W2")]))
    assert await encryption.destroy(conn, "worker/W1", at=NOON)
    assert set(await opened(conn, before)) == {"worker/W2"}
    after = await encryption.seal_people(conn, [word(), word("W2")])
    assert [w.key for w in after] == ["worker/W2"]


async def test_somebody_is_forgotten_once_and_even_before_they_were_known(conn: Connection) -> None:
    assert await encryption.destroy(conn, "worker/W9", at=NOON)
    assert not await encryption.destroy(conn, "worker/W9", at=NOON)
    assert list(await encryption.seal_people(conn, [word("W9")])) == []


async def test_two_who_make_a_key_at_once_make_the_same(conn: Connection, database: str) -> None:
    other = await open_session(database, "portal", "portal")
    async with asyncio.timeout(20), other.transaction():
        theirs = encryption.seal(await encryption.make_keys(other, ["worker/W1"]), "worker/W1", b"x")
        mine = asyncio.create_task(encryption.make_keys(conn, ["worker/W1"]))
        while not await other.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            pass
    await other.close()
    assert theirs
    assert encryption.unseal(await mine, "worker/W1", theirs) == b"x"


async def test_parked_bytes_come_back_as_they_were(conn: Connection) -> None:
    values = [b"", b"\x00\xff", b"Narpelmi" * 1000]
    first = await encryption.seal_bytes(conn, "2024-10-01", values)
    second = await encryption.seal_bytes(conn, "2024-10-02", values)
    assert not any(b"Narpelmi" in sealed for sealed in first)
    assert list(await encryption.open_bytes(conn, [*second, *first])) == values * 2


async def test_bytes_of_a_day_that_was_forgotten_stay_shut(conn: Connection) -> None:
    sealed = await encryption.seal_bytes(conn, "2024-10-01", [b"x"])
    await encryption.destroy(conn, "day/2024-10-01", at=NOON)
    with pytest.raises(ValueError, match="destroyed"):
        await encryption.open_bytes(conn, sealed)
    with pytest.raises(ValueError, match="destroyed"):
        await encryption.seal_bytes(conn, "2024-10-01", [b"x"])


OVERWRITE = "UPDATE vault.keys SET data_key = NULL, destroyed_at = now() WHERE person_id = $1"
OWNERS = {"worker": {"referral"}, "account": {"portal"}, "document": {"portal"}, "day": {"referral", "portal"}}


@pytest.mark.parametrize("kind", OWNERS)
@pytest.mark.parametrize("service", ["referral", "portal", "notification"])
async def test_a_key_is_destroyed_by_the_owner_of_the_person_alone(database: str, kind: str, service: str) -> None:
    known, unknown = f"{kind}/1", f"{kind}/2"
    maker, session = await open_session(database, "portal", "portal"), await open_session(database, service, service)
    keys = await encryption.make_keys(maker, [known])
    for person_id in (known, unknown):
        if service in OWNERS[kind]:
            assert await encryption.destroy(session, person_id, at=NOON)
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await encryption.destroy(session, person_id, at=NOON)
            if service != "notification":
                assert await session.execute(OVERWRITE, person_id) == "UPDATE 0"
            found = await encryption.find_keys(session, [person_id])
            assert found.keys() == keys.keys() & {person_id}
    await maker.close()
    await session.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE vault.keys SET data_key = NULL, destroyed_at = now()",
        "UPDATE vault.keys SET person_id = 'worker/W2'",
        "DELETE FROM vault.keys",
        "TRUNCATE vault.keys",
        "INSERT INTO vault.keys (person_id, destroyed_at) VALUES ('worker/W3', now())",
        "INSERT INTO vault.keys (person_id, data_key) VALUES ('worker/W3', decode(repeat('00', 32), 'hex'))",
    ],
)
async def test_notification_opens_what_was_sealed_and_changes_no_key(
    conn: Connection, database: str, statement: str
) -> None:
    sealed = await encryption.seal_people(conn, [word()])
    notification = await open_session(database, "notification", "notification")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await notification.execute(statement)
    assert await opened(notification, list(sealed)) == {"worker/W1": WHO}
    await notification.close()


async def test_a_right_that_was_given_before_is_taken_back(conn: Connection, database: str) -> None:
    await encryption.make_keys(conn, ["worker/W1"])
    superuser = await asyncpg.connect(rights.address(database, database=database_of(database), user="postgres"))
    await superuser.execute("GRANT INSERT, UPDATE ON vault.keys TO notification")
    await rights.prepare_database(database)
    notification = await open_session(database, "notification", "notification")
    for statement in (
        "UPDATE vault.keys SET made_at = now()",
        "INSERT INTO vault.keys (person_id) VALUES ('worker/W3')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="denied"):
            await notification.execute(statement)
    await superuser.close()
    await notification.close()


def database_of(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
