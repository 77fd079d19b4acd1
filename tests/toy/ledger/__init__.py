"""A second service behind the toy, so that chains of services can be tried."""

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"
