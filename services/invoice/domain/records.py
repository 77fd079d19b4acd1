"""The records that concern a case: announcements of its owners, actions of people on it, and their answers."""

from shared.domain.decision import Event
from shared.events.answers import ActionApplied, ActionRefused, DeadlineMoved, contract_of_service
from shared.events.catalogue import contracts
from shared.events.portal import DeadlineReached
from shared.events.referral import ClaimStandingChanged

_OWNERS = ("referral", "program")


def _of_cases(owner: str) -> tuple[type[Event], ...]:
    """Return the contracts of an owner whose key is a referral."""
    return tuple(kind for kind in contracts()[owner] if kind.key_field == "referral_id")


# any of them may be the answer to an action, even where it changes nothing that may be billed
RECORDS: tuple[type[Event], ...] = (
    *_of_cases("referral"),
    *_of_cases("program"),
    *(kind for kind in _of_cases("portal") if kind.answered_by in _OWNERS),
    *(contract_of_service(owner, kind) for owner in _OWNERS for kind in (ActionApplied, ActionRefused, DeadlineMoved)),
    ClaimStandingChanged,
    DeadlineReached,
)


def concerns_case(event: Event) -> bool:
    """Return whether a record is about a referral that invoice keeps.

    A standing may be about a claim alone, and a deadline may be of another service.
    """
    if isinstance(event, ClaimStandingChanged):
        return event.referral_id is not None
    return not isinstance(event, DeadlineReached) or event.service in _OWNERS
