"""``genesis init``: makes what the database lacks, and changes nothing that is there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.rest import Rest
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment, genesis_serve


@pytest.fixture(params=["sqlite", "mongo"])
def settings(
    request: pytest.FixtureRequest, new_database: Callable[[str], str], tmp_path: Path
) -> dict[str, str]:
    """A database that nothing has used, on each engine."""
    return {"GENESIS_DATABASE_URI": new_database(request.param), "GENESIS_DATA": str(tmp_path)}


def init(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        genesis_command("init"),
        env=genesis_environment(settings),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_prepares_an_empty_database_and_says_so(settings: dict[str, str]) -> None:
    done = init(settings)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Ready: ")


def test_it_may_be_repeated(settings: dict[str, str]) -> None:
    first = init(settings)
    second = init(settings)

    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")


def test_it_leaves_a_database_in_use_as_it_is(settings: dict[str, str], tmp_path: Path) -> None:
    with genesis_serve(tmp_path, database_uri=settings["GENESIS_DATABASE_URI"]) as server:
        rest = Rest(server.url)
        run_id = rest.new_run()
        before = rest.get("runs/get", run_id=run_id).json()

        assert init(settings).returncode == 0

        assert rest.get("runs/get", run_id=run_id).json() == before
        assert rest.post("runs/set-tag", run_id=run_id, key="still", value="writable").status == 200


def test_a_server_starts_on_a_prepared_database(settings: dict[str, str], tmp_path: Path) -> None:
    init(settings)

    with genesis_serve(tmp_path, database_uri=settings["GENESIS_DATABASE_URI"]) as server:
        assert Rest(server.url).new_experiment() == "1"
