"""The service on a real database: events of a case from three topics, and its answers."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import pytest

from services.program.app import service
from shared.events.portal import (
    DeadlineReached,
    DecidedLine,
    OfficerDecidedPlan,
    PlannedLine,
    ProviderRecordedAttendance,
    ProviderSubmittedPlan,
    ProviderSubmittedReport,
)
from shared.events.program import AttendanceDay
from shared.events.referral import (
    ProgramEnded,
    ProgramStarted,
    ReferralAccepted,
    ReferralHeld,
    ReferralResumed,
    ReferralWithdrawn,
)
from shared.registers.published_documents import DOCUMENTS, Document
from tests.program.context import BC, CLINIC, CRRTW, FEES, ID, OFFICER, VISIT_ON, at, contract
from tests.program.test_case_store import CALENDAR
from tests.program.test_reports import SENT_ON, WHOLE
from tests.toy.inside import Inside, inside
from tests.toy.letters import Letter

ACCEPTED = ReferralAccepted(
    referral_id=ID, revision=5, site_id="van-1", contract_id="c-crrtw", payee_id="p-1", program="crrtw",
    program_revision=CRRTW.revision, accepted_on=VISIT_ON,
)  # fmt: skip
STARTED = ProgramStarted(
    referral_id=ID, revision=7, site_id="van-1", contract_id="c-crrtw", payee_id="p-1", program="crrtw",
    program_revision=CRRTW.revision, initial_visit_on=VISIT_ON,
)  # fmt: skip
REPORT = ProviderSubmittedReport.model_validate(
    {"by": CLINIC, "received_at": at(SENT_ON), "seen": 1, "idempotency_key": "k", "referral_id": ID,
     "site_id": "van-1", **WHOLE}
)  # fmt: skip
DAYS = ProviderRecordedAttendance(
    by=CLINIC, received_at=at(SENT_ON), seen=0, idempotency_key="l", referral_id=ID, site_id="van-1",
    days=(AttendanceDay(on=VISIT_ON, status="attended"),),
)  # fmt: skip


@pytest.fixture
async def program(database: str) -> AsyncIterator[Inside]:
    async with inside(database, service) as process:
        async with process.pool.acquire() as conn:
            body = CRRTW.to_bytes().decode()
            await DOCUMENTS.save(conn, [Document("program-published/crrtw/1", 0, 1, body)])
        yield process


async def announced(program: Inside) -> list[str]:
    return [word.type.split(".")[2] for word in await program.words()]


async def test_events_of_register_referral_and_clinic_are_applied_in_one_batch(program: Inside) -> None:
    letters = [program.desk.write(e) for e in (contract(), FEES, CALENDAR, ACCEPTED, STARTED)]
    acts = [program.desk.write(e).saying(ce_time=at(SENT_ON).isoformat().encode()) for e in (REPORT, DAYS, DAYS)]
    await program.get(*letters, *acts)
    assert await program.parked() == []
    assert await announced(program) == [
        *["obligation-scheduled"] * 5, "report-submitted", "report-accepted", "attendance-recorded", "action-applied",
    ]  # fmt: skip
    timers = await program.pool.fetch("SELECT name FROM timers ORDER BY name")
    assert [name for (name,) in timers] == [
        "report/progress-1", "report/progress-2", "report/progress-3", "report/rtw-plan",
    ]  # fmt: skip


async def test_events_of_a_referral_that_no_clinic_accepted_change_nothing_and_actions_are_refused(
    program: Inside,
) -> None:
    held = ReferralHeld(referral_id=ID, revision=3, cause="claim", from_on=VISIT_ON)
    resumed = ReferralResumed(referral_id=ID, revision=4, cause="claim", from_on=VISIT_ON)
    await program.hear(held, resumed, REPORT)
    assert await program.parked() == []
    assert await announced(program) == ["action-refused"]


async def test_a_case_goes_on_from_batch_to_batch(program: Inside) -> None:
    await program.hear(contract(), FEES, CALENDAR, ACCEPTED, STARTED)
    await program.hear(ReferralHeld(referral_id=ID, revision=8, cause="claim", from_on=VISIT_ON))
    await program.hear(ReferralResumed(referral_id=ID, revision=9, cause="claim", from_on=VISIT_ON))
    await program.hear(ProgramEnded(referral_id=ID, revision=10, last_on=SENT_ON, exit_reason="goal-achieved"))
    assert await program.parked() == []
    words = await announced(program)
    assert (words.count("obligation-paused"), words.count("obligation-redated")) == (5, 5)
    assert (words.count("obligation-cancelled"), words[-1]) == (4, "obligation-scheduled")


PLAN = ProviderSubmittedPlan(
    by=CLINIC, received_at=at(SENT_ON), seen=0, idempotency_key="m", referral_id=ID, site_id="van-1",
    lines=(
        PlannedLine(line="1", code="CR-JSV", units=Decimal("1.5"), from_on=date(2024, 11, 18),
                    to_on=date(2024, 11, 29), discipline="occupational_therapist", goal="adapt-workplace"),
    ),
)  # fmt: skip


def decided(seen: int) -> OfficerDecidedPlan:
    lines = (DecidedLine(line="1", units=Decimal("1.5")),)
    return OfficerDecidedPlan(by=OFFICER, received_at=at(SENT_ON), seen=seen, idempotency_key="n", referral_id=ID,
                              plan=1, lines=lines)  # fmt: skip


def on(day: date, letter: Letter) -> Letter:
    """Said on a day."""
    return letter.saying(ce_time=at(day).isoformat().encode())


async def test_a_plan_with_a_job_site_visit_goes_from_question_to_answer(program: Inside) -> None:
    await program.hear(contract(), FEES, CALENDAR, ACCEPTED, STARTED)
    write = program.desk.write
    await program.get(on(SENT_ON, write(REPORT)), on(SENT_ON, write(PLAN)))
    held = ReferralHeld(referral_id=ID, revision=8, cause="claim", from_on=SENT_ON)
    await program.get(on(SENT_ON, write(held)))
    resumed = ReferralResumed(referral_id=ID, revision=9, cause="claim", from_on=SENT_ON)
    await program.get(on(SENT_ON, write(resumed)))
    await program.get(on(date(2024, 11, 12), write(decided(3))))
    assert await program.parked() == []
    words = await announced(program)
    assert words[7] == "plan-submitted"
    assert words.count("deadline-moved") == 2
    assert words[-2:] == ["plan-approved", "obligation-scheduled"]
    withdrawn = ReferralWithdrawn(referral_id=ID, revision=10, cause="claim", from_on=SENT_ON)
    await program.get(on(date(2024, 11, 13), write(withdrawn)))
    assert (await announced(program))[-1] == "plan-discontinued"


async def test_a_plan_is_overdue_when_its_deadline_is_reached(program: Inside) -> None:
    await program.hear(contract(), FEES, CALENDAR, ACCEPTED, STARTED)
    write, due_at = program.desk.write, BC.end_of(date(2024, 11, 14))
    await program.get(on(SENT_ON, write(REPORT)), on(SENT_ON, write(PLAN)))
    strange = DeadlineReached(record_key=ID, service="referral", name="plan-decision/1", due_at=due_at)
    reached = strange.model_copy(update={"service": "program"})
    await program.get(write(strange), on(date(2024, 11, 15), write(reached)))
    assert await program.parked() == []
    assert (await announced(program))[-1] == "plan-decision-overdue"
