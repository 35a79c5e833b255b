"""Checks with a stock MLflow client, in a process of its own: no setting of this one counts."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from genesis.validate.deployment import Deployment
from genesis.validate.environment import client_environment
from genesis.validate.results import Result, failed, ok, skipped

SECONDS = 300
PROGRAM = Path(__file__).with_name("session.py")
FIXES = {
    "tracking": "Look at the server's log; a stock client must be able to log and read a run.",
    "artifacts": "The storage refuses reads or writes: see the roles in docs/artifacts.md, and that a local "
    "folder is writable.",
    "models": "Look at the server's log; a stock client must be able to register and load a model.",
    "search": "Look at the server's log; indexes may be missing: python -m genesis init makes them.",
}
"""Names of the steps, and what to do about each."""


def step(name: str) -> Callable[[Deployment], Result]:
    """The check of one step; the first that is asked for makes the client do all."""

    def check(d: Deployment) -> Result:
        if d.trip is None:
            d.trip = made(d)
        return d.trip[name]

    return check


def made(d: Deployment) -> dict[str, Result]:
    """What the client found, by step."""
    if find_spec("mlflow") is None:
        fix = "pip install mlflow-skinny (and numpy and pandas, to load models as well)"
        return {name: skipped(name, "MLflow's client is not installed here.", fix) for name in FIXES}
    with tempfile.TemporaryDirectory(prefix="genesis-validate-") as home:
        said, ending = _session(d, home)
    results = {told["step"]: _result(told) for told in said}
    for name, fix in FIXES.items():
        results.setdefault(name, failed(name, ending, fix))
    return results


def _session(d: Deployment, home: str) -> tuple[list[dict[str, str]], str]:
    """What the client told of each step, and how it ended."""
    # -P: the folder that the program lies in has modules that are called as others are.
    process = subprocess.Popen(  # noqa: S603 (a program of ours)
        [sys.executable, "-P", str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=client_environment(d.url, d.caller, home),
        # Ctrl-C is this process's to handle: it ends the client, and removes what that has made.
        start_new_session=True,
    )
    made = d.throwaway
    given = {
        "experiment_id": made.experiment_id,
        "run_id": made.run_id,
        "name": made.name,
        "model": made.model,
        "steps": d.steps,
    }
    try:
        output, errors = process.communicate(json.dumps(given), timeout=SECONDS)
        ending = f"The client ended early: {(errors.strip().splitlines() or ['without a word'])[-1]}"
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        ending = f"The client was not done within {SECONDS} seconds."
    except BaseException:
        process.kill()
        process.wait()
        raise
    return [json.loads(line) for line in output.splitlines()], ending


def _result(told: Mapping[str, str]) -> Result:
    name = told["step"]
    if "ok" in told:
        return ok(name, told["ok"])
    if "skipped" in told:
        return skipped(name, told["skipped"])
    return failed(name, told["failed"], FIXES[name])
