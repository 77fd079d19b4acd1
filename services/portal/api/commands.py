"""What a clinic does with a referral; the service that owns it decides."""

from typing import Any

from fastapi import APIRouter

from services.portal.api.action_requests import ActionRequest, ActionTarget, SeenCall, act
from services.portal.api.actions import ActionResult, command
from services.portal.api.dependencies import Portal
from services.portal.api.problems import Problem, error
from services.portal.api.referrals import find_mine, page_of
from services.portal.api.request_bodies import Appointment, Body, Decline, End, Hold, Move, Nothing, Start
from services.portal.store.accounts import Caller
from services.portal.store.referral_views import ReferralView
from shared.domain.decision import Event
from shared.events.portal import (
    ProviderAcceptedReferral,
    ProviderAcknowledgedReferral,
    ProviderBookedAppointment,
    ProviderDeclinedReferral,
    ProviderEndedProgram,
    ProviderHeldReferral,
    ProviderMovedAppointment,
    ProviderReportedMissed,
    ProviderResumedReferral,
    ProviderStartedReferral,
)

router = APIRouter(prefix="/referrals", tags=["commands"])


def _check(view: ReferralView, seen: int) -> None:
    """A revision that is known to be old is told at once; who lost the offer is told so by the owner."""
    if seen < view.revision and not view.is_lost:
        reason = error("/header/if-match", "STALE", "one acts on what one sees", "read it again")
        raise Problem(412, "It changed since you read it.", [reason])


async def _act(call: ActionRequest, name: str, body: Body, kind: type[Event]) -> ActionResult:
    """One action on a referral of the caller's."""
    view = await find_mine(call.portal, call.caller, call.number)

    async def current_view() -> dict[str, Any]:
        return await _now(call.portal, call.caller, view)

    target = ActionTarget(
        path=f"/referrals/{view.number}/{name}",
        referral_id=view.referral_id,
        role=call.caller.role_at(view.site_id),
        current_view=current_view,
        members={"site_id": view.site_id},
        check=lambda: _check(view, call.seen),
    )
    return await act(call, target, body, kind)


async def _now(portal: Portal, caller: Caller, view: ReferralView) -> dict[str, Any]:
    """The referral as the clinic may see it now."""
    return await page_of(portal, await find_mine(portal, caller, view.number))


@command(router, "/{number}/commands/acknowledge")
async def acknowledge(call: SeenCall, body: Nothing | None = None) -> ActionResult:
    """The clinic opens its offer; who the worker is can be read from then on."""
    return await _act(call, "commands/acknowledge", body or Nothing(), ProviderAcknowledgedReferral)


@command(router, "/{number}/commands/accept")
async def accept(call: SeenCall, body: Nothing | None = None) -> ActionResult:
    """The clinic takes the referral."""
    return await _act(call, "commands/accept", body or Nothing(), ProviderAcceptedReferral)


@command(router, "/{number}/commands/decline")
async def decline(call: SeenCall, body: Decline) -> ActionResult:
    """The clinic does not take it: a code, a comment and a next step."""
    return await _act(call, "commands/decline", body, ProviderDeclinedReferral)


@command(router, "/{number}/appointments")
async def book(call: SeenCall, body: Appointment) -> ActionResult:
    """The first visit was agreed with the worker."""
    return await _act(call, "appointments", body, ProviderBookedAppointment)


@command(router, "/{number}/commands/move")
async def move(call: SeenCall, body: Move) -> ActionResult:
    """The first visit was agreed anew."""
    return await _act(call, "commands/move", body, ProviderMovedAppointment)


@command(router, "/{number}/commands/missed")
async def missed(call: SeenCall, body: Nothing | None = None) -> ActionResult:
    """The worker did not come."""
    return await _act(call, "commands/missed", body or Nothing(), ProviderReportedMissed)


@command(router, "/{number}/commands/start")
async def start(call: SeenCall, body: Start) -> ActionResult:
    """The first visit took place."""
    return await _act(call, "commands/start", body, ProviderStartedReferral)


@command(router, "/{number}/commands/hold")
async def hold(call: SeenCall, body: Hold) -> ActionResult:
    """The clinic lets the referral stand still."""
    return await _act(call, "commands/hold", body, ProviderHeldReferral)


@command(router, "/{number}/commands/resume")
async def resume(call: SeenCall, body: Nothing | None = None) -> ActionResult:
    """The clinic lifts its own hold."""
    return await _act(call, "commands/resume", body or Nothing(), ProviderResumedReferral)


@command(router, "/{number}/commands/end")
async def end(call: SeenCall, body: End) -> ActionResult:
    """Treatment is over."""
    return await _act(call, "commands/end", body, ProviderEndedProgram)
