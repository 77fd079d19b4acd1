"""The whole way on a stack of its own: from claims to payments, balanced to the cent, and nobody's name got out."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import asyncpg
import httpx2
import pytest

from deploy.local import commands, rights
from deploy.local.processes import ROOT
from deploy.local.rights import SERVICES
from deploy.local.stack import Stack
from simulation.audit import pii_scan
from simulation.audit.read_model_rebuild import differences
from simulation.audit.reconcile import Report, reconcile
from simulation.claims_system import capture
from simulation.claims_system.capture import Captured
from simulation.claims_system.feed import Stretch, select
from simulation.clients.clock_file import ClockFile
from simulation.run import session
from simulation.run.play import TWICE_A_DAY, Manner

pytestmark = pytest.mark.stack
WEEK = Stretch.of(date(2024, 10, 21), 7)  # accepted before the program changes, requested on both sides of it
LEAST_NOTICES = 5


class Played(NamedTuple):
    """A week of the bundled capture, played to the last payment."""

    feed: list[Captured]
    report: Report
    stack: Stack


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("system")
    feed = select(capture.read(session.BUNDLED), WEEK)
    clock = ClockFile(folder / "clock.json")
    clock.set(feed[0].arrives_at - session.BEFORE)
    with Stack(folder, fast=True, clock=f"stepped:{clock.path}") as stack:
        commands.fill(stack.client_environment, stack.logs)
        where = session.Addresses.of(stack)
        until = asyncio.run(session.run(feed, clock, where, Manner(1, lambda _: None, TWICE_A_DAY)))
        yield Played(feed, asyncio.run(reconcile(where.broker, until=until, played=feed)), stack)


def test_the_books_balance_from_the_topics_alone(played: Played) -> None:
    assert played.report.balanced, played.report.as_json()["faults"]


def test_requests_become_accepted_referrals_and_notices(played: Played) -> None:
    said = played.report.as_json()
    assert said["requests"] == said["admitted"] + said["not_admitted"] + said["without_claim"]
    assert said["accepted"] > 0
    assert said["notices"] >= LEAST_NOTICES


def test_cases_go_from_claim_to_paid(played: Played) -> None:
    said = played.report.as_json()
    assert min(said[name] for name in ("approved_plans", "reports", "invoices", "paid_cents", "remittances")) > 0


def wanted_of(feed: list[Captured]) -> dict[str, str]:
    """Invented people have invented telephones, as the invented clinics have, and now and then the same."""
    register = ROOT / "data" / "network"
    return pii_scan.needles(feed, "".join((register / name).read_text() for name in ("sites.csv", "organisations.csv")))


def test_no_word_of_an_identity_is_on_a_topic_in_a_log_in_a_metric_or_in_a_mail(played: Played) -> None:
    wanted = wanted_of(played.feed)
    assert len(wanted) > len(played.feed)
    hits = asyncio.run(pii_scan.scan_topics(played.stack.environment["REHAB_KAFKA"], wanted))
    for place in (played.stack.logs, played.stack.folder / "mail"):
        hits += pii_scan.scan_files(place, wanted)
    for name in SERVICES:
        metrics = httpx2.get(f"http://{played.stack.http(name)}/metrics").text
        hits += pii_scan.scan(metrics, wanted, f"metrics of {name}")
    assert hits == []


def test_the_scan_for_identities_finds_one_that_is_there(played: Played, tmp_path: Path) -> None:
    wanted = wanted_of(played.feed)
    (tmp_path / "a.log").write_text(f'{{"event": "seen {next(iter(wanted)).upper()}"}}')
    assert len(pii_scan.scan_files(tmp_path, wanted)) == 1


def test_every_read_model_built_anew_from_the_topics_is_the_live_one(played: Played) -> None:
    assert differences(played.stack.client_environment) == []


@pytest.mark.parametrize(
    ("table", "spoil", "heal"),
    [
        ("program.register", "payload = payload || ' '", "payload = rtrim(payload)"),
        ("portal.papers", "revision = revision + 1", "revision = revision - 1"),
    ],
)
def test_a_row_that_somebody_changed_is_found(played: Played, table: str, spoil: str, heal: str) -> None:
    url = played.stack.environment["REHAB_POSTGRES"]
    asyncio.run(_execute(url, f"UPDATE {table} SET {spoil}"))  # noqa: S608 - our own words
    try:
        found = differences(played.stack.client_environment, [table.partition(".")[0]])
    finally:
        asyncio.run(_execute(url, f"UPDATE {table} SET {heal}"))  # noqa: S608 - our own words
    assert {told.partition(":")[0] for told in found} == {table}
    assert {told.partition(" is ")[2] for told in found} == {"missing", "not what the topics say"}


async def _execute(url: str, statement: str) -> None:
    conn = await asyncpg.connect(rights.address(url, database=rights.DATABASE, user="postgres"))
    await conn.execute(statement)
    await conn.close()


def test_a_journal_is_whole(played: Played) -> None:
    """Each service verifies its own chain, by the operator's verb."""
    for name in SERVICES:
        done = subprocess.run(
            [sys.executable, "-m", f"services.{name}.app", "journal", "verify"],
            env=played.stack.client_environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert '"broken_at":null' in done.stdout
