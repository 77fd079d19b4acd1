"""The rows from which the tasks of a clinic are made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from shared.database.postgres import Connection

# referrals that ask something of their clinic (domain.tasks.of_referral says what), the most urgent first; a plan is
# missing where the initial report is in and none was ever sent in; a visit is late once its day is over, $3 is when
# today began
ASKING = """
WITH asking AS (
    SELECT v.number, v.state, v.person_id, v.body,
        CASE
            WHEN v.state IN ('offered', 'acknowledged') THEN v.body #>> '{door,due_at}'
            WHEN v.state = 'scheduled' AND NOT (v.body -> 'missed')::boolean THEN v.body ->> 'starts_at'
        END::timestamptz AS due_at
    FROM views AS v
    WHERE v.site_id = ANY($1)
        AND coalesce(jsonb_array_length(v.body -> 'held_by'), 0) = 0
        AND (
            v.state IN ('offered', 'acknowledged', 'accepted')
            OR (
                v.state = 'scheduled'
                AND ((v.body -> 'missed')::boolean OR (v.body ->> 'starts_at')::timestamptz <= $2)
            )
            OR (
                v.state = 'active'
                AND NOT EXISTS (SELECT FROM papers AS p WHERE p.referral_id = v.referral_id AND p.kind = 'plan')
                AND EXISTS (
                    SELECT FROM papers AS p
                    WHERE p.referral_id = v.referral_id AND p.kind = 'report' AND p.name = 'initial'
                        AND p.state IN ('submitted', 'accepted', 'waived')
                )
            )
        )
)
SELECT number, state, person_id, body, count(*) OVER () AS asking,
    count(*) FILTER (WHERE due_at <= $2 AND (state <> 'scheduled' OR due_at < $3)) OVER () AS late
FROM asking
ORDER BY due_at NULLS LAST, number
LIMIT $4
"""
PAPERS = """
SELECT v.number, v.person_id, v.body ->> 'contract_id' AS contract_id, p.kind, p.name, p.state, p.body
FROM views AS v
JOIN papers AS p USING (referral_id, site_id)
WHERE (
        v.site_id = ANY($1) AND v.state = ANY($3)
        AND ((p.kind = 'report' AND p.state IN ('scheduled', 'returned'))
            OR (p.kind = 'plan' AND p.state = 'information-requested'))
    )
    OR (v.site_id = ANY($2) AND p.kind = 'invoice' AND p.state IN ('rejected', 'paid'))
ORDER BY p.changed DESC
LIMIT 1000
"""
_TREATED = ["active", "discharged", "withdrawn"]  # what was done before a withdrawal is billed and put right


class Asking(NamedTuple):
    """A referral that asks something of its clinic."""

    number: str
    state: str
    person_id: str
    body: dict[str, Any]


class TaskQuery(NamedTuple):
    """The most urgent ones, how many there are, and how many are late."""

    first: Sequence[Asking]
    total: int
    late: int


class OpenDocument(NamedTuple):
    """A report, a plan or an invoice that waits for its clinic."""

    number: str
    person_id: str
    contract_id: str | None
    kind: str
    name: str
    state: str
    body: dict[str, Any]


async def list_asking(conn: Connection, sites: Sequence[str], now: datetime, today: datetime, most: int) -> TaskQuery:
    """Referrals of these sites that wait for their clinic; `today` is the instant at which the day began."""
    rows = await conn.fetch(ASKING, sites, now, today, most)
    first = [_asking(*row[:4]) for row in rows]
    return TaskQuery(first, rows[0]["asking"], rows[0]["late"]) if rows else TaskQuery((), 0, 0)


def _asking(number: str, state: str, person_id: str, body: str) -> Asking:
    """Return a row; an active referral is listed only where its plan is missing."""
    return Asking(number, state, person_id, {**orjson.loads(body), "planned": state != "active"})


async def list_open_documents(conn: Connection, treating: Sequence[str], billing: Sequence[str]) -> list[OpenDocument]:
    """Returns the documents that wait for those who treat at some sites and bill for others."""
    rows = await conn.fetch(PAPERS, treating, billing, _TREATED)
    return [OpenDocument(**{**row, "body": orjson.loads(row["body"])}) for row in rows]
