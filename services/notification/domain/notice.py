"""A notice to one recipient: its mail, and whether it was seen or settled."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

from shared.domain.decision import INTERNAL, Event, Outcome
from shared.events.notification import NoticeFailed, NoticeSent

Mail: TypeAlias = Literal["none", "queued", "sent", "failed"]
# a mail server may be away for days: minutes first, then hours, then days
RETRIES = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 720, 1440, 1440))


class Notice(NamedTuple):
    """A notice to one recipient.

    `concerns` is the key whose events may settle it. `group_id`, set where the rule has an escalation, is the id of the
    first notice of the same rule and event: once one of the recipients has seen it, the group has.
    """

    id: str
    version: int
    recipient_id: str
    rule: str
    concerns: str
    referral_id: str | None
    document: str
    group_id: str
    mail: Mail
    attempts: int
    next_try_at: datetime | None
    useful_until: datetime
    seen: bool = False
    acted_on: bool = False
    number: str = ""

    @property
    def is_done(self) -> bool:
        """Return whether it was seen or settled."""
        return self.seen or self.acted_on


class MailSent(Event, type="notification.mail-sent", key="notice_id", topic=INTERNAL):
    """The mail server took a mail."""

    notice_id: str


class MailFailed(Event, type="notification.mail-failed", key="notice_id", topic=INTERNAL):
    """The mail server did not take a mail; `for_good` when it never will."""

    notice_id: str
    reason_code: str
    for_good: bool = False


class NoticeUnseen(Event, type="notification.notice-unseen", key="told", topic=INTERNAL):
    """The time is up in which one recipient of a group of notices should have looked; `told` is the group's id."""

    told: str


def sent(notice: Notice | None) -> Outcome:
    """Note that the mail left; a mail that had left before changes nothing."""
    if notice is None or notice.mail in {"sent", "none"}:
        return Outcome()
    attempts = notice.attempts + 1
    delivered = notice._replace(mail="sent", attempts=attempts, next_try_at=None)
    event = NoticeSent(recipient_id=notice.recipient_id, notice_id=notice.id, channel="email", attempts=attempts)
    return Outcome((delivered,), (event,))


def failed(notice: Notice | None, reason_code: str, *, for_good: bool, at: datetime) -> Outcome:
    """Try the mail again later; give it up when it is refused for good, was tried too often or is no longer useful."""
    if notice is None or notice.mail != "queued":
        return Outcome()
    tried = notice._replace(attempts=notice.attempts + 1)
    again = at + RETRIES[min(tried.attempts, len(RETRIES)) - 1]
    if not for_good and tried.attempts <= len(RETRIES) and again <= notice.useful_until:
        return Outcome((tried._replace(next_try_at=again),))
    given_up, events = give_up(tried, reason_code)
    return Outcome((given_up,), events)


def give_up(notice: Notice, reason_code: str) -> tuple[Notice, tuple[Event, ...]]:
    """Return the notice without its queued mail, and the event that says so; a mail that has left stays as it is."""
    if notice.mail != "queued":
        return notice, ()
    event = NoticeFailed(
        recipient_id=notice.recipient_id,
        notice_id=notice.id,
        channel="email",
        attempts=notice.attempts,
        reason_code=reason_code,
    )
    return notice._replace(mail="failed", next_try_at=None), (event,)
