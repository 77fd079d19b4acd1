"""The catalogue of contracts by owner, and the readers of each topic."""

from collections.abc import Iterator
from functools import cache
from types import ModuleType

from shared.domain.decision import INTERNAL, Event
from shared.events import answers, claims, invoice, notification, person, portal, procurement, program, referral
from shared.events.person import Identified

OWNERS: dict[str, ModuleType] = {
    "claims": claims,
    "referral": referral,
    "program": program,
    "invoice": invoice,
    "procurement": procurement,
    "notification": notification,
    "portal": portal,
    "person": person,
}
COMMON: tuple[type[Event], ...] = (
    answers.ActionApplied,
    answers.ActionRefused,
    answers.EventParked,
    answers.EventReplayed,
    answers.EventDiscarded,
    answers.RelayRowHeld,
    answers.EventWithheld,
    answers.DeadlineMoved,
    answers.JournalHeadAnnounced,
)


@cache
def contracts() -> dict[str, tuple[type[Event], ...]]:
    """Return event classes by the module that owns them, in the order in which they stand there."""
    return {owner: tuple(_own(module)) for owner, module in OWNERS.items()}


def _own(module: ModuleType) -> Iterator[type[Event]]:
    """Yield the contracts that are announced: they have a type and a topic, and hold no person in clear."""
    for found in vars(module).values():
        if (
            isinstance(found, type)
            and issubclass(found, Event)
            and found.__module__ == module.__name__
            and "type_name" in vars(found)
            and found.topic != INTERNAL
            and not issubclass(found, Identified)
        ):
            yield found


@cache
def every() -> dict[str, type[Event]]:
    """Return all contracts by type string, including those that every service announces."""
    own = [event for events in contracts().values() for event in events]
    common = [answers.contract_of_service(service, event) for service in answers.SERVICES for event in COMMON]
    return {event.type_name: event for event in (*own, *common)}
