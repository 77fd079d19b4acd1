"""What decisions need besides their own state, loaded once a batch for all events of a type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.referral.domain.opening import Seat
from services.referral.store.claim import Links, find_links, list_waiting
from services.referral.store.opening import Rows, TakenNow, list_taken
from services.referral.store.referral import find_persons, list_unplaced
from services.referral.store.register import REGISTER
from shared import clock
from shared.decision import Event
from shared.postgres import Connection
from shared.rules.register import Register

if TYPE_CHECKING:
    from shared.handlers import Desk

_STILL_OF_INTEREST = timedelta(weeks=2)


@dataclass
class Facts:
    """Register, openings taken, what hangs on claims, and whose referrals these are."""

    register: Register
    rows: Rows
    links: Mapping[str, Links]
    persons: Mapping[str, str]
    _taken: TakenNow | None = None

    def taken(self, seats: Mapping[str, Seat | None], desk: "Desk[Facts]") -> TakenNow:
        """Openings as the batch sees them."""
        if self._taken is None:
            self._taken = TakenNow(self.rows, seats, desk.takebacks)
        return self._taken


@dataclass(frozen=True)
class Waiting:
    """Requests that are not decided yet, and referrals that wait for a site."""

    requests: Sequence[tuple[str, str]]
    referrals: Sequence[str]


async def about_claims(conn: Connection, events: Sequence[Event]) -> Facts:
    """For what is said of claims; any of it may lead to a placement, if only by what came earlier in the batch."""
    links = await find_links(conn, [e.key for e in events])
    return Facts(await REGISTER.current(conn), await _taken(conn), links, {})


async def about_referrals(conn: Connection, events: Sequence[Event]) -> Facts:
    """For what is done with referrals."""
    persons = await find_persons(conn, [e.key for e in events])
    return Facts(await REGISTER.current(conn), await _taken(conn), {}, persons)


async def about_waiting(conn: Connection, _events: Sequence[Event]) -> Waiting:
    """For what the registers announce."""
    return Waiting(await list_waiting(conn), await list_unplaced(conn))


async def _taken(conn: Connection) -> Rows:
    """Openings of weeks that may still matter; the clock only bounds what is read."""
    return await list_taken(conn, clock.now().date() - _STILL_OF_INTEREST)
