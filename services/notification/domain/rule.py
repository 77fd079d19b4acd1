"""The rules of notices: which event notifies which role of what, and which role is next if nobody looks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.calendar import Calendar
from shared.domain.decision import Event
from shared.events.notification import Channel, NoticeEscalated


class Escalation(NamedTuple):
    """The role that is notified when a notice stays unseen, and after how many hours or business days."""

    to: str
    hours: int = 0
    business_days: int = 0

    def due_at(self, at: datetime, calendar: Calendar) -> datetime:
        """Return when it is due: hours after the instant, or at the end of the n-th business day after it."""
        if self.hours:
            return at + timedelta(hours=self.hours)
        return calendar.end_of(calendar.add_business_days(calendar.day_of(at), self.business_days))


class Rule(NamedTuple):
    """A rule: an event, a role, channels and the text.

    `document` is the member of the event that names what the notice is about within its referral. `acted_on_by` gives,
    for each event that settles the notice, the member that must name the same document, or an empty text
    where any such event does.
    """

    name: str
    on: str
    to: str
    subject: str
    text: str
    channels: tuple[Channel, ...]
    useful: timedelta
    acted_on_by: Mapping[str, str] = {}
    document: str = ""
    at_least: Mapping[str, int] = {}
    at_most: Mapping[str, int] = {}
    only: Mapping[str, str] = {}
    only_reviewed: bool = False
    link: str = "referrals/{number}"
    escalation: Escalation | None = None

    @property
    def is_escalation(self) -> bool:
        """Return whether the rule is for a notice that nobody has seen."""
        return self.on == NoticeEscalated.type_name

    def concerns(self, event: Event) -> bool:
        """Return whether the event has the values and the numbers that the rule is for."""
        return (
            all(getattr(event, name) == value for name, value in self.only.items())
            and all(getattr(event, name) >= least for name, least in self.at_least.items())
            and all(getattr(event, name) <= most for name, most in self.at_most.items())
        )

    def path(self, number: str, document: str) -> str:
        """Return the path of the portal's page where the notice is read, without its first slash."""
        return self.link.format(number=number, document=document)

    def document_of(self, event: Event) -> str:
        """Return the document that a notice of this event is about; empty when it is about the referral."""
        return str(getattr(event, self.document)) if self.document else ""


def event_name(event: Event | type[Event]) -> str:
    """Return the name of an event as rules write it: `plan-approved`."""
    return event.type_name.split(".")[2]
