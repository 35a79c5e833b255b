"""What a request asks of MongoDB: how many commands, and what they cost where the database knows it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any, Protocol

from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from genesis.observed import current

LOG = logging.getLogger(__name__)
STATISTICS = "getLastRequestStatistics"
"""Cosmos DB's own: what the command before it cost, on the same connection."""
LAST = threading.local()


class Asked(Protocol):
    """A database that takes commands."""

    def command(self, command: str) -> Mapping[str, Any]: ...


class Commands(CommandListener):
    """Counts for the request under way; the driver tells each command on the thread that sends it."""

    def __init__(self) -> None:
        self.database: Asked | None = None
        """Whom to ask what a command cost."""
        self._is_dumb = False

    def started(self, event: CommandStartedEvent) -> None:
        observed = current()
        if observed is None or event.command_name == STATISTICS:
            return
        observed.count_command()
        if observed.is_charged and not self._is_dumb:
            LAST.command = (self, event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...

    def charge(self, name: str) -> None:
        """Add what this thread's last command cost; a database that cannot tell is not asked again."""
        observed = current()
        if observed is None or self.database is None or self._is_dumb:
            return
        try:
            # The pool gives out first what came back last, so this is the same connection, or mostly.
            told = self.database.command(STATISTICS)
            if told.get("CommandName", name) == name:
                observed.add_charge(float(told["RequestCharge"]))
        except ConnectionFailure:
            # The next operation meets the same, and tells.
            return
        except (PyMongoError, KeyError, TypeError, ValueError) as error:
            self._is_dumb = True
            LOG.warning(
                "GENESIS_REQUEST_CHARGE is of no use: the database does not tell what a command costs [%s]",
                type(error).__name__,
            )


def charged() -> None:
    """An operation has ended well: add what its last command cost, where that is asked for."""
    last: tuple[Commands, str] | None = getattr(LAST, "command", None)
    if last is not None:
        LAST.command = None
        commands, name = last
        commands.charge(name)
