"""What a page says of a decision and of a deadline is what holds: after a late decision, after a hold."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from services.portal.domain.day_count import Pause, count_days
from services.portal.store.projections.plans import PlanDeadlineMoved
from services.portal.store.referral_views import ReferralDeadlineMoved
from services.program.domain.obligations import redated
from shared.domain.decision import Violation
from shared.events.program import (
    Ended,
    Grant,
    ObligationPaused,
    ObligationRedated,
    PlanApproved,
    PlanDeclined,
    PlanDeemedApproved,
)
from tests.portal import story, treated
from tests.portal.story import CASE, NOON, NUMBER
from tests.portal.visitor import visiting
from tests.portal.world import World

BC = story.CALENDAR.calendar()
DAYS = st.dates(date(2024, 1, 1), date(2029, 12, 31))
PLACES = (("a-north", f"/referrals/{NUMBER}/plan"), ("a-officer", f"/officer/referrals/{NUMBER}/plans/1"))
LAST_DEEMED = treated.DAY + timedelta(days=3)


def grant(name: str, units: int, cents: int) -> Grant:
    return Grant(
        grant=name,
        line="1",
        code="OR-DAY",
        units=Decimal(units),
        from_on=treated.DAY,
        to_on=treated.DAY + 4 * treated.WEEK,
        discipline="physical_therapist",
        cents=cents,
    )


def deemed() -> PlanDeemedApproved:
    return PlanDeemedApproved(
        referral_id=CASE,
        revision=9,
        plan=1,
        certificate="certificate-1",
        lines=(grant("g-deemed", 20, 200_000),),
        from_on=treated.DAY,
    )


ENDED = (Ended(grant="g-deemed", last_on=LAST_DEEMED),)


async def test_after_a_late_decision_a_plan_shows_what_was_decided_and_until_when_the_deemed_grant_held(
    portal: World,
) -> None:
    late = PlanApproved(
        referral_id=CASE,
        revision=10,
        plan=1,
        lines=(grant("g-late", 10, 100_000),),
        ended=ENDED,
        notified_on=LAST_DEEMED,
    )
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.asked_for(), deemed())
    for account, place in PLACES:
        async with visiting(portal, account) as visitor:
            assert "$2,000.00" in await visitor.open(place)
            assert "Deemed approved." in visitor.page.text
    await portal.hear(late)
    for account, place in PLACES:
        async with visiting(portal, account) as visitor:
            text = re.sub(r"<[^>]+>", " ", await visitor.open(place))
            assert re.search(r"\b10\b\s+Before that 20, until Fri 15 Nov 2024", text), place
            assert re.search(r"Granted in all\s+\$1,000\.00", text), place
            assert "it holds as it was asked for" not in text


async def test_after_a_late_refusal_a_plan_grants_nothing_and_says_why(portal: World) -> None:
    why = Violation(code="no-goal", rule="the line leads to no goal", fix="amend it", field="lines.1")
    refused = PlanDeclined(referral_id=CASE, revision=10, plan=1, reasons=(why,), ended=ENDED, notified_on=LAST_DEEMED)
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.asked_for(), deemed(), refused)
    for account, place in PLACES:
        async with visiting(portal, account) as visitor:
            text = re.sub(r"<[^>]+>", " ", await visitor.open(place))
            assert re.search(r"Nothing\s+The line leads to no goal\.\s+Before that 20", text), place
            assert re.search(r"Granted in all\s+\$0\.00", text), place


async def test_each_side_is_told_whose_answer_is_due(portal: World) -> None:
    question = await portal.pool.fetchval("SELECT gen_random_uuid()::text")
    await portal.hear(story.CALENDAR, *treated.ACTIVE, treated.asked_for(), treated.questioned(question))
    for (account, place), words in zip(PLACES, ("Your answer is due", "The clinic's answer is due"), strict=True):
        async with visiting(portal, account) as visitor:
            assert words in (await visitor.open(place)).replace("&#39;", "'")


@given(DAYS, st.integers(1, 30), st.integers(0, 40), st.integers(0, 60))
def test_after_a_hold_as_many_days_are_counted_as_the_rule_gives(
    anchor: date, days: int, until_stop: int, still: int
) -> None:
    due_at = BC.end_of(BC.add_business_days(anchor, days))
    stopped_at = BC.start_of(anchor + timedelta(days=until_stop)) + timedelta(hours=12)
    assume(stopped_at < due_at)
    at = stopped_at + timedelta(days=still)
    new = redated(due_at, stopped_at, at, BC)
    left = BC.business_days_between(BC.day_of(stopped_at), BC.day_of(due_at))
    counted = count_days(BC, anchor, BC.day_of(new), (Pause(BC.day_of(stopped_at), BC.day_of(at)),))
    assert counted[-1].n == (days if left else days + 1)  # one day at least is left


def last_number(text: str) -> int:
    """The number of the last counted day of the first list of days on a page."""
    (days,) = re.findall(r'<ol class="pp-days".*?</ol>', text, re.DOTALL)[:1]
    return int(re.findall(r"day (\d+)", days)[-1])


async def test_the_reason_for_a_reports_day_stays_true_after_a_hold(portal: World) -> None:
    rule = treated.due().model_copy(update={"due_at": BC.end_of(BC.add_business_days(treated.DAY, 5))})
    stopped = datetime(2024, 11, 14, 20, tzinfo=NOON.tzinfo)
    again = stopped + timedelta(days=20)
    new = redated(rule.due_at, stopped, again, BC)
    await portal.hear(story.CALENDAR, *treated.ACTIVE, rule)
    await portal.get(
        [
            portal.desk.write(ObligationPaused(referral_id=CASE, revision=8, report="initial", cause="clinic")).saying(
                ce_time=stopped.isoformat().encode()
            ),
            portal.desk.write(
                ObligationRedated(referral_id=CASE, revision=9, report="initial", due_at=new, cause="resumed")
            ).saying(ce_time=again.isoformat().encode()),
        ]
    )
    async with visiting(portal, "a-north") as visitor:
        for place in ("/inbox", f"/referrals/{NUMBER}", f"/referrals/{NUMBER}/reports"):
            text = await visitor.open(place)
            assert "on hold" in text, place
            assert last_number(text) == 5, place


async def test_the_reason_for_the_deadline_of_an_offer_or_a_plan_is_shown_after_a_hold(portal: World) -> None:
    later = NOON + timedelta(days=30)
    name = story.acknowledged().deadline.name
    await portal.hear(story.CALENDAR, story.created(), story.offered(), story.acknowledged())
    await portal.hear(
        ReferralDeadlineMoved(record_key=CASE, name=name),
        ReferralDeadlineMoved(record_key=CASE, name=name, due_at=later),
    )
    async with visiting(portal, "a-north") as visitor:
        assert "pp-days" in await visitor.open(f"/referrals/{NUMBER}/answer")
        assert "pp-days" in await visitor.open("/inbox")
    await portal.hear(story.accepted(), story.booked(), treated.started(), treated.asked_for())
    plan = treated.asked_for().deadline.name
    await portal.hear(
        PlanDeadlineMoved(record_key=CASE, name=plan), PlanDeadlineMoved(record_key=CASE, name=plan, due_at=later)
    )
    for account, place in PLACES:
        async with visiting(portal, account) as visitor:
            assert "pp-days" in await visitor.open(place), place
