"""What decisions need besides their own state, loaded once a batch for all events that ask for the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from services.referral.domain.opening import OpeningReservation
from services.referral.domain.placement import UnplacedReferral
from services.referral.store.claim import Links, find_links, list_waiting
from services.referral.store.opening import ReservedOpenings, Rows, list_reserved
from services.referral.store.referral import find_persons, list_in_need, list_unplaced
from services.referral.store.register import REGISTER
from shared.config import clock
from shared.database.postgres import Connection
from shared.domain.decision import Event
from shared.placement.register import Register

if TYPE_CHECKING:
    from shared.messaging.handlers import BatchState

_STILL_OF_INTEREST = timedelta(weeks=2)


@dataclass
class Facts:
    """Register, openings taken since a week, what hangs on claims, whose referrals these are, who needs a site."""

    register: Register
    rows: Rows
    links: Mapping[str, Links]
    persons: Mapping[str, str]
    since: date
    unplaced: Sequence[UnplacedReferral]
    _taken: ReservedOpenings | None = None

    def taken(
        self, reservations: Mapping[str, OpeningReservation | None], state: "BatchState[Facts]"
    ) -> ReservedOpenings:
        """Openings as the batch sees them."""
        if self._taken is None:
            self._taken = ReservedOpenings(self.rows, reservations, state.takebacks, self.since)
        return self._taken


@dataclass(frozen=True)
class Waiting:
    """Requests that are not decided yet, and referrals that wait for a site."""

    requests: Sequence[tuple[str, str]]
    referrals: Sequence[str]


async def load_facts_for_claims(conn: Connection, events: Sequence[Event]) -> Facts:
    """For what is said of claims; any of it may lead to a placement, if only by what came earlier in the batch."""
    links, since = await find_links(conn, [e.key for e in events]), _since(events)
    rows, in_need = await list_reserved(conn, since), await list_in_need(conn)
    return Facts(await REGISTER.current(conn), rows, links, {}, since, in_need)


async def load_facts_for_referrals(conn: Connection, events: Sequence[Event]) -> Facts:
    """For what is done with referrals."""
    persons, since = await find_persons(conn, [e.key for e in events]), _since(events)
    rows, in_need = await list_reserved(conn, since), await list_in_need(conn)
    return Facts(await REGISTER.current(conn), rows, {}, persons, since, in_need)


async def load_facts_for_waiting(conn: Connection, _events: Sequence[Event]) -> Waiting:
    """For what the registers announce."""
    return Waiting(await list_waiting(conn), await list_unplaced(conn))


def _since(events: Sequence[Event]) -> date:
    """The Monday from which openings may still matter; the clock, and the oldest act, only bound what is read."""
    acted: Iterator[datetime | None] = (getattr(event, "received_at", None) for event in events)
    day = min((clock.now(), *filter(None, acted))).date() - _STILL_OF_INTEREST
    return day - timedelta(days=day.weekday())
