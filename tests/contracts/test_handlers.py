"""Every handler of every service is run with the producer's golden example."""

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.decision import INTERNAL, Event
from shared.events import contracts
from shared.events.answers import SERVICES
from tests.contracts import consumers

if TYPE_CHECKING:
    from shared.messaging.handlers import Handlers


def listened() -> list[Any]:
    found = []
    for service in SERVICES:
        handlers: Handlers = import_module(f"services.{service}.handlers").handlers
        found += [
            pytest.param(service, event, id=f"{service}-{name}")
            for name, event in sorted(handlers.types.items())
            if event.topic != INTERNAL
        ]
    return found


@pytest.mark.parametrize(("service", "event"), listened())
def test_a_handler_reads_the_golden_example_of_what_it_listens_to(service: str, event: type[Event]) -> None:
    golden = json.loads((contracts.EXAMPLES / event.type_name / "1.json").read_text())
    assert event.from_bytes(json.dumps(golden["value"]).encode()).key == golden["key"]
    app = import_module(f"services.{service}.app").service
    assert event.topic in app.listens, f"{service} reads {event.type_name} and does not listen to {event.topic}"


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_answers_comes_on_a_topic_it_listens_to(service: str) -> None:
    app = import_module(f"services.{service}.app").service
    owned = [e for e in app.handlers.rules if getattr(e, "answered_by", "") == service]
    assert all(e.topic in app.listens for e in owned)
    assert set(app.reference) | set(app.compacted) | set(app.foreign) <= set(app.listens)


def test_the_document_of_events_names_the_services_that_read_each() -> None:
    assert contracts.CONSUMERS.read_text() == consumers.document(), "stale, run `make contracts`"
