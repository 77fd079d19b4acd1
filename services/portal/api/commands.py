"""What a clinic does with a referral; the service that owns it decides."""

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, Header, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictBool

from services.portal.api.access import Who
from services.portal.api.acting import Action, Key, Prefer, Said, take
from services.portal.api.desk import Here, Portal
from services.portal.api.problems import Problem, error
from services.portal.api.referrals import Number, find_mine, page_of
from services.portal.store.accounts import Caller
from services.portal.store.documents import put_document
from services.portal.store.shown import View
from shared.decision import Event
from shared.events.portal import (
    ProviderAcceptedReferral,
    ProviderAcknowledgedReferral,
    ProviderBookedAppointment,
    ProviderDeclinedReferral,
)

router = APIRouter(prefix="/referrals", tags=["commands"])
Match = Annotated[str, Header(alias="If-Match", pattern=r'^(W/)?"[0-9]{1,9}"$')]
Code: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
_LOST = frozenset({"declined", "lapsed", "offer-withdrawn"})


def _whole_minutes(at: datetime) -> datetime:
    """A day that a calendar can hold."""
    if not 2000 <= at.year < 2100:  # noqa: PLR2004 - centuries
        raise ValueError("no such year")
    return at


class _Body(BaseModel):
    """What a call may carry, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Nothing(_Body):
    """The action says it all."""


class Decline(_Body):
    """Why a clinic does not take a referral, and what should happen next; the owner says what is missing."""

    reason_code: Code | None = None
    comment: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    next_step: Code | None = None


class Appointment(_Body):
    """The first visit."""

    starts_at: Annotated[AwareDatetime, AfterValidator(_whole_minutes)]
    confirmed_with_worker: StrictBool = False
    late_reason_code: Code | None = None


class Call:
    """What every action on a referral comes with."""

    def __init__(  # noqa: PLR0913, PLR0917 - path and headers
        self, number: Number, caller: Who, portal: Here, key: Key, match: Match, prefer: Prefer = None
    ) -> None:
        """As a dependency of a route."""
        self.number, self.caller, self.portal = number, caller, portal
        self.key, self.prefer = key, prefer
        self.seen = int(match.removeprefix("W/").strip('"'))


def _check(view: View, seen: int) -> None:
    """A revision that is known to be old is told at once; who lost the offer is told so by the owner."""
    if seen < view.revision and view.state not in _LOST:
        reason = error("/header/if-match", "STALE", "one acts on what one sees", "read it again")
        raise Problem(412, "It changed since you read it.", [reason])


async def _act(call: Call, name: str, body: _Body, kind: type[Event]) -> Response:
    """One action on a referral of the caller's."""
    view = await find_mine(call.portal, call.caller, call.number)
    words = body.model_dump(mode="json", exclude_none=True)

    async def fact(said: Said) -> Event:
        return kind.model_validate(await _wording(said, view, call.seen, body))

    async def look() -> dict[str, Any]:
        return await _now(call.portal, call.caller, view)

    action = Action(
        caller=call.caller,
        role=call.caller.role_at(view.site_id),
        key=call.key,
        about=f"/referrals/{view.number}/{name}",
        record_key=view.referral_id,
        body=words,
        fact=fact,
        look=look,
        check=lambda: _check(view, call.seen),
    )
    try:
        return await take(call.portal, action, call.prefer)
    except Problem as problem:
        if problem.status == 412:  # noqa: PLR2004 - stale
            problem.extra["current"] = await look()
        raise


async def _now(portal: Portal, caller: Caller, view: View) -> dict[str, Any]:
    """The referral as the clinic may see it now."""
    return await page_of(portal, await find_mine(portal, caller, view.number))


async def _wording(said: Said, view: View, seen: int, body: _Body) -> dict[str, Any]:
    """The members of the fact; a comment is named by the id and the hash of its document."""
    members: dict[str, Any] = {
        "by": said.by,
        "received_at": said.received_at,
        "seen": seen,
        "idempotency_key": said.idempotency_key,
        "referral_id": view.referral_id,
        "site_id": view.site_id,
        **body.model_dump(exclude={"comment"}),
    }
    if comment := getattr(body, "comment", None):
        stored = await put_document(said.conn, view.referral_id, comment)
        members |= {"comment_id": stored.document_id, "comment_sha256": stored.sha256}
    return members


@router.post("/{number}/commands/acknowledge")
async def acknowledge(call: Annotated[Call, Depends()], body: Nothing | None = None) -> Response:
    """The clinic opens its offer; who the worker is can be read from then on."""
    return await _act(call, "commands/acknowledge", body or Nothing(), ProviderAcknowledgedReferral)


@router.post("/{number}/commands/accept")
async def accept(call: Annotated[Call, Depends()], body: Nothing | None = None) -> Response:
    """The clinic takes the referral."""
    return await _act(call, "commands/accept", body or Nothing(), ProviderAcceptedReferral)


@router.post("/{number}/commands/decline")
async def decline(call: Annotated[Call, Depends()], body: Decline) -> Response:
    """The clinic does not take it: a code, a comment and a next step."""
    return await _act(call, "commands/decline", body, ProviderDeclinedReferral)


@router.post("/{number}/appointments")
async def book(call: Annotated[Call, Depends()], body: Appointment) -> Response:
    """The first visit was agreed with the worker."""
    return await _act(call, "appointments", body, ProviderBookedAppointment)
