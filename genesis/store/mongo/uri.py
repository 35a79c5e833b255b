"""What a URI asks of the connection, and what it may not ask."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from pymongo.errors import ConfigurationError, InvalidURI
from pymongo.uri_parser import parse_uri

from genesis.store.mongo.oidc import MECHANISM, Identity

SRV = "mongodb+srv://"
PLAIN = "mongodb://"
INSECURE = ("tlsInsecure", "tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames")
DATABASE = "genesis"
"""Used where a URI names none."""
RU = ".mongo.cosmos."
"""In the name of every host of Cosmos DB RU, in all of Azure's clouds; vCore's have ``.mongocluster.``."""


class Address:
    """A URI, read without asking anybody.

    Raises ValueError, which never repeats the URI, for one that is none or would send data in the clear.
    """

    def __init__(self, uri: str) -> None:
        # One that DNS completes is read as if it were whole: nothing here depends on what DNS would add.
        readable = PLAIN + uri.removeprefix(SRV) if uri.startswith(SRV) else uri
        try:
            parts = parse_uri(readable, validate=False)
        except (InvalidURI, ConfigurationError, ValueError) as error:
            raise ValueError(str(error)) from None
        if parts["collection"]:
            raise ValueError("A database's name has no dot.")
        self.database: str = parts["database"] or DATABASE
        self._given: dict[str, str] = {name.lower(): str(value) for name, value in parts["options"].items()}
        self._hosts: list[str] = [host for host, _ in parts["nodelist"]]
        self._is_local = not uri.startswith(SRV) and all(map(is_loopback, self._hosts))
        self._check()

    @property
    def is_ru(self) -> bool:
        """Whether it is one of Cosmos DB RU, which has commands of its own."""
        return any(RU in host.lower() for host in self._hosts)

    def options(self, **ours: Any) -> dict[str, Any]:
        """Options of the client: ours where the URI has none, and those that it has no say in."""
        chosen = {name: value for name, value in ours.items() if name.lower() not in self._given}
        if not self._is_local:
            chosen["tls"] = True
        if self._given.get("authmechanism") == MECHANISM and "authmechanismproperties" not in self._given:
            # Without ALLOWED_HOSTS, which the driver takes only where a person signs in: TLS proves the host.
            chosen["authMechanismProperties"] = {"OIDC_CALLBACK": Identity()}
        return chosen

    def _check(self) -> None:
        if self._is_local:
            return
        if self._given.get("tls", "true").lower() != "true":
            raise ValueError(
                "It switches TLS off. Only a database on this machine's loopback addresses is talked to in "
                "the clear: leave tls (or ssl) out."
            )
        for option in INSECURE:
            if self._given.get(option.lower(), "false").lower() != "false":
                raise ValueError(
                    f"It has {option}, with which anybody could pose as the database. For certificates of "
                    "your own, name their authority: tlsCAFile=/path/to/ca.pem."
                )


def is_loopback(host: str) -> bool:
    """Whether what is sent to ``host`` (a name, an address or a socket's path) stays on this machine."""
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
