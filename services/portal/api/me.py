"""The calls on what belongs to the caller: their account, operations and notices, and the stream of hints."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.portal.api.access import KeyHash, Who
from services.portal.api.actions import Action, ActionContext, ActionResult, Key, Wait, command, described, submit
from services.portal.api.dependencies import Here, Portal
from services.portal.api.event_stream import Client, Stream, follow
from services.portal.api.problems import not_found
from services.portal.store.accounts import Caller
from services.portal.store.notices import find_notice, list_notices
from services.portal.store.operations import get_operation
from shared.config import clock
from shared.events.portal import NoticeOpened

router = APIRouter(tags=["own"])
NoticeId = Annotated[UUID, Path()]


@router.get("/me")
async def me(caller: Who) -> dict[str, Any]:
    """Shows the caller's account with its roles by site."""
    roles = [{"role": role, "site_id": site or None} for role, site in caller.roles]
    return {"account_id": caller.account_id, "organisation_id": caller.organisation_id, "roles": roles}


@router.get("/operations/{operation_id}")
async def show_operation(operation_id: UUID, caller: Who, portal: Here) -> dict[str, Any]:
    """Shows an operation of the caller's."""
    async with portal.reading(caller) as conn:
        found = await get_operation(conn, caller.account_id, operation_id)
    if found is None:
        raise not_found()
    return described(found)


@router.get("/notices")
async def show_notices(
    caller: Who,
    portal: Here,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "",
) -> dict[str, Any]:
    """Lists the notices of the caller and of the caller's sites in the order in which they changed."""
    async with portal.reading(caller) as conn:
        found = await list_notices(conn, caller.recipients, int(cursor or 0), limit + 1)
    after = str(found[limit - 1].changed) if len(found) > limit else None
    if after:
        response.headers["Link"] = f'</api/v1/notices?limit={limit}&cursor={after}>; rel="next"'
    items = [notice.shown() for notice in found[:limit]]
    return {"items": items, "next": after, "as_of": clock.now().isoformat()}


@command(router, "/notices/{notice_id}/open")
async def open_notice(notice_id: NoticeId, caller: Who, portal: Here, key: Key, wait: Wait) -> ActionResult:
    """Records that the caller has seen a notice."""
    return await see_notice(portal, caller, str(notice_id), key, wait)


async def see_notice(portal: Portal, caller: Caller, notice_id: str, key: UUID, wait: int = 0) -> ActionResult:
    """Announces that the caller has seen a notice of theirs, through the API or on its page."""

    async def current_view() -> dict[str, Any]:
        async with portal.reading(caller) as conn:
            found = await find_notice(conn, notice_id, caller.recipients)
        if found is None:
            raise not_found()
        return found.shown()

    async def fact(context: ActionContext) -> NoticeOpened:
        return NoticeOpened(**context.members, seen=0, notice_id=notice_id)

    await current_view()
    action = Action(
        caller=caller,
        role=caller.role_at(None),
        key=key,
        about=f"/notices/{notice_id}/open",
        record_key=notice_id,
        body={},
        fact=fact,
        current_view=current_view,
    )
    return await submit(portal, action, wait)


async def stream_of(caller: Who, portal: Here, key: KeyHash) -> AsyncIterator[Stream]:
    """Yields the stream of the caller's key; a new one ends the one before."""
    async with portal.live.open(Client(caller, key, caller.account_id)) as stream:
        yield stream


@router.get("/events", response_class=EventSourceResponse)
async def events(stream: Annotated[Stream, Depends(stream_of)]) -> AsyncIterable[ServerSentEvent]:
    """Streams a hint for each changed record: `event` is its topic, `data` its number and version alone."""
    async for hint in follow(stream):
        yield hint
