"""Histories of claims over the months: each a sequence of records in the order in which they happen."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulation.claims_system import fake_data, registers
from simulation.claims_system.fake_data import Data

PACIFIC = ZoneInfo("America/Vancouver")
CUT_OVER = date(2024, 11, 1)

_BARRIERS = (
    "psychosocial", "pain_focus", "workplace_conflict", "comorbidity", "prior_claim", "language", "transport",
    "no_modified_work",
)  # fmt: skip
_STRENGTHS = ("sedentary", "light", "medium", "heavy", "very_heavy")
_WAITING = ("awaiting_employer_report", "awaiting_medical", "under_investigation")
# what may follow an acceptance: event and days after the one before, and how often in a thousand claims
_STORIES = (
    (960, ()),
    (8, (("suspended", 30), ("resumed", 6))),
    (3, (("suspended", 25),)),
    (4, (("pended", 20), ("resumed", 9))),
    (2, (("pended", 12),)),
    (5, (("disallowed", 25),)),
    (5, (("closed", 30),)),
    (4, (("closed", 25), ("reopened", 14))),
    (1, (("disallowed", 14), ("resumed", 3))),
    (1, (("closed", 14), ("resumed", 3), ("accepted", 6))),
    (1, (("suspended", 16), ("closed", 2), ("reopened", 5), ("resumed", 2))),
    (1, (("reopened", 9), ("resumed", 3))),
    (2, (("suspended", 20), ("closed", 0))),
    (1, (("suspended", 15), ("disallowed", 4), ("accepted", 9))),
)
_REASONS = {
    "pended": _WAITING,
    "suspended": ("refused_examination", "under_investigation"),
    "resumed": ("complied", "decision_confirmed"),
    "disallowed": ("review_decision",),
    "closed": ("recovered",),
    "reopened": ("recurrence",),
}
_NOW = timedelta()


class ClaimMessage(NamedTuple):
    """Something said of a claim: its data, when, and how much later than usual it arrives."""

    type: str
    data: Data
    at: datetime
    late: timedelta = _NOW


def of_claim(rng: Random, number: str, decided_on: date, sites: Sequence[str]) -> list[ClaimMessage]:
    """Everything said of a claim that is accepted on a day."""
    hurt_on = decided_on - timedelta(days=min(114, max(1, round(rng.lognormvariate(2.65, 0.75)))))
    accepted = _accepted(rng, number, hurt_on, decided_on)
    said = [*_pended_before(rng, number, hurt_on, decided_on), accepted]
    requested = rng.random() < 0.23  # noqa: PLR2004 - 2,838 of 12,728 claims of an autumn
    if requested:
        said += _requests(rng, accepted, sites)
    said += _decisions(rng, accepted, often=3 if requested else 1)
    said += _changes(rng, accepted, often=4 if requested else 1)
    return said


def of_nobody(rng: Random, number: str, on: date, sites: Sequence[str]) -> list[ClaimMessage]:
    """A request for a claim that is never accepted, seldom one that waits for its decision."""
    place = fake_data.community(rng)
    said = [_request(rng, number, on, _wanted(rng, on, place), sites)]
    return [_decision(rng, number, "pended", on - timedelta(days=1)), *said] if rng.random() < 0.2 else said  # noqa: PLR2004 - one in five


def moment(rng: Random, day: date) -> datetime:
    """A second of a working day."""
    return datetime(
        day.year, day.month, day.day, rng.randrange(8, 17), rng.randrange(60), rng.randrange(60), tzinfo=PACIFIC
    )


def _accepted(rng: Random, number: str, hurt_on: date, decided_on: date) -> ClaimMessage:
    injury = fake_data.injury(rng, hurt_on)
    areas = [{"body_part": injury["body_part"], "side": injury["side"]}]
    if rng.random() < 0.04:  # noqa: PLR2004 - another part was accepted besides, or instead
        areas = [*areas, fake_data.area(rng)] if rng.random() < 0.7 else [fake_data.area(rng)]  # noqa: PLR2004 - mostly besides
    ahead = rng.random() < 0.005  # noqa: PLR2004 - takes effect some days later
    data = {
        "claim_number": number,
        "worker": fake_data.worker(rng, f"W{number[1:]}", hurt_on),
        "injury": injury,
        "accepted_areas": areas,
        "employer": fake_data.employer(rng),
        "occupation": fake_data.occupation(rng),
        "decided_on": decided_on.isoformat(),
        "effective_on": (decided_on + timedelta(days=rng.randrange(1, 9)) if ahead else hurt_on).isoformat(),
    }
    return ClaimMessage("claim-accepted", data, moment(rng, decided_on))


def _pended_before(rng: Random, number: str, hurt_on: date, decided_on: date) -> Iterator[ClaimMessage]:
    on = decided_on - timedelta(days=rng.randrange(2, 13))
    if rng.random() < 0.06 and on >= hurt_on:  # noqa: PLR2004 - 737 of 12,728 claims
        yield _decision(rng, number, "pended", on, hurt_on)


def _requests(rng: Random, accepted: ClaimMessage, sites: Sequence[str]) -> Iterator[ClaimMessage]:
    """One request, seldom another later, very seldom a third."""
    on = date.fromisoformat(accepted.data["decided_on"])
    on += timedelta(days=min(95, round(rng.expovariate(1 / 20))))
    while True:
        wanted = _wanted(rng, on, accepted.data["worker"]["community"])
        yield _request(rng, accepted.data["claim_number"], on, wanted, sites)
        if rng.random() > 0.08:  # noqa: PLR2004 - 232 of 2,838
            return
        on += timedelta(days=rng.randrange(1, 50))


def _request(rng: Random, number: str, on: date, wanted: str | None, sites: Sequence[str]) -> ClaimMessage:
    kind = rng.choices(("officer", "physician"), (73, 27))[0]
    data: Data = {
        "request_id": f"RR{rng.randrange(10**9):09}",
        "claim_number": number,
        "requested_on": on.isoformat(),
        "requested_by": {"kind": kind, "id": f"{kind[0].upper()}{rng.randrange(900):04}"},
        "program_wanted": wanted,
        "barriers": rng.sample(_BARRIERS, rng.choices(range(4), (54, 28, 13, 5))[0]),
        "job_demands": {"strength": rng.choice(_STRENGTHS)},
        "urgency": rng.choices(("routine", "urgent"), (91, 9))[0],
    }
    if rng.random() < 0.1:  # noqa: PLR2004 - the worker was asked
        data["worker_choice_site"] = rng.choice([None, *sites])
    for member in ("job_demands", "urgency", "barriers", "program_wanted"):
        if rng.random() < 0.03:  # noqa: PLR2004 - what need not be said is not always said
            del data[member]
    return ClaimMessage("rehabilitation-requested", data, moment(rng, on))


def _wanted(rng: Random, on: date, place: str) -> str | None:
    """Mostly nobody says; then mostly what the place seems to have."""
    urban = registers.communities()[place].population > 20_000  # noqa: PLR2004 - a guess, as officers make it
    likely = ("crrtw" if urban else "or1") if on >= CUT_OVER else rng.choice(("or1", "or1", "or2", "astd"))
    return rng.choices((None, likely, rng.choice(("or1", "or2", "astd", "crrtw"))), (60, 35, 5))[0]


def _decisions(rng: Random, accepted: ClaimMessage, often: int) -> Iterator[ClaimMessage]:
    """Yield what becomes of the claim, not always at once and sometimes with effect in the past or ahead."""
    story = rng.choices([story for _, story in _STORIES], [n if not story else n * often for n, story in _STORIES])[0]
    on = date.fromisoformat(accepted.data["decided_on"])
    for words, days in story:
        on += timedelta(days=rng.randrange(days // 2, days * 2) if days else 0)
        back = rng.choices((0, 1, 3, 10, 25, -4), (50, 10, 15, 15, 5, 5))[0]
        if words == "accepted":
            changed = {"decided_on": on.isoformat(), "effective_on": (on - timedelta(days=max(0, back))).isoformat()}
            yield ClaimMessage("claim-accepted", accepted.data | changed, moment(rng, on))
        else:
            yield _decision(rng, accepted.data["claim_number"], words, on, on - timedelta(days=back))


def _decision(rng: Random, number: str, words: str, on: date, effective_on: date | None = None) -> ClaimMessage:
    data = {
        "claim_number": number,
        "effective_on": (effective_on or on).isoformat(),
        "decided_on": on.isoformat(),
        "reason_code": rng.choice(_REASONS[words]),
    }
    return ClaimMessage(f"claim-{words}", data, moment(rng, on))


def _changes(rng: Random, accepted: ClaimMessage, often: int) -> Iterator[ClaimMessage]:
    """The worker moves or is reached otherwise, the injury is seen otherwise."""
    known = {"claim_number": accepted.data["claim_number"]}
    worker = known | {"worker_id": accepted.data["worker"]["worker_id"]}
    on = date.fromisoformat(accepted.data["decided_on"]) + timedelta(days=rng.randrange(3, 70))
    if rng.random() < 0.004 * often:
        yield ClaimMessage("worker-moved", worker | _move(rng, on), moment(rng, on))
    if rng.random() < 0.006 * often:
        yield ClaimMessage("worker-contact-changed", worker | fake_data.contact(rng), moment(rng, on))
    if rng.random() < 0.004 * often:
        effective = {"effective_on": rng.choice((accepted.data["effective_on"], on.isoformat()))}
        yield ClaimMessage("claim-amended", known | effective | _amended(rng, accepted.data), moment(rng, on))


def _move(rng: Random, on: date) -> Data:
    place = fake_data.community(rng)
    moved_on = on - timedelta(days=rng.choice((0, 0, 0, 2, 9, -5)))
    return {"community": place, "postal_code": fake_data.postal_code(rng, place), "moved_on": moved_on.isoformat()}


def _amended(rng: Random, accepted: Data) -> Data:
    injury = fake_data.injury(rng, date.fromisoformat(accepted["injury"]["occurred_on"]))
    alone = {"accepted_areas": [*accepted["accepted_areas"], fake_data.area(rng)]}
    whole = {"injury": injury, "accepted_areas": [{"body_part": injury["body_part"], "side": injury["side"]}]}
    return rng.choices((alone, whole, {"injury": injury}, {"employer": fake_data.employer(rng)}), (60, 20, 10, 10))[0]


def sample(rng: Random, words: str, number: str, on: date) -> ClaimMessage:
    """One saying of a kind, of a claim that matters to nobody."""
    accepted = _accepted(rng, number, on - timedelta(days=20), on)
    known = {"claim_number": number}
    match words:
        case "claim-accepted":
            return accepted
        case "rehabilitation-requested":
            return _request(rng, number, on, None, ())
        case "worker-moved":
            data = known | {"worker_id": accepted.data["worker"]["worker_id"]} | _move(rng, on)
        case "worker-contact-changed":
            data = known | {"worker_id": accepted.data["worker"]["worker_id"]} | fake_data.contact(rng)
        case "claim-amended":
            data = known | {"effective_on": on.isoformat()} | _amended(rng, accepted.data)
        case _:
            return _decision(rng, number, words.removeprefix("claim-"), on)
    return ClaimMessage(words, data, moment(rng, on))
