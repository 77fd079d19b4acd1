"""Encryption of personal data with one key a person, and crypto-shredding by destroying that key."""

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
    """Return the existing keys of persons named as `kind/id`."""
    return _ciphers(await _fetch(conn, FIND, sorted(set(person_ids))))


async def make_keys(conn: Connection, person_ids: Iterable[str]) -> Keys:
    """Return the keys of these persons, creating missing ones; destroyed keys stay missing."""
    wanted = set(person_ids)
    known = await _fetch(conn, FIND, sorted(wanted))
    if missing := sorted(wanted - known.keys()):
        await conn.execute(MAKE, missing, [os.urandom(_KEY) for _ in missing])
        known |= await _fetch(conn, FIND, missing)
    return _ciphers(known)


def seal(keys: Keys, person_id: str, plain: bytes) -> bytes | None:
    """Encrypt bytes with the person's key and bound to that person; return None when the key was destroyed."""
    cipher = keys.get(person_id)
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, person_id.encode()) if cipher else None


def unseal(keys: Keys, person_id: str, sealed: bytes) -> bytes | None:
    """Decrypt what `seal` returned; return None when the key was destroyed, raise ValueError for altered bytes."""
    cipher = keys.get(person_id)
    try:
        return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], person_id.encode()) if cipher else None
    except InvalidTag:
        raise ValueError("a seal is broken or belongs to somebody else") from None


async def seal_people(conn: Connection, words: Sequence[OutboxMessage]) -> Sequence[OutboxMessage]:
    """Replace persons in clear by sealed announcements; persons whose key was destroyed are left out."""
    people = {w.event.key for w in words if isinstance(w.event, Identified)}
    if not people:
        return words
    keys = await make_keys(conn, people)
    return [sealed for word in words if (sealed := _sealed(word, keys))]


async def open_people(conn: Connection, sealed: Mapping[str, str]) -> dict[str, Identity]:
    """Return identities by `kind/id` from sealed announcements, without those whose key was destroyed."""
    keys = await find_keys(conn, sealed)
    opened = {person_id: unseal(keys, person_id, b64decode(text)) for person_id, text in sealed.items()}
    return {person_id: Identity.model_validate_json(plain) for person_id, plain in opened.items() if plain}


async def destroy(conn: Connection, person_id: str, *, at: datetime) -> bool:
    """Destroy a person's key, so that nothing sealed with it can be read; return False when it was done before.

    Raises InsufficientPrivilegeError for a service that does not own persons of that kind.
    """
    return count(await conn.execute(DESTROY, person_id, at)) == 1


async def seal_bytes(conn: Connection, day: str, values: Sequence[bytes]) -> Sequence[bytes]:
    """Encrypt bytes that may hold identity with the key of a day (YYYY-MM-DD), which is put before each of them."""
    name = _day_key(day)
    keys = await make_keys(conn, [name])
    if name not in keys:
        raise ValueError(f"the key of {day} was destroyed")
    return [day.encode() + (seal(keys, name, value) or b"") for value in values]


async def open_bytes(conn: Connection, values: Sequence[bytes]) -> Sequence[bytes]:
    """Decrypt what `seal_bytes` returned; raise ValueError when the day's key was destroyed."""
    parted = [(_day_key(value[:10].decode()), value[10:]) for value in values]
    keys = await find_keys(conn, (name for name, _ in parted))
    opened = [unseal(keys, name, sealed) for name, sealed in parted]
    if None in opened:
        raise ValueError("the key of a day was destroyed")
    return [plain for plain in opened if plain is not None]


def _sealed(word: OutboxMessage, keys: Keys) -> OutboxMessage | None:
    """Return the announcement with its person sealed, None when that person's key was destroyed."""
    person = word.event
    if not isinstance(person, Identified):
        return word
    sealed = seal(keys, person.key, person.identity.model_dump_json(exclude_defaults=True).encode())
    if sealed is None:
        return None
    event = person.sealed(b64encode(sealed).decode())
    return word._replace(payload=event.to_bytes().decode(), event=event)


async def _fetch(conn: Connection, statement: str, *arguments: object) -> dict[str, bytes | None]:
    """Return data keys by person, None for a destroyed one."""
    return {person_id: data_key for person_id, data_key in await conn.fetch(statement, *arguments)}  # noqa: C416 - a row is no pair to the type checker


def _ciphers(known: Mapping[str, bytes | None]) -> Keys:
    return Keys({person_id: AESGCM(key) for person_id, key in known.items() if key})


def _day_key(day: str) -> str:
    return f"day/{day}"
