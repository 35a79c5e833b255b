"""Into a Genesis-Flow that is reached by its URL only: what its API can keep is kept, the rest recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType

from genesis.migrate.copying import Copying
from genesis.migrate.ends import Source
from genesis.migrate.genesis import GenesisEnd
from genesis.migrate.journal import Journal
from genesis.migrate.moving import Move
from genesis.migrate.progress import Progress
from genesis.migrate.stock.artifacts import SourceFiles
from genesis.migrate.stock.server_target import ServerTarget
from genesis.migrate.verification import Verification, Verified
from tests.migrate.conftest import Genesis, document
from tests.migrate.died import MOST_CALLS, Clock, Died, Mortal, opened
from tests.migrate.test_interruptions import fill
from tests.servers import Server
from tests.servers.serve import genesis_serve


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Server]:
    with genesis_serve(tmp_path / "served") as server:
        yield server


def test_everything_that_an_api_can_take_is_there_and_new_ids_are_recorded(
    genesis: Genesis, stock: str, served: Server, tmp_path: Path
) -> None:
    move = ("migrate", stock, served.url, "--work", str(tmp_path / "work"), "--json")
    moved = document(genesis(*move))
    assert moved["problems"] == []
    verified = document(genesis(*move, "--verify"))
    assert verified["differences"] == []
    assert (verified["compared"]["points"], verified["compared"]["files"]) == (606, 12)
    ids = {one["id"]: one["there"] for one in moved["ids_that_changed"] if one["kind"] == "run"}
    assert len(ids) == 12
    client = MlflowClient(served.url)
    old = MlflowClient(stock)
    child = next(id for id in ids if "mlflow.parentRunId" in old.get_run(id).data.tags)
    parent = old.get_run(child).data.tags["mlflow.parentRunId"]
    assert client.get_run(ids[child]).data.tags["mlflow.parentRunId"] == ids[parent]
    assert [v.version for v in client.search_model_versions("name = 'model.0 ü'")] == ["3", "2"]


def test_a_move_by_url_that_died_is_gone_on_with(served: Server, tmp_path: Path) -> None:
    # Each place needs requests by the hundred: some of them stand for all.
    for number, at in enumerate(range(1, MOST_CALLS, 17)):
        folder = tmp_path / str(number)
        app = opened(folder, f"sqlite:///{folder / 'genesis.db'}")
        fill(app, suffix=f" {number}")
        with closing(GenesisEnd(app, "default", "here")) as source:
            died = move_by_url(source, served.url, folder / "work", at)
            if died:
                assert not move_by_url(source, served.url, folder / "work")
            verified = compare_by_url(source, served.url, folder / "work")
        assert verified.differences == [], f"died at call {at}"
        assert runs_in(served.url, f"old {number}") == 2, f"died at call {at}"
        if not died:
            assert number > 3
            return


def runs_in(url: str, name: str) -> int:
    client = MlflowClient(url)
    experiment = client.get_experiment_by_name(name)
    return len(client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL))


def move_by_url(source: Source, url: str, work: Path, at: int | None = None) -> bool:
    """Move all of it, or until the process dies; whether it did."""
    clock = Clock(at)
    with (
        closing(Journal(work, "a", "b")) as journal,
        closing(target_at(url, work, journal.token)) as target,
    ):
        mortal: Any = Mortal(journal, clock)
        target._tracking = Mortal(target._tracking, clock)
        target._registry = Mortal(target._registry, clock)
        target._lines._registry = target._registry
        moving = Move(source, target, mortal, Progress(quiet=True))
        try:
            moving.metadata()
            Copying(source, target, mortal, moving.moved, Progress(quiet=True)).copy(moving.rewriting.owners)
            moving.finish()
        except Died:
            return True
    assert not moving.moved.problems
    return False


def target_at(url: str, work: Path, token: str) -> ServerTarget:
    return ServerTarget(url, "default", SourceFiles(work, server=url), work / "scratch", token)


def compare_by_url(source: Source, url: str, work: Path) -> Verified:
    with (
        closing(Journal(work, "a", "b")) as journal,
        closing(target_at(url, work, journal.token)) as target,
    ):
        verification = Verification(source, target, journal, Progress(quiet=True))
        verification.metadata()
        verification.files()
        return verification.verified
