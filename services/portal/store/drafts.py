"""Drafts of a clinic that are not sent yet: one for each document, seen by the whole site, sealed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg
import orjson

from services.portal.domain.form_fields import readable
from shared.database.postgres import Connection, count
from shared.messaging.encryption import find_keys, make_keys, seal, unseal

FIND = """
SELECT referral_id, kind, name, site_id, organisation_id, version, saved_by, saved_at, sealed FROM drafts
WHERE referral_id = $1 AND kind = $2 AND name = $3 AND site_id = ANY($4)
"""
LIST = """
SELECT d.referral_id, d.kind, d.name, d.site_id, d.organisation_id, d.version, d.saved_by, d.saved_at, v.number
FROM drafts AS d
JOIN views AS v USING (referral_id, site_id)
WHERE d.kind = $1 AND d.site_id = ANY($2) AND d.sealed IS NOT NULL
ORDER BY d.saved_at DESC
LIMIT 200
"""
# who saves says which version they typed on, and on which page: nobody's text is written over unseen, a press that
# overtakes the answer to the page's own saving is not told of itself, and what was typed before a press and arrives
# after it is written over nothing
SAVE = """
INSERT INTO drafts AS d
    (referral_id, kind, name, site_id, organisation_id, version, saved_by, saved_at, sealed, saved_with, is_pressed)
VALUES ($1, $2, $3, $4, $5, $6 + 1, $7, $8, $9, $10, $11)
ON CONFLICT (referral_id, kind, name, site_id) DO UPDATE
SET version = d.version + 1, saved_by = excluded.saved_by, saved_at = excluded.saved_at, sealed = excluded.sealed,
    saved_with = excluded.saved_with, is_pressed = excluded.is_pressed
WHERE d.version = $6 OR (d.saved_with = $10 AND ($11 OR NOT d.is_pressed))
"""
# the version stays, so that no page that was open before begins the draft anew
DROP = """
INSERT INTO drafts AS d (referral_id, kind, name, site_id, organisation_id, version, saved_by, saved_at)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
ON CONFLICT (referral_id, kind, name, site_id) DO UPDATE
SET version = d.version + 1, saved_by = excluded.saved_by, saved_at = excluded.saved_at, sealed = NULL,
    saved_with = NULL, is_pressed = false
"""


class Draft(NamedTuple):
    """A form as it was typed, by name of field; version 0 is one that nobody has saved, one without fields was sent."""

    referral_id: str
    kind: str
    name: str
    site_id: str
    organisation_id: str
    version: int = 0
    saved_by: str = ""
    saved_at: datetime | None = None
    fields: Mapping[str, str] = {}


class Saving(NamedTuple):
    """A save: by whom, when, from which page, by a button or while typing."""

    by: str
    at: datetime
    page: str | None = None
    is_pressed: bool = True


async def find_draft(conn: Connection, reader: Connection, new: Draft) -> Draft:
    """The site's draft of a document as `reader` may see it; `new` where there is none."""
    row = await reader.fetchrow(FIND, new.referral_id, new.kind, new.name, [new.site_id])
    return await _opened(conn, row) if row else new


async def list_drafts(reader: Connection, kind: str, sites: Sequence[str]) -> list[tuple[Draft, str]]:
    """Which there are of a kind, unopened, with the referral's number."""
    return [(_named(row), row["number"]) for row in await reader.fetch(LIST, kind, sites)]


async def save_draft(conn: Connection, draft: Draft, saving: Saving) -> bool:
    """False when somebody else saved it meanwhile, or this page pressed."""
    owner = f"document/{draft.referral_id}"
    sealed = seal(await make_keys(conn, [owner]), owner, orjson.dumps(readable(draft.fields)))
    if sealed is None:
        raise PermissionError("the record's words were forgotten")
    said = (draft.version, saving.by, saving.at, sealed, saving.page, saving.is_pressed)
    return count(await conn.execute(SAVE, *_place(draft), *said)) == 1


async def drop_draft(conn: Connection, draft: Draft, saving: Saving) -> None:
    """It was sent, or nobody wants it."""
    await conn.execute(DROP, *_place(draft), saving.by, saving.at)


def _place(draft: Draft) -> tuple[str, ...]:
    return (draft.referral_id, draft.kind, draft.name, draft.site_id, draft.organisation_id)


async def _opened(conn: Connection, row: asyncpg.Record) -> Draft:
    if row["sealed"] is None:
        return _named(row)
    owner = f"document/{row['referral_id']}"
    plain = unseal(await find_keys(conn, [owner]), owner, row["sealed"])
    return _named(row)._replace(fields=_fields_in(plain) if plain else {})


def _fields_in(plain: bytes) -> Mapping[str, str]:
    """The fields that a form can show, whatever was stored: a draft always opens."""
    try:
        stored = orjson.loads(plain)
    except orjson.JSONDecodeError:
        return {}
    return readable(stored) if isinstance(stored, dict) else {}


def _named(row: asyncpg.Record) -> Draft:
    """A row, unopened."""
    return Draft(**{name: row[name] for name in Draft._fields if name != "fields"})
