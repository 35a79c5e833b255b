"""Entities as the target is to have them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from genesis.entities.experiments import Experiment
from genesis.migrate.locations import local_path
from genesis.migrate.rewriting import Owner, Rewriting
from tests.store.test_writing import EXPERIMENT, LINE, MODEL, RUN_7

OLD = replace(EXPERIMENT, artifact_location="/old/7")
RUN = replace(RUN_7, artifact_uri="/old/7/r/artifacts")
LOGGED = replace(MODEL, artifact_uri="file:///old/7/models/m-1/artifacts")


def rewriting(ids: dict[tuple[str, str], str] | None = None) -> Rewriting:
    """From a source whose places on this machine move; ``ids`` are those that the target gave."""
    source: Any = SimpleNamespace(files=lambda uri: local_path(uri))
    target: Any = SimpleNamespace(root="mlflow-artifacts:/", location=lambda id: f"mlflow-artifacts:/{id}")
    known = ids or {}
    return Rewriting(source, target, lambda kind, id: known.get((kind, id)))


def test_what_keeps_its_id_keeps_its_place_in_its_experiment() -> None:
    new = rewriting()
    new.found_experiment(OLD, "7")
    assert new.experiment(OLD).artifact_location == "mlflow-artifacts:/7"
    assert new.run(RUN).artifact_uri == "mlflow-artifacts:/7/r/artifacts"
    assert new.logged_model(LOGGED).artifact_uri == "mlflow-artifacts:/7/models/m-1/artifacts"
    new.found_run(RUN)
    assert new.owners == [Owner("run", RUN.run_id, RUN.artifact_uri, "mlflow-artifacts:/7/r/artifacts")]


def test_what_lies_in_no_experiment_gets_a_place_in_its_own() -> None:
    new = rewriting()
    new.found_experiment(OLD, "7")
    odd = replace(RUN, artifact_uri="/elsewhere/x")
    assert new.run(odd).artifact_uri == f"mlflow-artifacts:/7/{RUN.run_id}/artifacts"


def test_another_storage_is_named_as_it_was_and_told_of() -> None:
    new = rewriting()
    kept = replace(OLD, artifact_location="s3://key:secret@bucket/7")
    new.found_experiment(kept, "7")
    run = replace(RUN, artifact_uri="s3://bucket/7/r")
    new.found_run(run)
    assert (new.experiment(kept), new.run(run).artifact_uri) == (kept, run.artifact_uri)
    assert new.owners == []
    assert [loss.why for loss in new.stay.values()] == [
        "artifacts stay at s3://…@bucket/7",
        "artifacts stay at s3://bucket/7/r",
    ]


def test_ids_that_the_target_gave_are_everywhere() -> None:
    parent, run_id = "a" * 32, RUN.run_id
    ids = {
        ("experiment", "7"): "3",
        ("run", run_id): "n" * 32,
        ("run", parent): "b" * 32,
        ("logged model", "m-0"): "m-00",
        ("logged model", "m-1"): "m-11",
    }
    new = rewriting(ids)
    new.found_experiment(OLD, "3")
    child = replace(RUN, tags={"mlflow.parentRunId": parent, "note": parent})
    moved = new.run(child)
    assert (moved.run_id, moved.experiment_id) == ("n" * 32, "3")
    assert moved.tags == {"mlflow.parentRunId": "b" * 32, "note": parent}
    assert (moved.model_inputs, moved.model_outputs) == (["m-00"], [("m-11", 3)])
    assert moved.artifact_uri == f"mlflow-artifacts:/3/{'n' * 32}/artifacts"
    model = new.logged_model(LOGGED)
    assert (model.model_id, model.source_run_id, model.metrics[0].run_id) == ("m-11", "n" * 32, "n" * 32)
    new.found_run(child)
    version = replace(
        LINE.versions[0], source=f"{RUN.artifact_uri}/model", storage=f"{RUN.artifact_uri}/model"
    )
    other = replace(version, number=2, source=f"runs:/{run_id}/model", storage="models:/m-1")
    first, second = new.line(replace(LINE, versions=[version, other])).versions
    assert first.source == first.storage == f"{moved.artifact_uri}/model"
    assert (second.source, second.storage) == (f"runs:/{'n' * 32}/model", "models:/m-11")
    assert first.run_id == "n" * 32


@pytest.mark.parametrize("storage", ["s3://bucket/model", "models:/m-1", "runs:/x/model"])
def test_a_version_that_lies_elsewhere_stays_there(storage: str) -> None:
    version = replace(LINE.versions[0], source=storage, storage=storage)
    assert rewriting().line(replace(LINE, versions=[version])).versions == [version]


def test_a_version_with_a_place_of_its_own_is_copied() -> None:
    new = rewriting()
    line = replace(LINE, versions=[replace(LINE.versions[0], source="/m/1", storage="/m/1")])
    new.found_line(line)
    assert [owner.new for owner in new.owners] == ["mlflow-artifacts:/registry/line/1"]
    assert new.line(line).versions[0].source == "mlflow-artifacts:/registry/line/1"


def test_the_source_of_a_prompt_is_no_place() -> None:
    version = replace(
        LINE.versions[0], source="dummy", storage="dummy", tags={"mlflow.prompt.is_prompt": "true"}
    )
    new = rewriting()
    new.found_line(replace(LINE, versions=[version]))
    assert new.owners == []
    assert new.line(replace(LINE, versions=[version])).versions == [version]


def test_experiments_that_share_a_place_share_it_afterwards() -> None:
    new = rewriting()
    other: Experiment = replace(OLD, experiment_id="8")
    new.found_experiment(OLD, "7")
    new.found_experiment(other, "8")
    run = replace(RUN, experiment_id="8")
    assert new.run(run).artifact_uri == "mlflow-artifacts:/7/r/artifacts"
