"""Who may sign in at the portal of this machine, for the person who started it."""

import csv
import json
from pathlib import Path

from deploy.local.processes import ROOT

_ACCOUNTS = ROOT / "data" / "network" / "accounts.csv"


def told(passwords: Path, portal: str) -> str:
    """One account a role, with the password that was made for it."""
    known = json.loads(passwords.read_text()) if passwords.exists() else {}
    with _ACCOUNTS.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["account_id"] in known]
    width = max((len(row["email"]) for row in rows), default=0)
    said = [
        f"  {row['role'].replace('_', ' '):<20} {row['email']:<{width}}  {known[row['account_id']]}" for row in rows
    ]
    return "\n".join([f"sign in at {portal} as", *said])
