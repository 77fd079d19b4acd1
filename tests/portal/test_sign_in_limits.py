"""Guessing passwords is slow, whoever guesses from wherever, and keeps nobody out who is known."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.api.passwords import AT_ONCE, MOST_WAITING, CheckQueue, TooBusy
from services.portal.store.attempts import OF_NAME, OF_PREFIX, SLOW_ABOVE, Attempts, Try
from services.portal.store.sessions import name_hash
from shared.config import metrics
from tests.portal.conftest import PASSWORD
from tests.portal.visitor import EMAIL, Visitor, visiting
from tests.portal.world import World

NAME = EMAIL["a-north"]


def checked() -> float:
    value: float = metrics.PASSWORDS_CHECKED.labels("portal")._value.get()
    return value


async def attempt(client: httpx2.AsyncClient, password: str, *, name: str = NAME, of: str = "127.0.0.1") -> int:
    answer = await client.post("/sign-in", data={"name": name, "password": password}, headers={"X-Forwarded-For": of})
    return answer.status_code


@asynccontextmanager
async def known(portal: World) -> AsyncIterator[Visitor]:
    """Somebody who signed in on this device before and has signed out since."""
    async with visiting(portal, "a-north") as visitor:
        await visitor.client.post("/sign-out")
        yield visitor


@contextmanager
def blocked(queue: CheckQueue) -> Iterator[list["asyncio.Task[bool]"]]:
    """Both places are taken by checks that end when this does."""
    go = threading.Event()
    tasks = [asyncio.create_task(queue.run(lambda: go.wait(60), is_known=False)) for _ in range(AT_ONCE)]
    try:
        yield tasks
    finally:
        go.set()


async def waiting(queue: CheckQueue, *, others: int = 0, known: int = 0) -> None:
    async with asyncio.timeout(20):
        while (len(queue._others), len(queue._known)) != (others, known):  # noqa: ASYNC110 - a length
            await asyncio.sleep(0.002)


async def test_of_eighty_wrong_passwords_at_once_at_most_ten_are_checked(portal: World) -> None:
    before = checked()
    async with visiting(portal) as visitor:
        statuses = await asyncio.gather(*[attempt(visitor.client, f"wrong-{n}") for n in range(80)])
    found = Counter(statuses)
    assert found[422] == checked() - before <= OF_NAME
    assert found == {422: found[422], 429: 80 - found[422]}


async def test_of_many_names_from_one_prefix_at_most_sixty_are_checked(portal: World) -> None:
    for n in range(OF_PREFIX):
        assert await portal.portal.passwords.attempts.reserve(Try(b"%d" % n, f"203.0.113.{n}"))
    before = checked()
    async with visiting(portal) as visitor:
        assert await attempt(visitor.client, "wrong", name="nobody@example.test", of="203.0.113.200") == 429
        assert checked() == before
        assert await attempt(visitor.client, "wrong", name="nobody@example.test", of="203.0.114.1") == 422


async def test_a_right_password_gives_its_place_back(portal: World) -> None:
    async with visiting(portal) as visitor:
        for _ in range(OF_NAME - 1):
            assert await attempt(visitor.client, "wrong") == 422
        for _ in range(OF_NAME):
            visitor.client.cookies.clear()
            assert await attempt(visitor.client, PASSWORD) == 303
        visitor.client.cookies.clear()
        assert await attempt(visitor.client, "wrong") == 422
        assert await attempt(visitor.client, PASSWORD) == 429


async def test_strangers_who_guess_do_not_keep_a_known_device_out(portal: World) -> None:
    async with known(portal) as visitor, visiting(portal) as stranger:
        for _ in range(OF_NAME):
            assert await attempt(stranger.client, "wrong") == 422
        assert await attempt(stranger.client, PASSWORD) == 429
        for _ in range(OF_NAME - 1):
            assert await attempt(visitor.client, "wrong") == 422
        assert await attempt(visitor.client, PASSWORD) == 303
        assert await attempt(visitor.client, "wrong") == 422
        assert await attempt(visitor.client, PASSWORD) == 429


async def test_a_device_is_known_to_the_accounts_that_signed_in_on_it_and_cannot_be_invented(portal: World) -> None:
    async with known(portal) as visitor:
        for _ in range(OF_NAME):
            assert await attempt(visitor.client, "wrong", name=EMAIL["a-south"]) == 422
        assert await attempt(visitor.client, PASSWORD, name=EMAIL["a-south"]) == 429
    async with visiting(portal) as stranger:
        stranger.client.headers["Cookie"] = "device=invented"
        assert await attempt(stranger.client, "wrong") == 422
        assert [key for key in portal.portal.passwords.attempts._tries if key[0] == "device"] == []
        assert await attempt(stranger.client, PASSWORD) == 303
        assert stranger.client.cookies["device"] != "invented"
    assert await portal.pool.fetchval("SELECT count(DISTINCT account_id) FROM devices") == 1


async def test_the_queue_is_bounded_and_a_known_device_is_served_before_the_strangers_in_it(portal: World) -> None:
    queue, done = portal.portal.passwords.queue, list[str]()

    async def note(who: str, client: httpx2.AsyncClient, password: str, **more: str) -> int:
        status = await attempt(client, password, **more)
        done.append(who)
        return status

    async with known(portal) as visitor, visiting(portal) as stranger:
        with blocked(queue):
            crowd = [
                asyncio.create_task(note("other", stranger.client, "wrong", name=f"{n}@example.test", of=f"10.0.{n}.1"))
                for n in range(MOST_WAITING)
            ]
            await waiting(queue, others=MOST_WAITING)
            refused = await stranger.client.post("/sign-in", data={"name": NAME, "password": PASSWORD})
            assert refused.status_code == 503
            assert "your password was not looked at" in refused.text
            right = asyncio.create_task(note("known", visitor.client, PASSWORD))
            await waiting(queue, others=MOST_WAITING, known=1)
        assert await right == 303
        assert set(await asyncio.gather(*crowd)) == {422}
    assert done.index("known") < len(done) - 1


async def test_what_waits_is_served_in_its_order_known_devices_first_and_two_at_a_time() -> None:
    queue, order = CheckQueue(), list[str]()
    running = threading.Semaphore(AT_ONCE)

    def check(name: str) -> bool:
        assert running.acquire(blocking=False)
        order.append(name)
        running.release()
        return True

    with blocked(queue) as blocking:
        others = [asyncio.create_task(queue.run(lambda n=n: check(f"other {n}"), is_known=False)) for n in range(4)]  # type: ignore[misc]  # a default of a lambda has no annotation
        await waiting(queue, others=4)
        leaves = others.pop(1)
        leaves.cancel()
        await waiting(queue, others=3)
        familiar = [asyncio.create_task(queue.run(lambda n=n: check(f"known {n}"), is_known=True)) for n in range(3)]  # type: ignore[misc]  # a default of a lambda has no annotation
        await waiting(queue, others=3, known=3)
        assert order == []
    assert await asyncio.gather(*blocking, *others, *familiar) == [True] * 8
    assert sorted(order[:3]) == ["known 0", "known 1", "known 2"]
    assert queue._running == 0


async def test_no_more_than_twenty_wait(portal: World) -> None:
    queue = portal.portal.passwords.queue
    with blocked(queue):
        tasks = [asyncio.create_task(queue.run(lambda: True, is_known=True)) for _ in range(MOST_WAITING)]
        await waiting(queue, known=MOST_WAITING)
        with pytest.raises(TooBusy):
            await queue.run(lambda: True, is_known=True)
    assert all(await asyncio.gather(*tasks))


async def test_a_name_that_is_guessed_at_from_everywhere_is_served_to_strangers_one_after_another(
    portal: World,
) -> None:
    passwords = portal.portal.passwords
    passwords.pause = 3600
    try:
        async with known(portal) as visitor, visiting(portal) as stranger:
            for n in range(SLOW_ABOVE):
                assert await passwords.attempts.reserve(Try(name_hash(NAME), f"10.{n}.0.1"))
            pausing = asyncio.create_task(attempt(stranger.client, PASSWORD))
            async with asyncio.timeout(20):
                while not passwords._slow:  # noqa: ASYNC110 - a length
                    await asyncio.sleep(0.002)
            assert await attempt(visitor.client, PASSWORD) == 303
            assert not pausing.done()
            assert await attempt(stranger.client, PASSWORD, name=EMAIL["a-south"]) == 303
            pausing.cancel()
    finally:
        passwords.pause = 1.0


async def test_strangers_at_a_slow_name_pause_one_after_another(portal: World) -> None:
    passwords = portal.portal.passwords
    name = name_hash(NAME)
    places = [await passwords.attempts.reserve(Try(name, f"10.{n}.0.1")) for n in range(SLOW_ABOVE + 2)]
    assert [bool(place and place.is_slow) for place in places] == [False] * SLOW_ABOVE + [True] * 2
    passwords.pause = 0.02
    try:
        loop = asyncio.get_running_loop()
        ends = [passwords._wait(place, name) for place in places[-2:] if place]
        began = loop.time()
        await asyncio.gather(*ends)
        assert loop.time() - began >= 2 * passwords.pause - 0.001  # never sooner, however busy the machine
    finally:
        passwords.pause = 1.0


def test_addresses_of_one_site_are_counted_together() -> None:
    def prefix(address: str) -> str:
        return Try(b"", address).prefix

    assert prefix("203.0.113.7") == prefix("203.0.113.200") == prefix("::ffff:203.0.113.9") != prefix("203.0.114.7")
    assert prefix("2001:db8:1:2::1") == prefix("2001:db8:1:2:ffff::9") == prefix("2001:db8:1:2::1%eth0")
    assert prefix("2001:db8:1:2::1") != prefix("2001:db8:1:3::1")
    assert {prefix(text) for text in ("", "unix", "1.2.3", "\x00", "\N{SUPERSCRIPT TWO}.1.1.1", "9" * 400)} == {""}


tries = st.lists(
    st.tuples(
        st.sampled_from([b"a", b"b"]),
        st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.1.1"]),
        st.sampled_from([None, b"d"]),
        st.booleans(),
        st.sampled_from([0.0, 1.0, 40.0, 290.0]),
    ),
    max_size=120,
)


@given(tries)
async def test_within_any_five_minutes_no_more_are_wrong_than_there_are_places(
    said: list[tuple[bytes, str, bytes | None, bool, float]],
) -> None:
    now = [0.0]
    attempts, wrong = Attempts(lambda: now[0]), list[tuple[float, Try]]()
    for name, address, device, is_right, later in said:
        now[0] += later
        one = Try(name, address, device)
        lately = [other for at, other in wrong if at > now[0] - 300]
        if device:
            is_free = sum(other.device is not None and other.name == name for other in lately) < OF_NAME
        else:
            near = [other for other in lately if other.device is None and other.prefix == one.prefix]
            is_free = len(near) < OF_PREFIX and sum(other.name == name for other in near) < OF_NAME
        place = await attempts.reserve(one)
        assert (place is not None) == is_free
        if place and is_right:
            await attempts.release(place)
        elif place:
            wrong.append((now[0], one))
