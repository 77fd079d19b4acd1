"""Everything that lies on the topics, read, judged and sorted for the auditor."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulation.audit.expected_decisions import Expectation, Request, expect
from simulation.audit.history import Read
from simulation.claims_system.record_validity import Verdict, judge
from simulation.clients.outage import ServiceOutage
from simulation.clients.published_register import Register, Stated
from simulation.clients.topics import CLAIMS, PEOPLE, Announced, StoredRecord, announced

_PACIFIC = ZoneInfo("America/Vancouver")
_CREATED, _REFUSED = "referral-created", "referral-not-admitted"
_ENDED_BY_OTHERS = {"referral-withdrawn", "referral-discharged", "referral-closed", "referral-closed-not-started"}


class Judged(NamedTuple):
    """A record of `claims` with the auditor's judgement; a duplicate is a valid or unknown one read before."""

    lying: StoredRecord
    verdict: Verdict
    is_duplicate: bool


class Decided(NamedTuple):
    """An admission decision as it was announced."""

    request: Request
    decision: str
    program: str | None
    codes: tuple[str, ...]
    announced: Announced


class Books:
    """The claims, the announcements, and what the auditor concludes from both."""

    def __init__(self, lying: Iterable[StoredRecord], until: datetime, away: ServiceOutage | None = None) -> None:
        """Everything read, up to an instant; a service may have been away."""
        self.until, self.away = until, away
        piles: Mapping[bool, list[StoredRecord]] = {True: [], False: []}
        for one in lying:
            piles[one.topic == CLAIMS].append(one)
        self.claims = judged(piles[True])
        self.announced = [announced(one) for one in piles[False] if not (one.topic == PEOPLE and one.value is None)]

    @cached_property
    def words(self) -> Mapping[str, Sequence[Announced]]:
        """Announcements by the name of their type, each key's in its order."""
        found: dict[str, list[Announced]] = {}
        for one in self.firsts:
            found.setdefault(one.event_name, []).append(one)
        return found

    @cached_property
    def firsts(self) -> Sequence[Announced]:
        """Without repeats, each key's in its order."""
        seen: dict[str, Announced] = {}
        for one in self.announced:
            seen.setdefault(one.id, one)
        return list(seen.values())

    @cached_property
    def referrals(self) -> Mapping[str, Sequence[Announced]]:
        """Return what was said of each referral, in its order."""
        found: dict[str, list[Announced]] = {}
        for one in self.firsts:
            if one.topic == "rehab-referral" and one.data.get("referral_id") == one.key:
                found.setdefault(one.key, []).append(one)
        return found

    @cached_property
    def requests(self) -> Mapping[Request, Read]:
        """Every valid request, as first read."""
        found: dict[Request, Read] = {}
        for read in self.reads:
            if read.verdict.type == "claims.rehabilitation-requested.v1":
                found.setdefault((read.verdict.data["claim_number"], read.verdict.data["request_id"]), read)
        return found

    @cached_property
    def reads(self) -> Sequence[Read]:
        """Valid records that are no duplicates, each claim's in the order of arrival."""
        fresh = (one for one in self.claims if one.verdict.kind == "valid" and not one.is_duplicate)
        return [Read(one.lying.at, one.verdict) for one in fresh]

    @cached_property
    def decisions(self) -> Sequence[Decided]:
        """Every admission decision that was announced."""
        return [_decided(one, self.referrals) for words in (_CREATED, _REFUSED) for one in self.words.get(words, ())]

    @cached_property
    def register(self) -> Register:
        """Return what was announced of programs, contracts and calendars."""
        said = (one for one in self.firsts if one.topic in {"rehab-program", "rehab-procurement"})
        return Register(Stated(one.at, one.event_name, one.data) for one in said)

    @cached_property
    def expected(self) -> Expectation:
        """The auditor's own decisions."""
        return expect(self.reads, self.register, self._ended, self.until)

    @cached_property
    def _ended(self) -> Mapping[Request, datetime]:
        """When referrals first ended by anybody but the insurer's claim decisions."""
        requests = {one.announced.key: one.request for one in self.decisions}
        ends = sorted((one.at, one.key) for words in _ENDED_BY_OTHERS for one in self._by_others(words))
        return {requests[key]: at for at, key in reversed(ends) if key in requests}

    def _by_others(self, words: str) -> Iterable[Announced]:
        return (one for one in self.words.get(words, ()) if one.data.get("cause") != "claim")


def judged(lying: Iterable[StoredRecord]) -> list[Judged]:
    """Each record of `claims` judged as of when it was read; ids of parked ones are free, others belong to a claim."""
    found: list[Judged] = []
    known: dict[tuple[str, str], bytes | None] = {}
    for one in sorted(lying, key=lambda one: (one.at, one.partition, one.offset)):
        verdict = judge(one.captured, one.at.astimezone(_PACIFIC).date())
        id_ = verdict.source, verdict.id
        if verdict.kind == "valid" and known.get(id_, one.captured.key) != one.captured.key:
            verdict = verdict._replace(kind="bad", reason="reused-id", data={})
        found.append(Judged(one, verdict, id_ in known))
        if verdict.kind != "bad":
            known.setdefault(id_, one.captured.key)
    return found


def _decided(one: Announced, referrals: Mapping[str, Sequence[Announced]]) -> Decided:
    request = str(one.data["claim_number"]), str(one.data["request_id"])
    if one.event_name == _CREATED:
        chosen = (said.data["program"] for said in referrals[one.key] if said.event_name == "program-selected")
        return Decided(request, "admitted", next(chosen, None), (), one)
    codes = tuple(dict.fromkeys(failure["code"] for failure in one.data["failures"]))
    decision = "without-claim" if codes == ("CLM-NOTFOUND",) else "not-admitted"
    return Decided(request, decision, one.data.get("program"), codes, one)
