"""Who workers and employers' contacts are, merged member by member."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.referral.domain.claim_events import identify_people
from services.referral.domain.person import Person, identify, people_of
from shared.domain.decision import EventContext, Outcome
from shared.events import claims
from shared.events.person import Identity, WorkerIdentified

NUMBER = "20000001"
NOON = datetime(2024, 10, 1, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORKER = {
    "worker_id": "W1", "given_name": "Xegroha", "family_name": "Narpelmi", "birth_date": "1976-06-29",
    "community": "Quesnel", "language": "pa", "phone": "+16045558499",
}  # fmt: skip
EMPLOYER = {"employer_id": "E1", "name": "Oryunmi Holdings", "classification_unit": "759990", "phone": "+12505550697"}


def accepted(**worker: str) -> claims.ClaimAccepted:
    area = {"body_part": "23100", "side": "N"}
    return claims.ClaimAccepted.model_validate(
        {
            "claim_number": NUMBER,
            "worker": WORKER | worker,
            "injury": area | {"occurred_on": "2024-09-01", "nature": "02100"},
            "accepted_areas": (area,),
            "employer": EMPLOYER,
            "decided_on": "2024-09-16",
            "effective_on": "2024-09-01",
        }
    )


def contact(**members: str) -> claims.WorkerContactChanged:
    return claims.WorkerContactChanged.model_validate({"claim_number": NUMBER, "worker_id": "W1", **members})


def tell(people: dict[str, Person], event: Any, at: datetime = NOON, said_at: datetime | None = None) -> Outcome:
    """The people as the event leaves them."""
    outcome = identify_people(
        event, people, event_context=EventContext("e", "e", NUMBER, at, at, source_time=said_at or at)
    )
    people |= {p.id: p for p in outcome.changed if isinstance(p, Person)}
    return outcome


def identities(outcome: Outcome) -> dict[str, Identity]:
    return {e.key: e.identity for e in outcome.events if isinstance(e, WorkerIdentified)}


def test_an_acceptance_identifies_the_worker_and_the_employers_contact() -> None:
    assert identities(tell({}, accepted())) == {
        "worker/W1": Identity.model_validate(
            {
                "given_name": "Xegroha",
                "family_name": "Narpelmi",
                "birth_date": "1976-06-29",
                "language": "pa",
                "phone": "+16045558499",
            }
        ),
        "employer_contact/E1": Identity(family_name="Oryunmi Holdings", phone="+12505550697"),
    }


def test_a_new_contact_leaves_the_rest_of_the_person_as_it_was() -> None:
    people: dict[str, Person] = {}
    tell(people, accepted())
    (known,) = identities(tell(people, contact(email="x@worker.example"), NOON + HOUR)).values()
    assert (known.family_name, known.email, known.phone) == ("Narpelmi", "x@worker.example", "+16045558499")


def test_an_older_value_never_replaces_a_newer_one_in_any_order_of_reading() -> None:
    people: dict[str, Person] = {}
    tell(people, contact(phone="+16045550000"), NOON, said_at=NOON)
    (known, *_) = identities(tell(people, accepted(), NOON + HOUR, said_at=NOON - HOUR)).values()
    assert (known.phone, known.given_name) == ("+16045550000", "Xegroha")


def test_of_two_values_of_one_instant_the_later_read_holds() -> None:
    people: dict[str, Person] = {}
    tell(people, contact(phone="+16045550000"))
    assert identities(tell(people, contact(phone="+16045551111")))["worker/W1"].phone == "+16045551111"


def test_a_repeated_value_is_not_announced_but_becomes_the_newest() -> None:
    people: dict[str, Person] = {}
    tell(people, contact(phone="+16045550000"))
    assert tell(people, contact(phone="+16045550000"), NOON + 2 * HOUR).events == ()
    assert tell(people, contact(phone="+16045551111"), NOON + 3 * HOUR, said_at=NOON + HOUR) == Outcome()


def test_a_move_gives_the_postal_code_if_it_has_one() -> None:
    said = {"claim_number": NUMBER, "worker_id": "W1", "community": "Victoria", "moved_on": "2024-10-01"}
    assert people_of(claims.WorkerMoved.model_validate(said)) == {}
    moved = claims.WorkerMoved.model_validate(said | {"postal_code": "V8V 1A1"})
    assert people_of(moved) == {"worker/W1": {"postal_code": "V8V 1A1"}}


def test_an_amendment_updates_the_employers_contact() -> None:
    amended = claims.ClaimAmended.model_validate(
        {"claim_number": NUMBER, "effective_on": "2024-10-01", "employer": EMPLOYER | {"phone": "+12505551111"}}
    )
    assert people_of(amended) == {"employer_contact/E1": {"family_name": "Oryunmi Holdings", "phone": "+12505551111"}}


def test_a_decision_names_nobody() -> None:
    pended = claims.ClaimPended.model_validate(
        {"claim_number": NUMBER, "effective_on": "2024-10-01", "decided_on": "2024-10-01", "reason_code": "r"}
    )
    assert people_of(pended) == {}


def test_a_forgotten_person_gets_no_attributes_again() -> None:
    assert identify(Person("worker/W1", 4, forgotten=True), {"phone": "1"}, said_at=NOON) == Outcome()


def test_the_language_is_known_to_matching() -> None:
    people: dict[str, Person] = {}
    tell(people, accepted())
    assert people["worker/W1"].language == "pa"
    assert Person("worker/W2").language is None


def test_a_person_in_clear_has_no_payload_and_the_key_of_the_sealed_one() -> None:
    event = WorkerIdentified(kind="worker", person_id="W1", identity=Identity(given_name="Xegroha"))
    assert event.to_bytes() == b"{}"
    assert event.sealed("c2VhbGVk").key == event.key == "worker/W1"
    assert event.sealed("c2VhbGVk").type_name == event.type_name
