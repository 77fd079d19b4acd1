"""From the first visit to the last cent: clinics treat, report and bill, officers decide, each in their own time."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from simulation.agenda import Agenda, Deed
from simulation.case import Case
from simulation.deeds import SAYINGS, Call
from simulation.keys import Keys
from simulation.mistakes import err, make
from simulation.portal import Portal
from simulation.rarities import RARE, RARELY
from simulation.reactions import REACTIONS
from simulation.register import Data
from simulation.topics import Announced

_SAYINGS = {**SAYINGS, **RARE, "mistake": make}
_UNSEEN = {"attendance", "plan", "invoice"}  # new documents: nothing was seen before


class Treatment:
    """Everybody from the first visit on; the same seed does the same with the same cases."""

    def __init__(self, portal: Portal, keys: Keys, agenda: Agenda, at_once: int = 16) -> None:
        """Nobody is treated yet."""
        self._portal, self._keys, self._agenda, self._at_once = portal, keys, agenda, at_once
        self._cases: dict[str, Case] = {}
        self._schedules: dict[str, list[Data]] = {}
        self._contracts: dict[str, Data] = {}
        self.answers: Counter[tuple[str, int]] = Counter()

    def hear(self, news: Sequence[Announced], now: datetime) -> None:
        """What was announced, as those concerned are told of it."""
        for one in news:
            if one.words == "fee-schedule-published":
                self._schedules.setdefault(one.data["fee_schedule_id"], []).append(one.data)
            elif one.words == "contract-activated":
                self._contracts[one.data["contract_id"]] = one.data
            elif one.words == "referral-created":
                self._cases[one.key] = Case(one.data["number"], one.key, barriers=tuple(one.data.get("barriers", ())))
            if case := self._cases.get(one.key):
                for react in (REACTIONS.get(one.words), *RARELY.get(one.words, ())):
                    if react:
                        react(self._agenda, one.data, case, now)
                err(self._agenda, one, case, now)

    def next_at(self) -> datetime | None:
        """When somebody acts next."""
        return self._agenda.next_at

    async def act(self, now: datetime) -> None:
        """Everybody whose time has come acts; what one does with one case follows its order."""
        gate = asyncio.Semaphore(self._at_once)
        await asyncio.gather(*(self._do_all(deeds, gate) for deeds in self._agenda.due(now).values()))

    async def _do_all(self, deeds: Sequence[Deed], gate: asyncio.Semaphore) -> None:
        async with gate:
            for deed in deeds:
                await self._do(deed, self._cases[deed.referral_id])

    async def _do(self, deed: Deed, case: Case) -> None:
        """One deed; what was refused because the referral is held is done when it is resumed."""
        call = _SAYINGS[deed.what](deed, case, self._agenda, self._fees(case, deed.day))
        if call is None:
            return
        token, path = self._who(call, case), self._path(call, case)
        is_new = call.verb in _UNSEEN or (call.verb == "report" and call.body["report"] not in case.returned)
        if (seen := call.seen) is None:
            seen = 0 if is_new else await self._portal.revision_of(token, path + call.of) or 0
        key = UUID(int=self._agenda.mind(case, f"{deed.what} key {deed.at} {deed.about}").getrandbits(128), version=4)
        answer = await self._portal.act(token, f"{path}/commands/{call.verb}", call.body, seen=seen, key=key)
        self.answers[call.verb, answer.status] += 1
        if not answer.is_taken and case.holds and deed.what != "mistake":
            case.postponed.add((deed.what, deed.about))

    def _who(self, call: Call, case: Case) -> str:
        """The key by which it is done."""
        if call.role == "claims_officer":
            return self._keys.officer(call.role, int(case.referral_id[:8], 16))
        return (self._keys.billers if call.role == "biller" else self._keys.clinicians)[call.site or case.site_id]

    def _path(self, call: Call, case: Case) -> str:
        return f"{'/officer' if call.role == 'claims_officer' else ''}/referrals/{case.number}"

    def _fees(self, case: Case, on: date) -> Mapping[str, Data]:
        """The fee lines of the case's contract that hold on a day, by code."""
        contract = self._contracts.get(case.contract_id)
        versions = self._schedules.get(contract["fee_schedule_id"], []) if contract else []
        begun = [one for one in versions if one["effective_from"] <= on.isoformat()]
        newest = max(begun, key=lambda one: (one["effective_from"], one["revision"]), default=None)
        return {line["code"]: line for line in newest["lines"]} if newest else {}
