"""Events that referral announces: claim standing, admission, selection, offers, and the life of a referral."""

from typing import Literal

from typing_extensions import override

from shared.domain.decision import Event
from shared.events.values import (
    Area,
    Barrier,
    Day,
    Deadline,
    Failure,
    Injury,
    Instant,
    Interval,
    Officer,
    Opening,
    Program,
    Receipt,
    RuralCard,
)

HoldCause = Literal["claim", "clinic", "officer"]


class ClaimStandingChanged(Event, type="rehab.referral.claim-standing-changed.v1", key="claim_number"):
    """The claim's whole history by effective date; on the claim and each referral. No person before an acceptance."""

    claim_number: str
    claim_revision: int
    person_id: str
    intervals: tuple[Interval, ...]
    referral_id: str | None = None

    @property
    @override
    def key(self) -> str:
        """The referral on whose key it is repeated, else the claim."""
        return self.referral_id or self.claim_number


class ReferralCreated(Event, type="rehab.referral.referral-created.v1", key="referral_id"):
    """A request for rehabilitation was admitted."""

    referral_id: str
    revision: int
    number: str
    claim_number: str
    person_id: str
    request_id: str
    requested_on: Day
    injured_on: Day
    injury: Injury
    areas: tuple[Area, ...]
    community: str
    barriers: tuple[Barrier, ...] = ()
    urgent: bool = False
    site_chosen: str | None = None
    receipt: Receipt = Receipt()


class ReferralNotAdmitted(Event, type="rehab.referral.referral-not-admitted.v1", key="referral_id"):
    """A request was not admitted: every failed criterion with the smallest change that passes."""

    referral_id: str
    revision: int
    number: str
    claim_number: str
    request_id: str
    requested_on: Day
    person_id: str | None = None
    program: Program | None = None
    failures: tuple[Failure, ...]
    rural_card: RuralCard | None = None
    receipt: Receipt = Receipt()


class ProgramSelected(Event, type="rehab.referral.program-selected.v1", key="referral_id"):
    """The program by which the worker will be treated, and why."""

    referral_id: str
    revision: int
    program: Program
    program_revision: int
    contract_ids: tuple[str, ...] = ()
    receipt: Receipt = Receipt()


class OfficerAssigned(Event, type="rehab.referral.officer-assigned.v1", key="referral_id"):
    """A claims officer, or a pool of them, looks after the referral."""

    referral_id: str
    revision: int
    officer: Officer


class ReferralOffered(Event, type="rehab.referral.referral-offered.v1", key="referral_id"):
    """A site is asked to take the referral; `rank` is the number of the offer, from 1."""

    referral_id: str
    revision: int
    number: str
    site_id: str
    organisation_id: str
    contract_id: str
    program: Program
    rank: int
    opening: Opening
    deadline: Deadline
    receipt: Receipt = Receipt()


class ReferralOfferWithdrawn(Event, type="rehab.referral.referral-offer-withdrawn.v1", key="referral_id"):
    """An open offer was taken back before the site answered."""

    referral_id: str
    revision: int
    site_id: str
    rank: int
    cause: str


class ReferralAcknowledged(Event, type="rehab.referral.referral-acknowledged.v1", key="referral_id"):
    """The site has seen the offer; the clock for its answer runs."""

    referral_id: str
    revision: int
    site_id: str
    deadline: Deadline


class ReferralAccepted(Event, type="rehab.referral.referral-accepted.v1", key="referral_id"):
    """The site takes the referral."""

    referral_id: str
    revision: int
    site_id: str
    contract_id: str
    payee_id: str
    program: Program
    program_revision: int
    accepted_on: Day


class ReferralDeclined(Event, type="rehab.referral.referral-declined.v1", key="referral_id"):
    """The site does not take the referral; the comment lies in the document store."""

    referral_id: str
    revision: int
    site_id: str
    rank: int
    reason_code: str
    next_step: str
    comment_id: str
    comment_sha256: str


class ReferralLapsed(Event, type="rehab.referral.referral-lapsed.v1", key="referral_id"):
    """The site did not answer in time."""

    referral_id: str
    revision: int
    site_id: str
    rank: int
    deadline: Deadline


class ReferralUnplaced(Event, type="rehab.referral.referral-unplaced.v1", key="referral_id"):
    """No site is left to ask: who refused, and what the worker could do instead."""

    referral_id: str
    revision: int
    program: Program
    refused_by: tuple[str, ...] = ()
    rural_card: RuralCard | None = None
    receipt: Receipt = Receipt()


class AppointmentBooked(Event, type="rehab.referral.appointment-booked.v1", key="referral_id"):
    """The first visit was agreed with the worker."""

    referral_id: str
    revision: int
    site_id: str
    starts_at: Instant
    opening: Opening | None = None


class ReferralHeld(Event, type="rehab.referral.referral-held.v1", key="referral_id"):
    """The referral stands still for a cause; its clocks stop."""

    referral_id: str
    revision: int
    cause: HoldCause
    from_on: Day
    reason_code: str | None = None
    review_on: Day | None = None


class ReferralResumed(Event, type="rehab.referral.referral-resumed.v1", key="referral_id"):
    """A cause to stand still is gone; clocks run again when none is left."""

    referral_id: str
    revision: int
    cause: HoldCause
    from_on: Day
    still_held: tuple[HoldCause, ...] = ()


class ReferralWithdrawn(Event, type="rehab.referral.referral-withdrawn.v1", key="referral_id"):
    """The referral ends before its purpose is reached."""

    referral_id: str
    revision: int
    cause: HoldCause
    from_on: Day
    reason_code: str | None = None


class WorkerFarAway(Event, type="rehab.referral.worker-far-away.v1", key="referral_id"):
    """The worker moved after a clinic had accepted: nothing moves by itself, the officer is told the kilometres."""

    referral_id: str
    revision: int
    community: str
    site_id: str
    kilometres: int


class AppointmentMoved(Event, type="rehab.referral.appointment-moved.v1", key="referral_id"):
    """The first visit was agreed anew, for another instant."""

    referral_id: str
    revision: int
    site_id: str
    starts_at: Instant
    opening: Opening | None = None


class AppointmentMissed(Event, type="rehab.referral.appointment-missed.v1", key="referral_id"):
    """The worker did not come to the first visit; `times` counts, the second time the officer is asked."""

    referral_id: str
    revision: int
    site_id: str
    starts_at: Instant
    times: int


class ProgramStarted(Event, type="rehab.referral.program-started.v1", key="referral_id"):
    """The initial visit took place: program days and the first reports count from it."""

    referral_id: str
    revision: int
    site_id: str
    contract_id: str
    payee_id: str
    program: Program
    program_revision: int
    initial_visit_on: Day


class ProgramEnded(Event, type="rehab.referral.program-ended.v1", key="referral_id"):
    """Treatment is over since a day; the referral stays active until its discharge report is accepted."""

    referral_id: str
    revision: int
    last_on: Day
    exit_reason: str


class ReferralDischarged(Event, type="rehab.referral.referral-discharged.v1", key="referral_id"):
    """The discharge report was accepted or waived."""

    referral_id: str
    revision: int
    discharged_on: Day


class ReferralClosed(Event, type="rehab.referral.referral-closed.v1", key="referral_id"):
    """Nothing can be billed any more: the referral is history."""

    referral_id: str
    revision: int
    closed_on: Day
