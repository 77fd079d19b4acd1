"""A referral with its states, its holds, and the offers that clinics had of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID, uuid5

from shared.events.referral import HoldCause
from shared.events.values import Barrier, Deadline, Injury, Opening, Program

_NAMESPACE = UUID("3b0a1f0e-5a2d-5c1b-8a55-2a9d3b6f7c10")
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: none is mistaken for another
_NUMBER_LENGTH = 8
OfferEnd: TypeAlias = Literal["declined", "lapsed", "withdrawn"]


class Offer(NamedTuple):
    """An offer of the referral to a site; `rank` counts the offers from 1."""

    rank: int
    site_id: str
    organisation_id: str
    contract_id: str
    payee_id: str
    calendar_id: str
    opening: Opening


@dataclass(frozen=True, slots=True)
class Matched:
    """Admitted; the next site is still to be found."""


@dataclass(frozen=True, slots=True)
class Offered:
    """Offered to a site that has not opened it yet; `due_at` is None while a hold stops the clock."""

    offer: Offer
    due_at: datetime | None

    @property
    def deadline_name(self) -> str:
        """Return the name of the deadline for opening the offer."""
        return f"acknowledge/{self.offer.rank}"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Opened by the site and not answered yet; `due_at` is None while a hold stops the clock."""

    offer: Offer
    due_at: datetime | None

    @property
    def deadline_name(self) -> str:
        """Return the name of the deadline for answering the offer."""
        return f"answer/{self.offer.rank}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Accepted by the site; a first visit is still to be agreed."""

    offer: Offer
    accepted_on: date


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Booked for a first visit; `missed` counts all missed visits, `was_missed` says that this one was."""

    offer: Offer
    accepted_on: date
    starts_at: datetime
    missed: int = 0
    was_missed: bool = False


@dataclass(frozen=True, slots=True)
class Active:
    """In treatment until `last_on`, and active after it until the discharge report is in (`is_reported`)."""

    offer: Offer
    initial_visit_on: date
    last_on: date | None = None
    is_reported: bool = False


@dataclass(frozen=True, slots=True)
class Discharged:
    """Treated and reported on; services may still be billed."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Closed:
    """Billed to the end; `offer` is None if the referral had been withdrawn."""

    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Without a site that could be asked."""


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """Refused at the request; only an officer's override leaves this state."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Ended by the claim or an officer before its purpose was reached."""


WithOffer: TypeAlias = Offered | Acknowledged | Accepted | Scheduled | Active | Discharged | Closed
State: TypeAlias = Matched | WithOffer | Unplaced | NotAdmitted | Withdrawn
OPEN = (Matched, Offered, Acknowledged, Accepted, Scheduled, Active, Unplaced)
WITH_OFFER = (Offered, Acknowledged, Accepted, Scheduled, Active, Discharged, Closed)


class FormerOffer(NamedTuple):
    """An offer that a site no longer has; `counts` if the site is not asked again."""

    site_id: str
    rank: int
    end: OfferEnd
    counts: bool


class Hold(NamedTuple):
    """A hold for one cause."""

    cause: HoldCause
    from_on: date
    reason_code: str | None = None


class Referral(NamedTuple):
    """A referral; `held_at` is when a hold stopped its clock, `paused_due_at` the deadline that was stopped."""

    id: str
    version: int
    revision: int
    number: str
    claim_number: str
    person_id: str
    request_id: str
    requested_on: date
    community: str
    injury: Injury | None
    barriers: tuple[Barrier, ...]
    urgent: bool
    site_chosen: str | None
    program: Program | None
    program_revision: int
    state: State
    rank: int = 0
    former_offers: tuple[FormerOffer, ...] = ()
    holds: tuple[Hold, ...] = ()
    held_at: datetime | None = None
    paused_due_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it is admitted and neither withdrawn nor discharged."""
        return isinstance(self.state, OPEN)

    @property
    def status(self) -> str:
        """Return the name of its state in lower case."""
        return type(self.state).__name__.lower()

    @property
    def offer(self) -> Offer | None:
        """Return the offer that is open or was accepted, or None."""
        return self.state.offer if isinstance(self.state, WITH_OFFER) else None

    @property
    def sites_not_asked_again(self) -> frozenset[str]:
        """Return the sites that declined or lapsed since the program was selected."""
        return frozenset(former.site_id for former in self.former_offers if former.counts)

    def held_by(self, cause: HoldCause) -> bool:
        """Return whether there is a hold for this cause."""
        return any(hold.cause == cause for hold in self.holds)


def referral_id_of(claim_number: str, request_id: str) -> str:
    """Return the id of the referral, or of the refused request, that a request becomes."""
    return str(uuid5(_NAMESPACE, f"{claim_number}/{request_id}"))


def number_of(referral_id: str, requested_on: date) -> str:
    """Return the number shown to people: the year, and eight letters derived from the id."""
    bits = UUID(referral_id).int
    letters = "".join(_LETTERS[(bits >> (5 * n)) & 31] for n in range(_NUMBER_LENGTH))
    return f"R-{requested_on:%y}-{letters}"


def deadline(state: Offered | Acknowledged) -> Deadline:
    """Return the deadline of an offer as it is announced; raises AssertionError while its clock is stopped."""
    if state.due_at is None:
        raise AssertionError("the clock of this deadline is stopped")
    return Deadline(name=state.deadline_name, due_at=state.due_at)
