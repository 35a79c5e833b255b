"""Datasets and models as inputs and outputs of runs."""

from tests.parity.scenes import AJAX, Call, Scene, experiment, get, post, run


def dataset(name: object = "iris", digest: object = "d1", **fields: object) -> dict[str, object]:
    return {"name": name, "digest": digest, "source_type": "local", "source": '{"uri": "x"}', **fields}


def log(*datasets: object, run_id: object = "{run}", **fields: object) -> Call:
    return post("runs/log-inputs", run_id=run_id, datasets=list(datasets), **fields)


def rubbish(name: str, *datasets: object) -> Call:
    return Call("POST", "runs/log-inputs", {"run_id": "{run}", "datasets": list(datasets)}, name=name)


THE_RUN = get("runs/get", run_id="{run}")
TRAIN = [{"key": "mlflow.data.context", "value": "train"}]

SCENES = [
    Scene(
        "inputs log",
        [
            experiment(),
            run(),
            log({"dataset": dataset()}),
            THE_RUN,
            log({"dataset": dataset("wine", "w1", schema='{"s": 1}', profile='{"p": 2}'), "tags": TRAIN}),
            log({"dataset": dataset("wine", "w1", schema="other"), "tags": [{"key": "new", "value": "tag"}]}),
            log({"dataset": dataset("two", "1")}, {"dataset": dataset("two", "2"), "tags": TRAIN}),
            log(
                {"dataset": dataset("dup", "1"), "tags": TRAIN},
                {"dataset": dataset("dup", "1", schema="later")},
            ),
            log({"dataset": dataset("Grüße 🙂", "1"), "tags": [{"key": "ключ?", "value": "v"}]}),
            log({"dataset": dataset("n" * 500, "d" * 36), "tags": [{"key": "k" * 255, "value": "v" * 500}]}),
            THE_RUN,
            run("other"),
            log({"dataset": dataset("wine", "w1", schema="not this one")}, run_id="{other}"),
            get("runs/get", run_id="{other}"),
            run("bare"),
            log({}, run_id="{bare}"),
            log({"dataset": {"name": "only"}}, {"dataset": {"digest": "only"}}, run_id="{bare}"),
            get("runs/get", run_id="{bare}"),
            log(run_id="{other}"),
            post("runs/log-inputs", run_id="{other}"),
            log(models=[{"model_id": "m-0123456789abcdef0123456789abcdef"}], run_id="{other}"),
            post(
                "runs/log-inputs", run_id="{other}", models=[{"model_id": "m-any"}, {"model_id": "m-thing"}]
            ),
            get("runs/get", run_id="{other}"),
            post("runs/search", experiment_ids=["{experiment}"], order_by=["run_name"]),
            Call(
                "POST",
                AJAX + "runs/log-inputs",
                {"run_id": "{other}", "datasets": [{"dataset": dataset("a", "j")}]},
            ),
        ],
    ),
    Scene(
        "inputs log: refused",
        [
            experiment(),
            run(),
            log({"dataset": dataset("n" * 501)}),
            log({"dataset": dataset(digest="d" * 37)}),
            log({"dataset": dataset(source="s" * 65536)}),
            log({"dataset": dataset(schema="s" * 1048576)}),
            log({"dataset": dataset(), "tags": [{"key": "k" * 256, "value": "v"}]}),
            log({"dataset": dataset(), "tags": [{"key": "k", "value": "v" * 501}]}),
            log({"dataset": dataset()}, {"dataset": dataset("n" * 501)}),
            log({"dataset": dataset()}, run_id=""),
            log({"dataset": dataset()}, run_id=None),
            log({"dataset": dataset()}, run_id=5),
            log({"dataset": dataset()}, run_id="no-such-run"),
            log({"dataset": dataset()}, run_id="bad?id"),
            post("runs/log-inputs"),
            post("runs/log-inputs", datasets=[{"dataset": dataset()}]),
            post("runs/log-inputs", run_id="{run}", datasets="x"),
            post("runs/log-inputs", run_id="{run}", datasets={"dataset": dataset()}),
            post("runs/log-inputs", run_id="{run}", models="x"),
            THE_RUN,
            rubbish("no dataset", {"tags": TRAIN}),
            rubbish("empty dataset", {"dataset": {}}),
            rubbish("no digest", {"dataset": {"name": "n", "source_type": "t", "source": "s"}}),
            rubbish("no name", {"dataset": {"digest": "n", "source_type": "t", "source": "s"}}),
            rubbish("no source", {"dataset": {"name": "ns", "digest": "n"}}),
            rubbish("dataset is text", {"dataset": "x"}),
            rubbish("input is text", "x"),
            rubbish("name is a number", {"dataset": dataset(5)}),
            rubbish("tag without value", {"dataset": dataset("t", "t"), "tags": [{"key": "k"}]}),
            rubbish("same tag twice", {"dataset": dataset("tt", "t"), "tags": [*TRAIN, *TRAIN]}),
            Call("POST", "runs/log-inputs", {"run_id": "{run}", "models": ["x"]}, name="model is text"),
            Call("POST", "runs/log-inputs", {"run_id": "{run}", "models": [{}]}, name="model without id"),
        ],
    ),
    Scene(
        "outputs log",
        [
            experiment(),
            run(),
            post("runs/outputs", run_id="{run}", models=[{"model_id": "m-one", "step": 3}]),
            THE_RUN,
            post(
                "runs/outputs",
                run_id="{run}",
                models=[{"model_id": "m-two", "step": 0}, {"model_id": "m-3", "step": "9"}],
            ),
            post("runs/outputs", run_id="{run}", models=[{"modelId": "m-camel", "step": -1}]),
            THE_RUN,
            post("runs/search", experiment_ids=["{experiment}"]),
            Call(
                "POST",
                AJAX + "runs/outputs",
                {"run_id": "{run}", "models": [{"model_id": "m-ajax", "step": 1}]},
            ),
            post("runs/outputs", run_id="{run}", models=[]),
            post("runs/outputs", run_id="{run}", models=None),
            post("runs/outputs", run_id="{run}"),
            post("runs/outputs", run_id="{run}", models="x"),
            post("runs/outputs", run_id="{run}", models={}),
            post("runs/outputs", run_id="", models=[{"model_id": "m", "step": 1}]),
            post("runs/outputs", run_id=5, models=[{"model_id": "m", "step": 1}]),
            post("runs/outputs", run_id="no-such-run", models=[{"model_id": "m", "step": 1}]),
            post("runs/outputs", models=[{"model_id": "m", "step": 1}]),
            post("runs/outputs"),
            Call("POST", "runs/outputs", {"run_id": "{run}", "models": ["x"]}, name="output is text"),
            Call(
                "POST", "runs/outputs", {"run_id": "{run}", "models": [{"step": 1}]}, name="output without id"
            ),
            Call(
                "POST",
                "runs/outputs",
                {"run_id": "{run}", "models": [{"model_id": "m-ns"}]},
                name="output without step",
            ),
            Call(
                "POST",
                "runs/outputs",
                {"run_id": "{run}", "models": [{"model_id": "m-ws", "step": "first"}]},
                name="output step is a word",
            ),
        ],
    ),
]
