"""Every golden example runs through each decision and projection that takes it, on a real database."""

import json
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from shared.domain.decision import INTERNAL, Event
from shared.events import contracts
from shared.events.answers import SERVICES
from tests.contracts.test_owners import THERE
from tests.program.context import CRRTW
from tests.toy.inside import Inside, inside

if TYPE_CHECKING:
    from shared.runtime.service import Service


# written before the rule of sides: a body part without sides has none but N; each has a second example that is right
OUTDATED = {"claims.claim-accepted.v1/1.json", "claims.claim-amended.v1/1.json"}
# what the record of a service stands on beside its own ids
PUBLISHED: dict[str, dict[str, object]] = {
    "program": {"contract_id": "c-crrtw", "program": "crrtw", "program_revision": CRRTW.revision, "site_id": "van-1"},
    "invoice": {"contract_id": "c-or1", "site_id": "s-1", "payee_id": "p-1"},
}


def examples(event: type[Event]) -> list[Event]:
    """Every committed example of a contract that is right today."""
    folder = contracts.EXAMPLES / event.type_name
    files = [file for file in sorted(folder.glob("*.json")) if f"{folder.name}/{file.name}" not in OUTDATED]
    return [event.from_bytes(json.dumps(json.loads(file.read_text())["value"]).encode()) for file in files]


def fitted(event: Event, members: dict[str, object]) -> Event:
    """Return the same event about the record that the service has."""
    own = {name: value for name, value in members.items() if name in type(event).model_fields}
    return event.from_bytes(json.dumps({**json.loads(event.to_bytes()), **own}).encode())


async def run_one_by_one(process: Inside, events: list[Event]) -> list[str]:
    """Give each event a batch of its own; return those that were not applied, with why."""
    faults = []
    for event in events:
        letter = process.desk.write(event)
        await process.get(letter)
        parked = [row for row in await process.parked() if row["event_id"] == letter.event_id]
        faults += [f"{type(event).__name__} {row['reason']}: {row['detail']}" for row in parked]
    return faults


@pytest.mark.parametrize("service", SERVICES)
async def test_every_example_that_a_service_reads_is_decided_and_projected(service: str, database: str) -> None:
    definition: Service = import_module(f"services.{service}.app").service
    kinds = [kind for kind in definition.handlers.types.values() if kind.topic != INTERNAL]
    kinds.sort(key=lambda kind: kind.topic not in definition.reference)  # registers first, as a service reads them
    events = [event for kind in kinds for event in examples(kind)]
    assert {type(event) for event in events} == set(kinds)
    async with inside(database, definition) as process:
        if service in THERE:
            record = await THERE[service](process)
            members = {**PUBLISHED.get(service, {}), **record.members}
            events = [fitted(event, members) for event in events]
        assert await run_one_by_one(process, events) == []
