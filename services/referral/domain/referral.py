"""A referral: its states as types, and what every decision on it needs."""

from datetime import date, datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID, uuid5

from shared.domain.decision import Refusal, refuse
from shared.events.referral import HoldCause
from shared.events.values import Barrier, Deadline, Injury, Opening, Program

_NAMESPACE = UUID("3b0a1f0e-5a2d-5c1b-8a55-2a9d3b6f7c10")
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: none is mistaken for another
_NUMBER_LENGTH = 8


class Offer(NamedTuple):
    """A site was asked."""

    rank: int
    site_id: str
    organisation_id: str
    contract_id: str
    payee_id: str
    calendar_id: str
    opening: Opening


class Matched(NamedTuple):
    """Admitted; the next site is to be found."""


class Offered(NamedTuple):
    """A site was asked and has not seen it yet; no instant while the clock stands still."""

    offer: Offer
    due_at: datetime | None

    @property
    def door(self) -> str:
        """The name of the deadline."""
        return f"acknowledge/{self.offer.rank}"


class Acknowledged(NamedTuple):
    """The site has seen it and has not answered yet."""

    offer: Offer
    due_at: datetime | None

    @property
    def door(self) -> str:
        """The name of the deadline."""
        return f"answer/{self.offer.rank}"


class Accepted(NamedTuple):
    """The site takes it; a first visit is to be agreed."""

    offer: Offer
    accepted_on: date


class Scheduled(NamedTuple):
    """The first visit is agreed; `missed` counts the visits to which the worker did not come, `was_missed` is this."""

    offer: Offer
    accepted_on: date
    starts_at: datetime
    missed: int = 0
    was_missed: bool = False


class Active(NamedTuple):
    """The worker is treated; over since `last_on`, yet active until its discharge report is in."""

    offer: Offer
    initial_visit_on: date
    last_on: date | None = None
    is_reported: bool = False


class Discharged(NamedTuple):
    """Treated and reported on; what was done may still be billed."""

    offer: Offer


class Closed(NamedTuple):
    """Nothing can be billed any more; no offer where it had been withdrawn."""

    offer: Offer | None = None


class Unplaced(NamedTuple):
    """No site is left to ask."""


class NotAdmitted(NamedTuple):
    """The request was refused; only an officer's override leaves this."""


class Withdrawn(NamedTuple):
    """It ended before its purpose was reached."""


Served: TypeAlias = Accepted | Scheduled | Active | Discharged | Closed
State: TypeAlias = Matched | Offered | Acknowledged | Served | Unplaced | NotAdmitted | Withdrawn
OPEN = (Matched, Offered, Acknowledged, Accepted, Scheduled, Active, Unplaced)


class Refused(NamedTuple):
    """A site that had the offer and has it no more: declined, lapsed or withdrawn."""

    site_id: str
    rank: int
    how: str
    counts: bool


class Hold(NamedTuple):
    """A cause to stand still."""

    cause: HoldCause
    from_on: date
    reason_code: str | None = None


class Referral(NamedTuple):
    """A referral. `held_at` is when its clocks stopped; `left` how many business days the stopped door had left."""

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
    refused: tuple[Refused, ...] = ()
    holds: tuple[Hold, ...] = ()
    held_at: datetime | None = None
    stopped: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Admitted, and neither withdrawn nor discharged."""
        return isinstance(self.state, OPEN)

    @property
    def status(self) -> str:
        """Its state as a word."""
        return type(self.state).__name__.lower()

    @property
    def offer(self) -> Offer | None:
        """The offer that is open or was accepted."""
        state = self.state
        return state.offer if isinstance(state, Offered | Acknowledged | Served) else None

    @property
    def not_asked_again(self) -> frozenset[str]:
        """Sites that declined or lapsed since the program was selected."""
        return frozenset(r.site_id for r in self.refused if r.counts)

    def held_by(self, cause: HoldCause) -> bool:
        """Whether it stands still for a cause."""
        return any(hold.cause == cause for hold in self.holds)


def referral_id_of(claim_number: str, request_id: str) -> str:
    """The id of the referral, or of the refusal, that a request becomes."""
    return str(uuid5(_NAMESPACE, f"{claim_number}/{request_id}"))


def number_of(referral_id: str, requested_on: date) -> str:
    """The number shown to people: the year, and eight letters that derive from the id."""
    bits = UUID(referral_id).int
    letters = "".join(_LETTERS[(bits >> (5 * n)) & 31] for n in range(_NUMBER_LENGTH))
    return f"R-{requested_on:%y}-{letters}"


def deadline(state: Offered | Acknowledged) -> Deadline:
    """The door as it is announced; only one whose clock runs is."""
    if state.due_at is None:
        raise AssertionError("the clock of this door stands still")
    return Deadline(name=state.door, due_at=state.due_at)


def not_there() -> Refusal:
    """For what is not there; the portal answers it as it answers what is not yours."""
    return refuse("NOT-FOUND", "there is no such referral that you may act on", "check the number", "referral_id")
