"""Whether a request is admitted: every failed criterion, each with the smallest change that passes."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from shared.codes import code_list
from shared.codes.injuries import body_part, nature
from shared.domain import wording
from shared.events.program import ProgramPublished
from shared.events.values import Area, Barrier, Failure, Fired, Injury, Interval, Program, Receipt
from shared.placement.register import Register
from shared.placement.selection import Asked, choose

OVERRIDE = ("claims officer",)
_PROGRAMS, _BARRIERS = code_list("programs"), code_list("barriers")
_CLAIM, _BODY_SIDES = code_list("claim-standings"), code_list("body-sides")
_STANDINGS = {
    "pended": "CLM-PEND",
    "suspended": "CLM-SUSPENDED",
    "disallowed": "CLM-DISALLOWED",
    "closed": "CLM-CLOSED",
}
_HORIZON = timedelta(days=366)


class Application(NamedTuple):
    """A request as it is judged: what it asks, and what holds on the claim on a day."""

    requested_on: date
    wanted: Program | None
    barriers: Sequence[Barrier]
    holding: Interval | None
    on: Callable[[date], Interval | None]
    open_referral: str | None = None


class AdmissionResult(NamedTuple):
    """The rule's program, every failed criterion, and the receipt."""

    program: ProgramPublished | None
    failures: tuple[Failure, ...]
    receipt: Receipt


def judge(register: Register, application: Application) -> AdmissionResult:
    """What holds on the day of the request decides, but for the claim's standing, which is that of the decision."""
    at = application.on(application.requested_on)
    if at is None or at.injury is None or at.community is None:
        return AdmissionResult(None, tuple(_standing(application)), Receipt(override_by=OVERRIDE))
    asked = Asked(application.requested_on, at.community, at.injury, application.barriers)
    chosen = choose(register, asked)
    failures = [*_standing(application), *_open(application)]
    if chosen.program:
        found = _Criteria(chosen.program, application, at.injury, at.areas)
        failures += _dated(register, application, found.failures())
    return AdmissionResult(chosen.program, tuple(failures), _receipt(chosen.program, chosen.fired, asked, failures))


def _standing(application: Application) -> Iterator[Failure]:
    """The claim on the day of the decision; where nothing holds yet it is as pended."""
    standing = application.holding.standing if application.holding else "pended"
    if code := _STANDINGS.get(standing):
        yield Failure(
            code=code,
            field="claim_number",
            rule=f"the claim is {_CLAIM.sentence(standing)}",
            fix="ask again once the claim is accepted",
        )


def _open(application: Application) -> Iterator[Failure]:
    """One referral of a claim at a time."""
    if application.open_referral:
        yield Failure(
            code="CASE-EXISTS",
            field="claim_number",
            rule=f"referral {application.open_referral} of the claim is open, and a claim has one at a time",
            fix=f"go on with {application.open_referral}, or withdraw it first",
        )


class _Criteria(NamedTuple):
    """The criteria of one program for one request."""

    program: ProgramPublished
    application: Application
    injury: Injury
    areas: Sequence[Area]

    def failures(self) -> list[Failure]:
        """One for each failed criterion, however many of its values fail."""
        tests = (self._other(), self._area(), self._early(), self._nature(), self._barrier())
        return [failure for failure in tests if failure]

    def _other(self) -> Failure | None:
        """Another program was asked for than the rule's."""
        wanted, right = self.application.wanted, self.program
        if wanted in {None, right.program}:
            return None
        name = _PROGRAMS.short(right.program)
        return Failure(
            code="PROGRAM-OTHER",
            field="program_wanted",
            rule=f"{_PROGRAMS.short(wanted)} was asked for; by community, injury and barriers it is {name}",
            fix=f"ask for {name}, or leave the program to the rule",
        )

    def _area(self) -> Failure | None:
        """Every injured side must be accepted; both sides are left and right."""
        if not self.program.criteria.accepted_area:
            return None
        accepted = {(a.body_part, side) for a in self.areas for side in _sides(a.side)}
        missing = [s for s in _sides(self.injury.side) if (self.injury.body_part, s) not in accepted]
        if not missing:
            return None
        sides = wording.together(filter(None, map(_BODY_SIDES.sentence, missing)))
        place = ", ".join(filter(None, (body_part(self.injury.body_part), sides)))
        return Failure(
            code="INJ-AREA",
            field="accepted_areas",
            rule=f"what was injured is not accepted on the claim: {place}",
            fix="have it accepted on the claim",
        )

    def _early(self) -> Failure | None:
        """So many calendar weeks from the injury to the request."""
        ready = self.ready_on()
        if self.application.requested_on >= ready:
            return None
        weeks = (ready - self.injury.occurred_on).days // 7
        name, wait = _PROGRAMS.short(self.program.program), wording.counted(weeks, "week")
        rule = f"{name} takes this injury {wait} after it at the earliest"
        return Failure(
            code="EARLY",
            field="requested_on",
            rule=rule,
            fix="ask the claims officer about other treatment until then",
        )

    def ready_on(self) -> date:
        """The first day by which every wait that concerns the nature is over."""
        waits = [w.weeks for w in self.program.criteria.waits if not w.natures or self.injury.nature in w.natures]
        return self.injury.occurred_on + timedelta(weeks=max(waits, default=0))

    def _nature(self) -> Failure | None:
        """Some natures are not taken."""
        if self.injury.nature not in self.program.criteria.natures_not_taken:
            return None
        return Failure(
            code="NATURE",
            field="injury.nature",
            rule=f"{_PROGRAMS.short(self.program.program)} does not take this injury: {nature(self.injury.nature)}",
            fix="choose treatment outside the program, or have the injury put right on the claim",
        )

    def _barrier(self) -> Failure | None:
        """Some barriers are beyond a program."""
        beyond = [b for b in self.application.barriers if b in self.program.criteria.barriers_not_taken]
        if not beyond:
            return None
        named = wording.together(map(_BARRIERS.sentence, beyond))
        return Failure(
            code="BARRIER",
            field="barriers",
            rule=f"{_PROGRAMS.short(self.program.program)} does not take this: {named}",
            fix="choose treatment outside the program, or ask again once it is overcome",
        )


def _sides(side: str) -> tuple[str, ...]:
    """Both sides are left and right."""
    return ("L", "R") if side == "B" else (side,)


_CURED_BY_TIME = frozenset({"EARLY", "NATURE", "BARRIER", "PROGRAM-OTHER"})


def _dated(register: Register, application: Application, failures: Sequence[Failure]) -> list[Failure]:
    """What time cures names the first day on which the same request would pass under the programs of that day."""
    if not any(f.code in _CURED_BY_TIME for f in failures):
        return list(failures)
    day = _passes_on(register, application)
    told = [f.model_copy(update={"passes_on": day}) if f.code in _CURED_BY_TIME else f for f in failures]
    if not any(f.code == "EARLY" for f in told):
        return told
    by_rule = {"fix": "leave the program to the rule"}
    told = [f.model_copy(update=by_rule) if f.code == "PROGRAM-OTHER" else f for f in told]
    return [_with_day(f, register, application, day) if f.code == "EARLY" else f for f in told]


def _with_day(early: Failure, register: Register, application: Application, day: date | None) -> Failure:
    """The fix of what was asked too early: a day on which it passes, as it was asked or with the rule's program."""
    free = day or _passes_on(register, application._replace(wanted=None))
    if free is None:
        return early
    before, then = (
        _program_on(register, application, application.requested_on),
        _program_on(register, application, free),
    )
    fix = f"ask again on {wording.day(free)}"
    fix += "" if before == then else f", when {_PROGRAMS.short(then)} takes it"
    fix += "" if day else ", and leave the program to the rule"
    return early.model_copy(update={"fix": fix})


def _program_on(register: Register, application: Application, day: date) -> Program | None:
    """The rule's program on a day."""
    at = application.on(day)
    if at is None or at.injury is None or at.community is None:
        return None
    chosen = choose(register, Asked(day, at.community, at.injury, application.barriers)).program
    return chosen.program if chosen else None


def _passes_on(register: Register, application: Application) -> date | None:
    """The first day, within a year, on which nothing that time cures fails any more."""
    first, last = application.requested_on, application.requested_on + _HORIZON
    days = set(register.turning_days(first, last))
    at = application.on(first)
    if at and at.injury:
        waits = {w.weeks for versions in register.programs.values() for p in versions for w in p.criteria.waits}
        days |= {d for w in waits if first < (d := at.injury.occurred_on + timedelta(weeks=w)) <= last}
    return next((day for day in sorted(days) if _passes(register, application._replace(requested_on=day))), None)


def _passes(register: Register, application: Application) -> bool:
    """Whether nothing that time cures fails on the day of the application."""
    at = application.on(application.requested_on)
    if at is None or at.injury is None or at.community is None:
        return False
    chosen = choose(register, Asked(application.requested_on, at.community, at.injury, application.barriers))
    if chosen.program is None:
        return False
    found = _Criteria(chosen.program, application, at.injury, at.areas).failures()
    return not any(f.code in _CURED_BY_TIME for f in found)


def _receipt(
    program: ProgramPublished | None, fired: Sequence[Fired], asked: Asked, failures: Sequence[Failure]
) -> Receipt:
    """Rules fired, data used, versions, who may override, and what nobody could judge."""
    return Receipt(
        rules=(*fired, *(Fired(rule=f.code, said=f.rule, passed=False) for f in failures)),
        inputs={
            "requested_on": asked.on.isoformat(),
            "community": asked.community,
            "nature": asked.injury.nature,
            "body_part": asked.injury.body_part,
            "injured_on": asked.injury.occurred_on.isoformat(),
            "barriers": ", ".join(asked.barriers),
        },
        versions={program.program: program.revision} if program else {},
        override_by=OVERRIDE,
        not_judged=program.criteria.not_judged if program else (),
    )
