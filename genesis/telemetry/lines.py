"""Log lines, as text or as JSON; every one that belongs to a request has its id."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from genesis.observed import current
from genesis.settings import Settings

LIBRARIES = (
    "azure.core",
    "azure.identity",
    "azure.monitor",
    "azure.storage",
    "msal",
    "opentelemetry",
    "pymongo",
    "urllib3",
)
"""Below WARNING their lines hold URLs, headers and whole documents."""
WORKER = ("azure_functions_worker", "azure.functions", "proxy_worker")
"""Loggers of the Functions worker itself, whose lines Azure reads."""
REQUESTS = "genesis.requests"


class TextLines(logging.Formatter):
    """Lines for people, the request's id at the end."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        observed = current()
        return f"{line} [{observed.id}]" if observed else line


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        if record.name.startswith(WORKER):
            return super().format(record)
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        observed = current()
        if observed:
            line.update(observed.fields())
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return _json(line)


def _json(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line).decode()
    except TypeError:
        # A lone surrogate, which is no UTF-8.
        return orjson.dumps({name: _readable(value) for name, value in line.items()}).decode()


def _readable(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def write(settings: Settings) -> None:
    """Log to standard error: for a process that nobody else has told where to log to."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings, "%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("genesis").setLevel(settings.level)
    _quieten()
    if not settings.logs_json and settings.level > logging.DEBUG:
        # A terminal is no place for a line a request.
        logging.getLogger(REQUESTS).setLevel(logging.WARNING)


def adopt(settings: Settings) -> None:
    """Give the handlers of a host that logs for us our lines, but for those that have a form of their own."""
    for handler in logging.getLogger().handlers:
        if handler.formatter is None:
            handler.setFormatter(_formatter(settings, "%(message)s"))
    _quieten()


def _formatter(settings: Settings, text: str) -> logging.Formatter:
    return JsonLines("%(message)s") if settings.logs_json else TextLines(text)


def _quieten() -> None:
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
