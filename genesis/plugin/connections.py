"""Connections to the storage: kept open, anonymous, and silent about the URLs they fetch."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter

from genesis import __version__

CONNECTIONS = 64
"""Kept open for each host; more than the threads of one transfer."""

SIGNATURE = re.compile(r"\bsig=[^&\s'\"]+")
"""In the URLs of Blob Storage, and of a server that is its own storage."""


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


def _hide_signatures(record: logging.LogRecord) -> bool:
    """A filter: urllib3 logs whole URLs at level DEBUG. MLflow hides these, too; older ones did not."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            SIGNATURE.sub("sig=[REDACTED]", given) if isinstance(given, str) else given
            for given in record.args
        )
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_hide_signatures)
