"""The keys of persons, behind one door: sealing, opening, and forgetting somebody for good."""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.database.postgres import Connection, count
from shared.events.person import Identified, Identity
from shared.messaging.outbox import OutboxMessage

Keys = NewType("Keys", dict[str, AESGCM])  # by person; who was forgotten has none
_NONCE = 12
_KEY = 32

FIND = """
SELECT person_id, data_key FROM vault.keys
WHERE person_id = ANY($1)
"""
# waits for somebody else who makes the same key at this moment; one that was destroyed stays destroyed
MAKE = """
INSERT INTO vault.keys (person_id, data_key)
SELECT * FROM unnest($1::text[], $2::bytea[])
ON CONFLICT (person_id) DO NOTHING
"""
# the database refuses it to whoever is not the owner of such persons (shared/migrations/vault)
DESTROY = """
INSERT INTO vault.keys AS k (person_id, destroyed_at)
VALUES ($1, $2)
ON CONFLICT (person_id) DO UPDATE SET data_key = NULL, destroyed_at = excluded.destroyed_at
WHERE k.destroyed_at IS NULL
"""


async def find_keys(conn: Connection, person_ids: Iterable[str]) -> Keys:
    """The keys that there are, of persons named as `kind/id`."""
    return _ciphers(await _fetch(conn, FIND, sorted(set(person_ids))))


async def make_keys(conn: Connection, person_ids: Iterable[str]) -> Keys:
    """The keys of these persons, made where there are none yet."""
    wanted = set(person_ids)
    known = await _fetch(conn, FIND, sorted(wanted))
    if missing := sorted(wanted - known.keys()):
        await conn.execute(MAKE, missing, [os.urandom(_KEY) for _ in missing])
        known |= await _fetch(conn, FIND, missing)
    return _ciphers(known)


def seal(keys: Keys, person_id: str, plain: bytes) -> bytes | None:
    """Bytes that only the person's key opens, and only as that person's; None when that person was forgotten."""
    cipher = keys.get(person_id)
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, person_id.encode()) if cipher else None


def unseal(keys: Keys, person_id: str, sealed: bytes) -> bytes | None:
    """The inverse of `seal`; None when the key is gone. Anything that was altered is a ValueError."""
    cipher = keys.get(person_id)
    try:
        return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], person_id.encode()) if cipher else None
    except InvalidTag:
        raise ValueError("a seal is broken or belongs to somebody else") from None


async def seal_people(conn: Connection, words: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
    """Persons in clear become sealed announcements; those of forgotten persons are not announced at all."""
    people = {w.event.key for w in words if isinstance(w.event, Identified)}
    if not people:
        return words
    keys = await make_keys(conn, people)
    return [sealed for word in words if (sealed := _sealed(word, keys))]


async def open_people(conn: Connection, sealed: Mapping[str, str]) -> dict[str, Identity]:
    """Identities by `kind/id`, from what was announced; who was forgotten is missing."""
    keys = await find_keys(conn, sealed)
    opened = {person_id: unseal(keys, person_id, b64decode(text)) for person_id, text in sealed.items()}
    return {person_id: Identity.model_validate_json(plain) for person_id, plain in opened.items() if plain}


async def destroy(conn: Connection, person_id: str, *, at: datetime) -> bool:
    """Forget a person: nothing that was sealed for `kind/id` can be read again; False when it was so already.

    Raises InsufficientPrivilegeError for a service that is not the owner of persons of that kind.
    """
    return count(await conn.execute(DESTROY, person_id, at)) == 1


async def seal_bytes(conn: Connection, day: str, values: Sequence[bytes]) -> Sequence[bytes]:
    """Bytes that may hold identity, under the key of a day (YYYY-MM-DD), which stands before them."""
    name = _day_key(day)
    keys = await make_keys(conn, [name])
    if name not in keys:
        raise ValueError(f"the key of {day} was destroyed")
    return [day.encode() + (seal(keys, name, value) or b"") for value in values]


async def open_bytes(conn: Connection, values: Sequence[bytes]) -> Sequence[bytes]:
    """The inverse of `seal_bytes`; a ValueError when the day's key was destroyed."""
    parted = [(_day_key(value[:10].decode()), value[10:]) for value in values]
    keys = await find_keys(conn, (name for name, _ in parted))
    opened = [unseal(keys, name, sealed) for name, sealed in parted]
    if None in opened:
        raise ValueError("the key of a day was destroyed")
    return [plain for plain in opened if plain is not None]


def _sealed(word: OutboxMessage, keys: Keys) -> OutboxMessage | None:
    """One announcement as it may leave."""
    person = word.event
    if not isinstance(person, Identified):
        return word
    sealed = seal(keys, person.key, person.identity.model_dump_json(exclude_defaults=True).encode())
    if sealed is None:
        return None
    event = person.sealed(b64encode(sealed).decode())
    return word._replace(payload=event.to_bytes().decode(), event=event)


async def _fetch(conn: Connection, statement: str, *arguments: object) -> dict[str, bytes | None]:
    """Data keys by person; None where one was destroyed."""
    return {person_id: data_key for person_id, data_key in await conn.fetch(statement, *arguments)}  # noqa: C416 - a row is no pair to the type checker


def _ciphers(known: Mapping[str, bytes | None]) -> Keys:
    """Keys ready for use."""
    return Keys({person_id: AESGCM(key) for person_id, key in known.items() if key})


def _day_key(day: str) -> str:
    """Days are told from persons by their prefix."""
    return f"day/{day}"
