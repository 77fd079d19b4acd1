"""What people seldom do, and what they do wrong: seeded, and after things that are announced."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from simulation.actors import invalid_actions, invoice_errors, rare_actions
from simulation.actors.agenda import Agenda, Deed
from simulation.actors.case import Case, Line
from simulation.actors.invalid_actions import MISTAKES, Slip
from simulation.actors.reactions import scheduled
from simulation.actors.report_obligations import ReportObligations
from simulation.clients.topics import Announced, announced
from tests.simulation.world import World, at

SCHEMAS = Path(__file__).parents[2] / "shared" / "events" / "schemas"
LINE = Line("O1-DAY", date(2024, 10, 7), Decimal(1), 9600, None)


def case() -> Case:
    return Case("R-24-AAAAAAAA", "r", started_on=date(2024, 10, 1), planned_end=date(2024, 11, 1))


def test_whatever_people_react_to_is_announced() -> None:
    known = {file.name.split(".")[2] for file in SCHEMAS.glob("rehab.*.json")}
    assert {*rare_actions.RARELY, *(mistake.after for mistake in MISTAKES.values())} <= known


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
            invalid_actions.err(agenda, one, known, at("2024-10-08"))
        plans.append([agenda.due(at("2025-10-08"))])
    assert plans[0] == plans[1] != [{}]


def test_most_invoices_are_right_and_some_are_not() -> None:
    minds = [Random(f"{n}") for n in range(400)]
    lines = [LINE._replace(service_on=LINE.service_on + timedelta(days=n)) for n in range(400)]
    written = invoice_errors.spoiled_lines(Agenda(1, 30), lines, case())
    wrong = len(written) - sum(line == meant for line, meant in written[: len(lines)])
    body = {"number": "1", "invoiced_on": "2024-10-08", "lines": [LINE.as_body("1")], "cents": 9600}
    refused = sum(invoice_errors.spoiled(mind, body, case()) != body for mind in minds)
    assert 5 < wrong < 40
    assert 20 < refused < 120


def test_whoever_hears_late_does_at_once_what_is_overdue_and_the_rest_in_its_time() -> None:
    happened, heard = at("2024-11-04"), at("2024-11-08", 12)
    agenda, in_time = Agenda(1, 60), Agenda(1, 60)
    agenda.wake(heard)
    agenda.later("resume", case(), happened, 1)
    agenda.plan("officer-resume", case(), at("2024-11-12"))
    in_time.later("resume", case(), happened, 1)
    in_time.plan("officer-resume", case(), at("2024-11-12"))
    late, usual = ([deed.at for deed in one.due(at("2025-11-04"))["r"]] for one in (agenda, in_time))
    assert usual[0] < heard < late[0] < at("2024-11-08", 15)
    assert usual[1] == late[1] > heard


def test_an_act_has_the_same_key_in_every_play_and_another_one_when_it_is_done_anew() -> None:
    early, late = Deed(at("2024-11-04"), 1, "attend", "r", "1"), Deed(at("2024-11-08"), 7, "attend", "r", "1")
    one, other = case(), case()
    first, again = Agenda(1, 60).key(early, one), Agenda(1, 60).key(early, one)
    assert Agenda(1, 60).key(late, other) == first != again
    assert Agenda(1, 60).key(late._replace(about="2"), other) != first


def test_a_service_is_written_wrongly_whichever_invoice_it_stands_in() -> None:
    lines = [LINE._replace(service_on=LINE.service_on + timedelta(days=n)) for n in range(400)]
    together = invoice_errors.spoiled_lines(Agenda(1, 30), lines, case())
    alone = [written for line in lines for written in invoice_errors.spoiled_lines(Agenda(1, 30), [line], case())]
    assert together == alone


def test_an_invoice_that_came_back_frees_its_own_lines_alone() -> None:
    known, other = case(), LINE._replace(service_on=date(2024, 10, 8))
    known.billed = {(LINE.code, LINE.service_on), (other.code, other.service_on)}
    known.under_way = [("1", [LINE]), ("2", [other])]
    known.unbill(known.answered("1"))
    assert known.billed == {(other.code, other.service_on)}
    assert known.under_way == [("2", [other])]


def test_a_clinic_knows_by_its_contract_until_when_it_owes_which_report() -> None:
    world = World()
    reports = [
        {"report": "initial", "anchor": "initial-visit", "due": 5, "unit": "business-days", "ended_by": "withdrawal"},
        {"report": "follow-up", "anchor": "initial-visit", "due": 13, "unit": "weeks", "ended_by": "withdrawal"},
        {"report": "discharge", "anchor": "last-day", "due": 3, "unit": "business-days", "ended_by": ""},
    ]
    calendar = {"calendar_id": "bc", "zone": "America/Vancouver", "holidays": ["2024-11-11"]}
    world.announce("procurement.calendar-published", "bc", at("2024-01-01"), calendar)
    program = {"program": "or1", "revision": 3, "reports": reports}
    world.announce("program.program-published", "or1", at("2024-01-01"), program)
    world.announce("referral.program-started", "r", at("2024-11-06"), {"initial_visit_on": "2024-11-06"})
    world.announce("referral.program-ended", "r", at("2024-11-22"), {"last_on": "2024-11-22"})
    duties, known = ReportObligations(), case()
    known.program, known.program_revision = "or1", 3
    said: list[Announced] = [announced(lying) for lying in world.lying]
    for one in said:
        duties.hear(one)
    owed = [(owing["report"], owing["due_at"][:10]) for one in said for owing in duties.of(known, one, "bc")]
    assert owed == [("initial", "2024-11-14"), ("follow-up", "2025-02-05"), ("discharge", "2024-11-27")]


@pytest.mark.parametrize(
    ("last_on", "ended_by", "owed"),
    [
        (None, "program-end", ["progress-2"]),
        (date(2024, 11, 14), "program-end", ["progress-2"]),
        (date(2024, 11, 13), "program-end", []),
        (date(2024, 11, 13), "withdrawal", ["progress-2"]),
    ],
)
def test_nobody_writes_a_report_that_the_programs_end_has_ended(
    last_on: date | None, ended_by: str, owed: list[str]
) -> None:
    known = case()
    said = {"report": "progress-2", "due_at": at("2024-11-14", 23).isoformat(), "ended_by": ended_by}
    scheduled(Agenda(1, 60), said, known, at("2024-11-01"))
    known.last_on = last_on
    assert [report for report in known.due if known.owes(report)] == owed
