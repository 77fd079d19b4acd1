"""Captures of our own: other people, other days, and every oddity that the claims system is known for."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import NamedTuple

from simulation.claims_system import claim_histories, cloudevents_encoding, malformed_records
from simulation.claims_system.capture import Captured
from simulation.claims_system.claim_histories import ClaimMessage
from simulation.claims_system.cloudevents_encoding import Event, Post

_LEAST_BAD = 0.01  # of the claims, and one of each kind
_FIRST_NUMBER, _FIRST_OF_NOBODY = 20_000_000, 87_000_000


class Plan(NamedTuple):
    """A plan of what to generate: claims accepted on working days of a period; `sites` may be chosen by workers."""

    seed: int
    from_on: date
    days: int
    claims: int
    sites: Sequence[str] = ("S-000",)


class _Sent(NamedTuple):
    """An event under way, and when it arrives."""

    arrives_at: datetime
    event: Event


def generate(plan: Plan) -> list[Captured]:
    """The same records for the same plan, in order of arrival."""
    rng = Random(f"{plan.seed}/{plan.from_on}/{plan.days}/{plan.claims}")
    sent = [said for sayings in _courses(rng, plan) for said in _send(rng, sayings)]
    records = [
        *(_captured(said.arrives_at, cloudevents_encoding.post(rng, said.event)) for said in sent),
        *_again(rng, sent),
        *_bad(rng, plan, sent),
        *_unknown(rng, sent),
    ]
    return sorted(records, key=lambda record: record.arrives_at)


def _courses(rng: Random, plan: Plan) -> Iterator[list[ClaimMessage]]:
    """Yield what is said of every claim, and of those that are never accepted."""
    days = [plan.from_on + timedelta(days=n) for n in range(plan.days)]
    working = [day for day in days if day.weekday() < 5] or days  # noqa: PLR2004 - Saturday
    first = _FIRST_NUMBER + plan.seed % 500 * 100_000
    for number in accumulate((rng.randrange(1, 3) for _ in range(plan.claims)), initial=first):
        yield claim_histories.of_claim(rng, str(number), rng.choice(working), plan.sites)
    for number in range(1 + plan.claims // 500):
        yield claim_histories.of_nobody(rng, str(_FIRST_OF_NOBODY + number), rng.choice(working), plan.sites)


def _send(rng: Random, sayings: Sequence[ClaimMessage]) -> list[_Sent]:
    """Each on its way; sometimes the acceptance is overtaken by the request that needs it."""
    sent = [
        _Sent(_arrival(rng, saying), _embellished(rng, cloudevents_encoding.event(rng, saying))) for saying in sayings
    ]
    requests = [said.arrives_at for said in sent if "requested" in said.event.attributes["type"]]
    if requests and rng.random() < 0.015:  # noqa: PLR2004 - 22 of 3,223 requests, and some that wait for days
        late = timedelta(
            seconds=rng.choices((rng.randrange(3600), rng.randrange(9 * 86_400), 20 * 86_400), (75, 20, 5))[0]
        )
        sent = [_overtaken(said, requests[0] + late) for said in sent]
    return sent


def _arrival(rng: Random, saying: ClaimMessage) -> datetime:
    """Seconds later, as a rule."""
    seconds = rng.expovariate(1 / 4)
    if rng.random() < 0.01:  # noqa: PLR2004 - 36 of 3,305 requests
        seconds += rng.randrange(600, 60_000)
    elif "request" not in saying.type and "accepted" not in saying.type and rng.random() < 0.06:  # noqa: PLR2004 - about 5 %
        seconds += rng.randrange(2, 10) * 86_400
    return saying.at + timedelta(seconds=round(seconds, 6))


def _overtaken(said: _Sent, at: datetime) -> _Sent:
    accepted = said.event.attributes["type"] == "claims.claim-accepted.v1"
    return said._replace(arrives_at=at) if accepted and at > said.arrives_at else said


def _embellished(rng: Random, said: Event) -> Event:
    """Members and attributes that nobody knows, now and then."""
    if rng.random() < 0.03:  # noqa: PLR2004 - new members may appear at any time
        said = said._replace(data=said.data | {"channel": "fax", "trace": {"hops": [1, 2.5, {"at": None}], "ok": True}})
    if rng.random() < 0.03:  # noqa: PLR2004 - likewise
        said = said._replace(attributes={**said.attributes, "partitionkey": said.data["claim_number"]})
    return said


def _again(rng: Random, sent: Sequence[_Sent]) -> Iterator[Captured]:
    """Some arrive twice, some requests are said a second time under a new id."""
    for at, said in sent:
        late = timedelta(seconds=rng.randrange(300, 86_000))
        if rng.random() < 0.012:  # noqa: PLR2004 - of the requests of an autumn 68 in 3,223
            yield _captured(at + late, cloudevents_encoding.post(rng, said))
        elif "requested" in said.attributes["type"] and rng.random() < 0.01:  # noqa: PLR2004 - 14, likewise
            yield _captured(at + late, cloudevents_encoding.post(rng, _said_anew(rng, said, late)))


def _said_anew(rng: Random, said: Event, late: timedelta) -> Event:
    time = datetime.fromisoformat(said.attributes["time"]) + late
    return said._replace(attributes={**said.attributes, "id": _new_id(rng), "time": time.isoformat()})


def _bad(rng: Random, plan: Plan, sent: Sequence[_Sent]) -> Iterator[Captured]:
    """One of each kind and more in a long capture; half of them stand just before the right record with the same id."""
    kinds = list(malformed_records.KINDS.values())
    for number in range(max(len(kinds), round(plan.claims * _LEAST_BAD))):
        kind = kinds[number % len(kinds)]
        at, right = _right(rng, plan, kind.of, sent)
        if rng.random() < 0.5:  # noqa: PLR2004 - half
            right = right._replace(attributes={**right.attributes, "id": _new_id(rng)})
        bad = _captured(at - timedelta(seconds=rng.randrange(1, 3600)), kind.spoil(rng, right))
        yield bad
        if rng.random() < 0.1:  # noqa: PLR2004 - delivered twice, as anything
            yield bad._replace(arrives_at=at + timedelta(seconds=rng.randrange(60, 9000)))


def _right(rng: Random, plan: Plan, of: str, sent: Sequence[_Sent]) -> _Sent:
    """An event of the type that is to be spoiled; an invented one where nobody said any."""
    said = [one for one in sent if one.event.attributes["type"] == f"claims.{of}.v1"]
    if said:
        return rng.choice(said)
    saying = claim_histories.sample(rng, of, str(_FIRST_OF_NOBODY - 1), plan.from_on)
    return _Sent(saying.at, cloudevents_encoding.event(rng, saying))


def _unknown(rng: Random, sent: Sequence[_Sent]) -> Iterator[Captured]:
    """Types that nobody knows yet, whatever their key and their data."""
    for number in range(max(len(_UNKNOWN), len(sent) // 1000)):
        at, said = rng.choice(sent)
        name, change = _UNKNOWN[number % len(_UNKNOWN)]
        attributes = {**said.attributes, "id": _new_id(rng), "type": name}
        yield _captured(
            at + timedelta(seconds=7),
            change(Event(attributes, {"claim_number": said.data["claim_number"], "stars": 5})),
        )


_UNKNOWN = (
    ("claims.satisfaction-surveyed.v1", cloudevents_encoding.binary),
    ("claims.satisfaction-surveyed.v1", cloudevents_encoding.structured),
    ("claims.wage-loss-paid.v3", lambda said: cloudevents_encoding.binary(said)._replace(key=None)),
    ("claims.wage-loss-paid.v3", lambda said: cloudevents_encoding.structured(said)._replace(key=b"\xff\x00")),
    ("claims.letter-sent.v1", lambda said: cloudevents_encoding.binary(said)._replace(value=b"\x00\xff not JSON")),
    ("claims.letter-sent.v1", lambda said: cloudevents_encoding.binary(said)._replace(value=None)),
    ("org.example.weather-changed", cloudevents_encoding.structured),
)


def _new_id(rng: Random) -> str:
    return f"{rng.getrandbits(128):032x}"


def _captured(arrives_at: datetime, post: Post) -> Captured:
    return Captured(arrives_at, post.key, post.headers, post.value)
