"""Places for tries to sign in: taken before a password is checked and given back when it was right.

They are counted in this process. Whoever moves them into the database keeps `reserve` and `release`.
"""

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

_FIVE_MINUTES, _HOUR = 300.0, 3600.0  # seconds
OF_NAME, OF_PREFIX = 10, 60  # wrong tries in five minutes: of a name from one prefix, and of all names from it
SLOW_ABOVE = 100  # wrong tries in an hour on one name, from anywhere
_MOST_KEYS = 200_000  # counted at once; whoever was wrong longest ago is forgotten first


class Try(NamedTuple):
    """Whose password is tried (as the hash of the name), from where, and on which known device."""

    name: bytes
    address: str
    device: bytes | None = None

    @property
    def prefix(self) -> str:
        """The /24 or the /64 that the address belongs to; all that is no address belongs together."""
        try:
            address = ipaddress.ip_address(self.address.partition("%")[0])
        except ValueError:
            return ""
        mapped = getattr(address, "ipv4_mapped", None) or address
        return str(ipaddress.ip_network((mapped, 24 if mapped.version == 4 else 64), strict=False))  # noqa: PLR2004 - IPv4


class Place(NamedTuple):
    """Where a try is counted, since when, and whether its name is tried so often that strangers wait."""

    keys: tuple[tuple[object, ...], ...]
    at: float
    is_slow: bool


class Attempts:
    """The wrong tries of late, by name and place."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without any tries; `clock` gives seconds."""
        self._clock = clock
        self._tries: OrderedDict[tuple[object, ...], deque[float]] = OrderedDict()

    async def reserve(self, one: Try) -> Place | None:
        """Counts a try as wrong until it is released; None when there is no place left for it."""
        bounds = _bounds_of(one)
        counted = {key: self._lately(key, seconds) for key, (_, seconds) in bounds.items()}
        if any(len(counted[key]) >= most for key, (most, _) in bounds.items()):
            return None
        hour = ("name", one.name)
        is_slow = one.device is None and len(self._lately(hour, _HOUR)) >= SLOW_ABOVE
        now = self._clock()
        for key in (*bounds, hour):
            self._note(key, now)
        return Place((*bounds, hour), now, is_slow)

    async def release(self, place: Place) -> None:
        """Gives the place back: the password was right, or was not checked."""
        for key in place.keys:
            tries = self._tries.get(key)
            if tries and place.at in tries:
                tries.remove(place.at)

    def _lately(self, key: tuple[object, ...], seconds: float) -> deque[float]:
        """The tries of so many seconds; older ones are forgotten."""
        tries = self._tries.get(key, deque())
        while tries and tries[0] <= self._clock() - seconds:
            tries.popleft()
        return tries

    def _note(self, key: tuple[object, ...], now: float) -> None:
        """One more try; what has not been noted for longest gives way when there are too many keys."""
        self._tries.setdefault(key, deque(maxlen=SLOW_ABOVE + 1)).append(now)
        self._tries.move_to_end(key)
        while len(self._tries) > _MOST_KEYS or not next(iter(self._tries.values())):
            self._tries.popitem(last=False)


def _bounds_of(one: Try) -> dict[tuple[object, ...], tuple[int, float]]:
    """How many tries in how many seconds; a known device has places that no stranger can take."""
    if one.device:
        return {("device", one.device, one.name): (OF_NAME, _FIVE_MINUTES)}
    prefix = one.prefix
    return {
        ("name and prefix", one.name, prefix): (OF_NAME, _FIVE_MINUTES),
        ("prefix", prefix): (OF_PREFIX, _FIVE_MINUTES),
    }
