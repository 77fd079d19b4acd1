"""Referrals as sites may see them, folded from what was announced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson

from shared.decision import Event
from shared.events.answers import DeadlineMoved, said_by
from shared.events.referral import (
    AppointmentBooked,
    ClaimStandingChanged,
    OfficerAssigned,
    ProgramSelected,
    ReferralAccepted,
    ReferralAcknowledged,
    ReferralCreated,
    ReferralDeclined,
    ReferralHeld,
    ReferralLapsed,
    ReferralOffered,
    ReferralOfferWithdrawn,
    ReferralResumed,
    ReferralWithdrawn,
    WorkerFarAway,
)
from shared.handlers import Kept
from shared.postgres import Connection

Moved = said_by("referral", DeadlineMoved)
SHOWN: tuple[type[Event], ...] = (
    ReferralCreated,
    OfficerAssigned,
    ProgramSelected,
    ClaimStandingChanged,
    ReferralOffered,
    ReferralOfferWithdrawn,
    ReferralAcknowledged,
    ReferralAccepted,
    ReferralDeclined,
    ReferralLapsed,
    AppointmentBooked,
    ReferralHeld,
    ReferralResumed,
    ReferralWithdrawn,
    WorkerFarAway,
    Moved,
)
CASES = """
SELECT referral_id, site_id, body FROM cases
WHERE referral_id = ANY($1)
"""
VIEWS = """
SELECT referral_id, site_id, organisation_id, number, state, revision, person_id, body FROM views
WHERE referral_id = ANY($1)
"""
SAVE_CASES = """
INSERT INTO cases (referral_id, site_id, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[])
ON CONFLICT (referral_id) DO UPDATE SET site_id = excluded.site_id, body = excluded.body
"""
SAVE_VIEWS = """
INSERT INTO views (referral_id, site_id, organisation_id, number, state, revision, person_id, body, changed)
SELECT u.*, nextval('view_changes')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::jsonb[])
    AS u (referral_id, site_id, organisation_id, number, state, revision, person_id, body)
ON CONFLICT (referral_id, site_id) DO UPDATE
SET state = excluded.state, revision = excluded.revision, body = excluded.body, changed = excluded.changed
"""
FIND = """
SELECT referral_id, site_id, organisation_id, number, state, revision, person_id, changed, body FROM views
WHERE number = $1 AND site_id = ANY($2)
ORDER BY changed DESC
LIMIT 1
"""
LIST = """
SELECT referral_id, site_id, organisation_id, number, state, revision, person_id, changed, body FROM views
WHERE site_id = ANY($1) AND ($2::text IS NULL OR state = $2) AND changed > $3
ORDER BY changed
LIMIT $4
"""


@dataclass(slots=True)
class View:
    """A referral as one site sees it."""

    referral_id: str
    site_id: str
    organisation_id: str
    number: str
    state: str
    revision: int
    person_id: str
    body: dict[str, Any]


@dataclass(slots=True)
class Fold:
    """Cases and views of a batch, as its events leave them."""

    sites: dict[str, str | None]
    bodies: dict[str, dict[str, Any]]
    views: dict[tuple[str, str], View]
    touched: set[tuple[str, str]] = field(default_factory=set)

    def apply(self, id_: str, event: Event) -> None:
        """One event in its order."""
        match event:
            case ReferralCreated():
                self.bodies[id_] = _known(event)
            case ReferralOffered():
                self._offer(id_, event)
            case ClaimStandingChanged(intervals=intervals):
                known = [interval.community for interval in intervals if interval.community]
                self.bodies.setdefault(id_, {}).update({"community": known[-1]} if known else {})
            case ReferralOfferWithdrawn() | ReferralDeclined() | ReferralLapsed():
                self._lose(id_, event)
            case _:
                self._change(id_, event)

    def _offer(self, id_: str, event: ReferralOffered) -> None:
        """A site may see it from now on."""
        known = self.bodies.get(id_, {})
        door = {"name": event.deadline.name, "due_at": event.deadline.due_at}
        body = {
            **known,
            "program": event.program,
            "rank": event.rank,
            "opening": event.opening.model_dump(),
            "door": door,
        }
        place = id_, event.site_id
        self.sites[id_] = event.site_id
        self.views[place] = View(
            id_,
            event.site_id,
            event.organisation_id,
            event.number,
            "offered",
            event.revision,
            known.get("person_id", ""),
            body,
        )
        self.touched.add(place)

    def _lose(self, id_: str, event: ReferralOfferWithdrawn | ReferralDeclined | ReferralLapsed) -> None:
        """The site has it no more; it may only see that it had it."""
        state = {ReferralDeclined: "declined", ReferralLapsed: "lapsed"}.get(type(event), "offer-withdrawn")
        if view := self.views.get((id_, event.site_id)):
            view.state, view.revision, view.body["door"] = state, event.revision, None
            self.touched.add((id_, event.site_id))
        self.sites[id_] = None

    def _change(self, id_: str, event: Event) -> None:
        """The site that has it sees it change."""
        site_id = self.sites.get(id_)
        view = self.views.get((id_, site_id)) if site_id else None
        if view is None:
            return
        _update(view, event)
        revision = getattr(event, "revision", None)
        view.revision = view.revision if revision is None else revision
        view.body["moved"] = revision is None
        self.touched.add((id_, view.site_id))


def _known(event: ReferralCreated) -> dict[str, Any]:
    """What is shown of any referral; who the worker is comes from rehab-person, once the offer was acknowledged."""
    return {
        "community": event.community,
        "requested_on": event.requested_on,
        "claim_number": event.claim_number,
        "injured_on": event.injured_on,
        "areas": [area.model_dump() for area in event.areas],
        "injury": {"body_part": event.injury.body_part, "nature": event.injury.nature, "side": event.injury.side},
        "barriers": event.barriers,
        "urgent": event.urgent,
        "person_id": event.person_id,
    }


def _update(view: View, event: Event) -> None:
    """What an event changes of what is shown."""
    match event:
        case ReferralAcknowledged(deadline=door):
            view.state, view.body["door"] = "acknowledged", {"name": door.name, "due_at": door.due_at}
        case ReferralAccepted(accepted_on=on):
            view.state, view.body["door"], view.body["accepted_on"] = "accepted", None, on
        case AppointmentBooked(starts_at=at):
            view.state, view.body["starts_at"] = "scheduled", at
        case ReferralHeld(cause=cause):
            view.body["held_by"] = [*view.body.get("held_by", []), cause]
        case ReferralResumed(still_held=left):
            view.body["held_by"] = list(left)
        case ReferralWithdrawn(cause=cause):
            view.state, view.body["door"], view.body["withdrawn_by"] = "withdrawn", None, cause
        case DeadlineMoved(name=name, due_at=due_at):
            view.body["door"] = {"name": name, "due_at": due_at} if due_at else None
        case WorkerFarAway(community=community):
            view.body["community"] = community


async def keep_shown(conn: Connection, kept: Sequence[Kept]) -> None:
    """Cases and views after a batch; what is said of a claim is repeated on each of its referrals."""
    kept = [k for k in kept if getattr(k.event, "referral_id", k.key) == k.key]
    ids = sorted({k.key for k in kept})
    if not ids:
        return
    fold = Fold({}, {}, {})
    for id_, site_id, body in await conn.fetch(CASES, ids):
        fold.sites[id_], fold.bodies[id_] = site_id, orjson.loads(body)
    for row in await conn.fetch(VIEWS, ids):
        view = _view(row)
        fold.views[view.referral_id, view.site_id] = view
    for one in kept:
        fold.apply(one.key, one.event)
    await _save(conn, ids, fold)


async def _save(conn: Connection, ids: Sequence[str], fold: Fold) -> None:
    """Each table once."""
    cases = [(id_, fold.sites.get(id_), _json(fold.bodies.get(id_, {}))) for id_ in ids]
    await conn.execute(SAVE_CASES, *zip(*cases, strict=True))
    changed = [fold.views[place] for place in sorted(fold.touched)]
    rows = [
        (v.referral_id, v.site_id, v.organisation_id, v.number, v.state, v.revision, v.person_id, _json(v.body))
        for v in changed
    ]
    if rows:
        await conn.execute(SAVE_VIEWS, *zip(*rows, strict=True))


def _json(body: Mapping[str, Any]) -> str:
    """As text."""
    return orjson.dumps(body, default=str).decode()


async def find_view(conn: Connection, number: str, sites: Sequence[str]) -> tuple[View, int] | None:
    """One referral as one of these sites sees it, and when it changed; None when it is not there or not theirs."""
    row = await conn.fetchrow(FIND, number, sites)
    return _shown(row) if row else None


async def list_views(
    conn: Connection, sites: Sequence[str], state: str | None, after: int, limit: int
) -> list[tuple[View, int]]:
    """Referrals in the order in which they changed, after a cursor."""
    return [_shown(row) for row in await conn.fetch(LIST, sites, state, after, limit)]


def _shown(row: asyncpg.Record) -> tuple[View, int]:
    """A row of FIND or LIST."""
    return _view(row), row["changed"]


def _view(row: asyncpg.Record) -> View:
    """A row as a view."""
    members = {name: row[name] for name in View.__slots__ if name != "body"}
    return View(**members, body=orjson.loads(row["body"]))
