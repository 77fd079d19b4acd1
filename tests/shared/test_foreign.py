"""Topics without sequence: ids that were applied or counted are remembered, a parked one's id is free."""

import asyncio

import orjson
import pytest

from shared.config import metrics
from tests.toy.events import Heard
from tests.toy.inside import Inside
from tests.toy.letters import Letter
from tests.toy.outside import until

A, B = "counter-a", "counter-b"


def heard(toy: Inside, event_id: str = "", source: str = "/afar") -> Letter:
    return toy.desk.write_foreign(Heard(counter_id=A), event_id=event_id, source=source)


async def known_ids(toy: Inside) -> set[str]:
    return {row["event_id"] for row in await toy.pool.fetch("SELECT event_id FROM heard")}


async def test_what_comes_again_under_its_id_counts_once(toy: Inside) -> None:
    await toy.get(heard(toy, "1"), heard(toy, "1"))
    await toy.get(heard(toy, "1"), heard(toy, "2"))
    assert (await toy.tick_of(A), await known_ids(toy)) == (2, {"1", "2"})


async def test_the_same_id_of_another_source_is_another_event(toy: Inside) -> None:
    await toy.get(heard(toy, "1"), heard(toy, "1", source="/elsewhere"))
    assert await toy.tick_of(A) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"value": None},
        {"value": b""},
        {"value": b"{"},
        {"value": bytes(range(256))},
        {"value": b"[" * 20_000 + b"]" * 20_000},
        {"value": b'{"counter_id":"nobody"}'},
        {"key": None},
        {"key": b"another"},
        {"key": b"\xff"},
    ],
    ids=lambda changed: repr(changed)[:40],
)
async def test_the_id_of_a_parked_record_is_free(toy: Inside, changed: dict[str, bytes | None]) -> None:
    letter = heard(toy, "1")
    bad = Letter(letter.topic, changed.get("key", letter.key), changed.get("value", letter.value), letter.headers)
    await toy.get(heard(toy), bad, heard(toy))
    (row,) = await toy.parked()
    assert (row["reason"], row["event_id"], row["value"], row["raw_key"]) == ("unreadable", "1", bad.value, bad.key)
    assert "1" not in await known_ids(toy)
    await toy.get(heard(toy, "1"))
    assert await toy.tick_of(A) == 3


@pytest.mark.parametrize("name", ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"])
async def test_an_attribute_is_missing(toy: Inside, name: str) -> None:
    await toy.get(heard(toy).without(name), heard(toy))
    ((row,), tick) = await toy.parked(), await toy.tick_of(A)
    assert (row["reason"], tick) == ("unreadable", 1)


async def test_a_record_of_an_unknown_type_is_counted_once_whatever_it_holds(toy: Inside) -> None:
    before = metrics.UNKNOWN.labels("toy")._value.get()
    unknown = heard(toy, "1").saying(ce_type=b"foreign.sneezed.v1")
    await toy.get(unknown, unknown._replace(value=None), unknown._replace(key=None, value=b"\xff"))
    assert (await toy.parked(), await toy.ticks(), await known_ids(toy)) == ([], {}, {"1"})
    assert metrics.UNKNOWN.labels("toy")._value.get() > before


async def test_another_version_of_a_known_type_is_parked(toy: Inside) -> None:
    await toy.get(heard(toy, "1").saying(ce_type=b"foreign.heard.v2"))
    (row,) = await toy.parked()
    assert (row["reason"], await known_ids(toy)) == ("unreadable", set())


async def test_an_event_in_one_piece_is_read_as_well(toy: Inside) -> None:
    whole = {
        "specversion": "1.0",
        "id": "1",
        "source": "/afar",
        "type": "foreign.heard.v1",
        "time": "2024-11-01T12:00:00Z",
        "data": {"counter_id": A},
    }
    mode: list[tuple[str, bytes | None]] = [("content-type", b"application/cloudevents+json; charset=utf-8")]
    await toy.get(Letter("toy-foreign", A.encode(), orjson.dumps(whole), mode), heard(toy, "1"))
    assert (await toy.tick_of(A), await toy.parked()) == (1, [])


async def test_a_foreign_record_that_claims_a_place_has_none(toy: Inside) -> None:
    await toy.get(heard(toy).saying(ce_sequence=b"7"))
    assert (await toy.tick_of(A), await toy.marks()) == (1, {})


async def test_a_discarded_foreign_record_can_come_again(toy: Inside) -> None:
    raws = await toy.get(heard(toy, "1")._replace(value=b"{"))
    (row,) = await toy.parked()
    await toy.discard(row["parked_id"])
    await toy.get_again(raws)
    assert len(await toy.parked()) == 1


def of_another_claim(toy: Inside, event_id: str = "1") -> Letter:
    return toy.desk.write_foreign(Heard(counter_id=B), event_id=event_id)


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two batches"])
async def test_an_id_that_was_used_for_another_claim_is_parked_unreadable(toy: Inside, *, together: bool) -> None:
    letters = [heard(toy, "1"), of_another_claim(toy), heard(toy, "1"), of_another_claim(toy, "2")]
    for batch in [letters] if together else [[letter] for letter in letters]:
        await toy.get(*batch)
    (row,) = await toy.parked()
    assert (row["reason"], row["raw_key"]) == ("unreadable", B.encode())
    assert "this id was used for another claim" in row["detail"]
    assert await toy.ticks() == {A: 1, B: 1}
    (told,) = await toy.words("rehab.toy.event-parked.v1")
    assert "this id was used for another claim" in told.payload


async def test_a_record_that_reuses_an_id_stays_parked_when_it_is_tried_again(toy: Inside) -> None:
    await toy.get(heard(toy, "1"))
    raws = await toy.get(of_another_claim(toy))
    await toy.get_again(raws)
    (row,) = await toy.parked()
    await toy.replay(row["parked_id"])
    (again,) = await toy.parked()
    assert (again["reason"], again["attempts"]) == ("unreadable", 2)
    await toy.discard(row["parked_id"])
    assert (await toy.ticks(), await toy.parked()) == ({A: 1}, [])


async def test_an_id_that_was_heard_before_keys_were_kept_fits_any_key(toy: Inside) -> None:
    await toy.pool.execute("INSERT INTO heard (topic, source, event_id) VALUES ('toy-foreign', '/afar', '1')")
    await toy.get(heard(toy, "1"), of_another_claim(toy))
    assert (await toy.ticks(), await toy.parked()) == ({}, [])


async def test_an_unknown_type_is_counted_under_any_key_and_its_id_belongs_to_the_first(toy: Inside) -> None:
    unknown = heard(toy, "1").saying(ce_type=b"foreign.sneezed.v1")
    await toy.get(unknown, unknown._replace(key=B.encode()), unknown._replace(key=b"\xff"))
    assert (await toy.parked(), await known_ids(toy)) == ([], {"1"})
    await toy.get(of_another_claim(toy))
    (row,) = await toy.parked()
    assert "this id was used for another claim" in row["detail"]


async def test_of_two_members_that_hear_one_id_under_two_keys_one_parks_it(toy: Inside) -> None:
    """Another member's row that appears after the marks were read is a miss; the batch is decided again."""
    await toy.get(heard(toy, "2"))
    async with toy.pool.acquire() as conn, conn.transaction():
        await conn.execute(
            "INSERT INTO heard (topic, source, event_id, key) VALUES ('toy-foreign', '/afar', '1', $1)", A
        )
        other = asyncio.create_task(toy.get(of_another_claim(toy)))
        await until(lambda: waits_for_a_row(toy))
    await other
    (row,) = await toy.parked()
    assert (row["reason"], await toy.ticks()) == ("unreadable", {A: 1})


async def waits_for_a_row(toy: Inside) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(await toy.pool.fetchval(waiting))
