"""Payment runs: their days, what is frozen at the cut-off, who releases them, and what each payee is paid."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.invoice.domain import limits, running
from services.invoice.domain.calendar import first_run, release_at
from services.invoice.domain.limits import LIMITS, RHYTHMS, approvals_needed
from services.invoice.domain.running import (
    Item,
    Payable,
    Payee,
    Run,
    RunContext,
    Status,
    approve,
    freeze,
    open_run,
    pay,
    start_run_day,
)
from services.invoice.domain.steps import ShareDue, ShareReleased
from shared.billing.windows import window_end
from shared.domain.calendar import Calendar
from shared.domain.decision import EventContext, Outcome, Refusal
from shared.events.invoice import PaymentReleased, RemittanceIssued, RemittanceLine, RunFrozen, RunReleased
from shared.events.portal import PaymentOfficerReleasedRun
from shared.events.values import Actor

PACIFIC = ZoneInfo("America/Vancouver")
BC = Calendar("bc", holidays=frozenset({date(2024, 10, 14), date(2024, 11, 11), date(2024, 12, 25), date(2025, 1, 1)}))
RUN = "run-2024-11-06"
CUT_OFF = datetime(2024, 11, 6, 0, tzinfo=UTC)  # Tuesday, 16:00 Pacific
OVER = LIMITS[0].cents + 1


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=PACIFIC).astimezone(UTC)  # type: ignore[arg-type, misc]  # year to minute


def item(n: int, payee: str = "p-1", cents: int = 100) -> Item:
    return Item(f"r-{n}", f"i-{n}", RUN, payee, cents)


def frozen(*items: Item) -> Run:
    (run,) = freeze(opened(), RunContext(BC, CUT_OFF, items)).changed
    assert isinstance(run, Run)
    return run


def opened() -> Run:
    return open_run(first_run(BC, CUT_OFF - timedelta(days=3)))[0]


def released_by(account: str) -> PaymentOfficerReleasedRun:
    return PaymentOfficerReleasedRun(
        by=Actor(account_id=account, role="payment_officer"), received_at=CUT_OFF, seen=0, idempotency_key="k",
        run_id=RUN,
    )  # fmt: skip


def event_context(at: datetime = CUT_OFF) -> EventContext:
    return EventContext("01930d2c-7f00-7000-8000-0000000000a1", "c", "p-1", at, at)


def test_a_run_is_on_wednesday_and_its_cut_off_on_tuesday_at_four() -> None:
    run = first_run(BC, local(2024, 11, 4, 9))
    assert run == (RUN, date(2024, 11, 6), CUT_OFF)
    assert run.cut_off_at == local(2024, 11, 5, 16)


def test_an_invoice_at_the_instant_of_the_cut_off_is_paid_by_the_next_run() -> None:
    assert first_run(BC, CUT_OFF - timedelta(microseconds=1)).run_id == RUN
    assert first_run(BC, CUT_OFF).run_on == date(2024, 11, 13)


def test_a_run_on_a_holiday_comes_on_the_business_day_before() -> None:
    christmas = first_run(BC, local(2024, 12, 20, 9))
    assert christmas.run_on == date(2024, 12, 24)
    assert christmas.cut_off_at == local(2024, 12, 23, 16)


def test_a_cut_off_passes_over_a_holiday() -> None:
    closed = Calendar("bc", holidays=frozenset({date(2024, 11, 12)}))
    assert first_run(closed, local(2024, 11, 7, 9)).cut_off_at == local(2024, 11, 11, 16)


def test_a_run_is_paid_at_nine_in_the_calendars_zone() -> None:
    assert release_at(BC, date(2024, 10, 30)) == datetime(2024, 10, 30, 16, tzinfo=UTC)
    assert release_at(BC, date(2024, 11, 6)) == datetime(2024, 11, 6, 17, tzinfo=UTC)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2025, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_of_any_instant_the_next_run_is_within_a_week_and_a_day(instant: datetime) -> None:
    run = first_run(BC, instant)
    assert instant < run.cut_off_at <= instant + timedelta(days=8)
    assert BC.is_business_day(run.run_on)
    assert run.cut_off_at < release_at(BC, run.run_on)


def test_a_window_that_ends_while_nobody_works_ends_on_the_next_business_day() -> None:
    assert window_end(BC, date(2024, 8, 13), 90) == date(2024, 11, 12)


def test_the_first_invoice_of_a_run_awaits_its_cut_off() -> None:
    run, arm = open_run(first_run(BC, CUT_OFF - timedelta(days=1)))
    assert (run.id, run.status) == (RUN, "open")
    assert (arm.key, arm.due_at) == (RUN, CUT_OFF)


def test_at_the_cut_off_a_run_tells_payee_by_payee_what_it_pays() -> None:
    outcome = freeze(opened(), RunContext(BC, CUT_OFF, [item(2, "p-2", 50), item(3), item(1, cents=30)]))
    (said,) = outcome.events
    assert isinstance(said, RunFrozen)
    assert [(s.payee_id, s.cents, s.invoices) for s in said.payees] == [
        ("p-1", 130, ("i-1", "i-3")),
        ("p-2", 50, ("i-2",)),
    ]
    assert (said.cents, said.approvals_needed) == (180, 0)
    assert [arm.due_at for arm in outcome.timers] == [local(2024, 11, 6, 9)]


def test_a_run_is_frozen_once() -> None:
    assert freeze(frozen(item(1)), RunContext(BC, CUT_OFF, [item(2)])) == Outcome()


def test_a_run_under_the_limit_releases_itself_on_its_day() -> None:
    outcome = start_run_day(frozen(item(1), item(2, "p-2")), RunContext(BC, local(2024, 11, 6, 9)))
    (said,) = outcome.events
    assert isinstance(said, RunReleased)
    assert (said.cents, said.released_by) == (200, ())
    assert [(arm.key, arm.due_at) for arm in outcome.timers] == [
        ("p-1", local(2024, 11, 6, 9)),
        ("p-2", local(2024, 11, 6, 9)),
    ]
    assert [arm.event.cents for arm in outcome.timers if isinstance(arm.event, ShareDue)] == [100, 100]


@pytest.mark.parametrize("status", ["open", "released"])
def test_a_run_that_is_not_frozen_pays_nothing_on_its_day(status: Status) -> None:
    assert start_run_day(frozen(item(1))._replace(status=status), RunContext(BC, local(2024, 11, 6, 9))) == Outcome()


def test_a_run_above_the_limit_waits_for_two_people() -> None:
    run = frozen(item(1, cents=OVER))
    assert run.needed == 2
    assert start_run_day(run, RunContext(BC, local(2024, 11, 6, 9))) == Outcome()
    first = approve(run, released_by("a-1"), RunContext(BC, local(2024, 11, 6, 10)))
    assert isinstance(first, Outcome)
    assert not first.events
    (once,) = first.changed
    assert isinstance(once, Run)
    again = approve(once, released_by("a-1"), RunContext(BC, local(2024, 11, 6, 11)))
    assert isinstance(again, Refusal)
    assert again.flaws[0].code == "TWO-PERSON"
    second = approve(once, released_by("a-2"), RunContext(BC, local(2024, 11, 6, 11)))
    assert isinstance(second, Outcome)
    (said,) = second.events
    assert isinstance(said, RunReleased)
    assert said.released_by == ("a-1", "a-2")


def test_two_people_who_release_a_run_early_do_not_pay_it_before_its_day() -> None:
    run = frozen(item(1, cents=OVER))._replace(approvals=("a-1",))
    early = approve(run, released_by("a-2"), RunContext(BC, local(2024, 11, 5, 17)))
    assert isinstance(early, Outcome)
    assert not early.events
    assert [(arm.name, arm.due_at) for arm in early.timers] == [("run-day", local(2024, 11, 6, 9))]
    (ready,) = early.changed
    assert isinstance(ready, Run)
    assert start_run_day(ready, RunContext(BC, local(2024, 11, 6, 9))).events


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (None, "NOT-FOUND"),
        (opened(), "RUN-OPEN"),
        (frozen(item(1)), "RUN-UNDER-LIMIT"),
        (frozen(item(1, cents=OVER))._replace(status="released"), "RUN-RELEASED"),
    ],
)
def test_only_a_frozen_run_above_the_limit_is_released_by_people(run: Run | None, code: str) -> None:
    refused = running.act(run, released_by("a-1"), RunContext(BC, CUT_OFF))
    assert isinstance(refused, Refusal)
    assert [(flaw.code, flaw.field) for flaw in refused.flaws] == [(code, "run_id")]


def test_the_rhythm_of_runs_is_dated_and_has_its_basis(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(rhythm.basis for rhythm in RHYTHMS)
    thursdays = RHYTHMS[0]._replace(from_on=date(2024, 11, 11), weekday=3, cut_off=time(12), release=time(8))
    monkeypatch.setattr(limits, "RHYTHMS", (thursdays, *RHYTHMS))
    assert first_run(BC, local(2024, 11, 4, 9)).cut_off_at == CUT_OFF
    later = first_run(BC, CUT_OFF)
    assert (later.run_on, later.cut_off_at) == (date(2024, 11, 14), local(2024, 11, 13, 12))
    assert release_at(BC, later.run_on) == local(2024, 11, 14, 8)


def test_the_limit_is_a_dated_number_with_its_basis() -> None:
    assert all(limit.basis for limit in LIMITS)
    assert approvals_needed(OVER, date(2024, 11, 6)) == 2
    assert approvals_needed(OVER - 1, date(2024, 11, 6)) == 0


def payable(n: int, lines: list[int], days: int = 90) -> Payable:
    said = tuple(
        RemittanceLine(
            referral_id=f"r-{n % 7}", invoice_id=f"i-{n}", number=f"N{n}", line=str(k), code="O1-DAY",
            service_on=date(2024, 10, 28), claimed_cents=cents, allowed_cents=cents,
        )
        for k, cents in enumerate(lines, 1)
    )  # fmt: skip
    return Payable(Item(f"r-{n % 7}", f"i-{n}", RUN, "p-1", sum(lines)), said, days)


DUE = ShareDue(payee_id="p-1", run_id=RUN, run_on=date(2024, 11, 6))


def test_a_payee_is_paid_once_with_a_remittance_of_every_line() -> None:
    outcome = pay(Payee("p-1"), DUE, [payable(1, [100, 0]), payable(8, [30]), payable(2, [5])], BC, event_context())
    paid, remittance = outcome.events
    assert isinstance(paid, PaymentReleased)
    assert isinstance(remittance, RemittanceIssued)
    assert paid.remittance_id == remittance.remittance_id
    assert (paid.cents, remittance.cents, len(remittance.lines)) == (135, 135, 4)
    assert remittance.dispute_until == date(2025, 2, 4)
    told = [(a.key, a.event.invoices) for a in outcome.timers if isinstance(a.event, ShareReleased)]
    assert told == [("r-1", ("i-1", "i-8")), ("r-2", ("i-2",))]
    (payee,) = outcome.changed
    assert isinstance(payee, Payee)
    assert pay(payee, DUE, [payable(1, [100])], BC, event_context()) == Outcome()


def test_a_payee_is_paid_what_was_frozen_or_nothing() -> None:
    due = DUE.model_copy(update={"cents": 135})
    assert pay(Payee("p-1"), due, [payable(1, [100, 5]), payable(2, [30])], BC, event_context()).events
    with pytest.raises(AssertionError, match="froze 135 cents for p-1, its invoices make 134"):
        pay(Payee("p-1"), due, [payable(1, [100, 4]), payable(2, [30])], BC, event_context())


def test_a_remittance_may_be_disputed_as_long_as_the_longest_of_its_contracts_says() -> None:
    outcome = pay(Payee("p-1"), DUE, [payable(1, [100], 90), payable(2, [100], 120)], BC, event_context())
    assert isinstance(outcome.events[1], RemittanceIssued)
    assert outcome.events[1].dispute_until == window_end(BC, DUE.run_on, 120)


def test_a_share_of_more_lines_than_a_record_holds_is_paid_with_several_remittances_of_whole_invoices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "MOST_LINES", 4)
    outcome = pay(Payee("p-1"), DUE, [payable(n, [10, 10]) for n in (1, 2, 3)], BC, event_context())
    remittances = [e for e in outcome.events if isinstance(e, RemittanceIssued)]
    assert [[(x.invoice_id, x.line) for x in r.lines] for r in remittances] == [
        [("i-1", "1"), ("i-1", "2"), ("i-2", "1"), ("i-2", "2")],
        [("i-3", "1"), ("i-3", "2")],
    ]
    told = [arm.event.remittance_id for arm in outcome.timers if isinstance(arm.event, ShareReleased)]
    assert told == [r.remittance_id for r in remittances for _ in {x.referral_id for x in r.lines}]
    assert pay(Payee("p-1"), DUE, [], BC, event_context()).events == ()


SHARES = st.lists(st.lists(st.integers(0, 99_999), min_size=1, max_size=5), min_size=1, max_size=30)


@given(SHARES, st.integers(1, 12))
def test_the_remittances_of_a_run_add_up_to_what_was_frozen_and_hold_each_line_once(
    shares: list[list[int]], most: int
) -> None:
    payables = [payable(n, lines) for n, lines in enumerate(shares)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "MOST_LINES", most)
        outcome = pay(Payee("p-1"), DUE, payables, BC, event_context())
    remittances = [e for e in outcome.events if isinstance(e, RemittanceIssued)]
    payments = [e for e in outcome.events if isinstance(e, PaymentReleased)]
    lines = [(line.invoice_id, line.line) for r in remittances for line in r.lines]
    assert sorted(lines) == sorted((p.item.invoice_id, line.line) for p in payables for line in p.lines)
    (said,) = freeze(opened(), RunContext(BC, CUT_OFF, [p.item for p in payables])).events
    assert isinstance(said, RunFrozen)
    assert sum(r.cents for r in remittances) == sum(p.cents for p in payments) == said.cents
    assert sum(line.allowed_cents for r in remittances for line in r.lines) == said.cents
    assert len({r.remittance_id for r in remittances}) == len(remittances)
