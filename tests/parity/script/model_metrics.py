"""Metrics that carry a logged model's id and a data set: in the run's history and in the model."""

from tests.parity.scenes import AJAX, Call, Scene, experiment, get, post, run
from tests.parity.script.logged_models import UNKNOWN, delete, model


def log(**fields: object) -> Call:
    given = {"run_id": "{run}", "key": "m", "value": 1.0, "timestamp": 10, "model_id": "{model}"}
    return post("runs/log-metric", **{**given, **fields})


def item(**fields: object) -> dict[str, object]:
    return {"key": "b", "value": 1.0, "timestamp": 10, "step": 0, "model_id": "{model}", **fields}


def batch(*items: object, **fields: object) -> Call:
    return post("runs/log-batch", **{"run_id": "{run}", "metrics": list(items), **fields})


def rubbish(name: str, *items: object) -> Call:
    return Call("POST", "runs/log-batch", {"run_id": "{other}", "metrics": list(items)}, name=name)


THE_RUN = get("runs/get", run_id="{run}")
THE_MODEL = get("logged-models/{model}")
IRIS = {"dataset_name": "iris", "dataset_digest": "d1"}

SCENES = [
    Scene(
        "model metric log",
        [
            experiment(),
            run(),
            model(source_run_id="{run}"),
            log(),
            THE_MODEL,
            THE_RUN,
            log(),
            log(step=3),
            log(step="4", value="2.5", timestamp="20"),
            log(key="nan", value="NaN"),
            log(key="inf", value="Infinity"),
            log(key="-inf", value="-Infinity"),
            log(key="acc", **IRIS),
            log(key="acc", **IRIS),
            log(key="acc", step=1, dataset_name="wine", dataset_digest="d2"),
            log(key="größe/a b.c:d", **{**IRIS, "dataset_name": "größe 🙂"}),
            log(key="long", dataset_name="n" * 600, dataset_digest="d" * 100),
            log(key="camel", modelId="{model}", model_id=None, datasetName="iris", datasetDigest="d1"),
            Call(
                "POST",
                AJAX + "runs/log-metric",
                {"run_uuid": "{run}", "key": "uuid", "value": 1, "timestamp": 1, "model_id": "{model}"},
            ),
            THE_MODEL,
            THE_RUN,
            get("metrics/get-history", run_id="{run}", metric_key="m"),
            log(key="plain", model_id=""),
            log(key="plain", model_id=None, **IRIS),
            log(key="empty set", dataset_name="", dataset_digest=""),
            run("other"),
            log(run_id="{other}"),
            log(run_id="{other}", step=3, value=7),
            experiment("second", name="{scene} second"),
            run("far", experiment_id="{second}"),
            log(run_id="{far}", key="far"),
            THE_MODEL,
        ],
    ),
    Scene(
        "model metric log: refused",
        [
            experiment(),
            run(),
            model(),
            log(),
            log(value=2),
            log(**IRIS),
            log(key="d", **IRIS),
            log(key="d"),
            log(key="d", dataset_name="other", dataset_digest="d1"),
            log(key="d", dataset_name="iris", dataset_digest="d2"),
            log(key="d", value=5, **IRIS),
            log(key="x", dataset_name="iris"),
            log(key="x", dataset_digest="d1"),
            log(key="x", dataset_name="iris", model_id=None),
            log(key="x", dataset_name="iris", dataset_digest=""),
            log(key="x", model_id=UNKNOWN),
            log(key="x", model_id="no-such-model"),
            log(key="x", model_id=5),
            log(key="x", dataset_name=5),
            log(key="x", dataset_digest=["d"]),
            log(key="bad?"),
            log(key="x", timestamp=-1),
            log(run_id="no-such-run"),
            log(run_id="no-such-run", model_id=UNKNOWN),
            log(run_id="no-such-run", dataset_name="iris"),
            log(run_id=""),
            THE_MODEL,
            THE_RUN,
            post("runs/delete", run_id="{run}"),
            log(key="late"),
            log(key="late", model_id=UNKNOWN),
            log(value=9),
            THE_MODEL,
        ],
    ),
    Scene(
        "model metric log: a deleted model",
        [
            experiment(),
            run(),
            model(),
            delete("logged-models/{model}"),
            log(),
            batch(item(), item(step=1)),
            get("logged-models/{model}", allow_deleted="true"),
            THE_MODEL,
            THE_RUN,
        ],
    ),
    Scene(
        "model metric batch",
        [
            experiment(),
            run(),
            model(),
            model("other"),
            batch(
                item(), item(step=1, **IRIS), item(key="run only", model_id=None), item(model_id="{other}")
            ),
            THE_MODEL,
            get("logged-models/{other}"),
            batch(item(), item(step=1, **IRIS), item(step=2)),
            batch(item(step=3), item(step=3), item(step=4)),
            batch(item(step=5, model_id=""), item(step=6, model_id="", **IRIS)),
            batch(item(key="i", value="Infinity"), item(key="i", value="NaN", step=1)),
            batch(
                item(key="with"),
                params=[{"key": "p", "value": "1"}],
                tags=[{"key": "t", "value": "1"}],
            ),
            batch({"key": "c", "value": 1, "timestamp": 2, "modelId": "{model}", "datasetName": "a"}),
            batch(
                {
                    "key": "c",
                    "value": 1,
                    "timestamp": 2,
                    "modelId": "{model}",
                    "datasetName": "a",
                    "datasetDigest": "b",
                }
            ),
            THE_MODEL,
            get("logged-models/{other}"),
            THE_RUN,
            get("metrics/get-history", run_id="{run}", metric_key="b"),
        ],
    ),
    Scene(
        "model metric batch: refused",
        [
            experiment(),
            run(),
            model(),
            batch(item()),
            batch(item(dataset_name="iris"), item(key="x")),
            batch(item(key="x"), item(key="y", dataset_digest="d1")),
            batch(item(key="x", model_id=None, dataset_digest="d1")),
            batch(item(key="bad?")),
            batch(item(key="x", timestamp=-1)),
            batch(item(), run_id="no-such-run"),
            batch(item(model_id=UNKNOWN), run_id="no-such-run"),
            batch(item(dataset_name="iris"), run_id=""),
            THE_MODEL,
            # Stock logs the run's half of these and then refuses, so nothing is looked at behind them.
            batch(item(value=2)),
            batch(item(**IRIS)),
            batch(item(key="x"), item(key="x", value=2)),
            batch(item(key="x"), item(key="x", **IRIS)),
            batch(item(key="x", model_id=UNKNOWN)),
            batch(item(key="y"), item(key="x", model_id=UNKNOWN)),
            THE_MODEL,
            post("runs/delete", run_id="{run}"),
            batch(item(key="late")),
            batch(item(key="late", model_id=UNKNOWN)),
            THE_MODEL,
            run("other"),
            rubbish("model id is a number", item(model_id=5)),
            rubbish("dataset name is a number", item(dataset_name=5)),
        ],
    ),
]
