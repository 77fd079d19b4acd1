"""The operator's commands on parked records, held announcements, the journal and projections."""

import re
import sys
from collections.abc import Sequence
from uuid import UUID

import orjson

from shared.config import clock
from shared.database.postgres import Connection
from shared.domain.decision import Event, EventContext, refuse
from shared.events.answers import EventDiscarded, EventReplayed, contract_of_service, public_type
from shared.messaging import held, outbox, parked, relay, unparkable
from shared.messaging.context import ServiceContext
from shared.messaging.envelope import Raw, Record
from shared.runtime.rebuild import rebuild
from shared.runtime.service import Service, Verb

_CODE = re.compile(r"[A-Z][A-Z0-9-]{0,39}")
_GIVEN_UP = refuse(
    "GIVEN-UP", "operations gave this request up: it could not be processed", "look at the record and send it again"
)


def verbs(service: Service) -> dict[str, Verb]:
    """Return the commands that every service offers."""

    async def about_parked(context: ServiceContext, arguments: Sequence[str]) -> None:
        await _parked(service, context, arguments)

    async def about_journal(context: ServiceContext, _: Sequence[str]) -> None:
        await _verify(context)

    async def about_copies(context: ServiceContext, _: Sequence[str]) -> None:
        _print({"kept": await rebuild(service, context)})

    async def about_outbox(context: ServiceContext, arguments: Sequence[str]) -> None:
        await _outbox(service, context, arguments)

    return {"parked": about_parked, "outbox": about_outbox, "journal": about_journal, "rebuild": about_copies}


async def _parked(service: Service, context: ServiceContext, arguments: Sequence[str]) -> None:
    """Run `parked list [all] | show ID | replay ID | discard ID REASON-CODE`."""
    match arguments:
        case ["list", *rest]:
            await _list(context, early="all" in rest)
        case ["show", parked_id]:
            await _show(service, context, UUID(parked_id))
        case ["replay", parked_id]:
            await replay(service, context, UUID(parked_id))
        case ["discard", parked_id, reason]:
            await discard(service, context, UUID(parked_id), reason)
        case ["unparkable"]:
            await _list_unparkable(context)
        case ["dismiss", topic, partition, offset, reason]:
            await dismiss(service, context, (topic, int(partition), int(offset)), reason)
        case _:
            raise SystemExit(
                "parked list [all] | show ID | replay ID | discard ID REASON-CODE | unparkable"
                " | dismiss TOPIC PARTITION OFFSET REASON-CODE"
            )


async def _list_unparkable(context: ServiceContext) -> None:
    """Print the records of which only the digest could be kept."""
    async with context.pool.acquire() as conn:
        for row in await conn.fetch(unparkable.LIST):
            _print(dict(row))


async def dismiss(service: Service, context: ServiceContext, place: tuple[str, int, int], reason: str) -> None:
    """Dismiss the alarm for a record that could not be parked and was dealt with."""
    raw = Raw(*place, None, None, ())
    parked_id = str(parked.parked_id_of(raw))
    event = contract_of_service(service.name, EventDiscarded)(
        parked_id=parked_id, was_topic=raw.topic, reason_code=reason
    )
    now = clock.now()
    async with context.pool.acquire() as conn, conn.transaction():
        if not await unparkable.dismiss(conn, *place):
            raise SystemExit("nothing unparkable is noted there")
        await outbox.announce(conn, [outbox.message_of(event, EventContext(parked_id, parked_id, parked_id, now, now))])


async def _outbox(service: Service, context: ServiceContext, arguments: Sequence[str]) -> None:
    """Run `outbox list | send ID | withhold ID REASON-CODE`."""
    match arguments:
        case ["list"]:
            async with context.pool.acquire() as conn:
                for row in await held.held_rows(conn):
                    _print(dict(row))
        case ["send", event_id]:
            await send_again(context, UUID(event_id))
        case ["withhold", event_id, reason] if _CODE.fullmatch(reason):
            await withhold(service, context, UUID(event_id), reason)
        case _:
            raise SystemExit("outbox list | send ID | withhold ID REASON-CODE (capitals, digits and hyphens)")


async def send_again(context: ServiceContext, event_id: UUID) -> None:
    """Let the relay try a held row again; the rows behind it in its key follow."""
    async with context.pool.acquire() as conn:
        try:
            if not await held.send_again(conn, event_id):
                raise SystemExit(f"no row is held under {event_id}")
        except held.Unsendable:
            raise SystemExit(f"{event_id} breaks the limits of a record and can only be withheld") from None


async def withhold(service: Service, context: ServiceContext, event_id: UUID, reason: str) -> None:
    """Set a held row apart and send a notice in its place."""
    async with context.pool.acquire() as conn:
        try:
            if not await held.withhold(conn, service.name, event_id, reason):
                raise SystemExit(f"no row is held under {event_id}")
        except held.Unsendable:
            raise SystemExit(f"{event_id} has a key that no record can have") from None


async def _list(context: ServiceContext, *, early: bool) -> None:
    """Print the parked records that need somebody; with `early` also those that wait for their turn."""
    async with context.pool.acquire() as conn:
        for row in await conn.fetch(parked.LIST, early):
            _print(dict(row))


async def _show(service: Service, context: ServiceContext, parked_id: UUID) -> None:
    """Print where a record lay, its fault and its size; its bytes stay in the database."""
    async with context.pool.acquire() as conn:
        record = await _find(service, conn, parked_id)
    raw = record.raw
    headers = [name for name, _ in raw.headers]
    size = len(raw.value) if raw.value is not None else None
    _print(
        {
            "parked_id": parked_id,
            "topic": raw.topic,
            "partition": raw.partition,
            "offset": raw.offset,
            "type": record.type_name,
            "headers": headers,
            "bytes": size,
            "fault": record.fault,
        }
    )


async def replay(service: Service, context: ServiceContext, parked_id: UUID) -> None:
    """Make the running service try a parked record again, whatever its back-off."""
    async with context.pool.acquire() as conn, conn.transaction():
        record = await _find(service, conn, parked_id)
        await parked.replay(conn, parked_id, clock.now())
        event = contract_of_service(service.name, EventReplayed)(
            parked_id=str(parked_id), was_topic=record.topic, was_type=public_type(record.type_name)
        )
        await _announce(conn, event, record)


async def discard(service: Service, context: ServiceContext, parked_id: UUID, reason: str) -> None:
    """Give up the record at the head of its key; the actor behind an action gets an answer."""
    async with context.pool.acquire() as conn, conn.transaction():
        record = await _find(service, conn, parked_id)
        if not await parked.discard(conn, record):
            raise SystemExit(f"{parked_id} is not the head of its key: what stands before it comes first")
        event = contract_of_service(service.name, EventDiscarded)(
            parked_id=str(parked_id),
            was_topic=record.topic,
            was_type=public_type(record.type_name),
            reason_code=reason,
        )
        await _announce(conn, event, record)
        if _asks(service, record):
            event_context = outbox.sendable(record.context, str(parked_id))
            await outbox.announce(conn, [outbox.refused(_GIVEN_UP, event_context, service.name)])


def _asks(service: Service, record: Record) -> bool:
    """Return whether the record is an action that this service must answer; unreadable ones are judged by type."""
    kind = service.handlers.types.get(record.type_name)
    owner = record.event.owner if record.event else kind.answered_by if kind else ""
    return bool(record.key) and owner == service.name


async def _find(service: Service, conn: Connection, parked_id: UUID) -> Record:
    """Return the parked record, or end the command."""
    found = await service.parked_records.find(conn, parked_id)
    if found is None:
        raise SystemExit(f"nothing is parked under {parked_id}")
    return found


async def _announce(conn: Connection, event: Event, record: Record) -> None:
    """Announce what the operator did, under the parked id."""
    now = clock.now()
    event_context = EventContext(event.key, record.correlation or event.key, event.key, now, now)
    await outbox.announce(conn, [outbox.message_of(event, outbox.sendable(event_context, event.key))])


async def _verify(context: ServiceContext) -> None:
    """Verify the hash chain of the journal."""
    async with context.pool.acquire() as conn:
        known, broken = await relay.verify(conn)
    _print({"entries": known, "broken_at": broken})
    if broken is not None:
        raise SystemExit(1)


def _print(row: dict[str, object]) -> None:
    """Print one JSON object on a line."""
    sys.stdout.write(orjson.dumps(row, default=str).decode() + "\n")
