"""The facts that decisions need besides their aggregates, loaded once a batch for all events of a kind."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from services.referral.domain.opening import OpeningReservation
from services.referral.domain.placement import UnplacedReferral
from services.referral.store.claim import Links, find_links, list_waiting
from services.referral.store.opening import ReservedOpenings, Rows, list_reserved
from services.referral.store.referral import find_persons, list_unplaced, list_waiting_for_site
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
    """The register, openings taken from `since` on, links of claims, persons of referrals, and unplaced referrals."""

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
        """Return the openings taken, with those of earlier decisions of the batch."""
        if self._taken is None:
            self._taken = ReservedOpenings(self.rows, reservations, state.takebacks, self.since)
        return self._taken


@dataclass(frozen=True)
class Waiting:
    """The requests that are not decided yet, and the referrals that wait for a site."""

    requests: Sequence[tuple[str, str]]
    referrals: Sequence[str]


async def load_facts_for_claims(conn: Connection, events: Sequence[Event]) -> Facts:
    """Load the facts for events of claims, any of which may lead to a placement in the same batch."""
    links, since = await find_links(conn, [e.key for e in events]), _since(events)
    rows, unplaced = await list_reserved(conn, since), await list_unplaced(conn)
    return Facts(await REGISTER.current(conn), rows, links, {}, since, unplaced)


async def load_facts_for_referrals(conn: Connection, events: Sequence[Event]) -> Facts:
    """Load the facts for events of referrals."""
    persons, since = await find_persons(conn, [e.key for e in events]), _since(events)
    rows, unplaced = await list_reserved(conn, since), await list_unplaced(conn)
    return Facts(await REGISTER.current(conn), rows, {}, persons, since, unplaced)


async def load_facts_for_waiting(conn: Connection, _events: Sequence[Event]) -> Waiting:
    """Load the facts for changes of the register."""
    return Waiting(await list_waiting(conn), await list_waiting_for_site(conn))


def _since(events: Sequence[Event]) -> date:
    """Return the Monday two weeks before the oldest action or the clock; it only bounds what is read."""
    received: Iterator[datetime | None] = (getattr(event, "received_at", None) for event in events)
    day = min((clock.now(), *filter(None, received))).date() - _STILL_OF_INTEREST
    return day - timedelta(days=day.weekday())
