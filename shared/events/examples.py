"""A first example of each contract: invented, and the same for the same contract."""

from typing import Any, TypeAlias

from shared.domain.decision import Event

Schema: TypeAlias = dict[str, Any]
_WORDS = {
    "referral_id": "7b0c2a4e-5d1f-5a3c-9e8b-1f2d3c4b5a69",
    "record_key": "7b0c2a4e-5d1f-5a3c-9e8b-1f2d3c4b5a69",
    "action_key": "7b0c2a4e-5d1f-5a3c-9e8b-1f2d3c4b5a69",
    "action_id": "01930d2c-7f00-7000-8000-0000000000a1",
    "number": "R-24-7K3M9QXZ",
    "claim_number": "17919123",
    "person_id": "W7919123",
    "worker_id": "W7919123",
    "request_id": "RR976349191",
    "site_id": "s-vancouver-1",
    "organisation_id": "o-cedar",
    "contract_id": "c-crrtw-cedar",
    "payee_id": "p-cedar",
    "fee_schedule_id": "fees-crrtw",
    "calendar_id": "bc",
    "account_id": "a-vancouver-1-clinician",
    "recipient_id": "a-vancouver-1-clinician",
    "notice_id": "5a1c9a3e-2f64-5f0a-8d7c-3b2a1c0d9e8f",
    "parked_id": "5b1c9a3e-2f64-5f0a-8d7c-3b2a1c0d9e8f",
    "community": "Vancouver",
    "body_part": "23100",
    "nature": "02100",
    "service": "referral",
    "was_topic": "claims",
    "reason": "unreadable",
    "sentence": "worker.community is not in the list of communities: send a name of the list",
    "code": "INJ-AREA",
    "rule": "the injured part and side are among the accepted areas of the claim",
    "fix": "have 23100 side N accepted on the claim",
    "field": "accepted_areas",
    "sealed": "c2VhbGVk",
    "zone": "America/Vancouver",
    "language": "en",
    "postal_code": "V5K 0A1",
    "phn": "9000000000",
    "classification_unit": "721001",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "step": "0.25",
}
_BY_FORMAT = {"date": "2024-11-04", "date-time": "2024-11-04T18:30:00Z"}


def example_of(event: type[Event]) -> dict[str, Any]:
    """Return a body with every member that the contract reads."""
    schema = event.model_json_schema()
    found: dict[str, Any] = _value(schema, schema, "")
    return found


def _value(schema: Schema, root: Schema, name: str) -> Any:  # noqa: ANN401 - whatever JSON can say
    """Return a value that fits a schema."""
    if "$ref" in schema:
        return _value(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, name)
    if "anyOf" in schema:
        return _value(next(s for s in schema["anyOf"] if s.get("type") != "null"), root, name)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    return _plain(schema, root, name)


def _plain(schema: Schema, root: Schema, name: str) -> Any:  # noqa: ANN401, PLR0911 - whatever JSON can say, a line each
    """Return a value by type."""
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {})
            return {member: _value(said, root, member) for member, said in members.items()}
        case "array" if "prefixItems" in schema:
            return [_value(item, root, name) for item in schema["prefixItems"]]
        case "array":
            return [_value(schema.get("items", {"type": "string"}), root, name.removesuffix("s"))]
        case "integer":
            return max(1, int(schema.get("minimum", 1)))
        case "number":
            return 1.5
        case "boolean":
            return False
    return _text(schema, name)


def _text(schema: Schema, name: str) -> str:
    """Return a text by the member's name, else by its format."""
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    if name in _WORDS:
        return _WORDS[name]
    if "pattern" in schema and "[0-9]{5}" in schema["pattern"]:
        return "23100"
    return f"{name.replace('_', '-')}-1" if name else "1"
