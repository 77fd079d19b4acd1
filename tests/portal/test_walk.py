"""The walk: whatever others announce, whole or bare, every page, mail and paper that can show it shows words."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar, cast
from uuid import NAMESPACE_URL, uuid5

import pytest

from services.notification.app import _message as mail_of
from services.notification.domain.notice import Notice
from services.notification.domain.rule import Rule
from services.notification.store.rules import RULES
from services.portal.handlers import handlers
from services.referral.handlers import CLINIC_ACTIONS, OFFICER_ACTIONS
from shared.billing.adjudication import faults
from shared.codes import Side, code_list
from shared.domain.decision import INTERNAL, Event, Refusal, Violation
from shared.domain.decision import Decision as Decided
from shared.events import contracts, invoice, program, referral
from shared.events.notification import NoticeQueued
from shared.events.values import Standing
from tests.portal import story, treated
from tests.portal.conftest import built, furnished
from tests.portal.raw import faults_in, faults_on
from tests.portal.story import NOON
from tests.portal.walk import Walk, told, walking
from tests.program import context, planning
from tests.program import test_attendance as attendance
from tests.program import test_reports as reports
from tests.referral import test_admission as admission
from tests.referral.test_life import TUESDAY, Story
from tests.rules import billing
from tests.stack.databases import Databases

E = TypeVar("E", bound=Event)
DAY = timedelta(days=1)
MEMBERS: Mapping[str, Any] = {
    "referral_id": story.CASE,
    "record_key": story.CASE,
    "site_id": "s-north-1",
    "organisation_id": "o-north",
    "contract_id": "c-1",
    "payee_id": "p-1",
    "person_id": "W1",
    "invoice_id": treated.INVOICE,
    "remittance_id": treated.REMITTANCE,
    "run_id": treated.RUN,
    "recipient_id": "a-north",
    "plan": 1,
    "amends": 1,
    "report": "initial",
    "revision": 50,
}
_CREATED = (story.created(),)
_OFFERED = (*_CREATED, story.offered())
_SEEN = (*_OFFERED, story.acknowledged())
_ACCEPTED = (*_SEEN, story.accepted())
_BOOKED = (*_ACCEPTED, story.booked())
BEFORE: Mapping[type[Event], Sequence[Event]] = {
    referral.ReferralCreated: (),
    referral.ReferralNotAdmitted: (),
    referral.OfficerAssigned: _CREATED,
    referral.ProgramSelected: _CREATED,
    referral.ReferralUnplaced: _CREATED,
    referral.ReferralOffered: _CREATED,
    referral.ReferralOfferWithdrawn: _OFFERED,
    referral.ReferralAcknowledged: _OFFERED,
    referral.ReferralLapsed: _OFFERED,
    referral.ReferralDeclined: _SEEN,
    referral.ReferralAccepted: _SEEN,
    referral.AppointmentBooked: _ACCEPTED,
    referral.AppointmentMoved: _BOOKED,
    referral.AppointmentMissed: _BOOKED,
    referral.ProgramStarted: _BOOKED,
}
CASE = (
    *treated.ACTIVE,
    treated.due(),
    treated.attended((treated.DAY, "attended")),
    treated.asked_for(),
    treated.billed(),
)
HEARD = sorted(
    (kind for kind in handlers.types.values() if kind.topic not in {INTERNAL, "rehab-person"}),
    key=lambda kind: kind.type_name,
)


@pytest.fixture(scope="module")
async def walk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Walk]:
    """One portal for all cases."""
    folder = tmp_path_factory.mktemp("walk")
    async with built(databases) as house, furnished(house, folder) as portal, walking(house, portal) as found:
        yield found


def example(kind: type[Event]) -> dict[str, Any]:
    """The contract's golden example, told of this case."""
    said = json.loads((contracts.EXAMPLES / kind.type_name / "1.json").read_text())["value"]
    return cast("dict[str, Any]", fitted(said))


def fitted(part: Any) -> Any:
    """Ids of this case in place of the example's."""
    if isinstance(part, list):
        return [fitted(one) for one in part]
    if not isinstance(part, dict):
        return part
    said = {name: MEMBERS.get(name, fitted(value)) for name, value in part.items()}
    said |= {"kind": "initial"} if said.get("kind") == "kind-1" else {}
    is_service = "code" in said and ("units" in said or "service_on" in said)
    return said | {"code": "O1-DAY"} if is_service else said


def bare(said: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """Without any member that the contract lets out, at any depth."""
    if "$ref" in schema:
        return bare(said, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if isinstance(said, list):
        return [bare(one, schema.get("items", {}), root) for one in said]
    if not isinstance(said, dict) or "properties" not in schema:
        return said
    needed = schema.get("required", ())
    return {name: bare(value, schema["properties"][name], root) for name, value in said.items() if name in needed}


def variants(kind: type[Event]) -> Sequence[Event]:
    """Whole, and bare where the contract lets anything out."""
    said, schema = example(kind), kind.model_json_schema()
    without = bare(said, schema, schema)
    return [kind.model_validate(one) for one in ((said,) if without == said else (said, without))]


def _is_repeated(kind: type[Event]) -> bool:
    """Types that differ by the service that says them alone, and registers that the network is made of."""
    words = kind.type_name.split(".")
    return words[1] == "procurement" or (words[2] in {"action-applied", "action-refused"} and words[1] != "referral")


EVERYWHERE = pytest.param(True, marks=pytest.mark.long, id="every page")


@pytest.mark.parametrize("everywhere", [pytest.param(False, id="pages that list it"), EVERYWHERE])
async def test_every_announced_event_is_shown_in_words(walk: Walk, *, everywhere: bool) -> None:
    found, before = [], walk.seen
    for kind in HEARD:
        if everywhere or not _is_repeated(kind):
            for event in variants(kind):
                found += await walk.case(*BEFORE.get(kind, CASE), event, everywhere=everywhere)
    assert told(found) == ""
    assert walk.seen - before > 10 * len(BEFORE)


def made(kind: type[E], **members: Any) -> E:
    """The contract's example with what matters said."""
    return kind.model_validate(example(kind) | {"revision": 60} | members)


def reasons(name: str, side: Side | None = None) -> Sequence[str]:
    return [one.code for one in code_list(name) if side is None or side in one.used_by]


def flaws(name: str, **more: Any) -> list[dict[str, Any]]:
    """A flaw for each code of a list, with the words that its owner gives it."""
    words = [(one.code, one.wrong or one.sentence, one.fix or "put it right") for one in code_list(name)]
    return [{"code": code, "rule": rule, "fix": fix, **more} for code, rule, fix in words]


def referral_codes() -> Iterator[Sequence[Event]]:
    """Every code that a referral can tell of."""
    for cause, side in (("clinic", "clinic"), ("officer", "officer")):
        held = [
            made(referral.ReferralHeld, cause=cause, reason_code=code, review_on=treated.DAY)
            for code in reasons("hold-reasons", cast("Side", side))
        ]
        yield (*treated.ACTIVE, *held)
    yield (*treated.ACTIVE, made(referral.ReferralHeld, cause="claim", reason_code=None, review_on=None))
    yield from (
        (*treated.ACTIVE, made(referral.ReferralWithdrawn, reason_code=c)) for c in reasons("withdrawal-reasons")
    )
    yield from ((*treated.ACTIVE, made(referral.ProgramEnded, exit_reason=code)) for code in reasons("exit-reasons"))
    steps = reasons("next-steps")
    for n, code in enumerate(reasons("decline-reasons")):
        yield (*_SEEN, made(referral.ReferralDeclined, reason_code=code, next_step=steps[n % len(steps)]))
    for code in reasons("programs"):
        yield (*_CREATED, made(referral.ProgramSelected, program=code), made(referral.ReferralOffered, program=code))
    areas = [{"body_part": "23100", "side": side} for side in reasons("body-sides")]
    yield (made(referral.ReferralCreated, areas=areas, barriers=reasons("barriers")), *_OFFERED[1:], *_SEEN[2:])
    for standing in reasons("claim-standings"):
        interval = {"from_on": treated.DAY, "standing": standing}
        yield (*treated.ACTIVE, made(referral.ClaimStandingChanged, intervals=[interval]))
    yield (made(referral.ReferralNotAdmitted, failures=flaws("refusal-codes", field="claim_number")),)


def treatment_codes() -> Iterator[Sequence[Event]]:
    """Every code that reports, attendance, plans and invoices can tell of."""
    kinds = [
        treated.due(kind, 20 + n).model_copy(update={"kind": kind}) for n, kind in enumerate(reasons("report-kinds"))
    ]
    units = [
        treated.due(f"progress-{n}", 40 + n).model_copy(update={"unit": u}) for n, u in enumerate(reasons("units"))
    ]
    yield (*treated.ACTIVE, *kinds, *units)
    waived = [made(program.ObligationWaived, report=kinds[n].report, reason_code=c) for n, c in _few("waiver-reasons")]
    yield (*treated.ACTIVE, *kinds, *waived)
    over = [made(program.ObligationCancelled, report=kinds[n].report, cause=c) for n, c in _few("endings")]
    yield (*treated.ACTIVE, *kinds, *over)
    measures = dict.fromkeys(reasons("measures"), 10)
    sent = [made(program.ReportSubmitted, author_discipline=d, measures=measures) for d in reasons("disciplines")]
    for one in sent:
        yield (*treated.ACTIVE, treated.due(), one)
    returned = [
        {**flaw, "field": f"sections.{section}"}
        for flaw, section in zip(flaws("return-reasons") * 9, reasons("report-sections"), strict=False)
    ]
    yield (*treated.ACTIVE, treated.due(), sent[0], made(program.ReportReturned, fields=returned))
    days = [{"on": treated.DAY + n * DAY, "status": code} for n, code in enumerate(reasons("attendance"))]
    yield (*treated.ACTIVE, made(program.AttendanceRecorded, days=days))
    lines = [
        {**json.loads(treated.LINE.model_dump_json()), "line": str(n), "goal": goal, "code": "O1-DAY"}
        for n, goal in enumerate(reasons("goals"), 1)
    ]
    asked = made(program.PlanSubmitted, lines=lines)
    grants = [
        {**example(program.PlanApproved)["lines"][0], "grant": f"g-{n}", "line": str(n), "reason": code}
        for n, code in enumerate(reasons("plan-reasons"), 1)
    ]
    yield (*treated.ACTIVE, asked, made(program.PlanApproved, lines=grants, declined=[]))
    yield (*treated.ACTIVE, asked, made(program.PlanDeclined, reasons=flaws("plan-reasons", field="lines.1")))
    cuts = flaws("explanation-codes", field="lines.0.units", cents=100)
    for status in ("ok", "cut", "denied", "waiting"):
        line = {**json.loads(treated.judged(status, 7_500).model_dump_json()), "reasons": cuts}
        yield (*treated.ACTIVE, treated.billed(), made(invoice.InvoiceAdjudicated, lines=[line]))
    for until in (treated.DAY, None):
        yield (*treated.ACTIVE, treated.billed(), made(invoice.InvoicePended, waits_for=reasons("waits"), until=until))
    paid = {**example(invoice.RemittanceIssued)["lines"][0], "reasons": cuts, "code": "O1-DAY"}
    yield (*treated.ACTIVE, treated.payee(), treated.billed(), made(invoice.RemittanceIssued, lines=[paid]))


def _few(name: str) -> list[tuple[int, str]]:
    return list(enumerate(reasons(name)))


CODED = {"referrals": referral_codes, "treatment": treatment_codes}


@pytest.mark.parametrize("told_by", CODED)
async def test_every_code_of_every_list_is_shown_in_words(walk: Walk, told_by: str) -> None:
    found = []
    for events in CODED[told_by]():
        found += await walk.case(*events)
        texts = [text for path in ("a-north", "a-officer") for text in await walk.read(path)]
        assert [text for text in texts if "Not known here" in text] == []
    assert told(found) == ""


def mails(rule: Rule, number: str) -> str:
    """Return what somebody is sent by a rule."""
    notice = Notice(
        "n-1", 0, "a-north", rule.name, story.CASE, story.CASE, "", "", "queued", 0, NOON, NOON, number=number
    )
    message = mail_of(notice, "somebody@example.test")
    body = cast("bytes", message.get_payload(decode=True)).decode()
    return "\n".join(
        [str(message["Subject"]), *(line for line in body.splitlines() if not line.startswith("https://"))]
    )


@pytest.mark.parametrize("number", [story.NUMBER, ""])
@pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in RULES.items()])
def test_every_mail_is_in_words_whether_its_referral_is_known_or_not(rule: Rule, number: str) -> None:
    text = mails(rule, number)
    assert [fault for line in text.splitlines() for fault in faults_in(line)] == []
    assert (story.NUMBER in text) is bool(number and "{number}" in rule.subject)
    assert "//" not in text.replace("https://", "")


async def test_every_notice_is_shown_in_words(walk: Walk) -> None:
    found = []
    for on in sorted({rule.on for rule in RULES.values()}):
        queued = made(NoticeQueued, about=on, notice_id=str(uuid5(NAMESPACE_URL, on)))
        found += await walk.case(*_OFFERED, queued)
    assert told(found) == ""


MOMENTS: tuple[Callable[[], Story], ...] = (
    Story,
    lambda: Story().offer(),
    lambda: Story().offer().acknowledge(),
    lambda: Story().schedule(),
    lambda: Story().schedule().start(),
    lambda: Story().schedule().start().end(),
)
BAD_DAYS: Mapping[str, Any] = {
    "starts_at": TUESDAY - DAY,
    "confirmed_with_worker": False,
    "initial_visit_on": date(2020, 1, 1),
    "last_on": date(2030, 1, 1),
    "review_on": date(2020, 1, 1),
}


def refusals() -> Iterator[Decided]:
    """Yield what referral says to acts that it does not take, wherever the referral stands."""
    for begin in MOMENTS:
        for act in CLINIC_ACTIONS:
            bad: Any = {name: value for name, value in BAD_DAYS.items() if name in act.model_fields}
            yield begin().act(act, **bad)
            held = begin()
            held.hold_as_officer()
            yield held.act(act, **bad)
        for officer_act in OFFICER_ACTIONS:
            yield begin().rule(officer_act)
            yield begin().rule(officer_act, seen=77)


def treated_badly() -> Iterator[Decided]:
    """Yield what program says of reports, days and plans that it does not take."""
    begun = context.started()
    wrong: tuple[dict[str, Any], ...] = (
        {"service_on": None, "author_discipline": None, "document_id": None, "sections": (), "measures": {}},
        {"service_on": date(2024, 11, 1), "author_discipline": "psychologist", "measures": {"lift_kg": 900}},
        {"service_on": date(2030, 1, 1)},
        {"report": "discharge"},
    )
    yield from (reports.sent(begun, **bad) for bad in wrong)
    yield reports.waived(begun, reason=None)
    yield reports.returned(context.case_in(reports.sent(begun, terms=reports.REVIEWED)), reports.SENT_ON, fields=())
    ended = context.case_in(reports.sent(begun))
    yield reports.waived(ended)
    yield attendance.recorded(begun, attendance.day(1), attendance.day(28), attendance.day(28))
    yield attendance.recorded(context.opened(), attendance.day(4))
    yield planning.submit(begun)
    line = {**planning.VISIT, "to_on": date(2024, 11, 5), "units": "999", "discipline": "psychologist", "goal": "x"}
    yield planning.submit(
        planning.reported(), {"line": "1"}, line, {**line, "code": "NONE", "from_on": date(2024, 11, 1)}
    )
    decided_on = planning.context(planning.DECIDED_ON)
    yield planning.decide(planning.waiting(planning.VISIT), decided_on, ("visit", "99"), ("other", "1"))
    yield planning.amend(planning.reported(), 7, planning.MORE, on=decided_on)
    yield planning.reply(planning.waiting(planning.VISIT), decided_on)


def billed_badly() -> Iterator[Violation]:
    """Why lines of an invoice are cut or denied, and documents returned."""
    case = billing.active(billing.came(1, 2), billing.came(3, status="missed"), billing.due("initial"))
    asking = [("CR-DAY", 1, 99_999, "3"), ("NONE", 1, 5, "1"), ("CR-DAY", -9, 5, "1"), ("CR-DAY", 3, 13_800, "1.5")]
    asking += [
        ("CR-DAY", 3, 13_800, "1"),
        ("CR-ASSESS", 1, 42_000, "1"),
        ("CR-EXT", 2, 64_000, "1"),
        ("CR-WK", 4, 1, "1"),
    ]
    asking += [("CR-DISCH", 900, 1, "1"), ("CR-DAY", -90, 5, "1"), ("CR-DAY", 1, 13_800, "1")]
    lines = [billing.line(code, on, cents, units) for code, on, cents, units in asking]
    lines.append(billing.line("CR-ASSESS", 1, 42_000, discipline="physician"))
    late = billing.active(billing.accepted("initial", 1, late=3), billing.ended(9), *map(billing.claim, CLAIMS))
    for found, on in ((case, 14), (case, 400), (late, 14)):
        yield from (cut for judged in billing.judged(found, *lines, on=on) for cut in judged.reasons)
    bad = billing.bill(billing.line("CR-DAY", 20, -5, "0"), invoiced_on=billing.day(15), payee_id="p-9")
    yield from faults(bad, 7, billing.day(14), case, billing.TERMS)
    yield from faults(billing.bill(), 0, billing.day(14))


CLAIMS: tuple[tuple[date, Standing], ...] = (
    (billing.day(0), "accepted"),
    (billing.day(2), "suspended"),
    (billing.day(3), "pended"),
)


def refused_requests() -> Iterator[Violation]:
    """Why requests are not admitted."""
    for on in (date(2024, 9, 10), date(2024, 11, 5)):
        for wanted in (None, "or2", "crrtw", "or1"):
            for community in ("Vancouver", "Quesnel"):
                yield from admission.asked(on, community, wanted=wanted).failures


async def test_every_refusal_of_an_owner_is_shown_in_words(walk: Walk) -> None:
    decided = [decision for decision in (*refusals(), *treated_badly()) if isinstance(decision, Refusal)]
    said = {flaw: decision.allowed for decision in decided for flaw in decision.flaws}
    said |= dict.fromkeys(
        (Violation.model_validate(flaw.model_dump()) for flaw in (*billed_badly(), *refused_requests())), ()
    )
    assert len(said) > 80
    assert [fault for flaw in said for text in (flaw.rule, flaw.fix) for fault in faults_in(text)] == []
    allowed = tuple(sorted({name for names in said.values() for name in names} - {"none"}))
    await walk.case(*_OFFERED)
    visitor = walk.visitors["a-north"]
    for allows in ((), allowed):
        await visitor.open(f"/referrals/{story.NUMBER}/answer")
        pressed = asyncio.create_task(
            visitor.press("decline", comment="x", reason_code="other", next_step="ask-officer")
        )
        fact = await walk.portal.fact("provider-declined-referral")
        await walk.portal.refuse(fact, *said, allowed=allows)
        assert list(faults_on((await pressed).text)) == []
