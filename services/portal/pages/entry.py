"""The way in and out: the front door, signing in and out, whom to contact."""

import asyncio
import secrets
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.portal.api.desk import Here, Portal
from services.portal.api.problems import not_found
from services.portal.pages import words
from services.portal.pages.frame import page
from services.portal.pages.press import Fields, fields_of
from services.portal.pages.sessions import draft_at, kept_of
from services.portal.pages.settings import settings
from services.portal.pages.visit import frame_of_anybody, local_path, session_of
from services.portal.store.sessions import close_session, find_credential, open_session

router = APIRouter()
_HASHER = PasswordHasher()
_UNKNOWN = _HASHER.hash(secrets.token_urlsafe())  # whoever has no account waits as long as who has one
_AT_ONCE = asyncio.Semaphore(2)  # a check takes 64 MB
_TRIES = MovingWindowRateLimiter(MemoryStorage())
_A_NAME, _AN_ADDRESS = parse("10 per 5 minute"), parse("60 per 5 minute")
_WRONG = "This e-mail address and password do not belong together."
_OFTEN = "Too many tries. Wait five minutes."
Then = Annotated[str, Query(max_length=500)]


@router.get("/")
async def front_door(request: Request, portal: Here) -> Response:
    """What this is, and the way in; whoever is signed in goes on to the inbox."""
    if await session_of(request, portal):
        return RedirectResponse("/inbox", 303)
    return page(request, "entry/front.html", await frame_of_anybody(portal, "front"))


@router.get("/contacts")
async def show_contacts(request: Request, portal: Here) -> Response:
    """Whom to ask about what."""
    frame = await frame_of_anybody(portal, "contacts", await session_of(request, portal))
    return page(request, "entry/contacts.html", {**frame, "contacts": words.contacts()})


@router.get("/about/{rule}")
async def explain(
    rule: Annotated[str, Path(pattern=r"^[A-Z][A-Z0-9_-]{0,39}$")], request: Request, portal: Here
) -> Response:
    """The page that the type of a problem names: its rule in words."""
    if (said := words.rules().get(rule)) is None:
        raise not_found()
    frame = await frame_of_anybody(portal, "about", await session_of(request, portal))
    return page(request, "entry/about.html", {**frame, "rule": rule, "words": said})


@router.get("/sign-in")
async def ask_name(request: Request, portal: Here, then: Then = "/inbox") -> Response:
    """Name and password; afterwards back to where one wanted to go."""
    return await _asked(request, portal, {"then": local_path(then)})


@router.post("/sign-in")
async def sign_in(request: Request, portal: Here) -> Response:
    """A new session; what was about to be sent when the last one ended can be sent now."""
    fields = await fields_of(request)
    name = fields.get("name", "")
    if not await _may_try(request, name):
        return await _asked(request, portal, fields, _OFTEN, 429)
    account_id = await _checked(portal, name, fields.get("password", ""))
    if account_id is None:
        await _note_wrong(request, name)
        return await _asked(request, portal, fields, _WRONG, 422)
    cookie = secrets.token_urlsafe(32)
    async with portal.office.pool.acquire() as conn, conn.transaction():
        if old := request.cookies.get(settings().cookie):
            await close_session(conn, old)
        await open_session(conn, cookie, account_id)
    return _with_cookie(await _onward(request, portal, fields), cookie)


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
        async with portal.office.pool.acquire() as conn:
            await close_session(conn, cookie)
    response = RedirectResponse("/signed-out", 303)
    response.delete_cookie(settings().cookie, path="/", secure=settings().is_secure, httponly=True, samesite="lax")
    return response


@router.get("/signed-out")
async def say_goodbye(request: Request, portal: Here) -> Response:
    """Nothing is open any more."""
    return page(request, "entry/signed-out.html", await frame_of_anybody(portal, "signed-out"))


def _counters(request: Request, name: str) -> tuple[tuple[RateLimitItem, str, str], ...]:
    """Wrong tries are counted by name, and by address that they come from."""
    address = request.client.host if request.client else ""
    return (_A_NAME, "name", name.strip().casefold()), (_AN_ADDRESS, "address", address)


async def _may_try(request: Request, name: str) -> bool:
    """Unless too many were wrong just now."""
    return all([await _TRIES.test(limit, *counted) for limit, *counted in _counters(request, name)])


async def _note_wrong(request: Request, name: str) -> None:
    """One more."""
    for limit, *counted in _counters(request, name):
        await _TRIES.hit(limit, *counted)


async def _checked(portal: Portal, name: str, password: str) -> str | None:
    """The account, if the password is right; a name that nobody has is checked as long."""
    async with portal.office.pool.acquire() as conn:
        found = await find_credential(conn, name)
    async with _AT_ONCE:
        is_right = await asyncio.to_thread(_verify, found.password if found else _UNKNOWN, password)
    return found.account_id if found and is_right else None


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def hashed(password: str) -> str:
    """As it is kept."""
    return _HASHER.hash(password)


async def _asked(request: Request, portal: Portal, fields: Fields, wrong: str = "", status: int = 200) -> Response:
    frame = await frame_of_anybody(portal, "sign-in")
    then, kept = local_path(fields.get("then", "")), kept_of(fields)
    more = {"then": then, "kept": kept, "wrong": wrong, "name": fields.get("name", ""), "at": fields.get("at", "")}
    return page(request, "entry/sign-in.html", {**frame, **more}, status=status)


def _with_cookie(response: Response, cookie: str) -> Response:
    response.set_cookie(settings().cookie, cookie, path="/", secure=settings().is_secure, httponly=True, samesite="lax")
    return response
