"""Connections to the storage: kept open, anonymous, and silent about the URLs they fetch."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter

from genesis import __version__

CONNECTIONS = 64
"""Kept open for each host; more than the threads of one transfer."""

_talking = threading.local()


@lru_cache(maxsize=1)
def session(process: int) -> requests.Session:
    """For all transfers of a process; one that was forked off has its own."""
    made = requests.Session()
    adapter = HTTPAdapter(pool_connections=8, pool_maxsize=CONNECTIONS)
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    # Else requests would look for a password for the host in ~/.netrc.
    made.auth = _anonymous
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    made.headers.update({"User-Agent": f"genesis-flow/{__version__}", "Accept-Encoding": "identity"})
    return made


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


@contextmanager
def unlogged() -> Iterator[None]:
    """Within it urllib3 logs this thread's requests without their queries, which are signatures."""
    _talking.now = True
    try:
        yield
    finally:
        _talking.now = False


def _hide_queries(record: logging.LogRecord) -> bool:
    if getattr(_talking, "now", False) and isinstance(record.args, tuple):
        record.args = tuple(_without_query(argument) for argument in record.args)
    return True


def _without_query(argument: object) -> object:
    return f"{argument.partition('?')[0]}?…" if isinstance(argument, str) and "?" in argument else argument


logging.getLogger("urllib3.connectionpool").addFilter(_hide_queries)
