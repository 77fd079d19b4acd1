"""Plans, reports, attendance and invoices of a referral, projected from what program and invoice announced."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import orjson

from services.portal.domain.paused_deadline import pause_report, redate_deadline, resume_report
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
    def key(self) -> tuple[str, str, str]:
        """The referral, the kind and the name."""
        return self.referral_id, self.kind, self.name


INVOICE = "invoice"
DocumentName: TypeAlias = tuple[str, str]
NameOf: TypeAlias = Callable[[Any], DocumentName | None]
ApplyEvent: TypeAlias = Callable[[CaseDocument, Any], None]


@dataclass(frozen=True)
class DocumentProjection:
    """A kind of document: its events, the name of the document that each is about, and what each changes."""

    events: tuple[type[Event], ...]
    name_of: NameOf
    apply: ApplyEvent


async def project_documents(
    conn: Connection, received: Sequence[ReceivedEvent], projections: Mapping[type[Event], DocumentProjection]
) -> Sequence[CaseDocument]:
    """Projects a batch and returns its documents; a late event also reaches the sites that had the referral then."""
    named_events = [
        (record, projection, name)
        for record in received
        if (name := (projection := projections[type(record.event)]).name_of(record.event))
    ]
    if not named_events:
        return ()
    holders = await find_holders(conn, (record.key for record, _, _ in named_events))
    keys = {(record.key, *name) for record, _, name in named_events}
    documents = {document.key: document for document in await _load(conn, LOAD, keys)}
    late = {
        (record.key, *name, site) for record, _, name in named_events for site in _late_readers(name, record, holders)
    }
    left = {key: CaseDocument(*key[:3], site_id=key[3], is_left=True) for key in late}
    left |= {(*document.key, document.site_id or ""): document for document in await _load(conn, LOAD_LEFT, late)}
    for record, projection, name in named_events:
        if (document := documents.get((record.key, *name))) is None:
            site_id = _site_of(name, record, holders.get(record.key, Holder()))
            document = documents[record.key, *name] = CaseDocument(record.key, *name, site_id=site_id)
        for version in (document, *(left[record.key, *name, site] for site in _late_readers(name, record, holders))):
            _apply(version, projection, record)
    await _save(conn, SAVE, documents.values())
    await _save(conn, SAVE_LEFT, left.values())
    return list(documents.values())


def _site_of(name: DocumentName, record: ReceivedEvent, holder: Holder) -> str | None:
    """Return the site of a new document; an invoice names its sender, unless it is older than that member."""
    if name[0] == INVOICE:
        return getattr(record.event, "site_id", None) or holder.biller
    return holder.of_new(record.at)


def _late_readers(name: DocumentName, record: ReceivedEvent, holders: Mapping[str, Holder]) -> Sequence[str]:
    """Return the sites that have lost the referral since the event was announced; none for invoices."""
    return holders[record.key].had_at(record.at) if name[0] != INVOICE and record.key in holders else ()


async def _load(conn: Connection, statement: str, keys: Collection[tuple[str, ...]]) -> list[CaseDocument]:
    """Return the documents of these keys that are stored."""
    return [_document_in(row) for row in await conn.fetch(statement, *zip(*keys, strict=True))] if keys else []


def _apply(document: CaseDocument, projection: DocumentProjection, record: ReceivedEvent) -> None:
    """Apply one event in its order, and note since when its deadline runs, so that its end can be explained."""
    projection.apply(document, record.event)
    document.revision = getattr(record.event, "revision", None) or document.revision
    if getattr(record.event, "deadline", None) and document.body.get("door"):
        document.body["door"]["since"] = record.at
    match record.event:
        case DeadlineMoved(name=name, due_at=due_at):
            redate_deadline(document.body, name, due_at, record.at)
        case ObligationPaused():
            pause_report(document.body, record.at)
        case ObligationRedated():
            resume_report(document.body, record.at)


async def _save(conn: Connection, statement: str, documents: Iterable[CaseDocument]) -> None:
    """Save documents in one statement; one without a state is not known yet and is left out."""
    rows = [
        (*p.key, p.state, p.revision, orjson.dumps(p.body, default=str).decode(), p.site_id)
        for p in documents
        if p.state
    ]
    if rows:
        await conn.execute(statement, *zip(*rows, strict=True))


async def find_document(conn: Connection, referral_id: str, kind: str, name: str) -> CaseDocument | None:
    """Returns a document of a referral, or None where it is not there or not the reader's."""
    row = await conn.fetchrow(FIND, referral_id, kind, name)
    return _document_in(row) if row else None


async def list_documents(
    conn: Connection, referral_id: str, kind: str, after: int, limit: int
) -> list[tuple[CaseDocument, int]]:
    """Returns documents of one kind behind a cursor, in the order in which they changed."""
    rows = await conn.fetch(LIST, referral_id, kind, after, limit)
    return [(_document_in(row), row["changed"]) for row in rows]


async def next_dues(conn: Connection, referral_ids: Sequence[str]) -> Mapping[str, datetime]:
    """Returns when the next report of each referral is due; one without a report whose clock runs is left out."""
    return {row[0]: row[1] for row in await conn.fetch(NEXT_DUE, referral_ids) if row[1]}


async def list_queue(conn: Connection, after: int, limit: int) -> list[tuple[CaseDocument, str, int]]:
    """Returns what waits for a claims officer, with the referral's number, in the order in which it changed."""
    rows = await conn.fetch(QUEUE, after, limit)
    return [(_document_in(row), row["number"], row["changed"]) for row in rows]


async def list_own(
    conn: Connection, kind: str, sites: Sequence[str], before: int, limit: int
) -> list[tuple[CaseDocument, str, int]]:
    """Returns documents of these sites before a cursor, with the referral's number, the newest change first."""
    rows = await conn.fetch(OWN, kind, sites, before, limit)
    return [(_document_in(row), row["number"], row["changed"]) for row in rows]


async def find_invoices_at(conn: Connection, invoices: Collection[str], sites: Sequence[str]) -> frozenset[str]:
    """Return those of these invoices that the sites may open."""
    return frozenset(name for (name,) in await conn.fetch(INVOICES_AT, list(invoices), sites))


async def find_own(conn: Connection, kind: str, name: str, sites: Sequence[str]) -> tuple[CaseDocument, str] | None:
    """Returns a document of these sites by its name, with the referral's number; None where there is none."""
    row = await conn.fetchrow(NAMED, kind, name, sites)
    return (_document_in(row), row["number"]) if row else None


def _document_in(row: asyncpg.Record) -> CaseDocument:
    members = {name: row[name] for name in CaseDocument.__slots__ if name != "body"}
    return CaseDocument(**members, body=orjson.loads(row["body"]))
