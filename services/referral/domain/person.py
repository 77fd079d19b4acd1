"""Workers and employers' contacts: who they are, merged member by member from everything ever said of them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from shared.domain.decision import Event, Outcome
from shared.events.claims import ClaimAccepted, ClaimAmended, Employer, Worker, WorkerContactChanged, WorkerMoved
from shared.events.person import Identity, PersonKind, WorkerIdentified


class AttributeValue(NamedTuple):
    """What was said of one member, and when."""

    value: str
    said_at: datetime


class Person(NamedTuple):
    """A person by `kind/id`; sealed wherever it rests. Nothing is known, or learnt again, of one who was forgotten."""

    id: str
    version: int = 0
    attributes: Mapping[str, AttributeValue] = MappingProxyType({})
    forgotten: bool = False

    @property
    def language(self) -> str | None:
        """The language that the worker speaks, where it was said."""
        told = self.attributes.get("language")
        return told.value if told else None


def worker_key(worker_id: str) -> str:
    """The id of a worker's person."""
    return f"worker/{worker_id}"


def employer_key(employer_id: str) -> str:
    """The id of the person whom a clinic may call at an employer."""
    return f"employer_contact/{employer_id}"


def people_of(event: Event) -> dict[str, dict[str, str]]:
    """Who is spoken of, and what is said of each member; nobody when nothing is said."""
    match event:
        case ClaimAccepted(worker=worker, employer=employer):
            return {worker_key(worker.worker_id): _worker(worker), **_contact(employer)}
        case ClaimAmended(employer=Employer() as employer):
            return _contact(employer)
        case WorkerMoved(worker_id=worker_id, postal_code=code) if code:
            return {worker_key(worker_id): {"postal_code": code}}
        case WorkerContactChanged(worker_id=worker_id, email=email, phone=phone) if email or phone:
            return {worker_key(worker_id): _given({"email": email, "phone": phone})}
    return {}


def identify(person: Person, said: Mapping[str, str], *, said_at: datetime) -> Outcome:
    """Somebody is known better: of each member the newest word holds, of two as new the later read."""
    if person.forgotten:
        return Outcome()
    newer = {
        member: AttributeValue(value, said_at) for member, value in said.items() if _is_newer(person, member, said_at)
    }
    if not newer:
        return Outcome()
    known = Person(person.id, person.version, {**person.attributes, **newer})
    is_same = all(
        member in person.attributes and person.attributes[member].value == told.value for member, told in newer.items()
    )
    return Outcome((known,), () if is_same else (_identified(known),))


def _is_newer(person: Person, member: str, said_at: datetime) -> bool:
    """Whether nothing newer was said of that member."""
    before = person.attributes.get(member)
    return before is None or before.said_at <= said_at


def _identified(person: Person) -> WorkerIdentified:
    """The whole person, for sealing."""
    kind, _, person_id = person.id.partition("/")
    members = {member: told.value for member, told in person.attributes.items()}
    return WorkerIdentified(kind=_KINDS[kind], person_id=person_id, identity=Identity.model_validate(members))


_KINDS: dict[str, PersonKind] = {"worker": "worker", "employer_contact": "employer_contact"}


def _worker(worker: Worker) -> dict[str, str]:
    """What an acceptance says of the worker."""
    return _given(
        {
            "given_name": worker.given_name,
            "family_name": worker.family_name,
            "birth_date": worker.birth_date.isoformat(),
            "phn": worker.phn,
            "email": worker.email,
            "phone": worker.phone,
            "postal_code": worker.postal_code,
            "language": worker.language,
        }
    )


def _contact(employer: Employer) -> dict[str, dict[str, str]]:
    """What is said of the one to call at an employer."""
    return {employer_key(employer.employer_id): _given({"family_name": employer.name, "phone": employer.phone})}


def _given(said: Mapping[str, str]) -> dict[str, str]:
    """Members that were sent."""
    return {member: value for member, value in said.items() if value}
