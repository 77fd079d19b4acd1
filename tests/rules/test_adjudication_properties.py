"""Whatever is billed, in whatever order: sums hold, and nobody is paid for more than was granted."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.billing.adjudication import Bill, judge
from shared.billing.entitlement import Case, dump, load
from shared.billing.fees import cents_of
from shared.domain.decision import Event
from shared.events.invoice import JudgedLine
from shared.events.portal import BilledLine
from shared.events.values import Standing
from tests.rules.billing import (
    TERMS,
    accepted,
    active,
    announced,
    approved,
    asked,
    bill,
    came,
    claim,
    contract,
    day,
    due,
    ended,
    grant,
    line,
    received,
    submitted,
    told,
)

GRANTS = {"g-1": ("CR-SUP-OT", "3", 0, 20), "g-2": ("CR-SUP-OT", "2", 5, 40), "g-3": ("CR-DAY", "2", 0, 60)}
CODES = ("CR-ASSESS", "CR-EARLY", "CR-DAY", "CR-WK", "CR-EXT", "CR-PROG", "CR-JSV", "CR-SUP-OT", "TRAVEL", "NO-SUCH")
KINDS = ("initial", "progress", "job-site-visit", "rtw-plan")
days = st.integers(-3, 40)
STANDINGS: tuple[Standing, ...] = ("accepted", "accepted", "accepted", "pended", "suspended", "disallowed", "closed")
told_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(came, days, status=st.sampled_from(("attended", "attended", "missed"))),
    st.builds(due, st.sampled_from(KINDS)),
    st.builds(submitted, st.sampled_from(KINDS), days),
    st.builds(accepted, st.sampled_from(KINDS), days, st.integers(-5, 20)),
    st.builds(asked, st.sampled_from(CODES), st.sampled_from(("1", "2.5")), plan=st.integers(2, 3)),
    st.sampled_from([approved(grant(name, *said)) for name, said in GRANTS.items()]),
    st.sampled_from([approved(ended=[(name, 10)]) for name in GRANTS]),
    st.builds(ended, st.integers(20, 40)),
)
billed_lines: st.SearchStrategy[BilledLine] = st.builds(
    line, st.sampled_from(CODES), days, st.integers(0, 150_000), st.sampled_from(("1", "1", "2", "0.25", "3"))
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A case of which anything may have been said, most of its days attended."""
    turn = draw(st.sampled_from(STANDINGS))
    course = [claim((day(-60), "accepted"), (day(25), turn)), came(*range(0, 20, 2)), *draw(st.lists(told_events))]
    return active(*course)


@st.composite
def bills(draw: st.DrawFn) -> list[Bill]:
    """A few invoices in the order of their receipt."""
    sent = draw(st.lists(st.lists(billed_lines, min_size=1, max_size=5), min_size=1, max_size=4))
    named = [[x.model_copy(update={"line": str(n)}) for n, x in enumerate(lines)] for lines in sent]
    return [bill(*lines, received=41 + n, invoice_id=f"i-{n}") for n, lines in enumerate(named)]


def play(
    case: Case, sent: Iterable[Bill], again: Iterable[Event] = ()
) -> tuple[Case, dict[str, tuple[JudgedLine, ...]]]:
    """Invoices come in and are judged; then more is said, and what waits is judged again in the order of receipt."""
    found: dict[str, tuple[JudgedLine, ...]] = {}
    waiting: list[Bill] = []
    for one in sent:
        case = told(received(one), case=case)
        case = _judge(case, one, found, waiting)
    for event in again:
        case = told(event, case=case)
        left, waiting = waiting, []
        for one in left:
            case = _judge(case, one, found, waiting)
    return case, found


def _judge(case: Case, one: Bill, found: dict[str, tuple[JudgedLine, ...]], waiting: list[Bill]) -> Case:
    judgement = judge(case, one, TERMS, day(50))
    found[one.invoice_id] = judgement.lines
    waiting.extend([one] if judgement.waits_for else [])
    return told(announced(one, judgement, day(50)), case=case)


@given(cases(), bills(), st.lists(told_events, max_size=4))
def test_claimed_cents_are_the_allowed_ones_and_those_of_the_reasons(
    case: Case, sent: list[Bill], again: list[Event]
) -> None:
    _, found = play(case, sent, again)
    for one in sent:
        for billed, judged in zip(one.lines, found[one.invoice_id], strict=True):
            assert judged.claimed_cents == billed.cents
            assert judged.claimed_cents == judged.allowed_cents + sum(r.cents for r in judged.reasons)
            assert 0 <= judged.allowed_cents <= judged.claimed_cents
            assert all(r.cents >= 0 and r.code and r.field and r.rule and r.fix for r in judged.reasons)
            assert judged.status == "ok" or judged.reasons


@given(cases(), bills(), st.lists(told_events, max_size=4))
def test_a_paid_line_is_the_smaller_of_its_claim_and_the_fee_for_its_units(
    case: Case, sent: list[Bill], again: list[Event]
) -> None:
    _, found = play(case, sent, again)
    for judged in (x for lines in found.values() for x in lines if x.status in {"ok", "cut"}):
        priced = TERMS.fee_on(contract(), judged.code, judged.service_on)
        assert priced is not None
        assert judged.fee_revision == priced.revision
        assert judged.allowed_cents == min(judged.claimed_cents, cents_of(priced.fee, judged.units, judged.percent))
        assert judged.units <= judged.units_claimed
        assert sum((d.units for d in judged.drawn), Decimal(0)) == judged.units


@given(cases(), bills(), st.lists(told_events, max_size=4))
def test_no_more_is_paid_than_was_granted_or_than_a_referral_may_have(
    case: Case, sent: list[Bill], again: list[Event]
) -> None:
    _, found = play(case, sent, again)
    drawn: dict[str, Decimal] = defaultdict(Decimal)
    paid: dict[tuple[str, object], Decimal] = defaultdict(Decimal)
    for judged in (x for lines in found.values() for x in lines if x.status in {"ok", "cut"}):
        paid[judged.code, "referral"] += judged.units
        paid[judged.code, judged.service_on] += judged.units
        for draw in judged.drawn:
            drawn[draw.grant or f"referral/{judged.code}"] += draw.units
    for (code, span), units in paid.items():
        priced = TERMS.fee_on(contract(), code, day(0))
        assert priced is not None
        most = priced.fee.max_per_referral if span == "referral" else priced.fee.max_per_day
        assert most is None or units <= most
        if priced.fee.before_plan is not None:
            assert drawn[f"referral/{code}"] <= priced.fee.before_plan
    for name, (_, granted, _, _) in GRANTS.items():
        assert drawn[name] <= Decimal(granted)


@given(cases(), bills())
def test_the_same_case_and_invoice_give_the_same_judgement(case: Case, sent: list[Bill]) -> None:
    after, _ = play(case, sent)
    for one in sent:
        assert judge(after, one, TERMS, day(60)) == judge(load(dump(after)), one, TERMS, day(60))


@given(cases(), bills(), st.permutations(("CR-SUP-PHY", "CR-SUP-CNS")))
def test_records_of_other_codes_and_days_change_no_line(case: Case, sent: list[Bill], others: list[str]) -> None:
    more = [approved(grant(f"x-{code}", code, "2"), plan=8) for code in others]
    elsewhere = told(*more, came(100), accepted("follow-up", 100), case=case)
    for one in sent:
        assert judge(case, one, TERMS, day(50)) == judge(elsewhere, one, TERMS, day(50))


@given(cases(), bills(), st.lists(told_events, max_size=4))
def test_once_every_wait_is_over_only_a_claim_is_waited_for(case: Case, sent: list[Bill], again: list[Event]) -> None:
    after, _ = play(case, sent, again)
    for one in sent:
        found = judge(after, one, TERMS, day(90))
        assert set(found.waits_for) <= {"claim"}
        assert found.until is None


@given(cases(), bills(), st.lists(told_events, max_size=4))
def test_any_case_is_read_back_from_json_as_it_was(case: Case, sent: list[Bill], again: list[Event]) -> None:
    after, _ = play(case, sent, again)
    assert load(dump(after)) == after
