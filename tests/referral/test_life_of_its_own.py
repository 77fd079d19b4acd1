"""Whatever happens, and in whatever order: what a referral may never do."""

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.referral.domain import answering, placement
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Active,
    Discharged,
    Matched,
    Offered,
    Scheduled,
    Unplaced,
    Withdrawn,
)
from shared.domain.decision import Outcome, Refusal
from shared.events.portal import (
    DeadlineReached,
    OfficerHeldReferral,
    OfficerResumedReferral,
    OfficerWithdrewReferral,
    ProviderAcceptedReferral,
    ProviderAcknowledgedReferral,
    ProviderBookedAppointment,
    ProviderDeclinedReferral,
    ProviderEndedProgram,
    ProviderMovedAppointment,
    ProviderReportedMissed,
    ProviderResumedReferral,
    ProviderStartedReferral,
)
from shared.events.referral import ReferralDeclined, ReferralLapsed, ReferralOffered
from tests.referral.register import TOWNS, register
from tests.referral.test_life import Story

TAKING = (
    ProviderAcknowledgedReferral,
    ProviderAcceptedReferral,
    ProviderDeclinedReferral,
    ProviderBookedAppointment,
    ProviderMovedAppointment,
    ProviderReportedMissed,
    ProviderStartedReferral,
    ProviderEndedProgram,
)
HELD = {"referral-held", "referral-resumed", "referral-withdrawn", "referral-offer-withdrawn", "referral-lapsed"}
_MOST_REFUSALS = 3


class Life(RuleBasedStateMachine):
    """A referral among clinics, a claim and a clock."""

    story: Story

    @initialize(openings=st.sampled_from([1, 2, 0]), wanted=st.sampled_from(["crrtw", "or2"]))
    def admitted(self, openings: int, wanted: str) -> None:
        self.story = Story(register=register(openings=openings))
        if wanted == "or2":
            early = {"program": "or2", "requested_on": date(2024, 10, 21)}
            self.story.referral = self.story.referral._replace(**early)  # type: ignore[arg-type]  # members by name
        self.story.offer()

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.story.at += timedelta(hours=hours)

    @rule(kind=st.sampled_from(TAKING), site=st.none() | st.sampled_from(sorted(TOWNS)), stale=st.booleans())
    def a_clinic_acts(self, kind: type, site: str | None, *, stale: bool) -> None:
        what: dict[str, object] = {"seen": self.story.referral.revision - stale}
        if kind is ProviderDeclinedReferral:
            what |= {"reason_code": "other", "next_step": "offer-to-next", "comment_id": "d", "comment_sha256": "h"}
        if kind in {ProviderBookedAppointment, ProviderMovedAppointment}:
            what |= {"starts_at": self.story.at + timedelta(days=2), "confirmed_with_worker": True}
        if kind is ProviderStartedReferral:
            what |= {"initial_visit_on": self.story.context.today}
        if kind is ProviderEndedProgram:
            what |= {"last_on": self.story.context.today, "exit_reason": "goal-achieved"}
        before, offer = self.story.referral, self.story.referral.offer
        decision = self.story.act(kind, site, **what)
        if stale or before.holds or (site and (offer is None or site != offer.site_id)):
            assert isinstance(decision, Refusal)
            assert self.story.referral == before

    @precondition(lambda self: isinstance(self.story.referral.state, Offered) and not self.story.referral.holds)
    @rule()
    def a_clinic_takes_it(self) -> None:
        self.story.acknowledge().accept()
        assert isinstance(self.story.referral.state, Accepted)

    @precondition(lambda self: isinstance(self.story.referral.state, Accepted) and not self.story.referral.holds)
    @rule(days=st.integers(1, 30))
    def the_first_visit_is_agreed(self, days: int) -> None:
        at = self.story.at + timedelta(days=days)
        agreed: dict[str, Any] = {"starts_at": at, "confirmed_with_worker": True, "late_reason_code": "travel"}
        self.story.act(ProviderBookedAppointment, **agreed)
        assert isinstance(self.story.referral.state, Scheduled)

    @precondition(lambda self: isinstance(self.story.referral.state, Scheduled) and not self.story.referral.holds)
    @rule()
    def the_first_visit_takes_place(self) -> None:
        self.story.start()
        assert isinstance(self.story.referral.state, Active)

    @precondition(lambda self: isinstance(self.story.referral.state, Active) and not self.story.referral.holds)
    @rule()
    def treatment_is_over(self) -> None:
        self.story.end()

    @rule(kind=st.sampled_from(["initial", "discharge"]))
    def a_report_is_in(self, kind: str) -> None:
        self.story.report(kind)

    @rule(holds=st.booleans())
    def the_clinic_stands_still_or_goes_on(self, *, holds: bool) -> None:
        before = self.story.referral
        decision = self.story.hold() if holds else self.story.act(ProviderResumedReferral)
        if isinstance(decision, Outcome):
            assert before.held_by("clinic") is not holds
            assert self.story.referral.held_by("clinic") is holds

    @rule(kind=st.sampled_from([OfficerHeldReferral, OfficerResumedReferral]))
    def the_officer_holds_or_resumes(self, kind: type) -> None:
        before = self.story.referral
        what: dict[str, Any] = {"reason_code": "medical", "review_on": self.story.context.today + timedelta(days=7)}
        decision = self.story.rule(kind, **(what if kind is OfficerHeldReferral else {}))
        if isinstance(decision, Outcome):
            assert before.held_by("officer") is (kind is OfficerResumedReferral)
            assert before.is_open

    @precondition(lambda self: self.story.referral.rank > 1)
    @rule()
    def the_officer_ends_it(self) -> None:
        was_open = self.story.referral.is_open
        decision = self.story.rule(OfficerWithdrewReferral, reason_code="medical")
        assert isinstance(decision, Outcome) is was_open

    @rule(late=st.integers(0, 48))
    def the_door_closes(self, late: int) -> None:
        before = self.story.referral
        self._reach("acknowledge/9", self.story.at)
        assert self.story.referral == before
        state = before.state
        if not isinstance(state, Offered | Acknowledged) or state.due_at is None:
            return
        self.story.at = max(self.story.at, state.due_at + timedelta(hours=late))
        self._reach(state.deadline_name, state.due_at)
        assert self.story.referral.rank > state.offer.rank or self.story.referral.offer is None

    @rule(standing=st.sampled_from(["suspended", "accepted", "pended", "closed"]))
    def the_insurer_decides(self, standing: str) -> None:
        self.story.standing(standing, date(2024, 11, 5))

    @rule(community=st.sampled_from(["Vancouver", "Kelowna", "Quesnel", "Atlin"]))
    def the_worker_moves(self, community: str) -> None:
        self.story.relocate(community)

    @rule()
    def it_is_tried_again(self) -> None:
        self.story.take(placement.place(self.story.referral, self.story.context))

    def _reach(self, name: str, due_at: datetime) -> None:
        reached = DeadlineReached(record_key="r-1", service="referral", name=name, due_at=due_at)
        decision = answering.lapse(self.story.referral, reached, self.story.context)
        assert isinstance(decision, Outcome)
        self.story.take(decision)

    @invariant()
    def it_has_one_opening_from_the_offer_to_the_first_visit_and_none_otherwise(self) -> None:
        offer, has_begun = self.story.referral.offer, isinstance(self.story.referral.state, Active | Discharged)
        held = [
            reservation.opening
            for reservation in self.story.reservations.values()
            if reservation and reservation.referral_id
        ]
        assert held == ([offer.opening] if offer and not has_begun else [])

    @invariant()
    def nobody_who_refused_is_asked_again_and_three_refusals_are_enough(self) -> None:
        refused: set[str] = set()
        for event in self.story.events:
            if event.type_name.split(".")[2] == "program-selected":
                refused.clear()
            elif isinstance(event, ReferralDeclined | ReferralLapsed):
                refused.add(event.site_id)
            elif isinstance(event, ReferralOffered):
                assert event.site_id not in refused
                assert len(refused) < _MOST_REFUSALS

    @invariant()
    def revisions_rise_by_one_and_ranks_count_the_offers(self) -> None:
        seen = [event.revision for event in self.story.events if hasattr(event, "revision")]
        assert all(later - earlier in {0, 1} for earlier, later in pairwise(seen))
        offers = [event.rank for event in self.story.events if isinstance(event, ReferralOffered)]
        assert offers == list(range(1, len(offers) + 1))

    @invariant()
    def while_held_only_doors_and_those_who_hold_or_end_it_move_it(self) -> None:
        held: set[str] = set()
        for word, event in zip(self.story.event_names, self.story.events, strict=True):
            if held and word not in {"claim-standing-changed", "deadline-moved", "worker-far-away"}:
                assert word in HELD
            if word == "referral-held":
                held.add(event.cause)
            elif word == "referral-resumed":
                held.discard(event.cause)
                assert held == set(event.still_held)
            elif word == "referral-withdrawn":
                held.clear()

    @invariant()
    def what_is_over_and_reported_on_waits_for_nothing_but_its_holds(self) -> None:
        referral = self.story.referral
        if isinstance(referral.state, Active) and referral.state.last_on and referral.state.is_reported:
            assert referral.holds
        if not referral.is_open:
            assert not referral.holds

    @invariant()
    def each_offer_ends_once(self) -> None:
        ends = Counter(
            event.rank
            for event in self.story.events
            if event.type_name.split(".")[2] in {"referral-declined", "referral-lapsed", "referral-offer-withdrawn"}
        )
        assert all(count == 1 for count in ends.values())

    @invariant()
    def what_is_not_held_does_not_wait_for_nothing(self) -> None:
        referral = self.story.referral
        if isinstance(referral.state, Matched):
            assert referral.holds
        if isinstance(referral.state, Offered | Acknowledged):
            assert referral.state.due_at or referral.holds
        if isinstance(referral.state, Withdrawn | Unplaced):
            assert referral.offer is None


class TestLife(Life.TestCase):  # type: ignore[misc, valid-type]  # made by hypothesis
    """In every run: the same three hundred lives."""

    settings = settings(max_examples=300, stateful_step_count=20, deadline=None, derandomize=True)


@pytest.mark.long
class TestLongLife(Life.TestCase):  # type: ignore[misc, valid-type]  # as above
    """Many, and longer."""

    settings = settings(max_examples=2000, stateful_step_count=60, deadline=None, derandomize=True)
