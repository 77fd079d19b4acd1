"""Referrals as sites may see them, projected from what was announced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from services.portal.domain.paused_deadline import redate_deadline
from services.portal.store.cases import Case, load_cases, save_cases
from services.portal.store.custody import Handover
from shared.database.postgres import Connection
from shared.domain.decision import Event
from shared.events.answers import DeadlineMoved, contract_of_service
from shared.events.referral import (
    AppointmentBooked,
    AppointmentMissed,
    AppointmentMoved,
    ClaimStandingChanged,
    OfficerAssigned,
    ProgramEnded,
    ProgramSelected,
    ProgramStarted,
    ReferralAccepted,
    ReferralAcknowledged,
    ReferralClosed,
    ReferralCreated,
    ReferralDeclined,
    ReferralDischarged,
    ReferralHeld,
    ReferralLapsed,
    ReferralNotAdmitted,
    ReferralOffered,
    ReferralOfferWithdrawn,
    ReferralResumed,
    ReferralUnplaced,
    ReferralWithdrawn,
    WorkerFarAway,
)
from shared.messaging.handlers import ReceivedEvent

ReferralDeadlineMoved = contract_of_service("referral", DeadlineMoved)
REFERRAL_EVENTS: tuple[type[Event], ...] = (
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
    ReferralNotAdmitted,
    ReferralUnplaced,
    AppointmentBooked,
    AppointmentMoved,
    AppointmentMissed,
    ProgramStarted,
    ProgramEnded,
    ReferralDischarged,
    ReferralClosed,
    ReferralHeld,
    ReferralResumed,
    ReferralWithdrawn,
    WorkerFarAway,
    ReferralDeadlineMoved,
)
VIEWS = """
SELECT referral_id, site_id, organisation_id, number, state, revision, person_id, body, left_at FROM views
WHERE referral_id = ANY($1)
"""
SAVE_VIEWS = """
INSERT INTO views (referral_id, site_id, organisation_id, number, state, revision, person_id, body, left_at, changed)
SELECT u.*, nextval('view_changes')
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::jsonb[], $9::timestamptz[]
) AS u (referral_id, site_id, organisation_id, number, state, revision, person_id, body, left_at)
ON CONFLICT (referral_id, site_id) DO UPDATE
SET state = excluded.state, revision = excluded.revision, body = excluded.body, left_at = excluded.left_at,
    changed = excluded.changed
"""
# of the sites that somebody works at, the one that has the referral or is asked comes before one that had it, and that
# before one that was only asked
FIND = """
SELECT referral_id, site_id, organisation_id, number, state, revision, person_id, changed, body, left_at FROM views
WHERE number = $1 AND site_id = ANY($2)
ORDER BY state IN ('declined', 'lapsed', 'offer-withdrawn'), left_at IS NULL, changed DESC
LIMIT 1
"""
LIST = """
SELECT v.referral_id, v.site_id, v.organisation_id, v.number, v.state, v.revision, v.person_id, v.changed, v.body,
       v.left_at
FROM views AS v
WHERE v.site_id = ANY($1) AND ($2::text IS NULL OR v.state = $2) AND v.changed > $3
    AND NOT EXISTS (
        SELECT FROM views AS o
        WHERE o.referral_id = v.referral_id AND o.site_id = ANY($1) AND o.site_id <> v.site_id
            AND (o.state IN ('declined', 'lapsed', 'offer-withdrawn'), o.left_at IS NULL, -o.changed)
            < (v.state IN ('declined', 'lapsed', 'offer-withdrawn'), v.left_at IS NULL, -v.changed)
    )
ORDER BY v.changed
LIMIT $4
"""
NEWEST = """
SELECT v.referral_id, v.site_id, v.organisation_id, v.number, v.state, v.revision, v.person_id, v.changed, v.body,
       v.left_at
FROM views AS v
WHERE v.site_id = ANY($1) AND ($2::text IS NULL OR v.state = $2) AND ($3 = 0 OR v.changed < $3)
    AND NOT EXISTS (
        SELECT FROM views AS o
        WHERE o.referral_id = v.referral_id AND o.site_id = ANY($1) AND o.site_id <> v.site_id
            AND (o.state IN ('declined', 'lapsed', 'offer-withdrawn'), o.left_at IS NULL, -o.changed)
            < (v.state IN ('declined', 'lapsed', 'offer-withdrawn'), v.left_at IS NULL, -v.changed)
    )
ORDER BY v.changed DESC
LIMIT $4
"""
LOST = frozenset({"declined", "lapsed", "offer-withdrawn"})
_ASKED = frozenset({"offered", "acknowledged"})


@dataclass(slots=True)
class ReferralView:
    """A referral as one site sees it; `left_at` is when a site that had it lost it."""

    referral_id: str
    site_id: str
    organisation_id: str
    number: str
    state: str
    revision: int
    person_id: str
    body: dict[str, Any]
    left_at: datetime | None = None

    @property
    def is_lost(self) -> bool:
        """Return whether the site has it no more, and is not asked either."""
        return self.state in LOST

    @property
    def is_had(self) -> bool:
        """Return whether the site has the referral, is asked to take it, or had it once."""
        return not self.is_lost or self.left_at is not None


@dataclass(slots=True)
class Projector:
    """Applies the events of a batch to the cases and views that they concern."""

    cases: dict[str, Case]
    views: dict[tuple[str, str], ReferralView]
    changed_views: set[tuple[str, str]] = field(default_factory=set)
    handovers: list[Handover] = field(default_factory=list)

    def apply(self, record: ReceivedEvent) -> None:
        """Applies one event in its order."""
        event, case = record.event, self.cases.setdefault(record.key, Case(record.key))
        case.apply(event)
        match event:
            case ReferralOffered():
                self._note_offered(case, event)
            case ReferralCreated() | ReferralNotAdmitted() | ClaimStandingChanged():
                pass
            case ReferralOfferWithdrawn() | ReferralDeclined() | ReferralLapsed():
                self._note_lost(case, event, record)
            case _:
                self._note_changed(case, event)
                if isinstance(event, ReferralAccepted):
                    self._note_taken(case, record)
        update(case, event)

    def note_deadline_start(self, id_: str, event: Event, at: datetime) -> None:
        """Notes since when a deadline runs and when it was stopped, so that its end can be explained."""
        if isinstance(event, DeadlineMoved):
            case = self.cases[id_]
            for shown in (case, self.views.get((id_, case.site_id or ""))):
                if shown:
                    redate_deadline(shown.body, event.name, event.due_at, at)
        if isinstance(event, ReferralOffered | ReferralAcknowledged):
            for shown in (self.cases[id_], self.views.get((id_, event.site_id))):
                if shown and shown.body.get("door"):
                    shown.body["door"]["since"] = at

    def _note_offered(self, case: Case, event: ReferralOffered) -> None:
        """Show the referral to the site that is asked."""
        place = case.referral_id, event.site_id
        before = self.views.get(place)
        case.site_id = event.site_id
        self.views[place] = ReferralView(
            case.referral_id,
            event.site_id,
            event.organisation_id,
            event.number,
            "offered",
            event.revision,
            case.body.get("person_id", ""),
            {**case.known, "program": event.program, "rank": event.rank, "opening": event.opening.model_dump()}
            | {"contract_id": event.contract_id},
            before.left_at if before else None,
        )
        update(self.views[place], event)
        self.changed_views.add(place)

    def _note_taken(self, case: Case, record: ReceivedEvent) -> None:
        """Hand the referral over to the site that accepted it, with its documents."""
        if view := self.views.get((case.referral_id, case.site_id or "")):
            view.left_at = None
            self.handovers.append(Handover(case.referral_id, view.site_id, record.sequence, is_taken=True))

    def _note_lost(
        self, case: Case, event: ReferralOfferWithdrawn | ReferralDeclined | ReferralLapsed, record: ReceivedEvent
    ) -> None:
        """Take the referral from a site, which keeps what it saw last."""
        state = {ReferralDeclined: "declined", ReferralLapsed: "lapsed"}.get(type(event), "offer-withdrawn")
        if view := self.views.get((case.referral_id, event.site_id)):
            had = not view.is_lost and view.state not in _ASKED
            view.left_at = record.at if had else view.left_at
            self.handovers.append(Handover(case.referral_id, event.site_id, record.sequence, is_taken=False, had=had))
            view.state, view.revision, view.body["door"] = state, event.revision, None
            self.changed_views.add((case.referral_id, event.site_id))
        case.site_id = None

    def _note_changed(self, case: Case, event: Event) -> None:
        """Apply an event to the view of the site that has the referral."""
        view = self.views.get((case.referral_id, case.site_id)) if case.site_id else None
        if view is None:
            return
        update(view, event)
        revision = getattr(event, "revision", None)
        view.revision = view.revision if revision is None else revision
        view.body["moved"] = revision is None
        self.changed_views.add((case.referral_id, view.site_id))


def update(shown: ReferralView | Case, event: Event) -> None:  # noqa: C901 - one line an event
    """Applies an event to what the clinic that has the referral, or the insurer, is shown."""
    body = shown.body
    match event:
        case ReferralOffered(deadline=deadline) | ReferralAcknowledged(deadline=deadline):
            shown.state = "offered" if isinstance(event, ReferralOffered) else "acknowledged"
            body["door"] = {"name": deadline.name, "due_at": deadline.due_at}
        case ReferralAccepted(accepted_on=on, payee_id=payee_id):
            shown.state, body["door"] = "accepted", None
            body |= {"accepted_on": on, "payee_id": payee_id}
        case AppointmentBooked(starts_at=at) | AppointmentMoved(starts_at=at):
            shown.state = "scheduled"
            body |= {"starts_at": at, "missed": False}
        case AppointmentMissed(times=times):
            body |= {"missed": True, "times_missed": times}
        case ProgramStarted(initial_visit_on=on):
            shown.state, body["initial_visit_on"] = "active", on
        case ProgramEnded(last_on=on, exit_reason=reason):
            body |= {"last_on": on, "exit_reason": reason}
        case ReferralDischarged(discharged_on=on):
            shown.state, body["discharged_on"] = "discharged", on
        case ReferralClosed(closed_on=on):
            shown.state, body["closed_on"] = "closed", on
        case ReferralHeld() | ReferralResumed():
            body["held_by"] = _held_by(body, event)
        case ReferralWithdrawn(cause=cause):
            shown.state, body["door"], body["withdrawn_by"] = "withdrawn", None, cause
        case WorkerFarAway(community=community):
            body["community"] = community


def _held_by(body: Mapping[str, Any], event: ReferralHeld | ReferralResumed) -> list[str]:
    """Return the causes that hold the referral after the event."""
    if isinstance(event, ReferralResumed):
        return list(event.still_held)
    return [*(cause for cause in body.get("held_by", []) if cause != event.cause), event.cause]


async def project_referrals(conn: Connection, received: Sequence[ReceivedEvent]) -> Sequence[Handover]:
    """Projects a batch and returns which sites took or lost a referral.

    An event on a claim is announced for each of its referrals.
    """
    received = [k for k in received if getattr(k.event, "referral_id", k.key) == k.key]
    ids = sorted({k.key for k in received})
    if not ids:
        return ()
    projector = Projector(await load_cases(conn, ids), {})
    for row in await conn.fetch(VIEWS, ids):
        view = _view_in(row)
        projector.views[view.referral_id, view.site_id] = view
    for record in received:
        projector.apply(record)
        projector.note_deadline_start(record.key, record.event, record.at)
    await save_cases(conn, [projector.cases[id_] for id_ in ids])
    await _save_views(conn, [projector.views[place] for place in sorted(projector.changed_views)])
    return projector.handovers


async def _save_views(conn: Connection, changed: Sequence[ReferralView]) -> None:
    """Save views in one statement."""
    rows = [
        (
            v.referral_id,
            v.site_id,
            v.organisation_id,
            v.number,
            v.state,
            v.revision,
            v.person_id,
            _json(v.body),
            v.left_at,
        )
        for v in changed
    ]
    if rows:
        await conn.execute(SAVE_VIEWS, *zip(*rows, strict=True))


def _json(body: Mapping[str, Any]) -> str:
    return orjson.dumps(body, default=str).decode()


async def find_view(conn: Connection, number: str, sites: Sequence[str]) -> tuple[ReferralView, int] | None:
    """Returns a referral as one of these sites sees it, and its change number; None where it is not theirs."""
    row = await conn.fetchrow(FIND, number, sites)
    return _view_and_change(row) if row else None


async def list_views(
    conn: Connection, sites: Sequence[str], state: str | None, after: int, limit: int
) -> list[tuple[ReferralView, int]]:
    """Returns referrals behind a cursor, in the order in which they changed."""
    return [_view_and_change(row) for row in await conn.fetch(LIST, sites, state, after, limit)]


async def list_newest(
    conn: Connection, sites: Sequence[str], state: str | None, before: int, limit: int
) -> list[tuple[ReferralView, int]]:
    """Returns referrals before a cursor, the newest change first."""
    return [_view_and_change(row) for row in await conn.fetch(NEWEST, sites, state, before, limit)]


def _view_and_change(row: asyncpg.Record) -> tuple[ReferralView, int]:
    return _view_in(row), row["changed"]


def _view_in(row: asyncpg.Record) -> ReferralView:
    members = {name: row[name] for name in ReferralView.__slots__ if name != "body"}
    return ReferralView(**members, body=orjson.loads(row["body"]))
