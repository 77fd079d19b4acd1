"""Referrals, openings and the register come back from the database as they were saved."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from services.referral.domain.opening import OpeningReservation, release, reservation_id, reserve
from services.referral.domain.placement import UnplacedReferral
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Active,
    Closed,
    Discharged,
    FormerOffer,
    Hold,
    Matched,
    NotAdmitted,
    Offer,
    Offered,
    Referral,
    Scheduled,
    State,
    Unplaced,
    Withdrawn,
)
from services.referral.store import opening as openings
from services.referral.store import referral as referrals
from services.referral.store import register as registers
from shared.database.postgres import Connection, open_session
from shared.domain.decision import Event
from shared.events.procurement import CalendarPublished, SiteCapacityDeclared, Week
from shared.events.values import Injury, Opening
from shared.messaging.handlers import ReceivedEvent
from tests.referral.register import CONTRACTS, CUT_OVER, contract, programs, site, terms

NOON = datetime(2024, 11, 5, 20, 0, 0, 123456, tzinfo=UTC)
MONDAY = date(2024, 11, 4)
FIRST = Opening(site_id="van-1", program="crrtw", week_on=MONDAY, n=1)
OFFER = Offer(2, "van-1", "o-van-1", "c-crrtw-van-1", "p-van-1", "bc", FIRST)
INJURY = Injury(body_part="23100", nature="02100", side="N", occurred_on=date(2024, 8, 1))


def referral(id_: str, state: State) -> Referral:
    return Referral(
        id_, 0, 3, f"R-24-{id_}", "17919123", "W1", "RR1", date(2024, 11, 5), "Vancouver", INJURY, ("psychosocial",),
        True, "van-2", "crrtw", 1, state, 2, (FormerOffer("van-2", 1, "declined", True),),
        (Hold("claim", date(2024, 11, 4), "refused_examination"),), NOON, NOON,
    )  # fmt: skip


STATES: tuple[State, ...] = (
    Matched(),
    Offered(OFFER, NOON),
    Offered(OFFER, None),
    Acknowledged(OFFER, NOON),
    Accepted(OFFER, date(2024, 11, 6)),
    Scheduled(OFFER, date(2024, 11, 6), NOON),
    Scheduled(OFFER, date(2024, 11, 6), NOON, 2, was_missed=True),
    Active(OFFER, date(2024, 11, 7)),
    Active(OFFER, date(2024, 11, 7), date(2024, 12, 20), is_reported=True),
    Discharged(OFFER),
    Closed(OFFER),
    Closed(),
    Unplaced(),
    NotAdmitted(),
    Withdrawn(),
)


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    session = await open_session(database, "referral", "referral")
    yield session
    await session.close()


async def test_a_referral_comes_back_as_it_was_in_every_state(conn: Connection) -> None:
    saved = [referral(f"r-{n:02}", state) for n, state in enumerate(STATES)]
    assert await referrals.save_referrals(conn, saved) == len(saved)
    assert await referrals.load_referrals(conn, [r.id for r in saved]) == [r._replace(version=1) for r in saved]


STORED_OFFER = '[2,"van-1","o-van-1","c-crrtw-van-1","p-van-1","bc",["van-1","crrtw","2024-11-04",1]]'
STORED_STATES = {
    "matched": "[]",
    "offered": f'[{STORED_OFFER},"2024-11-05T20:00:00.123456+00:00"]',
    "scheduled": f'[{STORED_OFFER},"2024-11-06","2024-11-05T20:00:00.123456+00:00",2,true]',
    "active": f'[{STORED_OFFER},"2024-11-07","2024-12-20",true]',
    "closed": "[null]",
}


@pytest.mark.parametrize("state", [STATES[0], STATES[1], STATES[6], STATES[8], STATES[11]])
def test_a_state_is_stored_as_the_array_of_its_members_in_their_order(state: State) -> None:
    saved = referral("r-1", state)
    assert f'"state":{STORED_STATES[saved.status]},"rank":2,' in str(referrals._row(saved)[-1])


async def test_a_visit_saved_before_missed_ones_were_counted_was_never_missed(conn: Connection) -> None:
    saved = referral("r-1", Scheduled(OFFER, date(2024, 11, 6), NOON))
    await referrals.save_referrals(conn, [saved])
    await conn.execute("UPDATE referrals SET state = state #- '{state,4}' #- '{state,3}'")
    assert await referrals.load_referrals(conn, ["r-1"]) == [saved._replace(version=1)]


async def test_a_refusal_has_neither_injury_nor_program(conn: Connection) -> None:
    refused = referral("r-1", NotAdmitted())._replace(
        injury=None, program=None, holds=(), held_at=None, paused_due_at=None
    )
    await referrals.save_referrals(conn, [refused])
    assert await referrals.load_referrals(conn, ["r-1"]) == [refused._replace(version=1)]


async def test_a_referral_that_somebody_else_saved_meanwhile_is_not_overwritten(conn: Connection) -> None:
    one = referral("r-1", Matched())
    assert await referrals.save_referrals(conn, [one]) == 1
    assert await referrals.save_referrals(conn, [one]) == 0
    assert await referrals.save_referrals(conn, [one._replace(version=1)]) == 1


async def test_unplaced_referrals_are_listed_with_program_and_community(conn: Connection) -> None:
    saved = [referral("r-1", Unplaced()), referral("r-2", Matched()), referral("r-3", Offered(OFFER, NOON))]
    await referrals.save_referrals(conn, saved)
    assert await referrals.list_waiting_for_site(conn) == ["r-1", "r-2"]
    assert await referrals.list_unplaced(conn) == [UnplacedReferral("r-1", "crrtw", "Vancouver")]
    assert await referrals.find_persons(conn, ["r-1", "r-9"]) == {"r-1": "W1"}


async def test_an_opening_is_reserved_once(conn: Connection) -> None:
    assert await openings.save_reservations(conn, [reserve(FIRST, "r-1", None)]) == 1
    assert await openings.save_reservations(conn, [reserve(FIRST, "r-2", None)]) == 0
    taken = await openings.list_reserved(conn, MONDAY)
    assert taken == {("van-1", "crrtw", MONDAY): frozenset({1})}


async def test_an_opening_is_freed_only_by_the_referral_that_has_it(conn: Connection) -> None:
    await openings.save_reservations(conn, [reserve(FIRST, "r-1", None)])
    assert await openings.save_reservations(conn, [release(FIRST, "r-2", None)]) == 0
    assert await openings.save_reservations(conn, [release(FIRST, "r-1", None)]) == 1
    assert await openings.list_reserved(conn, MONDAY) == {}


async def test_an_opening_taken_and_given_back_in_one_batch_leaves_nothing(conn: Connection) -> None:
    taken = reserve(FIRST, "r-1", None)
    assert await openings.save_reservations(conn, [release(FIRST, "r-1", taken)]) == 1
    assert await openings.list_reserved(conn, MONDAY) == {}


async def test_an_opening_passes_from_one_referral_to_another_in_one_batch(conn: Connection) -> None:
    await openings.save_reservations(conn, [reserve(FIRST, "r-1", None)])
    given = release(FIRST, "r-1", None)
    assert await openings.save_reservations(conn, [reserve(FIRST, "r-2", given)]) == 1
    assert await openings.save_reservations(conn, [release(FIRST, "r-2", None)]) == 1


def test_openings_of_earlier_decisions_of_a_batch_count_as_taken() -> None:
    reservations: dict[str, OpeningReservation | None] = {}
    takebacks: list[str] = []
    now = openings.ReservedOpenings({("van-1", "crrtw", MONDAY): frozenset({1})}, reservations, takebacks)
    second = FIRST.model_copy(update={"n": 2})
    reservations[reservation_id(second)] = reserve(second, "r-2", None)
    assert now.get(("van-1", "crrtw", MONDAY)) == {1, 2}
    del reservations[reservation_id(second)]
    takebacks.append("a decision was taken back")
    assert now.get(("van-1", "crrtw", MONDAY)) == {1}


def test_an_opening_given_back_counts_until_the_batch_ends() -> None:
    reservations: dict[str, OpeningReservation | None] = {reservation_id(FIRST): release(FIRST, "r-1", None)}
    now = openings.ReservedOpenings({("van-1", "crrtw", MONDAY): frozenset({1})}, reservations, ())
    assert now.get(("van-1", "crrtw", MONDAY)) == {1}


def test_every_opening_of_a_week_that_was_not_read_counts_as_taken() -> None:
    now = openings.ReservedOpenings({}, {}, (), since=MONDAY)
    assert len(now.get(("van-1", "crrtw", date(2024, 10, 28)))) > 10_000
    assert now.get(("van-1", "crrtw", MONDAY)) == ()


def kept(*events: Event) -> list[ReceivedEvent]:
    return [ReceivedEvent(e, "", "", "", e.topic, e.key, n, NOON, NOON) for n, e in enumerate(events, 1)]


CALENDAR = CalendarPublished.model_validate(
    {
        "calendar_id": "bc", "revision": 1, "zone": "America/Vancouver", "holidays": ("2024-12-25",),
        "is_default": True, "from_on": "2024-01-01", "to_on": "2024-12-31", "name": "BC", "basis": "statutory holidays",
    }
)  # fmt: skip


async def test_the_register_is_loaded_once_program_terms_contract_and_calendar_are_known(conn: Connection) -> None:
    await registers.REPLICA.project(conn, kept(*CONTRACTS, site("van-1"), terms()))
    assert not (await registers.load_register(conn)).is_loaded
    found = [version for versions in programs().values() for version in versions]
    await registers.REPLICA.project(conn, kept(*found, CALENDAR))
    loaded = await registers.load_register(conn)
    assert loaded.is_loaded
    assert loaded.default_calendar.calendar_id == "bc"
    assert loaded.contract_on("c-crrtw-van-1", CUT_OVER) == contract(
        "crrtw", "van-1", ("Vancouver", "Burnaby"), first=CUT_OVER
    )
    assert {p.program for p in loaded.programs_on(CUT_OVER)} == {"or1", "crrtw"}


async def test_a_later_revision_of_a_contract_holds_from_its_own_day(conn: Connection) -> None:
    old = contract("crrtw", "van-1", ("Vancouver",), first=CUT_OVER)
    new = old.model_copy(update={"revision": 2, "holds_from": date(2025, 1, 1), "communities": ("Burnaby",)})
    await registers.REPLICA.project(conn, kept(new, old, old))
    found = await registers.load_register(conn)
    assert found.contract_on(old.contract_id, date(2024, 12, 31)) == old
    assert found.contract_on(old.contract_id, date(2025, 1, 1)) == new


async def test_a_new_declaration_replaces_the_openings_of_the_weeks_it_names(conn: Connection) -> None:
    def declared(revision: int, *weeks: tuple[date, int]) -> SiteCapacityDeclared:
        said = tuple(Week(week_on=week_on, openings=n) for week_on, n in weeks)
        return SiteCapacityDeclared(site_id="van-1", revision=revision, program="crrtw", weeks=said)

    next_week = date(2024, 11, 11)
    await registers.project_capacity(conn, kept(declared(1, (MONDAY, 3), (next_week, 2)), declared(2, (MONDAY, 1))))
    loaded = await registers.load_register(conn)
    assert loaded.capacity["van-1", "crrtw"] == {MONDAY: 1, next_week: 2}
