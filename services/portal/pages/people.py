"""How people stand on pages: their names, their telephone numbers and the languages that they speak."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from services.portal.domain.text_display import one_line, shows
from services.portal.domain.typed_values import Unreadable, read_telephone
from shared.events.person import Identity

_DATA = Path(__file__).parents[3] / "data"


def full_name(who: Identity | Mapping[str, Any] | None) -> str:
    """Given and family name; nothing where nobody is known or nothing of the name shows."""
    said: Mapping[str, Any] = who.model_dump() if isinstance(who, Identity) else who or {}
    name = one_line(f"{said.get('given_name') or ''} {said.get('family_name') or ''}")
    return name if shows(name) else ""


def person(who: Identity | Mapping[str, Any] | None, otherwise: str = "") -> Markup:
    """A name that turns no text around it and may be broken anywhere; a record's number where no name shows."""
    name = full_name(who)
    return Markup("<bdi>{}</bdi>").format(name) if name else escape(otherwise)


def telephone(text: str | None) -> Markup:
    """A telephone number as a link that dials it; as it was said where it cannot be read."""
    said = text or ""
    found = read_telephone(said)
    if isinstance(found, Unreadable):
        return Markup("<bdi>{}</bdi>").format(one_line(said))
    return Markup('<a class="govuk-link pp-num pp-nowrap" href="{}">{}</a>').format(found.link, found.shown)


@cache
def _languages() -> Mapping[str, str]:
    with (_DATA / "languages.csv").open(encoding="utf-8", newline="") as lines:
        return {row["code"]: row["name"] for row in csv.DictReader(lines)}


def language(code: str | None) -> str:
    """The name of a language by its code of ISO 639; what stands behind a dash in the code is left out."""
    said = one_line(code or "").casefold()
    return _languages().get(said.partition("-")[0].partition("_")[0], "Another language") if said else ""
