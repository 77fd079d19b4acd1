"""A second opinion from the topics alone: every place of every key once and in order, every cause with one effect."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aiokafka import ConsumerRecord

_MOST_SENTENCES = 20


class Seen(NamedTuple):
    """What one record says of itself."""

    topic: str
    key: str
    sequence: int
    event_id: str
    cause: str
    type: str


class Link(NamedTuple):
    """Each event of one type on a topic leads to exactly one of these on another."""

    cause_topic: str
    cause_type: str
    effect_topic: str
    effect_types: frozenset[str]


@dataclass
class Report:
    """What was found."""

    events: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    lost: int = 0
    double: int = 0
    gaps: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing double, no gap, no other fault."""
        return not (self.lost or self.double or self.gaps or self.faults)

    def say(self, sentence: str) -> None:
        """A fault in words; not thousands of them."""
        if len(self.faults) < _MOST_SENTENCES:
            self.faults.append(sentence)


def seen(record: ConsumerRecord) -> Seen:
    """The headers of our own topics; a topic without sequence gives place 0."""
    headers = {name: (value or b"").decode() for name, value in record.headers}
    return Seen(
        record.topic,
        record.key.decode(),
        int(headers.get("ce_sequence", 0)),
        headers["ce_id"],
        headers.get("ce_causationid", ""),
        headers["ce_type"],
    )


def check(records: Iterable[Seen], links: Sequence[Link]) -> Report:
    """Judge all that lies on the topics, in the order of each partition."""
    report = Report()
    first = _first_occurrences(records, report)
    for link in links:
        _follow(link, first, report)
    return report


def _first_occurrences(records: Iterable[Seen], report: Report) -> list[Seen]:
    """A repeat is absorbed; another event at the same place, or a place out of turn, is a fault."""
    first: list[Seen] = []
    known: dict[tuple[str, str, int], str] = {}
    ids: set[tuple[str, str]] = set()
    last: Counter[tuple[str, str]] = Counter()
    for one in records:
        place = one.topic, one.key, one.sequence
        if known.get(place) == one.event_id or (not one.sequence and (one.topic, one.event_id) in ids):
            report.repeats += 1
            continue
        if place in known and one.sequence:
            report.double += 1
            report.say(f"{place} is two events")
        elif one.sequence and one.sequence != last[place[:2]] + 1:
            report.gaps += 1
            report.say(f"{place} follows place {last[place[:2]]}")
        known[place] = one.event_id
        ids.add((one.topic, one.event_id))
        last[place[:2]] = one.sequence
        first.append(one)
        report.events[one.topic] += 1
    return first


def _follow(link: Link, first: Sequence[Seen], report: Report) -> None:
    """No effect is lost and none is double; none comes from nowhere."""
    effects: defaultdict[str, int] = defaultdict(int)
    for one in first:
        if one.topic == link.effect_topic and one.type in link.effect_types:
            effects[one.cause] += 1
    for one in first:
        if one.topic == link.cause_topic and one.type == link.cause_type:
            times = effects.pop(one.event_id, 0)
            if not times:
                report.lost += 1
                report.say(f"{one.topic} {one.key} {one.sequence} has no effect on {link.effect_topic}")
            report.double += max(0, times - 1)
            if times > 1:
                report.say(f"{one.topic} {one.key} {one.sequence} has {times} effects on {link.effect_topic}")
    if effects:
        report.say(f"{len(effects)} effects on {link.effect_topic} without a cause on {link.cause_topic}")
