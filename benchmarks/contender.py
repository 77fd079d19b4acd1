"""The task that every contender gets, and the way its time is taken."""

import gc
import time
from dataclasses import dataclass, field


@dataclass
class Task:
    """So many events, on this broker, into this database."""

    kafka: str
    postgres: str
    group: str
    total: int
    began: float = field(default=0.0)
    spent_cpu: float = field(default=0.0)
    cpu_us: float = field(default=0.0)

    def prepare(self) -> None:
        """The same collector settings for everybody."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)

    def start(self) -> None:
        """From the first batch on: joining the group is not what is measured."""
        self.began, self.spent_cpu = time.perf_counter(), time.process_time()

    def rate(self, events: int) -> float:
        """Events per second."""
        spent = time.perf_counter() - self.began
        self.cpu_us = (time.process_time() - self.spent_cpu) / events * 1e6
        return events / spent
