"""What cannot be read is parked byte for byte at its place; what lies around it is applied."""

from typing import Any

import pytest

from shared.messaging.envelope import Raw, headers_of
from tests.toy import poison
from tests.toy.events import Labelled, Ticked
from tests.toy.inside import Inside
from tests.toy.letters import Desk, Letter

KEY = "0190c0de-0000-7000-8000-000000000001"
PLACED = tuple(poison.placed(Desk(), KEY))
PLACELESS = tuple(poison.placeless(Desk()))


def is_as_it_came(row: dict[str, Any], raw: Raw) -> bool:
    received = Raw(
        row["topic"], row["partition"], row["offset"], row["raw_key"], row["value"], headers_of(row["headers"])
    )
    return received == raw._replace(headers=list(raw.headers))


@pytest.mark.parametrize("kind", PLACED)
async def test_a_bad_record_is_parked_at_its_place_and_holds_up_its_key_alone(toy: Inside, kind: str) -> None:
    state = toy.desk
    first, bad = poison.good(state, KEY), poison.placed(Desk(), KEY)[kind].saying(ce_sequence=b"2")
    last = poison.good(state, KEY).saying(ce_sequence=b"3")
    raws = await toy.get(first, poison.good(state), bad, poison.good(state), last)
    parked = await toy.parked()
    assert [(row["reason"], row["key"], row["sequence"]) for row in parked] == [
        ("unreadable", KEY, 2),
        ("early", KEY, 3),
    ]
    assert is_as_it_came(parked[0], raws[2])
    assert await toy.ticks() == {KEY: 1, "c": 2}
    await toy.discard(parked[0]["parked_id"])
    assert (await toy.tick_of(KEY), await toy.parked()) == (2, [])


@pytest.mark.parametrize("kind", PLACELESS)
async def test_a_record_without_place_is_parked_where_it_lay_and_holds_up_nobody(toy: Inside, kind: str) -> None:
    bad = poison.placeless(toy.desk)[kind]
    raws = await toy.get(poison.good(toy.desk), bad, poison.good(toy.desk))
    (row,) = await toy.parked()
    assert (row["reason"], row["sequence"]) == ("unreadable", 0)
    assert is_as_it_came(row, raws[1])
    assert await toy.ticks() == {"c": 2}
    await toy.discard(row["parked_id"])
    assert await toy.parked() == []


async def test_bad_records_of_all_kinds_in_one_batch_are_parked_each_as_it_came(toy: Inside) -> None:
    bad = [*poison.placed(toy.desk, KEY).values(), *poison.placeless(toy.desk).values()]
    mixed = [letter for one in bad for letter in (one, poison.good(toy.desk))]
    raws = {(raw.partition, raw.offset): raw for raw in await toy.get(*mixed)}
    parked = await toy.parked()
    assert len(parked) == len(bad)
    assert all(is_as_it_came(row, raws[row["partition"], row["offset"]]) for row in parked)
    assert await toy.ticks() == {"c": len(bad)}


async def test_a_bad_record_delivered_again_is_parked_once(toy: Inside) -> None:
    bad = [*poison.placed(toy.desk, KEY).values(), *poison.placeless(toy.desk).values()]
    raws = await toy.get(*bad)
    before = await toy.parked()
    await toy.get_again(raws)
    assert await toy.parked() == before


async def test_a_parked_record_is_told_of_once_and_without_what_it_held(toy: Inside) -> None:
    secret = poison.good(toy.desk, KEY)._replace(value=b'{"counter_id":"Narpelmi","note":7}')
    raws = await toy.get(secret)
    await toy.get_again(raws)
    (told,) = await toy.words("rehab.toy.event-parked.v1")
    (row,) = await toy.parked()
    assert told.key == str(row["parked_id"])
    assert "Narpelmi" not in told.payload + row["detail"]


async def test_a_key_that_is_none_of_ours_is_not_told(toy: Inside) -> None:
    await toy.get(poison.good(toy.desk, "Narpelmi")._replace(value=b"{"))
    (told,) = await toy.words("rehab.toy.event-parked.v1")
    assert "Narpelmi" not in told.payload


@pytest.mark.parametrize(
    "letter",
    [
        poison.good(Desk(), KEY).saying(ce_correlationid=None),
        poison.good(Desk(), KEY).saying(**{"x-anything": None}),
        poison.good(Desk(), KEY).saying(**{"x-anything": b"\xff\x00"}),
        Desk().write(Ticked(counter_id=KEY, note="x" * poison.LARGE)),
        poison.good(Desk(), KEY)._replace(value=b'{"counter_id":"%s","member":"new"}' % KEY.encode()),
    ],
    ids=["a null header", "an unknown null header", "an unknown header of bytes", "a 300 kB note", "an unknown member"],
)
async def test_what_is_only_odd_is_applied(toy: Inside, letter: Letter) -> None:
    await toy.get(letter)
    assert (await toy.parked(), await toy.ticks()) == ([], {KEY: 1})


async def test_a_null_character_in_a_text_is_data_and_is_parked_alone(toy: Inside) -> None:
    nul = toy.desk.write(Labelled(counter_id=KEY, label="a\0b"))
    raws = await toy.get(poison.good(toy.desk), nul, poison.good(toy.desk))
    (row,) = await toy.parked()
    assert (row["reason"], row["sequence"]) == ("unreadable", 1)
    assert is_as_it_came(row, raws[1])
    assert await toy.ticks() == {"c": 2}


async def test_what_would_not_fit_the_broker_is_refused_before_it_is_said(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id="c"), Ticked(counter_id=KEY, mood="large"), Ticked(counter_id="c"))
    (row,) = await toy.parked()
    assert (row["key"], row["reason"]) == (KEY, "raised")
    assert await toy.ticks() == {"c": 2}
