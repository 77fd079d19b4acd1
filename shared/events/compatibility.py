"""Compatibility of schemas: within a version a contract only gains optional members."""

from collections.abc import Iterator
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]
_BOUNDS = {"minLength": 1, "minimum": 1, "exclusiveMinimum": 1, "minItems": 1}
_CEILINGS = {"maxLength": 1, "maximum": 1, "exclusiveMaximum": 1, "maxItems": 1}


def breaks(old: Schema, new: Schema) -> list[str]:
    """Return every way in which the new schema breaks readers or writers of the old one."""
    return list(_breaks(old, new, old, new, ""))


def _breaks(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    """Yield the breaks at one place of both schemas."""
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    yield from _members(old, new, old_root, new_root, at)
    yield from _values(old, new, at)
    if "items" in old and "items" in new:
        yield from _breaks(old["items"], new["items"], old_root, new_root, f"{at}[]")
    if "additionalProperties" in old and isinstance(old["additionalProperties"], dict):
        inner = new.get("additionalProperties")
        if isinstance(inner, dict):
            yield from _breaks(old["additionalProperties"], inner, old_root, new_root, f"{at}{{}}")
    yield from _choices(old, new, old_root, new_root, at)


def _members(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    """Yield members that were removed and members that became required."""
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before.keys() - after.keys():
        yield f"{at}.{name} is gone"
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield f"{at}.{name} has become required"
    for name in before.keys() & after.keys():
        yield from _breaks(before[name], after[name], old_root, new_root, f"{at}.{name}")


def _values(old: Schema, new: Schema, at: str) -> Iterator[str]:
    """Yield types, values and bounds that became narrower."""
    if "type" in old and "type" in new and old["type"] != new["type"]:
        yield f"{at} was {old['type']} and is {new['type']}"
    before: list[Any] = old.get("enum", [])
    for word in set(before) - set(new.get("enum", before)):
        yield f"{at} takes {word} no more"
    if "const" in old and old["const"] != new.get("const", old["const"]):
        yield f"{at} was {old['const']}"
    if "enum" in new and "enum" not in old and "const" not in old:
        yield f"{at} takes only some words now"
    if new.get("pattern") != old.get("pattern") and "pattern" in new:
        yield f"{at} has another pattern"
    for name in _BOUNDS:
        if new.get(name, float("-inf")) > old.get(name, float("-inf")):
            yield f"{at} has a higher {name}"
    for name in _CEILINGS:
        if new.get(name, float("inf")) < old.get(name, float("inf")):
            yield f"{at} has a lower {name}"


def _choices(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    """Yield alternatives of the old schema that fit none of the new one."""
    if "anyOf" not in old:
        return
    now = new.get("anyOf", [new])
    for choice in old["anyOf"]:
        if all(list(_breaks(choice, candidate, old_root, new_root, at)) for candidate in now):
            yield f"{at} takes {_resolved(choice, old_root).get('type', 'one of its forms')} no more"


def _resolved(schema: Schema, root: Schema) -> Schema:
    """Return what a reference stands for."""
    found = schema
    while "$ref" in found:
        found = root["$defs"][found["$ref"].rsplit("/", 1)[1]]
    if "allOf" in found and len(found["allOf"]) == 1:
        return _resolved(found["allOf"][0], root)
    return found
