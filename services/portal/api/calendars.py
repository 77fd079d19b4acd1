"""How the days of a deadline are counted: the same count as on the pages."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from services.portal.api.access import Who
from services.portal.api.dependencies import Here
from services.portal.api.problems import not_found
from services.portal.api.request_bodies import Day
from services.portal.domain.day_count import count_days
from services.portal.store.register import current_register

router = APIRouter(prefix="/calendars", tags=["calendars"])
CalendarId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,60}$")]


@router.get("/{calendar_id}/count")
async def count(
    calendar_id: CalendarId,
    _: Who,
    portal: Here,
    first: Annotated[Day, Query(description="the day it begins, which is not counted")],
    last: Annotated[Day, Query(description="the day it ends")],
) -> dict[str, Any]:
    """Each day with its number, or why it is not counted."""
    async with portal.context.pool.acquire() as conn:
        register = await current_register(conn)
    calendar = register.calendars.get(calendar_id)
    if calendar is None:
        raise not_found()
    days = [{"on": day.on.isoformat(), "n": day.n, "why": day.why or None} for day in count_days(calendar, first, last)]
    return {
        "calendar_id": calendar_id,
        "business_days": max(calendar.business_days_between(first, last), 0),
        "days": days,
    }
