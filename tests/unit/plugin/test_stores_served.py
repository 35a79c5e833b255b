"""Every method that the stores serve does what MLflow's own store does: here each is called at least once."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities import (
    Dataset,
    DatasetInput,
    ExperimentTag,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
    Param,
    RunStatus,
    RunTag,
    ViewType,
)
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY

from genesis.plugin import registry_store, tracking_store
from tests.unit.plugin import stores_surface as surface


class Noting:
    """A store, and what was asked of it."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.called: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not inspect.isroutine(found):
            return found

        def noted(*arguments: Any, **options: Any) -> Any:
            result = found(*arguments, **options)
            self.called.add(name)
            return result

        return noted


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], tuple[Noting, Noting]]]:
    """Makes the stores of a database that nothing has used, which is MLflow's tracking URI as well."""
    before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None

    def make() -> tuple[Noting, Noting]:
        folder = tmp_path / uuid.uuid4().hex
        uri = f"genesis+sqlite:///{folder / 'genesis.db'}"
        mlflow.set_tracking_uri(uri)
        return Noting(tracking_store(uri, str(folder / "root"))), Noting(registry_store(uri))

    yield make
    mlflow.set_tracking_uri(before)


def experiments(store: Any) -> None:
    first = store.create_experiment("first", None, [ExperimentTag("a", "1")])
    assert store.get_experiment(first).name == "first"
    assert store.get_experiment(first).artifact_location.endswith(f"/root/{first}")
    assert store.get_experiment_by_name("first").experiment_id == first
    assert store.get_experiment_by_name("none") is None
    store.rename_experiment(first, "renamed")
    store.set_experiment_tag(first, ExperimentTag("b", "2"))
    store.delete_experiment_tag(first, "a")
    assert store.get_experiment(first).tags == {"b": "2"}
    store.delete_experiment(first)
    assert [e.name for e in store.search_experiments()] == ["Default"]
    assert [e.name for e in store.search_experiments(ViewType.DELETED_ONLY)] == ["renamed"]
    assert store.filter_active_experiment_ids(["0", first, "999"]) == ["0"]
    store.restore_experiment(first)
    page = store.search_experiments(max_results=1, order_by=["name"])
    assert [e.name for e in page] == ["Default"]
    assert [e.name for e in store.search_experiments(order_by=["name"], page_token=page.token)] == ["renamed"]


def run_of(store: Any, name: str = "run") -> str:
    run_id: str = store.create_run("0", "ann", 5, [RunTag("k", "v")], name).info.run_id
    return run_id


def runs(store: Any) -> None:
    run_id = run_of(store)
    info = store.update_run_info(run_id, RunStatus.FINISHED, 10, "renamed")
    assert (info.status, info.end_time, info.run_name) == ("FINISHED", 10, "renamed")
    store.log_param(run_id, Param("p", "1"))
    store.log_metric(run_id, Metric("m", 1.5, 1, 0))
    store.set_tag(run_id, RunTag("t", "x"))
    store.delete_tag(run_id, "k")
    store.log_batch(run_id, [Metric("m", 2.5, 2, 1)], [Param("q", "2")], [RunTag("u", "y")])
    store.log_param_async(run_id, Param("async", "1")).wait()
    store.log_metric_async(run_id, Metric("m", 3.5, 3, 2)).wait()
    store.set_tag_async(run_id, RunTag("async", "1")).wait()
    store.log_batch_async(run_id, [], [Param("r", "3")], []).wait()
    store.flush_async_logging()
    store.end_async_logging()
    store.shut_down_async_logging()
    data = store.get_run(run_id).data
    assert data.params == {"p": "1", "q": "2", "r": "3", "async": "1"}
    assert data.metrics == {"m": 3.5}
    assert {"t": "x", "u": "y", "async": "1", "mlflow.runName": "renamed"}.items() <= data.tags.items()
    assert "k" not in data.tags
    found = store.search_runs(["0"], "params.p = '1' AND metrics.m > 3", ViewType.ACTIVE_ONLY)
    assert [run.info.run_id for run in found] == [run_id]
    assert store._search_runs(["0"], "tags.t = 'z'", ViewType.ALL, 10, [], None) == ([], None)
    store.delete_run(run_id)
    assert store.get_run(run_id).info.lifecycle_stage == "deleted"
    store.restore_run(run_id)
    store.record_logged_model(run_id, Model("path", run_id, flavors={"python_function": {}}))
    assert "path" in store.get_run(run_id).data.tags["mlflow.log-model.history"]


def histories(store: Any) -> None:
    first, second = run_of(store), run_of(store)
    for run_id in (first, second):
        store.log_batch(run_id, [Metric("m", float(step), step, step) for step in range(1000)], [], [])
    assert [m.value for m in store.get_metric_history(first, "m")] == [float(step) for step in range(1000)]
    bulk = store.get_metric_history_bulk([first, second], "m", 1500)
    assert [len([m for m in bulk if m.run_id == run_id]) for run_id in sorted((first, second))] == [1000, 500]
    thinned = store.get_metric_history_bulk_interval([first, second], "m", 10, None, None)
    assert [(m.step, m.run_id) for m in thinned][:1] == [(0, first)]
    assert len(thinned) == 20
    assert {m.step for m in thinned} >= {0, 999}
    within = store.get_metric_history_bulk_interval([first], "m", 10, 500, 505)
    assert [m.step for m in within] == [500, 501, 502, 503, 504, 505]
    some = store.get_metric_history_bulk_interval_from_steps(first, "m", [3, 5], 10)
    assert [(m.step, m.run_id) for m in some] == [(3, first), (5, first)]


def inputs_and_models(store: Any) -> None:
    run_id = run_of(store)
    model = store.create_logged_model("0", "net", run_id, [LoggedModelTag("a", "1")], None, "Agent")
    assert (model.name, model.source_run_id, model.status) == ("net", run_id, LoggedModelStatus.PENDING)
    id = model.model_id
    store.log_logged_model_params(id, [LoggedModelParameter("p", "1")])
    store.set_logged_model_tags(id, [LoggedModelTag("b/c? 100%41", "2")])
    store.delete_logged_model_tag(id, "a")
    assert store.get_logged_model(id).tags == {"b/c? 100%41": "2"}
    store.delete_logged_model_tag(id, "b/c? 100%41")
    store.set_model_versions_tags("line", "1", id)
    assert store.finalize_logged_model(id, LoggedModelStatus.READY).status == LoggedModelStatus.READY
    assert store.get_logged_model(id).tags == {"mlflow.modelVersions": '[{"name": "line", "version": 1}]'}
    assert store.get_logged_model(id).params == {"p": "1"}
    dataset = Dataset("wine", "d1", "local", "{}")
    store.log_inputs(
        run_id,
        [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])],
        models=[LoggedModelInput(id)],
    )
    store.log_outputs(run_id, [LoggedModelOutput(id, 3)])
    store.log_outputs(run_id, [])
    run = store.get_run(run_id)
    assert [given.dataset.name for given in run.inputs.dataset_inputs] == ["wine"]
    assert [(made.model_id, made.step) for made in run.outputs.model_outputs] == [(id, 3)]
    (summary,) = store._search_datasets(["0"])
    assert (summary.name, summary.digest, summary.context) == ("wine", "d1", "train")
    assert [m.model_id for m in store.search_logged_models(["0"], "name = 'net'")] == [id]
    assert list(store.search_logged_models([])) == []
    store.delete_logged_model(id)
    with pytest.raises(MlflowException, match="not found"):
        store.get_logged_model(id)
    assert store.get_logged_model(id, allow_deleted=True).model_id == id
    with pytest.raises(MlflowException, match="not found"):
        store.log_logged_model_params("m-none", [])


def removals(store: Any) -> None:
    experiment = store.create_experiment("gone", None, [])
    kept, gone, inside = run_of(store), run_of(store), run_of(store)
    inside = store.create_run(experiment, "ann", 5, [], "inside").info.run_id
    models = [store.create_logged_model("0", name, gone).model_id for name in ("one", "two")]
    store.log_metric(gone, Metric("m", 1.0, 1, 0))
    store.delete_run(gone)
    store.delete_logged_model(models[0])
    store.delete_experiment(experiment)
    hour = 3_600_000
    assert sorted(store._get_deleted_runs()) == sorted([gone, inside])
    assert store._get_deleted_runs(older_than=hour) == []
    assert store._get_deleted_logged_models() == [models[0]]
    assert store._get_deleted_logged_models(older_than=hour) == []
    store._hard_delete_run(gone)
    store._hard_delete_logged_model(models[0])
    store._hard_delete_experiment(int(experiment))
    for gone_one in (lambda: store.get_run(gone), lambda: store.get_run(inside)):
        with pytest.raises(MlflowException, match="not found") as refusal:
            gone_one()
        assert refusal.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert store.get_experiment_by_name("gone") is None
    assert store._get_deleted_runs() == store._get_deleted_logged_models() == []
    with pytest.raises(MlflowException, match="is not deleted"):
        store._hard_delete_run(kept)
    with pytest.raises(MlflowException, match="is not deleted"):
        store._hard_delete_logged_model(models[1])


def models(store: Any) -> None:
    model = store.create_registered_model("line", [RegisteredModelTag("a", "1")], "A line.")
    assert (model.name, model.tags, model.description) == ("line", {"a": "1"}, "A line.")
    store.set_registered_model_tag("line", RegisteredModelTag("b", "2"))
    store.delete_registered_model_tag("line", "a")
    assert store.update_registered_model("line", "Straight.").description == "Straight."
    version = store.create_model_version(
        "line", "/home/ann/model", "run", [ModelVersionTag("c", "3")], "link", "One."
    )
    assert (version.version, version.source, version.tags) == ("1", "/home/ann/model", {"c": "3"})
    store.set_model_version_tag("line", "1", ModelVersionTag("d", "4"))
    store.delete_model_version_tag("line", "1", "c")
    assert store.update_model_version("line", "1", "First.").description == "First."
    assert store.get_model_version("line", "1").tags == {"d": "4"}
    assert store.get_model_version_download_uri("line", "1") == "/home/ann/model"
    store.set_registered_model_alias("line", "champion", "1")
    assert store.get_model_version_by_alias("line", "champion").version == "1"
    assert store.get_registered_model("line").aliases == {"champion": "1"}
    store.delete_registered_model_alias("line", "champion")
    assert store.transition_model_version_stage("line", "1", "Staging", False).current_stage == "Staging"
    assert [v.version for v in store.get_latest_versions("line", ["Staging"])] == ["1"]
    copied = store.copy_model_version(store.get_model_version("line", "1"), "copy")
    assert (copied.name, copied.version, copied.source) == ("copy", "1", "models:/line/1")
    assert store.get_model_version_download_uri("copy", "1") == "/home/ann/model"
    assert [m.name for m in store.search_registered_models(order_by=["name"])] == ["copy", "line"]
    assert [v.version for v in store.search_model_versions("name = 'line'")] == ["1"]
    store.delete_model_version("copy", "1")
    store.delete_registered_model("copy")
    assert store.rename_registered_model("line", "curve").name == "curve"
    assert list(store.list_webhooks()) == list(store.list_webhooks_by_event(None)) == []


def prompts(store: Any, tracking: Any) -> None:
    assert store.create_prompt("words", "Some.", {"a": "1"}).name == "words"
    version = store.create_prompt_version("words", "Say {{it}}", "First.", {"b": "2"})
    assert (version.version, version.template) == (1, "Say {{it}}")
    assert store.get_prompt("words").tags == {"a": "1"}
    assert store.get_prompt("none") is None
    assert [p.name for p in store.search_prompts()] == ["words"]
    store.set_prompt_tag("words", "c", "3")
    store.delete_prompt_tag("words", "a")
    store.set_prompt_version_tag("words", 1, "d", "4")
    store.delete_prompt_version_tag("words", 1, "b")
    assert store.get_prompt_version("words", 1).tags == {"d": "4"}
    assert [v.version for v in store.search_prompt_versions("words")] == [1]
    store.set_prompt_alias("words", "live", 1)
    assert store.get_prompt_version_by_alias("words", "live").version == 1
    store.delete_prompt_alias("words", "live")
    run_id = run_of(tracking)
    model_id = tracking.create_logged_model("0", "net", run_id).model_id
    store.link_prompt_version_to_run("words", "1", run_id)
    store.link_prompt_version_to_model("words", "1", model_id)
    assert "words" in tracking.get_run(run_id).data.tags["mlflow.linkedPrompts"]
    assert "words" in tracking.get_logged_model(model_id).tags["mlflow.linkedPrompts"]
    assert IS_PROMPT_TAG_KEY in store.get_registered_model("words")._tags
    store.delete_prompt_version("words", "1")
    store.delete_prompt("words")


OF_TRACKING: tuple[Callable[[Any], None], ...] = (experiments, runs, histories, inputs_and_models, removals)


def test_the_stores_do_all_that_the_table_says(stores: Callable[[], tuple[Noting, Noting]]) -> None:
    tracked, registered = set(surface.TRACKING), set(surface.REGISTRY)
    for scene in OF_TRACKING:
        tracking, _ = stores()
        scene(tracking)
        tracked -= tracking.called
    tracking, registry = stores()
    models(registry)
    prompts(registry, tracking)
    registered -= registry.called

    assert (tracked, registered) == (set(), set())
