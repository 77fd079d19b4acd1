"""The upstream's schemas, asserted with dates and without e-mail addresses."""

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker

_FOLDER = Path(__file__).parents[1] / "upstream" / "schemas"
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_formats = FormatChecker(formats=())


@_formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    """A full date that exists."""
    return not isinstance(value, str) or bool(_DATE.fullmatch(value) and date.fromisoformat(value))


def _read() -> Mapping[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(_FOLDER.glob("*.json"))}


_schemas = _read()
KNOWN = frozenset(_schemas)


@cache
def _validator(type_name: str) -> Draft202012Validator:
    return Draft202012Validator(_schemas[type_name], format_checker=_formats)


@cache
def _quick(type_name: str) -> jsonschema_rs.Draft202012Validator:
    formats = {"date": lambda text: _formats.conforms(text, "date"), "email": lambda _: True}
    return jsonschema_rs.Draft202012Validator(_schemas[type_name], formats=formats, validate_formats=True)


def _passes(type_name: str, data: object) -> bool:
    """A quick yes; what it cannot read, such as a number of a thousand digits, is no yes."""
    try:
        return _quick(type_name).is_valid(data)
    except (ValueError, OverflowError):
        return False


def fault_of(type_name: str, data: object) -> str:
    """Where the data break the schema of their type, as a short code; empty when they pass."""
    if _passes(type_name, data):
        return ""
    error = next(_validator(type_name).iter_errors(data), None)
    return "" if error is None else ":".join(["schema", *map(str, error.absolute_path), str(error.validator)])
