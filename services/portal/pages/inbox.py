"""One list of what somebody can do now, by when it is due."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, NamedTuple, Self
from uuid import uuid4

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.portal.api.access import CLINIC, OFFICER
from services.portal.api.event_stream import Client, Stream, follow
from services.portal.domain import tasks
from services.portal.domain.tasks import Task
from services.portal.pages.formatting import report_title
from services.portal.pages.page_request import PageRequest, SignedIn, may_open
from services.portal.pages.rendering import page
from services.portal.pages.settings import settings
from services.portal.store.accounts import identities_of
from services.portal.store.case_documents import list_queue
from services.portal.store.notices import Notice, list_newest_notices
from services.portal.store.tasks import list_asking, list_open_documents
from shared.config import clock
from shared.database.postgres import Connection

router = APIRouter()
_SHOWN = 50  # the most urgent ones
_TOLD = 50  # notices
_LINES, _EACH = 8, 5  # sentences that are shown, and records that are named beside each
WITH_PAGES = (
    CLINIC | OFFICER | frozenset({"worker"})
)  # other roles have an inbox and whom to contact, and nothing else yet
_CLINIC = frozenset({"clinician", "administrator"})
_BILLS = frozenset({"biller", "administrator"})
_OPENED = frozenset({"acknowledged", "accepted", "scheduled", "active", "discharged"})


@router.get("/inbox")
async def show_inbox(request: SignedIn) -> Response:
    """Everybody's own; a worker's is the page of their program."""
    if request.caller.kind == "worker":
        return RedirectResponse("/my", 303)
    now = clock.now()
    async with request.portal.reading(request.caller) as conn:
        queue = await _queue(request, conn, now)
        told = await list_newest_notices(conn, request.caller.recipients, _TOLD)
    shown = tasks.by_urgency(queue.tasks, now)[:_SHOWN]
    async with request.portal.context.pool.acquire() as conn:
        names = await identities_of(conn, {f"worker/{t.person_id}" for t in shown if t.person_id})
    context = {
        "groups": tasks.grouped(shown, now, request.register.default_calendar),
        "count": queue.total,
        "shown": len(shown),
        "overdue": queue.late,
        "names": names,
        "notices": told_once(told, request.roles),
        "has_pages": bool(request.roles & WITH_PAGES),
    }
    return page(request.request, "inbox/inbox.html", {**await request.frame("inbox"), **context})


class Told(NamedTuple):
    """A sentence that somebody was told last, once, with the records that it was said of, the newest first."""

    newest: Notice
    link: str | None
    others: Sequence[tuple[Notice, str | None]]
    more: int


def told_once(notices: Sequence[Notice], roles: frozenset[str]) -> Sequence[Told]:
    """Notices by their sentence without its number, each sentence once; a link only where its reader may follow it."""
    groups: dict[str, list[Notice]] = {}
    for one in notices:
        sentence = one.subject or one.about
        groups.setdefault(sentence.replace(one.number, "") if one.number else sentence, []).append(one)
    found = []
    for first, *rest in list(groups.values())[:_LINES]:
        others = [(one, _followed(one, roles)) for one in rest[:_EACH]]
        found.append(Told(first, _followed(first, roles), others, len(rest) - len(others)))
    return found


def _followed(notice: Notice, roles: frozenset[str]) -> str | None:
    """Where a notice leads, other than to the inbox on which it stands."""
    link = notice.link
    return f"/{link}" if link and link != "inbox" and may_open(link, roles) else None


class Queue(NamedTuple):
    """The most urgent tasks at least, how many there are, and how many are late."""

    tasks: Sequence[Task]
    total: int
    late: int

    @classmethod
    def of(cls, found: Sequence[Task], now: datetime) -> Self:
        """All of them."""
        return cls(found, len(found), sum(1 for task in found if task.due_at and task.due_at <= now))

    def __or__(self, other: "Queue") -> "Queue":
        """Of both."""
        return Queue([*self.tasks, *other.tasks], self.total + other.total, self.late + other.late)


async def _queue(request: PageRequest, conn: Connection, now: datetime) -> Queue:
    if request.caller.kind == "insurer":
        return Queue.of(await _of_officer(request, conn), now)
    return await _of_clinic(request, conn, now) | Queue.of(await _of_papers(request, conn, now), now)


async def _of_clinic(request: PageRequest, conn: Connection, now: datetime) -> Queue:
    """Referrals that wait for an answer, a visit or a plan."""
    if not request.roles & _CLINIC:
        return Queue.of((), now)
    calendar = request.register.default_calendar
    today = calendar.start_of(calendar.day_of(now))
    asked = await list_asking(conn, request.caller.within(_CLINIC).sites, now, today, _SHOWN)
    found: list[Task] = []
    for one in asked.first:
        contract_id = one.body.get("contract_id")
        person_id = one.person_id if one.state in _OPENED else None
        waiting = tasks.of_referral(one.state, one.number, one.body, now, request.register.calendar(contract_id))
        found += [task._replace(contract_id=contract_id, person_id=person_id) for task in waiting]
    return Queue(found, asked.total, asked.late)


async def _of_papers(request: PageRequest, conn: Connection, now: datetime) -> Sequence[Task]:
    """Reports to write, questions to answer, and invoices to put right."""
    found: list[Task] = []
    treating, billing = request.caller.within(_CLINIC).sites, request.caller.within(_BILLS).sites
    for one in await list_open_documents(conn, treating, billing):
        task: Task | None = None
        match one.kind:
            case "report":
                fees = request.register.fees(one.contract_id, request.register.default_calendar.day_of(now))
                worth = tasks.worth_of(fees.values(), one.body.get("kind", ""))
                task = tasks.of_report(one.number, one.name, report_title(one.name), one.body, worth)
            case "plan":
                task = tasks.of_question(one.number, one.name, one.body)
            case "invoice":
                task = tasks.of_invoice(one.number, one.name, one.body, request.register.calendar(one.contract_id))
        if task:
            found.append(task._replace(person_id=one.person_id, contract_id=one.contract_id))
    return found


async def _of_officer(request: PageRequest, conn: Connection) -> list[Task]:
    """Plans to decide and reports to review."""
    if "claims_officer" not in request.roles:
        return []
    return [
        officer_task(document.kind, document.name, document.body, number)
        for document, number, _ in await list_queue(conn, 0, 500)
    ]


def officer_task(kind: str, name: str, body: dict[str, object], number: str) -> Task:
    """Return what waits for a decision."""
    if kind == "plan":
        what, href, action = f"Decide plan {name}", f"/officer/referrals/{number}/plans/{name}", "Decide"
    else:
        what, href, action = (
            f"Review: {report_title(name).lower()}",
            f"/officer/referrals/{number}/reports/{name}",
            "Review",
        )
    deadline = body.get("door")
    due = deadline.get("due_at") if isinstance(deadline, dict) else None
    lines = body.get("lines")
    cents = sum(line.get("cents", 0) for line in lines) if kind == "plan" and isinstance(lines, list) else None
    at = datetime.fromisoformat(due).astimezone(UTC) if due else None
    since = deadline.get("since") if isinstance(deadline, dict) else None
    began = datetime.fromisoformat(since) if since else None
    pauses = deadline.get("pauses", ()) if isinstance(deadline, dict) else ()
    return Task(what, number, href, action, due_at=at, since=began, at_stake=cents, pauses=pauses)


async def stream_of(request: SignedIn) -> AsyncIterator[Stream]:
    """A stream of this tab's own."""
    session = sha256(request.request.cookies.get(settings().cookie, "").encode()).digest()
    client = Client(request.whole, session, f"{request.whole.account_id}/{uuid4()}")
    async with request.portal.live.open(client) as stream:
        yield stream


@router.get("/events", response_class=EventSourceResponse)
async def events(stream: Annotated[Stream, Depends(stream_of)]) -> AsyncIterable[ServerSentEvent]:
    """A hint for each record that changed; one stream a tab.

    Its first event makes each live piece of the page read itself again: what changed between the page and its stream is
    told by no hint.
    """
    async for hint in follow(stream):
        yield hint
        if hint.comment is not None:
            yield ServerSentEvent(event="live", raw_data="now")
