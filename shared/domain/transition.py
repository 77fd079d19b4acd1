"""The steps of a decision on a document, with its revision raised in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

from shared.domain.decision import Aggregate, Event, Outcome, SetTimer


class Document(Aggregate, Protocol):
    """An aggregate that people read; each decision that announces something of it raises its revision by one."""

    @property
    def revision(self) -> int:
        """The revision as it was loaded, 0 when new."""

    @property
    def _replace(self) -> Callable[..., Self]:
        """The copy with other values of some members, as every NamedTuple has it."""


D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Transition(Generic[D]):
    """A document before and after a decision, with what is announced, timers, own next steps and aggregates beside it.

    Each method returns the transition with one thing more. The revision is raised once, by the first event.
    """

    before: D
    document: D
    events: tuple[Event, ...] = ()
    timers: tuple[SetTimer, ...] = ()
    steps: tuple[Event, ...] = ()
    beside: tuple[Aggregate, ...] = ()
    is_revised: bool = False

    @classmethod
    def of(cls, document: D) -> Self:
        """Begin with a document as it was loaded."""
        return cls(document, document)

    @property
    def revision(self) -> int:
        """The revision that the decision's events carry."""
        return self.before.revision + 1

    def to(self, **members: Any) -> Self:  # noqa: ANN401 - the members of any document
        """Change members of the document."""
        return self._with(document=self.document._replace(**members))

    def revise(self) -> Self:
        """Raise the revision even if nothing is announced."""
        return self._with(is_revised=True)

    def announce(self, contract: type[Event], **members: Any) -> Self:  # noqa: ANN401 - the members of any document
        """Announce an event of the document: its key and its revision are filled in.

        Raises TypeError for a member that the contract does not have, which the event itself would leave out.
        """
        if unknown := members.keys() - contract.model_fields.keys():
            raise TypeError(f"{contract.__name__} has no member {', '.join(sorted(unknown))}")
        event = contract(**{contract.key_field: self.document.id}, revision=self.revision, **members)
        return self.also(event)

    def also(self, *events: Event) -> Self:
        """Announce events that were built elsewhere."""
        return self._with(events=(*self.events, *events))

    def set(self, *timers: SetTimer) -> Self:
        """Set timers, or disarm them."""
        return self._with(timers=(*self.timers, *timers))

    def then(self, *steps: Event) -> Self:
        """Decide own next steps in the same transaction."""
        return self._with(steps=(*self.steps, *steps))

    def change(self, *aggregates: Aggregate) -> Self:
        """Change other aggregates with the document."""
        return self._with(beside=(*self.beside, *aggregates))

    def outcome(self) -> Outcome:
        """Return the whole decision; the revision is raised only if something is announced or `revise` was called."""
        is_raised = self.events or self.is_revised
        document = self.document._replace(revision=self.revision if is_raised else self.before.revision)
        changed = (document,) if document != self.before else ()
        return Outcome((*changed, *self.beside), self.events, self.timers, self.steps)

    def _with(self, **members: Any) -> Self:  # noqa: ANN401 - the members of any document
        """Return a copy with other members; `replace` of dataclasses costs three times as much."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return type(self)(**{**values, **members})
