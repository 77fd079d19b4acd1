"""Versions of a published document, and the choice of the one that is valid on a day."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Version(Protocol):
    """A version of a document: the first day on which it is valid, and its revision."""

    @property
    def valid_from(self) -> date:
        """The first day on which it is valid."""

    @property
    def revision(self) -> int:
        """The revision, counted from 1."""


V = TypeVar("V", bound=Version)


def precedence(version: Version) -> tuple[date, int]:
    """Return the sort key of versions; of those valid on a day the last one in this order counts."""
    return version.valid_from, version.revision


def version_on(versions: Iterable[V], day: date) -> V | None:
    """Return the version valid on a day, None before the first.

    It is the one that began last; of several that began on the same day, the one with the highest revision.
    """
    valid = [version for version in versions if version.valid_from <= day]
    return max(valid, key=precedence, default=None)
