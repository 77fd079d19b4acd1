"""Assembly, and the loop that mails."""

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
_IDLE = 0.5  # seconds between looks when nothing is applied
_PATIENCE = 20.0
_CONNECTIONS, _EACH = 4, 10  # at once, and how many mails are worth one
_FOR_GOOD = range(500, 600)


async def deliver(context: ServiceContext) -> None:
    """Mails whose time has come, as long as the service runs."""
    while True:
        if not await mail_due(context):
            await context.changed(_IDLE)


async def mail_due(context: ServiceContext) -> int:
    """Those that are due now, over a few connections; what became of each is decided like everything else."""
    async with context.pool.acquire() as conn:
        due = await list_due(conn, clock.now())
        addresses = await find_addresses(conn, [n.recipient_id for n in due]) if due else {}
    if due:
        n = min(_CONNECTIONS, -(-len(due) // _EACH))
        found = await asyncio.gather(*(_mail(due[place::n], addresses, context.settings.smtp) for place in range(n)))
        await context.submit_internal(list(chain.from_iterable(found)))
    return len(due)


async def _mail(due: Sequence[Notice], addresses: Mapping[str, str], server_address: str) -> list[Event]:
    """What became of each mail, over one connection."""
    host, _, port = server_address.rpartition(":")
    try:
        async with aiosmtplib.SMTP(hostname=host, port=int(port), timeout=_PATIENCE) as server:
            return [await _send(server, notice, addresses.get(notice.recipient_id)) for notice in due]
    except (aiosmtplib.SMTPException, OSError):
        return [MailFailed(notice_id=notice.id, reason_code="server-away") for notice in due]


async def _send(server: aiosmtplib.SMTP, notice: Notice, address: str | None) -> Event:
    """One mail: a number, a link, and nothing about anybody."""
    if notice.useful_until < clock.now():
        return MailFailed(notice_id=notice.id, reason_code="no-longer-useful", for_good=True)
    found = mailable(address or "")
    if isinstance(found, Undeliverable):
        return MailFailed(notice_id=notice.id, reason_code=found.reason_code, for_good=True)
    try:
        await server.send_message(_message(notice, found))
    except aiosmtplib.SMTPServerDisconnected:
        return MailFailed(notice_id=notice.id, reason_code="server-away")
    except aiosmtplib.SMTPRecipientsRefused as refused:
        code = refused.recipients[0].code
        return MailFailed(notice_id=notice.id, reason_code=f"smtp-{code}", for_good=code in _FOR_GOOD)
    except aiosmtplib.SMTPResponseException as refused:
        return MailFailed(notice_id=notice.id, reason_code=f"smtp-{refused.code}", for_good=refused.code in _FOR_GOOD)
    return MailSent(notice_id=notice.id)


def _message(notice: Notice, address: str) -> MIMEText:
    """As the rule words it; the id is the notice's, so that a repeat is recognised.

    The older class of the two: the newer one parses each header that it is given, which takes as long as sending.
    """
    rule, number = RULES[notice.rule], notice.number
    portal = os.environ.get("REHAB_PORTAL", "https://portal.example")
    place = rule.place(number, notice.document) if number else "inbox"
    message = MIMEText(f"{rule.text}\n\n{portal}/{place}\n")
    message["From"], message["To"] = _FROM, address
    message["Subject"] = rule.subject.format(number=number) if number else _without_number(rule.subject)
    message["Message-ID"] = f"<{notice.id}@portal.example>"
    return message


def _without_number(subject: str) -> str:
    """A referral: a report is due; for a notice whose referral nobody has numbered."""
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
