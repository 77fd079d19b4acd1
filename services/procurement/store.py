"""The files of the register, a folder of CSV and TOML."""

import csv
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from services.procurement.domain import Files, InvalidRegister, Row

_COMMUNITIES = Path(__file__).parents[2] / "data" / "communities.csv"
Content = TypeVar("Content")


def read_files(folder: Path) -> Files:
    """Read a folder of dated files; raise InvalidRegister with every one that is missing or cannot be read."""
    faults: list[str] = []

    def rows(name: str) -> Sequence[Row]:
        return _read(_rows, folder / f"{name}.csv", faults) or []

    files = Files(
        organisations=rows("organisations"),
        payees=rows("payees"),
        sites=rows("sites"),
        contracts=rows("contracts"),
        capacity=rows("capacity"),
        calendars=rows("calendars"),
        holidays=rows("holidays"),
        schedules=_read(_schedules, folder / "fees.toml", faults) or [],
        communities=frozenset(row["community"] for row in _rows(_COMMUNITIES)),
    )
    if faults:
        raise InvalidRegister(*faults)
    return files


def _read(read: Callable[[Path], Content], path: Path, faults: list[str]) -> Content | None:
    """Return the content of one file, or None after adding to `faults` why it cannot be read."""
    try:
        return read(path)
    except FileNotFoundError:
        faults.append(f"{path.name} is not there")
    except UnicodeDecodeError:
        faults.append(f"{path.name} is not written in UTF-8")
    except (OSError, csv.Error, ValueError) as problem:
        faults.append(f"{path.name} cannot be read: {problem}")
    return None


def _rows(path: Path) -> Sequence[Row]:
    """Return the rows of a CSV file whose first line names the columns."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _schedules(path: Path) -> Sequence[Row]:
    """Return the fee schedules of a TOML file; raise ValueError where it has no list of them."""
    match tomllib.loads(path.read_text(encoding="utf-8")):
        case {"schedule": list(schedules)}:
            return schedules
    raise ValueError("it has no list of schedules, [[schedule]]")
