"""What is brought here from elsewhere keeps its ids, times and stages, on every engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import LoggedModel, ModelMetric
from genesis.entities.registry import ModelLine, ModelVersion, NewVersion, RegisteredModel
from genesis.entities.removals import RUN
from genesis.entities.runs import Dataset, DatasetInput, DatasetSummary, Latest, LatestValues, Run
from genesis.errors import GenesisError
from genesis.store import Store
from genesis.store.engine import Engine
from genesis.store.experiments import Location
from genesis.store.logged_models import MAX_ROWS
from genesis.store.points import Point
from genesis.store.removals import Removals
from tests.store.interrupted import deaths

EXPERIMENT = Experiment(
    "7",
    "old",
    "mlflow-artifacts:/7",
    1_600_000_000_000,
    1_600_000_000_500,
    "default",
    "deleted",
    {"a.b": "1"},
)
RUN_7 = Run(
    run_id="r" * 32,
    name="a run",
    experiment_id="7",
    user_id="ada",
    start_time=1_600_000_000_001,
    artifact_uri="mlflow-artifacts:/7/r/artifacts",
    status="FINISHED",
    end_time=1_600_000_000_009,
    lifecycle_stage="deleted",
    params={"lr": "0.1", "a.b": "$"},
    tags={"mlflow.runName": "a run"},
    metrics=LatestValues.of({"loss": Latest(2, 12, 0.5), "nan": Latest(0, 10, float("nan"))}),
    inputs=[DatasetInput(Dataset("d", "1", "local", "{}", "s", "p"), {"mlflow.data.context": "training"})],
    model_inputs=["m-0"],
    model_outputs=[("m-1", 3)],
    deleted_time=1_600_000_000_010,
)
MODEL = LoggedModel(
    model_id="m-1",
    experiment_id="7",
    name="model",
    artifact_uri="mlflow-artifacts:/7/models/m-1/artifacts",
    creation_time=1_600_000_000_002,
    last_update_time=1_600_000_000_003,
    status="LOGGED_MODEL_READY",
    model_type="sk",
    source_run_id="r" * 32,
    status_message="it went well",
    lifecycle_stage="deleted",
    tags={"t": "1"},
    params={"p": "2"},
    metrics=[ModelMetric("acc", 0.5, 1, 0, "r" * 32, "d", "1")],
)


def version(number: int, stage: str = "None", aliases: tuple[str, ...] = ()) -> ModelVersion:
    return ModelVersion(
        name="line",
        number=number,
        creation_time=1_600_000_000_000 + number,
        last_update_time=1_600_000_001_000 + number,
        description="good" if number == 1 else None,
        source="runs:/r/model",
        storage="mlflow-artifacts:/7/r/artifacts/model",
        run_id="r" * 32,
        run_link="",
        stage=stage,
        tags={"n": str(number)},
        aliases=list(aliases),
    )


LINE = ModelLine(
    RegisteredModel(
        "line", 1_600_000_000_000, 1_600_000_009_000, "words", "default", {"t": "1"}, {"champion": 2}
    ),
    [version(1, "Production"), version(2, aliases=("champion",)), version(4, "Production")],
    last=5,
)


def lines(store: Store) -> list[ModelLine]:
    return [replace(line, model=replace(line.model, latest=[])) for line in store.registered_models.walk()]


def test_an_experiment_is_as_it_was(store: Store) -> None:
    assert store.experiments.write(EXPERIMENT)
    assert store.experiments.get("7") == EXPERIMENT
    assert list(store.experiments.walk()) == [EXPERIMENT]


def test_an_experiment_that_is_written_again_stays_as_it_is(store: Store) -> None:
    store.experiments.write(EXPERIMENT)
    assert store.experiments.write(replace(EXPERIMENT, tags={}, creation_time=1))
    assert store.experiments.get("7") == EXPERIMENT


def test_an_id_that_is_another_experiments_is_not_taken_and_the_name_stays_free(store: Store) -> None:
    store.experiments.write(EXPERIMENT)
    assert not store.experiments.write(replace(EXPERIMENT, name="new"))
    assert store.experiments.create("new", Location("root/"), {}, 1)


def test_a_name_that_is_another_experiments_is_refused(store: Store) -> None:
    store.experiments.write(EXPERIMENT)
    with pytest.raises(GenesisError, match="already exists"):
        store.experiments.write(replace(EXPERIMENT, experiment_id="8"))
    assert store.experiments.get("8") is None


def test_a_default_experiment_that_nobody_has_touched_gives_way(store: Store) -> None:
    default = replace(EXPERIMENT, experiment_id="0", name="Default", lifecycle_stage="active")
    store.experiments.ensure_default("root/", 1_700_000_000_000)
    assert store.experiments.write(default)
    assert store.experiments.get("0") == default


def test_a_default_experiment_that_is_in_use_stays(store: Store) -> None:
    store.experiments.ensure_default("root/", 1_700_000_000_000)
    store.experiments.set_tag("0", "mine", "1")
    held = store.experiments.get("0")
    assert store.experiments.write(replace(EXPERIMENT, experiment_id="0", name="Default"))
    assert store.experiments.get("0") == held


def test_new_experiments_come_after_those_that_were_brought(store: Store) -> None:
    store.experiments.reserve(7)
    assert store.experiments.create("new", Location("root/"), {}, 1) == "8"


def test_a_new_experiment_passes_over_ids_that_are_taken(store: Store) -> None:
    for number in ("1", "2"):
        store.experiments.write(replace(EXPERIMENT, experiment_id=number, name=f"old {number}"))
    assert store.experiments.create("new", Location("root/"), {}, 1) == "3"
    third = store.experiments.get("3")
    assert third is not None and third.name == "new"


def test_a_run_is_as_it_was(store: Store) -> None:
    assert store.runs.write(RUN_7)
    found = store.runs.get(RUN_7.run_id)
    assert repr(found) == repr(RUN_7)  # a NaN is equal to nothing
    assert [repr(run) for run in store.runs.walk("7")] == [repr(RUN_7)]
    assert store.runs.datasets(["7"], 10) == [DatasetSummary("7", "d", "1", "training")]


def test_a_run_is_written_once(store: Store) -> None:
    store.runs.write(RUN_7)
    assert not store.runs.write(replace(RUN_7, params={}))
    assert store.runs.get(RUN_7.run_id).params == RUN_7.params


def test_a_history_is_written_in_pieces_and_can_be_begun_anew(store: Store) -> None:
    store.runs.write(RUN_7)
    points = [Point(10 + i, i, i / 2) for i in range(5)]
    store.runs.add_points(RUN_7.run_id, {"loss": points[:1], "gone": []})
    store.runs.drop_points(RUN_7.run_id)
    for piece in (points[:3], points[3:]):
        store.runs.add_points(RUN_7.run_id, {"loss": piece})
    assert list(store.histories.page(RUN_7.run_id, "loss", "", None)[0]) == points
    assert store.runs.get(RUN_7.run_id).metrics["loss"] == RUN_7.metrics["loss"]


def test_points_of_a_run_that_is_not_there_are_refused(store: Store) -> None:
    with pytest.raises(GenesisError, match="not found"):
        store.runs.add_points("nobody", {"loss": [Point(1, 1, 1.0)]})


def test_a_deleted_run_can_be_removed_for_good(store: Store, engine: Engine) -> None:
    store.experiments.write(replace(EXPERIMENT, lifecycle_stage="active"))
    store.runs.write(RUN_7)
    removals = Removals(engine, "default", "mlflow-artifacts:/")
    before = RUN_7.deleted_time or 0
    assert [r.id for r in removals.all(before + 1)] == [RUN_7.run_id]
    assert not list(removals.all(before))
    assert not removals.one(RUN, RUN_7.run_id, before + 1).kept


def test_a_logged_model_is_as_it_was(store: Store) -> None:
    assert store.logged_models.write(MODEL)
    assert not store.logged_models.write(replace(MODEL, tags={}))
    assert store.logged_models.get("m-1", deleted=True) == MODEL
    assert list(store.logged_models.walk("7")) == [MODEL]


def test_of_too_many_metrics_the_latest_stay(store: Store) -> None:
    rows = [ModelMetric("acc", i / 2, i, i, "r") for i in range(MAX_ROWS + 1)]
    store.logged_models.write(replace(MODEL, metrics=rows))
    assert store.logged_models.get("m-1", deleted=True).metrics == rows[-1:]


def test_a_registered_model_is_as_it_was(store: Store) -> None:
    store.registered_models.write("1" * 32, LINE)
    assert lines(store) == [LINE]
    line = store.registered_models.line("line")
    assert line is not None and line.versions == LINE.versions
    latest = store.registered_models.get("line").latest
    assert {v.stage: v.number for v in latest} == {"Production": 4, "None": 2}
    assert store.model_versions.get_by_alias("line", "champion").number == 2
    assert store.registered_models.line("nobody") is None


def test_numbers_of_versions_that_are_gone_are_not_given_again(store: Store) -> None:
    store.registered_models.write("1" * 32, LINE)
    assert store.model_versions.create("line", NewVersion("s", "s"), 1).number == 6
    with pytest.raises(GenesisError, match="not found"):
        store.model_versions.get("line", 5)


def test_an_alias_of_a_version_that_is_gone_is_left_out(store: Store) -> None:
    model = replace(LINE.model, aliases={"champion": 2, "lost": 3})
    store.registered_models.write("1" * 32, replace(LINE, model=model))
    assert store.registered_models.get("line").aliases == {"champion": 2}


def test_the_name_of_another_model_is_refused(store: Store) -> None:
    held = store.registered_models.create("line", None, {}, 1)
    with pytest.raises(GenesisError, match="already exists"):
        store.registered_models.write("1" * 32, LINE)
    assert store.registered_models.get("line") == held


def test_a_model_that_was_brought_can_be_renamed_and_deleted(store: Store) -> None:
    store.registered_models.write("1" * 32, LINE)
    store.registered_models.rename("line", "other", 2)
    assert store.model_versions.get("other", 4).stage == "Production"
    store.registered_models.delete("other")
    assert not lines(store)


def test_what_was_half_written_is_completed_by_writing_it_again(engine: Engine) -> None:
    def write(store: Store) -> None:
        store.experiments.write(EXPERIMENT)
        store.registered_models.write("1" * 32, LINE)

    died = 0
    for _, store in deaths(engine, write):
        died += 1
        write(store)
        line = store.registered_models.line("line")
        assert line is not None and line.versions == LINE.versions and line.last == LINE.last
        assert [found.name for found in store.experiments.walk()] == ["old"]
        assert store.model_versions.create("line", NewVersion("s", "s"), 1).number == 6
    assert died > 8
