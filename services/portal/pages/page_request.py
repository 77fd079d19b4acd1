"""The request of a page: the session, the roles, and the pages that there are for them."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, urlencode
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from services.portal.api.actions import described
from services.portal.api.dependencies import Here, Portal
from services.portal.api.me import see_notice
from services.portal.api.problems import Problem, not_found
from services.portal.domain.form_fields import without_secrets
from services.portal.pages import demo_pace
from services.portal.pages.access import ANYBODY, PAGES
from services.portal.pages.labels import choices_on
from services.portal.pages.people import full_name
from services.portal.pages.settings import settings
from services.portal.store.accounts import Caller, identity_of
from services.portal.store.notices import find_unseen
from services.portal.store.operations import get_operation
from services.portal.store.register import Register, current_register
from services.portal.store.sessions import IDLE_MINUTES, use_session
from shared.codes import code_list
from shared.config import clock
from shared.events.person import Identity

_MENU = (
    ("inbox", "/inbox", "Inbox", None),
    ("referrals", "/referrals", "Referrals", frozenset({"clinician", "biller", "administrator"})),
    ("invoices", "/invoices", "Invoices", frozenset({"biller", "administrator"})),
    ("payments", "/payments", "Payments", frozenset({"biller", "administrator"})),
    ("officer", "/officer", "Decisions", frozenset({"claims_officer"})),
    ("my", "/my", "My program", frozenset({"worker"})),
    ("my-timeline", "/my/timeline", "What has happened", frozenset({"worker"})),
    ("contacts", "/contacts", "Who to contact", None),
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # browsers leave some of them out: what stands behind may be another host
_PLACES = tuple(
    (re.compile(re.sub(r"\{[a-z_:]+\}", "[^/]+", path)), roles)
    for (method, path), roles in PAGES.items()
    if method == "GET"
)
_IDLE = timedelta(minutes=IDLE_MINUTES)


class NotSignedIn(Exception):  # noqa: N818 - says what is so
    """The page is for people who signed in."""


@dataclass(frozen=True)
class PageRequest:
    """Somebody at a page, with those of their roles that the page is for."""

    request: Request
    portal: Portal
    caller: Caller
    whole: Caller
    identity: Identity | None
    register: Register

    @property
    def roles(self) -> frozenset[str]:
        """All that the visitor holds, wherever."""
        return frozenset(role for role, _ in self.whole.roles)

    async def frame(self, here: str, *, live: bool = True) -> Mapping[str, Any]:
        """Return what every page shows around its own: who, where to go, which day it is, what was just done.

        A page that is there has shown what its notices are about: they are seen.
        """
        if self.request.method == "GET" and not is_by_itself(self.request) and not _is_fetched_ahead(self.request):
            await see_notices(self.portal, self.whole, self.request.url.path)
        return {
            **frame_without_data(here),
            "live": live,
            "me": _described(self.whole, self.identity, self.register),
            "nav": [(id_, href, text) for id_, href, text, roles in _MENU if roles is None or roles & self.roles],
            "local": demo_pace.shown(),
            "register": self.register,
            "roles": self.roles,
            "choices": choices_on(self.register.default_calendar.day_of(clock.now())),
            "key": str(uuid4()),
            "done": await self._done(),
            **_idling(),
        }

    async def _done(self) -> Mapping[str, Any] | None:
        """The request that led here, once it was accepted; a stranger's link shows nothing."""
        said = self.request.query_params.get("did", "")
        try:
            operation_id = UUID(said)
        except ValueError:
            return None
        async with self.portal.reading(self.whole) as conn:
            found = await get_operation(conn, self.whole.account_id, operation_id)
        return described(found) if found and found.status == "accepted" else None


def _described(caller: Caller, identity: Identity | None, register: Register) -> Mapping[str, str]:
    """Name, role and place, as they stand in the header; a worker has no name here before an offer was opened."""
    sites = caller.sites
    name = full_name(identity)
    where = register.name(sites[0]) if len(sites) == 1 else register.name(caller.organisation_id)
    return {"name": name, "roles": _roles_beside(name, frozenset(role for role, _ in caller.roles)), "where": where}


def _roles_beside(name: str, roles: frozenset[str]) -> str:
    """Roles in words, but what the name says already."""
    said = (code_list("roles").sentence(role) for role in sorted(roles))
    return ", ".join(role for role in said if role not in name.lower())


def frame_without_data(here: str) -> Mapping[str, Any]:
    """Return what a page shows around its own while nothing can be read."""
    return {"here": here, "live": False, "me": None, "nav": [], "now": clock.now(), "local": None, "key": str(uuid4())}


async def frame_of_anybody(portal: Portal, here: str, caller: Caller | None = None) -> Mapping[str, Any]:
    """Around a page that everybody may see; who is signed in keeps their menu, their name and the way out."""
    roles = frozenset(role for role, _ in caller.roles) if caller else frozenset[str]()
    nav = [(id_, href, text) for id_, href, text, needed in _MENU if caller and (needed is None or needed & roles)]
    async with portal.context.pool.acquire() as conn:
        register = await current_register(conn)
        identity = await identity_of(conn, _person_key(caller)) if caller else None
    me = {"me": _described(caller, identity, register), **_idling()} if caller else {}
    return {**frame_without_data(here), "nav": nav, "register": register, "roles": roles, **me}


def _idling() -> Mapping[str, Any]:
    """When a session ends unless something is pressed; its clock is no part of the business."""
    return {"signed_out_at": datetime.now(UTC) + _IDLE, "idle": _IDLE}


def _person_key(caller: Caller) -> str:
    """By which name the holder of an account is kept."""
    return f"worker/{caller.person_id}" if caller.person_id else f"account/{caller.account_id}"


async def session_of(request: Request, portal: Portal) -> Caller | None:
    """Whose session the cookie names."""
    cookie = request.cookies.get(settings().cookie)
    if not cookie:
        return None
    async with portal.context.pool.acquire() as conn:
        return await use_session(conn, cookie, by_itself=is_by_itself(request))


def is_by_itself(request: Request) -> bool:
    """Return what a page reads without anybody's doing; it keeps no session open."""
    asks_itself = "hx-request" in request.headers or "times" in request.query_params
    return request.method == "GET" and (asks_itself or request.url.path == "/events")


def _is_fetched_ahead(request: Request) -> bool:
    """A browser may read a page before anybody opens it."""
    return "prefetch" in request.headers.get("sec-purpose", "")


async def visit_of(request: Request, portal: Here) -> PageRequest:
    """The visitor, or the way to sign in; 404 where there is nothing for their roles."""
    caller = await session_of(request, portal)
    if caller is None:
        raise NotSignedIn
    narrowed = caller.within(roles_of(request))
    if not narrowed.roles:
        raise not_found()
    async with portal.context.pool.acquire() as conn:
        identity = await identity_of(conn, _person_key(caller))
        return PageRequest(request, portal, narrowed, caller, identity, await current_register(conn))


async def see_notices(portal: Portal, caller: Caller, path: str) -> None:
    """Mark the notices that lead to an opened page as seen, and on the page of a referral all about it."""
    place = path.strip("/")
    is_of_record = place.startswith(("referrals/", "officer/referrals/"))
    async with portal.reading(caller) as conn:
        unseen = await find_unseen(conn, caller.recipients, place, with_pages_below=is_of_record)
    for notice_id in unseen:
        with suppress(Problem):  # it is seen the next time
            await see_notice(portal, caller, notice_id, uuid5(NAMESPACE_URL, f"{caller.account_id}/{notice_id}"))


SignedIn = Annotated[PageRequest, Depends(visit_of)]


def roles_of(request: Request) -> frozenset[str]:
    """For whom the page is."""
    return PAGES[request.method, request.scope["route"].path]


def may_open(place: str, roles: frozenset[str]) -> bool:
    """Return whether there is a page at a path without its first slash that one of these roles may open."""
    found = [allowed for pattern, allowed in _PLACES if pattern.fullmatch(f"/{place}")]
    return any(allowed is ANYBODY or allowed & roles for allowed in found)


def check_pages(routes: Iterable[BaseRoute]) -> None:
    """A page that nobody said who may see is not served."""
    found = {(m, r.path) for r in routes if isinstance(r, APIRoute) for m in r.methods or ()}
    if strange := found ^ PAGES.keys():
        raise RuntimeError(f"pages and rules differ: {sorted(strange)}")
    open_to_all = {place for place, roles in PAGES.items() if roles is ANYBODY}
    guarded = {(m, r.path) for r in routes if isinstance(r, APIRoute) and _asks_who(r) for m in r.methods or ()}
    if strange := open_to_all & guarded | (PAGES.keys() - open_to_all - guarded):
        raise RuntimeError(f"pages that do not ask who comes: {sorted(strange)}")


def _asks_who(route: APIRoute) -> bool:
    """Return whether the visitor is among what the page needs."""
    waiting = [route.dependant]
    while waiting:
        one = waiting.pop()
        if one.call is visit_of:
            return True
        waiting += one.dependencies
    return False


def way_in(request: Request) -> str:
    """The page that leads back to this one; who was signed in is told that the session has ended."""
    asked = local_path(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    first = "/session-ended" if settings().cookie in request.cookies else "/sign-in"
    return f"{first}?then={quote(asked, safe='')}"


def local_path(text: str) -> str:
    """A path of this portal, whatever a link says, without the secrets that an address may carry."""
    if not text.startswith("/") or text.startswith(("//", "/\\")) or _CONTROL.search(text):
        return "/inbox"
    path, _, query = text.partition("?")
    asked = dict(parse_qsl(query, keep_blank_values=True))
    shown = without_secrets(asked)
    return text if shown == asked else path + (f"?{urlencode(shown)}" if shown else "")


def refused_origin() -> Problem:
    """Another site pressed a button of ours."""
    return Problem(403, "This came from another site. Open the page here and press again.")
