"""The service hears of a case from three topics and answers on its own."""

from collections.abc import AsyncIterator

import pytest

from services.program.app import service
from shared.events.portal import ProviderRecordedAttendance, ProviderSubmittedReport
from shared.events.program import AttendanceDay
from shared.events.referral import ProgramEnded, ProgramStarted, ReferralAccepted, ReferralHeld, ReferralResumed
from shared.filing import Document, save_documents
from tests.program.ground import CLINIC, CRRTW, FEES, ID, VISIT_ON, at, contract
from tests.program.test_case_store import CALENDAR
from tests.program.test_reports import SENT_ON, WHOLE
from tests.toy.inside import Inside, inside

ACCEPTED = ReferralAccepted(
    referral_id=ID, revision=5, site_id="van-1", contract_id="c-crrtw", payee_id="p-1", program="crrtw",
    program_revision=1, accepted_on=VISIT_ON,
)  # fmt: skip
STARTED = ProgramStarted(
    referral_id=ID, revision=7, site_id="van-1", contract_id="c-crrtw", payee_id="p-1", program="crrtw",
    program_revision=1, initial_visit_on=VISIT_ON,
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
    async with inside(database, service) as found:
        async with found.pool.acquire() as conn:
            body = CRRTW.to_bytes().decode()
            await save_documents(conn, [Document("program-published/crrtw/1", 0, 1, body)])
        yield found


async def said(program: Inside) -> list[str]:
    return [word.type.split(".")[2] for word in await program.words()]


async def test_register_referral_and_clinic_are_heard_in_one_batch(program: Inside) -> None:
    letters = [program.desk.write(e) for e in (contract(), FEES, CALENDAR, ACCEPTED, STARTED)]
    acts = [program.desk.write(e).saying(ce_time=at(SENT_ON).isoformat().encode()) for e in (REPORT, DAYS, DAYS)]
    await program.get(*letters, *acts)
    assert await program.parked() == []
    assert await said(program) == [
        *["obligation-scheduled"] * 5, "report-submitted", "report-accepted", "attendance-recorded", "action-applied",
    ]  # fmt: skip
    timers = await program.pool.fetch("SELECT name FROM timers ORDER BY name")
    assert [name for (name,) in timers] == [
        "report/progress-1", "report/progress-2", "report/progress-3", "report/rtw-plan",
    ]  # fmt: skip


async def test_what_is_said_of_a_referral_that_no_clinic_took_is_no_concern(program: Inside) -> None:
    held = ReferralHeld(referral_id=ID, revision=3, cause="claim", from_on=VISIT_ON)
    resumed = ReferralResumed(referral_id=ID, revision=4, cause="claim", from_on=VISIT_ON)
    await program.hear(held, resumed, REPORT)
    assert await program.parked() == []
    assert await said(program) == ["action-refused"]


async def test_a_case_goes_on_from_batch_to_batch(program: Inside) -> None:
    await program.hear(contract(), FEES, CALENDAR, ACCEPTED, STARTED)
    await program.hear(ReferralHeld(referral_id=ID, revision=8, cause="claim", from_on=VISIT_ON))
    await program.hear(ReferralResumed(referral_id=ID, revision=9, cause="claim", from_on=VISIT_ON))
    await program.hear(ProgramEnded(referral_id=ID, revision=10, last_on=SENT_ON, exit_reason="goal-achieved"))
    assert await program.parked() == []
    words = await said(program)
    assert (words.count("obligation-paused"), words.count("obligation-redated")) == (5, 5)
    assert (words.count("obligation-cancelled"), words[-1]) == (4, "obligation-scheduled")
