"""``python -m genesis serve`` as a user starts it: a process of its own, set up by its environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.servers import Server, free_port

REPOSITORY = Path(__file__).parents[2]


def genesis_serve(
    data: Path,
    *,
    database_uri: str = "",
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
    ui: Path | None = None,
) -> Server:
    """A server that keeps its data in ``data``; ``environment`` adds to the settings.

    ``ui`` is a folder with the UI's build; without it no page is served.
    """
    port = free_port() if port is None else port
    page = {} if ui is None else {"GENESIS_UI": str(ui)}
    return Server(
        genesis_command("serve", "--port", str(port), "--data", str(data)),
        port=port,
        health="/health",
        environment=genesis_environment(
            {"GENESIS_DATABASE_URI": database_uri, **page, **(environment or {})}
        ),
        cwd=REPOSITORY,
    )


def genesis_command(*arguments: str) -> list[str]:
    """The command line; run it in the repository, where ``genesis`` is importable even if not installed."""
    return [sys.executable, "-m", "genesis", *arguments]


def genesis_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with ``settings`` for every setting of ours, and none of MLflow's.

    Nothing is fetched unless they say so.
    """
    ours = ("GENESIS_", "MLFLOW_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return inherited | {"GENESIS_UI": "none", **settings}
