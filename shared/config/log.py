"""Structured logs with a fixed vocabulary: a field that is not listed here is not written."""

import logging
import sys
import time
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

from shared.database.postgres import Missed

WORDS = frozenset(
    {
        "service",  # who says it
        "instance",  # which replica
        "event_id",  # the record it is about
        "event_type",
        "topic",
        "partition",
        "offset",
        "parked_id",
        "correlation_id",
        "outcome",  # applied, parked, retried, sent…
        "count",
        "seconds",
        "problem",  # an exception's type and place, never its message
        "verb",
        "step",
        "attempts",
        "channel",
        "operation_id",
        "route",
        "status",
        "tzdata",  # which version of the time zone tables is loaded
    }
)
_MOST_LINES = 1000
_FRAME = frozenset({"event", "level", "logger", "timestamp", "exc_info", "exception"})


def _only_words(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop fields outside the vocabulary and list their names in `unknown_fields`."""
    strange = [name for name in entry if name not in WORDS and name not in _FRAME and not name.startswith("_")]
    for name in strange:
        del entry[name]
    if strange:
        entry["unknown_fields"] = sorted(strange)
    return entry


def _no_message(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and place; its message may hold personal data."""
    found = entry.pop("exc_info", None)
    problem = found[1] if isinstance(found, tuple) else sys.exc_info()[1] if found else None
    if isinstance(problem, BaseException):
        entry["problem"] = described(problem)
    return entry


def described(problem: BaseException) -> str:
    """Return the type and place of an exception, without its message, which may repeat the record's content."""
    if isinstance(problem, Missed):
        return f"Missed: {problem}"
    frames = traceback.extract_tb(problem.__traceback__)
    where = f" in {frames[-1].name}, line {frames[-1].lineno} of {Path(frames[-1].filename).name}" if frames else ""
    state = getattr(problem, "sqlstate", None)
    return f"{type(problem).__name__}{f' {state}' if state else ''}{where}"


class Repeats:
    """A filter that lets the first of equal log lines through, and after that one a minute."""

    def __init__(self, every: float = 60.0) -> None:
        """Start without any line; `every` is in seconds."""
        self._every = every
        self._lines: dict[str, tuple[float, int]] = {}

    def due(self, line: str) -> int:
        """Return how often the line came since it was last written, or 0 while it must not be written."""
        now = time.monotonic()
        written_at, times = self._lines.get(line, (-self._every, 0))
        if now - written_at < self._every:
            self._lines[line] = written_at, times + 1
            return 0
        if len(self._lines) > _MOST_LINES:
            self._lines.clear()
        self._lines[line] = now, 0
        return times + 1


def set_up(service: str, instance: str, level: str = "INFO") -> None:
    """Write JSON lines to standard output, from our own code and from libraries."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _no_message,
    ]
    structlog.configure(
        processors=[*shared, _only_words, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("aiokafka", "faststream", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service, instance=instance)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a structured logger."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
