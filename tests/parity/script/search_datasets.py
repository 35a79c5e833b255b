"""Searching the data sets that runs of experiments read, for the UI."""

from tests.parity.scenes import AJAX, Call, Scene, experiment, get, post, run
from tests.parity.script.inputs import TRAIN, dataset, log


def search(body: object, name: str = "") -> Call:
    return Call("POST", AJAX + "experiments/search-datasets", body, name=name, any_order=True)


def of(*experiments: str) -> Call:
    return search({"experiment_ids": [f"{{{experiment}}}" for experiment in experiments]})


EVAL = [{"key": "mlflow.data.context", "value": "eval"}]

SCENES = [
    Scene(
        "datasets search",
        [
            experiment(),
            experiment("second", name="{scene} second"),
            experiment("none", name="{scene} none"),
            run(),
            run("again"),
            run("other", experiment_id="{second}"),
            of("experiment"),
            log({"dataset": dataset(), "tags": TRAIN}, {"dataset": dataset("wine", "w")}),
            of("experiment"),
            log({"dataset": dataset(), "tags": TRAIN}, run_id="{again}"),
            of("experiment"),
            log({"dataset": dataset("wine", "w"), "tags": EVAL}, run_id="{again}"),
            of("experiment"),
            log({"dataset": dataset("wine", "w"), "tags": TRAIN}, run_id="{again}"),
            log({"dataset": dataset(), "tags": [{"key": "unlike", "value": "context"}]}, run_id="{again}"),
            run("third"),
            log({"dataset": dataset(), "tags": [{"key": "unlike", "value": "context"}]}, run_id="{third}"),
            of("experiment"),
            log({"dataset": dataset("wine", "w2"), "tags": TRAIN}, run_id="{other}"),
            log(
                {"dataset": dataset("größe 🙂", "w3"), "tags": [*EVAL, {"key": "a", "value": "b"}]},
                run_id="{other}",
            ),
            of("second"),
            of("experiment", "second"),
            of("experiment", "experiment"),
            of("none"),
            search({"experimentIds": ["{second}"]}),
            search({"experiment_ids": [" {second} "]}),
            search({"experiment_ids": ["{second}", "987654321"]}),
            search({"experiment_ids": ["987654321"]}),
            search({"experiment_ids": [str(987654321 + i) for i in range(20)]}),
            post("runs/delete", run_id="{other}"),
            of("second"),
            log({"dataset": dataset("late", "w2"), "tags": TRAIN}, run_id="{other}"),
            log({"dataset": dataset("late", "w2"), "tags": TRAIN}, run_id="no-such-run"),
            of("second"),
            post("experiments/delete", experiment_id="{second}"),
            of("second"),
            search({"experiment_ids": ["abc"]}),
            search({"experiment_ids": ["{second}", "abc"]}),
            search({"experiment_ids": []}),
            search({"experiment_ids": None}),
            search({}),
            Call("POST", AJAX + "experiments/search-datasets"),
            search({"experiment_ids": [str(987654321 + i) for i in range(21)]}),
            search({"experiment_ids": "7"}, "ids are text"),
            search({"experiment_ids": [7]}, "id is a number"),
            Call(
                "POST",
                AJAX + "experiments/search-datasets",
                raw='{"experiment_ids": ["{second}"]}',
                headers={"content-type": "text/plain"},
            ),
            Call("GET", AJAX + "experiments/search-datasets", query={"experiment_ids": "{second}"}),
            post("experiments/search-datasets", experiment_ids=["{experiment}"]),
            get("runs/get", run_id="{again}"),
        ],
    ),
]
