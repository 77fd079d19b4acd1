"""A record that cannot even be parked is parked with its texts made safe, else noted with its digest; others go on."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from unicodedata import category

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.app import service as referral
from shared.config import clock, metrics
from shared.domain.decision import EventContext
from shared.events.claims import ClaimAccepted
from shared.messaging import encryption, outbox, parked, timers
from shared.messaging.envelope import Raw, headers_of
from shared.runtime import operator_commands
from tests.toy import poison
from tests.toy.app import service
from tests.toy.events import Asked, Heard, Labelled, Ticked
from tests.toy.inside import Inside, inside
from tests.toy.letters import Desk, Letter
from tests.toy.outside import until

KEY = "0190c0de-0000-7000-8000-000000000001"
PAST = datetime(2024, 11, 1, tzinfo=UTC)
LONG = "".join(Random(7).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=3000))
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse();
"""
MEND = "DROP FUNCTION refuse() CASCADE"
PLACED = "NEW.key IS NOT NULL AND NEW.reason <> 'early'"


async def refuse(toy: Inside, table: str, when: str, code: str = "22021") -> None:
    """The database refuses such rows from now on."""
    await toy.as_owner(REFUSE.format(table=table, when=when, code=code))


def bytes_of(row: dict[str, Any]) -> Raw:
    """A parked record as it is given back."""
    headers = row["raw_headers"].decode() if row["raw_headers"] else row["headers"]
    return Raw(row["topic"], row["partition"], row["offset"], row["raw_key"], row["value"], headers_of(headers))


def as_it_came(raw: Raw) -> Raw:
    return raw._replace(headers=list(raw.headers))


def broken(toy: Inside) -> Letter:
    return poison.good(toy.desk, KEY).saying(note=b"\xff\x00")._replace(value=b"{\x00broken")


async def noted(toy: Inside) -> list[tuple[str, int, int, bytes, int]]:
    rows = await toy.pool.fetch('SELECT topic, partition, "offset", sha256, length FROM unparkable ORDER BY "offset"')
    return [tuple(row) for row in rows]


async def test_a_record_that_cannot_be_parked_at_its_place_is_parked_without_one(toy: Inside) -> None:
    await refuse(toy, "parked", PLACED)
    _, raw, _, follower = await toy.get(
        poison.good(toy.desk), broken(toy), poison.good(toy.desk), poison.good(toy.desk, KEY)
    )
    aside, early = sorted(await toy.parked(), key=lambda row: row["offset"])
    assert (aside["reason"], aside["key"], aside["sequence"]) == ("unreadable", None, 0)
    assert bytes_of(aside) == as_it_came(raw)
    assert (early["reason"], early["key"], early["offset"]) == ("early", KEY, follower.offset)
    assert await toy.ticks() == {"c": 2}


async def test_what_is_announced_of_it_depends_on_nothing_that_it_holds(toy: Inside) -> None:
    await refuse(toy, "parked", PLACED)
    (raw,) = await toy.get(broken(toy).saying(ce_correlationid=b"Narpelmi", ce_id=b"Narpelmi"))
    (word,) = await toy.words("rehab.toy.event-parked.v1")
    where = str(parked.parked_id_of(raw))
    assert (word.key, word.cause) == (where, where)
    assert await toy.pool.fetchval("SELECT correlation FROM outbox WHERE key = $1", where) == where
    assert "Narpelmi" not in word.payload


async def test_it_can_be_given_up_at_the_place_that_it_has_on_its_topic(toy: Inside) -> None:
    await refuse(toy, "parked", PLACED)
    await toy.get(broken(toy), poison.good(toy.desk, KEY))
    head = next(row for row in await toy.parked() if row["sequence"] == 0)
    await toy.discard(head["parked_id"])
    assert (await toy.tick_of(KEY), await toy.parked()) == (1, [])


async def test_it_is_applied_at_its_place_once_what_broke_is_mended(toy: Inside) -> None:
    await refuse(toy, "parked", PLACED)
    await refuse_ticks(toy)
    await toy.hear(Ticked(counter_id=KEY), Ticked(counter_id=KEY))
    assert sorted((row["key"], row["reason"]) for row in await toy.parked() if row["key"]) == [(KEY, "early")]
    await toy.as_owner("DROP TRIGGER refuse_ticks ON counters")
    await toy.be_patient()
    await toy.sweep()
    assert (await toy.tick_of(KEY), await toy.parked()) == (2, [])


async def refuse_ticks(toy: Inside) -> None:
    """The counter of the key cannot be saved."""
    await toy.as_owner(
        "CREATE TRIGGER refuse_ticks BEFORE INSERT ON counters FOR EACH ROW"
        f" WHEN (NEW.counter_id = '{KEY}') EXECUTE FUNCTION refuse()"
    )


async def test_of_a_record_that_cannot_be_parked_at_all_place_and_digest_are_kept(toy: Inside) -> None:
    await refuse(toy, "parked", "NEW.reason <> 'early'")
    _, raw, _ = await toy.get(poison.good(toy.desk), broken(toy), poison.good(toy.desk))
    whole = (raw.key or b"") + (raw.value or b"") + raw.headers_text().encode()
    assert await noted(toy) == [
        (raw.topic, raw.partition, raw.offset, sha256(whole).digest(), len(whole)),
    ]
    assert (await toy.parked(), await toy.ticks()) == ([], {"c": 2})
    assert await toy.words("rehab.toy.event-parked.v1") == []


async def test_what_is_unparkable_is_an_alarm_until_somebody_has_dealt_with_it(
    toy: Inside, capsys: pytest.CaptureFixture[str]
) -> None:
    await refuse(toy, "parked", "true")
    raws = await toy.get(broken(toy))
    await toy.get_again(raws)
    await toy.sweep()
    assert metrics.UNPARKABLE.labels("toy")._value.get() == 1
    verb = operator_commands.verbs(service)["parked"]
    capsys.readouterr()
    await verb(toy.running.context, ["unparkable"])
    assert capsys.readouterr().out.count(raws[0].topic) == 1
    place = [raws[0].topic, str(raws[0].partition), str(raws[0].offset)]
    await verb(toy.running.context, ["dismiss", *place, "SENT-AGAIN"])
    with pytest.raises(SystemExit, match="nothing unparkable"):
        await verb(toy.running.context, ["dismiss", *place, "SENT-AGAIN"])
    await toy.sweep()
    assert metrics.UNPARKABLE.labels("toy")._value.get() == 0
    (word,) = await toy.words("rehab.toy.event-discarded.v1")
    assert word.key == str(parked.parked_id_of(raws[0]))


@pytest.mark.parametrize("table", ["parked", "outbox"])
async def test_what_passes_by_itself_is_tried_again_and_parked_as_it_is(toy: Inside, table: str) -> None:
    await toy.as_owner("ALTER TABLE labels ADD CONSTRAINT no_odd_label CHECK (label <> 'odd')")
    await refuse(toy, table, "true", code="53100")
    before = metrics.RETRIED.labels("toy")._value.get()
    hearing = asyncio.create_task(toy.hear(Labelled(counter_id=KEY, label="odd")))  # breaks alone, on data

    async def tried_again() -> bool:
        return bool(metrics.RETRIED.labels("toy")._value.get() >= before + 3)

    await until(tried_again)
    assert (await toy.parked(), await noted(toy)) == ([], [])
    await toy.as_owner(MEND)
    await hearing
    (row,) = await toy.parked()
    assert (row["key"], row["sequence"], row["raw_headers"]) == (KEY, 1, None)


async def test_what_can_be_parked_and_not_be_announced_is_announced_under_its_place(toy: Inside) -> None:
    await refuse(toy, "outbox", "NEW.correlation = 'odd'")
    (raw,) = await toy.get(broken(toy).saying(ce_correlationid=b"odd"))
    (row,), (word,) = await toy.parked(), await toy.words("rehab.toy.event-parked.v1")
    assert bytes_of(row) == as_it_came(raw)
    assert word.cause == str(row["parked_id"])


async def test_a_key_that_no_index_takes_is_parked_as_it_came(toy: Inside) -> None:
    letters = [poison.good(toy.desk, LONG), toy.desk.write_foreign(Heard(counter_id=LONG))]
    raws = await toy.get(poison.good(toy.desk), *letters, poison.good(toy.desk))
    rows = sorted(await toy.parked(), key=lambda row: row["offset"])
    assert [bytes_of(row) for row in rows] == [as_it_came(raw) for raw in raws[1:3]]
    assert await toy.ticks() == {"c": 2}
    assert {w.key for w in await toy.words("rehab.toy.event-parked.v1")} == {str(row["parked_id"]) for row in rows}


async def test_a_timer_that_cannot_be_parked_is_noted_and_fires_no_more(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=KEY, wake_at=PAST), Ticked(counter_id="c", wake_at=PAST))
    await toy.pool.execute("""UPDATE timers SET payload = '{"counter_id":"x","by":0}' WHERE of = $1""", KEY)
    await refuse(toy, "parked", "true")
    await fire(toy)
    assert (await toy.ticks(), await toy.pool.fetchval("SELECT count(*) FROM timers")) == ({KEY: 1, "c": 2}, 0)
    assert [row[0] for row in await noted(toy)] == ["internal"]


async def fire(toy: Inside) -> None:
    """What is due now."""
    now = clock.now()
    async with toy.pool.acquire() as conn:
        records = await timers.due(conn, now, toy.running.reader.types, now)
    async with asyncio.timeout(20):
        await toy.running.persist(records)


@pytest.mark.parametrize("payload", ["{}", "[]", "", "null"])
async def test_a_timer_that_cannot_be_read_is_parked_and_others_fire(toy: Inside, payload: str) -> None:
    await toy.hear(Ticked(counter_id=KEY, wake_at=PAST), Ticked(counter_id="c", wake_at=PAST))
    await toy.pool.execute("UPDATE timers SET payload = $2 WHERE of = $1", KEY, payload)
    await fire(toy)
    (row,) = await toy.parked()
    assert (row["topic"], row["reason"], row["value"]) == ("internal", "unreadable", payload.encode())
    assert (await toy.ticks(), await toy.pool.fetchval("SELECT count(*) FROM timers")) == ({KEY: 1, "c": 2}, 0)


async def test_a_timer_that_was_moved_after_it_was_read_holds_nobody_up(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=KEY, wake_at=PAST), Ticked(counter_id="c", wake_at=PAST))
    now = clock.now()
    async with toy.pool.acquire() as conn:
        records = await timers.due(conn, now, toy.running.reader.types, now)
    await toy.hear(Ticked(counter_id=KEY, wake_at=now + timedelta(hours=1)))
    async with asyncio.timeout(20):
        await toy.running.persist(records)
    assert await toy.ticks() == {KEY: 2, "c": 2}
    assert await toy.pool.fetchval("SELECT count(*) FROM timers") == 1


async def test_a_parked_record_that_makes_its_reader_stumble_holds_nobody_up(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=KEY, mood="raises"))
    await toy.pool.execute("UPDATE parked SET topic = 'internal', sequence = 0, headers = '[]'")
    await toy.hear(Ticked(counter_id="c", mood="raises"))
    await toy.be_patient()
    await toy.sweep()
    assert {row["topic"]: row["attempts"] for row in await toy.parked()} == {"internal": 2, "toy-in": 2}


async def test_bytes_whose_key_was_destroyed_hold_nobody_up(database: str) -> None:
    async with inside(database, referral) as found:
        bad = found.desk.write_foreign(Heard(counter_id="1"))
        bad = bad._replace(topic="claims").saying(ce_type=ClaimAccepted.type_name.encode())
        await found.get(bad)
        (row,) = await found.parked()
        assert row["value"] != bad.value
        async with found.pool.acquire() as conn:
            assert await encryption.destroy(conn, f"day/{row['parked_at']:%Y-%m-%d}", at=clock.now())
        (raw,) = await found.get(bad)
        assert [place[:3] for place in await noted(found)] == [("claims", raw.partition, raw.offset)]
        await found.pool.execute("UPDATE parked SET reason = 'raised', retry_at = $1", clock.now())
        await found.sweep()
        assert [(r["reason"], r["attempts"]) for r in await found.parked()] == [("unreadable", 2)]


def whole(**attributes: str) -> Letter:
    """A foreign event in one piece."""
    body = {"specversion": "1.0", "id": "1", "source": "/afar", "type": Heard.type_name, "time": "2024-11-01T12:00:00Z"}
    value = orjson.dumps(body | {"data": {"counter_id": KEY}} | attributes)
    return Letter("toy-foreign", KEY.encode(), value, [("content-type", b"application/cloudevents+json")])


def afar(key: str = KEY) -> Letter:
    return Desk().write_foreign(Heard(counter_id=key))


POISON = {
    "a null character in the correlation": afar().saying(ce_correlationid=b"ab\0c"),
    "a null character in the correlation and no JSON": afar().saying(ce_correlationid=b"ab\0c")._replace(value=b"{"),
    "a null character in the trace": afar().saying(ce_traceparent=b"00-ab\0c"),
    "a null character in the id": afar().saying(ce_id=b"a\0b"),
    "a null character in the source": afar().saying(ce_source=b"a\0b"),
    "a null character in the correlation of one piece": whole(correlationid="a\0b"),
    "a key of 3,000 letters": afar(LONG),
    "an id of 3,000 letters": afar().saying(ce_id=LONG.encode()),
    "a source of 3,000 letters": afar().saying(ce_source=LONG.encode()),
    "an id of 626 kB and no JSON": afar().saying(ce_id=LONG.encode() * 208)._replace(value=b"{broken"),
    "a correlation of 626 kB": afar().saying(ce_correlationid=LONG.encode() * 208),
}


@pytest.mark.parametrize("letter", POISON.values(), ids=POISON)
async def test_what_once_stopped_a_service_is_parked_as_it_came_and_told_of(toy: Inside, letter: Letter) -> None:
    _, raw, _ = await toy.get(poison.good(toy.desk), letter, poison.good(toy.desk))
    (row,), (word,) = await toy.parked(), await toy.words("rehab.toy.event-parked.v1")
    assert bytes_of(row) == as_it_came(raw)
    assert word.key == str(row["parked_id"])
    assert await toy.ticks() == {"c": 2}


@given(st.text(st.characters(), max_size=600) | st.text(st.characters(categories=["Cs", "Cc", "Lo"]), max_size=600))
def test_a_safe_text_is_short_and_printable_and_tells_the_digest_of_what_was_left_out(text: str) -> None:
    safe = parked.safe_text(text)
    assert safe.isprintable()
    assert len(safe.encode()) <= 200 + len(" (sha256 )") + 64
    if safe != text:
        assert sha256(text.encode("utf-8", "surrogatepass")).hexdigest() in safe
    else:
        assert len(text.encode()) <= 200


async def test_two_records_at_one_place_are_both_kept_and_the_first_keeps_the_place(toy: Inside) -> None:
    first = poison.good(toy.desk, KEY)._replace(value=b"{first")
    raws = await toy.get(first, first._replace(value=b"{second"), first)
    rows = sorted(await toy.parked(), key=lambda row: row["offset"])
    assert [(bytes_of(row), row["key"], row["sequence"]) for row in rows] == [
        (as_it_came(raws[0]), KEY, 1),
        (as_it_came(raws[1]), None, 0),
    ]
    assert {w.key for w in await toy.words("rehab.toy.event-parked.v1")} == {str(row["parked_id"]) for row in rows}
    await toy.get_again(raws)
    assert len(await toy.parked()) == len(rows)


async def test_of_two_histories_that_wait_the_other_one_is_kept_and_told_of(toy: Inside) -> None:
    head, waits = poison.good(toy.desk, KEY), poison.good(toy.desk, KEY)
    await toy.get(waits, poison.good(Desk(), KEY).saying(ce_sequence=b"2"))
    assert sorted((row["reason"], row["sequence"]) for row in await toy.parked()) == [("early", 2), ("forked", 0)]
    await toy.get(head)
    assert await toy.tick_of(KEY) == 2
    (other,) = await toy.parked()
    await toy.discard(other["parked_id"])
    assert (await toy.parked(), (await toy.marks())["toy-in", KEY]) == ([], 2)


async def test_giving_up_the_other_record_at_a_place_does_not_step_over_the_first(toy: Inside) -> None:
    first = poison.good(toy.desk, KEY)._replace(value=b"{first")
    await toy.get(first, first._replace(value=b"{second"), poison.good(toy.desk, KEY))
    loose = next(row for row in await toy.parked() if row["sequence"] == 0)
    await toy.discard(loose["parked_id"])
    assert [row["sequence"] for row in await toy.parked()] == [1, 2]
    assert await toy.marks() == {}


@pytest.mark.parametrize(
    "text",
    [b"ab\0c", b"a\tb", "a\x80b".encode(), b"x" * 201, b"x" * 100_000],
    ids=["NUL", "C0", "C1", "201 bytes", "100 kB"],
)
@pytest.mark.parametrize("name", ["ce_correlationid", "traceparent", "ce_causationid"])
async def test_a_correlation_that_cannot_be_announced_costs_a_record_not_its_place(
    toy: Inside, name: str, text: bytes
) -> None:
    _, raw, _ = await toy.get(poison.good(toy.desk), broken(toy).saying(**{name: text}), poison.good(toy.desk))
    (row,) = await toy.parked()
    assert (row["key"], row["sequence"], row["reason"]) == (KEY, 1, "unreadable")
    assert bytes_of(row) == as_it_came(raw)
    (word,) = await toy.words("rehab.toy.event-parked.v1")
    assert word.key == str(row["parked_id"])
    assert await toy.ticks() == {"c": 2}


@pytest.mark.parametrize("verb", ["replay", "discard"])
async def test_an_operator_can_act_on_a_record_whose_correlation_cannot_be_announced(toy: Inside, verb: str) -> None:
    await toy.get(toy.desk.write(Asked(counter_id=KEY, by=1)).saying(ce_correlationid=b"x" * 5000)._replace(value=b"{"))
    (row,) = await toy.parked()
    await (toy.replay if verb == "replay" else toy.discard)(row["parked_id"])
    assert len(await toy.words(f"rehab.toy.event-{'replayed' if verb == 'replay' else 'discarded'}.v1")) == 1
    assert len(await toy.words("rehab.toy.action-refused.v1")) == (verb == "discard")


@given(st.text(st.characters(), max_size=300))
def test_an_occasion_is_made_sendable_exactly_where_the_outbox_would_refuse_it(text: str) -> None:
    event_context = outbox.sendable(EventContext(text, text, "k", PAST, PAST, trace=text), "instead")
    sound = len(text.encode("utf-8", "surrogatepass")) <= 200 and not any(
        category(letter) in {"Cc", "Cs"} for letter in text
    )
    assert (event_context.event_id == text, event_context.correlation == text) == (sound, sound)
