"""A clinic answers an offer, agrees the first visit, starts, holds, records who came, and ends."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response

from services.portal.api import commands, treatment
from services.portal.api.bodies import Appointment, Attendance, Decline, End, Hold, Move, Start
from services.portal.api.papers import Desk
from services.portal.api.referrals import Number, find_mine, page_of
from services.portal.domain.counting import count_days
from services.portal.pages import words
from services.portal.pages.frame import page
from services.portal.pages.press import Fields, Outcome, Pressed, body_of
from services.portal.pages.visit import Visit, Visitor
from shared import clock

router = APIRouter(prefix="/referrals/{number}")
_PACIFIC = ZoneInfo("America/Vancouver")
_DAYS_SHOWN = 14


async def _form(visit: Visit, number: str, template: str, outcome: Outcome | None = None, **more: Any) -> Response:  # noqa: ANN401 - whatever the template shows
    """A form about a referral, with what was typed and what is wrong with it."""
    view = await find_mine(visit.portal, visit.caller, number)
    context = {
        **await visit.frame("referrals", live=False),
        "r": await page_of(visit.portal, view),
        "contract_id": view.body.get("contract_id"),
        "outcome": outcome,
        "f": outcome.fields if outcome else {},
        **more,
    }
    return page(visit.request, f"visits/{template}.html", context, status=outcome.status if outcome else 200)


@router.get("/answer")
async def show_offer(number: Number, visit: Visitor) -> Response:
    """An offer: what it is about, until when, and what happens if nobody answers."""
    return await _form(visit, number, "answer")


@router.post("/answer")
async def answer_offer(number: Number, press: Pressed) -> Response:
    """Opened, accepted or declined."""
    how = press.fields.get("how")
    if how == "acknowledge":
        outcome = await press.act(commands.acknowledge, number)
    elif how == "accept":
        outcome = await press.act(commands.accept, number)
    else:
        members = {name: press.fields.get(name) for name in ("reason_code", "comment", "next_step")}
        outcome = await press.act(commands.decline, number, lambda: body_of(Decline, members))
    place = f"/referrals/{number}"
    then = f"{place}/answer" if how == "acknowledge" else f"{place}/appointments" if how == "accept" else place
    return press.go(outcome, then) if outcome.is_sent else await _form(press.visit, number, "answer", outcome)


@router.get("/appointments")
async def show_appointments(number: Number, visit: Visitor) -> Response:
    """The first visit: booked, moved or missed."""
    return await _form(visit, number, "appointments", days=_next_days(visit))


def _next_days(visit: Visit) -> list[date]:
    """Business days that lie ahead."""
    calendar = visit.register.default_calendar
    today = calendar.day_of(clock.now())
    return [one.on for one in count_days(calendar, today, today + timedelta(days=_DAYS_SHOWN)) if one.n]


@router.post("/appointments")
async def change_appointment(number: Number, press: Pressed) -> Response:
    """Agreed, agreed anew, or the worker did not come."""
    how, said = press.fields.get("how"), _appointment(press.fields)
    if how == "missed":
        outcome = await press.act(commands.missed, number)
    elif how == "move":
        outcome = await press.act(commands.move, number, lambda: body_of(Move, said))
    else:
        late = {**said, "late_reason_code": said.pop("reason_code")}
        outcome = await press.act(commands.book, number, lambda: body_of(Appointment, late))
    if outcome.is_sent:
        return press.go(outcome, f"/referrals/{number}")
    placed = outcome.at({"starts_at": "on", "late_reason_code": "reason_code"})
    return await _form(press.visit, number, "appointments", placed, days=_next_days(press.visit))


def _appointment(fields: Fields) -> dict[str, Any]:
    """A day and a time in Pacific, as an instant."""
    on, at = fields.get("on", "").strip(), fields.get("at", "").strip()
    return {
        "starts_at": instant_of(on, at),
        "confirmed_with_worker": fields.get("confirmed_with_worker") == "yes",
        "reason_code": fields.get("reason_code"),
    }


def instant_of(on: str, at: str) -> str:
    """As the API takes it; what cannot be read is left for it to refuse."""
    try:
        return datetime.combine(date.fromisoformat(on), time.fromisoformat(at), _PACIFIC).isoformat()
    except ValueError:
        return f"{on} {at}".strip()


@router.get("/start")
async def show_start(number: Number, visit: Visitor) -> Response:
    """Whether the first visit took place."""
    return await _form(visit, number, "start")


@router.post("/start")
async def start(number: Number, press: Pressed) -> Response:
    """It did; the reports that it makes due are dated from it."""
    members = {"initial_visit_on": press.fields.get("initial_visit_on", "").strip()}
    outcome = await press.act(commands.start, number, lambda: body_of(Start, members))
    return (
        press.go(outcome, f"/referrals/{number}")
        if outcome.is_sent
        else await _form(press.visit, number, "start", outcome)
    )


@router.get("/hold")
async def show_hold(number: Number, visit: Visitor) -> Response:
    """Let it stand still, or let it go on."""
    return await _form(visit, number, "hold")


@router.post("/hold")
async def hold(number: Number, press: Pressed) -> Response:
    """With a reason and a day on which one looks again; or lifted."""
    if press.fields.get("how") == "resume":
        outcome = await press.act(commands.resume, number)
    else:
        members = {name: press.fields.get(name) for name in ("reason_code", "review_on")}
        outcome = await press.act(commands.hold, number, lambda: body_of(Hold, members))
    return (
        press.go(outcome, f"/referrals/{number}")
        if outcome.is_sent
        else await _form(press.visit, number, "hold", outcome)
    )


@router.get("/attendance")
async def show_attendance(number: Number, visit: Visitor) -> Response:
    """Who came on which day; the days of this week and the last to fill in."""
    return await _attendance(visit, number)


async def _attendance(visit: Visit, number: str, outcome: Outcome | None = None) -> Response:
    view = await find_mine(visit.portal, visit.caller, number)
    said = await Desk(visit.portal, visit.caller, view.referral_id).attendance()
    known = {day["on"]: day["status"] for day in said["days"]}
    return await _form(visit, number, "attendance", outcome, known=known, open_days=_open_days(visit, view.body, known))


def _open_days(visit: Visit, body: Mapping[str, Any], known: Mapping[str, str]) -> list[date]:
    """Business days since the first visit that nothing is said of, the last three weeks at most."""
    first = words.a_day(body.get("initial_visit_on"))
    if first is None:
        return []
    calendar = visit.register.calendar(body.get("contract_id"))
    today = calendar.day_of(clock.now())
    last = min(today, words.a_day(body.get("last_on")) or today)
    begin = max(first, last - timedelta(days=20)) - timedelta(days=1)
    return [d.on for d in count_days(calendar, begin, last) if d.n and d.on.isoformat() not in known]


@router.post("/attendance")
async def record_attendance(number: Number, press: Pressed) -> Response:
    """Each day replaces what was said of it; days that are left open are not said."""
    days = [
        {"on": name.removeprefix("day."), "status": value}
        for name, value in press.fields.items()
        if name.startswith("day.") and value
    ]
    if extra := press.fields.get("other_on", "").strip():
        days.append({"on": extra, "status": press.fields.get("other_status", "")})
    outcome = await press.act(treatment.attendance, number, lambda: body_of(Attendance, {"days": days}), is_new=True)
    if outcome.is_sent:
        return press.go(outcome, f"/referrals/{number}")
    places = {f"days.{n}.{member}": f"day.{one['on']}" for n, one in enumerate(days) for member in ("on", "status")}
    if extra:
        last = len(days) - 1
        places |= {f"days.{last}.on": "other_on", f"days.{last}.status": "other_status"}
    return await _attendance(press.visit, number, outcome.at(places))


@router.get("/discharge")
async def show_discharge(number: Number, visit: Visitor) -> Response:
    """The last day, and why treatment ends."""
    return await _form(visit, number, "discharge")


@router.post("/discharge")
async def discharge(number: Number, press: Pressed) -> Response:
    """Treatment is over; the discharge report is due."""
    members = {name: press.fields.get(name, "").strip() for name in ("last_on", "exit_reason")}
    outcome = await press.act(commands.end, number, lambda: body_of(End, members))
    return (
        press.go(outcome, f"/referrals/{number}")
        if outcome.is_sent
        else await _form(press.visit, number, "discharge", outcome)
    )
