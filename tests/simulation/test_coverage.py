"""What was never seen is told; what nobody knows is a fault."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.codes import code_list
from simulation.audit import machines, path
from simulation.audit.coverage import coverage, in_words, unknown
from simulation.audit.observations import Books
from simulation.audit.refusals import CODES, INVOICE, PROGRAM, REFERRAL, REPORTS
from tests.simulation.world import World, at

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "shared"
OF_ALL = ROOT / "shared" / "domain" / "decision.py"  # what every service refuses
TERMS = "TERMS"  # no code: the name of a wait
NOT_SAID_YET = "referral-closed-not-started"


def codes_of(*places: Path) -> set[str]:
    """Every text in a source that looks like a code."""
    return {
        code for place in places for file in ([place] if place.is_file() else place.glob("*.py")) for code in _of(file)
    }


def _of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and re.fullmatch(r"[A-Z]{2,}(-[A-Z]+)*", text):
            yield text


def domain(service: str) -> Path:
    return ROOT / "services" / service / "domain"


def test_the_codes_written_down_are_those_of_the_rules_and_of_the_list_for_reports() -> None:
    returned = set(code_list("return-reasons").codes)
    assert returned == REPORTS
    said = returned | codes_of(
        *(domain(service) for service in ("referral", "program", "invoice")),
        SHARED / "placement" / "admission.py",
        *(SHARED / "billing" / f"{name}.py" for name in ("adjudication", "payable", "fees")),
        OF_ALL,
    )
    assert said - {TERMS} == {code for codes in CODES.values() for code in codes}


@pytest.mark.parametrize(("service", "codes"), [("referral", REFERRAL), ("program", PROGRAM), ("invoice", INVOICE)])
def test_a_service_refuses_by_codes_of_its_own_source(service: str, codes: frozenset[str]) -> None:
    assert codes <= codes_of(domain(service), OF_ALL)


def test_every_step_is_an_event_that_is_announced() -> None:
    steps = [path.STEPS, *(machine.steps for those in machines.MACHINES.values() for machine in those)]
    words = {words.split(" ")[0] for machine in steps for takes in machine.values() for words in takes}
    schemas = ROOT / "shared" / "events" / "schemas"
    known = {file.name.split(".")[2] for file in schemas.glob("**/rehab.*.json")}
    assert words - known == {NOT_SAID_YET}


def test_a_step_that_was_taken_is_seen_and_another_is_listed() -> None:
    world = World()
    world.announce("program.plan-submitted", "r", at("2024-10-07"), {"plan": 1, "amends": None, "lines": []})
    world.announce("program.plan-declined", "r", at("2024-10-08"), {"plan": 1})
    found = coverage(Books(world.lying, at("2024-10-09")))["steps of plan"]
    assert found.times["SUBMITTED: plan-declined"] == 1
    assert "SUBMITTED: plan-deemed-approved" in found.unseen
    assert "steps of plan: 2 of" in in_words({"steps of plan": found})


def test_a_step_that_may_not_be_taken_is_a_fault() -> None:
    world = World()
    world.announce("program.obligation-scheduled", "r", at("2024-10-07"), {"report": "initial"})
    world.announce("program.report-accepted", "r", at("2024-10-08"), {"report": "initial", "kind": "initial"})
    books = Books(world.lying, at("2024-10-09"))
    assert list(machines.legal(books)) == ["the report r/initial is OPEN and takes report-accepted"]


def test_a_code_that_is_refused_by_is_seen_and_an_unknown_one_is_a_fault() -> None:
    world = World()
    for code in ("REF-STATE", "NEVER-HEARD"):
        reasons = {"action_id": code, "action_key": "r", "reasons": [{"code": code}]}
        world.announce("referral.action-refused", "r", at("2024-10-07"), reasons)
    books = Books(world.lying, at("2024-10-09"))
    assert coverage(books)["actions refused by referral"].times["REF-STATE"] == 1
    assert len(list(unknown(books))) == 1
