"""Rules of the versions of published documents."""

from datetime import date
from typing import NamedTuple

import pytest

from shared.domain.calendar import UNPUBLISHED
from shared.domain.versions import version_on
from shared.events.procurement import CalendarPublished, FeeSchedulePublished
from shared.events.published import Published
from shared.registers.replicated_register import ReplicatedRegister

NOVEMBER, DECEMBER = date(2024, 11, 1), date(2024, 12, 1)


class Version(NamedTuple):
    """A version of any document."""

    valid_from: date
    revision: int


def schedule(revision: int, effective_from: date) -> FeeSchedulePublished:
    return FeeSchedulePublished(
        fee_schedule_id="f-1", revision=revision, effective_from=effective_from, basis="invented", lines=()
    )


def calendar(calendar_id: str, revision: int, *, is_default: bool) -> CalendarPublished:
    return CalendarPublished(
        calendar_id=calendar_id,
        revision=revision,
        name=calendar_id,
        zone="America/Vancouver",
        holidays=(),
        from_on=date(2024, 1, 1),
        to_on=date(2024, 12, 31),
        is_default=is_default,
        basis="invented",
    )


def test_no_version_is_valid_before_the_first_begins() -> None:
    assert version_on([Version(NOVEMBER, 1)], date(2024, 10, 31)) is None


def test_a_version_is_valid_from_its_first_day_until_the_next_one_begins() -> None:
    versions = [Version(NOVEMBER, 1), Version(DECEMBER, 2)]
    assert version_on(versions, NOVEMBER) == versions[0]
    assert version_on(versions, date(2024, 11, 30)) == versions[0]
    assert version_on(versions, DECEMBER) == versions[1]


def test_a_later_beginning_counts_more_than_a_higher_revision() -> None:
    assert version_on([Version(NOVEMBER, 3), Version(DECEMBER, 2)], DECEMBER) == Version(DECEMBER, 2)


def test_of_versions_that_begin_on_one_day_the_highest_revision_is_valid() -> None:
    assert version_on([Version(NOVEMBER, 2), Version(NOVEMBER, 1)], NOVEMBER) == Version(NOVEMBER, 2)


def test_versions_stand_in_the_order_in_which_they_become_valid() -> None:
    corrected, first, second = schedule(3, NOVEMBER), schedule(1, NOVEMBER), schedule(2, DECEMBER)
    published = Published([corrected, second, first])
    assert published.versions(FeeSchedulePublished) == {"f-1": (first, corrected, second)}
    assert published.newest(FeeSchedulePublished) == {"f-1": corrected}
    assert published.all(FeeSchedulePublished) == (first, second, corrected)


def test_the_default_calendar_is_the_one_whose_newest_revision_says_so() -> None:
    published = Published([calendar("bc", 2, is_default=True), calendar("bc", 1, is_default=False)])
    assert published.default_calendar == published.calendars["bc"]
    assert Published([calendar("bc", 1, is_default=False)]).default_calendar is UNPUBLISHED


def test_a_register_is_replicated_only_into_a_table_with_a_plain_name() -> None:
    with pytest.raises(ValueError, match="names no table"):
        ReplicatedRegister("register; DROP TABLE cases", ())
