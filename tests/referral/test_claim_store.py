"""Claims and people come back from the database as they were saved."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from services.referral.domain.claim import Claim, Request, mark_decided
from services.referral.domain.facts import area
from services.referral.domain.person import AttributeValue, Person
from services.referral.store import claim as claims
from services.referral.store import person as people
from shared.database.postgres import Connection, open_session
from shared.events.values import Injury
from shared.messaging import encryption
from shared.placement.standing import Fact, fold

NOON = datetime(2024, 10, 1, 19, 0, 0, 123456, tzinfo=UTC)
ON = date(2024, 10, 1)
HISTORY = (
    Fact(
        "accepted",
        date(2024, 9, 1),
        date(2024, 9, 16),
        NOON,
        None,
        (area("23100", "N"), area("41200", "L")),
        Injury(body_part="23100", nature="02100", side="N", occurred_on=date(2024, 9, 1)),
        "Quesnel",
        "E1",
        "759990",
    ),
    Fact("suspended", date(2024, 9, 20), date(2024, 9, 21), NOON, "refused_examination"),
    Fact("moved", date(2024, 9, 25), date(2024, 9, 21), NOON, community="100 Mile House"),
)
REQUESTS = {
    "R2": Request("R2", ON, NOON, "physician", "d-1", "or2", ("psychosocial", "language"), "heavy", True, "S7"),
    "R1": Request("R1", ON, NOON, "officer", "o-1"),
}
CLAIM = Claim("20000001", 0, 3, "W1", HISTORY, fold(HISTORY), REQUESTS, ("r-1", "r-2"), "100 Mile House")


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    session = await open_session(database, "referral", "referral")
    yield session
    await session.close()


async def test_claims_come_back_as_they_were(conn: Connection) -> None:
    bare = Claim("20000002")
    assert await claims.save_claims(conn, [CLAIM, bare]) == 2
    assert await claims.load_claims(conn, ["20000001", "20000002", "20000003"]) == [
        CLAIM._replace(version=1),
        bare._replace(version=1),
    ]


async def test_requests_stay_in_the_order_first_read(conn: Connection) -> None:
    await claims.save_claims(conn, [CLAIM])
    (found,) = await claims.load_claims(conn, [CLAIM.id])
    assert [r.request_id for r in found.waiting] == ["R2", "R1"]


async def test_a_claim_that_somebody_else_saved_meanwhile_is_not_overwritten(conn: Connection) -> None:
    assert await claims.save_claims(conn, [CLAIM]) == 1
    assert await claims.save_claims(conn, [CLAIM]) == 0
    assert await claims.save_claims(conn, [CLAIM._replace(version=1)]) == 1


async def test_the_links_of_a_claim_are_found_without_loading_it(conn: Connection) -> None:
    await claims.save_claims(conn, [mark_decided(CLAIM, "R2", referral_id="r-3"), Claim("20000002")])
    assert await claims.find_links(conn, ["20000001", "20000001", "20000002", "20000003"]) == {
        "20000001": claims.Links("W1", ("r-1", "r-2", "r-3"), ("R1",)),
        "20000002": claims.Links("", (), ()),
    }


async def test_requests_not_decided_yet_are_listed(conn: Connection) -> None:
    settled = mark_decided(CLAIM, "R2", referral_id=None)
    await claims.save_claims(conn, [settled, Claim("20000002")])
    assert await claims.list_waiting(conn) == [("20000001", "R1")]


async def test_people_are_stored_sealed_and_loaded_as_they_were(conn: Connection) -> None:
    worker = Person(
        "worker/W1", 0, {"family_name": AttributeValue("Narpelmí", NOON), "language": AttributeValue("pa", NOON)}
    )
    assert await people.save_people(conn, [worker]) == 1
    assert await people.load_people(conn, ["worker/W0", "worker/W1"]) == [worker._replace(version=1)]
    assert await people.save_people(conn, [worker]) == 0
    stored = await conn.fetchval("SELECT sealed FROM people")
    assert b"Narpelm" not in stored


async def test_a_forgotten_person_is_loaded_and_saved_without_attributes(conn: Connection) -> None:
    worker = Person("worker/W1", 0, {"family_name": AttributeValue("Narpelmi", NOON)})
    await people.save_people(conn, [worker])
    await encryption.destroy(conn, "worker/W1", at=NOON)
    assert await people.load_people(conn, ["worker/W1"]) == [Person("worker/W1", 1, forgotten=True)]
    assert await people.save_people(conn, [worker._replace(version=1)]) == 1
    assert await conn.fetchval("SELECT sealed FROM people") is None
    assert await people.load_people(conn, ["worker/W1"]) == [Person("worker/W1", 2, forgotten=True)]
