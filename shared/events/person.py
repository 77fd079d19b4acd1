"""rehab-person: whole persons, sealed with a key of their own, compacted."""

from typing import ClassVar, Literal

from typing_extensions import override

from shared.domain.decision import Event, Value
from shared.events.values import Day

PersonKind = Literal["worker", "account", "practitioner", "employer_contact", "subscriber"]
TOPIC = "rehab-person"


class Identity(Value):
    """Who somebody is; only ever inside a seal."""

    given_name: str = ""
    family_name: str = ""
    birth_date: Day | None = None
    phn: str | None = None
    email: str | None = None
    phone: str | None = None
    postal_code: str | None = None
    language: str | None = None


class _Sealed(Event):
    """The whole person as its one writer merged it; `sealed` is AES-GCM under the person's data key, base64."""

    kind: PersonKind
    person_id: str
    sealed: str

    @property
    @override
    def key(self) -> str:
        """Kind and id, so that the prefix says who writes it."""
        return f"{self.kind}/{self.person_id}"


class WorkerChanged(_Sealed, type="rehab.referral.person-changed.v1", key="person_id", topic=TOPIC):
    """A worker or an employer's contact as referral merged them from the claims system."""


class AccountHolderChanged(_Sealed, type="rehab.portal.person-changed.v1", key="person_id", topic=TOPIC):
    """An account holder, practitioner or subscriber as the portal knows them."""


class Identified(Event):
    """A whole person in clear, from a decision to the vault and no further: it has no payload until it is sealed."""

    kind: PersonKind
    person_id: str
    identity: Identity
    sealed_as: ClassVar[type[_Sealed]]

    @property
    @override
    def key(self) -> str:
        """That of the sealed event."""
        return f"{self.kind}/{self.person_id}"

    @override
    def to_bytes(self) -> bytes:
        """Nothing: whoever forgets to seal announces nothing."""
        return b"{}"

    def sealed(self, sealed: str) -> _Sealed:
        """The same person as announced."""
        return self.sealed_as(kind=self.kind, person_id=self.person_id, sealed=sealed)


class WorkerIdentified(Identified, type=WorkerChanged.type_name, key="person_id", topic=TOPIC):
    """A worker or an employer's contact, before sealing."""

    sealed_as = WorkerChanged


class AccountHolderIdentified(Identified, type=AccountHolderChanged.type_name, key="person_id", topic=TOPIC):
    """An account holder, practitioner or subscriber, before sealing."""

    sealed_as = AccountHolderChanged
