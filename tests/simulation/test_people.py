"""What people seldom do, and what they do wrong: seeded, and after things that are announced."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from simulation import bills, mistakes, rarities
from simulation.agenda import Agenda
from simulation.case import Case, Line
from simulation.mistakes import MISTAKES, Slip
from simulation.topics import Announced, announced
from tests.simulation.world import World, at

SCHEMAS = Path(__file__).parents[2] / "shared" / "events" / "schemas"
LINE = Line("O1-DAY", date(2024, 10, 7), Decimal(1), 9600, None)


def case() -> Case:
    return Case("R-24-AAAAAAAA", "r", started_on=date(2024, 10, 1), planned_end=date(2024, 11, 1))


def test_whatever_people_react_to_is_announced() -> None:
    known = {file.name.split(".")[2] for file in SCHEMAS.glob("rehab.*.json")}
    assert {*rarities.RARELY, *(mistake.after for mistake in MISTAKES.values())} <= known


@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_says_something_or_nothing(name: str) -> None:
    about = "1" if MISTAKES[name].after.startswith("plan-") else "x"
    known = case()
    known.lines[1] = [{"line": "1", "units": "3"}, {"line": "2", "units": "1"}]
    call = MISTAKES[name].words(Slip(about, date(2024, 10, 8), known, {}))
    assert call is None or call.role in {"clinician", "biller", "claims_officer"}


def test_the_same_seed_makes_the_same_mistakes() -> None:
    world = World()
    data = {"report": "initial", "kind": "initial"}
    world.announce("program.report-accepted", "r", at("2024-10-08"), data)
    one: Announced = announced(world.lying[0])
    plans = []
    for _ in range(2):
        agenda = Agenda(5, 60)
        for number in range(60):
            known = Case(f"R-{number}", "r")
            mistakes.err(agenda, one, known, at("2024-10-08"))
        plans.append([agenda.due(at("2025-10-08"))])
    assert plans[0] == plans[1] != [{}]


def test_most_invoices_are_right_and_some_are_not() -> None:
    minds = [Random(f"{n}") for n in range(400)]
    lines = [LINE._replace(service_on=LINE.service_on + timedelta(days=n)) for n in range(400)]
    written = bills.spoiled_lines(Agenda(1, 30), lines, case())
    wrong = len(written) - sum(line == meant for line, meant in written[: len(lines)])
    body = {"number": "1", "invoiced_on": "2024-10-08", "lines": [LINE.as_body("1")], "cents": 9600}
    refused = sum(bills.spoiled(mind, body, case()) != body for mind in minds)
    assert 5 < wrong < 40
    assert 20 < refused < 120
