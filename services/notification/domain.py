"""Notices: queued by rules that are data, sent, seen, acted on."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

from shared.decision import INTERNAL, Decision, Event, Occasion, Outcome, refuse
from shared.events.notification import (
    Channel,
    NoticeActedOn,
    NoticeFailed,
    NoticeQueued,
    NoticeSeen,
    NoticeSent,
)

Mail: TypeAlias = Literal["none", "queued", "sent", "failed"]
# a mail server may be away for days: minutes first, then hours, then days
RETRIES = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 720, 1440, 1440))


class Rule(NamedTuple):
    """One line of the rules: on which event who is told what, and for how long that is useful."""

    name: str
    on: str
    to: str
    subject: str
    text: str
    channels: tuple[Channel, ...]
    useful: timedelta
    acted_on_by: frozenset[str]


class Case(NamedTuple):
    """Who has to do with a referral."""

    number: str = ""
    officer_id: str = ""
    site_id: str = ""


class Notice(NamedTuple):
    """One thing that one recipient is told."""

    id: str
    version: int
    recipient_id: str
    rule: str
    referral_id: str | None
    mail: Mail
    attempts: int
    next_try_at: datetime | None
    useful_until: datetime
    seen: bool = False
    acted_on: bool = False
    number: str = ""


class MailSent(Event, type="notification.mail-sent", key="notice_id", topic=INTERNAL):
    """The mail server took a mail."""

    notice_id: str


class MailFailed(Event, type="notification.mail-failed", key="notice_id", topic=INTERNAL):
    """The mail server did not take a mail; `for_good` when it never will."""

    notice_id: str
    reason_code: str
    for_good: bool = False


class Told(NamedTuple):
    """What an event is told by: its rules, who has to do with its referral, and the accounts by (site, role)."""

    rules: Sequence[Rule]
    case: Case
    accounts: Mapping[tuple[str, str], Sequence[str]]


def tell(event: Event, told: Told, occasion: Occasion) -> Outcome:
    """Every recipient of every rule is told, unless it is too late to be of use."""
    changed: list[Notice] = []
    events: list[Event] = []
    for rule in told.rules:
        useful_until = occasion.at + rule.useful
        if useful_until < occasion.read_at:
            continue
        for recipient in _recipients(rule, told):
            notice = _notice(rule, recipient, told.case, occasion, len(changed))
            changed.append(notice)
            events += _said(notice, rule, event, told.case)
    return Outcome(tuple(changed), tuple(events))


def _recipients(rule: Rule, told: Told) -> Sequence[str]:
    """Accounts with the rule's role at the site; a site without one is told itself; the officer by account."""
    if rule.to == "officer":
        return [f"a-officer-{told.case.officer_id.lower()}"] if told.case.officer_id else []
    site = told.case.site_id
    return told.accounts.get((site, rule.to)) or ([site] if site else [])


def _notice(rule: Rule, recipient: str, case: Case, occasion: Occasion, n: int) -> Notice:
    """As it is queued; its mail is due at once."""
    mails = "email" in rule.channels
    return Notice(
        str(occasion.new_id(n)),
        0,
        recipient,
        rule.name,
        occasion.key,
        "queued" if mails else "none",
        0,
        occasion.at if mails else None,
        occasion.at + rule.useful,
        number=case.number,
    )


def _said(notice: Notice, rule: Rule, event: Event, case: Case) -> tuple[Event, ...]:
    """Queued; in the portal it is there at once."""
    queued = NoticeQueued(
        recipient_id=notice.recipient_id,
        notice_id=notice.id,
        rule=rule.name,
        about=event.type_name,
        referral_id=notice.referral_id,
        site_id=case.site_id or None,
        channels=rule.channels,
        useful_until=notice.useful_until,
    )
    if "portal" not in rule.channels:
        return (queued,)
    return queued, NoticeSent(recipient_id=notice.recipient_id, notice_id=notice.id, channel="portal")


def act_on(notices: Sequence[Notice], event: Event, rules: Mapping[str, Rule]) -> Outcome:
    """What a notice asked for was done, whoever saw it."""
    words = event.type_name.split(".")[2]
    done = [n for n in notices if not n.acted_on and words in rules[n.rule].acted_on_by]
    changed = tuple(n._replace(acted_on=True, mail="none" if n.mail == "queued" else n.mail) for n in done)
    events = tuple(NoticeActedOn(recipient_id=n.recipient_id, notice_id=n.id, by_event=words) for n in done)
    return Outcome(changed, events)


def see(notice: Notice | None) -> Decision:
    """The recipient opened it."""
    if notice is None:
        return refuse("NOT-FOUND", "the notice is there and yours", "reload your notices", "notice_id")
    if notice.seen:
        return Outcome()
    seen = notice._replace(seen=True)
    return Outcome((seen,), (NoticeSeen(recipient_id=notice.recipient_id, notice_id=notice.id),))


def sent(notice: Notice | None) -> Outcome:
    """The mail left."""
    if notice is None or notice.mail != "queued":
        return Outcome()
    attempts = notice.attempts + 1
    left = notice._replace(mail="sent", attempts=attempts, next_try_at=None)
    said = NoticeSent(recipient_id=notice.recipient_id, notice_id=notice.id, channel="email", attempts=attempts)
    return Outcome((left,), (said,))


def failed(notice: Notice | None, reason_code: str, *, for_good: bool, at: datetime) -> Outcome:
    """Tried again later; given up when it is refused for good, tried too often or no longer of use."""
    if notice is None or notice.mail != "queued":
        return Outcome()
    attempts = notice.attempts + 1
    again = at + RETRIES[min(attempts, len(RETRIES)) - 1]
    if not for_good and attempts <= len(RETRIES) and again <= notice.useful_until:
        return Outcome((notice._replace(attempts=attempts, next_try_at=again),))
    given_up = notice._replace(mail="failed", attempts=attempts, next_try_at=None)
    said = NoticeFailed(
        recipient_id=notice.recipient_id,
        notice_id=notice.id,
        channel="email",
        attempts=attempts,
        reason_code=reason_code,
    )
    return Outcome((given_up,), (said,))
