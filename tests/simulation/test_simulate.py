"""The whole system on a stack of its own: every oddity played, and the books balanced."""

import json
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from simulation.claims_system import capture, claim_histories
from simulation.claims_system.capture import Captured
from simulation.claims_system.generate import Plan, generate
from simulation.run.simulate import Order, simulate
from tests.simulation.world import World, at


@pytest.mark.stack
def test_a_capture_of_every_oddity_balances(tmp_path: Path) -> None:
    """Across the change of programs, with bad records of every kind and clinics that accept, decline and sleep."""
    order = Order(tmp_path / "feed.jsonl.gz", report=tmp_path / "report.json", decisions=tmp_path / "decisions.json")
    late = accepted_late()
    feed = [*generate(Plan(seed=4, from_on=date(2024, 10, 29), days=4, claims=60)), *late]
    capture.write(order.feed, sorted(feed, key=lambda record: record.arrives_at))
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
    decided = {one["claim_number"]: one["decision"] for one in json.loads((tmp_path / "decisions.json").read_text())}
    assert [decided[number] == "without-claim" for number in LATE] == [False, False, True, True]


LAST = at("2024-10-15", 23, 59).replace(second=59)  # of the tenth business day after the request, two holidays between
LATE = {
    "29999991": at("2024-10-15", 23, 50),
    "29999992": LAST,
    "29999993": LAST + timedelta(microseconds=1),
    "29999994": LAST + timedelta(microseconds=600),  # a topic's own clock would not tell it from the last second
}


def accepted_late() -> list[Captured]:
    """Claims that are accepted as the wait of their request ends: before it, with it, and just after."""
    feed: list[Captured] = []
    for number, arrives_at in LATE.items():
        world = World()
        worker = claim_histories.sample(Random(number), "claim-accepted", number, date(2024, 9, 10)).data["worker"]
        world.request("2024-09-27", number=number)
        world.accept("2024-10-15", number, worker=worker | {"community": "Vancouver"})
        asked, accepted = (lying.captured for lying in world.lying)
        feed += [asked, accepted._replace(arrives_at=arrives_at)]
    return feed


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
