"""What waits for somebody, as rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg
import orjson

from shared.postgres import Connection

# what a clinic has in hand; a plan is missing where the initial report is in and none was ever sent in
OPEN = """
SELECT v.referral_id, v.site_id, v.number, v.state, v.person_id, v.body,
    NOT EXISTS (SELECT FROM papers AS p WHERE p.referral_id = v.referral_id AND p.kind = 'plan')
    AND EXISTS (
        SELECT FROM papers AS p
        WHERE p.referral_id = v.referral_id AND p.kind = 'report' AND p.name = 'initial'
            AND p.state IN ('submitted', 'accepted', 'waived')
    ) AS wants_plan
FROM views AS v
WHERE v.site_id = ANY($1) AND v.state = ANY($2)
ORDER BY v.changed DESC
LIMIT 500
"""
PAPERS = """
SELECT v.number, v.person_id, v.body ->> 'contract_id' AS contract_id, p.kind, p.name, p.state, p.body
FROM views AS v
JOIN papers AS p USING (referral_id)
WHERE v.site_id = ANY($1) AND v.state = ANY($2)
    AND ((p.kind = 'report' AND p.state IN ('scheduled', 'returned'))
        OR (p.kind = 'plan' AND p.state = 'information-requested')
        OR (p.kind = 'invoice' AND p.state IN ('rejected', 'paid')))
ORDER BY p.changed DESC
LIMIT 1000
"""
_IN_HAND = ["offered", "acknowledged", "accepted", "scheduled", "active"]
_TREATED = ["active", "discharged"]


class InHand(NamedTuple):
    """A referral that its clinic has in hand."""

    referral_id: str
    site_id: str
    number: str
    state: str
    person_id: str
    body: dict[str, Any]


class OpenPaper(NamedTuple):
    """A report, a plan or an invoice that waits for its clinic."""

    number: str
    person_id: str
    contract_id: str | None
    kind: str
    name: str
    state: str
    body: dict[str, Any]


async def list_in_hand(conn: Connection, sites: Sequence[str]) -> list[InHand]:
    """Referrals of these sites that are not over."""
    return [_in_hand(row) for row in await conn.fetch(OPEN, sites, _IN_HAND)]


def _in_hand(row: asyncpg.Record) -> InHand:
    """A row; whether a plan is missing stands in its body."""
    body = {**orjson.loads(row["body"]), "planned": not row["wants_plan"]}
    return InHand(**{name: row[name] for name in InHand._fields if name != "body"}, body=body)


async def list_open_papers(conn: Connection, sites: Sequence[str]) -> list[OpenPaper]:
    """What belongs to them and waits for somebody."""
    rows = await conn.fetch(PAPERS, sites, _TREATED)
    return [OpenPaper(**{**row, "body": orjson.loads(row["body"])}) for row in rows]
