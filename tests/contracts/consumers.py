"""`python -m tests.contracts.consumers`: note which services read each event, from their lists of handlers."""

import json
from importlib import import_module
from typing import TYPE_CHECKING

from shared.domain.decision import INTERNAL
from shared.events.answers import SERVICES
from shared.events.contracts import CONSUMERS

if TYPE_CHECKING:
    from shared.messaging.handlers import Handlers

_HEADING = "# Which services read each event; written by `make contracts` from their lists of handlers.\n"


def consumers() -> dict[str, list[str]]:
    """The services that decide by, or copy, each event type, in the order of `SERVICES`."""
    readers: dict[str, list[str]] = {}
    for service in SERVICES:
        handlers: Handlers = import_module(f"services.{service}.handlers").handlers
        for name, event in handlers.types.items():
            if event.topic != INTERNAL:
                readers.setdefault(name, []).append(service)
    return dict(sorted(readers.items()))


def document() -> str:
    """The consumers as TOML."""
    return _HEADING + "".join(f'"{name}" = {json.dumps(services)}\n' for name, services in consumers().items())


if __name__ == "__main__":
    CONSUMERS.write_text(document())
