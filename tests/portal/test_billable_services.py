"""What is ready to bill: the dollars on the page are those that adjudication allows, knowing the same."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.portal.domain.billable_services import BillableService, billable_services, case_of
from services.portal.handlers import DOCUMENT_PROJECTIONS
from services.portal.store.case_documents import CaseDocument
from services.portal.store.referral_views import ReferralView, update
from shared.billing.adjudication import AdjudicationResult, judge
from shared.billing.case import Case
from shared.billing.fees import Terms
from shared.domain.decision import Event
from shared.events.portal import BilledLine
from shared.events.procurement import FeeLine, FeeSchedulePublished, Tier
from shared.events.program import Grant
from shared.events.published import Published
from tests.rules import billing as story

NOW = story.NOON + timedelta(days=21)
TODAY = story.day(21)
OFFERED = {"contract_id": "c-crrtw", "injured_on": date(2024, 9, 2)}  # what the offer told the clinic
LATE = st.integers(-5, 20)
DAYS = st.integers(0, 13)


class Told:
    """One case, told to the portal's projections and to adjudication's entitlement by the same events."""

    def __init__(self, *events: Event, terms: Terms = story.TERMS) -> None:
        self.view = ReferralView(story.ID, "van-1", "o-1", "R-1", "offered", 1, "w-1", dict(OFFERED))
        self.documents: dict[tuple[str, str], CaseDocument] = {}
        self.case, self.terms = story.told(), terms
        self.hear(*story.opened(), story.started(), *events)

    def hear(self, *events: Event) -> None:
        for event in events:
            self.case = story.told(event, case=self.case)
            update(self.view, event)
            if projection := DOCUMENT_PROJECTIONS.get(type(event)):
                name = projection.name_of(event)
                assert name
                document = self.documents.setdefault(name, CaseDocument(story.ID, *name))
                projection.apply(document, event)

    def stored(self) -> dict[str, list[CaseDocument]]:
        kinds: dict[str, list[CaseDocument]] = {"report": [], "attendance": [], "plan": [], "invoice": []}
        for document in self.documents.values():
            kinds[document.kind].append(as_stored(document))
        return kinds

    def shown(self) -> list[BillableService]:
        return list(billable_services(self.referral(), self.stored(), self.terms, NOW))

    def referral(self) -> dict[str, Any]:
        body: dict[str, Any] = as_json(self.view.body)
        return body

    def adjudicated(self, lines: Iterable[BilledLine]) -> AdjudicationResult:
        sent = story.bill(*lines, received=21, invoice_id="i-new")
        return judge(self.case, sent, self.terms, TODAY)


def as_json(body: dict[str, Any]) -> Any:
    return orjson.loads(orjson.dumps(body, default=str))


def as_stored(document: CaseDocument) -> CaseDocument:
    return CaseDocument(document.referral_id, document.kind, document.name, document.state, body=as_json(document.body))


def line_of(service: BillableService, n: int) -> BilledLine:
    return BilledLine(
        line=str(n), code=service.code, service_on=service.service_on, units=service.units, cents=service.cents,
        discipline=service.discipline or None,
    )  # fmt: skip


def terms_with(*versions: tuple[date, FeeLine]) -> Terms:
    """The contract, paid by one code whose fee changes on these days."""
    schedules = [
        FeeSchedulePublished(
            fee_schedule_id="fees-crrtw", revision=n, effective_from=on, basis="invented", lines=(fee,)
        )
        for n, (on, fee) in enumerate(versions, 1)
    ]
    return Terms.of(Published([story.contract(), *schedules, story.CALENDAR]))


tiers = st.lists(st.tuples(st.none() | st.integers(-3, 16), st.sampled_from((100, 75, 50, 33, 0))), max_size=3).map(
    lambda steps: tuple(Tier(late_to=late_to, percent=percent) for late_to, percent in steps)
)


def fees(**members: Any) -> st.SearchStrategy[FeeLine]:
    """A fee line of any price and limits, and with any tiers."""
    return st.builds(
        FeeLine, code=st.just("X-1"), description=st.just("a service"), cents=st.integers(0, 90_000),
        step=st.sampled_from((Decimal(1), Decimal("0.25"), Decimal("0.4"))), tiers=tiers,
        before_plan=st.sampled_from((None, 0, 1, 3)), min_days=st.integers(0, 4),
        max_per_day=st.sampled_from((None, Decimal(1), Decimal("0.5"))),
        max_per_week=st.sampled_from((None, Decimal(1), Decimal(2))),
        max_per_referral=st.sampled_from((None, Decimal(1), Decimal("2.5"))), dos_is_report_date=st.booleans(),
        disciplines=st.sampled_from(((), ("physical_therapist",))), **members,
    )  # fmt: skip


@given(fees(unit=st.just("report"), needs_report=st.just("initial")), LATE, DAYS)
def test_a_report_shows_the_dollars_that_adjudication_allows_for_its_whole_fee(
    fee: FeeLine, late: int, on: int
) -> None:
    told = Told(story.accepted("initial", on, late), terms=terms_with((date(2024, 1, 1), fee)))
    (allowed,) = told.adjudicated([story.line("X-1", on, fee.cents)]).lines
    assert sum(service.cents for service in told.shown()) == allowed.allowed_cents


@given(
    fees(unit=st.just("day"), attendance=st.just("day")),
    fees(unit=st.just("day"), attendance=st.just("day")),
    DAYS,
    DAYS,
)
def test_an_attended_day_shows_the_dollars_that_the_fee_of_that_day_allows(
    old: FeeLine, new: FeeLine, begins: int, on: int
) -> None:
    told = Told(story.came(on), terms=terms_with((date(2024, 1, 1), old), (story.day(begins), new)))
    fee = new if on >= begins else old
    (allowed,) = told.adjudicated([story.line("X-1", on, fee.cents)]).lines
    assert sum(service.cents for service in told.shown()) == allowed.allowed_cents


def sessions(name: str, units: str, first: int = 0, last: int = 60) -> Grant:
    """A grant of single sessions, done by the discipline that their fee pays."""
    granted = story.grant(name, "CR-SUP-OT", units, first, last)
    return granted.model_copy(update={"discipline": "occupational_therapist"})


records: st.SearchStrategy[Event] = st.one_of(
    st.builds(story.came, DAYS, status=st.sampled_from(("attended", "attended", "missed"))),
    st.builds(story.accepted, st.sampled_from(("initial", "progress", "job-site-visit", "rtw-plan")), DAYS, LATE),
    st.builds(
        story.asked, st.sampled_from(("CR-DAY", "CR-SUP-OT", "CR-EXT")), st.sampled_from(("1", "2.5")), plan=st.just(9)
    ),
    st.sampled_from(
        [
            story.approved(sessions("g-1", "3", 0, 9)),
            story.approved(sessions("g-2", "2.5", 5, 20), plan=2),
            story.approved(story.grant("g-3", "CR-DAY", "2"), plan=3),
            story.approved(story.grant("g-4", "CR-EXT", "1"), plan=4),
            story.approved(plan=1, ended=[("g-1", 4)]),
        ]
    ),
    st.builds(story.ended, st.integers(11, 20)),
)


@given(st.lists(records, max_size=25), st.lists(DAYS, max_size=3))
def test_an_invoice_of_all_that_is_ready_is_allowed_in_full_whatever_was_told_of_the_case(
    events: list[Event], billed: list[int]
) -> None:
    told = Told(story.came(*range(5)), story.came(*range(7, 12)), *events)
    for n, on in enumerate(billed):
        sent = story.bill(story.line("CR-DAY", on, 13_800), received=14, invoice_id=f"i-{n}")
        told.hear(story.received(sent))
        told.hear(story.announced(sent, judge(told.case, sent, told.terms, TODAY), TODAY))
    shown = told.shown()
    result = told.adjudicated(line_of(service, n) for n, service in enumerate(shown))
    assert [line.allowed_cents for line in result.lines] == [service.cents for service in shown]
    assert all(line.status == "ok" for line in result.lines)


@given(st.lists(records, max_size=25))
def test_the_portal_s_documents_tell_the_case_that_adjudication_keeps(events: list[Event]) -> None:
    told = Told(*events)
    sent = story.bill(story.line("CR-DAY", 0, 13_800), invoice_id="i-0")
    told.hear(story.received(sent))
    result = judge(told.case, sent, told.terms, TODAY)
    told.hear(story.announced(sent, result, TODAY))
    assert _comparable(case_of(told.referral(), told.stored())) == _comparable(told.case)


def _comparable(case: Case) -> dict[str, Any]:
    """Return what portal and invoice both know, where no order matters."""
    unknown = {"claim", "claim_number", "site_id", "withdrawn_on", "withdrawn_by", "unanswered"}
    members = {name: value for name, value in case._asdict().items() if name not in unknown}
    sent = [invoice._replace(rejected_on=None) for invoice in case.invoices]
    return (
        members
        | {"reports": set(case.reports), "grants": set(case.grants), "asked": set(case.asked)}
        | {"invoices": sent}
    )


def test_an_invoice_that_waits_unjudged_keeps_its_lines_from_being_billed_again() -> None:
    told = Told(story.came(1), story.ended(12))
    ready = told.shown()
    assert [service.code for service in ready] == ["CR-DAY"]
    sent = story.bill(*(line_of(service, n) for n, service in enumerate(ready)))
    told.hear(story.received(sent), story.announced(sent, AdjudicationResult(waits_for=("answer",)), TODAY))
    assert told.shown() == []


def test_a_service_whose_window_to_bill_has_closed_is_not_ready() -> None:
    told = Told(story.came(1), story.ended(12))
    documents = told.stored()
    last = story.CALENDAR.calendar().end_of(story.day(1 + 90))
    assert billable_services(told.referral(), documents, told.terms, last)
    assert not billable_services(told.referral(), documents, told.terms, last + timedelta(days=1))


def test_a_whole_week_is_proposed_instead_of_its_days() -> None:
    told = Told(story.came(0, 1, 2, 3), story.came(7, 8))
    assert [(service.code, service.service_on) for service in told.shown()] == [
        ("CR-WK", story.day(3)), ("CR-DAY", story.day(7)), ("CR-DAY", story.day(8))
    ]  # fmt: skip


def test_a_week_that_goes_on_is_not_proposed() -> None:
    told = Told(story.came(21))
    assert told.shown() == []


def test_single_sessions_are_ready_as_far_as_a_plan_grants_them() -> None:
    told = Told(story.came(*range(5)), story.approved(sessions("g-1", "2")))
    days = [service.service_on for service in told.shown() if service.code == "CR-SUP-OT"]
    assert days == [story.day(0), story.day(1)]


def test_a_ready_service_is_priced_by_the_fees_of_its_day() -> None:
    def fee(cents: int) -> FeeLine:
        return FeeLine(code="X-1", description="a day", unit="day", cents=cents, attendance="day")

    told = Told(story.came(1, 3), terms=terms_with((date(2024, 1, 1), fee(9_000)), (story.day(2), fee(9_600))))
    assert [service.cents for service in told.shown()] == [9_000, 9_600]


def test_a_report_that_came_later_than_any_tier_pays_for_is_not_ready() -> None:
    steps = (Tier(late_to=0, percent=100), Tier(late_to=5, percent=75))
    fee = FeeLine(code="X-1", description="a report", unit="report", cents=40_000, needs_report="initial", tiers=steps)
    for late, cents in ((0, [40_000]), (5, [30_000]), (6, [])):
        told = Told(story.accepted("initial", 1, late), terms=terms_with((date(2024, 1, 1), fee)))
        assert [service.cents for service in told.shown()] == cents


def test_nothing_is_ready_while_the_contract_is_not_known() -> None:
    assert Told(story.came(1), terms=Terms()).shown() == []
