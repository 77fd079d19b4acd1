"""The accounts of the portal on this machine, printed for the person who started it."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.processes import ROOT

_ACCOUNTS = ROOT / "data" / "network" / "accounts.csv"
# the roles that have pages, in the order in which a case meets them
_WITH_PAGES: Mapping[str, str] = {
    "clinician": "the clinic's offers, visits, plans and reports",
    "biller": "the clinic's invoices and payments",
    "administrator": "all sites of the clinic's organisation",
    "claims_officer": "the insurer's decisions on plans and reports",
    "worker": "the first worker who is offered to that clinic",
}


def told(passwords: Path, portal: str) -> str:
    """Return the ways in as a text: the portal's address, an account a role, and who has no page yet."""
    others = sorted({row["role"].replace("_", " ") for row in _rows(passwords) if row["role"] not in _WITH_PAGES})
    none = f"the API alone, no pages yet (keys in .local/tokens.json):\n  {', '.join(others)}" if others else ""
    return "\n".join(filter(None, [f"sign in at {portal} as", *ways_in(passwords), none]))


def ways_in(passwords: Path) -> list[str]:
    """Return a line for one account of each role that has pages: role, name, password, and what it sees."""
    known = _known(passwords)
    rows = sorted((row for row in _rows(passwords) if row["role"] in _WITH_PAGES), key=_place)
    width = max((len(row["email"]) for row in rows), default=0)
    names = [f"  {row['role'].replace('_', ' '):<15} {row['email']:<{width}}" for row in rows]
    return [
        f"{name}  {known[row['account_id']]}  {_WITH_PAGES[row['role']]}" for name, row in zip(names, rows, strict=True)
    ]


def _place(row: Mapping[str, str]) -> int:
    return list(_WITH_PAGES).index(row["role"])


def _rows(passwords: Path) -> Sequence[Mapping[str, str]]:
    """Return the accounts for which a password was made."""
    known = _known(passwords)
    with _ACCOUNTS.open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["account_id"] in known]


def _known(passwords: Path) -> Mapping[str, str]:
    known: Mapping[str, str] = json.loads(passwords.read_text()) if passwords.is_file() else {}
    return known
