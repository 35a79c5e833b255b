"""Into a Genesis-Flow that is reached by its URL only: what its API can keep is kept, the rest recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.migrate.conftest import Genesis, document
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
