"""Structured logs: one JSON line an event, with the request id; no personal data, no tokens, no signatures."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = frozenset({"authorization", "token", "url", "variables", "query", "args", "parameters"})


def _without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What could carry personal data, a token or a signature never reaches the stream."""
    for name in HIDDEN & event.keys():
        event[name] = "[hidden]"
    return event


def configure(level: str) -> None:
    """JSON on standard error; call once at the start of the process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def bind(request_id: str) -> None:
    """All further lines of this request carry its id."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


log: Any = structlog.get_logger()
