"""Records that nobody can use, one of each kind that the claims system is known to send, and why each is bad."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple, TypeAlias

from simulation.claims_system import cloudevents_encoding
from simulation.claims_system.cloudevents_encoding import Event, Post

Spoil: TypeAlias = Callable[[Random, Event], Post]


class Kind(NamedTuple):
    """A way to be bad: the type of event that is spoiled, how, and the beginning of the reason."""

    of: str
    reason: str
    spoil: Spoil


def _value(value: bytes | None) -> Spoil:
    """The value is replaced, the headers still say what it should be."""
    return lambda _rng, said: cloudevents_encoding.binary(said)._replace(value=value)


def _attributes(*missing: str, structured: bool = False, **changed: str) -> Spoil:
    """Attributes are missing or say something else."""

    def spoil(_rng: Random, said: Event) -> Post:
        kept = {name: value for name, value in said.attributes.items() if name not in missing}
        return (cloudevents_encoding.structured if structured else cloudevents_encoding.binary)(
            Event(kept | changed, said.data)
        )

    return spoil


def _member(path: str, value: object) -> Spoil:
    """One member of the data says something else; the record's key stays."""

    def spoil(rng: Random, said: Event) -> Post:
        key = cloudevents_encoding.binary(said).key
        return cloudevents_encoding.post(
            rng, Event(said.attributes, _with(said.data, path.split("."), value))
        )._replace(key=key)

    return spoil


def _with(data: Mapping[str, Any], path: list[str], value: object) -> dict[str, Any]:
    head, *rest = path
    return {**data, head: _with(data[head], rest, value) if rest else value}


def _key(key: bytes | None) -> Spoil:
    return lambda rng, said: cloudevents_encoding.post(rng, said)._replace(key=key)


def _header(name: str) -> Spoil:
    """A header too many, whose name is no text."""

    def spoil(_rng: Random, said: Event) -> Post:
        whole = cloudevents_encoding.binary(said)
        return whole._replace(headers=(*whole.headers, (name, b"1")))

    return spoil


def _noise(rng: Random, said: Event) -> Post:
    return cloudevents_encoding.binary(said)._replace(value=b"\xff" + rng.randbytes(200))


def _seven_digits(rng: Random, said: Event) -> Post:
    short = said.data["claim_number"][:7]
    return cloudevents_encoding.post(rng, Event(said.attributes, said.data | {"claim_number": short}))


def _other_claim(rng: Random, said: Event) -> Post:
    """The key is not the claim's."""
    return cloudevents_encoding.post(rng, said)._replace(key=said.data["claim_number"][::-1].encode() + b"0")


def _unborn(rng: Random, said: Event) -> Post:
    worker = said.data["worker"] | {"birth_date": "2999-01-01"}
    return cloudevents_encoding.post(rng, Event(said.attributes, said.data | {"worker": worker}))


def _no_headers(_rng: Random, said: Event) -> Post:
    return cloudevents_encoding.binary(said)._replace(headers=())


def _no_data(_rng: Random, said: Event) -> Post:
    whole = cloudevents_encoding.structured(said)
    return whole._replace(value=(whole.value or b"").partition(b',"data":')[0] + b"}")


_ACCEPTED, _REQUESTED = "claim-accepted", "rehabilitation-requested"
_AREAS = "accepted_areas"
KINDS: Mapping[str, Kind] = {
    "broken JSON": Kind(_ACCEPTED, "not-json", _value(b'{"claim_number": "12345678", "worker": {')),
    "broken JSON in a structured event": Kind(
        _ACCEPTED,
        "not-json",
        lambda _rng, said: cloudevents_encoding.structured(said)._replace(value=b'{"specversion": "1.0", '),
    ),
    "a structured event that is a list": Kind(
        _ACCEPTED, "not-an-event", lambda _rng, said: cloudevents_encoding.structured(said)._replace(value=b"[1, 2]")
    ),
    "a structured event without data": Kind(_ACCEPTED, "no-data", _no_data),
    "null": Kind(_ACCEPTED, "no-value", _value(None)),
    "nothing": Kind(_ACCEPTED, "not-json", _value(b"")),
    "random bytes": Kind(_ACCEPTED, "not-json", _noise),
    "bytes that are no UTF-8": Kind(_ACCEPTED, "not-json", _value(b'{"claim_number": "\xff\xfe"}')),
    "half a surrogate pair": Kind(_ACCEPTED, "not-json", _value(b'{"claim_number": "12345678", "x": "\\ud800"}')),
    "not a number": Kind(_ACCEPTED, "not-json", _value(b'{"claim_number": NaN}')),
    "20,000 brackets": Kind(_ACCEPTED, "not-json", _value(b"[" * 20_000)),
    "20,000 brackets that are closed": Kind(_ACCEPTED, "not-json", _value(b"[" * 10_000 + b"]" * 10_000)),
    "no headers": Kind(_ACCEPTED, "attributes", _no_headers),
    "nothing but a version": Kind(_ACCEPTED, "attributes", _attributes("id", "source", "type", "time", "subject")),
    "no id": Kind(_REQUESTED, "attributes", _attributes("id")),
    "an empty id": Kind(_REQUESTED, "attributes", _attributes(id="")),
    "no source": Kind(_REQUESTED, "attributes", _attributes("source", structured=True)),
    "no time": Kind(_ACCEPTED, "attributes", _attributes("time", structured=True)),
    "a time without an offset": Kind(_REQUESTED, "time", _attributes(time="2024-10-01T10:00:00")),
    "a time that does not exist": Kind(_REQUESTED, "time", _attributes(time="2024-02-30T10:00:00Z")),
    "a time in words": Kind(_REQUESTED, "time", _attributes(time="yesterday", structured=True)),
    "no specversion": Kind(_ACCEPTED, "attributes", _attributes("specversion")),
    "another version of the type": Kind(_ACCEPTED, "other-version", _attributes(type="claims.claim-accepted.v2")),
    "another version of a request": Kind(
        _REQUESTED, "other-version", _attributes(type="claims.rehabilitation-requested.v10", structured=True)
    ),
    "a header's name that is no UTF-8": Kind(_ACCEPTED, "header-name", _header("ce_\udcff\udcfe")),
    "a claim number that is a number": Kind(_ACCEPTED, "schema:claim_number", _member("claim_number", 12_345_678)),
    "a claim number of seven digits": Kind(_ACCEPTED, "schema:claim_number", _seven_digits),
    "areas in a word": Kind(_ACCEPTED, "schema:accepted_areas", _member(_AREAS, "all")),
    "no areas": Kind(_ACCEPTED, "schema:accepted_areas", _member(_AREAS, [])),
    "a worker who is null": Kind(_ACCEPTED, "schema:worker", _member("worker", None)),
    "a date that does not exist": Kind(
        _ACCEPTED, "schema:worker:birth_date", _member("worker.birth_date", "1981-02-30")
    ),
    "a date with a time": Kind(_ACCEPTED, "schema:decided_on", _member("decided_on", "2024-10-01T00:00:00Z")),
    "a date in digits": Kind(_ACCEPTED, "schema:effective_on", _member("effective_on", "20241001")),
    "a date as a number": Kind(_REQUESTED, "schema:requested_on", _member("requested_on", 20_241_001)),
    "a field of 300 kB": Kind(_ACCEPTED, "schema:occupation", _member("occupation", "x" * 300_000)),
    "a barrier that nobody knows": Kind(_REQUESTED, "schema:barriers", _member("barriers", ["boredom"])),
    "a program that nobody knows": Kind(_REQUESTED, "schema:program_wanted", _member("program_wanted", "or3")),
    "a request by nobody": Kind(_REQUESTED, "schema:requested_by", _member("requested_by", {})),
    "a request that looks ahead": Kind(_REQUESTED, "requested-in-future", _member("requested_on", "2999-12-31")),
    "a null character": Kind(_ACCEPTED, "null-character", _member("occupation", "care\0aide")),
    "a null character in a member nobody knows": Kind(_REQUESTED, "null-character", _member("note", {"a": ["b\0c"]})),
    "no key": Kind(_ACCEPTED, "key", _key(None)),
    "an empty key": Kind(_REQUESTED, "key", _key(b"")),
    "a key that is no text": Kind(_ACCEPTED, "key", _key(b"\xff\x00\xfe")),
    "the key of another claim": Kind(_REQUESTED, "key", _other_claim),
    "a place that does not exist": Kind(_ACCEPTED, "community", _member("worker.community", "Springfield")),
    "a move to a place that does not exist": Kind("worker-moved", "community", _member("community", "Springfield")),
    "a part of the body that does not exist": Kind(_ACCEPTED, "code", _member("injury.body_part", "77777")),
    "an area that does not exist": Kind(_ACCEPTED, "code", _member(_AREAS, [{"body_part": "77777", "side": "N"}])),
    "an injury that does not exist": Kind(_ACCEPTED, "code", _member("injury.nature", "88888")),
    "a broken nervous system": Kind(
        _ACCEPTED,
        "nature-at-part",
        _member("injury", {"occurred_on": "2024-09-01", "body_part": "50006", "nature": "01200", "side": "N"}),
    ),
    "a crushed musculoskeletal system": Kind(
        "claim-amended",
        "nature-at-part",
        _member("injury", {"occurred_on": "2024-09-01", "body_part": "50005", "nature": "09710", "side": "N"}),
    ),
    "no side where there are two": Kind(_ACCEPTED, "side", _member(_AREAS, [{"body_part": "25400", "side": "N"}])),
    "a side where there is none": Kind(_ACCEPTED, "side", _member(_AREAS, [{"body_part": "23100", "side": "L"}])),
    "a side of an arm's several parts": Kind(
        "claim-amended", "side", _member(_AREAS, [{"body_part": "31800", "side": "R"}])
    ),
    "both of a leg's several parts": Kind(
        "claim-amended", "side", _member(_AREAS, [{"body_part": "41800", "side": "B"}])
    ),
    "an injury before birth": Kind(_ACCEPTED, "before-birth", _unborn),
}
