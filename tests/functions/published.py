"""The app folder as it is published, and its process behind the stand-in host."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.functions.python313 import REPOSITORY, python313
from tests.servers import Server, free_port


def publish(folder: Path) -> Path:
    """Copies what .funcignore lets through, so that what Azure would miss is missing here too."""
    lines = (REPOSITORY / ".funcignore").read_text().splitlines()
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(*filter(None, lines)))
    return folder


def environment(**settings: str) -> dict[str, str]:
    """This process's own, without its Genesis settings and Python paths, plus ``settings``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GENESIS_", "PYTHON", "MLFLOW_", "AZURE"))
    }
    return kept | {"PYTHON_THREADPOOL_THREAD_COUNT": "8", "PYTHONDONTWRITEBYTECODE": "1"} | settings


def functions_host(folder: Path, **settings: str) -> Server:
    """The host and its worker for the app in ``folder``, under Python 3.13, not yet started."""
    port = free_port()
    command = [str(python313()), "-m", "tests.functions.host", str(folder), str(port)]
    return Server(command, port=port, environment=environment(**settings), cwd=REPOSITORY)
