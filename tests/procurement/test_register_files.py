"""The register's files are checked whole before anything of them is announced, and every fault is told."""

import contextlib
import shutil
from dataclasses import fields, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.procurement.domain import Files, InvalidRegister, is_numbered, read_register
from services.procurement.store import read_files
from shared.events.procurement import (
    CalendarPublished,
    ContractActivated,
    FeeSchedulePublished,
    OrganisationRegistered,
    SiteCapacityDeclared,
    SiteOpened,
)

NETWORK = Path(__file__).parents[2] / "data" / "network"
FILES = read_files(NETWORK)
FEE = {"code": "A", "description": "a", "unit": "day", "cents": 100}
UNORDERED = [{"percent": 0}, {"late_to": 0, "percent": 100}]
TOO_MUCH = [{"late_to": 0, "percent": 101}]


def first(file: str, cells: dict[Any, Any]) -> Files:
    """The files, the first row of one of them saying something else."""
    rows = getattr(FILES, file)
    changed: dict[str, Any] = {file: [rows[0] | cells, *rows[1:]]}
    return replace(FILES, **changed)


def faults(files: Files) -> list[str]:
    with pytest.raises(InvalidRegister) as unfit:
        read_register(files)
    return [str(fault) for fault in unfit.value.args]


def test_the_files_as_shipped_are_whole() -> None:
    events = read_register(FILES)
    kinds = {type(event) for event in events}
    assert {OrganisationRegistered, SiteOpened, ContractActivated, FeeSchedulePublished, CalendarPublished} <= kinds
    assert {kind for kind in kinds if any(is_numbered(e) for e in events if type(e) is kind)} == {
        ContractActivated, FeeSchedulePublished, CalendarPublished,
    }  # fmt: skip


def test_a_pattern_of_weeks_is_a_declaration_of_every_week_a_year() -> None:
    row = {**FILES.capacity[0], "from_week": "2024-12-23", "to_week": "2025-01-06", "openings": "3"}
    declared = [e for e in read_register(replace(FILES, capacity=[row])) if isinstance(e, SiteCapacityDeclared)]
    weeks = [[(f"{week.week_on}", week.openings) for week in one.weeks] for one in declared]
    assert weeks == [[("2024-12-23", 3), ("2024-12-30", 3)], [("2025-01-06", 3)]]


@pytest.mark.parametrize(
    ("file", "cells", "fault"),
    [
        ("payees", {"organisation_id": "o-none"}, "organisation o-none is not registered"),
        ("sites", {"payee_id": "p-none"}, "payee p-none is not registered"),
        ("sites", {"email": "jos\u00e9@cedar.example"}, "letters beyond ASCII stand before the @"),
        ("sites", {"email": "desk@-cedar"}, "this is not one mail address"),
        ("sites", {"community": "Atlantis"}, "community Atlantis is not known"),
        ("sites", {"opened_on": "some day"}, "sites, line 2: opened_on"),
        ("contracts", {"sites": "s-none"}, "sites s-none are not registered"),
        ("contracts", {"communities": "Atlantis"}, "communities Atlantis are not known"),
        ("contracts", {"payee_id": "p-none"}, "payee p-none is not registered"),
        ("contracts", {"fee_schedule_id": "f-none"}, "fee schedule f-none is not published"),
        ("contracts", {"calendar_id": "c-none"}, "calendar c-none is not published"),
        ("contracts", {"effective_to": "2020-01-01", "run_off_to": ""}, "it ends before it begins"),
        ("contracts", {"run_off_to": "2024-12-01"}, "it runs off before it ends"),
        ("contracts", {"effective_to": ""}, "it runs off before it ends"),
        ("contracts", {"effective_from": "2001-01-01"}, "it begins before its fees, which hold from"),
        ("capacity", {"from_week": "2024-11-05"}, "capacity, line 2: weeks begin on a Monday"),
        ("capacity", {"to_week": "2000-01-03"}, "capacity, line 2: weeks begin on a Monday"),
        ("capacity", {"from_week": ""}, "capacity, line 2: from_week: Field required"),
        ("capacity", {"to_week": "next week"}, "capacity, line 2: to_week"),
        ("capacity", {"to_week": "2124-01-03"}, "capacity, line 2: a row covers at most 530 weeks"),
        ("capacity", {"openings": "a few"}, "capacity, line 2: openings"),
        ("capacity", {"openings": "-1"}, "capacity, line 2: openings"),
        ("capacity", {"program": "or9"}, "capacity, line 2: program"),
        ("capacity", {"site_id": "s-none"}, "capacity: site s-none is not registered"),
        ("capacity", {"openings": None}, "capacity, line 2: it has fewer cells than the first line names"),
        ("capacity", {None: ["9"]}, "capacity, line 2: it has more cells than the first line names"),
        ("holidays", {"on": "Easter"}, "holidays, line 2: on"),
        ("holidays", {"calendar_id": "c-none"}, "holidays: calendar c-none is not published"),
        ("holidays", {"on": "2031-01-01"}, "2031-01-01 lie outside the days that it knows"),
        ("calendars", {"zone": "Mars/Olympus_Mons"}, "calendars, line 2: zone: there is no such time zone"),
        ("calendars", {"zone": "America"}, "calendars, line 2: zone: there is no such time zone"),
        ("calendars", {"weekend": "5 7"}, "calendars, line 2: weekend: must leave a working day"),
        ("calendars", {"to_on": "2020-01-01"}, "it ends before it begins"),
        ("sites", {"payee_id": "p-larch"}, "payee p-larch belongs to another organisation than o-cedar"),
        ("contracts", {"payee_id": "p-larch"}, "payee p-larch belongs to another organisation than o-cedar"),
        ("contracts", {"sites": "s-vancouver-1 s-vancouver-2"}, "sites s-vancouver-2 belong to another organisation"),
        ("schedules", {"lines": [FEE, FEE]}, "A: the code stands there twice"),
        ("schedules", {"lines": [{**FEE, "cents": -1}]}, "A: cents lie under 0"),
        ("schedules", {"lines": [{**FEE, "step": "0"}]}, "or its step not above 0"),
        ("schedules", {"lines": [{**FEE, "not_with": ["B"]}]}, "A: it excludes B, which the schedule lacks"),
        ("schedules", {"lines": [{**FEE, "tiers": UNORDERED}]}, "A: its tiers go from early to late"),
        ("schedules", {"lines": [{**FEE, "tiers": TOO_MUCH}]}, "each from 0 to 100 percent"),
    ],
    ids=count(),
)
def test_everything_wrong_with_a_file_is_reported_with_its_line(file: str, cells: dict[Any, Any], fault: str) -> None:
    result = faults(first(file, cells))
    assert any(fault in one for one in result), result


def test_all_faults_are_told_at_once() -> None:
    payees, sites = first("payees", {"organisation_id": "o-none"}), first("sites", {"payee_id": "p-none"})
    both = replace(payees, sites=sites.sites)
    assert len(faults(both)) == 2


@pytest.mark.parametrize("file", ["organisations", "payees", "sites", "contracts", "schedules", "calendars"])
def test_a_document_stands_in_its_file_once(file: str) -> None:
    rows = getattr(FILES, file)
    changed: dict[str, Any] = {file: [*rows, rows[0]]}
    assert any("stands 2 times" in fault for fault in faults(replace(FILES, **changed)))


def test_no_two_rows_declare_the_same_week() -> None:
    doubled = replace(FILES, capacity=[*FILES.capacity, FILES.capacity[0]])
    assert "capacity: two rows declare the same week of site s-vancouver-1 in crrtw" in faults(doubled)


def test_the_weeks_of_one_year_are_declared_together_whatever_rows_they_stand_in() -> None:
    early = {**FILES.capacity[0], "from_week": "2024-01-01", "to_week": "2024-01-01", "openings": "1"}
    late = {**early, "from_week": "2024-03-04", "to_week": "2024-03-04", "openings": "2"}
    declared = [e for e in read_register(replace(FILES, capacity=[late, early])) if isinstance(e, SiteCapacityDeclared)]
    assert [[week.openings for week in one.weeks] for one in declared] == [[1, 2]]


CELLS = st.one_of(
    st.none(),
    st.text(),
    st.sampled_from(["", "0", "-1", "NaN", "1e400", "0001-01-01", "9999-12-31", "\0", "yes", "s-none"]),
)


@given(st.data())
def test_any_cell_of_any_file_is_taken_or_told_and_never_raised(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from([f.name for f in fields(Files) if f.name not in {"communities", "schedules"}]))
    name = data.draw(st.sampled_from([*getattr(FILES, file)[0], "another", None]))
    with contextlib.suppress(InvalidRegister):
        assert read_register(first(file, {name: data.draw(CELLS)}))


@given(st.sampled_from([{}, {"lines": "x"}, {"lines": [1]}, "x", 1, None, {"lines": [{**FEE, "cents": "NaN"}]}]))
def test_any_schedule_is_taken_or_told_and_never_raised(schedule: object) -> None:
    with pytest.raises(InvalidRegister):
        read_register(replace(FILES, schedules=[schedule]))  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("capacity.csv", None, "capacity.csv is not there"),
        ("sites.csv", "site_id\nMontréal".encode("latin-1"), "sites.csv is not written in UTF-8"),
        ("fees.toml", b"schedule = ", "fees.toml cannot be read"),
        ("fees.toml", b"", "fees.toml cannot be read: it has no list of schedules"),
        ("payees.csv", b'payee_id\n"' + b"x" * 200_000, "payees.csv cannot be read: field larger than field limit"),
    ],
    ids=count(),
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None, fault: str) -> None:
    shutil.copytree(NETWORK, tmp_path / "network")
    if content is None:
        (tmp_path / "network" / name).unlink()
    else:
        (tmp_path / "network" / name).write_bytes(content)
    with pytest.raises(InvalidRegister) as unfit:
        read_files(tmp_path / "network")
    assert any(fault in one for one in unfit.value.args), unfit.value.args
