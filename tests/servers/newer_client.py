"""The MLflow client after the one the tests run with: unpacked once, without its pins, and kept."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# Its own pins ask for an mlflow-skinny 3.18.0, which no registry here has; this version's client runs on the
# packages that 3.17.2 is installed with.
REQUIRED = "mlflow==3.18.0"


@cache
def newer_client() -> Path:
    """The folder to put first on PYTHONPATH."""
    folder = Path(os.environ.get("GENESIS_NEWER_CLIENT") or REPOSITORY / ".cache" / "mlflow-3.18")
    done, lock = folder / "made", folder.with_name(f"{folder.name}.lock")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # pytest-xdist's workers all come here at once
        if not done.exists() or done.read_text() != REQUIRED:
            options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile", "--upgrade")
            command = (sys.executable, "-m", "pip", "install", *options, "--target", str(folder), REQUIRED)
            made = subprocess.run(command, capture_output=True, text=True)
            if made.returncode:
                pytest.fail(f"{' '.join(command)}:\n{made.stderr[-4000:]}")
            done.write_text(REQUIRED)
    return folder
