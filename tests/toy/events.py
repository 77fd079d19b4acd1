"""What the toy hears and says."""

from datetime import datetime

from typing_extensions import override

from shared.domain.decision import INTERNAL, Event


class Ticked(Event, type="rehab.toyin.ticked.v1", key="counter_id", topic="toy-in"):
    """Something happened once more; `mood` makes its decision misbehave."""

    counter_id: str
    note: str = ""
    mood: str = ""
    wake_at: datetime | None = None


class Nudged(Event, type="rehab.toyside.nudged.v1", key="counter_id", topic="toy-side"):
    """The same counter is spoken of on another topic."""

    counter_id: str


class Looked(Event, type="rehab.toyin.looked.v1", key="counter_id", topic="toy-in"):
    """Something happened that changes nothing and is not told."""

    counter_id: str
    note: str = ""


class Labelled(Event, type="rehab.toyside.labelled.v1", key="counter_id", topic="toy-side"):
    """A fact that is only copied."""

    counter_id: str
    label: str


class Asked(Event, type="rehab.toyside.asked.v1", key="counter_id", topic="toy-side", owner="toy"):
    """Somebody asks for `by` more; at most three are granted."""

    counter_id: str
    by: int


class Heard(Event, type="foreign.heard.v1", key="counter_id", topic="toy-foreign"):
    """Somebody else's system says something, without any sequence."""

    counter_id: str

    @override
    def check(self, key: str | None, read_at: datetime) -> None:
        """As every contract, and never of a counter named nobody."""
        super().check(key, read_at)
        if self.counter_id == "nobody":
            raise ValueError("nobody is no counter")


class Pondered(Event, type="toy.pondered", key="counter_id", topic=INTERNAL):
    """A next step, and a timer."""

    counter_id: str
    by: int = 1


class Counted(Event, type="rehab.toy.counted.v1", key="counter_id"):
    """A counter counted."""

    counter_id: str
    ticks: int
    why: str
    note: str = ""
