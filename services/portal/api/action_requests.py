"""What every action on a referral comes with, and how it becomes a fact; the service that owns it decides."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import Depends, Header, Response

from services.portal.api.access import Who
from services.portal.api.actions import Action, ActionContext, Key, Prefer, submit
from services.portal.api.dependencies import Here, Portal
from services.portal.api.problems import Problem
from services.portal.api.referrals import Number
from services.portal.api.request_bodies import Body
from services.portal.store.accounts import Caller
from services.portal.store.documents import put_document
from shared.domain.decision import Event

_TAG = r'^(W/)?"[0-9]{1,9}"$'
Match = Annotated[str, Header(alias="If-Match", pattern=_TAG)]
MaybeMatch = Annotated[str | None, Header(alias="If-Match", pattern=_TAG)]
_STALE = 412


@dataclass(frozen=True)
class ActionRequest:
    """Who asks, under which key, in how much of a hurry, and the revision they have seen."""

    number: str
    caller: Caller
    portal: Portal
    key: UUID
    prefer: str | None = None
    seen: int = 0


async def call_of(number: Number, caller: Who, portal: Here, key: Key, prefer: Prefer = None) -> ActionRequest:
    """For what is new: there was nothing to see."""
    return ActionRequest(number, caller, portal, key, prefer)


async def seen_call_of(  # noqa: PLR0913, PLR0917 - path and headers
    number: Number, caller: Who, portal: Here, key: Key, match: Match, prefer: Prefer = None
) -> ActionRequest:
    """On what one has seen."""
    return ActionRequest(number, caller, portal, key, prefer, _revision(match))


async def maybe_seen_call_of(  # noqa: PLR0913, PLR0917 - path and headers
    number: Number, caller: Who, portal: Here, key: Key, match: MaybeMatch = None, prefer: Prefer = None
) -> ActionRequest:
    """On what one has seen, if there was anything to see."""
    return ActionRequest(number, caller, portal, key, prefer, _revision(match) if match else 0)


def _revision(match: str) -> int:
    """What was seen."""
    return int(match.removeprefix("W/").strip('"'))


NewCall: TypeAlias = Annotated[ActionRequest, Depends(call_of)]
SeenCall: TypeAlias = Annotated[ActionRequest, Depends(seen_call_of)]
MaybeSeenCall: TypeAlias = Annotated[ActionRequest, Depends(maybe_seen_call_of)]


@dataclass(frozen=True)
class ActionTarget:
    """What is acted on: where it stands, whose history the fact joins, what each fact on it says, how it looks now."""

    place: str
    referral_id: str
    role: str
    look: Callable[[], Awaitable[Mapping[str, Any]]]
    members: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[], None] = lambda: None


async def act(call: ActionRequest, matter: ActionTarget, body: Body, kind: type[Event]) -> Response:
    """One action; who acted on what is old is shown what holds now."""

    async def fact(said: ActionContext) -> Event:
        told = {"seen": call.seen, "referral_id": matter.referral_id, **matter.members}
        return kind.model_validate(_said(said) | told | await _wording(said, matter.referral_id, body))

    action = Action(
        caller=call.caller,
        role=matter.role,
        key=call.key,
        about=matter.place,
        record_key=matter.referral_id,
        body=body.model_dump(mode="json", exclude_none=True),
        fact=fact,
        look=matter.look,
        check=matter.check,
    )
    try:
        return await submit(call.portal, action, call.prefer)
    except Problem as problem:
        if problem.status == _STALE:
            problem.extra["current"] = dict(await matter.look())
        raise


def _said(said: ActionContext) -> dict[str, Any]:
    """What every fact says."""
    return {"by": said.by, "received_at": said.received_at, "idempotency_key": said.idempotency_key}


async def _wording(said: ActionContext, referral_id: str, body: Body) -> dict[str, Any]:
    """The members of the body; what was written is named by the id and the hash of its document."""
    if body.written is None:
        return body.model_dump()
    member, named = body.written
    members = body.model_dump(exclude={member})
    if text := getattr(body, member):
        stored = await put_document(said.conn, referral_id, text)
        members |= {f"{named}_id": stored.document_id, f"{named}_sha256": stored.sha256}
    return members
