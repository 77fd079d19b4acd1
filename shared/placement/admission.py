"""The admission of a request: every failed criterion, each with the smallest change that passes."""

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
    """A request to be judged, with the claim's interval of today (`holding`) and of any day (`on`)."""

    requested_on: date
    wanted: Program | None
    barriers: Sequence[Barrier]
    holding: Interval | None
    on: Callable[[date], Interval | None]
    open_referral: str | None = None


class AdmissionResult(NamedTuple):
    """The program chosen by the rule, every failed criterion, and the receipt."""

    program: ProgramPublished | None
    failures: tuple[Failure, ...]
    receipt: Receipt


def judge(register: Register, application: Application) -> AdmissionResult:
    """Judge a request by the claim as of its own day, except for the standing, which is that of the day of decision."""
    at = application.on(application.requested_on)
    if at is None or at.injury is None or at.community is None:
        return AdmissionResult(None, tuple(_standing(application)), Receipt(override_by=OVERRIDE))
    asked = Asked(application.requested_on, at.community, at.injury, application.barriers)
    chosen = choose(register, asked)
    failures = [*_standing(application), *_open(application)]
    if chosen.program:
        criteria = _Criteria(chosen.program, application, at.injury, at.areas)
        failures += _dated(register, application, criteria.failures())
    return AdmissionResult(chosen.program, tuple(failures), _receipt(chosen.program, chosen.fired, asked, failures))


def _standing(application: Application) -> Iterator[Failure]:
    """Yield a failure if the claim is not accepted on the day of decision; without a standing it counts as pended."""
    standing = application.holding.standing if application.holding else "pended"
    if code := _STANDINGS.get(standing):
        yield Failure(
            code=code,
            field="claim_number",
            rule=f"the claim is {_CLAIM.sentence(standing)}",
            fix="ask again once the claim is accepted",
        )


def _open(application: Application) -> Iterator[Failure]:
    """Yield a failure if a referral of the claim is open."""
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
        """Return one failure for each failed criterion, however many of its values fail."""
        tests = (self._other(), self._area(), self._early(), self._nature(), self._barrier())
        return [failure for failure in tests if failure]

    def _other(self) -> Failure | None:
        """Return a failure if another program was asked for than the rule's."""
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
        """Return a failure if an injured side is not accepted; both sides are left and right."""
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
        """Return a failure if the request comes before the program's wait after the injury is over."""
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
        """Return the first day by which every wait for the nature of injury is over."""
        waits = [w.weeks for w in self.program.criteria.waits if not w.natures or self.injury.nature in w.natures]
        return self.injury.occurred_on + timedelta(weeks=max(waits, default=0))

    def _nature(self) -> Failure | None:
        """Return a failure if the program does not take the nature of injury."""
        if self.injury.nature not in self.program.criteria.natures_not_taken:
            return None
        return Failure(
            code="NATURE",
            field="injury.nature",
            rule=f"{_PROGRAMS.short(self.program.program)} does not take this injury: {nature(self.injury.nature)}",
            fix="choose treatment outside the program, or have the injury put right on the claim",
        )

    def _barrier(self) -> Failure | None:
        """Return a failure if the program does not take a barrier."""
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
    """Return left and right for both sides."""
    return ("L", "R") if side == "B" else (side,)


_PASSES_WITH_TIME = frozenset({"EARLY", "NATURE", "BARRIER", "PROGRAM-OTHER"})


def _dated(register: Register, application: Application, failures: Sequence[Failure]) -> list[Failure]:
    """Add to failures that pass with time the first day on which the same request passes under that day's programs."""
    if not any(f.code in _PASSES_WITH_TIME for f in failures):
        return list(failures)
    day = _passes_on(register, application)
    dated = [f.model_copy(update={"passes_on": day}) if f.code in _PASSES_WITH_TIME else f for f in failures]
    if not any(f.code == "EARLY" for f in dated):
        return dated
    by_rule = {"fix": "leave the program to the rule"}
    dated = [f.model_copy(update=by_rule) if f.code == "PROGRAM-OTHER" else f for f in dated]
    return [_with_day(f, register, application, day) if f.code == "EARLY" else f for f in dated]


def _with_day(early: Failure, register: Register, application: Application, day: date | None) -> Failure:
    """Return an early failure with a fix that names the day on which the request passes, as made or by the rule."""
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
    """Return the rule's program on a day, or None."""
    at = application.on(day)
    if at is None or at.injury is None or at.community is None:
        return None
    chosen = choose(register, Asked(day, at.community, at.injury, application.barriers)).program
    return chosen.program if chosen else None


def _passes_on(register: Register, application: Application) -> date | None:
    """Return the first day within a year on which no criterion that passes with time fails, or None."""
    first, last = application.requested_on, application.requested_on + _HORIZON
    days = set(register.turning_days(first, last))
    at = application.on(first)
    if at and at.injury:
        waits = {w.weeks for versions in register.programs.values() for p in versions for w in p.criteria.waits}
        days |= {d for w in waits if first < (d := at.injury.occurred_on + timedelta(weeks=w)) <= last}
    return next((day for day in sorted(days) if _passes(register, application._replace(requested_on=day))), None)


def _passes(register: Register, application: Application) -> bool:
    """Return whether no criterion that passes with time fails on the day of the application."""
    at = application.on(application.requested_on)
    if at is None or at.injury is None or at.community is None:
        return False
    chosen = choose(register, Asked(application.requested_on, at.community, at.injury, application.barriers))
    if chosen.program is None:
        return False
    failures = _Criteria(chosen.program, application, at.injury, at.areas).failures()
    return not any(f.code in _PASSES_WITH_TIME for f in failures)


def _receipt(
    program: ProgramPublished | None, fired: Sequence[Fired], asked: Asked, failures: Sequence[Failure]
) -> Receipt:
    """Return the rules fired, data used, versions, who may override, and what could not be judged."""
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
