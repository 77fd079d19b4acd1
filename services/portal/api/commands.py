"""The calls by which a clinic acts on a referral; the service that owns the referral decides."""

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
    """Raise a Problem of status 412 for a revision that is known to be old; a lost offer is refused by its owner."""
    if seen < view.revision and not view.is_lost:
        rule, fix = "the record has changed since you opened it", "look at how it stands now, then act again"
        reason = error("/header/if-match", "STALE", rule, fix)
        raise Problem(412, "It changed since you read it.", [reason])


async def _act(call: ActionRequest, name: str, body: Body, kind: type[Event]) -> ActionResult:
    """Take an action on a referral of the caller's."""
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
    """Return the referral as the clinic may see it now."""
    return await page_of(portal, await find_mine(portal, caller, view.number))


@command(router, "/{number}/commands/acknowledge")
async def acknowledge(call: SeenCall, body: Nothing | None = None) -> ActionResult:
    """Opens an offer; from then on the clinic can read who the worker is."""
    return await _act(call, "commands/acknowledge", body or Nothing(), ProviderAcknowledgedReferral)


@command(router, "/{number}/commands/accept")
async def accept(call: SeenCall, body: Nothing | None = None) -> ActionResult:
    """Accepts the referral for the clinic."""
    return await _act(call, "commands/accept", body or Nothing(), ProviderAcceptedReferral)


@command(router, "/{number}/commands/decline")
async def decline(call: SeenCall, body: Decline) -> ActionResult:
    """Declines the referral with a code, a comment and a next step."""
    return await _act(call, "commands/decline", body, ProviderDeclinedReferral)


@command(router, "/{number}/appointments")
async def book(call: SeenCall, body: Appointment) -> ActionResult:
    """Books the first visit that was agreed with the worker."""
    return await _act(call, "appointments", body, ProviderBookedAppointment)


@command(router, "/{number}/commands/move")
async def move(call: SeenCall, body: Move) -> ActionResult:
    """Moves the first visit."""
    return await _act(call, "commands/move", body, ProviderMovedAppointment)


@command(router, "/{number}/commands/missed")
async def missed(call: SeenCall, body: Nothing | None = None) -> ActionResult:
    """Records that the worker missed the first visit."""
    return await _act(call, "commands/missed", body or Nothing(), ProviderReportedMissed)


@command(router, "/{number}/commands/start")
async def start(call: SeenCall, body: Start) -> ActionResult:
    """Starts the program with the day of the first visit."""
    return await _act(call, "commands/start", body, ProviderStartedReferral)


@command(router, "/{number}/commands/hold")
async def hold(call: SeenCall, body: Hold) -> ActionResult:
    """Puts the referral on hold for the clinic."""
    return await _act(call, "commands/hold", body, ProviderHeldReferral)


@command(router, "/{number}/commands/resume")
async def resume(call: SeenCall, body: Nothing | None = None) -> ActionResult:
    """Lifts the clinic's own hold."""
    return await _act(call, "commands/resume", body or Nothing(), ProviderResumedReferral)


@command(router, "/{number}/commands/end")
async def end(call: SeenCall, body: End) -> ActionResult:
    """Ends treatment with its last day and the reason."""
    return await _act(call, "commands/end", body, ProviderEndedProgram)
