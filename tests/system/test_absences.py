"""One service is away for simulated days: the books balance, and no outcome is another than without the absence."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from simulation import capture
from simulation.absence import Absence
from simulation.compare import differences
from simulation.generate import Plan, generate
from simulation.simulate import Order, simulate

pytestmark = pytest.mark.stack
EVE = date(2024, 10, 29)  # the program changes three days later


class Played(NamedTuple):
    """A feed played to its end: what the auditor counted, and what became of every request."""

    report: dict[str, Any]
    decisions: list[dict[str, Any]]


class Feed(NamedTuple):
    """Requests on both sides of the change of programs, and how they end when nobody is away."""

    path: Path
    undisturbed: Played


def play(feed: Path, folder: Path, away: Absence | None = None) -> Played:
    """With one partition a topic, so that two plays are the same."""
    report, decisions = folder / "report.json", folder / "decisions.json"
    simulate(Order(feed, report=report, decisions=decisions, partitions=1, away=away))
    return Played(json.loads(report.read_text()), json.loads(decisions.read_text()))


def generated(folder: Path, plan: Plan) -> Feed:
    """A feed of invented claims."""
    path = folder / "feed.jsonl.gz"
    capture.write(path, generate(plan))
    return Feed(path, play(path, folder))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    return generated(tmp_path_factory.mktemp("small"), Plan(99, EVE, 3, 8))


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    return generated(tmp_path_factory.mktemp("larger"), Plan(7, EVE, 3, 40))


def changes(feed: Feed, folder: Path, said: str) -> list[str]:
    """What an absence changed that it may not; the books balance, and people did something meanwhile."""
    away = Absence.of(said)
    disturbed = play(feed.path, folder, away)
    instants = [act["at"] for one in disturbed.decisions for act in one.get("acts", {}).values()]
    assert any(away.begins_at < datetime.fromisoformat(at) < away.ends_at for at in instants)
    assert disturbed.report["faults"] == feed.undisturbed.report["faults"] == []
    assert disturbed.report["paid_cents"] > 0
    return differences(feed.undisturbed.decisions, disturbed.decisions, away.service)


def test_a_service_that_was_away_for_days_changes_no_outcome(small: Feed, tmp_path: Path) -> None:
    assert changes(small, tmp_path, "program:2024-11-22:5") == []


@pytest.mark.long
@pytest.mark.parametrize(
    "said",
    [
        "referral:2024-11-21:5",
        "program:2024-11-21:5",
        "invoice:2024-12-16:9",
        "procurement:2024-11-21:5",
        "notification:2024-11-21:5",
    ],
)
def test_whichever_service_was_away_for_days_no_outcome_changes(larger: Feed, tmp_path: Path, said: str) -> None:
    assert changes(larger, tmp_path, said) == []
