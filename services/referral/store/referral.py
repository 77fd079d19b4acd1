"""The statements of referrals; a state is stored as an array of its members in their order."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson

from services.referral.domain.placement import UnplacedReferral
from services.referral.domain.referral import (
    Accepted,
    Acknowledged,
    Active,
    Closed,
    Discharged,
    FormerOffer,
    Hold,
    Matched,
    NotAdmitted,
    Offer,
    Offered,
    Referral,
    Scheduled,
    State,
    Unplaced,
    Withdrawn,
)
from shared.database.postgres import Connection, count
from shared.events.values import Injury, Opening
from shared.messaging.handlers import AggregateStore

LOAD = """
SELECT referral_id, version, revision, number, claim_number, person_id, status, state FROM referrals
WHERE referral_id = ANY($1)
ORDER BY referral_id
FOR UPDATE
"""
SAVE = """
INSERT INTO referrals (referral_id, version, revision, number, claim_number, person_id, status, state)
SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[])
ON CONFLICT (referral_id) DO UPDATE
SET version = excluded.version, revision = excluded.revision, person_id = excluded.person_id,
    status = excluded.status, state = excluded.state
WHERE referrals.version = excluded.version - 1
"""
PERSONS = """
SELECT referral_id, person_id FROM referrals
WHERE referral_id = ANY($1)
"""
WAITING_FOR_SITE = """
SELECT referral_id FROM referrals
WHERE status IN ('unplaced', 'matched')
ORDER BY referral_id
"""
UNPLACED = """
SELECT referral_id, state -> 'program' ->> 0, state ->> 'community' FROM referrals
WHERE status = 'unplaced'
"""


async def load_referrals(conn: Connection, ids: Sequence[str]) -> Sequence[Referral]:
    """Load referrals by id, locked until the transaction ends."""
    return [_referral(*row) for row in await conn.fetch(LOAD, ids)]


async def save_referrals(conn: Connection, referrals: Sequence[Referral]) -> int:
    """Save referrals and return how many rows were written; a row of another version is not."""
    return count(await conn.execute(SAVE, *zip(*map(_row, referrals), strict=True)))


async def find_persons(conn: Connection, ids: Sequence[str]) -> Mapping[str, str]:
    """Return the person of each referral that exists."""
    return dict(await conn.fetch(PERSONS, sorted(set(ids))))  # type: ignore[arg-type]  # a row is a pair here


async def list_waiting_for_site(conn: Connection) -> Sequence[str]:
    """Return the ids of the referrals that wait for a site."""
    return [referral_id for (referral_id,) in await conn.fetch(WAITING_FOR_SITE)]


async def list_unplaced(conn: Connection) -> Sequence[UnplacedReferral]:
    """Return the referrals for which no site is left, with program and community."""
    return [UnplacedReferral(*row) for row in await conn.fetch(UNPLACED)]


REFERRALS = AggregateStore(Referral, load_referrals, save_referrals)


def _row(referral: Referral) -> tuple[object, ...]:
    """Return a referral as the columns of SAVE."""
    r = referral
    state = {
        "requested_on": r.requested_on,
        "community": r.community,
        "injury": r.injury and (r.injury.body_part, r.injury.nature, r.injury.side, r.injury.occurred_on),
        "barriers": r.barriers,
        "urgent": r.urgent,
        "site_chosen": r.site_chosen,
        "program": (r.program, r.program_revision),
        "state": [_member(getattr(r.state, name)) for name in r.state.__match_args__],
        "rank": r.rank,
        "refused": r.former_offers,
        "holds": r.holds,
        "clock": (r.held_at, r.paused_due_at),
        "request_id": r.request_id,
    }
    return (
        r.id,
        r.version + 1,
        r.revision,
        r.number,
        r.claim_number,
        r.person_id,
        r.status,
        orjson.dumps(state, default=tuple).decode(),
    )


def _member(member: object) -> object:
    """Return a member of a state as JSON stores it."""
    if isinstance(member, Offer):
        opening = member.opening
        return [*member[:-1], [opening.site_id, opening.program, opening.week_on, opening.n]]
    return member


def _referral(  # noqa: PLR0913, PLR0917 - the columns of LOAD
    id_: str, version: int, revision: int, number: str, claim_number: str, person_id: str, status: str, text: str
) -> Referral:
    """Return the referral of the columns of LOAD."""
    state = orjson.loads(text)
    (held_at, paused_due_at), (program, program_revision) = state["clock"], state["program"]
    return Referral(
        id_,
        version,
        revision,
        number,
        claim_number,
        person_id,
        state["request_id"],
        date.fromisoformat(state["requested_on"]),
        state["community"],
        _injury(state["injury"]),
        tuple(state["barriers"]),
        state["urgent"],
        state["site_chosen"],
        program,
        program_revision,
        _state(status, state["state"]),
        state["rank"],
        tuple(FormerOffer(*former) for former in state["refused"]),
        tuple(Hold(cause, date.fromisoformat(from_on), code) for cause, from_on, code in state["holds"]),
        _instant(held_at),
        _instant(paused_due_at),
    )


def _injury(members: Sequence[Any] | None) -> Injury | None:
    if members is None:
        return None
    body_part, nature, side, occurred_on = members
    return Injury(body_part=body_part, nature=nature, side=side, occurred_on=date.fromisoformat(occurred_on))


def _state(status: str, members: Sequence[Any]) -> State:
    """Return the state of a stored status and its members; members added later have their defaults."""
    kind, *readers = _STATES[status]
    state: State = kind(*(read(member) for read, member in zip(readers, members, strict=False)))
    return state


def _offer(members: Sequence[Any] | None) -> Offer | None:
    if members is None:
        return None
    rank, site, organisation, contract, payee, calendar, (site_id, program, week_on, n) = members
    opening = Opening(site_id=site_id, program=program, week_on=date.fromisoformat(week_on), n=n)
    return Offer(rank, site, organisation, contract, payee, calendar, opening)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


_STATES: Mapping[str, tuple[Callable[..., Any], ...]] = {
    kinds[0].__name__.lower(): kinds
    for kinds in (
        (Matched,),
        (Offered, _offer, _instant),
        (Acknowledged, _offer, _instant),
        (Accepted, _offer, _day),
        (Scheduled, _offer, _day, _instant, int, bool),
        (Active, _offer, _day, _day, bool),
        (Discharged, _offer),
        (Closed, _offer),
        (Unplaced,),
        (NotAdmitted,),
        (Withdrawn,),
    )
}
