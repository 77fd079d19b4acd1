"""The register's files."""

import csv
import tomllib
from collections.abc import Sequence
from pathlib import Path

from services.procurement.domain import Files, Row

_COMMUNITIES = Path(__file__).parents[2] / "data" / "communities.csv"


def read_files(folder: Path) -> Files:
    """A folder of dated files; every one must be there."""
    return Files(
        organisations=_rows(folder / "organisations.csv"),
        payees=_rows(folder / "payees.csv"),
        sites=_rows(folder / "sites.csv"),
        contracts=_rows(folder / "contracts.csv"),
        capacity=_rows(folder / "capacity.csv"),
        calendars=_rows(folder / "calendars.csv"),
        holidays=_rows(folder / "holidays.csv"),
        schedules=tomllib.loads((folder / "fees.toml").read_text())["schedule"],
        communities=frozenset(row["community"] for row in _rows(_COMMUNITIES)),
    )


def _rows(path: Path) -> Sequence[Row]:
    """A file with a line of names."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
