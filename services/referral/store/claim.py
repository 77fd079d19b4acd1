"""The statements of claims."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from services.referral.domain.claim import Claim, Request
from services.referral.domain.facts import area
from shared.database.postgres import Connection, count
from shared.events.values import Injury
from shared.messaging.handlers import AggregateStore
from shared.placement.standing import Fact, fold

LOAD = """
SELECT claim_number, version, revision, person_id, referral_ids, state FROM claims
WHERE claim_number = ANY($1)
ORDER BY claim_number
FOR UPDATE
"""
SAVE = """
INSERT INTO claims (claim_number, version, revision, person_id, referral_ids, waiting, state)
SELECT claim_number, version, revision, person_id, ARRAY(SELECT jsonb_array_elements_text(referral_ids)),
       ARRAY(SELECT jsonb_array_elements_text(waiting)), state
FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::jsonb[], $6::jsonb[], $7::jsonb[])
    AS u (claim_number, version, revision, person_id, referral_ids, waiting, state)
ON CONFLICT (claim_number) DO UPDATE
SET version = excluded.version, revision = excluded.revision, person_id = excluded.person_id,
    referral_ids = excluded.referral_ids, waiting = excluded.waiting, state = excluded.state
WHERE claims.version = excluded.version - 1
"""
LINKS = """
SELECT claim_number, person_id, referral_ids, waiting FROM claims
WHERE claim_number = ANY($1)
"""
WAITING = """
SELECT claim_number, request_id
FROM claims CROSS JOIN unnest(waiting) WITH ORDINALITY AS w (request_id, place)
WHERE waiting <> '{}'
ORDER BY claim_number, place
"""


class Links(NamedTuple):
    """The person of a claim, the referrals that follow it, and its requests that are not decided yet."""

    person_id: str
    referral_ids: tuple[str, ...]
    waiting: tuple[str, ...]


async def load_claims(conn: Connection, numbers: Sequence[str]) -> Sequence[Claim]:
    """Load claims by number, locked until the transaction ends."""
    return [_claim(*row) for row in await conn.fetch(LOAD, numbers)]


async def save_claims(conn: Connection, claims: Sequence[Claim]) -> int:
    """Save claims and return how many rows were written; a row of another version is not."""
    return count(await conn.execute(SAVE, *zip(*map(_row, claims), strict=True)))


async def find_links(conn: Connection, numbers: Sequence[str]) -> Mapping[str, Links]:
    """Return the links of those of these claims that exist."""
    rows = await conn.fetch(LINKS, sorted(set(numbers)))
    return {number: Links(person_id, tuple(ids), tuple(waiting)) for number, person_id, ids, waiting in rows}


async def list_waiting(conn: Connection) -> Sequence[tuple[str, str]]:
    """Return claim number and request id of each undecided request, of a claim in the order first read."""
    return [(number, request_id) for number, request_id in await conn.fetch(WAITING)]


CLAIMS = AggregateStore(Claim, load_claims, save_claims)


def _row(claim: Claim) -> tuple[object, ...]:
    """Return a claim as the columns of SAVE."""
    state = {
        "history": [_fact_state(fact) for fact in claim.history],
        "requests": [tuple(request) for request in claim.requests.values()],
        "community": claim.community,
    }
    return (
        claim.id,
        claim.version + 1,
        claim.revision,
        claim.person_id,
        orjson.dumps(claim.referral_ids).decode(),
        orjson.dumps([r.request_id for r in claim.waiting]).decode(),
        orjson.dumps(state).decode(),
    )


def _claim(number: str, version: int, revision: int, person_id: str, referral_ids: list[str], state: str) -> Claim:  # noqa: PLR0913, PLR0917 - the columns of LOAD
    """Return the claim of the columns of LOAD."""
    stored = orjson.loads(state)
    history = tuple(_fact(members) for members in stored["history"])
    requests = {r.request_id: r for r in map(_request, stored["requests"])}
    return Claim(
        number, version, revision, person_id, history, fold(history), requests, tuple(referral_ids), stored["community"]
    )


def _fact_state(fact: Fact) -> tuple[object, ...]:
    """Return a fact as JSON stores it, an array in the order of its members."""
    areas = [(a.body_part, a.side) for a in fact.areas]
    injury = fact.injury and (fact.injury.body_part, fact.injury.nature, fact.injury.side, fact.injury.occurred_on)
    return *fact[:5], areas, injury, *fact[7:]


def _fact(members: Sequence[Any]) -> Fact:
    """Return the fact of a stored array."""
    kind, effective_on, decided_on, said_at, reason_code, areas, injury, *others = members
    return Fact(
        kind,
        date.fromisoformat(effective_on),
        date.fromisoformat(decided_on),
        datetime.fromisoformat(said_at),
        reason_code,
        tuple(area(*a) for a in areas),
        _injury(injury) if injury else None,
        *others,
    )


def _injury(members: Sequence[Any]) -> Injury:
    body_part, nature, side, occurred_on = members
    return Injury(body_part=body_part, nature=nature, side=side, occurred_on=date.fromisoformat(occurred_on))


def _request(members: Sequence[Any]) -> Request:
    """Return the request of a stored array."""
    request_id, requested_on, first_read_at, asked_by, asked_by_id, wanted, barriers, *others = members
    on, read_at = date.fromisoformat(requested_on), datetime.fromisoformat(first_read_at)
    return Request(request_id, on, read_at, asked_by, asked_by_id, wanted, tuple(barriers), *others)
