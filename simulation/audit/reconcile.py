"""Do the books balance? From the topics alone, by rules written a second time."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from simulation.audit import admission, answers, keys, machines, money, offers, openings, parking, path, prices
from simulation.audit.coverage import Covered, coverage, unknown
from simulation.audit.observations import Books
from simulation.audit.outcomes import outcomes
from simulation.claims_system.capture import Captured
from simulation.clients import topics
from simulation.clients.outage import ServiceOutage
from simulation.clients.topics import StoredRecord

Check: TypeAlias = Callable[[Books], Iterator[str]]

# what must hold at any time, on a system that has come to rest
CHECKS: Sequence[Check] = (
    keys.sequences,
    keys.repeats,
    keys.envelopes,
    keys.revisions,
    parking.bad_records,
    parking.reasons,
    parking.own_records,
    admission.decided_rightly,
    admission.said_whole,
    admission.followed,
    path.legal,
    machines.legal,
    offers.asked_once,
    offers.three_refusals,
    offers.ranks,
    offers.contracts,
    offers.deadlines,
    offers.lapses,
    openings.openings,
    openings.unplaced_rightly,
    answers.actions,
    answers.entitled,
    answers.notices,
    answers.mails,
    unknown,
    money.judged_whole,
    money.one_fate,
    money.paid_once,
    money.remittances,
    money.runs,
    money.run_days,
    money.released_by_enough,
    money.payments,
    money.listed,
    prices.priced,
    prices.granted,
    prices.attended,
)
# what must hold besides once nothing waits any more
AT_THE_END: Sequence[Check] = (admission.decided_once, path.placed_at_the_end, money.all_paid)
_MOST_FAULTS = 200


class Report(NamedTuple):
    """The count of everything, and every fault in a sentence."""

    counts: dict[str, int]
    faults: Sequence[str]
    decisions: Sequence[dict[str, Any]]
    announced: int = 0
    covered: Mapping[str, Covered] = MappingProxyType({})

    @property
    def balanced(self) -> bool:
        """Return whether nothing is missing, double or wrong."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """Return what is written to a file; a system that is wholly wrong is not listed wholly."""
        more = len(self.faults) - _MOST_FAULTS
        listed = [*self.faults[:_MOST_FAULTS], *([f"and {more} more"] if more > 0 else ())]
        covered = {name: one.as_json() for name, one in self.covered.items()}
        return {"balanced": self.balanced, **self.counts, "faults": listed, "coverage": covered}


async def reconcile(
    servers: str,
    *,
    until: datetime | None = None,
    at_the_end: bool = True,
    away: ServiceOutage | None = None,
    played: Sequence[Captured] = (),
) -> Report:
    """Read every topic, and audit it; claims that arrived while *referral* was away were read at its return.

    What was played arrived when its capture says so, whatever the clock showed when it was sent.
    """
    lying = await topics.read(servers, [topics.CLAIMS, *topics.ANNOUNCED, topics.PEOPLE])
    lying = list(at_their_own_times(lying, played))
    if away and away.service == "referral":
        lying = [one._replace(at=away.read_at(one.at)) if one.topic == topics.CLAIMS else one for one in lying]
    return audit(lying, until=until or datetime.now(UTC), at_the_end=at_the_end, away=away)


def at_their_own_times(lying: Iterable[StoredRecord], played: Sequence[Captured]) -> Iterator[StoredRecord]:
    """Records of `claims` at the instants of their capture; of several that are the same the first lies first."""
    times: dict[tuple[object, ...], deque[datetime]] = defaultdict(deque)
    for record in played:
        times[record[1:]].append(record.arrives_at)
    for one in lying:
        own = times.get(one.captured[1:]) if one.topic == topics.CLAIMS else None
        yield one._replace(at=own.popleft()) if own else one


def audit(
    lying: Iterable[StoredRecord], *, until: datetime, at_the_end: bool = True, away: ServiceOutage | None = None
) -> Report:
    """Every check on everything that lies there."""
    books = Books(lying, until, away)
    checks = (*CHECKS, *(AT_THE_END if at_the_end else ()))
    faults = [
        *(fault for check in checks for fault in check(books)),
        *_imbalances(_counts(books), at_the_end=at_the_end),
    ]
    return Report(_counts(books), faults, _decisions(books), len(books.firsts), coverage(books))


def _decisions(books: Books) -> list[dict[str, Any]]:
    """Every admission decision, and what became of what was admitted."""
    followed = outcomes(books)
    ids = {one.request: one.announced.key for one in books.decisions if one.decision == "admitted"}
    listed = admission.as_decisions(books)
    return [
        {**one, **followed.get(ids.get((str(one["claim_number"]), str(one["request_id"])), ""), {})} for one in listed
    ]


def _counts(books: Books) -> dict[str, int]:
    decided = Counter(one.decision for one in books.decisions)
    states = Counter(path.state_of(said) for said in books.referrals.values())
    unknown = {(one.verdict.source, one.verdict.id) for one in books.claims if one.verdict.kind == "unknown"}
    return {
        "records": len(books.claims),
        "requests": len(books.requests),
        "admitted": decided["admitted"],
        "not_admitted": decided["not-admitted"],
        "without_claim": decided["without-claim"],
        "accepted": len({one.key for one in books.words.get("referral-accepted", ())}),
        "unplaced": states["UNPLACED"],
        "offers": len(books.words.get("referral-offered", ())),
        "declined": len(books.words.get("referral-declined", ())),
        "lapsed": len(books.words.get("referral-lapsed", ())),
        "booked": len(books.words.get("appointment-booked", ())),
        "notices": len(books.words.get("notice-queued", ())),
        "parked": len([one for one in books.words.get("event-parked", ()) if one.data["was_topic"] == topics.CLAIMS]),
        "counted_unknown": len(unknown),
        "approved_plans": len(
            {
                (one.key, one.data["plan"])
                for one in (*books.words.get("plan-approved", ()), *books.words.get("plan-deemed-approved", ()))
            }
        ),
        "reports": len(books.words.get("report-accepted", ())),
        "invoices": len(books.words.get("invoice-received", ())),
        "paid_cents": sum(one.data["cents"] for one in books.words.get("invoice-paid", ())),
        "remittances": len(books.words.get("remittance-issued", ())),
        "duplicates": sum(one.is_duplicate for one in books.claims),
    }


def _imbalances(counts: dict[str, int], *, at_the_end: bool) -> Iterator[str]:
    """The sums themselves."""
    decided = counts["admitted"] + counts["not_admitted"] + counts["without_claim"]
    if at_the_end and counts["requests"] != decided:
        yield f"{counts['requests']} requests are not {decided} decisions"
