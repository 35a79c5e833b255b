"""What the pages show: 3 experiments, 300 runs and 20 registered models, the same numbers each time.

Tests that change something make their own beside it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.rest import Rest

EXPERIMENTS = {"churn": 150, "forecast": 100, "vision": 50}
"""Runs in each, named churn-000 and so on; the highest number is the newest."""
MODELS = 20
"""Named classifier-00 and so on, each with one version; the first has VERSIONS."""
VERSIONS = 3
FULL_MODEL = "classifier-00"
"""Its second version is `challenger`, its last one `champion`."""
FULL_RUN = "churn-149"
"""Has HISTORY values of its loss, metrics of its machine, and FILES."""
COMPARED_RUN = "churn-148"
"""Has HISTORY values of its loss, too, and the first of FILES.

Without a file in the second of two runs, MLflow's page that compares them fails, with any server.
"""
HISTORY = 40
BEGUN = 1_767_225_600_000
"""When the first run began, in milliseconds: 2026-01-01 at midnight, UTC."""
MINUTE = 60_000


def accuracy(number: int) -> float:
    """A run's metric of that name: from 0.5 upwards, 0.0025 more each time."""
    return round(0.5 + number / 400, 4)


def loss(number: int, step: int = HISTORY - 1) -> float:
    return round((1 - accuracy(number)) * HISTORY / (step + 1), 4)


def params(number: int) -> dict[str, str]:
    return {
        "depth": str(2 + number % 5),
        "learning_rate": ("0.1", "0.01", "0.001")[number % 3],
        "optimizer": ("adam", "sgd")[number % 2],
    }


def png(side: int = 64) -> bytes:
    """A picture of one colour."""
    rows = (b"\0" + bytes((32, 120, 200)) * side) * side

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


FILES = {
    "notes.txt": b"What was tried, and what came of it.\n",
    "report.json": b'{"rows": 1200, "kept": true}\n',
    "table.csv": b"city,customers\nBern,120\nBasel,95\n",
    "page.html": b"<html><body><h1>A report</h1></body></html>\n",
    "plots/square.png": png(),
    "model/MLmodel": b"""artifact_path: model
flavors:
  python_function:
    loader_module: none
signature:
  inputs: '[{"name": "age", "type": "long", "required": true}]'
  outputs: '[{"type": "double", "required": true}]'
""",
}


@dataclass
class Seeded:
    """The ids that the server gave, by name."""

    experiments: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)


def seed(url: str) -> Seeded:
    """Fill the empty server at ``url``: about 700 requests, in 2 seconds."""
    rest, seeded = Rest(url), Seeded()
    for name, runs in EXPERIMENTS.items():
        experiment_id = new_experiment(rest, name)
        seeded.experiments[name] = experiment_id
        for number in range(runs):
            run_name = f"{name}-{number:03d}"
            seeded.runs[run_name] = new_run(rest, experiment_id, run_name, number)
    _fill_full_run(rest, seeded)
    for number in range(MODELS):
        new_model(rest, f"classifier-{number:02d}", seeded.runs[FULL_RUN])
    for _ in range(VERSIONS - 1):
        new_version(rest, FULL_MODEL, seeded.runs[FULL_RUN])
    for alias, version in (("challenger", VERSIONS - 1), ("champion", VERSIONS)):
        call(rest, "registered-models/alias", name=FULL_MODEL, alias=alias, version=str(version))
    return seeded


def new_experiment(rest: Rest, name: str) -> str:
    # The kind that the UI would otherwise ask for, or guess.
    kind = {"key": "mlflow.experimentKind", "value": "custom_model_development"}
    experiment_id: str = call(rest, "experiments/create", name=name, tags=[kind])["experiment_id"]
    return experiment_id


def new_run(rest: Rest, experiment_id: str, name: str, number: int = 0) -> str:
    """The id of a finished run with the parameters and metrics of ``number``."""
    begun = BEGUN + number * MINUTE
    tags = [
        {"key": "team", "value": ("red", "blue")[number % 2]},
        {"key": "mlflow.user", "value": "ada"},
        {"key": "mlflow.source.name", "value": "train.py"},
        {"key": "mlflow.source.type", "value": "LOCAL"},
    ]
    created = call(
        rest, "runs/create", experiment_id=experiment_id, run_name=name, start_time=begun, tags=tags
    )
    run_id: str = created["run"]["info"]["run_id"]
    call(
        rest,
        "runs/log-batch",
        run_id=run_id,
        params=[{"key": key, "value": value} for key, value in params(number).items()],
        metrics=[
            {"key": "accuracy", "value": accuracy(number), "timestamp": begun, "step": 0},
            {"key": "loss", "value": loss(number), "timestamp": begun + MINUTE, "step": HISTORY - 1},
        ],
    )
    call(rest, "runs/update", run_id=run_id, status="FINISHED", end_time=begun + 2 * MINUTE)
    return run_id


def new_model(rest: Rest, name: str, run_id: str) -> None:
    """A registered model with one version, of ``run_id``'s model."""
    call(rest, "registered-models/create", name=name, tags=[{"key": "owner", "value": "ada"}])
    new_version(rest, name, run_id)


def new_version(rest: Rest, name: str, run_id: str) -> None:
    # As clients register a run's model: the page of one whose source is runs:/… fails, with any server.
    source = f"{artifact_uri(rest, run_id)}/model"
    call(rest, "model-versions/create", name=name, source=source, run_id=run_id)


def put_files(rest: Rest, run_id: str, files: dict[str, bytes]) -> None:
    """Artifacts of a run, by path."""
    root = artifact_uri(rest, run_id).partition("mlflow-artifacts:/")[2].lstrip("/")
    for path, content in files.items():
        reply = rest.put_artifact(f"{root}/{path}", content)
        assert reply.status == 200, reply.data


def artifact_uri(rest: Rest, run_id: str) -> str:
    uri: str = rest.get("runs/get", run_id=run_id).json()["run"]["info"]["artifact_uri"]
    return uri


def call(rest: Rest, path: str, **fields: Any) -> dict[str, Any]:
    reply = rest.post(path, **fields)
    assert reply.status == 200, reply.data
    answer: dict[str, Any] = reply.json()
    return answer


def _fill_full_run(rest: Rest, seeded: Seeded) -> None:
    for name in (FULL_RUN, COMPARED_RUN):
        number = int(name.rpartition("-")[2])
        metrics = [
            {"key": "loss", "value": loss(number, step), "timestamp": BEGUN + step * 1000, "step": step}
            for step in range(HISTORY - 1)
        ]
        if name == FULL_RUN:
            metrics += [
                {
                    "key": "system/cpu_utilization_percentage",
                    "value": 50.0 + step,
                    "timestamp": BEGUN + step * 1000,
                    "step": step,
                }
                for step in range(10)
            ]
        call(rest, "runs/log-batch", run_id=seeded.runs[name], metrics=metrics)
    put_files(rest, seeded.runs[FULL_RUN], FILES)
    put_files(rest, seeded.runs[COMPARED_RUN], dict(list(FILES.items())[:1]))
