"""A virtual environment with an MLflow client of the 2.x line, made once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
REQUIRED = (
    "mlflow-skinny==2.22.*",
    # What it takes to log a pyfunc model and to load it again.
    "cloudpickle==3.*",
    "numpy==2.*",
    "pandas==2.*",
    # Any will do; this one is imported with every mlflow, and younger ones take a second more.
    "databricks-sdk==0.20.*",
)


@cache
def older_python() -> Path:
    """The environment's interpreter; made again when what is required changes."""
    stamp = hashlib.sha256("\n".join([sys.version, *REQUIRED]).encode()).hexdigest()
    folder = Path(os.environ.get("GENESIS_OLDER_CLIENT_VENV") or REPOSITORY / ".cache" / "mlflow-2.22")
    # Not with_suffix, which would take .22 for one.
    python, done, lock = folder / "bin" / "python", folder / "made", folder.with_name(f"{folder.name}.lock")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # pytest-xdist's workers all come here at once
        if not done.exists() or done.read_text() != stamp:
            _run("-m", "venv", "--clear", "--without-pip", str(folder))
            # Compiled when imported: most of what is installed never is.
            options = ("--quiet", "--disable-pip-version-check", "--no-compile")
            _run("-m", "pip", "--python", str(python), "install", *options, *REQUIRED)
            done.write_text(stamp)
    return python


def _run(*arguments: str) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"python {' '.join(arguments)}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
