"""What belongs to the caller: operations, notices, and the stream that hints at what changed."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.portal.api.desk import Action, Here, Portal, Who, described, take
from services.portal.api.problems import not_found
from services.portal.api.referrals import READERS, Key, Prefer
from services.portal.store.accounts import Caller
from services.portal.store.notices import is_mine, list_notices
from services.portal.store.operations import get_operation
from services.portal.store.shown import list_views
from shared.events.portal import NoticeOpened
from shared.events.values import Actor
from shared.postgres import Connection

router = APIRouter(tags=["own"])
_BEAT = 15.0  # seconds after which a silent stream says that it lives
_MOST = 200


@router.get("/me")
async def me(caller: Who) -> dict[str, Any]:
    """Who asks, and what they may do where."""
    roles = [{"role": role, "site_id": site or None} for role, site in caller.roles]
    return {"account_id": caller.account_id, "organisation_id": caller.organisation_id, "roles": roles}


@router.get("/operations/{operation_id}")
async def show_operation(operation_id: UUID, caller: Who, portal: Here) -> dict[str, Any]:
    """One request of the caller's as it stands."""
    async with portal.reading(caller) as conn:
        found = await get_operation(conn, caller.account_id, operation_id)
    if found is None:
        raise not_found()
    return described(found)


@router.get("/notices")
async def show_notices(caller: Who, portal: Here, limit: Annotated[int, Query(ge=1, le=_MOST)] = 50) -> dict[str, Any]:
    """What the caller was told, the newest first."""
    async with portal.reading(caller) as conn:
        return {"items": await list_notices(conn, caller.account_id, limit)}


@router.post("/notices/{notice_id}/open")
async def open_notice(
    notice_id: Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")],
    caller: Who,
    portal: Here,
    key: Key,
    prefer: Prefer = None,
) -> Response:
    """The caller has seen a notice."""
    async with portal.reading(caller) as conn:
        if not await is_mine(conn, notice_id, caller.account_id):
            raise not_found()
    actor = Actor(account_id=caller.account_id, role=caller.roles[0][0], organisation_id=caller.organisation_id)

    async def fact(_: Connection, at: datetime) -> NoticeOpened:
        return NoticeOpened(by=actor, received_at=at, seen=0, idempotency_key=str(key), notice_id=notice_id)

    return await take(portal, Action(caller, key, f"/notices/{notice_id}/open", notice_id, b"", fact), prefer)


@router.get("/events")
async def events(request: Request, caller: Who, portal: Here) -> StreamingResponse:
    """A hint for each referral that changed: its number and revision, nothing else; who wants more reads it again."""
    return StreamingResponse(_hints(request, caller, portal), media_type="text/event-stream")


async def _hints(request: Request, caller: Caller, portal: Portal) -> AsyncIterator[bytes]:
    """From now on, until the client goes."""
    async with portal.reading(caller) as conn:
        last = await _newest(conn)
    yield b": live\n\n"
    while not await request.is_disconnected():
        changed = await portal.office.changed(_BEAT)
        async with portal.reading(caller) as conn:
            found = await list_views(conn, caller.sites(*READERS), None, last, _MOST)
        for view, place in found:
            last = place
            yield f"event: referral\nid: {place}\ndata: {view.number} v{view.revision}\n\n".encode()
        if not changed:
            yield b": live\n\n"


async def _newest(conn: Connection) -> int:
    """Where the caller's list ends now."""
    newest: int = await conn.fetchval("SELECT coalesce(max(changed), 0) FROM views")
    return newest
