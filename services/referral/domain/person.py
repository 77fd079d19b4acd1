"""Workers and employers' contacts, merged attribute by attribute from all events that name them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from shared.domain.decision import Event, Outcome
from shared.events.claims import ClaimAccepted, ClaimAmended, Employer, Worker, WorkerContactChanged, WorkerMoved
from shared.events.person import Identity, PersonKind, WorkerIdentified


class AttributeValue(NamedTuple):
    """The value of an attribute and when it was announced."""

    value: str
    said_at: datetime


class Person(NamedTuple):
    """A person by `kind/id`, stored sealed; a forgotten person has no attributes and gets none again."""

    id: str
    version: int = 0
    attributes: Mapping[str, AttributeValue] = MappingProxyType({})
    forgotten: bool = False

    @property
    def language(self) -> str | None:
        """Return the language that the worker speaks, or None."""
        language = self.attributes.get("language")
        return language.value if language else None


def worker_key(worker_id: str) -> str:
    """Return the person id of a worker."""
    return f"worker/{worker_id}"


def employer_key(employer_id: str) -> str:
    """Return the person id of the contact at an employer."""
    return f"employer_contact/{employer_id}"


def people_of(event: Event) -> dict[str, dict[str, str]]:
    """Return the attributes that an event gives of each person; empty when it gives none."""
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


def identify(person: Person, attributes: Mapping[str, str], *, said_at: datetime) -> Outcome:
    """Merge attributes into a person: the newest value holds, of two equally new the one read later."""
    if person.forgotten:
        return Outcome()
    newer = {
        name: AttributeValue(value, said_at) for name, value in attributes.items() if _is_newer(person, name, said_at)
    }
    if not newer:
        return Outcome()
    known = Person(person.id, person.version, {**person.attributes, **newer})
    is_same = all(
        name in person.attributes and person.attributes[name].value == attribute.value
        for name, attribute in newer.items()
    )
    return Outcome((known,), () if is_same else (_identified(known),))


def _is_newer(person: Person, name: str, said_at: datetime) -> bool:
    """Return whether no newer value of the attribute is known."""
    before = person.attributes.get(name)
    return before is None or before.said_at <= said_at


def _identified(person: Person) -> WorkerIdentified:
    """Return the event with the whole person, which is sealed before it is written."""
    kind, _, person_id = person.id.partition("/")
    members = {name: attribute.value for name, attribute in person.attributes.items()}
    return WorkerIdentified(kind=_KINDS[kind], person_id=person_id, identity=Identity.model_validate(members))


_KINDS: dict[str, PersonKind] = {"worker": "worker", "employer_contact": "employer_contact"}


def _worker(worker: Worker) -> dict[str, str]:
    """Return the attributes of a worker in an acceptance."""
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
    """Return the attributes of an employer's contact."""
    return {employer_key(employer.employer_id): _given({"family_name": employer.name, "phone": employer.phone})}


def _given(members: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes that have a value."""
    return {member: value for member, value in members.items() if value}
