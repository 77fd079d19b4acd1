"""Every kind of bad record that is known, and what it is good for: each must be parked as it came."""

import json
from collections.abc import Mapping

from typing_extensions import override

from tests.toy.events import Heard, Ticked
from tests.toy.letters import Desk, Letter


class OddName(str):
    """A header name of bytes that are no text, as a lenient reader sees it; written, it is those bytes again."""

    __slots__ = ()

    @override
    def encode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> bytes:
        """As they were."""
        return super().encode(encoding, "surrogateescape")


ODD_NAME = OddName(b"\xff\xfebad".decode("utf-8", "surrogateescape"))
LARGE = 300_000
DEEP = 20_000


def good(state: Desk, key: str = "c") -> Letter:
    """One that would be applied."""
    return state.write(Ticked(counter_id=key))


def placed(state: Desk, key: str) -> Mapping[str, Letter]:
    """Bad records that still tell their key and place; the n-th has the n-th place."""
    body = f'{{"counter_id":"{key}"'.encode()
    bodies = {
        "no value": None,
        "empty value": b"",
        "random bytes": bytes(range(256)),
        "broken JSON": body,
        "a list": b"[]",
        "a number": b"1",
        "not a number": b"NaN",
        "a huge number": body + b',"wake_at":' + b"9" * 400 + b"}",
        "a member is missing": b"{}",
        "a wrong type": body + b',"note":{}}',
        "a null character": body + b',"note":"\x00"}',
        "an escaped null character": body + b',"note":"a\\u0000b"}',
        "another counter's body": b'{"counter_id":"another"}',
        "20,000 brackets": b"[" * DEEP + b"]" * DEEP,
        "20,000 brackets in a member": body + b',"mood":' + b"[" * DEEP + b"]" * DEEP + b"}",
        "a 300 kB number for a text": body + b',"note":' + b"1" * LARGE + b"}",
        "no UTF-8": body + b',"note":"\xff"}',
    }
    letters = {name: good(state, key)._replace(value=value) for name, value in bodies.items()}
    letters |= {
        "no id": good(state, key).without("ce_id"),
        "no UUID": good(state, key).saying(ce_id=b"7"),
        "a null id": good(state, key).saying(ce_id=None),
        "an id with a null character": good(state, key).saying(ce_id=b"\x00"),
        "no type": good(state, key).without("ce_type"),
        "a type of random bytes": good(state, key).saying(ce_type=b"\xff\xfe\x00"),
        "a version that is not read": good(state, key).saying(ce_type=b"rehab.toyin.ticked.v9"),
        "no time": good(state, key).without("ce_time"),
        "a time without zone": good(state, key).saying(ce_time=b"2024-11-01T12:00:00"),
        "a day that does not exist": good(state, key).saying(ce_time=b"2024-02-30T12:00:00Z"),
        "an after that names nothing": good(state, key).saying(ce_after=b"toy-side"),
        "an after without number": good(state, key).saying(ce_after=b"toy-side:x"),
        "a null correlation of bytes": good(state, key).saying(ce_correlationid=b"\xff"),
        "a header with an unprintable name": good(state, key).saying(**{"x\x00y": b"1"}),
    }
    return letters


def odd_name(state: Desk, key: str) -> Letter:
    """A header whose name is no UTF-8: aiokafka itself raises on it."""
    letter = good(state, key)
    return letter._replace(headers=[(ODD_NAME, b"\xff"), *letter.headers])


def placeless(state: Desk) -> Mapping[str, Letter]:
    """Bad records that tell no key or no place."""
    spare = Desk(state.suffix)
    return {
        "no key": good(spare)._replace(key=None),
        "an empty key": good(spare)._replace(key=b""),
        "a null character in the key": good(spare)._replace(key=b"a\x00b"),
        "a key that is no UTF-8": good(spare)._replace(key=b"\xff\xfe"),
        "no sequence": good(spare).without("ce_sequence"),
        "sequence zero": good(spare).saying(ce_sequence=b"0"),
        "a sequence below zero": good(spare).saying(ce_sequence=b"-1"),
        "a sequence that is no number": good(spare).saying(ce_sequence=b"two"),
        "a sequence with a strange digit": good(spare).saying(ce_sequence="²".encode()),
        "a sequence beyond the column": good(spare).saying(ce_sequence=b"9999999999"),
        "no attributes": good(spare)._replace(headers=[]),
        "nothing at all": Letter(good(spare).topic, None, None, []),
    }


UNSOUND: Mapping[str, bytes] = {
    "a null character": b"a\x00b",
    "a unit separator": b"\x1f",
    "a line end": b"a\nb",
    "a delete": b"a\x7f",
    "a C1 control character": "a\x85b".encode(),
    "no UTF-8": b"Montr\xe9al",
    "half a surrogate pair": b"\xed\xa0\x80",
    "a text that is too long": b"x" * 4097,
}
ATTRIBUTES = ("id", "source", "subject", "correlationid", "causationid", "traceparent", "office", "time", "specversion")


def unsound(state: Desk, attribute: str, how: str, *, structured: bool) -> Letter:
    """A foreign record of which one attribute breaks a rule."""
    letter = state.write_foreign(Heard(counter_id="unsound"))
    if not structured:
        return letter.saying(**{f"ce_{attribute}": UNSOUND[how]})
    text = UNSOUND[how].decode("utf-8", "surrogatepass" if how == "half a surrogate pair" else "surrogateescape")
    return in_one_piece(letter, **{attribute: text})


def in_one_piece(letter: Letter, **changed: object) -> Letter:
    """The same record in the structured mode, with members changed or added."""
    said = {name.removeprefix("ce_"): (value or b"").decode() for name, value in letter.headers}
    whole = {**said, "data": json.loads(letter.value or b"null"), **changed}
    mode: list[tuple[str, bytes | None]] = [("content-type", b"application/cloudevents+json")]
    return letter._replace(headers=mode, value=json.dumps(whole).encode())
