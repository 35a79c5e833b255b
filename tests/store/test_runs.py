"""Runs on each engine: one document each, guarded, the same after any number of repetitions."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from genesis.entities.experiments import ACTIVE, DELETED
from genesis.entities.runs import Dataset, DatasetInput, Latest, Metric, Run
from genesis.errors import GenesisError
from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store import Store, store_of
from genesis.store.engine import Engine, Query
from genesis.store.experiments import Location
from genesis.store.histories import Piles
from genesis.store.runs import LAST_MS, Runs
from genesis.store.schema import DATASETS, EXPERIMENTS, NAMES, RUNS

NOW = 1_700_000_000_000
BOTH = (ACTIVE, DELETED)


@pytest.fixture
def runs(store: Store) -> Runs:
    return store.runs


@pytest.fixture
def run_id(runs: Runs) -> str:
    return create(runs, "r")


def create(runs: Runs, id: str, start: int = NOW, experiment: str = "1") -> str:
    runs.create(Run(id, "name", experiment, "user", start, "root/", tags={"mlflow.runName": "name"}))
    return id


def found(
    runs: Runs, *where: Clause, stages: tuple[str, ...] = (ACTIVE,), order: tuple[Order, ...] = ()
) -> list[str]:
    page, _ = runs.search(["1"], where, stages, order, ("", 1000))
    return [run.run_id for run in page]


def refusal(act: Callable[[], object]) -> int:
    """The status of a call that is refused; 200 of one that is not."""
    try:
        act()
    except GenesisError as error:
        return error.status
    return 200


def dataset(name: str, digest: str = "d", profile: str = "", **tags: str) -> DatasetInput:
    return DatasetInput(Dataset(name, digest, "local", "file", "{}", profile), tags)


def test_a_run_comes_back_as_it_was_made(runs: Runs) -> None:
    run = Run("r", "name", "1", "user", NOW, "root/r", tags={"a.b": "1", "$c": "2"}, params={"p%": "3"})
    runs.create(run)
    assert runs.get("r") == run


def test_everything_logged_at_once_is_in_the_run(runs: Runs, run_id: str) -> None:
    runs.log(run_id, [Metric("m.x", 0.5, 7, 3)], {"p.x": "1"}, {"t.x": "2"})
    run = runs.get(run_id)
    assert run.metrics == {"m.x": Latest(3, 7, 0.5)}
    assert run.params == {"p.x": "1"}
    assert run.tags == {"mlflow.runName": "name", "t.x": "2"}


@pytest.mark.parametrize(
    "act",
    [
        lambda runs: runs.get("none"),
        lambda runs: runs.log("none", [Metric("m", 1.0, 0, 0)]),
        lambda runs: runs.update("none", {"status": "FAILED"}),
        lambda runs: runs.delete("none", NOW),
        lambda runs: runs.restore("none"),
        lambda runs: runs.delete_tag("none", "t"),
        lambda runs: runs.add_inputs("none", [dataset("d")], []),
        lambda runs: runs.add_outputs("none", [("m", 1)]),
        lambda runs: runs.append_to_history_tag("none", lambda held: "[]"),
    ],
    ids=["get", "log", "update", "delete", "restore", "delete tag", "inputs", "outputs", "history tag"],
)
def test_a_run_that_is_not_there_is_told(runs: Runs, act: Callable[[Runs], object]) -> None:
    assert refusal(lambda: act(runs)) == 404


@pytest.mark.parametrize(
    "act",
    [
        lambda runs: runs.log("r", [Metric("m", 1.0, 0, 0)]),
        lambda runs: runs.log("r", params={"p": "1"}),
        lambda runs: runs.log("r", tags={"t": "2"}),
        lambda runs: runs.update("r", {"status": "FAILED"}),
        lambda runs: runs.delete_tag("r", "t"),
        lambda runs: runs.add_inputs("r", [dataset("d")], ["m"]),
        lambda runs: runs.add_outputs("r", [("m", 1)]),
        lambda runs: runs.append_to_history_tag("r", lambda held: "[]"),
    ],
    ids=["metric", "param", "tag", "update", "delete tag", "inputs", "outputs", "history tag"],
)
def test_a_deleted_run_is_not_changed(store: Store, run_id: str, act: Callable[[Runs], object]) -> None:
    runs = store.runs
    runs.log(run_id, tags={"t": "1"})
    runs.delete(run_id, NOW)
    before = runs.get(run_id)
    assert refusal(lambda: act(runs)) == 400
    assert runs.get(run_id) == before
    assert not store.histories.page(run_id, "m", "", None)[0]


def test_a_restored_run_is_as_it_was(runs: Runs, run_id: str) -> None:
    before = runs.get(run_id)
    runs.delete(run_id, NOW)
    runs.restore(run_id)
    assert runs.get(run_id) == before


def test_logging_the_same_twice_changes_nothing_twice(store: Store, run_id: str) -> None:
    def log() -> None:
        store.runs.log(run_id, [Metric("m", 1.0, 5, 1), Metric("m", 2.0, 6, 2)], {"p": "1"}, {"t": "2"})

    log()
    once = (store.runs.get(run_id), list(store.histories.page(run_id, "m", "", None)[0]))
    log()
    assert (store.runs.get(run_id), list(store.histories.page(run_id, "m", "", None)[0])) == once


ORDERED = [
    Metric("m", 9.0, 9, -1),
    Metric("m", 9.0, 1, 0),
    Metric("m", -1.0, 2, 0),
    Metric("m", 0.0, 2, 0),
    Metric("m", math.nan, 2, 0),
    Metric("m", 1.0, 2, 0),
    Metric("m", -5.0, 0, 1),
]
"""From the earliest to the latest in MLflow's order: step, then timestamp, then value, NaN as 0."""


@pytest.mark.parametrize("latest", range(1, len(ORDERED)))
@pytest.mark.parametrize("together", [True, False])
def test_the_latest_value_is_by_step_then_timestamp_then_value(
    runs: Runs, run_id: str, latest: int, together: bool
) -> None:
    logged = [ORDERED[latest], *ORDERED[:latest]]
    for metrics in [logged] if together else [[metric] for metric in logged]:
        runs.log(run_id, metrics)
    expected = ORDERED[latest]
    held = runs.get(run_id).metrics["m"]
    assert held[:2] == (expected.step, expected.timestamp)
    assert held.value == expected.value or (held.value != held.value and expected.value != expected.value)


def test_concurrent_writers_leave_the_latest_value_and_every_point(store: Store, run_id: str) -> None:
    with ThreadPoolExecutor(16) as threads:
        values = [math.nan if i % 7 == 0 else float(i) for i in range(96)]
        list(threads.map(lambda i: store.runs.log(run_id, [Metric("m", values[i], i, i // 3)]), range(96)))
    assert store.runs.get(run_id).metrics["m"] == Latest(31, 95, 95.0)
    points, _ = store.histories.page(run_id, "m", "", None)
    assert [point.timestamp for point in points] == list(range(96))


def test_a_parameter_may_be_logged_again_with_its_value(runs: Runs, run_id: str) -> None:
    runs.log(run_id, params={"p": "1"})
    assert runs.log(run_id, params={"p": "1", "q": "2"}) is None
    assert runs.get(run_id).params == {"p": "1", "q": "2"}


def test_a_parameter_with_another_value_refuses_all_of_the_call(store: Store, run_id: str) -> None:
    store.runs.log(run_id, params={"p": "1"})
    held = store.runs.log(run_id, [Metric("m", 1.0, 0, 0)], {"q": "2", "p": "other"}, {"t": "v"})
    assert held is not None
    assert held["params"] == {"p": "1"}
    run = store.runs.get(run_id)
    assert (run.params, run.metrics, "t" in run.tags) == ({"p": "1"}, {}, False)
    assert not store.histories.page(run_id, "m", "", None)[0]


def test_of_two_values_raced_for_a_parameter_one_stays_and_the_loser_is_told(runs: Runs, run_id: str) -> None:
    for i in range(8):
        with ThreadPoolExecutor(2) as threads:
            told = list(threads.map(lambda v, i=i: runs.log(run_id, params={f"p{i}": v}), ("a", "b")))
        [winner] = [value for value, held in zip("ab", told, strict=True) if held is None]
        [held] = [held for held in told if held is not None]
        assert held["params"][f"p{i}"] == runs.get(run_id).params[f"p{i}"] == winner


def test_the_tag_of_the_name_names_the_run(runs: Runs, run_id: str) -> None:
    runs.log(run_id, tags={"mlflow.runName": "other"})
    assert runs.get(run_id).name == "other"


def test_the_name_is_the_tag_of_the_name(runs: Runs, run_id: str) -> None:
    runs.update(run_id, {"name": "other"})
    assert runs.get(run_id).tags["mlflow.runName"] == "other"


def test_an_update_answers_the_run_as_it_is_now(runs: Runs, run_id: str) -> None:
    updated = runs.update(run_id, {"status": "FINISHED", "end_time": 5})
    assert (updated.status, updated.end_time, updated) == ("FINISHED", 5, runs.get(run_id))


def test_a_tag_that_is_not_there_cannot_be_deleted(runs: Runs, run_id: str) -> None:
    assert refusal(lambda: runs.delete_tag(run_id, "none")) == 404


def test_concurrent_writers_of_the_history_tag_lose_nothing(runs: Runs, run_id: str) -> None:
    def append(i: int) -> None:
        runs.append_to_history_tag(run_id, lambda held: f"{held}{i:02d}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(append, range(12)))
    tag = runs.get(run_id).tags["mlflow.log-model.history"]
    assert sorted(tag[i : i + 2] for i in range(0, len(tag), 2)) == [f"{i:02d}" for i in range(12)]


def test_inputs_come_back_in_the_order_they_were_added(runs: Runs, run_id: str) -> None:
    inputs = [dataset("b", **{"mlflow.data.context": "train"}), dataset("a", x="1", y="2")]
    runs.add_inputs(run_id, inputs, ["m1", "m2"])
    run = runs.get(run_id)
    assert (run.inputs, run.model_inputs) == (inputs, ["m1", "m2"])


def test_inputs_added_twice_are_there_once(runs: Runs, run_id: str) -> None:
    for _ in range(2):
        runs.add_inputs(run_id, [dataset("a"), dataset("a"), dataset("b")], ["m", "m"])
    run = runs.get(run_id)
    assert ([i.dataset.name for i in run.inputs], run.model_inputs) == (["a", "b"], ["m"])


def test_data_sets_of_one_name_and_two_digests_are_two(runs: Runs, run_id: str) -> None:
    runs.add_inputs(run_id, [dataset("a", "1"), dataset("a", "2")], [])
    assert [i.dataset.digest for i in runs.get(run_id).inputs] == ["1", "2"]


def test_concurrent_writers_of_one_input_add_it_once(runs: Runs, run_id: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda i: runs.add_inputs(run_id, [dataset("a"), dataset(str(i))], ["m"]), range(4)))
    run = runs.get(run_id)
    assert sorted(i.dataset.name for i in run.inputs) == ["0", "1", "2", "3", "a"]
    assert run.model_inputs == ["m"]


def test_a_data_set_is_described_as_the_first_run_of_its_experiment_did(runs: Runs) -> None:
    for id, profile in (("a", "first"), ("b", "second")):
        create(runs, id)
        runs.add_inputs(id, [dataset("d", profile=profile)], [])
    assert runs.get("b").inputs[0].dataset.profile == "first"


def test_experiments_describe_their_data_sets_apart(runs: Runs) -> None:
    for id, experiment in (("a", "1"), ("b", "2")):
        create(runs, id, experiment=experiment)
        runs.add_inputs(id, [dataset("d", profile=experiment)], [])
    assert runs.get("b").inputs[0].dataset.profile == "2"


def test_outputs_added_twice_are_there_once_with_their_first_step(runs: Runs, run_id: str) -> None:
    runs.add_outputs(run_id, [("a", 1), ("b", 2)])
    runs.add_outputs(run_id, [("b", 9), ("c", 3)])
    assert runs.get(run_id).model_outputs == [("a", 1), ("b", 2), ("c", 3)]


def test_runs_are_found_by_their_inputs(runs: Runs, run_id: str) -> None:
    create(runs, "other")
    runs.add_inputs(run_id, [dataset("iris", **{"mlflow.data.context": "train"})], [])
    for member, value in (("name", "iris"), ("digest", "d"), ("context", "train")):
        assert found(runs, Clause(Path("inputs", member), Op.EQ, value)) == [run_id]


def test_the_run_started_last_comes_first_and_ties_by_id(runs: Runs) -> None:
    for id, start in (("b", 5), ("a", 5), ("c", 9), ("d", -1), ("e", 0)):
        create(runs, id, start)
    assert found(runs) == ["c", "a", "b", "e", "d"]


def test_ties_of_an_order_end_in_the_default_order(runs: Runs) -> None:
    for id, start in (("b", 5), ("a", 5), ("c", 9)):
        create(runs, id, start)
        runs.log(id, [Metric("m", 1.0, 0, 0)])
    assert found(runs, order=(Order(Path("metrics", "m")),)) == ["c", "a", "b"]


def test_ties_of_an_order_by_start_come_by_id(runs: Runs) -> None:
    for id in ("b", "c", "a"):
        create(runs, id)
    assert found(runs, order=(Order(Path("start_time"), ascending=False),)) == ["a", "b", "c"]


def test_stages_are_searched_apart(runs: Runs) -> None:
    create(runs, "there", 1)
    create(runs, "gone", 2)
    runs.delete("gone", NOW)
    assert (found(runs), found(runs, stages=(DELETED,))) == (["there"], ["gone"])
    assert found(runs, stages=BOTH) == ["gone", "there"]


def test_a_search_of_no_experiments_finds_nothing(runs: Runs, run_id: str) -> None:
    assert runs.search([], (), BOTH, (), ("", 5)) == ([], "")


def test_a_search_of_two_experiments_finds_the_runs_of_both(runs: Runs) -> None:
    for id, experiment in (("a", "1"), ("b", "2"), ("c", "3")):
        create(runs, id, experiment=experiment)
    page, _ = runs.search(["1", "2"], (), (ACTIVE,), (), ("", 5))
    assert [run.run_id for run in page] == ["a", "b"]


def test_deleting_an_experiment_deletes_its_runs_and_restoring_it_restores_them(store: Store) -> None:
    experiment = store.experiments.create("x", Location("root/"), {}, NOW)
    create(store.runs, "in", experiment=experiment)
    create(store.runs, "out", experiment="999")
    store.experiments.delete(experiment, NOW)
    assert [store.runs.get(id).lifecycle_stage for id in ("in", "out")] == [DELETED, ACTIVE]
    store.experiments.restore(experiment, NOW)
    assert store.runs.get("in").lifecycle_stage == ACTIVE


@pytest.mark.parametrize(
    "act",
    [
        lambda runs: runs.get("r"),
        lambda runs: runs.log("r", [Metric("m", 2.0, 0, 9)], {"p": "1"}, {"t": "1"}),
        lambda runs: runs.update("r", {"status": "FAILED"}),
        lambda runs: runs.delete("r", NOW),
        lambda runs: runs.delete_tag("r", "mlflow.runName"),
        lambda runs: runs.add_inputs("r", [dataset("d")], []),
        lambda runs: runs.add_outputs("r", [("m", 1)]),
    ],
    ids=["get", "log", "update", "delete", "delete tag", "inputs", "outputs"],
)
def test_another_workspace_reaches_no_run_by_its_id(
    engine: Engine, store: Store, run_id: str, act: Callable[[Runs], object]
) -> None:
    before = store.runs.get(run_id)
    assert refusal(lambda: act(store_of(engine, "other", Piles()).runs)) == 404
    assert store.runs.get(run_id) == before


def test_every_document_carries_its_workspace(engine: Engine, store: Store, run_id: str) -> None:
    store.experiments.create("x", Location("root/"), {}, 0)
    store.runs.add_inputs(run_id, [dataset("iris")], [])
    scopes = {EXPERIMENTS: "default", NAMES: "default", RUNS: "default|1", DATASETS: "default|1"}
    for collection, scope in scopes.items():
        found = engine.find(collection, Query((Clause(Path(collection.scope), Op.EQ, scope),)))
        assert [document["workspace"] for document in found] == ["default"] * len(found) != []


def test_another_workspace_finds_no_run_by_its_experiment(engine: Engine, runs: Runs, run_id: str) -> None:
    assert found(runs) == [run_id]
    assert found(store_of(engine, "other", Piles()).runs, stages=BOTH) == []


def test_another_workspace_gets_no_points_of_a_run(engine: Engine, store: Store, run_id: str) -> None:
    store.runs.log(run_id, [Metric("m", 1.0, 0, 0)])
    other = store_of(engine, "other", Piles()).histories
    assert not other.page(run_id, "m", "", None)[0]
    assert not other.of_runs([run_id], "m")[run_id]


def test_ranges_of_the_start_time_hold_to_the_millisecond(runs: Runs) -> None:
    for id, start in (("zero", 0), ("four", 4), ("five", 5), ("five too", 5), ("six", 6), ("far", LAST_MS)):
        create(runs, id, start)
    expected = {
        Op.LT: ["four", "zero"],
        Op.LE: ["five", "five too", "four", "zero"],
        Op.EQ: ["five", "five too"],
        Op.GE: ["far", "six", "five", "five too"],
        Op.GT: ["far", "six"],
        Op.NE: ["far", "six", "four", "zero"],
    }
    for op, ids in expected.items():
        assert found(runs, Clause(Path("start_time"), op, 5)) == ids
    assert found(runs, Clause(Path("start_time"), Op.GT, 5.5)) == ["far", "six"]
    assert found(runs, Clause(Path("start_time"), Op.GE, -1)) == [*expected[Op.GE], "four", "zero"]
    assert found(runs, Clause(Path("start_time"), Op.GE, LAST_MS)) == ["far"]
    assert found(runs, Clause(Path("start_time"), Op.LT, LAST_MS)) == found(runs)[1:]


def test_what_is_sorted_by_a_metric_and_then_by_falling_start_has_ties_by_id(runs: Runs) -> None:
    for id, start in (("b", 5), ("a", 5), ("c", 9)):
        create(runs, id, start)
        runs.log(id, [Metric("m", 1.0, 0, 0)])
    falling = Order(Path("start_time"), ascending=False)
    assert found(runs, order=(Order(Path("metrics", "m")), falling)) == ["c", "a", "b"]
    assert found(runs, order=(falling, Order(Path("run_id"), ascending=False))) == ["c", "b", "a"]
    assert found(runs, order=(Order(Path("start_time")),)) == ["a", "b", "c"]
