"""Every bad record is accounted for, and nothing else is put aside."""

from collections import Counter
from collections.abc import Iterator

from simulation.audit.observations import Books
from simulation.clients.topics import CLAIMS


def bad_records(books: Books) -> Iterator[str]:
    """Each is announced as parked once, whatever id it carries."""
    parked = Counter(
        (int(one.data["was_partition"]), int(one.data["was_offset"]))
        for one in books.words.get("event-parked", ())
        if one.data["was_topic"] == CLAIMS
    )
    for one in books.claims:
        place = f"the record {one.lying.offset} of partition {one.lying.partition} of claims"
        count = parked.pop((one.lying.partition, one.lying.offset), 0)
        if one.verdict.kind != "bad" and count:
            yield f"{place} is {one.verdict.kind} and was parked"
        elif one.verdict.kind == "bad" and count != 1:
            yield f"{place} is bad ({one.verdict.reason}) and was parked {count} times"
    for partition, offset in parked:
        yield f"the record {offset} of partition {partition} of claims was parked and is not there"


def reasons(books: Books) -> Iterator[str]:
    """Whatever is parked says why, in a sentence."""
    for one in books.words.get("event-parked", ()):
        if not one.data.get("reason") or not one.data.get("sentence"):
            yield f"{one.owner} parked a record of {one.data['was_topic']} and does not say why"


def own_records(books: Books) -> Iterator[str]:
    """No service puts aside what another one announced."""
    for one in books.words.get("event-parked", ()):
        if one.data["was_topic"] != CLAIMS:
            yield f"{one.owner} parked {one.data.get('was_type')} of {one.data['was_topic']}: {one.data['sentence']}"
