"""Documents that registers published, grouped by contract and key."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from shared.domain.calendar import UNPUBLISHED, Calendar
from shared.domain.decision import Event
from shared.domain.versions import Version, precedence
from shared.events.procurement import CalendarPublished


class KeyedVersion(Version, Protocol):
    """A version of a document that carries the document's key."""

    @property
    def key(self) -> str:
        """The key of the document."""


E = TypeVar("E", bound=Event)
V = TypeVar("V", bound=KeyedVersion)


def revision_of(event: Event) -> int:
    """Return the revision of a published document, 1 where its contract counts none."""
    revision: int = getattr(event, "revision", 1)
    return revision


class Published:
    """The documents that registers published: all revisions of each."""

    def __init__(self, events: Iterable[Event]) -> None:
        """Group the events by contract, in any order."""
        self._by_contract: dict[type[Any], list[Any]] = defaultdict(list)
        for event in sorted(events, key=revision_of):
            self._by_contract[type(event)].append(event)

    def all(self, contract: type[E]) -> tuple[E, ...]:
        """Return every revision of every document of a contract, lower revisions first."""
        return tuple(self._by_contract.get(contract, ()))

    def newest(self, contract: type[E]) -> dict[str, E]:
        """Return the highest revision of each document of a contract by key."""
        return {event.key: event for event in self.all(contract)}

    def versions(self, contract: type[V]) -> dict[str, tuple[V, ...]]:
        """Return all versions of each document of a contract by key, in the order in which they become valid."""
        versions: dict[str, list[V]] = defaultdict(list)
        for event in sorted(self._by_contract.get(contract, ()), key=precedence):
            versions[event.key].append(event)
        return {key: tuple(versions_of_key) for key, versions_of_key in versions.items()}

    @property
    def calendars(self) -> dict[str, Calendar]:
        """The newest revision of each calendar by id."""
        return {id_: published.calendar() for id_, published in self.newest(CalendarPublished).items()}

    @property
    def default_calendar(self) -> Calendar:
        """The calendar that is marked as the default, `UNPUBLISHED` where none is."""
        calendars = self.newest(CalendarPublished).values()
        return next((published.calendar() for published in calendars if published.is_default), UNPUBLISHED)
