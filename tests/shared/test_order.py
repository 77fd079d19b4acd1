"""One rule: the next of a key is applied, what is behind is known, what is ahead waits, another history stops."""

from typing import Any, cast

import pytest

from shared.config import metrics
from tests.toy.events import Labelled, Looked, Nudged, Ticked
from tests.toy.inside import Inside
from tests.toy.letters import Letter, laid

A, B = "counter-a", "counter-b"


def ticked(toy: Inside, times: int, key: str = A) -> list[Letter]:
    return [toy.desk.write(Ticked(counter_id=key)) for _ in range(times)]


async def test_what_is_delivered_again_counts_once(toy: Inside) -> None:
    raws = await toy.get(*ticked(toy, 3))
    await toy.get_again(raws)
    await toy.get_again(raws[:2])
    assert await toy.tick_of(A) == 3
    assert [w.sequence for w in await toy.words()] == [1, 2, 3]
    assert await toy.parked() == []


async def test_the_same_record_twice_in_one_batch_counts_once(toy: Inside) -> None:
    (one,) = ticked(toy, 1)
    await toy.get(one, one)
    assert await toy.tick_of(A) == 1


async def test_what_is_ahead_waits_until_the_gap_closes(toy: Inside) -> None:
    first, second, third, fourth = ticked(toy, 4)
    await toy.get(first, third, fourth)
    assert (await toy.tick_of(A), await toy.reasons()) == (1, {3: "early", 4: "early"})
    await toy.get(second)
    assert (await toy.tick_of(A), await toy.parked()) == (4, [])
    assert [w.sequence for w in await toy.words()] == [1, 2, 3, 4]


async def test_a_gap_holds_up_its_own_key_alone(toy: Inside) -> None:
    _, ahead = ticked(toy, 2)
    await toy.get(ahead, *ticked(toy, 2, B))
    assert await toy.ticks() == {B: 2}


async def test_a_gap_that_nobody_fills_stays_a_gap(toy: Inside) -> None:
    first, _, third, _, fifth = ticked(toy, 5)
    await toy.get(first, third, fifth)
    await toy.sweep()
    await toy.sweep()
    assert (await toy.tick_of(A), await toy.reasons()) == (1, {3: "early", 5: "early"})


async def test_an_effect_waits_for_its_cause_on_another_topic(toy: Inside) -> None:
    cause = toy.desk.write(Nudged(counter_id=A))
    effect = toy.desk.write(Ticked(counter_id=A), after=f"toy-side:{cause.sequence}")
    await toy.get(effect)
    assert (await toy.tick_of(A), await toy.reasons()) == (0, {1: "early"})
    await toy.get(cause)
    assert (await toy.tick_of(A), await toy.parked()) == (2, [])
    assert ['"nudged"' in w.payload for w in await toy.words()] == [True, False]


async def test_cause_and_effect_in_one_batch_need_not_wait(toy: Inside) -> None:
    cause = toy.desk.write(Nudged(counter_id=A))
    await toy.get(cause, toy.desk.write(Ticked(counter_id=A), after="toy-side:1"))
    assert (await toy.tick_of(A), await toy.parked()) == (2, [])


async def test_an_effect_that_stands_before_its_cause_in_a_batch_is_not_put_aside_for_it(toy: Inside) -> None:
    cause = toy.desk.write(Nudged(counter_id=A))
    effect = toy.desk.write(Ticked(counter_id=A), after="toy-side:1")
    await toy.running.take(cast("Any", laid([effect, *ticked(toy, 2), cause])))
    assert (await toy.tick_of(A), await toy.parked()) == (4, [])


async def test_a_cause_on_a_topic_that_is_not_listened_to_is_not_waited_for(toy: Inside) -> None:
    await toy.get(toy.desk.write(Ticked(counter_id=A), after="rehab-elsewhere:7,toy-side:0"))
    assert await toy.tick_of(A) == 1


async def test_a_cause_under_another_key_is_not_the_cause(toy: Inside) -> None:
    effect = toy.desk.write(Ticked(counter_id=A), after="toy-side:1")
    await toy.get(effect, toy.desk.write(Nudged(counter_id=B)))
    assert await toy.ticks() == {B: 1}


async def test_what_stands_behind_a_waiting_effect_waits_too(toy: Inside) -> None:
    effect = toy.desk.write(Ticked(counter_id=A), after="toy-side:2")
    await toy.get(effect, *ticked(toy, 2))
    assert await toy.reasons() == {1: "early", 2: "early", 3: "early"}
    await toy.hear(Nudged(counter_id=A), Nudged(counter_id=A))
    assert (await toy.tick_of(A), await toy.parked()) == (5, [])


async def test_a_copy_delivered_again_may_overtake_its_parked_twin(toy: Inside) -> None:
    first, second = ticked(toy, 2)
    (twin,) = await toy.get(second)
    toy.running.may_be_parked = False  # as another process would see it: it does not know of the twin
    await toy.get(first)
    await toy.get_again([twin])
    assert await toy.tick_of(A) == 2
    await toy.sweep()
    assert (await toy.tick_of(A), await toy.parked()) == (2, [])


async def test_a_word_says_what_its_speaker_had_applied_of_the_key(toy: Inside) -> None:
    await toy.hear(Ticked(counter_id=A), Ticked(counter_id=A), Nudged(counter_id=A))
    after = dict(pair.split(":") for pair in (await toy.words())[-1].after.split(","))
    assert after == {"toy-in": "2", "toy-side": "1"}


async def test_another_event_at_a_known_place_stops_the_key(toy: Inside) -> None:
    first, second, third = ticked(toy, 3)
    await toy.get(first, second)
    (restored,) = ticked(toy, 1)
    await toy.get(restored.saying(ce_sequence=b"2"))
    assert (await toy.tick_of(A), await toy.reasons()) == (2, {2: "forked"})
    await toy.get(third, *ticked(toy, 1, B))
    await toy.sweep()
    assert (await toy.ticks(), (await toy.reasons())[3]) == ({A: 2, B: 1}, "forked")


async def test_a_newer_event_at_an_older_place_stops_the_key(toy: Inside) -> None:
    await toy.get(*ticked(toy, 3))
    (restored,) = ticked(toy, 1)
    await toy.get(restored.saying(ce_sequence=b"1"))
    assert await toy.reasons() == {1: "forked"}
    assert await toy.pool.fetchval("SELECT stopped FROM marks")


async def test_a_stopped_key_raises_the_alarm(toy: Inside) -> None:
    await toy.get(*ticked(toy, 1))
    (restored,) = ticked(toy, 1)
    await toy.get(restored.saying(ce_sequence=b"1"))
    await toy.sweep()
    assert metrics.STOPPED.labels("toy")._value.get() == 1


@pytest.mark.parametrize("times", [1, 7, 40])
async def test_a_key_delivered_backwards_ends_as_delivered_forwards(toy: Inside, times: int) -> None:
    for letter in reversed(ticked(toy, times)):
        await toy.get(letter)
    assert (await toy.tick_of(A), await toy.parked()) == (times, [])


async def test_a_run_that_waited_is_applied_in_one_batch(toy: Inside) -> None:
    first, *others = ticked(toy, 300)
    await toy.get(*others)
    await toy.get(first)
    assert (await toy.tick_of(A), await toy.parked()) == (300, [])
    assert await toy.pool.fetchval("SELECT count(DISTINCT xmin::text) FROM outbox") == 2


async def test_a_run_longer_than_a_batch_is_applied_from_its_head(toy: Inside) -> None:
    first, *others = ticked(toy, 1_201)
    for begin in range(0, 1_200, 400):
        await toy.get(*others[begin : begin + 400])
    await toy.get(first)
    assert (await toy.tick_of(A), await toy.parked()) == (1_201, [])


async def test_what_waited_for_one_another_on_two_topics_is_applied_in_one_batch(toy: Inside) -> None:
    first = toy.desk.write(Ticked(counter_id=A))
    chain = []
    for n in range(1, 6):
        chain.append(toy.desk.write(Nudged(counter_id=A), after=f"toy-in:{n}"))
        chain.append(toy.desk.write(Ticked(counter_id=A), after=f"toy-side:{n}"))
    for letter in reversed(chain):
        await toy.get(letter)
    assert len(await toy.parked()) == 10
    await toy.get(first)
    assert (await toy.parked(), (await toy.marks())["toy-side", A]) == ([], 5)
    assert await toy.pool.fetchval("SELECT count(DISTINCT xmin::text) FROM outbox") == 2


async def test_behind_a_chain_that_moves_a_longer_wait_goes_on(toy: Inside) -> None:
    first = toy.desk.write(Ticked(counter_id=A))
    near = toy.desk.write(Nudged(counter_id=A), after="toy-in:1")
    far = toy.desk.write(Ticked(counter_id=A), after="toy-side:2")
    await toy.get(near, far)
    await toy.get(first)
    assert ((await toy.marks())["toy-side", A], await toy.reasons()) == (1, {2: "early"})
    assert (await toy.parked())[0]["attempts"] == 1


async def test_a_type_that_nobody_contracted_takes_its_place(toy: Inside) -> None:
    (unknown,) = ticked(toy, 1)
    await toy.get(unknown.saying(ce_type=b"rehab.toyin.sneezed.v1"), *ticked(toy, 1))
    assert (await toy.tick_of(A), (await toy.marks())["toy-in", A]) == (1, 2)


async def test_what_changes_nothing_takes_its_place_and_is_not_told(toy: Inside) -> None:
    await toy.hear(Looked(counter_id=A), Ticked(counter_id=A))
    assert (await toy.tick_of(A), len(await toy.words()), (await toy.marks())["toy-in", A]) == (1, 1, 2)


async def test_of_copies_the_newest_stays(toy: Inside) -> None:
    await toy.hear(*(Labelled(counter_id=A, label=text) for text in ("one", "two", "three")))
    assert await toy.pool.fetchval("SELECT label FROM labels") == "three"
