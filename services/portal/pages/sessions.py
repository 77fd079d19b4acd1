"""How a session ends: told before, told afterwards, and gone on with where one was, with what one had typed."""

import re
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from services.portal.api.dependencies import Here, Portal
from services.portal.domain.form_fields import KEPT, readable
from services.portal.pages import formatting
from services.portal.pages.forms import Fields, Submitted, fields_of
from services.portal.pages.page_request import frame_without_data, local_path, session_of
from services.portal.pages.rendering import page
from services.portal.pages.settings import settings
from services.portal.store.sessions import seconds_left

router = APIRouter()
Then = Annotated[str, Query(max_length=500)]
_DRAFTS = (
    (re.compile(r"/referrals/([^/]+)/plan/edit"), "plan of referral {0}"),
    (re.compile(r"/referrals/([^/]+)/reports/([^/]+)(?:/.*)?"), "{1} of referral {0}"),
    (re.compile(r"/invoices/draft-([^/]+)(?:/.*)?"), "invoice for referral {0}"),
)
_OF_THE_SERVER = ("type", "asgi", "http_version", "server", "client", "scheme", "headers", "root_path")


def kept_of(fields: Fields) -> Fields:
    """Return what was typed before the sign-in, but nothing secret."""
    return readable({name.removeprefix(KEPT): value for name, value in fields.items() if name.startswith(KEPT)})


def draft_at(place: str) -> str:
    """Which draft a page writes, in words; nothing for a page that writes none."""
    for pattern, said in _DRAFTS:
        if found := pattern.fullmatch(place.partition("?")[0]):
            number, *names = found.groups()
            return said.format(number, *(formatting.report_title(name).lower() for name in names))
    return ""


@router.get("/session")
async def say_left(request: Request, portal: Here) -> Response:
    """The seconds until it ends, for the page that warns of it."""
    return await _left(request, portal)


@router.post("/session")
async def stay(request: Request, portal: Here) -> Response:
    """Somebody is there still."""
    await session_of(request, portal)
    return await _left(request, portal)


async def _left(request: Request, portal: Portal) -> Response:
    async with portal.context.pool.acquire() as conn:
        seconds = await seconds_left(conn, request.cookies.get(settings().cookie, ""))
    return JSONResponse({"seconds": seconds}, headers={"Cache-Control": "no-store"})


@router.get("/session-ended")
async def say_ended(request: Request, then: Then = "/inbox") -> Response:
    """That it has, which draft is kept, and the way back to it."""
    return ended(request, {"then": then})


@router.post("/session-ended")
async def keep_typed(request: Request) -> Response:
    """The same, with what somebody was typing into a form that is no draft."""
    return ended(request, await fields_of(request))


def ended(request: Request, fields: Fields, status: int = 200) -> Response:
    """The sign-in page of somebody who was signed in."""
    then = local_path(fields.get("then", ""))
    kept = {"then": then, "kept": kept_of(fields), "at": fields.get("at", "")}
    context = {**frame_without_data("sign-in"), **kept, "ended": True, "draft": draft_at(then)}
    return page(request, "entry/sign-in.html", context, status=status)


@router.post("/resume")
async def resume(submission: Submitted) -> Response:
    """The page on which somebody was typing, as they left it."""
    request = submission.visit.request
    return _Again(request.app, request.scope, local_path(submission.fields.get("then", "")), kept_of(submission.fields))


class _Again(Response):
    """A page of this portal as its own address shows it, but with fields that were typed before."""

    def __init__(self, app: ASGIApp, asked: Scope, place: str, typed: Mapping[str, str]) -> None:
        super().__init__()
        path, _, query = place.partition("?")
        kept = {name: asked[name] for name in _OF_THE_SERVER if name in asked}
        of_page = {"method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode()}
        self._app, self._scope = app, {**kept, **of_page, "state": {**asked.get("state", {}), "typed": typed}}

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(self._scope, receive, send)
