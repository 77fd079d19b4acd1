"""Referrals as the insurer sees them, from the request on; what every clinic is shown is taken from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson

from shared.database.postgres import Connection
from shared.domain.decision import Event
from shared.events.referral import (
    ClaimStandingChanged,
    OfficerAssigned,
    ProgramSelected,
    ReferralCreated,
    ReferralDeclined,
    ReferralLapsed,
    ReferralNotAdmitted,
    ReferralOffered,
    ReferralOfferWithdrawn,
    ReferralUnplaced,
)

LOAD = """
SELECT referral_id, site_id, number, state, revision, body FROM cases
WHERE referral_id = ANY($1)
"""
SAVE = """
INSERT INTO cases (referral_id, site_id, number, state, revision, body, changed)
SELECT u.*, nextval('view_changes')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::jsonb[])
    AS u (referral_id, site_id, number, state, revision, body)
ON CONFLICT (referral_id) DO UPDATE
SET site_id = excluded.site_id, number = excluded.number, state = excluded.state, revision = excluded.revision,
    body = excluded.body, changed = excluded.changed
"""
FIND = """
SELECT referral_id, site_id, number, state, revision, body FROM cases
WHERE number = $1
"""
LIST = """
SELECT referral_id, site_id, number, state, revision, body, changed FROM cases
WHERE ($1::text IS NULL OR state = $1) AND changed > $2 AND number <> ''
ORDER BY changed
LIMIT $3
"""
NEWEST = """
SELECT referral_id, site_id, number, state, revision, body, changed FROM cases
WHERE number <> '' AND ($1 = 0 OR changed < $1)
ORDER BY changed DESC
LIMIT $2
"""
OWN = """
SELECT referral_id, site_id, number, state, revision, body FROM cases
WHERE body ->> 'person_id' = $1
ORDER BY changed DESC
"""
_KNOWN = (
    "community",
    "requested_on",
    "claim_number",
    "injured_on",
    "areas",
    "injury",
    "barriers",
    "urgent",
    "person_id",
)
_LOST = (ReferralOfferWithdrawn, ReferralDeclined, ReferralLapsed)


@dataclass(slots=True)
class Case:
    """A referral as the insurer sees it; `site_id` is the clinic that has it or is asked."""

    referral_id: str
    site_id: str | None = None
    number: str = ""
    state: str = "admitted"
    revision: int = 0
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> dict[str, Any]:
        """The members that any clinic is shown; the worker's identity is none of them."""
        return {name: self.body[name] for name in _KNOWN if name in self.body}

    def apply(self, event: Event) -> None:
        """Applies what an event says to the insurer alone, and its revision."""
        self.revision = getattr(event, "revision", None) or self.revision
        match event:
            case ReferralCreated(number=number):
                self.number = number
                self.body |= _requested(event)
            case ReferralNotAdmitted(number=number, failures=failures):
                self.number, self.state = number, "not-admitted"
                self.body |= {
                    "requested_on": event.requested_on,
                    "claim_number": event.claim_number,
                    "person_id": event.person_id or "",
                    "failures": [failure.model_dump() for failure in failures],
                }
            case ClaimStandingChanged(intervals=intervals):
                known = [interval.community for interval in intervals if interval.community]
                self.body |= {"community": known[-1]} if known else {}
            case OfficerAssigned(officer=officer):
                self.body["officer"] = officer.model_dump()
            case ProgramSelected(program=program):
                self.body["program"] = program
            case ReferralOffered(program=program, rank=rank, contract_id=contract_id):
                self.body |= {"program": program, "rank": rank, "contract_id": contract_id}
            case ReferralUnplaced(refused_by=refused_by):
                self.state, self.body["refused_by"] = "unplaced", list(refused_by)
            case _ if isinstance(event, _LOST):
                self.state, self.body["door"] = "matched", None


def _requested(event: ReferralCreated) -> dict[str, Any]:
    """Return the members of a request."""
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


async def load_cases(conn: Connection, ids: Sequence[str]) -> dict[str, Case]:
    """Returns the known cases by referral."""
    return {row["referral_id"]: _case(row) for row in await conn.fetch(LOAD, ids)}


async def save_cases(conn: Connection, cases: Sequence[Case]) -> None:
    """Saves cases in one statement."""
    rows = [
        (c.referral_id, c.site_id, c.number, c.state, c.revision, orjson.dumps(c.body, default=str).decode())
        for c in cases
    ]
    await conn.execute(SAVE, *zip(*rows, strict=True))


async def find_case(conn: Connection, number: str) -> Case | None:
    """Returns a case by its number, or None."""
    row = await conn.fetchrow(FIND, number)
    return _case(row) if row else None


async def list_cases(conn: Connection, state: str | None, after: int, limit: int) -> list[tuple[Case, int]]:
    """Returns cases behind a cursor, in the order in which they changed."""
    return [(_case(row), row["changed"]) for row in await conn.fetch(LIST, state, after, limit)]


async def list_newest(conn: Connection, before: int, limit: int) -> list[tuple[Case, int]]:
    """Returns cases before a cursor, the newest change first."""
    return [(_case(row), row["changed"]) for row in await conn.fetch(NEWEST, before, limit)]


async def list_own(conn: Connection, person_id: str) -> list[Case]:
    """Returns a worker's cases, the newest change first."""
    return [_case(row) for row in await conn.fetch(OWN, person_id)]


def _case(row: asyncpg.Record) -> Case:
    members = {name: row[name] for name in Case.__slots__ if name != "body"}
    return Case(**members, body=orjson.loads(row["body"]))
