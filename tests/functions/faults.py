"""Bad weather before a MongoDB server: a share of the commands is throttled, delayed, or gets no reply."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from tests.store.proxy import Connection, Fault, Message, Proxy

COMMANDS = {"find", "getMore", "insert", "update", "delete", "findAndModify"}
WRITES = {"insert": "writeErrors", "update": "writeErrors", "delete": "writeErrors"}
"""Commands that may succeed as such and tell of each write why it failed."""

THROTTLED, DELAYED, LOST, CUT = "throttled", "delayed", "reply lost", "cut"


class Share(Fault):
    """Strikes a share (0 to 1) of the commands that carry data."""

    def __init__(self, act: Callable[[Connection, Message], None], random: Random) -> None:
        super().__init__("any of them", act)
        self.share = 0.0
        self.struck: Counter[tuple[str, Any]] = Counter()
        """How often, by command and collection."""
        self._random = random

    def takes(self, name: str, collection: Any) -> bool:
        if name not in COMMANDS or self._random.random() >= self.share:
            return False
        self.struck[name, collection] += 1
        return True


class Weather:
    """The faults of one proxy: shares of all commands, and times when every one is throttled."""

    def __init__(self, proxy: Proxy, seed: int) -> None:
        self._proxy = proxy
        self._random = Random(seed)
        acts = {THROTTLED: self._throttle, DELAYED: self._delay, LOST: _lose, CUT: _cut}
        self.shares = {kind: Share(act, self._random) for kind, act in acts.items()}
        proxy.faults.extend(self.shares.values())

    def set(self, throttled: float, delayed: float = 0.0, lost: float = 0.0, cut: float = 0.0) -> None:
        """Which share of the commands meets what."""
        for kind, share in ((THROTTLED, throttled), (DELAYED, delayed), (LOST, lost), (CUT, cut)):
            self.shares[kind].share = share

    def calm(self) -> None:
        self.set(0.0)

    def struck(self) -> dict[str, int]:
        """How many commands met what."""
        return {kind: share.struck.total() for kind, share in self.shares.items()}

    def lost(self, command: str, collection: str) -> int:
        """How many commands of a kind were done, and nobody was told."""
        return self.shares[LOST].struck[command, collection]

    def _throttle(self, connection: Connection, message: Message) -> None:
        connection.reply(message, throttled(self._random, message))

    def _delay(self, connection: Connection, message: Message) -> None:
        time.sleep(self._random.uniform(0.02, 0.3))
        connection.forward(message)


def throttled(random: Random, message: Message) -> dict[str, Any]:
    """As Cosmos DB RU says it; of a write as often in the command's place as in the single write's."""
    text = (
        f"Error=16500, RetryAfterMs={random.randrange(10, 400)}, Details='Response status code does not "
        "indicate success: TooManyRequests (429); Substatus: 3200; Reason: (Request rate is large.)'"
    )
    name = message[3][10 : message[3].index(b"\0", 10)].decode()
    if name in WRITES and random.random() < 0.5:
        return {"ok": 1.0, "n": 0, "writeErrors": [{"index": 0, "code": 16500, "errmsg": text}]}
    return {"ok": 0.0, "code": 16500, "codeName": "RequestRateTooLarge", "errmsg": text}


def _lose(connection: Connection, message: Message) -> None:
    connection.lost.add(message[0])
    connection.forward(message)


def _cut(connection: Connection, _: Message) -> None:
    connection.end()
