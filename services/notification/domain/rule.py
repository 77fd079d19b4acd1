"""Rules: on which event who is told what, until when that is useful, and who is told next if nobody sees it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.calendar import Calendar
from shared.domain.decision import Event
from shared.events.notification import Channel, NoticeEscalated


class Patience(NamedTuple):
    """For how long nobody may have seen a notice before the holders of another role are told of it."""

    to: str
    hours: int = 0
    business_days: int = 0

    def ends(self, at: datetime, calendar: Calendar) -> datetime:
        """Elapsed hours after an instant, or the end of the n-th business day after its day."""
        if self.hours:
            return at + timedelta(hours=self.hours)
        return calendar.end_of(calendar.add_business_days(calendar.day_of(at), self.business_days))


class Rule(NamedTuple):
    """One line of the rules.

    `document` is the member of the event that says what the notice is about within its referral. `acted_on_by` gives,
    for each event that does what was asked, the member that must say the same; none where any such event will do.
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
    patience: Patience | None = None

    @property
    def is_escalation(self) -> bool:
        """Whether it tells of a notice that nobody has seen."""
        return self.on == NoticeEscalated.type_name

    def concerns(self, event: Event) -> bool:
        """Whether the event says what the rule is for, and its numbers lie within the rule's bounds."""
        return (
            all(getattr(event, name) == said for name, said in self.only.items())
            and all(getattr(event, name) >= least for name, least in self.at_least.items())
            and all(getattr(event, name) <= most for name, most in self.at_most.items())
        )

    def place(self, number: str, document: str) -> str:
        """The page of the portal where a notice is read, as a path without its first slash."""
        return self.link.format(number=number, document=document)

    def names(self, event: Event) -> str:
        """The document that a notice of this event is about; empty when it is about the referral."""
        return str(getattr(event, self.document)) if self.document else ""


def event_name(event: Event | type[Event]) -> str:
    """The event as rules name what acts on a notice: `plan-approved`."""
    return event.type_name.split(".")[2]
