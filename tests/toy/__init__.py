"""The smallest service that uses the whole mechanism; tests and benchmarks run it."""

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"
