"""The register's files are checked whole before anything of them is announced, and every fault is told."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from services.procurement.domain import Files, Unfit, is_numbered, read_register
from services.procurement.store import read_files
from shared.events.procurement import (
    CalendarPublished,
    ContractActivated,
    FeeSchedulePublished,
    OrganisationRegistered,
    SiteCapacityDeclared,
    SiteOpened,
)

FILES = read_files(Path(__file__).parents[2] / "data" / "network")
FEE = {"code": "A", "description": "a", "unit": "day", "cents": 100}
UNORDERED = [{"percent": 0}, {"late_to": 0, "percent": 100}]
TOO_MUCH = [{"late_to": 0, "percent": 101}]


def first(file: str, **said: Any) -> Files:
    """The files, the first row of one of them saying something else."""
    rows = getattr(FILES, file)
    changed: dict[str, Any] = {file: [{**rows[0], **said}, *rows[1:]]}
    return replace(FILES, **changed)


def faults(files: Files) -> list[str]:
    with pytest.raises(Unfit) as unfit:
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
    ("file", "said", "fault"),
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
        ("schedules", {"lines": [FEE, FEE]}, "A: the code stands there twice"),
        ("schedules", {"lines": [{**FEE, "cents": -1}]}, "A: cents lie under 0"),
        ("schedules", {"lines": [{**FEE, "step": "0"}]}, "or its step not above 0"),
        ("schedules", {"lines": [{**FEE, "not_with": ["B"]}]}, "A: it excludes B, which the schedule lacks"),
        ("schedules", {"lines": [{**FEE, "tiers": UNORDERED}]}, "A: its tiers go from early to late"),
        ("schedules", {"lines": [{**FEE, "tiers": TOO_MUCH}]}, "each from 0 to 100 percent"),
    ],
    ids=count(),
)
def test_whatever_is_wrong_with_a_file_is_told_with_its_place(file: str, said: dict[str, Any], fault: str) -> None:
    found = faults(first(file, **said))
    assert any(fault in one for one in found), found


def test_all_faults_are_told_at_once() -> None:
    both = replace(first("payees", organisation_id="o-none"), sites=first("sites", payee_id="p-none").sites)
    assert len(faults(both)) == 2
