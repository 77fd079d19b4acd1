"""The contracts as published: schemas, examples, documents, and what a version may become."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from shared.domain.decision import Event
from shared.events import catalogue, contracts
from shared.events.compatibility import breaks
from shared.messaging import relay
from shared.messaging.envelope import Raw, decode, instant

EVENTS = sorted(catalogue.every().items())
GOLDEN = sorted(contracts.EXAMPLES.rglob("*.json"))
PERSONAL = {"given_name", "family_name", "birth_date", "phn", "email", "phone", "postal_code", "comment", "name"}
BUSINESS = {
    "SiteOpened",
    "OrganisationRegistered",
    "PayeeRegistered",
    "CalendarPublished",
    "ProgramPublished",
    "ReferralTermsPublished",
}
DEADLINES = {"DeadlineReached", "DeadlineMoved"}


@pytest.mark.parametrize(("name", "event"), EVENTS)
def test_every_event_says_what_it_means_who_owns_it_and_under_which_key(name: str, event: type[Event]) -> None:
    assert event.__doc__
    assert event.topic == "claims" or event.topic.startswith("rehab-")
    assert event.key_field in event.model_fields
    assert (contracts.EXAMPLES / name / "1.json").exists()


def test_generated_files_are_fresh() -> None:
    assert contracts.stale() == []


def test_every_row_of_the_documented_tables_has_the_cells_of_its_heading() -> None:
    width = 0
    for line in contracts.DOCUMENT.read_text().splitlines():
        cells = len(re.split(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert cells in {0, width} or line.startswith(("| event |", "| act |")), line
        assert line.startswith(("|", "#", "Generated")) or not line, line
        width = cells


@pytest.mark.parametrize(("name", "event"), EVENTS)
def test_what_was_published_is_still_read(name: str, event: type[Event]) -> None:
    published = json.loads((contracts.SCHEMAS / f"{name}.json").read_text())
    assert breaks(published, contracts.schema_of(event)) == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_example_ever_committed_is_read_and_comes_back_the_same(path: Path) -> None:
    golden = json.loads(path.read_text())
    event = catalogue.every()[path.parent.name]
    schema = json.loads((contracts.SCHEMAS / f"{path.parent.name}.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(golden["value"])
    read = event.from_bytes(json.dumps(golden["value"]).encode())
    assert read.key == golden["key"]
    assert event.from_bytes(read.to_bytes()) == read


@pytest.mark.parametrize(("name", "event"), EVENTS)
def test_no_member_of_an_event_names_what_identifies_a_person(name: str, event: type[Event]) -> None:
    allowed = {"name"} if event.__name__ in BUSINESS | DEADLINES else set[str]()
    allowed |= {"email", "phone"} if event.__name__ == "SiteOpened" else set()
    if event.topic != "claims":
        assert not (PERSONAL - allowed) & set(event.model_fields), name


SOME: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "kind": {"enum": ["a", "b"]}, "n": {"type": "integer", "minimum": 0}},
}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"properties": {"id": {"type": "string"}, "kind": SOME["properties"]["kind"]}}, ".n is gone"),
        ({"required": ["id", "kind"]}, ".kind has become required"),
        ({"properties": {**SOME["properties"], "id": {"type": "integer"}}}, ".id was string and is integer"),
        ({"properties": {**SOME["properties"], "kind": {"enum": ["a"]}}}, ".kind takes b no more"),
        ({"properties": {**SOME["properties"], "n": {"type": "integer", "minimum": 1}}}, ".n has a higher minimum"),
    ],
)
def test_a_narrower_contract_is_noticed(change: dict[str, Any], fault: str) -> None:
    assert fault in breaks(SOME, SOME | change)


def test_a_contract_may_gain_an_optional_member_and_another_word() -> None:
    wider = {**SOME["properties"], "note": {"type": "string"}, "kind": {"enum": ["a", "b", "c"]}}
    assert breaks(SOME, SOME | {"properties": wider}) == []


@pytest.mark.parametrize(("name", "event"), [e for e in EVENTS if e[1].topic != "claims"])
def test_an_independent_reader_of_cloudevents_reads_what_the_relay_writes(name: str, event: type[Event]) -> None:
    golden = json.loads((contracts.EXAMPLES / name / "1.json").read_text())
    body = json.dumps(golden["value"]).encode()
    told = golden["headers"]
    row: tuple[object, ...] = (1, event.topic, golden["key"].encode(), body, told["ce_id"].encode(), name.encode())
    row += (told["ce_time"].encode(), b"1", told["ce_id"].encode(), told["ce_id"].encode(), b"rehab-portal:3", b"")
    sent = relay.outgoing_record(told["ce_source"].encode(), row)
    read = from_binary(KafkaMessage(dict(sent.headers), sent.key, sent.value), JSONFormat())
    assert (read.get_type(), read.get_id(), read.get_source()) == (name, told["ce_id"], told["ce_source"])
    assert read.get_data() == golden["value"]


@pytest.mark.parametrize(("name", "event"), [e for e in EVENTS if e[1].topic.startswith("rehab-")])
def test_a_consumer_reads_the_golden_record_of_its_producer(name: str, event: type[Event]) -> None:
    golden = json.loads((contracts.EXAMPLES / name / "1.json").read_text())
    headers = [(n, v.encode()) for n, v in golden["headers"].items()]
    raw = Raw(event.topic, 0, 0, golden["key"].encode(), json.dumps(golden["value"]).encode(), headers)
    record = decode(raw, {name: event}, instant("2024-11-04T18:30:00+00:00"))
    assert record.fault is None
    assert record.event is not None
    assert record.event.key == golden["key"]


def test_each_table_of_the_document_of_events_goes_through_to_its_end() -> None:
    lines = contracts.DOCUMENT.read_text().splitlines()
    rows = [line for line in lines if line and not line.startswith("#") and not line.startswith("Generated")]
    assert len(rows) > 100
    assert [row for row in rows if not (row.startswith("|") and row.endswith("|"))] == []
    columns = {row.replace("\\|", "").count("|") for row in rows}
    assert columns == {5, 6, 7}
