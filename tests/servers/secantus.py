"""secantusdb, the MongoDB server of the tests: a separate program, never imported (it is GPL-2.0)."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.servers import Server, free_port


def secantusdb(folder: Path, *options: str, durable: bool = True) -> Server:
    """A server that keeps its data in ``folder``; if ``durable``, acknowledged writes survive a kill."""
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("secantusd-py")),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--storage-path", str(folder / "secantus")),
        *("--log-level", "WARNING", *options),
    ]
    if durable:
        # Which makes every write half as long again, or longer where a disk is slow.
        command.append("--sync-on-commit")
    # Its working directory decides which secantusd.toml it would read: an empty folder, so none.
    return Server(command, port=port, cwd=folder)


def mongodb_address(server: Server) -> str:
    """The URI of ``server``, without a database."""
    return f"mongodb://127.0.0.1:{server.port}/?directConnection=true"
