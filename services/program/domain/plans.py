"""A plan of treatment: its lines and how it stands. It knows nothing of the case that holds it."""

from typing import NamedTuple


class Plan(NamedTuple):
    """A plan; `revision` is that of its newest event."""

    plan: int
    revision: int
