"""The clinics: each learns of an offer by its notice, thinks about it for hours, and answers through the portal."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from simulation.actors.agenda import at_work
from simulation.clients.portal import Portal
from simulation.clients.topics import Announced

Deed: TypeAlias = Literal["acknowledge", "accept", "decline", "book"]

_PACIFIC = ZoneInfo("America/Vancouver")
_REASONS = ("no-capacity", "not-contactable", "out-of-scope", "discipline-missing", "conflict-of-interest")
_NEXT_STEPS = ("offer-to-next", "ask-officer", "offer-later", "other-service")
_CONCERNS = {
    "referral-offered", "referral-acknowledged", "referral-accepted", "referral-declined", "referral-lapsed",
    "referral-offer-withdrawn", "referral-withdrawn", "appointment-booked",
}  # fmt: skip


class Act(NamedTuple):
    """Something a clinic is going to do."""

    at: datetime
    place: int
    deed: Deed
    offer: Announced


class Clinics:
    """All of them; the same seed gives the same answers to the same offers."""

    def __init__(
        self, portal: Portal, tokens: Mapping[str, str], seed: int, pace: int, gate: asyncio.Semaphore
    ) -> None:
        """`tokens` by site; acts stand on a grid of `pace` minutes, so that many fall together at the gate."""
        self._portal, self._tokens, self._seed, self._pace = portal, tokens, seed, pace
        self._gate = gate
        self._agenda: list[Act] = []
        self._places = count()
        self._offers: dict[str, Announced] = {}
        self._words: dict[str, str] = {}
        self._times: Counter[tuple[str, Deed]] = Counter()
        self._since: dict[str, datetime] = {}
        self.answers: Counter[tuple[Deed, int]] = Counter()

    def hear(self, news: Sequence[Announced], now: datetime) -> None:
        """They learn of what concerns them, and make up their minds by the last word on each referral."""
        concerned: set[str] = set()
        for one in news:
            if one.event_name == "referral-offered":
                self._offers[one.key] = one
            if one.event_name in _CONCERNS:
                self._words[one.key], self._since[one.key] = one.event_name, one.at
                concerned.add(one.key)
            elif one.event_name == "referral-resumed":  # what was to be done could not be done while it was held
                self._since[one.key] = one.at
                concerned.add(one.key)
        for key in sorted(concerned & self._offers.keys()):
            self._consider(self._words[key], self._offers[key], now)

    def _consider(self, words: str, offer: Announced, now: datetime) -> None:
        match words:
            case "referral-offered":
                self._on_offer(offer, now)
            case "referral-acknowledged":
                self._on_acknowledged(offer, now)
            case "referral-accepted":
                self._plan(offer, "book", now, hours=2)

    def next_at(self) -> datetime | None:
        """When one of them acts next."""
        return self._agenda[0].at if self._agenda else None

    async def act(self, now: datetime) -> None:
        """Everybody whose time has come acts."""
        due: list[Act] = []
        while self._agenda and self._agenda[0].at <= now:
            due.append(heapq.heappop(self._agenda))
        await asyncio.gather(*(self._do(act) for act in due))

    def _on_offer(self, offer: Announced, now: datetime) -> None:
        """Most look at it within the day; some never do, a few decline unseen."""
        match self._mind(offer, "offer").choices(("look", "decline", "sleep"), (88, 4, 8))[0]:
            case "look":
                self._plan(offer, "acknowledge", now, hours=5)
            case "decline":
                self._plan(offer, "decline", now, hours=4)

    def _on_acknowledged(self, offer: Announced, now: datetime) -> None:
        """Most take it; some decline with a reason, a few forget it."""
        match self._mind(offer, "answer").choices(("accept", "decline", "sleep"), (84, 13, 3))[0]:
            case "accept":
                self._plan(offer, "accept", now, hours=3)
            case "decline":
                self._plan(offer, "decline", now, hours=3)

    def _plan(self, offer: Announced, deed: Deed, now: datetime, *, hours: float) -> None:
        """Some hours after the last word on the referral; at once where that was heard late."""
        mind = self._mind(offer, f"{deed} in")
        at = self._since[offer.key] + timedelta(hours=mind.expovariate(1 / hours))
        at = at_work(max(at, now), self._pace)
        heapq.heappush(self._agenda, Act(at, next(self._places), deed, offer))

    def _mind(self, offer: Announced, about: str) -> Random:
        return Random(f"{self._seed}/{offer.data['number']}/{offer.data['rank']}/{about}")

    async def _do(self, act: Act) -> None:
        """Act on an offer; one that was offered on or withdrawn meanwhile is not there any more."""
        token, number = self._tokens[act.offer.data["site_id"]], act.offer.data["number"]
        async with self._gate:
            seen = await self._look(token, number, act.deed)
            if seen is None:
                self.answers[act.deed, 404] += 1
                return
            path, body = self._wording(act, number)
            key = self._key(act)
            answer = await self._portal.act(token, path, body, seen=seen, key=key)
            self.answers[act.deed, answer.status] += 1

    def _key(self, act: Act) -> UUID:
        """The same in every play, another one for each time it is done anew."""
        done = act.offer.id, act.deed
        self._times[done] += 1
        return UUID(int=self._mind(act.offer, f"{act.deed} key {self._times[done]}").getrandbits(128), version=4)

    async def _look(self, token: str, number: str, deed: Deed) -> int | None:
        """The revision of what the clinic sees: in its list of offers, later on the referral's own page."""
        if deed == "acknowledge":
            offers = await self._portal.offers(token)
            return next((int(one["revision"]) for one in offers if one["number"] == number), None)
        return await self._portal.revision(token, number)

    def _wording(self, act: Act, number: str) -> tuple[str, dict[str, Any]]:
        """Where an act is sent, and what it says."""
        mind = self._mind(act.offer, f"{act.deed} words")
        if act.deed == "book":
            said = {"starts_at": _first_visit(act, mind), "confirmed_with_worker": True}
            return f"/referrals/{number}/appointments", {**said, "late_reason_code": "clinic-capacity"}
        reason = {"reason_code": mind.choice(_REASONS), "next_step": mind.choice(_NEXT_STEPS), "comment": "Not now."}
        return f"/referrals/{number}/commands/{act.deed}", reason if act.deed == "decline" else {}


def _first_visit(act: Act, mind: Random) -> str:
    """In the week of the opening, on the same day of a later week when that is over."""
    monday = date.fromisoformat(act.offer.data["opening"]["week_on"])
    day = monday + timedelta(days=mind.randrange(5))
    while day < act.at.astimezone(_PACIFIC).date() + timedelta(days=2):
        day += timedelta(weeks=1)
    return datetime.combine(day, time(mind.randrange(8, 16), mind.choice((0, 30))), _PACIFIC).isoformat()
