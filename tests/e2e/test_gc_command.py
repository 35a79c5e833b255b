"""``genesis gc``: shows what would go, asks, removes it beside a running server, and can be called again."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.rest import Rest
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment, genesis_serve


class Place:
    """A running server, its data, and the command line beside it."""

    def __init__(self, rest: Rest, data: Path, settings: dict[str, str]) -> None:
        self.rest = rest
        self.data = data
        self.settings = settings

    def gc(self, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            genesis_command("gc", *arguments),
            env=genesis_environment(self.settings),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
            input=answer,
        )

    def run_with_file(self, experiment_id: str) -> str:
        run_id = self.rest.new_run(experiment_id)
        assert self.rest.post("runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1).status == 200
        assert self.rest.put_artifact(f"{experiment_id}/{run_id}/artifacts/a.txt", b"a").status == 200
        return run_id

    def deleted_run(self, experiment_id: str) -> str:
        run_id = self.run_with_file(experiment_id)
        assert self.rest.post("runs/delete", run_id=run_id).status == 200
        return run_id

    def is_there(self, run_id: str) -> bool:
        return self.rest.get("runs/get", run_id=run_id).status == 200

    def has_file(self, experiment_id: str, run_id: str) -> bool:
        return self.rest.get_artifact(f"{experiment_id}/{run_id}/artifacts/a.txt").status == 200


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def place(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    data = tmp_path_factory.mktemp(f"gc-{request.param}")
    uri = new_database(request.param)
    with genesis_serve(data, database_uri=uri) as server:
        settings = {"GENESIS_DATABASE_URI": uri, "GENESIS_DATA": str(data)}
        yield Place(Rest(server.url), data, settings)


@pytest.fixture
def experiment_id(place: Place) -> str:
    return place.rest.new_experiment()


def test_a_dry_run_shows_what_would_go_and_removes_nothing(place: Place, experiment_id: str) -> None:
    run_id = place.deleted_run(experiment_id)
    done = place.gc("--dry-run", "--run", run_id)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"To be removed for good: 1 run\n  run {run_id}\n"
    assert place.is_there(run_id)
    assert place.has_file(experiment_id, run_id)


def test_json_has_what_would_go_and_what_went(place: Place, experiment_id: str) -> None:
    run_id, kept = place.deleted_run(experiment_id), place.run_with_file(experiment_id)
    named = ("--run", run_id, "--run", kept, "--json")

    shown = place.gc(*named, "--dry-run")
    done = place.gc(*named, "--yes")

    planned = {
        "begun": [],
        "removals": [{"kind": "run", "id": run_id}],
        "kept": [{"kind": "run", "id": kept, "why": "it is active; delete it first"}],
        "restored": 0,
        "elsewhere": [],
    }
    assert (shown.returncode, done.returncode) == (1, 1)
    assert json.loads(shown.stdout) == {**planned, "dry_run": True, "removed": 0}
    assert json.loads(done.stdout) == {**planned, "dry_run": False, "removed": 1}
    assert not place.is_there(run_id)


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_without_a_yes_nothing_is_removed(place: Place, experiment_id: str, answer: str) -> None:
    run_id = place.deleted_run(experiment_id)
    done = place.gc("--run", run_id, answer=answer)
    assert done.returncode == 1
    assert "There is no way back. Remove it?" in done.stdout
    assert place.is_there(run_id)


def test_what_was_deleted_goes_and_the_rest_stays(place: Place, experiment_id: str) -> None:
    active = place.run_with_file(experiment_id)
    deleted = [place.deleted_run(experiment_id) for _ in range(3)]
    done = place.gc(answer="y\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^Removed \d+\.$", done.stdout, re.MULTILINE)
    assert not any(map(place.is_there, deleted))
    assert not any(place.has_file(experiment_id, run_id) for run_id in deleted)
    assert place.is_there(active)
    assert place.has_file(experiment_id, active)
    assert place.gc().stdout == "Nothing to remove.\n"


def test_an_age_spares_what_was_deleted_since(place: Place, experiment_id: str) -> None:
    run_id = place.deleted_run(experiment_id)
    assert run_id not in place.gc("--older-than", "1h", "--yes").stdout
    refused = place.gc("--older-than", "1h", "--run", run_id, "--yes")
    assert (refused.returncode, refused.stdout) == (
        1,
        f"Kept: 1 run\n  run {run_id}: it was deleted later than that\nNothing to remove.\n",
    )
    assert place.is_there(run_id)


def test_a_deleted_experiment_goes_with_all_in_it(place: Place, experiment_id: str) -> None:
    run_id = place.run_with_file(experiment_id)
    name = place.rest.get("experiments/get", experiment_id=experiment_id).json()["experiment"]["name"]
    assert place.gc("--experiment", experiment_id, "--yes").returncode == 1, "it is active"
    place.rest.post("experiments/delete", experiment_id=experiment_id)
    done = place.gc("--experiment", experiment_id, "--yes")
    assert f"experiment {experiment_id} ({name}) and all in it" in done.stdout
    assert not place.is_there(run_id)
    assert not (place.data / "artifacts" / experiment_id).exists()
    assert place.rest.get("experiments/get", experiment_id=experiment_id).status == 404
    assert place.rest.post("experiments/create", name=name).status == 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--older-than", "soon"), "'soon' is no age; write it like 30d, 12h, 90m or 1d12h.\n"),
        (("--run", "404"), "Run with id=404 not found\n"),
        (("--experiment", "404"), "No Experiment with id=404 exists\n"),
        (("--logged-model", "m-404"), "Logged model with ID 'm-404' not found.\n"),
    ],
)
def test_what_it_does_not_understand_it_says(place: Place, arguments: tuple[str, str], message: str) -> None:
    done = place.gc(*arguments, "--yes")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
