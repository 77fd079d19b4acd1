"""A clinic answers an offer, agrees the first visit, starts, holds, records who came, and ends."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from services.portal.api import commands, treatment
from services.portal.api.case_documents import CaseDocuments
from services.portal.api.problems import Problem
from services.portal.api.referrals import Number, find_mine, page_of
from services.portal.api.request_bodies import Appointment, Attendance, Decline, End, Hold, Move, Start
from services.portal.domain.day_count import count_days
from services.portal.domain.text_display import trimmed
from services.portal.domain.typed_values import Unreadable, instant_of, read_day, read_time
from services.portal.pages import formatting
from services.portal.pages.forms import B, Fields, Outcome, Submitted, body_of, read_all, unread
from services.portal.pages.page_request import PageRequest, SignedIn
from services.portal.pages.rendering import page
from shared.config import clock

router = APIRouter(prefix="/referrals/{number}")
_PACIFIC = ZoneInfo("America/Vancouver")
_DAYS_SHOWN = 14


async def _form(
    request: PageRequest,
    number: str,
    template: str,
    outcome: Outcome | None = None,
    **more: Any,  # noqa: ANN401 - whatever the template shows
) -> Response:
    """A form about a referral, with what was typed and what is wrong with it."""
    view = await find_mine(request.portal, request.caller, number)
    context = {
        **await request.frame("referrals", live=False),
        "r": await page_of(request.portal, view),
        "contract_id": view.body.get("contract_id"),
        "outcome": outcome,
        "f": outcome.fields if outcome else {},
        **more,
    }
    return page(request.request, f"visits/{template}.html", context, status=outcome.status if outcome else 200)


@router.get("/answer")
async def show_offer(number: Number, request: SignedIn) -> Response:
    """An offer: what it is about, until when, and what happens if nobody answers."""
    return await _form(request, number, "answer")


@router.post("/answer")
async def answer_offer(number: Number, submission: Submitted) -> Response:
    """Opened, accepted or declined."""
    how = submission.fields.get("how")
    if how == "acknowledge":
        outcome = await submission.act(commands.acknowledge, number)
    elif how == "accept":
        outcome = await submission.act(commands.accept, number)
    else:
        members = {name: submission.fields.get(name) for name in ("reason_code", "comment", "next_step")}
        outcome = await submission.act(commands.decline, number, lambda: body_of(Decline, members))
    place = f"/referrals/{number}"
    then = f"{place}/answer" if how == "acknowledge" else f"{place}/appointments" if how == "accept" else place
    return submission.go(outcome, then) if outcome.is_sent else await _form(submission.visit, number, "answer", outcome)


@router.get("/appointments")
async def show_appointments(number: Number, request: SignedIn) -> Response:
    """The first visit: booked, moved or missed."""
    return await _form(request, number, "appointments", days=_next_days(request))


def _next_days(request: PageRequest) -> list[date]:
    """Business days that lie ahead."""
    calendar = request.register.default_calendar
    today = calendar.day_of(clock.now())
    return [one.on for one in count_days(calendar, today, today + timedelta(days=_DAYS_SHOWN)) if one.n]


@router.post("/appointments")
async def change_appointment(number: Number, submission: Submitted) -> Response:
    """Agreed, agreed anew, or the worker did not come."""
    how, fields = submission.fields.get("how"), submission.fields
    if how == "missed":
        outcome = await submission.act(commands.missed, number)
    elif how == "move":
        outcome = await submission.act(commands.move, number, lambda: moved(fields))
    else:
        outcome = await submission.act(commands.book, number, lambda: booked(fields))
    if outcome.is_sent:
        return submission.go(outcome, f"/referrals/{number}")
    placed = outcome.at({"starts_at": "on", "late_reason_code": "reason_code"})
    return await _form(submission.visit, number, "appointments", placed, days=_next_days(submission.visit))


def booked(fields: Fields) -> Appointment:
    """The first visit as it was typed."""
    return body_of(Appointment, {**_appointment(fields), "late_reason_code": fields.get("reason_code")})


def moved(fields: Fields) -> Move:
    """The first visit as it was agreed anew."""
    return body_of(Move, {**_appointment(fields), "reason_code": fields.get("reason_code")})


def _appointment(fields: Fields) -> dict[str, Any]:
    """A day and a time in Pacific, as an instant."""
    typed = {"on": (read_day, fields.get("on", "")), "at": (read_time, fields.get("at", ""))}
    read = read_all(typed)
    starts_at = instant_of(read["on"], read["at"], _PACIFIC)
    if isinstance(starts_at, Unreadable):
        raise Problem(422, "Some of it must be added or corrected.", [unread("at", starts_at)])
    return {"starts_at": starts_at.isoformat(), "confirmed_with_worker": fields.get("confirmed_with_worker") == "yes"}


@router.get("/start")
async def show_start(number: Number, request: SignedIn) -> Response:
    """Ask whether the first visit took place."""
    return await _form(request, number, "start")


@router.post("/start")
async def start(number: Number, submission: Submitted) -> Response:
    """It did; the reports that it makes due are dated from it."""
    outcome = await submission.act(commands.start, number, lambda: started(submission.fields))
    return (
        submission.go(outcome, f"/referrals/{number}")
        if outcome.is_sent
        else await _form(submission.visit, number, "start", outcome)
    )


def started(fields: Fields) -> Start:
    """The day of the first visit as it was typed."""
    return body_of(Start, {"initial_visit_on": fields.get("initial_visit_on")})


@router.get("/hold")
async def show_hold(number: Number, request: SignedIn) -> Response:
    """Let it stand still, or let it go on."""
    return await _form(request, number, "hold")


@router.post("/hold")
async def hold(number: Number, submission: Submitted) -> Response:
    """With a reason and a day on which one looks again; or lifted."""
    if submission.fields.get("how") == "resume":
        outcome = await submission.act(commands.resume, number)
    else:
        outcome = await submission.act(commands.hold, number, lambda: held(submission.fields, Hold))
    return (
        submission.go(outcome, f"/referrals/{number}")
        if outcome.is_sent
        else await _form(submission.visit, number, "hold", outcome)
    )


def held(fields: Fields, kind: type[B]) -> B:
    """Why a referral stands still and when one looks again, as it was typed."""
    return body_of(kind, {name: fields.get(name) for name in ("reason_code", "review_on")})


@router.get("/attendance")
async def show_attendance(number: Number, request: SignedIn) -> Response:
    """Show the attendance by day, with the days of this week and the last to fill in."""
    return await _attendance(request, number)


async def _attendance(request: PageRequest, number: str, outcome: Outcome | None = None) -> Response:
    view = await find_mine(request.portal, request.caller, number)
    said = await CaseDocuments(request.portal, request.caller, view.referral_id).attendance()
    known = {day["on"]: day["status"] for day in said["days"]}
    return await _form(
        request, number, "attendance", outcome, known=known, open_days=_open_days(request, view.body, known)
    )


def _open_days(request: PageRequest, body: Mapping[str, Any], known: Mapping[str, str]) -> list[date]:
    """Business days since the first visit that nothing is said of, the last three weeks at most."""
    first = formatting.a_day(body.get("initial_visit_on"))
    if first is None:
        return []
    calendar = request.register.calendar(body.get("contract_id"))
    today = calendar.day_of(clock.now())
    last = min(today, formatting.a_day(body.get("last_on")) or today)
    begin = max(first, last - timedelta(days=20)) - timedelta(days=1)
    return [d.on for d in count_days(calendar, begin, last) if d.n and d.on.isoformat() not in known]


@router.post("/attendance")
async def record_attendance(number: Number, submission: Submitted) -> Response:
    """Each day replaces what was said of it; days that are left open are not said."""
    days = days_of(submission.fields)
    outcome = await submission.act(treatment.attendance, number, lambda: attended(submission.fields), is_new=True)
    if outcome.is_sent:
        return submission.go(outcome, f"/referrals/{number}")
    places = {f"days.{n}.{member}": f"day.{one['on']}" for n, one in enumerate(days) for member in ("on", "status")}
    if _is_another(submission.fields):
        last = len(days) - 1
        places |= {f"days.{last}.on": "other_on", f"days.{last}.status": "other_status"}
    return await _attendance(submission.visit, number, outcome.at(places))


def attended(fields: Fields) -> Attendance:
    """Return the attendance by day, as it was typed."""
    return body_of(Attendance, {"days": days_of(fields)})


def days_of(fields: Fields) -> list[dict[str, str]]:
    """Each day that was answered with its status; another day that was typed comes last."""
    prefix = "day."
    days = [{"on": name.removeprefix(prefix), "status": v} for name, v in fields.items() if name.startswith(prefix)]
    other = [{"on": fields.get("other_on", ""), "status": fields.get("other_status", "")}]
    return [day for day in days if day["status"]] + (other if _is_another(fields) else [])


def _is_another(fields: Fields) -> bool:
    """Return whether a day beside those that were asked for was typed, or said something of."""
    return bool(trimmed(fields.get("other_on", "")) or fields.get("other_status"))


@router.get("/discharge")
async def show_discharge(number: Number, request: SignedIn) -> Response:
    """The last day, and why treatment ends."""
    return await _form(request, number, "discharge")


@router.post("/discharge")
async def discharge(number: Number, submission: Submitted) -> Response:
    """Treatment is over; the discharge report is due."""
    outcome = await submission.act(commands.end, number, lambda: ended(submission.fields))
    return (
        submission.go(outcome, f"/referrals/{number}")
        if outcome.is_sent
        else await _form(submission.visit, number, "discharge", outcome)
    )


def ended(fields: Fields) -> End:
    """The last day of treatment and why it ends, as they were typed."""
    return body_of(End, {name: fields.get(name) for name in ("last_on", "exit_reason")})
