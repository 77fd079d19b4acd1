"""The calls by which a clinic reads its referrals: a list in the order in which they changed, and each by itself."""

from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from fastapi.responses import JSONResponse

from services.portal.api.access import Who
from services.portal.api.dependencies import Here, Portal
from services.portal.api.problems import not_found
from services.portal.domain.allowed_actions import clinic_on_referral
from services.portal.store.accounts import Caller, identity_of
from services.portal.store.referral_views import ReferralView, find_view, list_views
from shared.config import clock

router = APIRouter(prefix="/referrals", tags=["referrals"])
_KNOWN = frozenset({"acknowledged", "accepted", "scheduled", "active", "discharged"})
_LISTED = ("program", "community", "urgent", "rank", "door", "starts_at", "held_by", "initial_visit_on", "last_on")
_ON_PAGE = ("requested_on", "opening", "accepted_on", "withdrawn_by", "exit_reason", "discharged_on", "closed_on")
_ONCE_SEEN = ("claim_number", "injured_on", "injury", "areas", "barriers")
Number = Annotated[str, Path(pattern=r"^[A-Z0-9-]{1,40}$")]


class Filter(NamedTuple):
    """The filter of a list of referrals."""

    state: str | None
    site: str | None
    limit: int
    after: int

    def link(self, after: str) -> str:
        """Returns the header that links to the next part of the list."""
        named = {"state": self.state, "site": self.site, "limit": self.limit, "cursor": after}
        return f'</api/v1/referrals?{urlencode({k: v for k, v in named.items() if v})}>; rel="next"'


async def filter_of(
    state: Annotated[str | None, Query(pattern=r"^[a-z-]{1,40}$")] = None,
    site: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,60}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "",
) -> Filter:
    """Returns the filter of the query."""
    return Filter(state, site, limit, int(cursor or 0))


@router.get("")
async def list_referrals(
    caller: Who, portal: Here, response: Response, asked: Annotated[Filter, Depends(filter_of)]
) -> dict[str, Any]:
    """Lists referrals of the caller's sites; `next` goes on behind the last, and later finds what changed since."""
    sites = [site for site in caller.sites if asked.site in {None, site}]
    async with portal.reading(caller) as conn:
        found = await list_views(conn, sites, asked.state, asked.after, asked.limit + 1)
    page = found[: asked.limit]
    after = str(page[-1][1]) if len(found) > asked.limit else None
    if after:
        response.headers["Link"] = asked.link(after)
    return {"items": [_listed(view) for view, _ in page], "next": after, "as_of": clock.now().isoformat()}


@router.get("/{number}")
async def show_referral(
    number: Number,
    caller: Who,
    portal: Here,
    none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
) -> Response:
    """Shows a referral, with the worker once the offer was acknowledged."""
    view = await find_mine(portal, caller, number)
    etag = f'"{view.revision}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if none_match and _is_told_by_revision(view) and etag in _tags(none_match):
        return Response(status_code=304, headers=headers)
    return JSONResponse(await page_of(portal, view), headers=headers)


def _is_told_by_revision(view: ReferralView) -> bool:
    """Return whether the revision changes with all that is shown; a moved deadline and a telephone number do not."""
    return view.state not in _KNOWN and not view.body.get("moved")


def _tags(none_match: str) -> set[str]:
    """Return the entity tags that the client has."""
    return {one.strip().removeprefix("W/") for one in none_match.split(",")}


async def page_of(portal: Portal, view: ReferralView) -> dict[str, Any]:
    """Returns all that the clinic may see of a referral now."""
    names = (*_ON_PAGE, *_ONCE_SEEN) if view.state in _KNOWN else _ON_PAGE
    details = {name: view.body.get(name) for name in names}
    return {**_listed(view), "referral_id": view.referral_id, **details, "worker": await _worker(portal, view)}


def _listed(view: ReferralView) -> dict[str, Any]:
    """Return a referral as a list shows it."""
    return {
        "number": view.number,
        "state": view.state,
        "revision": view.revision,
        "site_id": view.site_id,
        **{name: view.body.get(name) for name in _LISTED},
        "allowed": clinic_on_referral(view.state, view.body),
    }


async def _worker(portal: Portal, view: ReferralView) -> dict[str, Any] | None:
    """Return the worker, or None before the offer was acknowledged."""
    return await worker_of(portal, view.person_id) if view.state in _KNOWN else None


async def worker_of(portal: Portal, person_id: str) -> dict[str, Any] | None:
    """Returns a worker's identity in clear, or None where it is not known or was forgotten."""
    async with portal.context.pool.acquire() as conn:
        identity = await identity_of(conn, f"worker/{person_id}")
    return identity.model_dump(mode="json") if identity else None


async def find_mine(portal: Portal, caller: Caller, number: str) -> ReferralView:
    """Returns a referral of the caller's sites; raises the same Problem of status 404 for what is not theirs."""
    async with portal.reading(caller) as conn:
        found = await find_view(conn, number, caller.sites)
    if found is None:
        raise not_found()
    return found[0]


async def find_at(portal: Portal, caller: Caller, number: str, site_id: str) -> ReferralView:
    """Returns a referral as one of the caller's sites sees it or saw it last; raises a Problem of status 404."""
    async with portal.reading(caller) as conn:
        found = await find_view(conn, number, [site for site in caller.sites if site == site_id])
    if found is None:
        raise not_found()
    return found[0]


async def find_held(portal: Portal, caller: Caller, number: str) -> ReferralView:
    """Returns a referral that the caller's site has or had; 404 for one that was only offered."""
    view = await find_mine(portal, caller, number)
    if not view.is_had:
        raise not_found()
    return view
