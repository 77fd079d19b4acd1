"""The notification service: what it is assembled of, and the loop that mails."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from email.mime.text import MIMEText
from itertools import chain
from pathlib import Path

import aiosmtplib

from services.notification.domain.notice import MailFailed, MailSent, Notice
from services.notification.handlers import handlers
from services.notification.store.cases import CASES
from services.notification.store.notices import NOTICES, count_due, list_due
from services.notification.store.register import find_addresses
from services.notification.store.rules import RULES
from shared.config import clock
from shared.domain.decision import Event
from shared.domain.mail_addresses import Undeliverable, mailable
from shared.messaging.context import ServiceContext
from shared.runtime.main import main
from shared.runtime.service import Service

_FROM = "notices@portal.example"
_IDLE = 0.5  # seconds until the next look when nothing is applied
_TIMEOUT = 20.0  # seconds for each answer of the mail server
_CONNECTIONS, _MAILS_EACH = 4, 10  # connections at once, and the mails for which one more is opened
_PERMANENT = range(500, 600)


async def deliver(context: ServiceContext) -> None:
    """Send due mails as long as the service runs."""
    while True:
        if not await mail_due(context):
            await context.changed(_IDLE)


async def mail_due(context: ServiceContext) -> int:
    """Send the mails that are due, submit the result of each as an event, and return their number."""
    async with context.pool.acquire() as conn:
        due = await list_due(conn, clock.now())
        addresses = await find_addresses(conn, [n.recipient_id for n in due]) if due else {}
    if due:
        n = min(_CONNECTIONS, -(-len(due) // _MAILS_EACH))
        results = await asyncio.gather(*(_mail(due[k::n], addresses, context.settings.smtp) for k in range(n)))
        await context.submit_internal(list(chain.from_iterable(results)))
    return len(due)


async def _mail(due: Sequence[Notice], addresses: Mapping[str, str], server_address: str) -> list[Event]:
    """Send mails over one connection; return the result of each."""
    host, _, port = server_address.rpartition(":")
    try:
        async with aiosmtplib.SMTP(hostname=host, port=int(port), timeout=_TIMEOUT) as server:
            return [await _send(server, notice, addresses.get(notice.recipient_id)) for notice in due]
    except (aiosmtplib.SMTPException, OSError):
        return [MailFailed(notice_id=notice.id, reason_code="server-away") for notice in due]


async def _send(server: aiosmtplib.SMTP, notice: Notice, address: str | None) -> Event:
    """Send the mail of a notice, which holds nothing personal; return the result."""
    if notice.useful_until < clock.now():
        return MailFailed(notice_id=notice.id, reason_code="no-longer-useful", for_good=True)
    checked = mailable(address or "")
    if isinstance(checked, Undeliverable):
        return MailFailed(notice_id=notice.id, reason_code=checked.reason_code, for_good=True)
    try:
        await server.send_message(_message(notice, checked))
    except aiosmtplib.SMTPServerDisconnected:
        return MailFailed(notice_id=notice.id, reason_code="server-away")
    except aiosmtplib.SMTPRecipientsRefused as refused:
        code = refused.recipients[0].code
        return MailFailed(notice_id=notice.id, reason_code=f"smtp-{code}", for_good=code in _PERMANENT)
    except aiosmtplib.SMTPResponseException as refused:
        return MailFailed(notice_id=notice.id, reason_code=f"smtp-{refused.code}", for_good=refused.code in _PERMANENT)
    return MailSent(notice_id=notice.id)


def _message(notice: Notice, address: str) -> MIMEText:
    """Return the mail of a notice in the words of its rule; its id is the notice's, so that a repeat is recognised.

    MIMEText is the older class: EmailMessage parses each header that it is given, which takes as long as sending.
    """
    rule, number = RULES[notice.rule], notice.number
    portal = os.environ.get("REHAB_PORTAL", "https://portal.example")
    path = rule.path(number, notice.document) if number else "inbox"
    message = MIMEText(f"{rule.text}\n\n{portal}/{path}\n")
    message["From"], message["To"] = _FROM, address
    message["Subject"] = rule.subject.format(number=number) if number else _without_number(rule.subject)
    message["Message-ID"] = f"<{notice.id}@portal.example>"
    return message


def _without_number(subject: str) -> str:
    """Return the subject for a notice whose referral has no number yet: `A referral: a report is due`."""
    return subject.replace("Referral {number}", "A referral").format(number="")


service = Service(
    "notification",
    listens=(
        "rehab-referral",
        "rehab-program",
        "rehab-invoice",
        "rehab-procurement",
        "rehab-portal",
        "rehab-person",
    ),
    kinds=(CASES, NOTICES),
    handlers=handlers,
    folder=Path(__file__).parent,
    reference=("rehab-procurement", "rehab-portal"),
    compacted=("rehab-person",),
    loops=(deliver,),
    pending=count_due,
    makes_cycles=True,
)

if __name__ == "__main__":
    main(service)
