"""How an invoice goes wrong: in its whole, so that it comes back, or in a line, which is denied or cut."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any, TypeAlias

from simulation.actors.agenda import Agenda
from simulation.actors.case import Case, Line

Body: TypeAlias = dict[str, Any]
_DAY = timedelta(days=1)
_RIGHT = 80  # of a hundred invoices
_RIGHT_LINES = 380  # of four hundred lines
_LINES: Mapping[str, tuple[int, Callable[[Line, Case], Line]]] = {
    "price": (4, lambda line, _: line._replace(cents=line.cents + 1000)),
    "code": (1, lambda line, _: line._replace(code="NONE")),
    "discipline": (1, lambda line, _: line._replace(discipline="naturopath")),
    "before": (1, lambda line, _: line._replace(service_on=line.service_on - 9 * _DAY)),
    "long-before": (1, lambda line, _: line._replace(service_on=line.service_on - 1500 * _DAY)),
    "units": (1, lambda line, _: line._replace(units=line.units * 3)),
    "missed": (1, lambda line, case: line._replace(service_on=_not_there(line, case))),
}
_WHOLES: Mapping[str, tuple[int, Callable[[Body, Case], Body]]] = {
    "sum": (2, lambda body, _: {**body, "cents": body["cents"] + 1}),
    "ahead": (1, lambda body, _: {**body, "invoiced_on": "2099-01-01"}),
    "nothing": (1, lambda body, _: {**body, "lines": [], "cents": 0}),
    "number": (1, lambda body, case: {**body, "number": f"{case.number.removeprefix('R-')}-1"}),
    "no-units": (1, lambda body, _: _with_first(body, units="0")),
    "back": (1, lambda body, _: {**body, "invoiced_on": "2020-01-01"}),
    "below": (
        1,
        lambda body, _: _with_first({**body, "cents": body["cents"] - body["lines"][0]["cents"] - 1}, cents=-1),
    ),
}


def _not_there(line: Line, case: Case) -> Any:  # noqa: ANN401 - a day
    """The last day before on which the worker did not come, where there is one."""
    missed = [on for on, status in case.days.items() if status != "attended" and on < line.service_on]
    return max(missed, default=line.service_on)


def _with_first(body: Body, **changed: Any) -> Body:  # noqa: ANN401 - members of a line
    first, *others = body["lines"]
    return {**body, "lines": [{**first, **changed}, *others]}


def spoiled_lines(agenda: Agenda, lines: Sequence[Line], case: Case) -> list[tuple[Line, Line]]:
    """As they are written, beside what was meant: now and then one is wrong, or stands there twice.

    A service is written wrongly whichever invoice it stands in, so that two plays go wrong alike.
    """
    weights = (_RIGHT_LINES, 3, *(weight for weight, _ in _LINES.values()))
    written: list[tuple[Line, Line]] = []
    for line in lines:
        mind = agenda.mind(case, f"line {case.service(line.code, line.service_on)}")
        how = mind.choices(("", "double", *_LINES), weights)[0]
        written += [(line, line)] * 2 if how == "double" else [(_LINES[how][1](line, case) if how else line, line)]
    return written


def spoiled(mind: Random, body: Body, case: Case) -> Body:
    """As it is sent: now and then it is no invoice."""
    how = mind.choices(["", *_WHOLES], (_RIGHT, *(weight for weight, _ in _WHOLES.values())))[0]
    return _WHOLES[how][1](body, case) if how else body
