"""Data sets of experiments on each engine: found once for each context in which runs read them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from genesis.entities.runs import Dataset, DatasetInput, DatasetSummary, Run
from genesis.errors import GenesisError
from genesis.store import Store, open_engine, store_of
from genesis.store.histories import Piles
from tests.store.commands import Commands

NOW = 1_700_000_000_000


def dataset(name: str, context: str = "") -> DatasetInput:
    return DatasetInput(
        Dataset(name, "d", "local", "file"), {"mlflow.data.context": context} if context else {}
    )


def make_run(store: Store, id: str, experiment: str = "1") -> str:
    store.runs.create(Run(id, "name", experiment, "user", NOW, "root/"))
    return id


def test_data_sets_are_found_once_for_each_context(store: Store) -> None:
    for i, context in enumerate(("train", "eval", "train", "", "")):
        store.runs.add_inputs(make_run(store, f"r{i}"), [dataset("iris", context)], [])
    store.runs.add_inputs(make_run(store, "far", "2"), [dataset("wine", "train")], [])
    assert sorted(store.runs.datasets(["1"], 9)) == [
        DatasetSummary("1", "iris", "d", context) for context in ("", "eval", "train")
    ]
    assert len(store.runs.datasets(["1", "2"], 9)) == 4
    assert len(store.runs.datasets(["1", "2"], 2)) == 2
    assert store.runs.datasets(["3"], 9) == []


def test_concurrent_runs_add_each_context_of_a_data_set_once(store: Store) -> None:
    for i in range(12):
        make_run(store, f"r{i}")
    with ThreadPoolExecutor(4) as threads:
        list(
            threads.map(
                lambda i: store.runs.add_inputs(f"r{i}", [dataset("iris", f"c{i % 3}")], []), range(12)
            )
        )
    assert sorted(summary.context for summary in store.runs.datasets(["1"], 99)) == ["c0", "c1", "c2"]


def test_a_run_that_takes_no_inputs_describes_no_data_set(store: Store) -> None:
    store.runs.delete(make_run(store, "r"), NOW)
    with pytest.raises(GenesisError, match="must be in the 'active' state"):
        store.runs.add_inputs("r", [dataset("iris")], [])
    assert store.runs.datasets(["1"], 9) == []


@pytest.fixture
def on_mongo(mongodb_uri: str) -> Iterator[Store]:
    with closing(open_engine(mongodb_uri)) as engine:
        yield store_of(engine, "default", Piles())


def test_searching_data_sets_takes_one_command_and_a_known_context_costs_nothing(
    on_mongo: Store, commands: Commands
) -> None:
    for id in ("a", "b", "c"):
        make_run(on_mongo, id)
    on_mongo.runs.add_inputs("a", [dataset("iris", "train")], [])
    before = len(commands.sent)
    on_mongo.runs.add_inputs("b", [dataset("iris", "train")], [])
    # The run, the data set that is described already, and the link.
    assert commands.names[before:] == ["find", "insert", "find", "update"]
    on_mongo.runs.add_inputs("c", [dataset("iris", "eval")], [])
    assert commands.names[before + 4 :] == ["find", "insert", "find", "update", "update"]
    on_mongo.runs.datasets(["1", "2"], 1000)
    assert commands.names[before + 9 :] == ["find"]
