"""Stock MLflow stores with everything in them that is moved, made by MLflow's own client; any size."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
)

BEGAN = 1_700_000_000_000


@dataclass(frozen=True)
class Size:
    """How much there is of each; points, files and models in all, spread over the runs."""

    experiments: int = 3
    runs: int = 12
    points: int = 600
    logged_models: int = 6
    registered_models: int = 4
    versions: int = 9
    files: int = 12


SMALL = Size()
PROOF = Size(5, 2_000, 1_000_000, 300, 100, 500, 2_000)


def fill(client: MlflowClient, size: Size, folder: Path, seed: int = 1) -> None:
    """Fill the store that a client speaks to; ``folder`` is for files on their way."""
    drawn = random.Random(seed)
    experiments = list(_experiments(client, size))
    runs = list(_runs(client, size, experiments, drawn))
    _files(client, size, runs, folder)
    models = list(_models(client, size, runs, drawn))
    _registry(client, size, runs, models)
    _delete(client, experiments, runs, models)


def _experiments(client: MlflowClient, size: Size) -> Iterator[str]:
    client.set_experiment_tag("0", "a.b", "the default's")
    yield "0"
    for number in range(1, size.experiments):
        tags = {"team": f"t{number}", "mlflow.note.content": "many\nlines, and ümläuts"}
        yield client.create_experiment(f"experiment {number}/ü", tags=tags)


def _runs(
    client: MlflowClient, size: Size, experiments: list[str], drawn: random.Random
) -> Iterator[tuple[str, str]]:
    parent = ""
    per_run = size.points // size.runs
    for number in range(size.runs):
        experiment = experiments[number % len(experiments)]
        tags = {"mlflow.user": "ada", "unicode ü": "π $ . %"}
        if parent and number % 3 == 0:
            tags["mlflow.parentRunId"] = parent
        run = client.create_run(experiment, BEGAN + number, tags, run_name=f"run {number}")
        run_id = run.info.run_id
        parent = parent or run_id
        params = [Param("lr", str(drawn.random())), Param("a.b/c d", "$x"), Param("empty", "")]
        client.log_batch(run_id, params=params, tags=[RunTag("empty", "")])
        for metrics in _metrics(per_run, drawn):
            client.log_batch(run_id, metrics=metrics)
        if number % 4 == 0:
            client.log_inputs(run_id, [_dataset(number % 3)])
        status = ("FINISHED", "FAILED", "KILLED")[number % 3]
        if number % 5:
            client.set_terminated(run_id, status, BEGAN + 1000 * number)
        yield experiment, run_id


def _metrics(count: int, drawn: random.Random) -> Iterator[list[Metric]]:
    """Batches as large as MLflow takes them; steps go back and forth, and some values are no numbers."""
    odd = [math.nan, 0.0, -1.5, 1e300]
    made = [
        Metric(
            key=f"metric/{i % 5}",
            value=odd[i] if i < len(odd) else drawn.random(),
            timestamp=BEGAN + i // 7,
            step=drawn.randrange(-3, count),
        )
        for i in range(count)
    ]
    for start in range(0, count, 1000):
        yield made[start : start + 1000]


def _dataset(number: int) -> DatasetInput:
    dataset = Dataset(f"data {number}", f"digest{number}", "local", '{"uri": "x"}', "schema", None)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training"), InputTag("other", "1")])


def _files(client: MlflowClient, size: Size, runs: list[tuple[str, str]], folder: Path) -> None:
    for number in range(size.files):
        _, run_id = runs[number % len(runs)]
        file = folder / f"file {number} ü.bin"
        file.write_bytes(random.Random(number).randbytes(10 + number * 37 % 5000) if number % 9 else b"")
        client.log_artifact(run_id, str(file), "deep/er" if number % 2 else None)
        file.unlink()


def _models(
    client: MlflowClient, size: Size, runs: list[tuple[str, str]], drawn: random.Random
) -> Iterator[Any]:
    for number in range(size.logged_models):
        experiment, run_id = runs[number % len(runs)]
        model = client.create_logged_model(
            experiment,
            name=f"model-{number}",
            source_run_id=run_id,
            tags={"k": "v"},
            params={"depth": str(number)},
            model_type="sk" if number % 2 else None,
        )
        metric = Metric("acc", drawn.random(), BEGAN, 1, model_id=model.model_id)
        client.log_batch(run_id, metrics=[metric])
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, number)])
        client.log_inputs(runs[-1][1], models=[LoggedModelInput(model.model_id)])
        if number % 3:
            client.finalize_logged_model(model.model_id, "READY")
        yield model


def _registry(client: MlflowClient, size: Size, runs: list[tuple[str, str]], models: list[Any]) -> None:
    for number in range(size.registered_models):
        name = f"model.{number} ü"
        description = "words" if number % 2 else None
        client.create_registered_model(name, tags={"t": str(number)}, description=description)
    for number in range(size.versions):
        name = f"model.{number % size.registered_models} ü"
        _, run_id = runs[number % len(runs)]
        source = f"{client.get_run(run_id).info.artifact_uri}/deep"
        version = client.create_model_version(
            name, source, run_id, tags={"n": str(number)}, run_link="a link"
        )
        if number % 3 == 0:
            client.set_registered_model_alias(name, f"a{number}", version.version)
        if number % 4 == 0:
            client.transition_model_version_stage(name, version.version, "Production")
    client.register_prompt("prompt", "say {{it}}", commit_message="first")
    client.register_prompt("prompt", "say {{it}} again", tags={"k": "v"})


def _delete(
    client: MlflowClient, experiments: list[str], runs: list[tuple[str, str]], models: list[Any]
) -> None:
    client.delete_run(runs[1][1])
    client.delete_logged_model(models[-1].model_id)
    client.delete_model_version("model.0 ü", "1")
    if len(experiments) > 2:
        client.delete_experiment(experiments[-1])


if __name__ == "__main__":
    # In a process of its own: what MLflow warns of is not ours to fail for.
    uri, working, *wanted = sys.argv[1:]
    fill(MlflowClient(uri), Size(*map(int, wanted)) if wanted else SMALL, Path(working))
