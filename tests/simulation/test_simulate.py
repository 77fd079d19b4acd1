"""The whole system on a stack of its own: every oddity played, and the books balanced."""

import json
from datetime import date
from pathlib import Path

import pytest

from simulation import capture
from simulation.generate import Plan, generate
from simulation.simulate import Order, simulate


@pytest.mark.stack
def test_a_capture_of_every_oddity_balances(tmp_path: Path) -> None:
    """Across the change of programs, with bad records of every kind and clinics that accept, decline and sleep."""
    order = Order(tmp_path / "feed.jsonl.gz", report=tmp_path / "report.json", decisions=tmp_path / "decisions.json")
    capture.write(order.feed, generate(Plan(seed=4, from_on=date(2024, 10, 29), days=4, claims=60)))
    balanced = simulate(order)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["faults"] == []
    assert balanced
    assert report["requests"] == report["admitted"] + report["not_admitted"] + report["without_claim"]
    assert report["requests"] == len(json.loads((tmp_path / "decisions.json").read_text()))
    assert 0 < report["accepted"] <= report["admitted"]
    assert report["notices"] >= report["offers"] >= report["accepted"]
    assert report["parked"] >= 57
    assert report["counted_unknown"] == 7


@pytest.mark.stack
@pytest.mark.long
def test_the_books_balance_though_services_and_servers_are_killed_all_the_while(tmp_path: Path) -> None:
    order = Order(tmp_path / "feed.jsonl.gz", report=tmp_path / "report.json", kill_every=5)
    capture.write(order.feed, generate(Plan(seed=5, from_on=date(2024, 10, 29), days=2, claims=60)))
    assert simulate(order), (tmp_path / "report.json").read_text()
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["kills"] > 0
    assert report["paid_cents"] > 0


@pytest.mark.stack
@pytest.mark.long
def test_with_one_partition_the_same_feed_and_seed_give_the_same_decisions_and_cents(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl.gz"
    capture.write(feed, generate(Plan(seed=6, from_on=date(2024, 10, 29), days=4, claims=60)))
    told = []
    for n in range(2):
        order = Order(feed, decisions=tmp_path / f"{n}.json", partitions=1)
        assert simulate(order)
        told.append(json.loads((tmp_path / f"{n}.json").read_text()))
    assert told[0] == told[1]
    assert sum(invoice["paid_cents"] for one in told[0] for invoice in one.get("invoices", ())) > 0
