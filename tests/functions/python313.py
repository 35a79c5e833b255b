"""A Python 3.13 of this machine, and a virtual environment of it with what the function app runs on."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# Pinned, because messages.py follows it: with a new one, see what changed in its handle_event.py.
WORKER = "azure-functions-runtime==1.3.0"
PLACES = (
    "{PYENV_ROOT}/versions/3.13.*/bin/python",
    "~/.pyenv/versions/3.13.*/bin/python",
    "/root/.pyenv/versions/3.13.*/bin/python",
    "~/.local/share/uv/python/cpython-3.13*/bin/python3.13",
    "/opt/*/bin/python3.13",
    "/opt/python/3.13*/bin/python3.13",
    "/opt/hostedtoolcache/Python/3.13.*/x64/bin/python",
    "~/*conda*/envs/*/bin/python3.13",
    "~/*forge*/envs/*/bin/python3.13",
    "/usr/local/bin/python3.13",
)


@cache
def python313() -> Path:
    """The virtual environment's interpreter; without a Python 3.13 the test is skipped, or failed in CI."""
    return _environment(base313())


@cache
def base313() -> str:
    """An interpreter to make environments with; without one the test is skipped, or failed in CI."""
    base = next((found for found in _candidates() if _is_313(found)), None)
    if base is None:
        advice = (
            "no Python 3.13 here: `uv python install 3.13` or `pyenv install 3.13`, "
            "or set GENESIS_PYTHON313 to one"
        )
        if os.environ.get("CI"):
            pytest.fail(advice)
        pytest.skip(advice)
    return base


def _candidates() -> Iterator[str]:
    if chosen := os.environ.get("GENESIS_PYTHON313"):
        yield chosen
    if on_path := shutil.which("python3.13"):
        yield on_path
    for place in PLACES:
        place = place.format(PYENV_ROOT=os.environ.get("PYENV_ROOT", "~/.pyenv"))
        folder = Path(place).expanduser()
        yield from map(str, sorted(Path(folder.anchor).glob(str(folder.relative_to(folder.anchor)))))


def _is_313(python: str) -> bool:
    """Asks it, for a pyenv shim may be there without any version behind it."""
    question = "import sys, venv, ensurepip; print(*sys.version_info[:2], sep='.')"
    try:
        answer = subprocess.run([python, "-c", question], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.strip() == "3.13"


def _environment(base: str) -> Path:
    """Made once and kept; made again when what is required changes."""
    required = _requirements()
    stamp = hashlib.sha256("\n".join([base, *required]).encode()).hexdigest()
    folder = Path(os.environ.get("GENESIS_PY313_VENV") or REPOSITORY / ".cache" / "py313")
    python, done = folder / "bin" / "python", folder / "requirements.sha256"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # pytest-xdist's workers all come here at once
        if not done.exists() or done.read_text() != stamp:
            _run(base, "-m", "venv", "--clear", str(folder))
            _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *required)
            done.write_text(stamp)
    return python


def _requirements() -> list[str]:
    """The app's own, without MLflow: what it must do without is not there."""
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    stated = [re.sub(r"\s*#.*", "", line).strip() for line in lines]
    return [*(line for line in stated if line and not line.startswith("mlflow")), WORKER]


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        pytest.fail(f"{' '.join(command)}:\n{done.stdout[-4000:]}")
