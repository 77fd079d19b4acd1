"""A notice: what one recipient is told, by which channel, and what became of it."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

from shared.domain.decision import INTERNAL, Event, Outcome
from shared.events.notification import NoticeFailed, NoticeSent

Mail: TypeAlias = Literal["none", "queued", "sent", "failed"]
# a mail server may be away for days: minutes first, then hours, then days
RETRIES = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 720, 1440, 1440))


class Notice(NamedTuple):
    """One thing that one recipient is told.

    `concerns` is the key whose events may act on it. `told`, where it matters that somebody sees it, is the id of the
    first notice of the same rule and event: what one of its recipients has seen, somebody has seen.
    """

    id: str
    version: int
    recipient_id: str
    rule: str
    concerns: str
    referral_id: str | None
    document: str
    told: str
    mail: Mail
    attempts: int
    next_try_at: datetime | None
    useful_until: datetime
    seen: bool = False
    acted_on: bool = False
    number: str = ""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to tell."""
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
    """The time is up in which one of those who were told should have looked."""

    told: str


def sent(notice: Notice | None) -> Outcome:
    """The mail left."""
    if notice is None or notice.mail in {"sent", "none"}:
        return Outcome()
    attempts = notice.attempts + 1
    left = notice._replace(mail="sent", attempts=attempts, next_try_at=None)
    said = NoticeSent(recipient_id=notice.recipient_id, notice_id=notice.id, channel="email", attempts=attempts)
    return Outcome((left,), (said,))


def failed(notice: Notice | None, reason_code: str, *, for_good: bool, at: datetime) -> Outcome:
    """Tried again later; given up when it is refused for good, tried too often or no longer of use."""
    if notice is None or notice.mail != "queued":
        return Outcome()
    tried = notice._replace(attempts=notice.attempts + 1)
    again = at + RETRIES[min(tried.attempts, len(RETRIES)) - 1]
    if not for_good and tried.attempts <= len(RETRIES) and again <= notice.useful_until:
        return Outcome((tried._replace(next_try_at=again),))
    given_up, said = give_up(tried, reason_code)
    return Outcome((given_up,), said)


def give_up(notice: Notice, reason_code: str) -> tuple[Notice, tuple[Event, ...]]:
    """A mail that has not left will not leave; whatever else became of the notice stays."""
    if notice.mail != "queued":
        return notice, ()
    said = NoticeFailed(
        recipient_id=notice.recipient_id,
        notice_id=notice.id,
        channel="email",
        attempts=notice.attempts,
        reason_code=reason_code,
    )
    return notice._replace(mail="failed", next_try_at=None), (said,)
