"""Structured logs with one vocabulary: a field that is not listed here does not leave the process."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

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
    }
)
_FRAME = frozenset({"event", "level", "logger", "timestamp", "exc_info", "exception"})


def _only_words(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop what the vocabulary does not know, and say so."""
    strange = [name for name in entry if name not in WORDS and name not in _FRAME and not name.startswith("_")]
    for name in strange:
        del entry[name]
    if strange:
        entry["unknown_fields"] = sorted(strange)
    return entry


def set_up(service: str, instance: str, level: str = "INFO") -> None:
    """JSON lines on standard output, for our own words and for the libraries' warnings alike."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
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
    """A logger that speaks the vocabulary."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
