"""Log lines: one JSON object each in production, a readable line elsewhere; no secret, nobody's address.

A line about a request names the route and the request's identifier, which its audit events carry as well:
who did what is told there, to whom may read it.
"""

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from connecticard.request_id import request_id

_SECRETS = [
    (re.compile(r"(/account/(?:invitation|password/reset/key)/)[^/\s\"']+"), r"\1..."),
    (re.compile(r"\bctk_[\w-]+"), "ctk_..."),
    (re.compile(r"\bwhsec_[\w+/=]+"), "whsec_..."),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "...@..."),
]


def without_secrets(text: str) -> str:
    """Return a text without links that work once, API tokens and e-mail addresses."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def _clean(logger: Any, method: str, event: EventDict) -> EventDict:
    return {key: without_secrets(value) if isinstance(value, str) else value for key, value in event.items()}


def _with_request_id(logger: Any, method: str, event: EventDict) -> EventDict:
    if identifier := request_id.get():
        event["request_id"] = identifier
    return event


_SHARED: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _with_request_id,
]

structlog.configure(
    processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=False,
)


def formatter(as_json: bool) -> logging.Formatter:
    """Return what writes every line, those of libraries too."""
    written: Processor = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _clean,
            written,
        ],
    )
