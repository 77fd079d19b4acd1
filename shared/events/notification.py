"""Events that notification announces: the ledger of notices, their channels, and whether they were seen."""

from typing import Literal

from shared.domain.decision import Event
from shared.events.values import Instant

Channel = Literal["portal", "email"]


class NoticeQueued(Event, type="rehab.notification.notice-queued.v1", key="recipient_id"):
    """Somebody must be told something; `about` is the event type that caused it, and nothing personal.

    `subject` is the sentence of the notice, `number` the referral's, `link` the page of the portal where it is read.
    """

    recipient_id: str
    notice_id: str
    rule: str
    about: str
    referral_id: str | None = None
    site_id: str | None = None
    channels: tuple[Channel, ...]
    useful_until: Instant | None = None
    number: str | None = None
    subject: str | None = None
    link: str | None = None


class NoticeSent(Event, type="rehab.notification.notice-sent.v1", key="recipient_id"):
    """The notice left by a channel."""

    recipient_id: str
    notice_id: str
    channel: Channel
    attempts: int = 1


class NoticeFailed(Event, type="rehab.notification.notice-failed.v1", key="recipient_id"):
    """A channel gave the notice up after its last attempt."""

    recipient_id: str
    notice_id: str
    channel: Channel
    attempts: int
    reason_code: str


class NoticeSeen(Event, type="rehab.notification.notice-seen.v1", key="recipient_id"):
    """The recipient opened the notice in the portal."""

    recipient_id: str
    notice_id: str


class NoticeActedOn(Event, type="rehab.notification.notice-acted-on.v1", key="recipient_id"):
    """What the notice asked for was done, whoever saw it."""

    recipient_id: str
    notice_id: str
    by_event: str


class NoticeEscalated(Event, type="rehab.notification.notice-escalated.v1", key="recipient_id"):
    """Nobody saw the notice in the time its rule gives: those who hold another role are told of it."""

    recipient_id: str
    notice_id: str
    to_role: str
    rule: str
    referral_id: str | None = None
