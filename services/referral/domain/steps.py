"""The steps and timers that referral decides itself and announces to nobody."""

from shared.domain.decision import INTERNAL, Event


class RequestDue(Event, type="referral.request-due", key="claim_number", topic=INTERNAL):
    """A request is decided now: it or its claim's acceptance was read, or its wait for an acceptance has ended."""

    claim_number: str
    request_id: str
    waited_out: bool = False


class StandingFollowed(Event, type="referral.standing-followed", key="referral_id", topic=INTERNAL):
    """A referral follows its claim; `changed` when the claim's intervals are new and not only the day."""

    referral_id: str
    claim_number: str
    changed: bool = True


class WorkerRelocated(Event, type="referral.worker-relocated", key="referral_id", topic=INTERNAL):
    """The worker of a referral lives in another community from today."""

    referral_id: str
    claim_number: str
    community: str


class PlacementDue(Event, type="referral.placement-due", key="referral_id", topic=INTERNAL):
    """A referral is matched and offered now."""

    referral_id: str


class StandingDue(Event, type="referral.standing-due", key="claim_number", topic=INTERNAL):
    """A date that lay ahead on a claim has come."""

    claim_number: str
