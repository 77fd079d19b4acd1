"""Decoding of raw records from own, other services' and foreign topics."""

from datetime import datetime
from typing import NamedTuple

from shared.messaging.cloudevents_foreign import decode_foreign
from shared.messaging.envelope import Raw, Record, Types, decode, empty_record, sentence
from shared.messaging.lenient_decoding import is_unreadable_batch
from shared.messaging.timers import read_own


class Reader(NamedTuple):
    """The decoder of a service: the types it reads and the topics it subscribes to."""

    types: Types
    listens: frozenset[str]
    foreign: frozenset[str]

    def read(self, raw: Raw, read_at: datetime) -> Record:
        """Decode one record; faults are noted in it, nothing is raised."""
        if raw.key is None and is_unreadable_batch(raw.headers):
            record = empty_record(raw, read_at)
            record.fault = "the batch that ends here cannot be read: send its records again, not compressed"
            return record
        if raw.topic in self.foreign:
            return decode_foreign(raw, self.types, read_at)
        if raw.topic in self.listens:
            return decode(raw, self.types, read_at)
        try:
            return read_own(raw, self.types, read_at)
        except (LookupError, ValueError) as problem:  # a step or timer of an older version, which this one cannot read
            record = empty_record(raw, read_at)
            record.fault = sentence(problem)
            return record
