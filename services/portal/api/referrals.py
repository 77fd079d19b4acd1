"""Referrals: a site's list, one of them, and what a clinic does with it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.portal.api.desk import Action, Here, Portal, Who, take
from services.portal.api.problems import Problem, error, not_found
from services.portal.store.accounts import Caller, identity_of
from services.portal.store.documents import put_document
from services.portal.store.shown import View, find_view, list_views
from shared.events.portal import (
    ProviderAcceptedReferral,
    ProviderAcknowledgedReferral,
    ProviderBookedAppointment,
    ProviderDeclinedReferral,
)
from shared.events.values import Actor
from shared.postgres import Connection

router = APIRouter(prefix="/referrals", tags=["referrals"])
READERS = ("clinician", "biller", "administrator")
ACTORS = ("clinician", "administrator")
_KNOWN = frozenset({"acknowledged", "accepted", "scheduled"})
Number = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,40}$")]
Key = Annotated[UUID, Header(alias="Idempotency-Key")]
Match = Annotated[str, Header(alias="If-Match", pattern=r'^(W/)?"?[0-9]{1,9}"?$')]
Prefer = Annotated[str | None, Header(alias="Prefer")]
Fact = Callable[[Connection, datetime], Awaitable[Any]]


class _Body(BaseModel):
    """What a call may carry, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Nothing(_Body):
    """The action says it all."""


class Decline(_Body):
    """Why a clinic does not take a referral, and what should happen next; the owner judges what is missing."""

    reason_code: Annotated[str | None, Field(max_length=60)] = None
    comment: Annotated[str | None, Field(max_length=4000)] = None
    next_step: Annotated[str | None, Field(max_length=60)] = None


class Appointment(_Body):
    """The first visit."""

    starts_at: AwareDatetime
    confirmed_with_worker: bool = False
    late_reason_code: Annotated[str | None, Field(max_length=60)] = None


@router.get("")
async def list_referrals(  # noqa: PLR0913, PLR0917 - the query
    caller: Who,
    portal: Here,
    response: Response,
    state: Annotated[str | None, Query(pattern=r"^[a-z-]{1,40}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "",
) -> dict[str, Any]:
    """Referrals of the caller's sites, in the order in which they changed."""
    after = int(cursor or 0)
    async with portal.reading(caller) as conn:
        found = await list_views(conn, caller.sites(*READERS), state, after, limit)
    last = str(found[-1][1]) if len(found) == limit else None
    if last:
        response.headers["Link"] = f'</api/v1/referrals?cursor={last}&limit={limit}>; rel="next"'
    return {"items": [_listed(view) for view, _ in found], "next": last}


@router.get("/{number}")
async def show_referral(number: Number, caller: Who, portal: Here, response: Response) -> dict[str, Any]:
    """One referral; who the worker is once the offer was acknowledged."""
    view = await _mine(portal, caller, number, READERS)
    response.headers["ETag"] = f'"{view.revision}"'
    return {**_listed(view), **_details(view), "worker": await _worker(portal, view)}


def _listed(view: View) -> dict[str, Any]:
    """A line of the list."""
    names = ("program", "community", "urgent", "rank", "door", "starts_at", "held_by")
    return {
        "number": view.number,
        "state": view.state,
        "revision": view.revision,
        "site_id": view.site_id,
        **{name: view.body.get(name) for name in names},
    }


def _details(view: View) -> dict[str, Any]:
    """What the list leaves out."""
    names = ("requested_on", "injury", "barriers", "opening", "accepted_on", "withdrawn_by")
    return {"referral_id": view.referral_id, **{name: view.body.get(name) for name in names}, "allowed": _allowed(view)}


def _allowed(view: View) -> list[str]:
    """What the clinic can do now."""
    if view.body.get("held_by"):
        return []
    known = {"offered": ["acknowledge", "decline"], "acknowledged": ["accept", "decline"], "accepted": ["book"]}
    return known.get(view.state, [])


async def _worker(portal: Portal, view: View) -> dict[str, Any] | None:
    """Opened to be shown, and never before the offer was acknowledged."""
    if view.state not in _KNOWN:
        return None
    async with portal.office.pool.acquire() as conn:
        identity = await identity_of(conn, f"worker/{view.person_id}")
    return identity.model_dump(mode="json") if identity else None


async def _mine(portal: Portal, caller: Caller, number: str, roles: tuple[str, ...]) -> View:
    """A referral of the caller's sites, or the same 404 as for what is not there."""
    async with portal.reading(caller) as conn:
        found = await find_view(conn, number, caller.sites(*roles))
    if found is None:
        raise not_found()
    return found[0]


def _seen(match: str, view: View) -> int:
    """The revision that the caller read; one that is not the newest is told at once."""
    seen = int(match.removeprefix("W/").strip('"'))
    if seen < view.revision:
        reason = error("/If-Match", "STALE", f"it is at revision {view.revision}", "read it again")
        raise Problem(412, "It changed since you read it.", [reason], {"current": _listed(view)})
    return seen


def _actor(caller: Caller) -> Actor:
    """Who acts, in which role."""
    role = next((role for role, _ in caller.roles if role in ACTORS), caller.roles[0][0])
    return Actor(account_id=caller.account_id, role=role, organisation_id=caller.organisation_id)


def _said(caller: Caller, view: View, key: UUID, seen: int, received_at: datetime) -> dict[str, Any]:
    """What every fact about a referral says."""
    return {
        "by": _actor(caller),
        "received_at": received_at,
        "seen": seen,
        "idempotency_key": str(key),
        "referral_id": view.referral_id,
        "site_id": view.site_id,
    }


@router.post("/{number}/commands/decline", name="decline")
async def decline(  # noqa: PLR0913, PLR0917 - path, headers and body
    number: Number, body: Decline, caller: Who, portal: Here, key: Key, match: Match, prefer: Prefer = None
) -> Response:
    """A clinic does not take it; the comment goes to the document store."""
    view = await _mine(portal, caller, number, ACTORS)
    seen = _seen(match, view)

    async def fact(conn: Connection, at: datetime) -> ProviderDeclinedReferral:
        stored = await put_document(conn, view.referral_id, body.comment) if body.comment else None
        return ProviderDeclinedReferral(
            **_said(caller, view, key, seen, at),
            reason_code=body.reason_code,
            next_step=body.next_step,
            comment_id=stored.document_id if stored else None,
            comment_sha256=stored.sha256 if stored else None,
        )

    said = body.model_dump_json().encode()
    action = Action(caller, key, f"/referrals/{number}/commands/decline", view.referral_id, said, fact)
    return await take(portal, action, prefer)


@router.post("/{number}/commands/{name}")
async def command(  # noqa: PLR0913, PLR0917 - path, headers and body
    number: Number,
    name: Literal["acknowledge", "accept"],
    caller: Who,
    portal: Here,
    key: Key,
    match: Match,
    body: Nothing | None = None,
    prefer: Prefer = None,
) -> Response:
    """A clinic opens its offer, or takes it."""
    view = await _mine(portal, caller, number, ACTORS)
    kind = ProviderAcknowledgedReferral if name == "acknowledge" else ProviderAcceptedReferral
    seen = _seen(match, view)

    async def fact(_: Connection, at: datetime) -> Any:  # noqa: ANN401 - one of two
        return kind.model_validate(_said(caller, view, key, seen, at))

    said = (body or Nothing()).model_dump_json().encode()
    action = Action(caller, key, f"/referrals/{number}/commands/{name}", view.referral_id, said, fact)
    return await take(portal, action, prefer)


@router.post("/{number}/appointments")
async def book(  # noqa: PLR0913, PLR0917 - path, headers and body
    number: Number, body: Appointment, caller: Who, portal: Here, key: Key, match: Match, prefer: Prefer = None
) -> Response:
    """The first visit was agreed with the worker."""
    view = await _mine(portal, caller, number, ACTORS)
    seen = _seen(match, view)

    async def fact(_: Connection, at: datetime) -> ProviderBookedAppointment:
        return ProviderBookedAppointment(
            **_said(caller, view, key, seen, at),
            starts_at=body.starts_at,
            confirmed_with_worker=body.confirmed_with_worker,
            late_reason_code=body.late_reason_code,
        )

    said = body.model_dump_json().encode()
    action = Action(caller, key, f"/referrals/{number}/appointments", view.referral_id, said, fact)
    return await take(portal, action, prefer)
