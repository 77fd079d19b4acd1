"""From the first visit to the last cent: clinics treat, report and bill, officers decide, each in their own time."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from simulation.actors.actions import SAYINGS, Action
from simulation.actors.agenda import Agenda, Deed
from simulation.actors.case import Case, Unanswered
from simulation.actors.invalid_actions import err, make
from simulation.actors.rare_actions import RARE, RARELY
from simulation.actors.reactions import REACTIONS, scheduled
from simulation.actors.report_obligations import ReportObligations
from simulation.clients.credentials import Keys
from simulation.clients.portal import Portal
from simulation.clients.published_register import Data
from simulation.clients.topics import Announced

_SAYINGS = {**SAYINGS, **RARE, "mistake": make}
_UNSEEN = {"attendance", "plan", "invoice"}  # new documents: nothing was seen before
_LOOK = "look"  # what became of that which was being checked
_AGAIN = {"REF-HELD", "STALE"}  # what was refused for these is done once more


class Treatment:
    """Everybody from the first visit on; the same seed does the same with the same cases."""

    def __init__(self, portal: Portal, keys: Keys, agenda: Agenda, gate: asyncio.Semaphore) -> None:
        """Start without cases."""
        self._portal, self._keys, self._agenda, self._gate = portal, keys, agenda, gate
        self._cases: dict[str, Case] = {}
        self._schedules: dict[str, list[Data]] = {}
        self._contracts: dict[str, Data] = {}
        self._duties = ReportObligations()
        self.answers: Counter[tuple[str, int]] = Counter()

    def hear(self, news: Sequence[Announced], now: datetime) -> None:
        """Pass announcements on to those concerned."""
        self._agenda.wake(now)
        for one in news:
            self._duties.hear(one)
            if one.event_name == "fee-schedule-published":
                self._schedules.setdefault(one.data["fee_schedule_id"], []).append(one.data)
            elif one.event_name == "contract-activated":
                self._contracts[one.data["contract_id"]] = one.data
            elif one.event_name == "referral-created":
                self._cases[one.key] = Case(one.data["number"], one.key, barriers=tuple(one.data.get("barriers", ())))
            if case := self._cases.get(one.key):
                self._react(one, case)

    def _react(self, one: Announced, case: Case) -> None:
        """Let those concerned plan from the instant at which it happened, however late it is heard."""
        for react in (REACTIONS.get(one.event_name), *RARELY.get(one.event_name, ())):
            if react:
                react(self._agenda, one.data, case, one.at)
        if contract := self._contracts.get(case.contract_id):
            for owed in self._duties.of(case, one, contract["calendar_id"]):
                scheduled(self._agenda, owed, case, one.at)
        err(self._agenda, one, case, one.at)
        if one.event_name == "action-refused" and case.unanswered:
            self._agenda.plan(_LOOK, case, one.at)

    def next_at(self) -> datetime | None:
        """When somebody acts next."""
        return self._agenda.next_at

    async def act(self, now: datetime) -> None:
        """Everybody whose time has come acts; what one does with one case follows its order."""
        await asyncio.gather(*(self._do_all(deeds) for deeds in self._agenda.due(now).values()))

    async def _do_all(self, deeds: Sequence[Deed]) -> None:
        async with self._gate:
            for deed in deeds:
                await self._do(deed, self._cases[deed.referral_id])

    async def _do(self, deed: Deed, case: Case) -> None:
        """One deed; what was refused because the referral is held is done when it is resumed."""
        if deed.what == _LOOK:
            await self._look(case, deed.at)
            return
        call = _SAYINGS[deed.what](deed, case, self._agenda, self._fees(case, deed.day))
        if call is None:
            return
        token, path = self._who(call, case), self._path(call, case)
        is_new = call.verb in _UNSEEN or (call.verb == "report" and call.body["report"] not in case.returned)
        if (seen := call.seen) is None:
            seen = 0 if is_new else await self._portal.revision_of(token, path + call.of) or 0
        key = self._agenda.key(deed, case)
        answer = await self._portal.act(token, f"{path}/commands/{call.verb}", call.body, seen=seen, key=key)
        self.answers[call.verb, answer.status] += 1
        if answer.operation:
            case.unanswered[answer.operation] = Unanswered(deed.what, deed.about, token)
        if not answer.is_taken and case.holds and deed.what != "mistake":
            case.postponed.add((deed.what, deed.about))

    async def _look(self, case: Case, now: datetime) -> None:
        """Look at actions that were being checked; some of the refused ones are done once more."""
        for place, sent in list(case.unanswered.items()):
            said = await self._portal.read(sent.token, place)
            if said["status"] == "checking":
                continue
            del case.unanswered[place]
            codes = {flaw["rule"] for flaw in (said["problem"] or {}).get("errors", ())}
            if sent.what != "mistake" and codes & _AGAIN:
                if case.holds:
                    case.postponed.add((sent.what, sent.about))
                else:
                    self._agenda.later(sent.what, case, now, 0.1, sent.about)

    def _who(self, call: Action, case: Case) -> str:
        """The key by which it is done."""
        if call.role == "claims_officer":
            return self._keys.officer(call.role, int(case.referral_id[:8], 16))
        return (self._keys.billers if call.role == "biller" else self._keys.clinicians)[call.site or case.site_id]

    def _path(self, call: Action, case: Case) -> str:
        return f"{'/officer' if call.role == 'claims_officer' else ''}/referrals/{case.number}"

    def _fees(self, case: Case, on: date) -> Mapping[str, Data]:
        """The fee lines of the case's contract that hold on a day, by code."""
        contract = self._contracts.get(case.contract_id)
        versions = self._schedules.get(contract["fee_schedule_id"], []) if contract else []
        begun = [one for one in versions if one["effective_from"] <= on.isoformat()]
        newest = max(begun, key=lambda one: (one["effective_from"], one["revision"]), default=None)
        return {line["code"]: line for line in newest["lines"]} if newest else {}
