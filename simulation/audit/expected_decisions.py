"""Expected decisions on each request: a second opinion, from the topics and the text of the rules alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypeAlias

from simulation.audit.history import History, Holding, Read, said_of, words_of
from simulation.claims_system.record_validity import Data
from simulation.clients import published_register
from simulation.clients.published_register import Days, Register

Request: TypeAlias = tuple[str, str]  # claim number and request id

_STANDING_CODES = {
    None: "CLM-PEND",
    "pended": "CLM-PEND",
    "suspended": "CLM-SUSPENDED",
    "disallowed": "CLM-DISALLOWED",
    "closed": "CLM-CLOSED",
}
_INSTANT = timedelta(microseconds=1)
_ENDS = ("disallowed", "closed")
_HOLDS = ("suspended", "pended")


class Expected(NamedTuple):
    """The one right decision on a request, at an instant; `codes` is empty when it is admitted."""

    at: datetime
    program: str | None
    codes: frozenset[str]

    @property
    def decision(self) -> str:
        """admitted, not-admitted or without-claim."""
        if self.codes == {"CLM-NOTFOUND"}:
            return "without-claim"
        return "not-admitted" if self.codes else "admitted"


class Expectation(NamedTuple):
    """Decisions by request, what the insurer's own decisions then did to admitted ones, and the claims' histories."""

    decisions: Mapping[Request, Expected]
    followed: Mapping[Request, Sequence[str]]
    histories: Mapping[str, History]


def expect(reads: Iterable[Read], known: Register, ended: Mapping[Request, datetime], until: datetime) -> Expectation:
    """Every decision up to an instant; `ended` tells when referrals were ended by others than the insurer."""
    days = known.calendar()
    if days is None:
        return Expectation({}, {}, {})
    by_claim: dict[str, list[Read]] = {}
    for read in reads:
        by_claim.setdefault(read.verdict.data["claim_number"], []).append(read)
    decisions: dict[Request, Expected] = {}
    followed: dict[Request, Sequence[str]] = {}
    histories: dict[str, History] = {}
    for number, reads_of_claim in by_claim.items():
        claim = _Claim(known, days, ended)
        claim.play(reads_of_claim, until)
        decisions |= claim.decisions
        followed |= claim.followed
        histories[number] = claim.history
    return Expectation(decisions, followed, histories)


class _Claim:
    """One claim, played from its first record to the end."""

    def __init__(self, known: Register, days: Days, ended: Mapping[Request, datetime]) -> None:
        self._known, self._days, self._ended = known, days, ended
        self.history = History()
        self._waiting: dict[Request, tuple[datetime, Data]] = {}
        self._now = datetime.min.replace(tzinfo=days.zone)
        self.decisions: dict[Request, Expected] = {}
        self.followed: dict[Request, list[str]] = {}

    def play(self, reads: Sequence[Read], until: datetime) -> None:
        """In the order in which they were read."""
        for place, read in enumerate(reads):
            self._pass(read.at)
            if words_of(read.verdict) == "rehabilitation-requested":
                self._ask(read)
            elif said := said_of(read, place, self._days.zone):
                waited = not self.history.accepted_ever
                self.history.add(said)
                self._follow(read.at)
                if waited and self.history.accepted_ever:
                    self._decide_what_waits(read.at)
        self._pass(until + _INSTANT)

    def _ask(self, read: Read) -> None:
        data = read.verdict.data
        request = data["claim_number"], data["request_id"]
        if request in self._waiting or request in self.decisions:
            return
        if self.history.accepted_ever:
            self.decisions[request] = self._decide(data, read.at)
        else:
            self._waiting[request] = self._days.end_after(read.at, self._known.wait_days()), data

    def _pass(self, to: datetime) -> None:
        """Time goes by: dates that lay ahead come, waits end; what is read at such an instant comes before it."""
        for day in self.history.days():
            midnight = datetime.combine(day, time.min, self._days.zone)
            if self._now <= midnight < to:
                self._follow(midnight)
        for request, (due, _) in list(self._waiting.items()):
            if due < to:
                del self._waiting[request]
                self.decisions[request] = Expected(due, None, frozenset({"CLM-NOTFOUND"}))
        self._now = to

    def _decide_what_waits(self, at: datetime) -> None:
        for request, (_, data) in self._waiting.items():
            self.decisions[request] = self._decide(data, at)
        self._waiting.clear()

    def _follow(self, at: datetime) -> None:
        """Open referrals follow what holds on the claim today: held, resumed or withdrawn."""
        standing = self.history.holding_on(self._days.day_of(at)).standing
        for request in list(self._open(at)):
            steps = self.followed.setdefault(request, [])
            held = steps[-1:] == ["held"]
            if standing in _ENDS:
                steps.append("withdrawn")
            elif standing in _HOLDS and not held:
                steps.append("held")
            elif standing == "accepted" and held:
                steps.append("resumed")

    def _open(self, at: datetime) -> Iterator[Request]:
        for request, expected in self.decisions.items():
            ended_elsewhere = request in self._ended and self._ended[request] <= at
            ended_here = self.followed.get(request, [])[-1:] == ["withdrawn"]
            if not expected.codes and not ended_here and not ended_elsewhere:
                yield request

    def _decide(self, request: Data, at: datetime) -> Expected:
        on = date.fromisoformat(request["requested_on"])
        held = self.history.judged_on(on)
        program = self._program(request, held, on, at)
        standing = self.history.holding_on(self._days.day_of(at)).standing
        codes = {code for code in _failed(request, held, program, on) if code}
        if standing != "accepted":
            codes.add(_STANDING_CODES[standing])
        if any(self._open(at)):
            codes.add("CASE-EXISTS")
        return Expected(at, program["program"] if program else None, frozenset(codes))

    def _program(self, request: Data, held: Holding, on: date, at: datetime) -> Data | None:
        """The rule's answer: the first program in force that fits."""
        for program in self._known.programs(on, at):
            areas = (program.get("choice") or {}).get("areas_of") or ()
            covered = self._known.has_area(areas, held.community, on, at)
            if held.injury and published_register.fits(
                program, covered=covered, injury=held.injury, barriers=request.get("barriers") or ()
            ):
                return program
        return None


def _failed(request: Data, held: Holding, program: Data | None, on: date) -> Iterator[str]:
    """The codes of the criteria of the right program, and of another one being wanted."""
    criteria = (program or {}).get("criteria") or {}
    injury = held.injury or {}
    if program and request.get("program_wanted") not in {None, program["program"]}:
        yield "PROGRAM-OTHER"
    if criteria.get("accepted_area", True) and not _sides(injury) <= {
        place for part, side in held.areas for place in _sides({"body_part": part, "side": side})
    }:
        yield "INJ-AREA"
    if any(_is_early(wait, injury, on) for wait in criteria.get("waits") or ()):
        yield "EARLY"
    if injury.get("nature") in (criteria.get("natures_not_taken") or ()):
        yield "NATURE"
    if set(request.get("barriers") or ()) & set(criteria.get("barriers_not_taken") or ()):
        yield "BARRIER"


def _is_early(wait: Data, injury: Data, on: date) -> bool:
    concerned = not wait.get("natures") or injury["nature"] in wait["natures"]
    return concerned and on < date.fromisoformat(injury["occurred_on"]) + timedelta(weeks=wait["weeks"])


def _sides(place: Data) -> set[tuple[str, str]]:
    """Both is left and right."""
    sides = "LR" if place.get("side") == "B" else place.get("side", "")
    return {(place["body_part"], side) for side in sides}
