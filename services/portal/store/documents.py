"""Texts that people write, sealed with a key of their referral; events name them by id and hash."""

from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from uuid_utils import uuid7

from shared.database.postgres import Connection
from shared.messaging.encryption import find_keys, make_keys, seal, unseal

PUT = """
INSERT INTO documents (document_id, referral_id, sha256, sealed) VALUES ($1, $2, $3, $4)
"""
READ = """
SELECT sealed FROM documents
WHERE document_id = $1 AND referral_id = $2
"""


class Stored(NamedTuple):
    """The id and the hash by which an event names a document."""

    document_id: str
    sha256: str


async def put_document(conn: Connection, referral_id: str, text: str) -> Stored:
    """Stores a text; its hash is that of the sealed bytes, so that nobody can guess a short text by it."""
    owner = f"document/{referral_id}"
    keys = await make_keys(conn, [owner])
    sealed = seal(keys, owner, text.encode())
    if sealed is None:
        raise PermissionError("the record's words were forgotten")
    document_id, digest = UUID(bytes=uuid7().bytes), sha256(sealed).digest()
    await conn.execute(PUT, document_id, referral_id, digest, sealed)
    return Stored(str(document_id), digest.hex())


async def read_document(conn: Connection, referral_id: str, document_id: str) -> str | None:
    """Returns a text in clear; None where it is not there, the id is none, or its key was destroyed."""
    try:
        named = UUID(document_id)
    except ValueError:
        return None
    sealed = await conn.fetchval(READ, named, referral_id)
    if sealed is None:
        return None
    owner = f"document/{referral_id}"
    plain = unseal(await find_keys(conn, [owner]), owner, sealed)
    return plain.decode() if plain is not None else None
