"""A deadline is closed by the portal: never early, never for those who could not see it, and once."""

from datetime import UTC, date, datetime, timedelta

from services.portal.domain.deadlines import (
    DeadlineDue,
    OpenDeadline,
    OpenDeadlines,
    close_deadlines,
    expire,
    move_deadline,
    open_deadline,
)
from services.portal.handlers import ANSWERED, handlers, on_deadline_opened
from shared.domain.calendar import Calendar
from shared.domain.decision import Outcome, SetTimer
from shared.events import catalogue
from shared.events.answers import DeadlineMoved, contract_of_service
from shared.events.portal import DeadlineReached
from shared.events.values import Deadline
from shared.messaging.timers import due as due_until
from tests.portal import story
from tests.portal.story import CASE, NOON
from tests.portal.world import World

BC = Calendar("bc", holidays=frozenset({date(2024, 11, 11)}))
FRIDAY = datetime(2024, 11, 8, 20, tzinfo=UTC)
TUESDAY_END = datetime(2024, 11, 13, 7, 59, 59, tzinfo=UTC)  # Monday is Remembrance Day
EMPTY = OpenDeadlines("r")


def opened(
    due_at: datetime, read_at: datetime = FRIDAY, name: str = "acknowledge/1", deadlines: OpenDeadlines = EMPTY
) -> Outcome:
    return open_deadline(deadlines, Deadline(name=name, due_at=due_at), "referral", read_at=read_at, calendar=BC)


def left_by(outcome: Outcome) -> OpenDeadlines:
    (deadlines,) = outcome.changed
    assert isinstance(deadlines, OpenDeadlines)
    return deadlines


def due(at: datetime, name: str = "acknowledge/1") -> DeadlineDue:
    return DeadlineDue(record_key="r", service="referral", name=name, due_at=at)


def test_a_deadline_closes_when_it_is_due() -> None:
    later = TUESDAY_END + timedelta(hours=3)
    assert opened(later).timers == (SetTimer("r", "acknowledge/1", later, due(later)),)


def test_a_deadline_that_could_not_be_shown_stays_open_to_the_end_of_the_first_business_day() -> None:
    long_ago = FRIDAY - timedelta(days=3)
    assert opened(long_ago).timers == (SetTimer("r", "acknowledge/1", TUESDAY_END, due(long_ago)),)


def test_a_reached_deadline_names_the_instant_that_its_owner_gave() -> None:
    deadlines = left_by(opened(FRIDAY))
    said = expire(deadlines, due(FRIDAY))
    assert said.events == (DeadlineReached(record_key="r", service="referral", name="acknowledge/1", due_at=FRIDAY),)
    assert left_by(said).open == ()


def test_the_next_deadline_takes_the_place_of_the_one_before() -> None:
    deadlines = left_by(opened(FRIDAY))
    answer = opened(TUESDAY_END, name="answer/1", deadlines=deadlines)
    assert answer.timers == (
        SetTimer("r", "acknowledge/1"),
        SetTimer("r", "answer/1", TUESDAY_END, due(TUESDAY_END, "answer/1")),
    )
    assert [deadline.name for deadline in left_by(answer).open] == ["answer/1"]


def test_deadlines_of_another_service_are_left_alone() -> None:
    plan = OpenDeadline("plan-decision/2", "program", FRIDAY)
    deadlines = OpenDeadlines("r", open=(plan,))
    assert plan in left_by(opened(FRIDAY, deadlines=deadlines)).open
    assert close_deadlines(deadlines, "referral") == Outcome()
    assert left_by(close_deadlines(left_by(opened(FRIDAY, deadlines=deadlines)), "referral")).open == (plan,)


def test_a_deadline_whose_clock_stands_still_is_not_armed_and_not_forgotten() -> None:
    deadlines = left_by(opened(FRIDAY))
    assert move_deadline(deadlines, "acknowledge/1", "referral", None) == Outcome(
        timers=(SetTimer("r", "acknowledge/1"),)
    )
    soon = FRIDAY + timedelta(hours=1)
    again = move_deadline(deadlines, "acknowledge/1", "referral", soon)
    assert again.timers == (SetTimer("r", "acknowledge/1", TUESDAY_END, due(soon)),)
    later = TUESDAY_END + timedelta(days=3)
    assert move_deadline(deadlines, "acknowledge/1", "referral", later).timers[0].due_at == later


def test_a_deadline_that_was_closed_too_soon_is_armed_anew() -> None:
    moved = move_deadline(EMPTY, "acknowledge/1", "referral", FRIDAY)
    assert moved.timers == (SetTimer("r", "acknowledge/1", FRIDAY, due(FRIDAY)),)
    assert [deadline.name for deadline in left_by(moved).open] == ["acknowledge/1"]


def test_an_answer_closes_every_deadline_of_its_owner() -> None:
    assert close_deadlines(left_by(opened(FRIDAY)), "referral").timers == (SetTimer("r", "acknowledge/1"),)
    assert close_deadlines(None, "referral") == Outcome()


async def timers(portal: World) -> dict[str, datetime]:
    rows = await portal.pool.fetch("SELECT name, due_at FROM timers WHERE of = $1", CASE)
    return {name: due_at for name, due_at in rows}  # noqa: C416 - rows are no pairs to the type checker


async def test_deadlines_open_move_and_close_with_the_referral(portal: World) -> None:
    await portal.hear(story.CALENDAR)
    await portal.hear(story.created(), story.offered())
    first = await timers(portal)
    assert list(first) == ["acknowledge/1"]
    await portal.hear(
        contract_of_service("referral", DeadlineMoved)(record_key=CASE, name="acknowledge/1", due_at=None)
    )
    assert await timers(portal) == {}
    far = datetime(2030, 1, 1, tzinfo=UTC)
    await portal.hear(contract_of_service("referral", DeadlineMoved)(record_key=CASE, name="acknowledge/1", due_at=far))
    assert await timers(portal) == {"acknowledge/1": far}
    await portal.hear(story.acknowledged())
    assert list(await timers(portal)) == ["answer/1"]
    await portal.hear(story.accepted())
    assert await timers(portal) == {}
    assert await portal.facts("deadline") == []


async def test_a_deadline_that_closes_is_said_once_in_the_place_of_what_people_do(portal: World) -> None:
    await portal.hear(story.created(), story.offered())
    await portal.post(f"/referrals/{story.NUMBER}/commands/acknowledge", "a-north", etag='"2"')
    async with portal.pool.acquire() as conn:
        due_timers = await due_until(conn, datetime(2031, 1, 1, tzinfo=UTC), portal.running.reader.types, NOON)
    await portal.running.persist(due_timers)
    acted, closed = (await portal.facts())[-2:]
    assert (acted.words, closed.words) == ("provider-acknowledged-referral", "deadline-reached")
    assert (acted.key, acted.topic) == (closed.key, closed.topic)
    assert closed.payload["due_at"].startswith("2024-11-05T12:00")
    await portal.apply(closed)
    assert await timers(portal) == {}


def test_every_event_with_a_deadline_opens_a_deadline_or_says_that_one_has_closed() -> None:
    telling = {kind for kind in catalogue.every().values() if "deadline" in kind.model_fields}
    assert telling
    assert {kind.__name__ for kind in telling - handlers.rules.keys()} == set()
    assert {kind for kind in telling if handlers.rules[kind].decide is not on_deadline_opened} <= set(ANSWERED)
