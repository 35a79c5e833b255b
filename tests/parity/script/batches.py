"""log-batch: what it writes, its limits, and that a refused batch writes nothing."""

from tests.parity.scenes import AJAX, Call, Scene, experiment, get, post, run


def batch(**fields: object) -> Call:
    return post("runs/log-batch", **{"run_id": "{run}", **fields})


def rubbish(name: str, **fields: object) -> Call:
    return Call("POST", "runs/log-batch", {"run_id": "{run}", **fields}, name=name)


def metric(key: str = "m", value: object = 1.0, timestamp: object = 1, step: object = 0) -> dict[str, object]:
    return {"key": key, "value": value, "timestamp": timestamp, "step": step}


def item(key: object = "k", value: object = "v") -> dict[str, object]:
    return {"key": key, "value": value}


THE_RUN = get("runs/get", run_id="{run}")

SCENES = [
    Scene(
        "batch log",
        [
            experiment(),
            run(),
            batch(
                metrics=[
                    metric(),
                    metric(step=2, value=3),
                    metric(step=1, value=2),
                    metric("n", "NaN"),
                    metric("m"),
                ],
                params=[item("p", "1"), item("q", "")],
                tags=[item("t", "1"), item("u", "")],
            ),
            THE_RUN,
            get("metrics/get-history", run_id="{run}", metric_key="m"),
            batch(
                metrics=[metric(), metric(step=5, value=9)],
                params=[item("p", "1"), item("r", "3")],
                tags=[item("t", "2")],
            ),
            batch(metrics=[{"key": "no step", "value": 1, "timestamp": 1}]),
            batch(params=[{"key": "no value"}], tags=[{"key": "no value"}]),
            batch(tags=[item("twice", "1"), item("twice", "2")]),
            batch(tags=[item("mlflow.runName", "renamed by a batch")]),
            batch(params=[item("long", "v" * 6001)], tags=[item("long", "v" * 8001)]),
            batch(
                metrics=[
                    metric("inf", "Infinity"),
                    metric("-inf", "-Infinity"),
                    metric("text", "1.5", "7", "8"),
                ]
            ),
            batch(metrics=[metric("nan twice", "NaN"), metric("nan twice", "NaN")]),
            batch(metrics=[], params=[], tags=[]),
            batch(),
            batch(metrics=[{**metric("extra"), "model_id": "", "unknown": 1}, metric("true", True)]),
            Call("POST", AJAX + "runs/log-batch", {"run_id": "{run}", "params": [item("ajax")]}),
            THE_RUN,
            get("metrics/get-history", run_id="{run}", metric_key="m"),
            get("metrics/get-history", run_id="{run}", metric_key="nan twice"),
        ],
    ),
    Scene(
        "batch limits",
        [
            experiment(),
            run(),
            batch(metrics=[metric("m", i / 7, 1000 + i, i) for i in range(1000)]),
            batch(metrics=[metric("m", i, 1000 + i, i) for i in range(1001)]),
            batch(params=[item(f"p{i}", str(i)) for i in range(100)]),
            batch(params=[item(f"q{i}", str(i)) for i in range(101)]),
            batch(tags=[item(f"t{i}", str(i)) for i in range(100)]),
            batch(tags=[item(f"u{i}", str(i)) for i in range(101)]),
            batch(
                metrics=[metric(f"m{i}", i) for i in range(800)],
                params=[item(f"r{i}", str(i)) for i in range(100)],
                tags=[item(f"v{i}", str(i)) for i in range(100)],
            ),
            batch(
                metrics=[metric(f"n{i}", i) for i in range(801)],
                params=[item(f"s{i}", str(i)) for i in range(100)],
                tags=[item(f"w{i}", str(i)) for i in range(100)],
            ),
            batch(metrics=[metric("x" * 251)] * 1001),
            THE_RUN,
            get("metrics/get-history", run_id="{run}", metric_key="m", max_results=3),
        ],
    ),
    Scene(
        "batch log: refused",
        [
            experiment(),
            run(),
            batch(params=[item("p", "1")]),
            batch(params=[item("p", "2")], metrics=[metric()], tags=[item()]),
            batch(params=[item("p", "2"), item("new", "3")]),
            batch(params=[item("p", "1"), item("p", "1")]),
            batch(params=[item("a"), item("b"), item("a"), item("b"), item("a")]),
            batch(metrics=[metric("good"), metric("bad?")], params=[item("good")], tags=[item("good")]),
            batch(metrics=[metric("good")], params=[item("bad?")], tags=[item("good")]),
            batch(metrics=[metric("good")], params=[item("good")], tags=[item("bad?")]),
            batch(metrics=[metric("good"), metric("a//b")]),
            batch(metrics=[metric("k" * 251)]),
            batch(params=[item("k" * 251)]),
            batch(tags=[item("good"), item("k" * 251)]),
            batch(metrics=[metric(), metric(timestamp=-1)]),
            batch(metrics=[metric(timestamp=-1)]),
            batch(metrics=[{"value": 1, "timestamp": 1}]),
            batch(metrics=[metric(""), metric()]),
            batch(metrics=[{"key": "m", "timestamp": 1}]),
            batch(metrics=[metric(), {"key": "m", "value": 1}]),
            batch(metrics=[metric(value=None)]),
            batch(metrics=[metric(value="")]),
            batch(metrics=[metric(timestamp=None)]),
            batch(params=[{"value": "v"}]),
            batch(params=[item(None)]),
            batch(params=[item(), item("")]),
            batch(tags=[{"value": "v"}]),
            batch(tags=[item(""), item()]),
            batch(metrics="m"),
            batch(metrics={"m": 1}),
            batch(params="p"),
            batch(params={"p": "1"}),
            batch(tags=5),
            batch(run_id=""),
            batch(run_id=None),
            batch(run_id=5),
            batch(run_id="no-such-run"),
            batch(run_id="no-such-run", metrics=[metric("bad?")]),
            batch(run_id="bad?id"),
            batch(run_id="r" * 257),
            batch(run_id="-starts-with-a-dash"),
            post("runs/log-batch"),
            post("runs/log-batch", metrics=[metric()]),
            post("runs/log-batch", run_uuid="{run}", tags=[item("uuid")]),
            post("runs/log-batch", runId="{run}", tags=[item("camel")]),
            THE_RUN,
        ],
    ),
    Scene(
        "batch log: wrong types inside",
        [
            experiment(),
            run(),
            rubbish("metric value is a word", metrics=[metric("r", "s")]),
            rubbish("metric value is a list", metrics=[metric("r", [1])]),
            rubbish("metric timestamp is a word", metrics=[metric("r", 1, "soon")]),
            rubbish("metric timestamp is fractional", metrics=[metric("r", 1, 1.5)]),
            rubbish("metric step is a word", metrics=[metric("r", 1, 1, "first")]),
            rubbish("metric key is a number", metrics=[{"key": 5, "value": 1, "timestamp": 1}]),
            rubbish("metric is text", metrics=["m"]),
            rubbish("metric is null", metrics=[None]),
            rubbish("param is text", params=["p"]),
            rubbish("param value is a number", params=[item("number", 5)]),
            rubbish("param key is a number", params=[item(5)]),
            rubbish("tag value is a number", tags=[item("number", 5)]),
            rubbish("tag is null", tags=[None]),
        ],
    ),
]
