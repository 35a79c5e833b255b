"""Logged models on each engine: one document each, the metrics of it in it, safe against other writers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from genesis.app import App
from genesis.entities.logged_models import (
    STATUSES,
    LoggedModel,
    ModelMetric,
    dataset_key,
    with_version,
)
from genesis.errors import Code
from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store import Store, open_engine, store_of
from genesis.store.engine import Engine, Query
from genesis.store.histories import Piles
from genesis.store.logged_models import LoggedModels
from genesis.store.schema import LOGGED_MODELS
from tests.store.calls import create_run, post, send
from tests.store.commands import Commands
from tests.store.logged import NOW, create, refused, row

VERSIONS = "mlflow.modelVersions"


def found(models: LoggedModels, *where: Clause, order: tuple[Order, ...] = ()) -> list[str]:
    page, _ = models.search(["1"], where, order, ("", 1000))
    return [model.model_id for model in page]


def versions(models: LoggedModels, model_id: str) -> list[tuple[str, int]]:
    tag = json.loads(models.get(model_id).tags[VERSIONS])
    return [(version["name"], version["version"]) for version in tag]


def test_a_model_comes_back_as_it_was_made(models: LoggedModels) -> None:
    model = LoggedModel(
        "m-1",
        "1",
        "name",
        "root/models/m-1/artifacts",
        NOW,
        NOW,
        model_type="Agent",
        source_run_id="run",
        tags={"a.b": "1", "$c": ""},
        params={"p%": "2"},
        metrics=[row(), ModelMetric("acc", 0.5, 6, 2, "r", "iris", "d1")],
    )
    models.create(model)
    assert models.get("m-1") == model


ACTS: dict[str, Callable[[LoggedModels], object]] = {
    "get": lambda models: models.get("m-1"),
    "finalize": lambda models: models.finalize("m-1", "LOGGED_MODEL_READY", NOW),
    "delete": lambda models: models.delete("m-1", NOW),
    "set tags": lambda models: models.set_tags("m-1", {"t": "1"}),
    "set no tags": lambda models: models.set_tags("m-1", {}),
    "delete tag": lambda models: models.delete_tag("m-1", "t"),
    "log params": lambda models: models.log_params("m-1", {"p": "1"}),
    "log no params": lambda models: models.log_params("m-1", {}),
    "add version": lambda models: models.add_version("m-1", "name", 1),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_a_model_that_is_not_there_is_told(
    models: LoggedModels, act: Callable[[LoggedModels], object]
) -> None:
    assert refused(lambda: act(models)) == Code.RESOURCE_DOES_NOT_EXIST


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_another_workspace_reaches_no_model_by_its_id(
    engine: Engine, models: LoggedModels, act: Callable[[LoggedModels], object]
) -> None:
    models.create(LoggedModel("m-1", "1", "n", "root/", NOW, NOW, tags={"t": "1"}))
    before = models.get("m-1")
    other = store_of(engine, "other", Piles()).logged_models
    assert refused(lambda: act(other)) == Code.RESOURCE_DOES_NOT_EXIST
    assert refused(lambda: other.log_metrics("m-1", [row()])) == Code.BAD_REQUEST
    assert models.get("m-1") == before
    assert found(other) == []


def test_a_model_carries_its_workspace(engine: Engine, model_id: str) -> None:
    scope = Clause(Path("experiment"), Op.EQ, "default|1")
    [document] = engine.find(LOGGED_MODELS, Query((scope,)))
    assert document["workspace"] == "default"


def test_finalizing_sets_the_status_and_the_time(models: LoggedModels, model_id: str) -> None:
    done = models.finalize(model_id, "LOGGED_MODEL_UPLOAD_FAILED", NOW + 5)
    assert (done.status, done.last_update_time, done.creation_time) == (
        "LOGGED_MODEL_UPLOAD_FAILED",
        NOW + 5,
        NOW,
    )
    assert models.get(model_id) == done


def test_a_deleted_model_is_there_for_those_who_ask_for_it(models: LoggedModels, model_id: str) -> None:
    models.delete(model_id, NOW + 1)
    models.delete(model_id, NOW + 2)
    assert refused(lambda: models.get(model_id)) == Code.RESOURCE_DOES_NOT_EXIST
    gone = models.get(model_id, deleted=True)
    assert (gone.lifecycle_stage, gone.last_update_time) == ("deleted", NOW + 2)
    assert found(models) == []


def test_a_deleted_model_is_changed_like_another(models: LoggedModels, model_id: str) -> None:
    models.delete(model_id, NOW)
    models.set_tags(model_id, {"t": "1"})
    models.log_params(model_id, {"p": "1"})
    models.log_metrics(model_id, [row()])
    gone = models.finalize(model_id, "LOGGED_MODEL_READY", NOW)
    assert (gone.tags, gone.params, gone.metrics) == ({"t": "1"}, {"p": "1"}, [row()])
    assert (gone.status, gone.lifecycle_stage) == ("LOGGED_MODEL_READY", "deleted")


def test_tags_are_set_over_and_deleted_once(models: LoggedModels, model_id: str) -> None:
    models.set_tags(model_id, {"a": "1", "b.c": "2"})
    models.set_tags(model_id, {"a": "3"})
    models.delete_tag(model_id, "b.c")
    assert models.get(model_id).tags == {"a": "3"}
    assert refused(lambda: models.delete_tag(model_id, "b.c")) == Code.RESOURCE_DOES_NOT_EXIST


def test_a_parameter_is_logged_once_and_those_beside_it_not_at_all(
    models: LoggedModels, model_id: str
) -> None:
    models.log_params(model_id, {"p.q": "1"})
    assert refused(lambda: models.log_params(model_id, {"new": "1", "p.q": "1"})) == Code.BAD_REQUEST
    assert models.get(model_id).params == {"p.q": "1"}


def test_of_two_writers_of_a_parameter_one_is_told(models: LoggedModels, model_id: str) -> None:
    for i in range(8):
        with ThreadPoolExecutor(2) as threads:
            told = list(
                threads.map(
                    lambda v, i=i: refused(lambda: models.log_params(model_id, {f"p{i}": v})), ("a", "b")
                )
            )
        assert sorted(told, key=str) == [Code.BAD_REQUEST, None]
        assert models.get(model_id).params[f"p{i}"] == "ab"[told.index(None)]


def test_writers_of_tags_lose_nothing_to_each_other(models: LoggedModels, model_id: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda i: models.set_tags(model_id, {f"t{i}": "1"}), range(32)))
    assert models.get(model_id).tags == {f"t{i}": "1" for i in range(32)}


def test_versions_are_named_once_each_in_the_order_they_were_made(
    models: LoggedModels, model_id: str
) -> None:
    for name, number in (("a", 1), ("b", 1), ("a", 2), ("b", 1)):
        models.add_version(model_id, name, number)
    assert models.get(model_id).tags[VERSIONS] == (
        '[{"name": "a", "version": 1}, {"name": "b", "version": 1}, {"name": "a", "version": 2}]'
    )


def test_a_version_is_added_whatever_the_tag_was_taken_for(models: LoggedModels, model_id: str) -> None:
    models.add_version(model_id, "a", 1)
    models.add_version(model_id, "a", 2, held="")
    models.add_version(model_id, "a", 3, held=with_version("", "stale", 9))
    assert versions(models, model_id) == [("a", 1), ("a", 2), ("a", 3)]


@pytest.mark.parametrize("text", ["rubbish", "{}", "7", '"a"'])
def test_a_tag_of_versions_that_is_no_list_stays_as_it_is(
    models: LoggedModels, model_id: str, text: str
) -> None:
    models.set_tags(model_id, {VERSIONS: text})
    models.add_version(model_id, "a", 1)
    assert models.get(model_id).tags == {VERSIONS: text}


def test_concurrent_writers_of_versions_lose_none(models: LoggedModels, model_id: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda i: models.add_version(model_id, "a", i), range(16)))
    assert sorted(versions(models, model_id)) == [("a", i) for i in range(16)]


def test_the_model_made_last_comes_first_and_ties_by_id(models: LoggedModels) -> None:
    for id, created in (("b", 5), ("a", 5), ("c", 9)):
        create(models, id, created)
    assert found(models) == ["c", "a", "b"]
    assert found(models, order=(Order(Path("name")),)) == ["c", "a", "b"]
    assert found(models, order=(Order(Path("created")),)) == ["a", "b", "c"]


def test_models_are_found_and_sorted_by_a_metric_on_a_data_set(models: LoggedModels) -> None:
    for id, value, other in (("a", 0.1, 0.9), ("b", 0.5, 0.2), ("c", 0.3, 0.3)):
        create(models, id)
        measured = [ModelMetric("m", value, 1, 0, "r", "iris", "d"), ModelMetric("m", other, 2, 0, "r")]
        models.log_metrics(id, measured)
    create(models, "none")
    iris = (Clause(Path("key"), Op.EQ, "m"), Clause(Path("dataset"), Op.EQ, dataset_key("iris", "d")))
    above = Clause(Path("metrics"), Op.ANY, (*iris, Clause(Path("value"), Op.GT, 0.2)))
    assert sorted(found(models, above)) == ["b", "c"]
    assert found(models, order=(Order(Path("metrics", "value"), False, iris),)) == ["b", "c", "a", "none"]
    latest = Order(Path("metrics", "value"), True, iris[:1])
    assert found(models, order=(latest,)) == ["b", "c", "a", "none"]


def test_a_status_is_found_by_its_number_and_by_its_names(app: App, store: Store) -> None:
    for i in range(4):
        create(store.logged_models, f"m-{i}", created=-i, experiment="0")
        store.logged_models.finalize(f"m-{i}", STATUSES[i], NOW)
    for asked, ids in (
        ("= '2'", ["m-2"]),
        ("= 'READY'", ["m-2"]),
        ("= 'LOGGED_MODEL_READY'", ["m-2"]),
        ("!= 'FAILED'", ["m-0", "m-1", "m-2"]),
        ("IN ('PENDING', '3')", ["m-1", "m-3"]),
    ):
        reply = post(app, "logged-models/search", experiment_ids=["0"], filter=f"status {asked}")
        assert [model["info"]["model_id"] for model in reply["models"]] == ids


def test_pages_of_models_hold_each_of_them_once(models: LoggedModels) -> None:
    for i in range(7):
        create(models, f"m-{i}", created=i // 2)
    for order in ((), (Order(Path("name")),), (Order(Path("created"), False),)):
        ids, token = [], ""
        while True:
            page, token = models.search(["1", "2"], (), order, (token, 3))
            ids += [model.model_id for model in page]
            if not token:
                break
        assert ids == ["m-6", "m-4", "m-5", "m-2", "m-3", "m-0", "m-1"]


def test_a_search_of_no_experiments_finds_no_model(models: LoggedModels, model_id: str) -> None:
    assert models.search([], (), (), ("", 5)) == ([], "")


def test_what_a_model_refuses_is_not_logged_in_the_run_either(app: App, store: Store) -> None:
    run_id = create_run(app)
    model = post(app, "logged-models", experiment_id="0")["model"]["info"]["model_id"]
    metric = {"key": "m", "value": 1, "timestamp": 1, "step": 1, "model_id": model}
    post(app, "runs/log-metric", run_id=run_id, **metric)
    before = store.runs.get(run_id)
    others = [{**metric, "value": 2}, {**metric, "model_id": "none"}]
    for other in others:
        assert send(app, "runs/log-metric", "", run_id=run_id, **other).status == 400
        batch = {"metrics": [{**metric, "step": 2}, other], "params": [{"key": "p", "value": "v"}]}
        assert send(app, "runs/log-batch", "", run_id=run_id, **batch).status == 400
    assert store.runs.get(run_id) == before
    assert len(store.logged_models.get(model).metrics) == 1


@pytest.fixture
def on_mongo(mongodb_uri: str) -> Iterator[Store]:
    with closing(open_engine(mongodb_uri)) as engine:
        yield store_of(engine, "default", Piles())


HELD = with_version("", "a", 1)
COSTS: dict[str, tuple[Callable[[LoggedModels], object], list[str]]] = {
    "get": (lambda models: models.get("m-1"), ["find"]),
    "finalize": (lambda models: models.finalize("m-1", "LOGGED_MODEL_READY", NOW), ["update", "find"]),
    "set tags": (lambda models: models.set_tags("m-1", {"t": "1"}), ["update"]),
    "log params": (lambda models: models.log_params("m-1", {"p": "1"}), ["update"]),
    "check metrics": (lambda models: models.check_metrics("m-1", [row("new")]), ["find"]),
    "log metrics": (lambda models: models.log_metrics("m-1", [row(step=i) for i in range(100)]), ["update"]),
    "add version": (lambda models: models.add_version("m-1", "a", 2, HELD), ["update"]),
    "add version that is there": (lambda models: models.add_version("m-1", "a", 1, HELD), []),
    "first page": (lambda models: models.search(["1"], (), (), ("", 5)), ["find"]),
    "sorted page": (lambda models: models.search(["1"], (), (Order(Path("name")),), ("", 5)), ["find"] * 2),
}


@pytest.mark.parametrize(("act", "cost"), COSTS.values(), ids=COSTS.keys())
def test_what_it_takes_in_commands(
    on_mongo: Store, commands: Commands, act: Callable[[LoggedModels], object], cost: list[str]
) -> None:
    for i in range(9):
        create(on_mongo.logged_models, f"m-{i}")
    on_mongo.logged_models.set_tags("m-1", {VERSIONS: HELD})
    before = len(commands.sent)
    act(on_mongo.logged_models)
    assert commands.names[before:] == cost
