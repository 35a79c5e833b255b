"""The deployment under test, and what checks found out for those after them."""

from __future__ import annotations

import secrets
import socket
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from genesis.validate.environment import Caller
from genesis.validate.results import Result
from genesis.validate.transport import Reply, Transport

API = "/api/2.0/mlflow"


@dataclass
class Throwaway:
    """What is made to be removed again; all of it is found by these names."""

    word: str = field(default_factory=lambda: secrets.token_hex(6))
    begun: bool = False
    experiment_id: str = ""
    run_id: str = ""
    folder: str = ""
    """The run's artifacts, below `mlflow-artifacts/artifacts/`; empty where they are elsewhere."""

    @property
    def name(self) -> str:
        return f"genesis validate {self.word}"

    @property
    def model(self) -> str:
        return f"genesis-validate-{self.word}"


class Deployment:
    """A server as its clients reach it."""

    def __init__(self, url: str, caller: Caller, database: bool = False) -> None:
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self.caller = caller
        self.scheme = parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.looks_at_database = database
        self.throwaway = Throwaway()
        self.steps: tuple[str, ...] = ()
        """What the stock client is to do."""
        self.trip: dict[str, Result] | None = None
        self.ready: Reply | None = None
        self.info: dict[str, Any] = {}
        self.offset = 0.0
        """Seconds that the server's clock is ahead of this one's."""
        self.is_open = False
        """Whether anybody may call."""
        self.signed: dict[str, Any] = {}
        """Signed URLs: one to ``read``, one to ``write``."""
        self.stored: Reply | None = None
        """The storage's reply to a signed URL."""

    @cached_property
    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.caller.certificates:
            context.load_verify_locations(self.caller.certificates)
        return context

    @cached_property
    def server(self) -> Transport:
        """As the caller, who is told to nobody who could listen."""
        headers = self.caller.headers if self.is_private else {}
        return Transport(self.url, headers, self.context)

    @cached_property
    def addresses(self) -> list[str]:
        """Raises OSError."""
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        return sorted({str(address[0]) for *_, address in found})

    @cached_property
    def is_loopback(self) -> bool:
        try:
            return all(ip_address(address.partition("%")[0]).is_loopback for address in self.addresses)
        except OSError:
            return False

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read along."""
        return self.scheme == "https" or self.is_loopback
