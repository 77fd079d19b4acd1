"""The life of a referral: offer, acknowledge, accept, decline, lapse, hold, move, withdraw, book."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.referral.domain import answering, following, placement, treating
from services.referral.domain.claim import Claim
from services.referral.domain.opening import OpeningReservation
from services.referral.domain.placement import PlacementContext, UnplacedReferral
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Matched,
    Offered,
    Referral,
    Scheduled,
    Unplaced,
    Withdrawn,
)
from services.referral.domain.steps import StandingFollowed, WorkerRelocated
from services.referral.handlers import decide_clinic_action, decide_officer_action
from services.referral.store.opening import ReservedOpenings
from shared.domain.decision import Decision, Outcome, Refusal
from shared.events.portal import (
    DeadlineReached,
    OfficerHeldReferral,
    ProviderAcceptedReferral,
    ProviderAcknowledgedReferral,
    ProviderBookedAppointment,
    ProviderDeclinedReferral,
    ProviderEndedProgram,
    ProviderHeldReferral,
    ProviderStartedReferral,
)
from shared.events.program import ObligationWaived
from shared.events.referral import ReferralUnplaced
from shared.events.values import Actor, Injury, Interval
from shared.placement.register import Register
from tests.referral.register import register

TUESDAY = datetime(2024, 11, 5, 18, tzinfo=UTC)  # ten in the morning in Vancouver
INJURY = Injury(body_part="23100", nature="02100", side="N", occurred_on=date(2024, 8, 1))
BY = Actor(account_id="a-1", role="clinician", organisation_id="o-van-1")
OFFICER = Actor(account_id="c-1", role="claims_officer")


@dataclass
class Story:
    """One referral, played decision by decision."""

    at: datetime = TUESDAY
    register: Register = field(default_factory=register)
    reservations: dict[str, OpeningReservation | None] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    referral: Referral = field(
        default_factory=lambda: Referral(
            "r-1", 0, 1, "R-24-AAAA", "17919123", "W1", "RR1", date(2024, 11, 5), "Vancouver", INJURY, (), False, None,
            "crrtw", 1, Matched(),
        )
    )  # fmt: skip

    @property
    def context(self) -> PlacementContext:
        return PlacementContext(
            self.register, ReservedOpenings({}, self.reservations, ()), self.reservations, None, self.at
        )

    def take(self, decision: Decision) -> Decision:
        if isinstance(decision, Outcome):
            self.events += decision.events
            for changed in decision.changed:
                if isinstance(changed, Referral):
                    self.referral = changed
                elif isinstance(changed, OpeningReservation):
                    self.reservations[changed.id] = changed
            for _ in decision.then:
                self.take(placement.place(self.referral, self.context))
        return decision

    def offer(self) -> "Story":
        self.take(placement.place(self.referral, self.context))
        return self

    def act(self, kind: type[Any], site: str | None = None, **what: object) -> Decision:
        offer = self.referral.offer
        action = kind(
            by=BY,
            received_at=self.at,
            seen=what.pop("seen", self.referral.revision),
            idempotency_key="k",
            referral_id="r-1",
            site_id=site or (offer.site_id if offer else "van-1"),
            **what,
        )
        return self.take(decide_clinic_action(self.referral, action, self.context))

    def rule(self, kind: type[Any], by: Actor = OFFICER, **what: object) -> Decision:
        seen = what.pop("seen", self.referral.revision)
        said = {"by": by, "received_at": self.at, "seen": seen, "idempotency_key": "k", "referral_id": "r-1"}
        return self.take(decide_officer_action(self.referral, kind(**said, **what), self.context))

    def book(self, days: int = 2) -> "Story":
        starts_at = self.at + timedelta(days=days)
        self.act(ProviderBookedAppointment, starts_at=starts_at, confirmed_with_worker=True, late_reason_code="travel")
        return self

    def schedule(self) -> "Story":
        return self.offer().acknowledge().accept().book()

    def start(self) -> "Story":
        self.at += timedelta(days=2, hours=2)
        self.act(ProviderStartedReferral, initial_visit_on=self.context.today)
        return self

    def end(self) -> "Story":
        self.act(ProviderEndedProgram, last_on=self.context.today, exit_reason="goal-achieved")
        return self

    def report(self, kind: str = "discharge") -> "Story":
        said = ObligationWaived(referral_id="r-1", revision=9, report=kind, kind=kind, reason_code="not-needed")
        self.take(treating.note_report(self.referral, said, self.context))
        return self

    def hold(self) -> Decision:
        review_on = self.context.today + timedelta(days=14)
        return self.act(ProviderHeldReferral, reason_code="medical", review_on=review_on)

    def hold_as_officer(self) -> Decision:
        review_on = self.context.today + timedelta(days=14)
        return self.rule(OfficerHeldReferral, reason_code="claim-review", review_on=review_on)

    def acknowledge(self) -> "Story":
        self.act(ProviderAcknowledgedReferral)
        return self

    def accept(self) -> "Story":
        self.act(ProviderAcceptedReferral)
        return self

    def decline(self) -> Decision:
        return self.act(
            ProviderDeclinedReferral,
            reason_code="no-capacity",
            next_step="offer-to-next",
            comment_id="d",
            comment_sha256="h",
        )

    def lapse(self) -> Decision:
        state = self.referral.state
        assert isinstance(state, Offered | Acknowledged)
        assert state.due_at is not None
        reached = DeadlineReached(record_key="r-1", service="referral", name=state.deadline_name, due_at=state.due_at)
        self.at = state.due_at
        return self.take(answering.lapse(self.referral, reached, self.context))

    def standing(self, standing: str, from_on: date = date(2024, 11, 5)) -> Decision:
        interval = Interval.model_validate({"from_on": from_on, "standing": standing, "community": "Vancouver"})
        claim = Claim("17919123", revision=2, person_id="W1", intervals=(interval,))
        step = StandingFollowed(referral_id="r-1", claim_number="17919123")
        return self.take(following.follow(self.referral, claim, step, self.context))

    def relocate(self, community: str) -> Decision:
        step = WorkerRelocated(referral_id="r-1", claim_number="17919123", community=community)
        return self.take(following.relocate(self.referral, step, self.context))

    @property
    def event_names(self) -> list[str]:
        return [event.type_name.split(".")[2] for event in self.events]


def codes(decision: Decision) -> list[str]:
    assert isinstance(decision, Refusal)
    return [flaw.code for flaw in decision.flaws]


def due(story: Story) -> datetime | None:
    state = story.referral.state
    return state.due_at if isinstance(state, Offered | Acknowledged) else None


def test_an_offer_is_acknowledged_within_a_day_but_not_before_the_end_of_the_next_business_day() -> None:
    assert due(Story().offer()) == datetime(2024, 11, 7, 7, 59, 59, tzinfo=UTC)
    friday = Story(at=datetime(2024, 11, 8, 23, tzinfo=UTC)).offer()
    assert due(friday) == datetime(2024, 11, 13, 7, 59, 59, tzinfo=UTC)  # Monday is Remembrance Day


def test_the_answer_is_due_at_the_end_of_the_first_business_day_after_the_acknowledgement() -> None:
    story = Story().offer()
    story.at += timedelta(hours=3)
    assert due(story.acknowledge()) == datetime(2024, 11, 7, 7, 59, 59, tzinfo=UTC)


def test_only_an_offer_that_was_seen_is_accepted() -> None:
    story = Story().offer()
    refused = story.act(ProviderAcceptedReferral)
    assert codes(refused) == ["REF-STATE"]
    assert isinstance(refused, Refusal)
    assert refused.allowed == ("acknowledge", "decline")


def test_an_acknowledged_offer_is_accepted() -> None:
    story = Story().offer().acknowledge().accept()
    assert isinstance(story.referral.state, Accepted)
    assert story.event_names == ["referral-offered", "referral-acknowledged", "referral-accepted"]
    assert [event.revision for event in story.events] == [2, 3, 4]


def test_a_stale_revision_of_a_clinic_is_refused() -> None:
    assert codes(Story().offer().act(ProviderAcknowledgedReferral, seen=1)) == ["STALE"]


def test_an_action_of_another_clinic_is_refused_as_not_its_own() -> None:
    assert codes(Story().offer().act(ProviderAcknowledgedReferral, site="kel-1")) == ["NOT-YOURS"]


def test_a_decline_is_refused_with_every_missing_part() -> None:
    assert codes(Story().offer().act(ProviderDeclinedReferral)) == ["FIELD-MISSING"] * 3


def test_a_declined_referral_goes_to_the_next_site_by_itself_and_its_opening_is_free_again() -> None:
    story = Story().offer()
    story.decline()
    assert story.event_names == ["referral-offered", "referral-declined", "referral-offered"]
    assert story.events[-1].site_id == "van-2"
    assert story.events[-1].rank == 2
    assert [reservation.referral_id for reservation in story.reservations.values() if reservation] == [None, "r-1"]


def test_a_site_that_declined_learns_so_when_it_answers_again() -> None:
    story = Story().offer()
    story.decline()
    assert codes(story.act(ProviderAcceptedReferral, site="van-1")) == ["REF-DECLINED"]


def test_an_unanswered_offer_lapses_and_its_site_learns_so() -> None:
    story = Story().offer()
    story.lapse()
    assert story.event_names[:2] == ["referral-offered", "referral-lapsed"]
    assert codes(story.act(ProviderAcceptedReferral, site="van-1")) == ["REF-LAPSED"]


def test_a_deadline_that_was_moved_or_answered_has_no_effect() -> None:
    story = Story().offer().acknowledge()
    old = DeadlineReached(record_key="r-1", service="referral", name="acknowledge/1", due_at=TUESDAY)
    assert answering.lapse(story.referral, old, story.context) == Outcome()


def test_a_referral_without_a_site_left_is_unplaced_with_the_rural_card() -> None:
    story = Story().offer()
    story.decline()
    story.decline()
    assert isinstance(story.referral.state, Unplaced)
    said = story.events[-1]
    assert isinstance(said, ReferralUnplaced)
    assert said.refused_by == ("van-1", "van-2")
    assert said.rural_card is not None


def test_a_suspended_claim_holds_and_stops_the_clock_of_the_offer() -> None:
    story = Story().offer()
    story.standing("suspended")
    assert story.event_names[1:] == ["claim-standing-changed", "referral-held", "deadline-moved"]
    assert due(story) is None
    assert codes(story.act(ProviderAcknowledgedReferral)) == ["REF-HELD"]


def test_a_resumed_claim_gives_the_elapsed_time_back() -> None:
    story = Story().offer()
    before = due(story)
    story.standing("suspended")
    story.at += timedelta(days=2)
    story.standing("accepted", date(2024, 11, 7))
    assert before is not None
    assert due(story) == before + timedelta(days=2)


def test_a_change_between_standings_that_hold_adds_no_hold() -> None:
    story = Story().offer()
    story.standing("suspended")
    story.standing("pended")
    assert story.event_names.count("referral-held") == 1


def test_a_disallowed_claim_takes_the_offer_back_and_ends_the_referral() -> None:
    story = Story().offer()
    story.standing("disallowed")
    assert story.event_names[1:] == ["claim-standing-changed", "referral-offer-withdrawn", "referral-withdrawn"]
    assert isinstance(story.referral.state, Withdrawn)
    assert [reservation.referral_id for reservation in story.reservations.values() if reservation] == [None]


def test_a_date_that_lies_ahead_does_not_act_yet() -> None:
    story = Story().offer()
    story.standing("suspended", date(2024, 12, 1))
    assert story.event_names[1:] == ["claim-standing-changed"]


def test_a_hold_does_not_stop_an_overdue_deadline() -> None:
    story = Story().offer()
    before = due(story)
    assert before is not None
    story.at = before + timedelta(hours=1)
    story.standing("suspended")
    assert story.event_names[1:] == ["claim-standing-changed", "referral-held"]
    assert due(story) == before


def test_a_clinic_learns_that_the_claim_ended_its_referral() -> None:
    story = Story().offer().acknowledge().accept()
    story.standing("closed")
    assert codes(book(story, 2, site="van-1")) == ["REF-WITHDRAWN"]


def test_a_freed_opening_is_retried_for_unplaced_referrals_in_its_area() -> None:
    story = Story().offer()
    here, there = UnplacedReferral("r-2", "crrtw", "Burnaby"), UnplacedReferral("r-3", "crrtw", "Kelowna")
    declined = story.decline()
    assert isinstance(declined, Outcome)
    freed = placement.retry_unplaced(declined, [here, there, UnplacedReferral("r-4", "or1", "Burnaby")], story.context)
    assert isinstance(freed, Outcome)
    assert [(arm.key, arm.due_at) for arm in freed.timers] == [("r-2", story.at)]
    assert placement.retry_unplaced(Outcome(), [here], story.context) == Outcome()


def test_an_unplaced_referral_is_retried_when_another_week_is_looked_at() -> None:
    story = Story(register=register(openings=0))
    outcome = placement.place(story.referral, story.context)
    assert outcome.timers == (placement.retry("r-1", datetime(2024, 11, 7, 8, tzinfo=UTC)),)


def test_an_unplaced_worker_who_moves_gets_the_rural_card_of_the_new_community() -> None:
    story = Story(register=register(openings=0)).offer()
    story.relocate("Kelowna")
    assert [event.rural_card.community for event in story.events] == ["Vancouver", "Kelowna"]


def test_a_worker_who_moves_before_the_answer_is_matched_again_from_there() -> None:
    story = Story().offer()
    story.relocate("Kelowna")
    assert story.event_names == ["referral-offered", "referral-offer-withdrawn", "referral-offered"]
    assert story.events[-1].site_id == "kel-1"


def test_a_move_after_the_acceptance_only_announces_the_kilometres() -> None:
    story = Story().offer().acknowledge().accept()
    story.relocate("Kelowna")
    assert story.event_names[-1] == "worker-far-away"
    assert story.events[-1].kilometres == 272


def test_the_program_is_selected_again_if_no_contract_serves_it_any_more() -> None:
    story = Story(at=datetime(2025, 1, 6, 18, tzinfo=UTC))
    story.referral = story.referral._replace(program="or2", requested_on=date(2024, 10, 21))
    story.offer()
    assert story.event_names == ["program-selected", "referral-offered"]
    assert story.events[0].program == "crrtw"


def test_a_case_requested_before_the_cut_over_is_served_in_run_off() -> None:
    story = Story()
    story.referral = story.referral._replace(program="or2", requested_on=date(2024, 10, 21))
    story.offer()
    assert story.events[-1].contract_id == "c-or2-van-1"


def book(story: Story, days: int, **what: Any) -> Decision:
    at = story.at + timedelta(days=days)
    return story.act(ProviderBookedAppointment, starts_at=at, **{"confirmed_with_worker": True, **what})


def test_a_first_visit_is_booked_in_the_week_of_its_opening() -> None:
    story = Story().offer().acknowledge().accept()
    book(story, 2)
    assert isinstance(story.referral.state, Scheduled)
    assert story.events[-1].opening.week_on == date(2024, 11, 4)


def test_booking_in_another_week_moves_the_opening() -> None:
    story = Story().offer().acknowledge().accept()
    book(story, 7)
    assert story.events[-1].opening.week_on == date(2024, 11, 11)
    assert sorted(s.referral_id or "free" for s in story.reservations.values() if s) == ["free", "r-1"]


def test_a_visit_must_lie_ahead_be_agreed_and_be_soon_or_have_a_reason() -> None:
    story = Story().offer().acknowledge().accept()
    assert codes(book(story, -1)) == ["DATE-PAST"]
    assert codes(book(story, 2, confirmed_with_worker=False)) == ["NOT-CONFIRMED"]
    assert codes(book(story, 20)) == ["REASON-MISSING"]
    assert isinstance(book(story, 20, late_reason_code="travel"), Outcome)
