"""``genesis validate`` run as a user runs it, and what it leaves behind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from genesis.validate.trip import FIXES as STEPS
from tests.e2e.rest import Rest
from tests.servers import Server
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment

TOKEN = "gf_first_" + "0123456789abcdef" * 4
QUICK = [part for step in STEPS for part in ("--skip", step)]
"""Without a stock client's round trip."""
SECONDS = 180


class Findings:
    """What the command printed."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        assert done.stdout, done.stderr
        self.text = done.stdout + done.stderr
        self.code = done.returncode
        self.document = json.loads(done.stdout)
        self.results: dict[str, dict[str, str]] = {r["name"]: r for r in self.document["results"]}

    def ended(self, status: str) -> set[str]:
        return {name for name, result in self.results.items() if result["status"] == status}

    def detail(self, name: str) -> str:
        return self.results[name]["detail"]

    def fix(self, name: str) -> str:
        return self.results[name]["fix"]


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        genesis_command("validate", *arguments),
        env=genesis_environment(environment),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def validated(url: str, *arguments: str, **environment: str) -> Findings:
    return Findings(command("--url", url, "--json", *arguments, **environment))


def only(findings: Findings, failed: str) -> None:
    """Exactly this check failed, and says what to do."""
    told = {name: findings.detail(name) for name in findings.ended("failed")}
    assert list(told) == [failed], told
    assert findings.code == 1
    assert findings.fix(failed)


def left(url: str, **headers: str) -> tuple[list[str], list[str]]:
    """Experiments and registered models that a user would see."""
    rest = Rest(url)
    send = {"headers": headers} if headers else {}
    experiments = rest.send("GET", "/api/2.0/mlflow/experiments/search?max_results=1000", **send).json()
    models = rest.send("GET", "/api/2.0/mlflow/registered-models/search", **send).json()
    return (
        [e["name"] for e in experiments.get("experiments", [])],
        [m["name"] for m in models.get("registered_models", [])],
    )


NOTHING = (["Default"], [])


def files(data: Path) -> list[str]:
    """Artifacts that are kept in the folder."""
    root = data / "artifacts"
    found = (str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    return sorted(path for path in found if not path.startswith(".uploads/signing"))


class Place:
    """A server with its data in a folder."""

    def __init__(self, server: Server, data: Path) -> None:
        self.url = server.url
        self.port = server.port
        self.data = data

    def is_clean(self) -> bool:
        return left(self.url) == NOTHING and files(self.data) == []
