"""`python -m shared.events.contracts [--check]`: schemas, examples and documents of the events, from their classes."""

import json
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.domain.decision import Event
from shared.events import answers, catalogue
from shared.events.compatibility import breaks
from shared.events.examples import example_of

_HERE = Path(__file__).parent
ROOT = _HERE.parents[1]
SCHEMAS, EXAMPLES = _HERE / "schemas", _HERE / "examples"
DOCUMENT, ASYNCAPI = ROOT / "docs" / "events.md", ROOT / "docs" / "asyncapi"
CONSUMERS = ROOT / "docs" / "consumers.toml"  # written by tests/contracts/consumers.py: shared imports no service
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(event: type[Event]) -> dict[str, Any]:
    """Return the schema as it is published."""
    return {"$schema": _DIALECT, "$id": event.type_name, **event.model_json_schema()}


def envelope_of(event: type[Event], key: str) -> dict[str, str]:
    """Return the headers of an example."""
    owner = event.type_name.split(".")[1]
    return {
        "ce_specversion": "1.0",
        "ce_id": "01930d2c-7f00-7000-8000-000000000001",
        "ce_source": "/claims/cms" if event.topic == "claims" else f"/rehab/{owner}",
        "ce_type": event.type_name,
        "ce_subject": key,
        "ce_time": "2024-11-04T18:30:00+00:00",
        "content-type": "application/json",
        **({} if event.topic == "claims" else {"ce_sequence": "1"}),
    }


def example(event: type[Event]) -> dict[str, Any]:
    """Return a first example: key, headers and body."""
    body = example_of(event)
    key = event.from_bytes(json.dumps(body).encode()).key
    return {"key": key, "headers": envelope_of(event, key), "value": body}


def files() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its content; an existing example stays as it is."""
    for name, event in sorted(catalogue.every().items()):
        yield SCHEMAS / f"{name}.json", _json(schema_of(event))
        golden = EXAMPLES / name / "1.json"
        yield golden, golden.read_text() if golden.exists() else _json(example(event))
    yield DOCUMENT, _document()
    yield ASYNCAPI / "rehab.yaml", yaml.safe_dump(_asyncapi(), sort_keys=False, allow_unicode=True, width=120)


def _json(said: object) -> str:
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def _document() -> str:
    """Return the text of docs/events.md."""
    lines = ["# Events", "", "Generated from the classes in `shared/events/` by `make contracts`.", ""]
    for owner, events in catalogue.contracts().items():
        if events:
            lines += [f"## {owner}", "", "| event | meaning | topic | key | members | consumers |"]
            lines += ["|---|---|---|---|---|---|"]
            lines += [_row(event) for event in events] + [""]
    lines += [*_acts(), ""]
    lines += ["## every service", "", "| event | meaning | key | members | consumers |", "|---|---|---|---|---|"]
    for event in catalogue.COMMON:
        said = answers.contract_of_service("referral", event)
        names = [answers.contract_of_service(service, event).type_name for service in answers.SERVICES]
        cells = (f"`{event.__name__}`", _meaning(event), f"`{said.key_field}`", _members(said), _consumers(names))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


_SCOPES = {
    "site": "the site that has the referral, or is asked to take it",
    "invoice": "the site that sent the invoice",
    "insurer": "the insurer",
    "recipient": "whoever was told: the account, or its site, desk or organisation",
}


def _acts() -> list[str]:
    """Return the table of actions and roles, as portal and owners read it."""
    lines = ["## who may do what", "", "| act | answered by | roles | it must belong to |", "|---|---|---|---|"]
    for event in catalogue.contracts()["portal"]:
        if event.roles:
            owner = event.answered_by or "the service that it names"
            lines.append(
                f"| `{event.__name__}` | {owner} | {', '.join(sorted(event.roles))} | {_SCOPES[event.scope]} |"
            )
    return lines


def _row(event: type[Event]) -> str:
    """Return the table row of an event."""
    cells = (f"`{event.__name__}`<br>`{event.type_name}`", _meaning(event), f"`{event.topic}`", f"`{event.key_field}`")
    return f"| {' | '.join(cells)} | {_members(event)} | {_consumers([event.type_name])} |"


@cache
def _readers() -> dict[str, list[str]]:
    return tomllib.loads(CONSUMERS.read_text())


def _consumers(type_names: Iterable[str]) -> str:
    """Return the services that read any of the types, or `nobody` where none does."""
    services = {service for name in type_names for service in _readers().get(name, ())}
    return ", ".join(service for service in answers.SERVICES if service in services) or "nobody"


def _meaning(event: type[Event]) -> str:
    """Return the docstring as a table cell: each paragraph on one line, with pipes escaped."""
    paragraphs = (event.__doc__ or "").split("\n\n")
    return "<br>".join(" ".join(one.split()) for one in paragraphs).replace("|", "\\|")


def _members(event: type[Event]) -> str:
    """Return the members, required ones first and optional ones in brackets."""
    fields = event.model_fields.items()
    return ", ".join(name if field.is_required() else f"[{name}]" for name, field in fields)


def _asyncapi() -> dict[str, Any]:
    """Return the topics as channels with their messages."""
    topics: dict[str, list[type[Event]]] = {}
    for event in catalogue.every().values():
        topics.setdefault(event.topic, []).append(event)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Occupational rehabilitation", "version": "1"},
        "defaultContentType": "application/json",
        "channels": {
            topic: {
                "address": topic,
                "messages": {event.type_name: _message(event) for event in sorted(events, key=lambda e: e.type_name)},
            }
            for topic, events in sorted(topics.items())
        },
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.__name__,
        "summary": (event.__doc__ or "").split("\n")[0],
        "bindings": {"kafka": {"key": {"type": "string", "description": event.key_field}}},
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"../../shared/events/schemas/{event.type_name}.json"},
        },
    }


def write() -> list[str]:
    """Write what is missing or stale, where a published schema only gains; return what was refused."""
    refused = []
    for path, text in files():
        if (
            path.parent == SCHEMAS
            and path.exists()
            and (found := breaks(json.loads(path.read_text()), json.loads(text)))
        ):
            refused += [f"{path.stem}: {fault}" for fault in found]
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return refused


def stale() -> list[Path]:
    """Return generated files that are not as they should be."""
    return [path for path, text in files() if not path.exists() or path.read_text() != text]


def main() -> None:
    """Write the files, or with --check only compare them."""
    if "--check" in sys.argv[1:]:
        if old := stale():
            raise SystemExit("stale, run `make contracts`: " + ", ".join(str(p.relative_to(ROOT)) for p in old))
        return
    if refused := write():
        raise SystemExit("a version only gains optional members; these need a new one:\n" + "\n".join(refused))


if __name__ == "__main__":
    main()
