"""Cases and the register come back from the database as they were saved."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from services.program.app import service
from services.program.domain import lifecycle
from services.program.domain.case import Case
from services.program.store import register as registers
from services.program.store.cases import CASES
from services.program.store.facts import load_facts_for_cases
from shared.database.postgres import Connection, open_session
from shared.domain.decision import Event
from shared.events.procurement import CalendarPublished
from shared.events.referral import ReferralHeld
from shared.messaging.handlers import ReceivedEvent
from shared.registers.published_documents import DOCUMENTS, Document
from tests.program.context import BC, CRRTW, FEES, ID, at, case_in, context, contract, new_id, opened, started
from tests.program.test_attendance import day, recorded
from tests.program.test_reports import SENT_ON, sent

NOON = datetime(2024, 11, 5, 20, tzinfo=UTC)
CALENDAR = CalendarPublished(
    calendar_id="bc", revision=1, name="BC", zone=BC.zone, holidays=tuple(sorted(BC.holidays)),
    from_on=date(2021, 1, 1), to_on=date(2026, 12, 31), is_default=True, basis="invented",
)  # fmt: skip


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    session = await open_session(database, "program", "program")
    yield session
    await session.close()


def full() -> Case:
    """With a report sent in, days, and a hold."""
    case = case_in(recorded(case_in(sent(started())), day(4), day(5, "missed")))
    held = ReferralHeld(referral_id=ID, revision=8, cause="claim", from_on=SENT_ON)
    return case_in(lifecycle.hold(case, held, context(SENT_ON)))


def received(event: Event) -> ReceivedEvent:
    return ReceivedEvent(event, "e", "", "", event.topic, event.key, 1, NOON, NOON)


async def test_a_case_comes_back_as_it_was(conn: Connection) -> None:
    saved = [full(), opened()._replace(id="r-2")]
    assert await CASES.save(conn, saved) == 2
    assert await CASES.load(conn, sorted([ID, "r-2", "r-3"])) == [c._replace(version=1) for c in saved]


async def test_a_case_that_somebody_else_saved_meanwhile_is_not_overwritten(conn: Connection) -> None:
    assert await CASES.save(conn, [full()]) == 1
    assert await CASES.save(conn, [full()]) == 0
    assert await CASES.save(conn, [full()._replace(version=1)]) == 1


async def test_a_case_is_decided_by_its_contract_as_it_holds_on_the_day_and_by_its_own_entry(conn: Connection) -> None:
    later = contract(revision=2, holds_from=date(2025, 1, 1), reviewed_reports=("initial",))
    await registers.REPLICA.project(conn, [received(e) for e in (contract(), later, FEES, CALENDAR)])
    body = CRRTW.to_bytes().decode()
    await DOCUMENTS.save(conn, [Document("program-published/crrtw/1", 0, 1, body)])
    facts = await load_facts_for_cases(conn, [])
    then = facts.context(opened(), at(date(2024, 11, 8)), new_id)
    assert (then.contract, then.entry) == (contract(), CRRTW)
    assert then.calendar.holidays == BC.holidays
    assert facts.context(opened(), at(date(2025, 1, 2)), new_id).contract == later
    fee = then.fee_on("CR-JSV", date(2024, 11, 8))
    assert fee is not None
    assert fee.cents == 16500
    assert then.fee_on("CR-JSV", date(2024, 10, 8)) is None


async def test_a_decision_under_an_unpublished_contract_raises(conn: Connection) -> None:
    facts = await load_facts_for_cases(conn, [])
    with pytest.raises(LookupError, match="c-crrtw"):
        facts.context(opened()._replace(program_revision=77), NOON, new_id)


def test_required_contents_are_known_for_every_kind_of_report_of_the_catalogue() -> None:
    known = {r.kind for r in registers.CONTENTS}
    assert {k.kind for k in CRRTW.reports} <= known
    measures = [r for r in registers.CONTENTS if r.part == "measure"]
    assert all(r.low < r.high for r in measures)


def test_the_service_listens_to_whatever_concerns_a_case() -> None:
    assert set(service.listens) == {"rehab-referral", "rehab-portal", "rehab-procurement", "rehab-invoice"}
    assert (Path(service.folder) / "migrations").is_dir()
