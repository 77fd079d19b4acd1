"""Who asks gets exactly one answer, with the action's id as its cause."""

from tests.toy.events import Asked, Looked, Ticked
from tests.toy.inside import Inside, Word

A = "counter-a"


async def answers(toy: Inside, event_id: str) -> list[str]:
    """Types of what was said because of the action."""
    return [w.type for w in await toy.words() if w.cause == event_id]


def refused(words: list[Word]) -> list[Word]:
    return [w for w in words if w.type == "rehab.toy.action-refused.v1"]


async def test_an_action_with_an_effect_is_answered_by_the_effect(toy: Inside) -> None:
    letter = toy.desk.write(Asked(counter_id=A, by=2))
    await toy.get(letter)
    assert await answers(toy, letter.event_id) == ["rehab.toy.counted.v1"]


async def test_an_action_that_changes_nothing_is_answered_too(toy: Inside) -> None:
    letter = toy.desk.write(Asked(counter_id=A, by=0))
    await toy.get(letter)
    assert await answers(toy, letter.event_id) == ["rehab.toy.action-applied.v1"]


async def test_an_action_that_is_not_taken_is_refused_with_what_would_mend_it(toy: Inside) -> None:
    letter = toy.desk.write(Asked(counter_id=A, by=4))
    await toy.get(letter)
    assert await answers(toy, letter.event_id) == ["rehab.toy.action-refused.v1"]
    (word,) = refused(await toy.words())
    assert word.key == A
    assert all(part in word.payload for part in ("TOO-MANY", "ask for three", letter.event_id))
    assert await toy.ticks() == {}


async def test_an_action_delivered_again_is_not_answered_again(toy: Inside) -> None:
    letters = [toy.desk.write(Asked(counter_id=A, by=by)) for by in (2, 0, 4)]
    raws = await toy.get(*letters)
    await toy.get_again(raws)
    assert [len(await answers(toy, letter.event_id)) for letter in letters] == [1, 1, 1]


async def test_each_of_two_actions_that_say_the_same_is_answered(toy: Inside) -> None:
    letters = [toy.desk.write(Asked(counter_id=A, by=4)) for _ in range(2)]
    await toy.get(*letters)
    assert [len(await answers(toy, letter.event_id)) for letter in letters] == [1, 1]


async def test_a_parked_action_is_answered_when_it_is_applied(toy: Inside) -> None:
    first, second = (toy.desk.write(Asked(counter_id=A, by=by)) for by in (1, 4))
    await toy.get(second)
    assert await answers(toy, second.event_id) == []
    await toy.get(first)
    assert await answers(toy, second.event_id) == ["rehab.toy.action-refused.v1"]


async def test_an_action_that_is_given_up_is_refused_so_that_nobody_waits_for_ever(toy: Inside) -> None:
    letter = toy.desk.write(Asked(counter_id=A, by=2))
    await toy.get(letter._replace(value=b"{"))
    (row,) = await toy.parked()
    await toy.discard(row["parked_id"])
    (word,) = refused(await toy.words())
    assert (word.key, word.cause, "GIVEN-UP" in word.payload) == (A, letter.event_id, True)


async def test_what_is_given_up_and_asked_for_nothing_is_not_answered(toy: Inside) -> None:
    letter = toy.desk.write(Ticked(counter_id=A, mood="raises"))
    await toy.get(letter)
    (row,) = await toy.parked()
    await toy.discard(row["parked_id"])
    assert refused(await toy.words()) == []


async def test_what_is_no_action_is_not_answered(toy: Inside) -> None:
    letter = toy.desk.write(Looked(counter_id=A))
    await toy.get(letter)
    assert await answers(toy, letter.event_id) == []


async def test_a_parked_record_is_told_of_once_however_often_it_fails(toy: Inside) -> None:
    raws = await toy.hear(Ticked(counter_id=A, mood="raises"))
    for _ in range(3):
        await toy.get_again(raws)
        await toy.be_patient()
        await toy.sweep()
    told = await toy.words("rehab.toy.event-parked.v1")
    assert [w.sequence for w in told] == [1]


async def test_what_only_waits_for_its_turn_is_not_told(toy: Inside) -> None:
    toy.desk.write(Ticked(counter_id=A))
    await toy.hear(Ticked(counter_id=A))
    assert (await toy.reasons(), await toy.words()) == ({2: "early"}, [])


async def test_what_waited_and_then_raised_is_told(toy: Inside) -> None:
    first = toy.desk.write(Ticked(counter_id=A))
    await toy.hear(Ticked(counter_id=A, mood="raises"))
    await toy.get(first)
    assert await toy.reasons() == {2: "raised"}
    assert len(await toy.words("rehab.toy.event-parked.v1")) == 1
