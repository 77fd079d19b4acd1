"""Members of calls that are codes of a list: the document lists those of the day, and the owner decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from shared.codes import Side, code_list

_SHAPE, _LONGEST = r"^[A-Za-z][A-Za-z0-9_-]*$", 40
_LIST, _SIDE = "x-code-list", "x-used-by"


@dataclass(frozen=True)
class FromCodeList:
    """A code of a list that a side may use; whether it may on the day, and at all, is for the owner to say."""

    name: str
    side: Side

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - the annotated type
        """Any text that has the form of a code."""
        return core_schema.str_schema(pattern=_SHAPE, max_length=_LONGEST)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Names the list; `on_day` writes what it holds."""
        return {"type": "string", _LIST: self.name, _SIDE: self.side}


def on_day(schema: Any, day: date) -> Any:  # noqa: ANN401 - any part of a JSON document
    """The document with the codes of every list that may be used on the day."""
    if isinstance(schema, list):
        return [on_day(part, day) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    said = {name: on_day(part, day) for name, part in schema.items()}
    if name := schema.get(_LIST):
        said["enum"] = list(code_list(name).on(day, schema[_SIDE]))
    return said
