"""A request is decided exactly once: it waits, becomes a referral, or is not admitted with every reason."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.referral.domain import admitting
from services.referral.domain.claim import Claim, Request
from services.referral.domain.officers import Member
from services.referral.domain.placement import PlacementContext
from services.referral.domain.referral import Matched, NotAdmitted, Referral, referral_id_of
from services.referral.domain.steps import PlacementDue, RequestDue
from services.referral.store.opening import ReservedOpenings
from shared.domain.decision import Outcome
from shared.events.referral import ClaimStandingChanged, OfficerAssigned, ReferralCreated, ReferralNotAdmitted
from shared.events.values import Area, Barrier, Injury
from shared.placement.register import Register
from shared.placement.standing import Fact, fold
from tests.referral.register import register

NUMBER = "17919123"
NOW = datetime(2024, 11, 5, 18, tzinfo=UTC)
INJURY = Injury(body_part="23100", nature="02100", side="N", occurred_on=date(2024, 8, 1))
POOLS = {
    "Vancouver Coastal": [Member(f"U{n}", date(2023, 1, 1), date.max) for n in range(4)],
    "Fraser": [Member("U9", date(2023, 1, 1), date(2024, 1, 1))],
}
DUE = RequestDue(claim_number=NUMBER, request_id="RR1")


def fact(kind: Any, on: date, community: str | None = None) -> Fact:
    said = Fact(kind, on, on, NOW, community=community)
    if kind != "accepted":
        return said
    return said._replace(areas=(Area(body_part="23100", side="N"),), injury=INJURY, community=community or "Vancouver")


def claim(*history: Fact, barriers: tuple[Barrier, ...] = (), on: date = date(2024, 11, 5)) -> Claim:
    request = Request("RR1", on, NOW, "officer", "o-1", barriers=barriers)
    lives_in = fold(history)[-1].community if history else None
    return Claim(NUMBER, 1, 1, "W1", history, fold(history), {"RR1": request}, community=lives_in)


ACCEPTED = fact("accepted", date(2024, 8, 1))


def decide(
    found: Claim, due: RequestDue = DUE, others: tuple[Referral, ...] = (), known: Register | None = None
) -> Outcome:
    context = PlacementContext(known or register(), ReservedOpenings({}, {}, ()), {}, None, NOW)
    return admitting.decide(found, due, others, context, POOLS)


def refused(outcome: Outcome) -> ReferralNotAdmitted:
    (said,) = outcome.events
    assert isinstance(said, ReferralNotAdmitted)
    return said


def test_an_admission_announces_referral_program_standing_and_officer_in_one_decision() -> None:
    outcome = decide(claim(ACCEPTED))
    assert [e.type_name.split(".")[2] for e in outcome.events] == [
        "referral-created",
        "program-selected",
        "claim-standing-changed",
        "officer-assigned",
    ]
    id_ = referral_id_of(NUMBER, "RR1")
    assert {e.key for e in outcome.events} == {id_}
    assert outcome.then == (PlacementDue(referral_id=id_),)
    referral, settled = outcome.changed
    assert isinstance(settled, Claim)
    assert settled.referral_ids == (id_,)
    assert not settled.waiting
    assert isinstance(referral, Referral)
    assert isinstance(referral.state, Matched)


def test_the_officer_is_found_by_claim_number_in_the_pool_of_the_health_authority() -> None:
    said = next(e for e in decide(claim(ACCEPTED)).events if isinstance(e, OfficerAssigned))
    assert (said.officer.kind, said.officer.id) == ("officer", f"U{int(NUMBER) % 4}")


def test_an_empty_pool_is_assigned_itself() -> None:
    outcome = decide(claim(fact("accepted", date(2024, 8, 1), "Burnaby")))
    said = next(e for e in outcome.events if isinstance(e, OfficerAssigned))
    assert (said.officer.kind, said.officer.id) == ("pool", "Fraser")


def test_the_claims_history_is_announced_on_the_referrals_key() -> None:
    said = next(e for e in decide(claim(ACCEPTED)).events if isinstance(e, ClaimStandingChanged))
    assert (said.claim_number, said.referral_id) == (NUMBER, referral_id_of(NUMBER, "RR1"))
    assert [i.standing for i in said.intervals] == ["accepted"]


def test_the_referral_names_the_community_of_the_day_of_the_request_and_is_placed_from_todays() -> None:
    moved = claim(ACCEPTED, fact("moved", date(2024, 11, 5), "Kelowna"), on=date(2024, 11, 4))
    outcome = decide(moved)
    created, referral = outcome.events[0], outcome.changed[0]
    assert isinstance(created, ReferralCreated)
    assert isinstance(referral, Referral)
    assert (created.community, referral.community) == ("Vancouver", "Kelowna")


def test_a_request_is_decided_once() -> None:
    settled = decide(claim(ACCEPTED)).changed[1]
    assert isinstance(settled, Claim)
    assert decide(settled) == Outcome()


def test_before_the_register_is_loaded_a_request_waits_and_is_not_refused() -> None:
    assert decide(claim(ACCEPTED), known=Register()) == Outcome()


def test_while_its_claim_may_still_be_accepted_a_request_waits_ten_business_days() -> None:
    (timer,) = decide(claim()).timers
    assert timer.due_at == datetime(2024, 11, 21, 7, 59, 59, tzinfo=UTC)
    assert timer.event == DUE.model_copy(update={"waited_out": True})


def test_a_missing_claim_is_the_only_reason_when_the_wait_ends() -> None:
    outcome = decide(claim(), DUE.model_copy(update={"waited_out": True}))
    said = refused(outcome)
    assert [f.code for f in said.failures] == ["CLM-NOTFOUND"]
    assert (said.program, said.person_id) == (None, None)


def test_a_refusal_is_kept_under_the_id_that_the_referral_would_have_had() -> None:
    outcome = decide(claim(ACCEPTED, fact("closed", date(2024, 11, 1))))
    said, kept = refused(outcome), outcome.changed[0]
    assert isinstance(kept, Referral)
    assert isinstance(kept.state, NotAdmitted)
    assert said.referral_id == kept.id == referral_id_of(NUMBER, "RR1")
    assert (said.program, said.person_id) == ("crrtw", "W1")
    assert [f.code for f in said.failures] == ["CLM-CLOSED"]


def test_a_gap_on_the_day_of_the_request_is_judged_by_what_was_known_first() -> None:
    """Pended, then accepted with effect from a later day than that of the request."""
    found = claim(fact("pended", date(2024, 10, 1)), fact("accepted", date(2024, 11, 5)), on=date(2024, 10, 28))
    created = decide(found).events[0]
    assert isinstance(created, ReferralCreated)
    assert created.injury == INJURY


def test_a_second_request_while_a_referral_is_open_names_it_among_all_reasons() -> None:
    first = decide(claim(ACCEPTED)).changed[0]
    assert isinstance(first, Referral)
    said = refused(decide(claim(ACCEPTED, fact("suspended", date(2024, 11, 1))), others=(first,)))
    assert [f.code for f in said.failures] == ["CLM-SUSPENDED", "CASE-EXISTS"]
    assert first.number in said.failures[1].rule


def test_a_barrier_that_or1_cannot_take_is_refused_with_the_rural_card() -> None:
    said = refused(decide(claim(fact("accepted", date(2024, 8, 1), "Quesnel"), barriers=("psychosocial",))))
    assert [f.code for f in said.failures] == ["BARRIER"]
    assert said.rural_card is not None
    assert {o.way for o in said.rural_card.options} == {"or1", "crrtw_lodging", "hybrid"}


def test_other_refusals_carry_no_card() -> None:
    assert refused(decide(claim(ACCEPTED, fact("closed", date(2024, 11, 1))))).rural_card is None


def test_ids_and_numbers_derive_from_claim_and_request() -> None:
    one, other = referral_id_of(NUMBER, "RR1"), referral_id_of(NUMBER, "RR2")
    assert one != other
    assert one == referral_id_of(NUMBER, "RR1")
    created = decide(claim(ACCEPTED)).events[0]
    assert isinstance(created, ReferralCreated)
    assert created.number.startswith("R-24-")


def test_the_wait_of_a_request_read_before_the_register_counts_from_its_first_reading() -> None:
    later = PlacementContext(register(), ReservedOpenings({}, {}, ()), {}, None, NOW + timedelta(days=3))
    (timer,) = admitting.decide(claim(), DUE, (), later, POOLS).timers
    assert timer.due_at == datetime(2024, 11, 21, 7, 59, 59, tzinfo=UTC)
