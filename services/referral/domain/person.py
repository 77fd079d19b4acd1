"""Workers and employers' contacts: who they are, merged member by member from everything ever said of them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from shared.decision import Outcome
from shared.events.claims import ClaimAccepted, Employer, WorkerContactChanged, WorkerMoved
from shared.events.person import Identity, PersonKind, WorkerIdentified


class Told(NamedTuple):
    """What was said of one member, and when."""

    value: str
    said_at: datetime


class Person(NamedTuple):
    """A person by `kind/id`; sealed wherever it rests. Nothing is known, or learnt again, of one who was forgotten."""

    id: str
    version: int = 0
    told: Mapping[str, Told] = MappingProxyType({})
    forgotten: bool = False

    @property
    def language(self) -> str | None:
        """The language that the worker speaks, where it was said."""
        told = self.told.get("language")
        return told.value if told else None


def worker_key(worker_id: str) -> str:
    """The id of a worker's person."""
    return f"worker/{worker_id}"


def employer_key(employer_id: str) -> str:
    """The id of the person whom a clinic may call at an employer."""
    return f"employer_contact/{employer_id}"


def people_of(event: ClaimAccepted | WorkerMoved | WorkerContactChanged) -> dict[str, dict[str, str]]:
    """Who is spoken of, and what is said of each member; nobody when nothing is said."""
    if isinstance(event, ClaimAccepted):
        worker = event.worker
        said = {
            "given_name": worker.given_name,
            "family_name": worker.family_name,
            "birth_date": worker.birth_date.isoformat(),
            "phn": worker.phn,
            "email": worker.email,
            "phone": worker.phone,
            "postal_code": worker.postal_code,
            "language": worker.language,
        }
        return {worker_key(worker.worker_id): _given(said), **contact_of(event.employer)}
    if isinstance(event, WorkerMoved):
        said = {"postal_code": event.postal_code}
    else:
        said = {"email": event.email, "phone": event.phone}
    return {worker_key(event.worker_id): given} if (given := _given(said)) else {}


def contact_of(employer: Employer | None) -> dict[str, dict[str, str]]:
    """What is said of an employer's contact."""
    if employer is None:
        return {}
    return {employer_key(employer.employer_id): _given({"family_name": employer.name, "phone": employer.phone})}


def identify(person: Person, said: Mapping[str, str], *, said_at: datetime) -> Outcome:
    """Somebody is known better: of each member the newest word holds, of two as new the later read."""
    if person.forgotten:
        return Outcome()
    newer = {
        member: Told(value, said_at)
        for member, value in said.items()
        if member not in person.told or person.told[member].said_at <= said_at
    }
    if not newer:
        return Outcome()
    known = person._replace(told={**person.told, **newer})
    is_new = any(member not in person.told or person.told[member].value != t.value for member, t in newer.items())
    return Outcome((known,), (_identified(known),) if is_new else ())


def _identified(person: Person) -> WorkerIdentified:
    """The whole person, for sealing."""
    kind, _, person_id = person.id.partition("/")
    members = {member: told.value for member, told in person.told.items()}
    return WorkerIdentified(kind=_KINDS[kind], person_id=person_id, identity=Identity.model_validate(members))


_KINDS: dict[str, PersonKind] = {"worker": "worker", "employer_contact": "employer_contact"}


def _given(said: Mapping[str, str]) -> dict[str, str]:
    """Members that were sent."""
    return {member: value for member, value in said.items() if value}
