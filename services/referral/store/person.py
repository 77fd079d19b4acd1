"""The statements of people, who are stored sealed."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from services.referral.domain.person import AttributeValue, Person
from shared.database.postgres import Connection, count
from shared.messaging import encryption
from shared.messaging.handlers import AggregateStore

LOAD = """
SELECT person_id, version, sealed FROM people
WHERE person_id = ANY($1)
ORDER BY person_id
FOR UPDATE
"""
SAVE = """
INSERT INTO people (person_id, version, sealed)
SELECT * FROM unnest($1::text[], $2::int[], $3::bytea[])
ON CONFLICT (person_id) DO UPDATE SET version = excluded.version, sealed = excluded.sealed
WHERE people.version = excluded.version - 1
"""


async def load_people(conn: Connection, ids: Sequence[str]) -> Sequence[Person]:
    """Load people by `kind/id` and unseal them; a person without a key was forgotten."""
    rows = await conn.fetch(LOAD, ids)
    if not rows:
        return []
    keys = await encryption.find_keys(conn, ids)
    opened = [(id_, version, encryption.unseal(keys, id_, sealed) if sealed else None) for id_, version, sealed in rows]
    return [_person(id_, version, plain) for id_, version, plain in opened]


async def save_people(conn: Connection, people: Sequence[Person]) -> int:
    """Seal and save people and return how many rows were written; a forgotten person is stored without attributes."""
    keys = await encryption.make_keys(conn, (p.id for p in people))
    rows = [(p.id, p.version + 1, encryption.seal(keys, p.id, _plain(p))) for p in people]
    return count(await conn.execute(SAVE, *zip(*rows, strict=True)))


PEOPLE = AggregateStore(Person, load_people, save_people)


def _plain(person: Person) -> bytes:
    """Return the attributes as they are sealed."""
    return orjson.dumps({name: tuple(attribute) for name, attribute in person.attributes.items()})


def _person(person_id: str, version: int, plain: bytes | None) -> Person:
    """Return the person of unsealed attributes; None stands for a forgotten person."""
    if plain is None:
        return Person(person_id, version, forgotten=True)
    members = orjson.loads(plain).items()
    return Person(
        person_id,
        version,
        {m: AttributeValue(value, datetime.fromisoformat(said_at)) for m, (value, said_at) in members},
    )
