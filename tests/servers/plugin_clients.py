"""Environments with an MLflow of their own and genesis-flow beside it, made once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.functions.python313 import base313

REPOSITORY = Path(__file__).parents[2]
OLDEST = "mlflow-skinny==2.3.*"
"""The first that has an error code for "not implemented"."""
NEWEST = "mlflow-skinny==3.17.2"


@cache
def oldest_client() -> Path:
    """The interpreter of an environment with the oldest MLflow that the plug-in supports."""
    # It asks for pkg_resources, which younger ones have not.
    return _made("oldest", sys.executable, (OLDEST, "setuptools<80"))


@cache
def client_on_313() -> Path:
    """The interpreter of an environment of Python 3.13 with the MLflow of the other tests."""
    return _made("py313", base313(), (NEWEST,))


def _made(name: str, base: str, mlflow: tuple[str, ...]) -> Path:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    required = [*mlflow, *project["dependencies"]]
    groups = project["entry-points"]
    stamp = hashlib.sha256("\n".join([base, sys.version, *required, str(groups)]).encode()).hexdigest()
    folder = REPOSITORY / ".cache" / f"plugin-{name}"
    python, done, lock = folder / "bin" / "python", folder / "made", folder.with_name(f"{folder.name}.lock")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # pytest-xdist's workers all come here at once
        if not done.exists() or done.read_text() != stamp:
            _run(base, "-m", "venv", "--clear", str(folder))
            options = ("--quiet", "--disable-pip-version-check", "--no-compile")
            _run(str(python), "-m", "pip", "install", *options, *required)
            _install(next(folder.glob("lib/*/site-packages")), groups)
            done.write_text(stamp)
    return python


def _install(packages: Path, groups: dict[str, dict[str, str]]) -> None:
    """genesis-flow as ``pip install -e`` would leave it, without its build."""
    (packages / "genesis-flow.pth").write_text(f"{REPOSITORY}\n")
    about = packages / "genesis_flow-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: genesis-flow\nVersion: 0.1.0\n")
    lines = [
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in names.items()) for group, names in groups.items()
    ]
    (about / "entry_points.txt").write_text("\n".join(lines))


def _run(*command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        pytest.fail(f"{' '.join(command)}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
