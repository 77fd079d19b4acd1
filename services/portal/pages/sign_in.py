"""The way in and out: the front door, signing in and out, whom to contact."""

import secrets
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.portal.api.dependencies import Here, Portal
from services.portal.api.passwords import TooBusy, TooManyTries, hashed
from services.portal.api.problems import not_found
from services.portal.pages import formatting
from services.portal.pages.forms import Fields, fields_of, fields_with_secrets_of
from services.portal.pages.page_request import frame_of_anybody, frame_without_data, local_path, session_of
from services.portal.pages.rendering import page
from services.portal.pages.sessions import draft_at, kept_of
from services.portal.pages.settings import settings
from services.portal.store.attempts import Try
from services.portal.store.sessions import (
    Credential,
    close_session,
    find_credential,
    is_device,
    name_hash,
    open_session,
    remember_device,
)
from shared.codes import explained_codes
from shared.database.postgres import passes

router = APIRouter()
_UNKNOWN = hashed(secrets.token_urlsafe())  # whoever has no account waits as long as who has one
_YEAR = 365 * 24 * 3600  # seconds
_WRONG = "This e-mail address and password do not belong together."
_OFTEN = "Too many tries. Wait five minutes."
_BUSY = "Many people are signing in just now, and your password was not looked at. Try again in a few seconds."
Then = Annotated[str, Query(max_length=500)]


@router.get("/")
async def front_door(request: Request, portal: Here) -> Response:
    """Show the front page, or go on to the inbox for those who are signed in."""
    if await session_of(request, portal):
        return RedirectResponse("/inbox", 303)
    return page(request, "entry/front.html", await frame_of_anybody(portal, "front"))


@router.get("/contacts")
async def show_contacts(request: Request, portal: Here) -> Response:
    """Whom to ask about what; who is signed in keeps their menu, where it can be read."""
    try:
        frame = await frame_of_anybody(portal, "contacts", await session_of(request, portal))
    except Exception as problem:
        if not passes(problem):
            raise
        frame = frame_without_data("contacts")
    return page(request, "entry/contacts.html", {**frame, "contacts": formatting.contacts()})


@router.get("/about/{rule}")
async def explain(
    rule: Annotated[str, Path(pattern=r"^[A-Z][A-Z0-9_-]{0,39}$")], request: Request, portal: Here
) -> Response:
    """The page that the type of a problem names: its rule in words."""
    if (code := explained_codes().get(rule)) is None:
        raise not_found()
    frame = await frame_of_anybody(portal, "about", await session_of(request, portal))
    return page(request, "entry/about.html", {**frame, "code": code})


@router.get("/sign-in")
async def ask_name(request: Request, then: Then = "/inbox") -> Response:
    """Name and password; afterwards back to where one wanted to go."""
    return _asked(request, {"then": local_path(then)})


@router.post("/sign-in")
async def sign_in(request: Request, portal: Here) -> Response:
    """A new session; what was about to be sent when the last one ended can be sent now."""
    fields = await fields_of(request)
    try:
        account_id = await _checked(request, portal)
    except TooManyTries:
        return _asked(request, fields, _OFTEN, 429)
    except TooBusy:
        return _asked(request, fields, _BUSY, 503)
    if account_id is None:
        return _asked(request, fields, _WRONG, 422)
    cookie, device = secrets.token_urlsafe(32), request.cookies.get(settings().device_cookie, "")
    async with portal.context.pool.acquire() as conn, conn.transaction():
        if old := request.cookies.get(settings().cookie):
            await close_session(conn, old)
        await open_session(conn, cookie, account_id)
        device = device if await is_device(conn, _hash(device)) else secrets.token_urlsafe(32)
        await remember_device(conn, _hash(device), account_id)
    response = _with_cookie(await _onward(request, portal, fields), settings().cookie, cookie)
    return _with_cookie(response, settings().device_cookie, device, _YEAR)


async def _onward(request: Request, portal: Portal, fields: Fields) -> Response:
    """Back; with what was typed, where something was."""
    then = local_path(fields.get("then", ""))
    kept = kept_of(fields)
    if not kept:
        return RedirectResponse(then, 303)
    frame = await frame_of_anybody(portal, "resume")
    context = {"then": then, "kept": kept, "at": fields.get("at", ""), "draft": draft_at(then)}
    return page(request, "entry/resume.html", {**frame, **context})


@router.post("/sign-out")
async def sign_out(request: Request, portal: Here) -> Response:
    """The session ends."""
    if cookie := request.cookies.get(settings().cookie):
        async with portal.context.pool.acquire() as conn:
            await close_session(conn, cookie)
    response = RedirectResponse("/signed-out", 303)
    response.delete_cookie(settings().cookie, path="/", secure=settings().is_secure, httponly=True, samesite="lax")
    return response


@router.get("/signed-out")
async def say_goodbye(request: Request, portal: Here) -> Response:
    """Nothing is open any more."""
    return page(request, "entry/signed-out.html", await frame_of_anybody(portal, "signed-out"))


async def _checked(request: Request, portal: Portal) -> str | None:
    """The account, if the password is right; a name that nobody has is checked as long.

    Only a device that says it is known is looked up before its try is counted.
    """
    fields = await fields_with_secrets_of(request)
    name, cookie = fields.get("name", ""), request.cookies.get(settings().device_cookie)
    found = await _credential(portal, name, cookie) if cookie else None
    is_known = cookie is not None and found is not None and found.is_known_device
    address = request.client.host if request.client else ""

    async def kept() -> str:
        nonlocal found
        found = found or await _credential(portal, name, cookie)
        return found.password if found else _UNKNOWN

    one = Try(name_hash(name), address, _hash(cookie) if cookie and is_known else None)
    is_right = await portal.passwords.is_right(kept, fields.get("password", ""), one)
    return found.account_id if found and is_right else None


async def _credential(portal: Portal, name: str, cookie: str | None) -> Credential | None:
    async with portal.context.pool.acquire() as conn:
        return await find_credential(conn, name, _hash(cookie) if cookie else None)


def _hash(cookie: str) -> bytes:
    return sha256(cookie.encode()).digest()


def _asked(request: Request, fields: Fields, wrong: str = "", status: int = 200) -> Response:
    """The page to sign in, for which nothing need be read."""
    frame = frame_without_data("sign-in")
    then, kept = local_path(fields.get("then", "")), kept_of(fields)
    more = {"then": then, "kept": kept, "wrong": wrong, "name": fields.get("name", ""), "at": fields.get("at", "")}
    headers = {"Retry-After": "5"} if status == 503 else {}  # noqa: PLR2004 - too many at once
    return page(request, "entry/sign-in.html", {**frame, **more}, status=status, headers=headers)


def _with_cookie(response: Response, name: str, value: str, seconds: int | None = None) -> Response:
    is_secure = settings().is_secure
    response.set_cookie(name, value, seconds, path="/", secure=is_secure, httponly=True, samesite="lax")
    return response
