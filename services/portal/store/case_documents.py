"""What belongs to a referral, folded from what program and invoice announced: plans, reports, attendance, invoices."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import orjson

from services.portal.domain.paused_deadline import move_door, run_again, stop
from services.portal.store.custody import Holder, find_holders
from shared.database.postgres import Connection
from shared.domain.decision import Event
from shared.events.answers import DeadlineMoved
from shared.events.program import ObligationPaused, ObligationRedated
from shared.messaging.handlers import ReceivedEvent

LOAD = """
SELECT p.referral_id, p.kind, p.name, p.state, p.revision, p.body, p.site_id, false AS is_left
FROM papers AS p
JOIN unnest($1::text[], $2::text[], $3::text[]) AS u (referral_id, kind, name) USING (referral_id, kind, name)
"""
SAVE = """
INSERT INTO papers (referral_id, kind, name, state, revision, body, site_id, changed)
SELECT u.*, nextval('view_changes')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::jsonb[], $7::text[])
    AS u (referral_id, kind, name, state, revision, body, site_id)
ON CONFLICT (referral_id, kind, name) DO UPDATE
SET state = excluded.state, revision = excluded.revision, body = excluded.body, changed = excluded.changed
"""
LOAD_LEFT = """
SELECT p.referral_id, p.kind, p.name, p.state, p.revision, p.body, p.site_id, true AS is_left
FROM papers_left AS p
JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u (referral_id, kind, name, site_id)
    USING (referral_id, kind, name, site_id)
"""
SAVE_LEFT = """
INSERT INTO papers_left (referral_id, kind, name, state, revision, body, site_id, changed)
SELECT u.*, nextval('view_changes')
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::jsonb[], $7::text[])
    AS u (referral_id, kind, name, state, revision, body, site_id)
ON CONFLICT (referral_id, site_id, kind, name) DO UPDATE
SET state = excluded.state, revision = excluded.revision, body = excluded.body, changed = excluded.changed
"""
# who works at several sites reads a paper once: as it is, else as one of the sites saw it last
FIND = """
SELECT referral_id, kind, name, state, revision, body, site_id, is_left FROM papers_seen
WHERE referral_id = $1 AND kind = $2 AND name = $3
ORDER BY is_left, changed DESC
LIMIT 1
"""
LIST = """
SELECT referral_id, kind, name, state, revision, body, site_id, is_left, changed
FROM (
    SELECT DISTINCT ON (name) referral_id, kind, name, state, revision, body, site_id, is_left, changed
    FROM papers_seen
    WHERE referral_id = $1 AND kind = $2
    ORDER BY name, is_left, changed DESC
) AS newest
WHERE changed > $3
ORDER BY changed
LIMIT $4
"""
# one site's papers of one kind: the site has one view of each referral, and a paper is of one site
OWN = """
SELECT p.referral_id, p.kind, p.name, p.state, p.revision, p.body, p.site_id, false AS is_left, p.changed, v.number
FROM papers AS p
JOIN views AS v USING (referral_id, site_id)
WHERE p.kind = $1 AND p.site_id = ANY($2) AND ($3 = 0 OR p.changed < $3)
ORDER BY p.changed DESC
LIMIT $4
"""
NAMED = """
SELECT p.referral_id, p.kind, p.name, p.state, p.revision, p.body, p.site_id, false AS is_left, p.changed, v.number
FROM papers AS p
JOIN views AS v USING (referral_id, site_id)
WHERE p.kind = $1 AND p.name = $2 AND p.site_id = ANY($3)
"""
# `kind` is written out for the index papers_named, which serves `find_invoices_at`
INVOICES_AT = """
SELECT p.name FROM papers AS p
JOIN views AS v USING (referral_id, site_id)
WHERE p.kind = 'invoice' AND p.name = ANY($1) AND p.site_id = ANY($2)
"""
NEXT_DUE = """
SELECT referral_id, min((body ->> 'due_at')::timestamptz) FROM papers
WHERE referral_id = ANY($1) AND kind = 'report' AND state IN ('scheduled', 'returned') AND body ->> 'paused_by' IS NULL
GROUP BY referral_id
"""
QUEUE = """
SELECT p.referral_id, p.kind, p.name, p.state, p.revision, p.body, p.site_id, false AS is_left, p.changed, c.number
FROM papers AS p
JOIN cases AS c USING (referral_id)
WHERE p.changed > $1
    AND ((p.kind = 'plan' AND p.state IN ('submitted', 'overdue', 'deemed'))
        OR (p.kind = 'report' AND p.state = 'submitted'))
ORDER BY p.changed
LIMIT $2
"""


@dataclass(slots=True)
class CaseDocument:
    """One of them; `revision` is that of the newest event that said something of it.

    `site_id` is the site whose it is; one that `is_left` is shown as that site saw it last, to be read only.
    """

    referral_id: str
    kind: str
    name: str
    state: str = ""
    revision: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    site_id: str | None = None
    is_left: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        """Whose, what, which."""
        return self.referral_id, self.kind, self.name


INVOICE = "invoice"
Name: TypeAlias = tuple[str, str]
Naming: TypeAlias = Callable[[Any], Name | None]
Fold: TypeAlias = Callable[[CaseDocument, Any], None]


@dataclass(frozen=True)
class DocumentProjection:
    """A kind of paper: which events tell of it, of which one, and what they change."""

    events: tuple[type[Event], ...]
    named: Naming
    fold: Fold


async def project_documents(
    conn: Connection, received: Sequence[ReceivedEvent], projections: Mapping[type[Event], DocumentProjection]
) -> Sequence[CaseDocument]:
    """Each paper of a batch as its events leave it; what comes late reaches the sites that had the referral then."""
    told = [
        (one, projection, name)
        for one in received
        if (name := (projection := projections[type(one.event)]).named(one.event))
    ]
    if not told:
        return ()
    holders = await find_holders(conn, (one.key for one, _, _ in told))
    places = {(one.key, *name) for one, _, name in told}
    found = {document.place: document for document in await _load(conn, LOAD, places)}
    late = {(one.key, *name, site) for one, _, name in told for site in _late_readers(name, one, holders)}
    left = {place: CaseDocument(*place[:3], site_id=place[3], is_left=True) for place in late}
    left |= {(*document.place, document.site_id or ""): document for document in await _load(conn, LOAD_LEFT, late)}
    for one, projection, name in told:
        if (document := found.get((one.key, *name))) is None:
            site_id = _site_of(name, one, holders.get(one.key, Holder()))
            document = found[one.key, *name] = CaseDocument(one.key, *name, site_id=site_id)
        for each in (document, *(left[one.key, *name, site] for site in _late_readers(name, one, holders))):
            _tell(each, projection, one)
    await _save(conn, SAVE, found.values())
    await _save(conn, SAVE_LEFT, left.values())
    return list(found.values())


def _site_of(name: Name, one: ReceivedEvent, holder: Holder) -> str | None:
    """Whose a new paper is: an invoice says who sent it, unless it is older than that member."""
    if name[0] == INVOICE:
        return getattr(one.event, "site_id", None) or holder.biller
    return holder.of_new(one.at)


def _late_readers(name: Name, one: ReceivedEvent, holders: Mapping[str, Holder]) -> Sequence[str]:
    """Sites that have lost the referral since this was announced; of invoices there are none."""
    return holders[one.key].had_at(one.at) if name[0] != INVOICE and one.key in holders else ()


async def _load(conn: Connection, statement: str, places: Collection[tuple[str, ...]]) -> list[CaseDocument]:
    """Those that are stored."""
    return [_paper(row) for row in await conn.fetch(statement, *zip(*places, strict=True))] if places else []


def _tell(document: CaseDocument, projection: DocumentProjection, one: ReceivedEvent) -> None:
    """One event in its order; since when a deadline runs is kept for those who ask why it ends when it does."""
    projection.fold(document, one.event)
    document.revision = getattr(one.event, "revision", None) or document.revision
    if getattr(one.event, "deadline", None) and document.body.get("door"):
        document.body["door"]["since"] = one.at
    match one.event:
        case DeadlineMoved(name=name, due_at=due_at):
            move_door(document.body, name, due_at, one.at)
        case ObligationPaused():
            stop(document.body, one.at)
        case ObligationRedated():
            run_again(document.body, one.at)


async def _save(conn: Connection, statement: str, documents: Iterable[CaseDocument]) -> None:
    """At once; of what has no state yet nothing is known."""
    rows = [
        (*p.place, p.state, p.revision, orjson.dumps(p.body, default=str).decode(), p.site_id)
        for p in documents
        if p.state
    ]
    if rows:
        await conn.execute(statement, *zip(*rows, strict=True))


async def find_paper(conn: Connection, referral_id: str, kind: str, name: str) -> CaseDocument | None:
    """One of a referral, if it is the reader's."""
    row = await conn.fetchrow(FIND, referral_id, kind, name)
    return _paper(row) if row else None


async def list_papers(
    conn: Connection, referral_id: str, kind: str, after: int, limit: int
) -> list[tuple[CaseDocument, int]]:
    """Those of one kind in the order in which they changed, after a cursor."""
    rows = await conn.fetch(LIST, referral_id, kind, after, limit)
    return [(_paper(row), row["changed"]) for row in rows]


async def next_dues(conn: Connection, referral_ids: Sequence[str]) -> Mapping[str, datetime]:
    """When the next report of each is due, of those that owe one whose clock runs."""
    return {row[0]: row[1] for row in await conn.fetch(NEXT_DUE, referral_ids) if row[1]}


async def list_queue(conn: Connection, after: int, limit: int) -> list[tuple[CaseDocument, str, int]]:
    """What waits for a claims officer, with the referral's number, in the order in which it changed."""
    rows = await conn.fetch(QUEUE, after, limit)
    return [(_paper(row), row["number"], row["changed"]) for row in rows]


async def list_own(
    conn: Connection, kind: str, sites: Sequence[str], before: int, limit: int
) -> list[tuple[CaseDocument, str, int]]:
    """Those of one kind of these sites, with the referral's number, what changed last first, before a cursor."""
    rows = await conn.fetch(OWN, kind, sites, before, limit)
    return [(_paper(row), row["number"], row["changed"]) for row in rows]


async def find_invoices_at(conn: Connection, invoices: Collection[str], sites: Sequence[str]) -> frozenset[str]:
    """Return those of these invoices that the sites may open."""
    return frozenset(name for (name,) in await conn.fetch(INVOICES_AT, list(invoices), sites))


async def find_own(conn: Connection, kind: str, name: str, sites: Sequence[str]) -> tuple[CaseDocument, str] | None:
    """One of them by its own name, with the referral's number."""
    row = await conn.fetchrow(NAMED, kind, name, sites)
    return (_paper(row), row["number"]) if row else None


def _paper(row: asyncpg.Record) -> CaseDocument:
    """A row as a paper."""
    members = {name: row[name] for name in CaseDocument.__slots__ if name != "body"}
    return CaseDocument(**members, body=orjson.loads(row["body"]))
