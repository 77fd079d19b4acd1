"""Documents of a register: filed from dated files, announced when new, never changed under a revision."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from shared.database.json_aggregate import AggregateTable, ColumnAggregate
from shared.domain.decision import INTERNAL, Decision, Event, EventContext, Outcome
from shared.events import catalogue
from shared.messaging.context import ServiceContext
from shared.messaging.handlers import AggregateKeys, AggregateStore, BatchState, Handlers, no_facts

_FEW = 200  # documents a transaction: one of the largest stays below what an outbox row may hold


class Document(NamedTuple):
    """A document as it was last announced."""

    id: str
    version: int
    revision: int
    body: str


class Filed(Event, type="register.filed", key="document_id", topic=INTERNAL):
    """A document was filed; `body` is its event as JSON, `numbered` whether the file gives its revision."""

    document_id: str
    contract: str
    body: str
    numbered: bool = False


class Conflict(Exception):  # noqa: N818 - says what the file does
    """A file changes what was announced under a revision."""


KNOWN = """
SELECT document_id, body FROM documents
"""


_TABLE = AggregateTable("documents", "document_id", {"revision": "int", "body": "text"})
_STORED = ColumnAggregate(Document, _TABLE)
DOCUMENTS = AggregateStore(Document, _STORED.load, _STORED.save)


def file(document: Document | None, filed: Filed, types: Mapping[str, type[Event]]) -> Outcome:
    """Announce a document that is new; one without a revision of its own gets the next one."""
    if document and _says(document.body, filed, types):
        return Outcome()
    if document and filed.numbered:
        raise Conflict(filed.document_id)
    event = types[filed.contract].from_bytes(filed.body.encode())
    revision = document.revision + 1 if document else 1
    if not filed.numbered:
        event = event.model_copy(update={"revision": revision})
    received = Document(filed.document_id, document.version if document else 0, revision, filed.body)
    return Outcome((received,), (event,))


def _says(known: str | None, filed: Filed, types: Mapping[str, type[Event]]) -> bool:
    """Return whether a document was announced before; members that the contract gained since count as defaults."""
    if known is None or known == filed.body:
        return known is not None
    kind = types[filed.contract]
    return kind.from_bytes(known.encode()) == kind.from_bytes(filed.body.encode())


def listen(handlers: Handlers, types: Sequence[type[Event]]) -> None:
    """Register the filing of documents of these types."""
    known = {kind.type_name: kind for kind in types}

    def the_document(event: Filed, _: None) -> AggregateKeys:
        return ((DOCUMENTS, event.document_id),)

    def on_filed(event: Filed, state: BatchState[None], _: EventContext) -> Decision:
        return file(state.find(DOCUMENTS, event.document_id), event, known)

    handlers.on(Filed, the_document, no_facts)(on_filed)


def filed(event: Event, *, numbered: bool) -> Filed:
    """Return an event as a document; a numbered one is kept beside its other revisions."""
    suffix = f"/{getattr(event, 'revision', 1)}" if numbered else ""
    parts = [event.type_name.split(".")[2], event.key, *_parts(event)]
    return Filed(
        document_id="/".join(parts) + suffix,
        contract=event.type_name,
        body=event.to_bytes().decode(),
        numbered=numbered,
    )


def _parts(event: Event) -> Iterator[str]:
    """Yield what distinguishes documents of one key: capacity is declared by program and year."""
    if weeks := getattr(event, "weeks", ()):
        yield f"{getattr(event, 'program', '')}/{weeks[0].week_on.year}"


async def submit(context: ServiceContext, documents: Sequence[Filed]) -> int:
    """File documents that differ from the announced ones and return how many; exit with all conflicts first."""
    async with context.pool.acquire() as conn:
        known = {row["document_id"]: row["body"] for row in await conn.fetch(KNOWN)}
    types = catalogue.every()
    new = [d for d in documents if not _says(known.get(d.document_id), d, types)]
    if conflicts := [d.document_id for d in new if d.numbered and d.document_id in known]:
        raise SystemExit(f"changed under the same revision, raise it: {', '.join(conflicts)}")
    for start in range(0, len(new), _FEW):
        await context.submit_internal(new[start : start + _FEW])
    return len(new)
