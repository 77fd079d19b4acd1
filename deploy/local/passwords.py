"""Random passwords, in a file of PostgreSQL's own kind that only its owner may read."""

import secrets
from collections.abc import Collection, Mapping
from pathlib import Path


def read(file: Path) -> dict[str, str]:
    """Role to password."""
    lines = file.read_text().splitlines() if file.exists() else []
    return dict(line.split(":")[3:5] for line in lines if line and not line.startswith("#"))


def ensure(file: Path, roles: Collection[str]) -> dict[str, str]:
    """Every role has a password; what was there stays."""
    known = read(file)
    known |= {role: secrets.token_urlsafe(24) for role in roles if role not in known}
    write(file, known)
    return known


def write(file: Path, known: Mapping[str, str]) -> None:
    """The whole file anew."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text("".join(f"*:*:*:{role}:{password}\n" for role, password in known.items()))
