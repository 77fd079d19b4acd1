"""Days are counted as the named calendar counts them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar import PACIFIC, UNPUBLISHED, Calendar
from shared.events.procurement import CalendarPublished

HOLIDAYS = frozenset({
    date(2024, 9, 2), date(2024, 9, 30), date(2024, 10, 14), date(2024, 11, 11), date(2024, 12, 25), date(2025, 1, 1),
    date(2025, 2, 17),
})  # fmt: skip
BC = Calendar("bc", holidays=HOLIDAYS, from_on=date(2024, 1, 1), to_on=date(2025, 12, 31))
ZONES = ["America/Vancouver", "America/St_Johns", "UTC", "Asia/Kathmandu", "Pacific/Apia", "America/Havana"]

days = st.dates(date(2023, 1, 1), date(2027, 1, 1))
counts = st.integers(1, 60)
calendars = st.builds(
    Calendar,
    st.just("any"),
    st.sampled_from(ZONES),
    st.frozensets(st.integers(0, 6), max_size=5),
    st.frozensets(days, max_size=40),
)


def test_it_counts_by_what_was_published() -> None:
    published = CalendarPublished(
        calendar_id="bc",
        revision=1,
        name="British Columbia",
        zone=PACIFIC,
        holidays=tuple(HOLIDAYS),
        from_on=date(2024, 1, 1),
        to_on=date(2025, 12, 31),
        basis="Interpretation Act",
    )
    assert published.calendar() == BC
    assert BC.covers(date(2025, 12, 31))
    assert not BC.covers(date(2026, 1, 1))


def test_the_anchor_is_not_counted() -> None:
    assert BC.add_business_days(date(2024, 10, 7), 1) == date(2024, 10, 8)
    assert BC.add_business_days(date(2024, 10, 7), 0) == date(2024, 10, 7)


def test_weekends_and_holidays_are_stepped_over() -> None:
    assert BC.add_business_days(date(2024, 10, 11), 1) == date(2024, 10, 15)
    assert BC.add_business_days(date(2024, 10, 12), 1) == date(2024, 10, 15)


def test_ten_business_days_across_the_new_year() -> None:
    assert BC.add_business_days(date(2024, 12, 20), 10) == date(2025, 1, 7)


def test_days_are_counted_backwards_without_the_anchor_too() -> None:
    assert BC.add_business_days(date(2024, 10, 15), -1) == date(2024, 10, 11)
    assert BC.add_business_days(date(2025, 1, 2), -2) == date(2024, 12, 30)


def test_a_window_that_ends_on_a_holiday_rolls_to_the_next_business_day() -> None:
    assert BC.roll(date(2024, 12, 25)) == date(2024, 12, 26)
    assert BC.roll(date(2024, 10, 12)) == date(2024, 10, 15)
    assert BC.roll(date(2024, 10, 15)) == date(2024, 10, 15)


def test_a_business_day_ends_a_second_before_midnight_in_the_zone() -> None:
    assert BC.end_of(date(2024, 10, 15)) == datetime(2024, 10, 16, 6, 59, 59, tzinfo=UTC)
    assert BC.end_of(date(2024, 11, 15)) == datetime(2024, 11, 16, 7, 59, 59, tzinfo=UTC)


def test_the_day_on_which_winter_time_begins_has_25_hours() -> None:
    assert BC.end_of(date(2024, 11, 3)) - BC.start_of(date(2024, 11, 3)) == timedelta(hours=25, seconds=-1)


def test_the_day_on_which_summer_time_begins_has_23_hours() -> None:
    assert BC.end_of(date(2025, 3, 9)) - BC.start_of(date(2025, 3, 9)) == timedelta(hours=23, seconds=-1)


def test_the_day_of_an_instant_is_the_zones_whatever_offset_it_came_with() -> None:
    late = datetime.fromisoformat("2024-11-04T07:30:00+00:00")
    assert BC.day_of(late) == date(2024, 11, 3)
    assert BC.day_of(late.astimezone(ZoneInfo("Asia/Tokyo"))) == date(2024, 11, 3)
    assert BC.day_of(datetime.fromisoformat("2024-11-04T00:30:00-07:00")) == date(2024, 11, 3)


def test_a_midnight_where_summer_time_begins_at_midnight_is_the_first_instant_of_the_day() -> None:
    havana = Calendar("cu", "America/Havana")
    assert havana.day_of(havana.start_of(date(2024, 3, 10))) == date(2024, 3, 10)


def test_before_any_calendar_is_published_days_are_those_of_vancouver() -> None:
    assert UNPUBLISHED.day_of(datetime(2024, 10, 8, 6, 59, tzinfo=UTC)) == date(2024, 10, 7)


@given(calendars, days, counts)
def test_the_nth_business_day_is_n_business_days_away(calendar: Calendar, day: date, n: int) -> None:
    for signed in (n, -n):
        there = calendar.add_business_days(day, signed)
        assert calendar.is_business_day(there)
        assert calendar.business_days_between(day, there) == signed


@given(calendars, days, counts, counts)
def test_counting_on_from_where_one_stopped_is_counting_at_once(calendar: Calendar, day: date, n: int, m: int) -> None:
    for sign in (1, -1):
        there = calendar.add_business_days(calendar.add_business_days(day, sign * n), sign * m)
        assert there == calendar.add_business_days(day, sign * (n + m))


@given(calendars, days, days, days)
def test_spans_add_up(calendar: Calendar, first: date, second: date, third: date) -> None:
    first, second, third = sorted((first, second, third))
    between = calendar.business_days_between
    assert between(first, second) + between(second, third) == between(first, third)


@given(calendars, days)
def test_a_rolled_day_is_the_first_business_day_not_before(calendar: Calendar, day: date) -> None:
    rolled = calendar.roll(day)
    assert calendar.is_business_day(rolled)
    assert rolled >= day
    assert not any(calendar.is_business_day(day + timedelta(days=n)) for n in range((rolled - day).days))


@given(calendars, days)
def test_a_day_lasts_from_its_start_to_its_end_and_the_next_follows_a_second_later(
    calendar: Calendar, day: date
) -> None:
    start, end = calendar.start_of(day), calendar.end_of(day)
    assert calendar.day_of(end) == day
    assert calendar.day_of(start) == day
    assert calendar.start_of(day + timedelta(days=1)) - end == timedelta(seconds=1)


@given(calendars, st.datetimes(datetime(2023, 1, 1), datetime(2027, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001 - the zone comes next
def test_every_instant_lies_within_its_day(calendar: Calendar, naive: datetime, zone: str) -> None:
    instant = naive.replace(tzinfo=ZoneInfo(zone))
    day = calendar.day_of(instant)
    assert calendar.start_of(day) <= instant < calendar.end_of(day) + timedelta(seconds=1)


def test_start_is_midnight_on_the_clock() -> None:
    assert BC.start_of(date(2024, 11, 4)).astimezone(ZoneInfo(PACIFIC)).time() == time.min
