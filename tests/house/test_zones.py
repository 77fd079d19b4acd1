"""Days are those of the locked zone tables, whatever the machine's own tables say."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

import pytest
import yaml

import zonetables
from deploy.local.processes import ROOT, Process
from services.portal.pages.rendering import rendered
from shared.domain.calendar import PACIFIC, Calendar
from tests.deploy.files import stages

OURS = ("shared", "services", "simulation", "deploy", "benchmarks", "tests")
PACKAGES = ("shared", "simulation", "deploy.local", "deploy.image", "tests")  # each imports the tables first
_CONVERSIONS = re.compile(
    r"\bAT\s+TIME\s+ZONE\b|\bAT\s+LOCAL\b|\btimezone\s*\(|\bSET\s+(?:LOCAL\s+|SESSION\s+)?TIME\s*ZONE\b"
    r"|\bdate_trunc\s*\(|\bto_char\s*\(|\bto_timestamp\s*\(|\bmake_timestamptz\s*\(|\bdate_(?:bin|part)\s*\("
    r"|\bcurrent_(?:date|time)\b|\blocaltime(?:stamp)?\b|\bextract\s*\(\s*(?!epoch)\w+\s+FROM\b"
    r"|(?:_at|\bat|now\(\)|clock_timestamp\(\))\s*::\s*(?:date|time|timestamp\b(?!tz))",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        (date(2025, 11, 3), "2025-11-03T08:00:00+00:00"),
        (date(2026, 3, 8), "2026-03-08T08:00:00+00:00"),
        (date(2026, 3, 9), "2026-03-09T07:00:00+00:00"),
        (date(2026, 11, 1), "2026-11-01T07:00:00+00:00"),
        (date(2026, 11, 2), "2026-11-02T07:00:00+00:00"),
        (date(2026, 12, 2), "2026-12-02T07:00:00+00:00"),
        (date(2027, 1, 15), "2027-01-15T07:00:00+00:00"),
        (date(2027, 7, 15), "2027-07-15T07:00:00+00:00"),
        (date(2035, 12, 31), "2035-12-31T07:00:00+00:00"),
    ],
)
def test_british_columbia_stays_seven_hours_behind_from_2026_on(day: date, begins: str) -> None:
    bc = Calendar("bc")
    assert bc.start_of(day) == datetime.fromisoformat(begins)
    assert bc.end_of(day - timedelta(days=1)) == datetime.fromisoformat(begins) - timedelta(seconds=1)
    assert bc.day_of(datetime.fromisoformat(begins)) == day
    assert bc.day_of(datetime.fromisoformat(begins) - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_this_process_knows_no_tables_but_the_locked_ones() -> None:
    assert TZPATH == ()
    assert os.environ["PYTHONTZPATH"] == ""
    assert version("tzdata") == zonetables.VERSION
    lock = (ROOT / "uv.lock").read_text()
    assert f'name = "tzdata"\nversion = "{zonetables.VERSION}"' in lock


@pytest.fixture
def old_tables(tmp_path: Path) -> Path:
    """Tables of a machine on which Vancouver keeps the time of Halifax."""
    from importlib.resources import files  # noqa: PLC0415 - needed here alone

    wrong = tmp_path / "America" / "Vancouver"
    wrong.parent.mkdir()
    wrong.write_bytes(files("tzdata.zoneinfo.America").joinpath("Halifax").read_bytes())
    return tmp_path


_ASK = """
import {package}
from datetime import datetime
from zoneinfo import ZoneInfo
import os, subprocess, sys
print(datetime(2026, 12, 1, tzinfo=ZoneInfo("America/Vancouver")).utcoffset().total_seconds())
child = [sys.executable, "-c", "import zoneinfo; print(zoneinfo.TZPATH)"]
print(subprocess.check_output(child, text=True))
"""


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_and_what_it_starts_leave_the_machines_tables_alone(package: str, old_tables: Path) -> None:
    env = {**os.environ, "PYTHONTZPATH": str(old_tables)}
    hostile = [sys.executable, "-c", _ASK.format(package="os")]
    asked = [sys.executable, "-c", _ASK.format(package=package)]
    wrong, right = (subprocess.check_output(c, cwd=ROOT, env=env, text=True).split() for c in (hostile, asked))
    assert wrong[0] == str(-4 * 3600.0)  # the tables are found where nobody forbids it
    assert right == [str(-7 * 3600.0), "()"]


def test_a_program_of_the_local_stack_is_started_without_the_machines_tables(tmp_path: Path) -> None:
    log = tmp_path / "asked.log"
    program = Process("asked", [sys.executable, "-c", "import zoneinfo; print(zoneinfo.TZPATH)"], log=log)
    program.start()
    program._popen.wait(30)
    assert log.read_text() == "()\n"


def test_images_compose_and_make_set_the_machines_tables_aside() -> None:
    said = " ".join(i.rest for i in stages()["base"] if i.verb == "ENV").split()
    assert "PYTHONTZPATH=" in said
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    services = [p for p in compose["services"].values() if "REHAB_KAFKA" in (p.get("environment") or ())]
    asked = [part for part in services if "REHAB_POSTGRES" in part["environment"]]
    assert len(asked) >= 12
    assert {part["environment"]["PYTHONTZPATH"] for part in asked} == {""}
    assert re.search(r"^export PYTHONTZPATH :=$", (ROOT / "Makefile").read_text(), re.MULTILINE)


def sources(suffix: str, *folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (p for p in (ROOT / folder).rglob(f"*{suffix}") if "vendor" not in p.parts)


def test_whoever_looks_up_a_zone_has_imported_the_tables_first() -> None:
    for path in sources(".py", *OURS):
        tree = ast.parse(path.read_text())
        imported = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        if "zoneinfo" in imported and path.name != "zonetables.py":
            parts = path.relative_to(ROOT).parts
            inside = ".".join(parts[:2] if parts[0] == "deploy" else parts[:1]) in PACKAGES
            assert inside or any(name.partition(".")[0] in {"shared", "simulation"} for name in imported), path


@pytest.mark.parametrize(
    "text",
    [
        "SELECT at AT TIME ZONE 'America/Vancouver'",
        "SELECT timezone('UTC', at)",
        "SELECT due_at::date",
        "SELECT date_trunc('day', at)",
        "SELECT to_char(at, 'YYYY')",
        "SET TIME ZONE 'PST8PDT'",
        "WHERE on_day = current_date",
        "SELECT extract(hour FROM at)",
        "SELECT now()::date",
    ],
)
def test_a_statement_that_converts_zones_would_be_found(text: str) -> None:
    assert _CONVERSIONS.search(text)
    assert not _CONVERSIONS.search("SELECT $1::date[], extract(epoch FROM at)::float, $2::timestamptz, at FROM t")


def test_no_statement_converts_zones_for_the_database_has_tables_of_its_own() -> None:
    found = [*sources(".sql", "shared", "services", "deploy"), *sources(".py", "shared", "services")]
    assert len(found) > 150
    assert [path for path in found if _CONVERSIONS.search(path.read_text())] == []


def test_the_foot_of_a_page_says_which_tables_are_loaded() -> None:
    assert f"by the time zone tables {zonetables.VERSION}." in rendered("base.html", {"path": "/", "now": None})


def test_a_day_of_the_locked_tables_is_the_same_in_any_zone_of_the_machine() -> None:
    env = {**os.environ, "TZ": "Asia/Tokyo"}
    asked = [sys.executable, "-c", _ASK.format(package="shared")]
    assert subprocess.check_output(asked, cwd=ROOT, env=env, text=True).split()[0] == str(-7 * 3600.0)
    assert datetime(2026, 12, 1, tzinfo=ZoneInfo(PACIFIC)).astimezone(UTC).hour == 7
