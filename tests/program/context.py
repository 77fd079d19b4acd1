"""A case in CRRTW at one clinic, with the catalogue as shipped, a small fee schedule, and a calendar with holidays."""

import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

from services.program.domain import lifecycle
from services.program.domain.case import Case, CaseTransition
from services.program.domain.context import CaseContext
from services.program.domain.register import Facts, Register
from services.program.handlers import handlers
from services.program.store.register import CONTENTS
from shared.domain.calendar import Calendar
from shared.domain.decision import Decision, Event, EventContext, Outcome, SetTimer
from shared.events.procurement import ContractActivated, FeeLine, FeeSchedulePublished
from shared.events.program import ProgramPublished
from shared.events.referral import ProgramStarted, ReferralAccepted
from shared.events.values import Actor
from shared.messaging.handlers import BatchState

ID = "7b0c2a4e-5d1f-5a3c-9e8b-1f2d3c4b5a69"
BC = Calendar("bc", holidays=frozenset({date(2024, 11, 11), date(2024, 12, 25), date(2025, 1, 1)}))
CATALOGUE = Path(__file__).parents[2] / "services" / "program" / "catalogue"
CRRTW = ProgramPublished.model_validate(tomllib.loads((CATALOGUE / "crrtw.toml").read_text()))
VISIT_ON = date(2024, 11, 4)  # a Monday
CLINIC = Actor(account_id="a-1", role="clinician", organisation_id="o-1")
OFFICER = Actor(account_id="a-2", role="claims_officer")
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def contract(**given: Any) -> ContractActivated:
    members = {
        "contract_id": "c-crrtw", "revision": 1, "holds_from": date(2024, 11, 1), "payee_id": "p-1",
        "organisation_id": "o-1", "program": "crrtw", "sites": ("van-1",), "communities": ("Vancouver",),
        "disciplines": ("physical_therapist", "kinesiologist", "occupational_therapist"),
        "effective_from": date(2024, 11, 1), "fee_schedule_id": "fees-crrtw", "calendar_id": "bc", **given,
    }  # fmt: skip
    return ContractActivated.model_validate(members)


FEES = FeeSchedulePublished(
    fee_schedule_id="fees-crrtw",
    revision=1,
    effective_from=date(2024, 11, 1),
    basis="invented",
    lines=(
        FeeLine(code="CR-WK", description="week", unit="week", cents=69000, before_plan=2),
        FeeLine(code="CR-EXT", description="week more", unit="week", cents=64000, before_plan=0, extension=True),
        FeeLine(code="CR-JSV", description="visit", unit="hour", cents=16500, step=Decimal("0.25"), before_plan=0,
                needs_report="job-site-visit"),
    ),
)  # fmt: skip


def at(day: date, hour: int = 12) -> datetime:
    """An instant of a working day in Vancouver."""
    return BC.start_of(day).astimezone(UTC).replace(minute=0) + (datetime(2024, 1, 1, hour) - datetime(2024, 1, 1))  # noqa: DTZ001 - a difference


def new_id(n: int) -> UUID:
    return uuid5(NAMESPACE_OID, f"a decision/{n}")


def context(day: date, hour: int = 12, **terms: Any) -> CaseContext:
    """The context of a decision on a day, under a contract with these terms."""
    return CaseContext(at(day, hour), new_id, BC, CRRTW, (contract(**terms),), (FEES,), CONTENTS)


def answer(case: Case | None, event: Event, on: CaseContext) -> Decision:
    """The service's own answer to an event, by its list of handlers; each event and instant gives ids of its own."""
    fees = {f.fee_schedule_id: tuple(g for g in on.fees if g.fee_schedule_id == f.fee_schedule_id) for f in on.fees}
    calendars = {c.calendar_id: on.calendar for c in on.contracts}
    register = Register({c.contract_id: tuple(on.contracts) for c in on.contracts}, fees, calendars)
    catalogue = {(case.program, case.program_revision): on.entry} if case else {}
    state = BatchState({Case: {event.key: case}}, Facts(register, catalogue, on.contents))
    event_context = EventContext(f"{event.to_bytes()!r} {on.at}", "", event.key, on.at, on.at)
    return handlers.rules[type(event)].decide(event, state, event_context)


class Left(NamedTuple):
    """A case as a decision left it, with what was announced and timed."""

    case: Case
    events: tuple[Event, ...]
    timers: tuple[SetTimer, ...]


def left(case: Case, decision: Outcome | CaseTransition) -> Left:
    """The case after a decision or a part of one; unchanged where the decision changed nothing."""
    outcome = decision if isinstance(decision, Outcome) else decision.outcome()
    return Left(case_in(outcome) if outcome.changed else case, outcome.events, outcome.timers)


def opened() -> Case:
    accepted = ReferralAccepted(
        referral_id=ID, revision=5, site_id="van-1", contract_id="c-crrtw", payee_id="p-1", program="crrtw",
        program_revision=CRRTW.revision, accepted_on=date(2024, 10, 31),
    )  # fmt: skip
    return case_in(lifecycle.open_case(None, accepted))


def started(visit_on: date = VISIT_ON) -> Case:
    event = ProgramStarted(
        referral_id=ID, revision=7, site_id="van-1", contract_id="c-crrtw", payee_id="p-1", program="crrtw",
        program_revision=CRRTW.revision, initial_visit_on=visit_on,
    )  # fmt: skip
    return case_in(lifecycle.start(opened(), event, context(visit_on)))


def case_in(decision: object) -> Case:
    """The case as a decision left it."""
    assert isinstance(decision, Outcome)
    (case,) = decision.changed
    assert isinstance(case, Case)
    return case


def events_in(decision: object) -> tuple[Event, ...]:
    assert isinstance(decision, Outcome)
    return decision.events
