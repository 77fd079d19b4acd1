"""What an operator may do with parked records, and what the journal says afterwards."""

from uuid import UUID

import orjson
import pytest

from shared.runtime import operator_commands
from tests.toy.app import service
from tests.toy.events import Heard, Ticked
from tests.toy.inside import Inside

A = "counter-a"


async def stuck(toy: Inside) -> list[UUID]:
    """A bug at the head and two records behind it."""
    await toy.hear(Ticked(counter_id=A, mood="raises"), Ticked(counter_id=A), Ticked(counter_id=A))
    return [row["parked_id"] for row in await toy.parked()]


async def test_what_is_given_up_at_the_head_lets_its_followers_go(toy: Inside) -> None:
    head, *_ = await stuck(toy)
    await toy.discard(head)
    assert (await toy.tick_of(A), await toy.parked(), (await toy.marks())["toy-in", A]) == (2, [], 3)


async def test_only_the_head_of_a_key_can_be_given_up(toy: Inside) -> None:
    _, *followers = await stuck(toy)
    for parked_id in followers:
        with pytest.raises(SystemExit, match="head of its key"):
            await toy.discard(parked_id)
    assert (len(await toy.parked()), await toy.words("rehab.toy.event-discarded.v1")) == (3, [])


async def test_the_place_of_what_was_given_up_is_known_and_not_taken_again(toy: Inside) -> None:
    raws = await toy.hear(Ticked(counter_id=A, mood="raises"))
    (row,) = await toy.parked()
    await toy.discard(row["parked_id"])
    await toy.get_again(raws)
    assert (await toy.parked(), await toy.ticks()) == ([], {})


async def test_a_bad_record_without_readable_id_can_be_given_up_at_its_place(toy: Inside) -> None:
    bad = toy.desk.write(Ticked(counter_id=A)).saying(ce_id=b"\xff")
    await toy.get(bad, toy.desk.write(Ticked(counter_id=A)))
    (head, _) = await toy.parked()
    await toy.discard(head["parked_id"])
    assert (await toy.tick_of(A), await toy.parked()) == (1, [])


async def test_what_is_replayed_is_tried_at_once(toy: Inside) -> None:
    head, *_ = await stuck(toy)
    await toy.pool.execute("UPDATE parked SET attempts = 4, retry_at = NULL")
    await toy.replay(head)
    assert await toy.pool.fetchval("SELECT attempts FROM parked WHERE parked_id = $1", head) == 5


async def test_a_follower_that_is_replayed_still_waits_for_its_head(toy: Inside) -> None:
    _, follower, _ = await stuck(toy)
    await toy.replay(follower)
    assert await toy.ticks() == {}


async def test_a_foreign_record_outside_any_order_is_replayed(toy: Inside) -> None:
    letter = toy.desk.write_foreign(Heard(counter_id="nobody"))
    await toy.get(letter)
    (row,) = await toy.parked()
    await toy.replay(row["parked_id"])
    assert [row["attempts"] for row in await toy.parked()] == [2]


@pytest.mark.parametrize("verb", ["replayed", "discarded"])
async def test_what_an_operator_does_is_announced_under_the_parked_id(toy: Inside, verb: str) -> None:
    head, *_ = await stuck(toy)
    await (toy.replay(head) if verb == "replayed" else toy.discard(head))
    (word,) = await toy.words(f"rehab.toy.event-{verb}.v1")
    assert (word.key, word.cause) == (str(head), str(head))


async def test_what_is_not_parked_cannot_be_given_up(toy: Inside) -> None:
    with pytest.raises(SystemExit, match="nothing is parked"):
        await toy.discard(UUID(int=1))


async def test_the_list_shows_what_needs_somebody_and_on_request_what_only_waits(
    toy: Inside, capsys: pytest.CaptureFixture[str]
) -> None:
    head, *_ = await stuck(toy)
    verb = operator_commands.verbs(service)["parked"]
    capsys.readouterr()
    await verb(toy.running.context, ["list"])
    assert [orjson.loads(line)["parked_id"] for line in capsys.readouterr().out.splitlines()] == [str(head)]
    await verb(toy.running.context, ["list", "all"])
    assert capsys.readouterr().out.count("\n") == 3


async def test_one_record_is_shown_without_its_content(toy: Inside, capsys: pytest.CaptureFixture[str]) -> None:
    await toy.hear(Ticked(counter_id=A, note="Narpelmi", mood="raises"))
    (row,) = await toy.parked()
    await operator_commands.verbs(service)["parked"](toy.running.context, ["show", str(row["parked_id"])])
    out = capsys.readouterr().out
    assert str(row["parked_id"]) in out
    assert "Narpelmi" not in out


@pytest.mark.parametrize("words", [[], ["discard", str(UUID(int=1))], ["show"], ["forget"]])
async def test_a_verb_that_is_not_understood_says_what_there_is(toy: Inside, words: list[str]) -> None:
    with pytest.raises(SystemExit, match="parked list"):
        await operator_commands.verbs(service)["parked"](toy.running.context, words)
