"""Units, limits, days and cents hold for every course of plans, decisions, deadlines and amendments."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.program.domain.case import Case
from services.program.domain.plan_lines import price
from services.program.domain.plans import all_grants
from shared.domain.decision import Decision, Event, Outcome
from shared.events.program import Grant, PlanApproved, PlanDeclined, PlanDeemedApproved, PlanLine, PlanSubmitted
from tests.program.context import CRRTW, VISIT_ON
from tests.program.planning import FEES, amend, close, context, decide, reported, submit

CODES = {
    "CR-JSV": ("kinesiologist", "0.25"), "CR-WK": ("physical_therapist", "1"), "CR-EXT": ("physical_therapist", "1"),
    "CR-SUP-CNS": ("clinical_counsellor", "1"),
}  # fmt: skip
MOST = {line.code: line.max_per_referral for line in FEES[-1].lines}
CENTS = {(fees.effective_from, line.code): line.cents for fees in FEES if fees.fee_schedule_id == "fees-crrtw"
         for line in fees.lines}  # fmt: skip
NEW_YEAR = date(2025, 1, 1)


def lines(data: st.DataObject, case: Case) -> list[dict[str, Any]]:
    """Some lines, some of them in place of grants that hold."""
    living: list[str | None] = [g.id for g in all_grants(case.plans) if g.is_living]
    result = []
    for n in range(data.draw(st.integers(1, 3))):
        code = data.draw(st.sampled_from([c for c in CODES if case.plans or c != "CR-EXT"]))
        discipline, step = CODES[code]
        from_on = VISIT_ON + timedelta(days=data.draw(st.integers(0, 70)))
        steps = data.draw(st.integers(1, 4) | st.integers(1, 24))
        members = {
            "line": f"l{n}", "code": code, "units": str(Decimal(step) * steps),
            "from_on": from_on, "to_on": from_on + timedelta(days=data.draw(st.integers(0, 60))),
            "discipline": discipline, "goal": "increase-capacity",
            "replaces": data.draw(st.sampled_from([*living, None])) if case.plans else None,
        }  # fmt: skip
        result.append(members)
    return result


def verdicts(data: st.DataObject, plan: PlanSubmitted) -> list[tuple[str, str, str]]:
    """Whole, half or none of each line, in steps; half of one may be more than was asked for."""
    shares = st.sampled_from([Decimal(1), Decimal("0.5"), Decimal(0)])
    result = []
    for line in plan.lines:
        step = Decimal(CODES[line.code][1])
        units = (line.units * data.draw(shares) / step).to_integral_value() * step
        result.append((line.line, str(units), "fewer-suffice"))
    return result


def live(data: st.DataObject) -> tuple[list[Event], Case]:
    """A few plans after another, as they may come."""
    case, event, today = reported(), list[Event](), VISIT_ON
    plan: PlanSubmitted | None = None
    for _ in range(data.draw(st.integers(3, 8))):
        today += timedelta(days=data.draw(st.integers(0, 8)))
        on = context(today, deemed_approval=data.draw(st.booleans()))
        asked = lines(data, case)
        decision: Decision = amend(case, len(case.plans), *asked, on=on) if case.plans else submit(case, *asked, on=on)
        case = _after(case, decision, event)
        plan = next((e for e in reversed(event) if isinstance(e, PlanSubmitted)), None)
        if plan and data.draw(st.booleans()) and case.plans[-1].deadline:
            today = on.calendar.day_of(case.plans[-1].deadline.due_at)
            on = context(today, 23, deemed_approval=data.draw(st.booleans()))
            case = _after(case, close(case, on), event)
            on = context(today + timedelta(days=data.draw(st.integers(0, 20))))
        if plan and not data.draw(st.booleans()):
            case = _after(case, decide(case, on, *verdicts(data, plan), plan=plan.plan), event)
            today = max(today, on.today)
    return event, case


def _after(case: Case, decision: Decision, announced: list[Event]) -> Case:
    """The case as the decision leaves it; a refusal leaves it as it was."""
    if isinstance(decision, Outcome):
        announced.extend(decision.events)
        (result,) = decision.changed or (case,)
        assert isinstance(result, Case)
        return result
    return case


def all_lines(announced: list[Event]) -> dict[tuple[int, str], PlanLine]:
    return {(e.plan, line.line): line for e in announced if isinstance(e, PlanSubmitted) for line in e.lines}


def announced_grants(announced: list[Event]) -> list[tuple[PlanApproved | PlanDeemedApproved, Grant]]:
    return [(e, g) for e in announced if isinstance(e, PlanApproved | PlanDeemedApproved) for g in e.lines]


@given(st.data())
def test_no_more_is_granted_than_asked_for_nor_for_other_days(data: st.DataObject) -> None:
    announced, _ = live(data)
    asked = all_lines(announced)
    for event, grant in announced_grants(announced):
        line = asked[event.plan, grant.line]
        assert 0 < grant.units <= line.units
        assert (grant.reason is None) == (grant.units == line.units)
        assert (grant.code, grant.discipline, grant.to_on) == (line.code, line.discipline, line.to_on)
        assert line.from_on <= grant.from_on <= grant.to_on
        assert grant.from_on >= VISIT_ON


@given(st.data())
def test_units_held_at_once_never_exceed_the_limit_of_a_code(data: st.DataObject) -> None:
    announced, case = live(data)
    held: dict[str, Grant] = {}
    for event in announced:
        if isinstance(event, PlanApproved | PlanDeemedApproved | PlanDeclined):
            for ended in event.ended:
                del held[ended.grant]  # what was ended held until then
        if isinstance(event, PlanApproved | PlanDeemedApproved):
            held |= {g.grant: g for g in event.lines}
            sums: dict[str, Decimal] = defaultdict(Decimal)
            for grant in held.values():
                sums[grant.code] += grant.units
            assert all(units <= (MOST[code] or units) for code, units in sums.items())
    assert {g.id for g in all_grants(case.plans) if g.is_living} == held.keys()


@given(st.data())
def test_cents_are_units_times_the_fee_of_the_line_s_first_day_rounded_once(data: st.DataObject) -> None:
    announced, _ = live(data)
    asked = all_lines(announced)
    first = min(day for day, _ in CENTS)
    for line in asked.values():
        fee = CENTS[NEW_YEAR if line.from_on >= NEW_YEAR else first, line.code]
        assert line.cents == (fee * line.units).quantize(Decimal(1), ROUND_HALF_UP)
    for event, grant in announced_grants(announced):
        line = asked[event.plan, grant.line]
        fee = CENTS[NEW_YEAR if line.from_on >= NEW_YEAR else first, line.code]
        assert grant.cents == (fee * grant.units).quantize(Decimal(1), ROUND_HALF_UP)
        assert grant.cents <= line.cents


@given(st.data())
def test_grants_have_ids_of_their_own_and_each_ends_once(data: st.DataObject) -> None:
    event, case = live(data)
    known = Counter(g.grant for _, g in announced_grants(event))
    assert set(known.values()) <= {1}
    decided = [e for e in event if isinstance(e, PlanApproved | PlanDeemedApproved | PlanDeclined)]
    over = Counter(ended.grant for e in decided for ended in e.ended)
    assert set(over.values()) <= {1}
    assert over.keys() <= known.keys()
    assert {g.id for g in all_grants(case.plans)} == known.keys()


@given(st.data())
def test_a_grant_begins_after_the_last_day_of_what_it_replaces(data: st.DataObject) -> None:
    announced, _ = live(data)
    asked, last = all_lines(announced), dict[str, date]()
    for event in announced:
        if isinstance(event, PlanApproved | PlanDeemedApproved):
            last |= {ended.grant: ended.last_on for ended in event.ended}
            replaced = [(g, asked[event.plan, g.line].replaces) for g in event.lines]
            assert all(last[old] < grant.from_on for grant, old in replaced if old)


@given(st.data())
def test_a_deemed_grant_never_reaches_back(data: st.DataObject) -> None:
    announced, _ = live(data)
    for event in announced:
        if isinstance(event, PlanDeemedApproved):
            assert all(g.from_on >= event.from_on and g.reason is None for g in event.lines)


@given(st.integers(0, 10**7), st.integers(0, 4 * 10**4))
def test_a_price_is_the_nearest_cent_and_half_a_cent_goes_up(cents: int, quarters: int) -> None:
    exact = Fraction(cents * quarters, 4)
    result = price(cents, Decimal(quarters) / 4)
    assert -Fraction(1, 2) < result - exact <= Fraction(1, 2)


def test_the_program_plans_what_these_properties_play_with() -> None:
    assert set(CODES) <= set(CRRTW.plan_lines)
