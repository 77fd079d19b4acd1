"""One service is away for simulated days: the books balance, and no outcome is another than without the absence."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from simulation.audit.compare import differences
from simulation.claims_system import capture
from simulation.claims_system.generate import Plan, generate
from simulation.clients.outage import ServiceOutage
from simulation.run.simulate import Order, simulate

pytestmark = pytest.mark.stack
EVE = date(2024, 10, 29)  # the program changes three days later
FEW = Plan(99, EVE, 3, 8)


class Played(NamedTuple):
    """A feed played to its end: what the auditor counted, and what became of every request."""

    report: dict[str, Any]
    decisions: list[dict[str, Any]]


class Feed(NamedTuple):
    """Requests on both sides of the change of programs, and how they end when nobody is away."""

    path: Path
    undisturbed: Played


def play(feed: Path, folder: Path, away: ServiceOutage | None = None) -> Played:
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
    return generated(tmp_path_factory.mktemp("small"), FEW)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    return generated(tmp_path_factory.mktemp("larger"), Plan(7, EVE, 3, 40))


def disturbed(feed: Path, folder: Path, away: ServiceOutage) -> Played:
    """A play in which people did something meanwhile, and whose books balance."""
    played = play(feed, folder, away)
    instants = [act["at"] for one in played.decisions for act in one.get("acts", {}).values()]
    assert any(away.begins_at < datetime.fromisoformat(at) < away.ends_at for at in instants)
    assert played.report["faults"] == []
    assert played.report["paid_cents"] > 0
    return played


def changes(feed: Feed, folder: Path, said: str) -> list[str]:
    """Return what an absence changed that it may not."""
    away = ServiceOutage.of(said)
    assert feed.undisturbed.report["faults"] == []
    return differences(feed.undisturbed.decisions, disturbed(feed.path, folder, away).decisions, away.service)


def test_the_books_balance_though_a_service_was_away_for_days(tmp_path: Path) -> None:
    """Nobody lapsed, was refused or was paid wrongly, and who asked meanwhile was answered afterwards."""
    feed = tmp_path / "feed.jsonl.gz"
    capture.write(feed, generate(FEW))
    played = disturbed(feed, tmp_path, ServiceOutage.of("program:2024-11-22:5"))
    acts = [act for one in played.decisions for act in one.get("acts", {}).values()]
    assert [act["act"] for act in acts if act["answer"] is None] == []


@pytest.mark.long
@pytest.mark.parametrize("said", ["program:2024-11-22:5", "referral:2024-11-04:4"])
def test_a_service_that_was_away_for_days_changes_no_outcome(small: Feed, tmp_path: Path, said: str) -> None:
    assert changes(small, tmp_path, said) == []


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
