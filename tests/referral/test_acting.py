"""An action that is not allowed is refused with the reason and what is allowed; a decision raises the revision once."""

from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any, get_args

import pytest

from services.referral.domain import placement, treating
from services.referral.domain.actions import ActionRule, allowed_to
from services.referral.domain.opening import OpeningReservation, reservation_id, reserve
from services.referral.domain.person import Person
from services.referral.domain.placement import UnplacedReferral
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Active,
    Closed,
    Discharged,
    Matched,
    NotAdmitted,
    Offered,
    Referral,
    Scheduled,
    State,
    Unplaced,
    Withdrawn,
)
from services.referral.handlers import (
    CLINIC_ACTIONS,
    OFFICER_ACTIONS,
    decide_clinic_action,
    decide_officer_action,
    handlers,
)
from services.referral.store.facts import Facts
from shared.domain.decision import Decision, EventContext, Outcome, Refusal
from shared.events import portal
from shared.events.invoice import CaseBillingFinal
from shared.events.portal import (
    OfficerHeldReferral,
    OfficerResumedReferral,
    OfficerWithdrewReferral,
    ProviderAcceptedReferral,
    ProviderAcknowledgedReferral,
    ProviderBookedAppointment,
    ProviderDeclinedReferral,
    ProviderEndedProgram,
    ProviderHeldReferral,
    ProviderMovedAppointment,
    ProviderReportedMissed,
    ProviderResumedReferral,
    ProviderStartedReferral,
)
from shared.events.values import Opening
from shared.messaging.handlers import BatchState
from tests.referral.register import register
from tests.referral.test_life import BY, OFFICER, Story, codes, due
from tests.referral.test_referral_store import NOON, OFFER

MISSED_AFTER = timedelta(days=2, hours=1)


def allowed(decision: Decision) -> tuple[str, ...]:
    assert isinstance(decision, Refusal)
    return decision.allowed


def rules(decision: Decision) -> list[str]:
    assert isinstance(decision, Refusal)
    return [flaw.rule for flaw in decision.flaws]


def missed(story: Story) -> Story:
    story.at += MISSED_AFTER
    story.act(ProviderReportedMissed)
    return story


def book(story: Story, starts_at: datetime, **what: Any) -> Decision:
    return story.act(ProviderBookedAppointment, starts_at=starts_at, confirmed_with_worker=True, **what)


@pytest.mark.parametrize("kind", [ProviderAcknowledgedReferral, ProviderResumedReferral, ProviderReportedMissed])
def test_a_clinic_action_on_an_unknown_referral_is_not_found(kind: type[Any]) -> None:
    context = Story().context
    act = kind.model_construct(site_id="van-1", seen=1)
    assert codes(decide_clinic_action(None, act, context)) == ["NOT-FOUND"]


@pytest.mark.parametrize("kind", [OfficerHeldReferral, OfficerResumedReferral, OfficerWithdrewReferral])
def test_an_officer_action_on_an_unknown_referral_is_not_found(kind: type[Any]) -> None:
    story = Story()
    said = {"by": {"account_id": "a", "role": "claims_officer"}, "received_at": story.at, "seen": 1}
    act = kind.model_validate({**said, "idempotency_key": "k", "referral_id": "r-1"})
    assert codes(decide_officer_action(None, act, story.context)) == ["NOT-FOUND"]


def test_a_refusal_names_the_actions_that_the_state_allows_a_clinic() -> None:
    acknowledged = Story().offer().acknowledge()
    assert allowed(acknowledged.act(ProviderAcknowledgedReferral)) == ("accept", "decline")
    accepted = acknowledged.accept()
    assert allowed(accepted.act(ProviderAcceptedReferral)) == ("book", "hold")
    scheduled = accepted.book()
    assert allowed(book(scheduled, scheduled.at)) == ("move", "missed", "start", "hold")
    absent = missed(scheduled)
    assert allowed(absent.act(ProviderReportedMissed)) == ("move", "start", "hold")


def test_a_refusal_names_the_actions_that_treatment_allows_a_clinic() -> None:
    active = Story().schedule().start()
    assert allowed(active.act(ProviderStartedReferral, initial_visit_on=active.context.today)) == ("end", "hold")
    over = active.end()
    assert allowed(over.act(ProviderStartedReferral, initial_visit_on=over.context.today)) == ("hold",)
    discharged = over.report()
    assert allowed(discharged.hold()) == ("none",)


def test_a_refusal_names_the_actions_that_holds_allow_an_officer() -> None:
    story = Story().schedule()
    assert allowed(story.rule(OfficerResumedReferral)) == ("hold", "withdraw")
    story.hold()
    assert allowed(story.hold_as_officer()) == ("withdraw",)
    both = Story().schedule()
    both.hold_as_officer()
    assert allowed(both.hold_as_officer()) == ("resume", "withdraw")
    both.rule(OfficerWithdrewReferral, reason_code="moved")
    assert allowed(both.hold_as_officer()) == ("none",)


def test_a_former_site_learns_how_it_lost_the_offer_and_any_other_site_nothing() -> None:
    story = Story().offer()
    story.decline()
    story.lapse()
    said = {site: story.act(ProviderAcknowledgedReferral, site=site) for site in ("van-1", "van-2", "kel-1")}
    assert {site: codes(decision) for site, decision in said.items()} == {
        "van-1": ["REF-DECLINED"],
        "van-2": ["REF-LAPSED"],
        "kel-1": ["NOT-YOURS"],
    }


def test_only_the_last_site_learns_of_a_withdrawal() -> None:
    story = Story().offer()
    story.decline()
    story.rule(OfficerWithdrewReferral, reason_code="moved")
    assert codes(story.act(ProviderAcknowledgedReferral, site="van-1")) == ["REF-DECLINED"]
    last = story.act(ProviderAcknowledgedReferral, site="van-2")
    assert (codes(last), rules(last)) == (["REF-WITHDRAWN"], ["the referral was withdrawn"])


def test_a_site_learns_that_its_offer_was_taken_back_while_the_referral_goes_on() -> None:
    story = Story().offer()
    story.relocate("Kelowna")
    last = story.act(ProviderAcknowledgedReferral, site="van-1")
    assert (codes(last), rules(last)) == (["REF-WITHDRAWN"], ["the offer was taken back"])


def test_each_decision_on_a_referral_raises_its_revision_by_one() -> None:
    story = missed(Story().schedule())
    starts_at = story.at + timedelta(days=1)
    story.act(ProviderMovedAppointment, starts_at=starts_at, confirmed_with_worker=True, reason_code="travel")
    story.hold()
    story.act(ProviderResumedReferral)
    story.start().end().report()
    assert story.event_names[-1] == "referral-discharged"
    assert [event.revision for event in story.events] == list(range(2, 2 + len(story.events)))
    assert story.referral.revision == story.events[-1].revision
    final = CaseBillingFinal(referral_id="r-1", revision=3, paid_cents=0, final_on=date(2025, 3, 3))
    before = story.referral.revision
    story.take(treating.close(story.referral, final, story.context))
    assert story.referral.revision == story.events[-1].revision == before + 1


def test_a_deadline_is_stopped_until_the_last_cause_is_gone_and_moves_by_all_the_time_held() -> None:
    story = Story().offer()
    due_at = due(story)
    assert due_at is not None
    story.hold_as_officer()
    story.at += timedelta(hours=10)
    story.standing("suspended")
    assert [event.revision for event in story.events if event.type_name.endswith("referral-held.v1")] == [3, 4]
    assert story.referral.revision == 4
    story.at += timedelta(hours=10)
    story.standing("accepted", date(2024, 11, 6))
    assert due(story) is None
    assert story.events[-1].still_held == ("officer",)
    story.at += timedelta(hours=10)
    story.rule(OfficerResumedReferral)
    assert due(story) == due_at + timedelta(hours=30)


def test_a_first_visit_within_the_contracts_business_days_needs_no_reason() -> None:
    story = Story().offer().acknowledge().accept()  # on Tuesday the 5th; the 11th is a holiday
    assert codes(book(story, datetime(2024, 11, 14, 18, tzinfo=UTC))) == ["REASON-MISSING"]
    assert isinstance(book(story, datetime(2024, 11, 13, 18, tzinfo=UTC)), Outcome)


def test_the_contract_says_within_how_many_business_days_the_first_visit_is() -> None:
    known = register()
    slow = {id_: (c.model_copy(update={"first_visit_business_days": 6}),) for id_, (c,) in known.contracts.items()}
    story = Story(register=register(tuple(c for (c,) in slow.values()))).offer().acknowledge().accept()
    assert codes(book(story, datetime(2024, 11, 15, 18, tzinfo=UTC))) == ["REASON-MISSING"]
    assert isinstance(book(story, datetime(2024, 11, 14, 18, tzinfo=UTC)), Outcome)


def test_a_first_visit_is_not_earlier_on_the_same_day() -> None:
    story = Story().offer().acknowledge().accept()
    assert codes(book(story, story.at - timedelta(minutes=1))) == ["DATE-PAST"]
    assert isinstance(book(story, story.at), Outcome)


def test_a_visit_in_another_week_takes_the_first_opening_that_nobody_has() -> None:
    story = Story().offer().acknowledge().accept()
    other = Opening(site_id="van-1", program="crrtw", week_on=date(2024, 11, 11), n=1)
    story.reservations[reservation_id(other)] = reserve(other, "r-2", None)
    book(story, story.at + timedelta(days=7))
    assert isinstance(story.referral.state, Scheduled)
    assert story.referral.state.offer.opening == other.model_copy(update={"n": 2})


def test_a_contract_after_its_run_off_accepts_no_referral_and_the_program_is_selected_again() -> None:
    story = Story(at=datetime(2024, 12, 31, 18, tzinfo=UTC))
    story.referral = story.referral._replace(program="or2", requested_on=date(2024, 10, 21))
    in_time = Story(at=story.at, referral=story.referral).offer().acknowledge().accept()
    assert in_time.event_names[-1] == "referral-accepted"
    story.offer().acknowledge()
    story.at += timedelta(days=1)
    refused = story.act(ProviderAcceptedReferral)
    assert (codes(refused), allowed(refused)) == (["CONTRACT-DOS"], ("decline",))
    story.lapse()
    assert story.event_names[-3:] == ["referral-lapsed", "program-selected", "referral-offered"]


def test_a_held_referral_is_not_placed_and_its_own_clinic_may_resume() -> None:
    story = Story().schedule()
    story.hold()
    refused = story.act(ProviderEndedProgram, last_on=story.context.today, exit_reason="other")
    assert (codes(refused), allowed(refused)) == (["REF-HELD"], ("resume",))
    assert codes(story.act(ProviderHeldReferral)) == ["REF-HELD"]
    waiting = Story()
    waiting.hold_as_officer()
    assert waiting.offer().event_names == ["referral-held"]
    assert isinstance(waiting.referral.state, Matched)


SAMPLES: dict[type[Any], State] = {
    Matched: Matched(),
    Offered: Offered(OFFER, NOON),
    Acknowledged: Acknowledged(OFFER, NOON),
    Accepted: Accepted(OFFER, date(2024, 11, 6)),
    Scheduled: Scheduled(OFFER, date(2024, 11, 6), NOON),
    Active: Active(OFFER, date(2024, 11, 7)),
    Discharged: Discharged(OFFER),
    Closed: Closed(OFFER),
    Unplaced: Unplaced(),
    NotAdmitted: NotAdmitted(),
    Withdrawn: Withdrawn(),
}
VERBS: dict[type[Any], str] = {
    ProviderAcknowledgedReferral: "acknowledge",
    ProviderAcceptedReferral: "accept",
    ProviderDeclinedReferral: "decline",
    ProviderBookedAppointment: "book",
    ProviderMovedAppointment: "move",
    ProviderReportedMissed: "missed",
    ProviderStartedReferral: "start",
    ProviderEndedProgram: "end",
    ProviderHeldReferral: "hold",
    OfficerHeldReferral: "hold",
    OfficerWithdrewReferral: "withdraw",
}


def test_every_state_has_a_sample() -> None:
    assert set(SAMPLES) == set(get_args(State))


@pytest.mark.parametrize("state", SAMPLES.values(), ids=[kind.__name__ for kind in SAMPLES])
def test_a_rule_takes_an_action_in_exactly_the_states_that_allow_it(state: State) -> None:
    referral = Story().referral._replace(state=state)
    by_rules = {VERBS[kind] for kind, rule in CLINIC_ACTIONS.items() if kind in VERBS and type(state) in rule.states}
    assert by_rules == set(allowed_to(referral, "clinic"))
    by_rules = {VERBS[kind] for kind, rule in OFFICER_ACTIONS.items() if kind in VERBS and type(state) in rule.states}
    assert by_rules == set(allowed_to(referral, "officer"))


RULES: dict[type[Any], ActionRule[Any, Any]] = {**CLINIC_ACTIONS, **OFFICER_ACTIONS}


def test_only_a_resumption_needs_the_own_hold_and_only_a_withdrawal_ignores_holds() -> None:
    assert {kind for kind, rule in RULES.items() if rule.hold == "own-hold"} == {
        ProviderResumedReferral,
        OfficerResumedReferral,
    }
    assert {kind for kind, rule in RULES.items() if rule.hold == "any"} == {OfficerWithdrewReferral}


def test_every_action_on_referral_has_a_rule_and_a_handler() -> None:
    contracts = [kind for kind in vars(portal).values() if isinstance(kind, type) and issubclass(kind, portal.Action)]
    assert {kind for kind in contracts if getattr(kind, "answered_by", "") == "referral"} == set(RULES)
    assert set(RULES) <= set(handlers.rules)


def test_no_two_states_are_equal() -> None:
    assert [pair for pair in combinations(SAMPLES.values(), 2) if pair[0] == pair[1]] == []


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (ProviderStartedReferral, {"initial_visit_on": date(2024, 11, 5)}),
        (OfficerWithdrewReferral, {"reason_code": "moved"}),
    ],
)
def test_a_freed_opening_is_offered_again_after_any_action(kind: type[Any], members: dict[str, Any]) -> None:
    story = Story().schedule()
    held: dict[type[Any], dict[str, Any]] = {
        Referral: {"r-1": story.referral},
        OpeningReservation: dict(story.reservations),
        Person: {},
    }
    facts = Facts(story.register, {}, {}, {}, date.min, [UnplacedReferral("r-2", "crrtw", "Burnaby")])
    by = BY if issubclass(kind, portal.ClinicAction) else OFFICER
    common = {"by": by, "received_at": story.at, "seen": story.referral.revision, "idempotency_key": "k"}
    action = kind(**common, referral_id="r-1", **({"site_id": "van-1"} if by is BY else {}), **members)
    event_context = EventContext("e-1", "c-1", "r-1", story.at, story.at)
    outcome = handlers.rules[kind].decide(action, BatchState(held, facts), event_context)
    assert isinstance(outcome, Outcome)
    assert placement.retry("r-2", story.at) in outcome.timers


def test_an_action_on_a_referral_that_does_not_exist_is_refused_by_its_handler() -> None:
    story = Story()
    common = {"by": OFFICER, "received_at": story.at, "seen": 1, "idempotency_key": "k"}
    action = OfficerResumedReferral.model_validate({**common, "referral_id": "r-9"})
    held: dict[type[Any], dict[str, Any]] = {Referral: {"r-9": None}, OpeningReservation: {}, Person: {}}
    facts = Facts(story.register, {}, {}, {}, date.min, [])
    event_context = EventContext("e-1", "c-1", "r-9", story.at, story.at)
    decision = handlers.rules[OfficerResumedReferral].decide(action, BatchState(held, facts), event_context)
    assert codes(decision) == ["NOT-FOUND"]
