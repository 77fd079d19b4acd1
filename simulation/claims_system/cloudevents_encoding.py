"""How something said becomes a record: CloudEvents 1.0 in the header lines of a record, or wholly in its value."""

import json
from collections.abc import Mapping
from random import Random
from typing import NamedTuple
from uuid import UUID

from simulation.claims_system.capture import Headers
from simulation.claims_system.claim_histories import ClaimMessage
from simulation.claims_system.fake_data import Data


class Event(NamedTuple):
    """A CloudEvent before it is put into a record."""

    attributes: Mapping[str, str]
    data: Data


class Post(NamedTuple):
    """A record before it arrives."""

    key: bytes | None
    headers: Headers
    value: bytes | None


def event(rng: Random, saying: ClaimMessage) -> Event:
    """The event of something said, with an id of its own."""
    return Event(
        {
            "specversion": "1.0",
            "id": str(UUID(int=rng.getrandbits(128), version=4)),
            "source": "/claims/cms",
            "type": f"claims.{saying.type}.v1",
            "subject": saying.data["claim_number"],
            "time": saying.at.isoformat(timespec="seconds"),
        },
        saying.data,
    )


def post(rng: Random, said: Event) -> Post:
    """In either mode; two in three have their attributes in headers."""
    return binary(said) if rng.random() < 0.69 else structured(said)  # noqa: PLR2004 - as upstream does


def binary(said: Event) -> Post:
    """Attributes as headers, data as the value."""
    headers = tuple((f"ce_{name}", value.encode()) for name, value in said.attributes.items())
    return Post(_key(said), (*headers, ("content-type", b"application/json")), _json(said.data))


def structured(said: Event) -> Post:
    """Everything in the value."""
    body = {**said.attributes, "datacontenttype": "application/json", "data": said.data}
    return Post(_key(said), (("content-type", b"application/cloudevents+json; charset=utf-8"),), _json(body))


def _key(said: Event) -> bytes:
    return str(said.data["claim_number"]).encode()


def _json(said: Mapping[str, object]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
