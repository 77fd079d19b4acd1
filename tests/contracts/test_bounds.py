"""Days and instants of every contract lie in one range, lists and texts are bounded, and no date arithmetic raises."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.domain.calendar import Calendar
from shared.domain.decision import Event
from shared.events import catalogue, claims
from shared.events.examples import example_of
from shared.events.limits import FIRST_DAY, FIRST_INSTANT, LAST_DAY, LAST_INSTANT, NEWEST, SPAN_DAYS
from shared.events.portal import BilledLine, PlannedLine, ProviderSubmittedInvoice, ProviderSubmittedPlan
from shared.events.procurement import CalendarPublished, ContractActivated
from shared.messaging.cloudevents_foreign import decode_foreign
from shared.messaging.envelope import Raw, Record
from simulation.claims_system import claim_histories, cloudevents_encoding, record_validity
from simulation.claims_system.capture import Captured

EVERY = catalogue.every()
NOW = datetime(2024, 10, 7, 19, tzinfo=UTC)
INSIDE_DAYS = ["1900-01-01", "2200-12-31", "2000-02-29"]
OUTSIDE_DAYS = ["0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31"]
INSIDE = ["1900-01-01T00:00:00Z", "2200-12-31T23:59:59.999999Z", "1900-01-01T14:00:00+14:00"]
OUTSIDE = [
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1899-12-31T23:59:59Z", "2201-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "2200-12-31T23:59:59-00:01", "2016-12-31T23:59:60Z",
    "2024-10-07T12:00:00",
]  # fmt: skip
Path = tuple[str | int, ...]


def places(body: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where a body has days and instants."""
    if isinstance(body, str) and body in {"2024-11-04", "2024-11-04T18:30:00Z"}:
        yield path, body
    pairs = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, part in pairs:
        yield from places(part, (*path, name))


def changed(body: Any, path: Path, value: Any) -> Any:
    """The body with another value at one place."""
    copy = deepcopy(body)
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return copy


def parsed(event: type[Event], body: Any) -> Event:
    return event.from_bytes(json.dumps(body).encode())


DATED = [
    pytest.param(event, path, said, id=f"{name}-{'.'.join(map(str, path))}")
    for name, event in sorted(EVERY.items())
    for path, said in places(example_of(event))
]


@pytest.mark.parametrize(("event", "path", "said"), DATED)
def test_a_day_or_instant_of_a_contract_lies_in_the_range_or_is_refused_by_name(
    event: type[Event], path: Path, said: str
) -> None:
    body, is_day = example_of(event), len(said) == len("2024-11-04")
    for value in INSIDE_DAYS if is_day else INSIDE:
        assert parsed(event, changed(body, path, value)).key
    for value in OUTSIDE_DAYS if is_day else OUTSIDE:
        with pytest.raises(ValueError, match=str(path[-1] if isinstance(path[-1], str) else path[-2])):
            parsed(event, changed(body, path, value))


def test_most_contracts_are_dated() -> None:
    assert len(DATED) > 150


def bare(annotation: Any) -> bool:
    """Return whether a day or an instant stands there without its range."""
    if get_origin(annotation) is Annotated:
        return False
    return annotation in {date, datetime} or any(bare(part) for part in get_args(annotation))


def models(event: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield event
    for field in event.model_fields.values():
        for part in _parts(field.annotation):
            yield from models(part)


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def test_no_member_of_a_contract_is_a_day_or_instant_without_range() -> None:
    for event in EVERY.values():
        for model in models(event):
            hints = get_type_hints(model, include_extras=True)
            assert [name for name in model.model_fields if bare(hints[name])] == [], model


def far(body: Any, instant: datetime) -> Any:
    """A body whose days and instants a decision computed."""
    for path, said in list(places(body)):
        body = changed(body, path, instant.date() if len(said) == len("2024-11-04") else instant)
    return body


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(name for name in EVERY if not name.startswith("claims."))),
    st.datetimes(timezones=st.just(UTC)),
)
@example("rehab.invoice.invoice-rejected.v1", datetime.max.replace(tzinfo=UTC))
@example("rehab.referral.referral-offered.v1", datetime.min.replace(tzinfo=UTC))
def test_what_a_decision_computes_stops_at_the_edge_and_can_be_read(name: str, at: datetime) -> None:
    event = EVERY[name]
    made = event.model_validate(far(example_of(event), at))
    assert event.from_bytes(made.to_bytes()) == made


DAYS = st.sampled_from([FIRST_DAY, FIRST_DAY + timedelta(days=1), LAST_DAY, date(2026, 11, 1)]) | st.dates(
    FIRST_DAY, LAST_DAY
)
SPANS = st.integers(-400, 400) | st.sampled_from([-SPAN_DAYS, SPAN_DAYS])
ZONES = st.sampled_from(
    ["America/Vancouver", "Pacific/Kiritimati", "Etc/GMT+12", "Pacific/Apia", "UTC", "Asia/Kolkata"]
)
INSTANTS = st.sampled_from([FIRST_INSTANT, LAST_INSTANT]) | st.datetimes(
    FIRST_INSTANT.replace(tzinfo=None), LAST_INSTANT.replace(tzinfo=None), timezones=st.just(UTC)
)
WEEKENDS = st.frozensets(st.integers(0, 6), max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.builds(Calendar, st.just("any"), ZONES, WEEKENDS), DAYS, DAYS, SPANS, INSTANTS)
def test_no_arithmetic_of_a_calendar_raises_in_the_range(
    calendar: Calendar, day: date, other: date, span: int, at: datetime
) -> None:
    there = calendar.add_business_days(day, span)
    assert calendar.business_days_between(day, there) == span
    assert calendar.start_of(there) < calendar.end_of(there)
    assert calendar.end_of(calendar.roll(there)) >= calendar.end_of(there)
    assert calendar.business_days_between(day, other) * (1 if other >= day else -1) >= 0
    assert abs((calendar.day_of(at) - at.date()).days) <= 1
    assert calendar.start_of(calendar.day_of(at)) <= at
    assert (at + timedelta(days=SPAN_DAYS)).astimezone(ZoneInfo(calendar.zone)) > at > at - timedelta(days=SPAN_DAYS)
    assert day + timedelta(weeks=SPAN_DAYS) > day > day - timedelta(days=SPAN_DAYS)


@pytest.mark.parametrize("weekend", [(0, 1, 2, 3, 4, 5, 6), (7,), (-1, 5)])
def test_a_calendar_without_a_working_day_is_refused(weekend: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"weekend\n.*must leave a working day"):
        parsed(CalendarPublished, example_of(CalendarPublished) | {"weekend": weekend})


@pytest.mark.parametrize("zone", ["", "Pacific", "America", "../etc/passwd", "/etc/localtime", "Mars/Olympus", "a\0b"])
def test_a_calendar_of_a_zone_that_is_not_there_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match=r"zone|null character"):
        parsed(CalendarPublished, example_of(CalendarPublished) | {"zone": zone})


@pytest.mark.parametrize("name", ["submit_days", "acknowledge_hours", "answer_business_days", "pend_days"])
def test_a_span_of_a_contract_is_at_most_a_hundred_years(name: str) -> None:
    body = example_of(ContractActivated)
    assert getattr(parsed(ContractActivated, body | {name: SPAN_DAYS}), name) == SPAN_DAYS
    for days in (SPAN_DAYS + 1, -SPAN_DAYS - 1, 10**12):
        with pytest.raises(ValueError, match=name):
            parsed(ContractActivated, body | {name: days})


@pytest.mark.parametrize("event", [ProviderSubmittedPlan, ProviderSubmittedInvoice])
def test_a_plan_or_invoice_has_at_most_500_lines(event: type[Event]) -> None:
    body = example_of(event)
    assert parsed(event, body | {"lines": body["lines"] * 500}).key
    with pytest.raises(ValueError, match="must have at most 500 lines"):
        parsed(event, body | {"lines": body["lines"] * 501})
    assert NEWEST.lines == 500
    assert {PlannedLine, BilledLine} >= {type(parsed(event, body).lines[0])}  # type: ignore[attr-defined]


def said(words: str, **members: Any) -> Captured:
    """Something said of a claim, with other members."""
    rng = Random(1)
    event = cloudevents_encoding.event(rng, claim_histories.sample(rng, words, "20000001", date(2024, 10, 7)))
    return Captured(NOW, *cloudevents_encoding.binary(event._replace(data=event.data | members)))


def read(captured: Captured) -> Record:
    """As referral reads it; an independent reader must be of the same opinion."""
    record = decode_foreign(Raw("claims", 0, 0, captured.key, captured.value, captured.headers), EVERY, NOW)
    verdict = record_validity.judge(captured, date(2024, 10, 7))
    assert (record.fault is None) == (verdict.kind == "valid"), (record.fault, verdict)
    return record


AREA = {"body_part": "23100", "side": "N"}
WORKER = json.loads(said("claim-accepted").value or b"")["worker"]
EMPLOYER = json.loads(said("claim-accepted").value or b"")["employer"]
TOO_MUCH = [
    ("claim-accepted", {"accepted_areas": [AREA] * 200}, ""),
    ("claim-accepted", {"accepted_areas": [AREA] * 201}, "accepted_areas has more than 200 items: send at most 200"),
    ("claim-accepted", {"accepted_areas": [AREA | {"side": "L"}] * 20_000}, "accepted_areas has more than 200 items"),
    ("claim-amended", {"accepted_areas": [AREA] * 201}, "accepted_areas has more than 200 items"),
    ("rehabilitation-requested", {"barriers": ["language"] * 100}, ""),
    ("rehabilitation-requested", {"barriers": ["language"] * 101}, "barriers has more than 100 items"),
    ("rehabilitation-requested", {"job_demands": {f"x{n}": 1 for n in range(100)}}, ""),
    ("rehabilitation-requested", {"job_demands": {f"x{n}": 1 for n in range(101)}}, "at most 100 members"),
    ("rehabilitation-requested", {"worker_choice_site": "x" * 321}, "worker_choice_site is longer than 320 characters"),
    ("claim-accepted", {"worker": WORKER | {"email": "x" * 320}}, ""),
    ("claim-accepted", {"worker": WORKER | {"email": "x" * 321}}, "worker.email is longer than 320 characters"),
    ("claim-accepted", {"worker": WORKER | {"email": "x" * 800_000}}, "worker.email is longer than 320 characters"),
    ("worker-contact-changed", {"email": "x" * 800_000}, "email is longer than 320 characters: send a shorter text"),
    ("claim-accepted", {"worker": WORKER | {"worker_id": "é" * 90}}, ""),
    ("claim-accepted", {"worker": WORKER | {"worker_id": "é" * 90 + "x"}}, "worker.worker_id is longer than 180 bytes"),
    ("claim-accepted", {"employer": EMPLOYER | {"employer_id": "x" * 181}}, "employer.employer_id is longer than 180"),
    ("claim-amended", {"employer": EMPLOYER | {"employer_id": "a\x85b"}}, "employer.employer_id holds a control"),
    ("worker-moved", {"worker_id": "a\nb"}, "worker_id holds a control character: send it without"),
    ("worker-contact-changed", {"worker_id": "x" * 200}, "worker_id is longer than 180 bytes: send a shorter id"),
]


@pytest.mark.parametrize(("words", "members", "says"), TOO_MUCH)
def test_lists_texts_and_ids_of_a_claim_are_bounded_and_the_sentence_says_by_what(
    words: str, members: dict[str, Any], says: str
) -> None:
    fault = read(said(words, **members)).fault
    assert says in (fault or "")
    assert (fault is None) == (not says)
    assert len(fault or "") <= 500


DAYS_OF_CLAIMS = [
    ("claim-accepted", "decided_on"), ("claim-accepted", "effective_on"), ("claim-suspended", "effective_on"),
    ("claim-closed", "decided_on"), ("claim-amended", "effective_on"), ("worker-moved", "moved_on"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "member"), DAYS_OF_CLAIMS)
def test_a_day_of_a_claim_lies_in_the_range(words: str, member: str) -> None:
    for day in INSIDE_DAYS:
        assert read(said(words, **{member: day})).fault is None
    for day in OUTSIDE_DAYS:
        assert read(said(words, **{member: day})).fault == f"{member}: must lie between 1900-01-01 and 2200-12-31"


def test_a_person_whose_id_is_as_long_as_allowed_has_a_key_that_any_record_may_have() -> None:
    for word in ("worker", "employer_contact", "subscriber"):
        assert len(f"{word}/{'x' * NEWEST.person_id_bytes}") <= NEWEST.attribute_bytes


def test_every_type_of_claim_can_be_read() -> None:
    assert {name for name in EVERY if name.startswith("claims.")} == {e.type_name for e in catalogue._own(claims)}


TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        "a\0b",
        "\x85",
        "\ud800",
        "x" * 200,
        "x" * 201,
        "é" * 101,
        "x" * 4097,
        "claims.sneezed.v1",
        "claims.claim-accepted.v2",
    ]
)
NAMES = st.sampled_from(
    ["id", "source", "type", "subject", "correlationid", "traceparent", "office", "x" * 101, "x\ny"]
)
MEMBERS = st.none() | TEXTS | st.integers() | st.booleans() | st.lists(TEXTS, max_size=2)
RAW = TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=6)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(NAMES, st.none() | RAW), max_size=3), st.booleans(), RAW | st.just(b"20000001"))
def test_whatever_headers_hold_an_independent_reader_is_of_the_same_opinion(
    added: list[tuple[str, bytes | None]], replaced: object, key: bytes
) -> None:
    captured = said("claim-accepted")
    names = {f"ce_{name}" for name, _ in added}
    kept = [(name, value) for name, value in captured.headers if not (replaced and name in names)]
    agree(captured._replace(headers=(*kept, *((f"ce_{name}", value) for name, value in added)), key=key))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(NAMES, MEMBERS), max_size=3), st.booleans())
def test_whatever_members_hold_an_independent_reader_is_of_the_same_opinion(
    added: list[tuple[str, Any]], replaced: object
) -> None:
    rng = Random(1)
    event = cloudevents_encoding.event(
        rng, claim_histories.sample(rng, "claim-accepted", "20000001", date(2024, 10, 7))
    )
    post = cloudevents_encoding.structured(event)
    names = {name for name, _ in added}
    kept = {name: value for name, value in json.loads(post.value or b"").items() if not (replaced and name in names)}
    pairs = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in (*kept.items(), *added)]
    agree(Captured(NOW, post.key, post.headers, f"{{{','.join(pairs)}}}".encode()))


def agree(captured: Captured) -> None:
    record = decode_foreign(Raw("claims", 0, 0, captured.key, captured.value, captured.headers), EVERY, NOW)
    kind = "bad" if record.fault else "valid" if record.event else "unknown"
    verdict = record_validity.judge(captured, date(2024, 10, 7))
    assert kind == verdict.kind, (record.fault, verdict.reason)
