"""Permanent deletion on each engine: what was deleted goes, nothing active does, wherever it breaks off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from genesis.entities.experiments import ACTIVE, DELETED
from genesis.entities.logged_models import LoggedModel, ModelMetric
from genesis.entities.registry import NewVersion
from genesis.entities.removals import EXPERIMENT, LOGGED_MODEL, RUN, Removal
from genesis.entities.runs import Dataset, DatasetInput, Metric, Run
from genesis.errors import Code, GenesisError
from genesis.search.clauses import Clause, Op, Path
from genesis.store import Store
from genesis.store.engine import Engine, Query
from genesis.store.experiments import Location
from genesis.store.removals import Removals
from genesis.store.schema import DATASETS, LOGGED_MODELS, RUNS

ROOT = "mlflow-artifacts:/"
NOW = 1_700_000_000_000
LATER = NOW + 1


@dataclass
class Files:
    """Stands for the artifact store: what was removed of it."""

    removed: list[str] = field(default_factory=list)

    def __call__(self, uri: str) -> None:
        self.removed.append(uri)


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def removals(engine: Engine) -> Removals:
    return Removals(engine, "default", ROOT)


def experiment(store: Store, name: str = "x", location: str = "") -> str:
    return store.experiments.create(name, Location(ROOT, location), {}, NOW)


def run(store: Store, id: str, experiment_id: str, uri: str = "") -> str:
    store.runs.create(Run(id, id, experiment_id, "", NOW, uri or f"{ROOT}{experiment_id}/{id}/artifacts"))
    store.runs.log(id, [Metric("m", 1.0, 1, 1), Metric("n", 2.0, 1, 1)])
    store.runs.add_inputs(id, [DatasetInput(Dataset("d", "1", "", ""), {})], [])
    return id


def model(store: Store, id: str, experiment_id: str) -> str:
    store.logged_models.create(
        LoggedModel(id, experiment_id, id, f"{ROOT}{experiment_id}/models/{id}/artifacts", NOW, NOW)
    )
    store.logged_models.log_metrics(id, [ModelMetric("m", 1.0, 1, 1, "r")])
    return id


def points(engine: Engine, run_id: str) -> int:
    return sum(len(list(engine.points([f"default|{run_id}"], metric))) for metric in ("m", "n"))


def planned(removals: Removals, before: int = LATER) -> list[tuple[str, str]]:
    return [(removal.kind, removal.id) for removal in removals.all(before) if not removal.kept]


def kept(removals: Removals, before: int = LATER) -> dict[str, str]:
    return {removal.id: removal.kept for removal in removals.all(before) if removal.kept}


def gone(act: Callable[[], Any]) -> bool:
    try:
        act()
    except GenesisError as error:
        return error.code is Code.RESOURCE_DOES_NOT_EXIST
    return False


def test_a_deleted_run_goes_with_its_metrics_and_artifacts(
    store: Store, engine: Engine, removals: Removals, files: Files
) -> None:
    id = experiment(store)
    store.runs.delete(run(store, "r", id), NOW)
    run(store, "s", id)
    (removal,) = removals.all(LATER)
    assert removals.remove(removal, files)
    assert gone(lambda: store.runs.get("r"))
    assert (points(engine, "r"), points(engine, "s")) == (0, 2)
    assert files.removed == [f"{ROOT}{id}/r/artifacts"]
    assert store.runs.get("s").metrics.keys() == {"m", "n"}


def test_what_is_active_is_never_planned(store: Store, removals: Removals) -> None:
    id = experiment(store)
    run(store, "r", id)
    model(store, "m-1", id)
    assert list(removals.all(LATER)) == []


def test_what_was_deleted_too_late_is_not_planned(store: Store, removals: Removals) -> None:
    id = experiment(store)
    store.runs.delete(run(store, "r", id), NOW)
    store.logged_models.delete(model(store, "m-1", id), NOW)
    store.experiments.delete(experiment(store, "y"), NOW)
    assert planned(removals, before=NOW) == []
    assert planned(removals) == [(RUN, "r"), (LOGGED_MODEL, "m-1"), (EXPERIMENT, "2")]


def test_a_deleted_experiment_goes_with_all_in_it_and_frees_its_name(
    store: Store, engine: Engine, removals: Removals, files: Files
) -> None:
    id = experiment(store)
    run(store, "r", id)
    model(store, "m-1", id)
    store.experiments.delete(id, NOW)
    (removal,) = removals.all(LATER)
    assert removals.remove(removal, files)
    assert store.experiments.get(id) is None
    assert gone(lambda: store.runs.get("r"))
    assert gone(lambda: store.logged_models.get("m-1", deleted=True))
    assert points(engine, "r") == 0
    assert sorted(files.removed) == [
        f"{ROOT}{id}",
        f"{ROOT}{id}/models/m-1/artifacts",
        f"{ROOT}{id}/r/artifacts",
    ]
    for collection in (DATASETS, RUNS, LOGGED_MODELS):
        scope = Clause(Path("experiment"), Op.EQ, f"default|{id}")
        assert not engine.find(collection, Query((scope,)))
    assert experiment(store) == "2"


def test_a_place_that_was_chosen_for_an_experiment_is_not_emptied(
    store: Store, removals: Removals, files: Files
) -> None:
    id = experiment(store, location=f"{ROOT}shared")
    run(store, "r", id, uri=f"{ROOT}shared/r/artifacts")
    store.experiments.delete(id, NOW)
    (removal,) = removals.all(LATER)
    removals.remove(removal, files)
    assert files.removed == [f"{ROOT}shared/r/artifacts"]


def test_an_experiment_with_an_active_run_stays(store: Store, removals: Removals) -> None:
    id = experiment(store)
    run(store, "r", id)
    run(store, "s", id)
    store.experiments.delete(id, NOW)
    store.runs.restore("r")
    assert kept(removals) == {id: "its run r is active"}
    assert planned(removals) == [(RUN, "s")]


def test_artifacts_of_a_model_version_stay(store: Store, removals: Removals) -> None:
    id = experiment(store)
    uri = f"{ROOT}{id}/r/artifacts"
    store.runs.delete(run(store, "r", id), NOW)
    # One that only begins alike.
    store.runs.delete(run(store, "r2", id), NOW)
    store.registered_models.create("a", None, {}, NOW)
    store.model_versions.create("a", NewVersion("runs:/r/model", f"{uri}/model", "r"), NOW)
    assert kept(removals) == {"r": "a registered model has a version there"}
    assert planned(removals) == [(RUN, "r2")]


@pytest.mark.parametrize("source", ["runs:/r", "runs:/r/tree", "runs:/r/tree/data/"])
def test_what_a_version_names_by_its_run_stays(store: Store, removals: Removals, source: str) -> None:
    """As the UI registers models: nothing but the source says where they lie."""
    id = experiment(store)
    store.runs.delete(run(store, "r", id), NOW)
    store.runs.delete(run(store, "r2", id), NOW)
    for name in ("tree", "tree2"):
        place = f"{ROOT}{id}/models/{name}"
        store.logged_models.create(LoggedModel(name, id, name, place, NOW, NOW, source_run_id="r"))
        store.logged_models.delete(name, NOW)
    store.registered_models.create("a", None, {}, NOW)
    store.model_versions.create("a", NewVersion(source, source, "r"), NOW)
    reason = "a registered model has a version there"
    named = {"tree": reason} if "tree" in source else {}
    assert kept(removals) == {"r": reason, **named}
    assert planned(removals)[0] == (RUN, "r2")
    store.experiments.delete(id, NOW)
    assert kept(removals)[id] == reason


def test_an_experiment_whose_logged_model_is_registered_stays(store: Store, removals: Removals) -> None:
    id = experiment(store)
    uri = store.logged_models.get(model(store, "m-1", id)).artifact_uri
    store.registered_models.create("a", None, {}, NOW)
    store.model_versions.create("a", NewVersion("models:/m-1", uri), NOW)
    store.experiments.delete(id, NOW)
    assert kept(removals) == {id: "a registered model has a version there"}


@pytest.mark.parametrize("kind", [RUN, LOGGED_MODEL, EXPERIMENT])
def test_one_thing_is_named_and_only_if_it_is_deleted(store: Store, removals: Removals, kind: str) -> None:
    id = experiment(store)
    made = {RUN: run(store, "r", id), LOGGED_MODEL: model(store, "m-1", id), EXPERIMENT: id}[kind]
    assert removals.one(kind, made, LATER).kept == "it is active; delete it first"
    {
        RUN: lambda: store.runs.delete(made, NOW),
        LOGGED_MODEL: lambda: store.logged_models.delete(made, NOW),
        EXPERIMENT: lambda: store.experiments.delete(made, NOW),
    }[kind]()
    assert removals.one(kind, made, LATER).kept == ""
    assert removals.one(kind, made, NOW).kept == "it was deleted later than that"
    assert gone(lambda: removals.one(kind, "404", LATER))


def test_what_is_restored_before_its_turn_stays_whole(
    store: Store, engine: Engine, removals: Removals, files: Files
) -> None:
    id = experiment(store)
    store.runs.delete(run(store, "r", id), NOW)
    store.experiments.delete(other := experiment(store, "y"), NOW)
    plan = list(removals.all(LATER))
    store.runs.restore("r")
    store.experiments.restore(other, NOW)
    assert [removals.remove(removal, files) for removal in plan] == [False, False]
    assert (points(engine, "r"), files.removed, removals.begun()) == (2, [], [])
    assert store.runs.get("r").lifecycle_stage == ACTIVE
    assert store.experiments.get_by_name("y") is not None


def test_another_workspace_is_left_alone(store: Store, engine: Engine, files: Files) -> None:
    id = experiment(store)
    store.runs.delete(run(store, "r", id), NOW)
    other = Removals(engine, "other", ROOT)
    assert list(other.all(LATER)) == []
    assert gone(lambda: other.one(RUN, "r", LATER))
    # Even if it were told to.
    other.remove(Removal(RUN, "r", ""), files)
    assert store.runs.get("r").lifecycle_stage == DELETED


class Died(Exception):
    """Stands for a process that is gone at this point."""


def dying(engine: Engine, calls: int) -> Engine:
    """The same engine to a process that dies at a later call."""
    left = iter(range(calls))

    class Dying:
        def __getattr__(self, name: str) -> Any:
            real = getattr(engine, name)

            def call(*arguments: Any, **named: Any) -> Any:
                if next(left, None) is None:
                    raise Died
                return real(*arguments, **named)

            return call

    living: Any = Dying()
    return living  # type: ignore[no-any-return]


def test_a_removal_that_dies_anywhere_is_gone_on_with(store: Store, engine: Engine, files: Files) -> None:
    for calls in range(100):
        id = experiment(store)
        run(store, f"r{calls}", id)
        model(store, f"m-{calls}", id)
        store.experiments.delete(id, NOW)
        removal = Removals(engine, "default", ROOT).one(EXPERIMENT, id, LATER)
        try:
            Removals(dying(engine, calls), "default", ROOT).remove(removal, files)
        except Died:
            again = Removals(engine, "default", ROOT)
            for begun in [*again.begun(), *again.all(LATER)]:
                assert again.remove(begun, files)
        else:
            break
        assert again.begun() == []
        assert store.experiments.get(id) is None
        assert points(engine, f"r{calls}") == 0
        assert {f"{ROOT}{id}", f"{ROOT}{id}/models/m-{calls}/artifacts"} <= {*files.removed}
        scope = Clause(Path("experiment"), Op.EQ, f"default|{id}")
        assert not any(engine.find(c, Query((scope,))) for c in (DATASETS, RUNS, LOGGED_MODELS))
    assert 10 < calls < 99
