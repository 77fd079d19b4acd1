"""Which legal steps and which refusals a play has seen, and which it has not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from simulation.audit import machines, path
from simulation.audit.machines import Steps
from simulation.audit.observations import Books
from simulation.audit.refusals import CODES
from simulation.clients.topics import Announced

_NOBODY_SAYS = {"referral-closed-not-started"}  # there is no such event yet
_HOLDABLE = ("MATCHED", "OFFERED", "ACKNOWLEDGED", "ACCEPTED", "SCHEDULED", "UNPLACED", "ACTIVE")
_HOLDS = ("referral-held", "referral-resumed")
_ACTIONS = ("referral", "program", "invoice")


class Covered(NamedTuple):
    """How often each of all that can happen was seen."""

    times: Mapping[str, int]

    @property
    def seen(self) -> int:
        """How many of them were."""
        return sum(times > 0 for times in self.times.values())

    @property
    def unseen(self) -> list[str]:
        """Those that were not."""
        return sorted(name for name, times in self.times.items() if not times)

    def as_json(self) -> dict[str, Any]:
        """As it is reported."""
        return {"seen": self.seen, "of": len(self.times), "unseen": self.unseen}


def coverage(books: Books) -> dict[str, Covered]:
    """Steps by machine, and codes by who refuses what."""
    return {
        "steps of referral": _of_referrals(books),
        **{f"steps of {name}": one for name, one in _of_machines(books)},
        **dict(_of_codes(books)),
    }


def in_words(found: Mapping[str, Covered]) -> str:
    """A line for each, and what is not covered below it."""
    lines = []
    for name, one in found.items():
        lines.append(f"{name}: {one.seen} of {len(one.times)} seen")
        if one.unseen:
            lines.append(f"  not seen: {', '.join(one.unseen)}")
    return "\n".join(lines)


def _known(steps: Steps) -> list[str]:
    return [_step(state, words) for state, takes in steps.items() for words in takes if words not in _NOBODY_SAYS]


def _step(state: str, words: str) -> str:
    return f"{state}: {words}"


def _covered(known: Iterable[str], seen: Counter[str]) -> Covered:
    return Covered({name: seen[name] for name in known})


def _of_referrals(books: Books) -> Covered:
    seen: Counter[str] = Counter()
    for said in books.referrals.values():
        way = path.Way()
        for one in said:
            seen[_step(way.state, one.event_name)] += 1
            way.go(one)
    held = [_step(state, words) for state in _HOLDABLE for words in _HOLDS]
    return _covered([*_known(path.STEPS), *held], seen)


def _of_machines(books: Books) -> Iterator[tuple[str, Covered]]:
    seen: dict[str, Counter[str]] = {}
    for name, step in machines.gone(books.firsts):
        seen.setdefault(name, Counter())[_step(step.state, step.words)] += 1
    for those in machines.MACHINES.values():
        for machine in those:
            yield machine.name, _covered(_known(machine.steps), seen.get(machine.name, Counter()))


def _of_codes(books: Books) -> Iterator[tuple[str, Covered]]:
    found: dict[str, Counter[str]] = {name: Counter() for name in CODES}
    for one in books.firsts:
        for name, code in _codes(one):
            found[name][code] += 1
    for name, codes in CODES.items():
        yield name, _covered(sorted(codes | found[name].keys()), found[name])


def _codes(one: Announced) -> Iterator[tuple[str, str]]:
    """Every code in an announcement, with what it refuses."""
    match one.event_name:
        case "action-refused" if one.owner in _ACTIONS:
            yield from ((f"actions refused by {one.owner}", flaw["code"]) for flaw in one.data.get("reasons", ()))
        case "referral-not-admitted":
            yield from (("requests not admitted", flaw["code"]) for flaw in one.data["failures"])
        case "report-returned":
            yield from (("reports returned", flaw["code"]) for flaw in one.data["fields"])
        case "invoice-returned":
            yield from (("invoices returned", flaw["code"]) for flaw in one.data["fields"])
        case "invoice-adjudicated":
            for line in one.data["lines"]:
                yield from (("lines denied or cut", cut["code"]) for cut in line["reasons"])


def unknown(books: Books) -> Iterator[str]:
    """A refusal by a code that nobody wrote down."""
    for one in books.firsts:
        for name, code in _codes(one):
            if code not in CODES[name]:
                yield f"{name}: {one.event_name} of {one.key} names the code {code}, which is not known"
