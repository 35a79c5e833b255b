"""Parameters and run tags, one at a time, and the models a run has logged."""

import json

from tests.parity.scenes import AJAX, Call, Scene, experiment, get, post, run


def param(key: object = "p", value: object = "1", **fields: object) -> Call:
    return post("runs/log-parameter", **{"run_id": "{run}", "key": key, "value": value, **fields})


def tag(key: object = "t", value: object = "1", **fields: object) -> Call:
    return post("runs/set-tag", **{"run_id": "{run}", "key": key, "value": value, **fields})


def untag(**fields: object) -> Call:
    return post("runs/delete-tag", **{"run_id": "{run}", **fields})


def model(text: object, **fields: object) -> Call:
    return post("runs/log-model", **{"run_id": "{run}", "model_json": text, **fields})


THE_RUN = get("runs/get", run_id="{run}")

MODEL = {
    "run_id": "0123456789abcdef0123456789abcdef",
    "artifact_path": "model",
    "utc_time_created": "2026-01-02 03:04:05.000006",
    "flavors": {"python_function": {"loader_module": "m", "env": "conda.yaml"}, "sklearn": {"code": None}},
}

BAD_KEYS = ("", None, 5, ["k"], "bad?", "$set", "tab\there", "a//b", "/a", "a/", ".", "..", "../a", "k" * 251)

SCENES = [
    Scene(
        "param log",
        [
            experiment(),
            run(),
            param(),
            param(),
            param(value="2"),
            param("empty", ""),
            param("empty", ""),
            param("empty", "x"),
            post("runs/log-parameter", run_id="{run}", key="missing"),
            post("runs/log-parameter", run_id="{run}", key="missing", value=""),
            param("null", None),
            param("6000", "v" * 6000),
            param("6001", "v" * 6001),
            param("6001", "v" * 6000),
            param("6001", "v" * 7000),
            param("unicode ключ", "значение 🙂 'q' \"d\""),
            param("a/b c.d:e-f_g", "x"),
            param("k" * 250, "x"),
            param("lines", "a\nb\tc\u0000d"),
            param("number as text", "0.1"),
            Call("POST", "runs/log-parameter", {"run_uuid": "{run}", "key": "by uuid", "value": "1"}),
            Call(
                "POST",
                AJAX + "runs/log-parameter",
                {"run_uuid": "{run}", "run_id": "{run}", "key": "both", "value": "1"},
            ),
            THE_RUN,
        ],
    ),
    Scene(
        "param log: refused",
        [
            experiment(),
            run(),
            *(param(key) for key in BAD_KEYS),
            param(value=5),
            param(value=True),
            param(value=["v"]),
            param(value={}),
            param(run_id=""),
            param(run_id=None),
            param(run_id=5),
            param(run_id="no-such-run"),
            post("runs/log-parameter"),
            post("runs/log-parameter", run_id="{run}"),
            post("runs/log-parameter", key="p", value="1"),
            post("runs/log-parameter", runId="{run}", key="p", value="1"),
            THE_RUN,
        ],
    ),
    Scene(
        "tag set and delete",
        [
            experiment(),
            run(),
            tag(),
            tag(value="2"),
            tag("empty", ""),
            post("runs/set-tag", run_id="{run}", key="missing"),
            tag("null", None),
            tag("8000", "v" * 8000),
            tag("8001", "v" * 8001),
            tag("unicode ключ", "значение 🙂"),
            tag("a/b c.d:e-f_g", "x"),
            tag("k" * 250, "x"),
            tag("mlflow.note.content", "# A note\n\nwith lines"),
            Call("POST", "runs/set-tag", {"run_uuid": "{run}", "key": "by uuid", "value": "1"}),
            Call(
                "POST",
                AJAX + "runs/set-tag",
                {"run_uuid": "{run}", "run_id": "{run}", "key": "both", "value": "1"},
            ),
            tag("mlflow.runName", "renamed"),
            THE_RUN,
            tag("mlflow.runName", ""),
            THE_RUN,
            untag(key="t"),
            untag(key="t"),
            untag(key="a/b c.d:e-f_g"),
            untag(key="k" * 250),
            untag(key="bad?"),
            untag(key="k" * 251),
            THE_RUN,
        ],
    ),
    Scene(
        "tag set and delete: refused",
        [
            experiment(),
            run(),
            *(tag(key) for key in BAD_KEYS),
            tag(value=5),
            tag(value=["v"]),
            tag(run_id=""),
            tag(run_id=5),
            tag(run_id="no-such-run"),
            post("runs/set-tag"),
            post("runs/set-tag", key="t", value="1"),
            untag(),
            untag(key=""),
            untag(key=None),
            untag(key=5),
            untag(key="t", run_id=""),
            untag(key="t", run_id="no-such-run"),
            untag(key="t", run_id=5),
            post("runs/delete-tag"),
            post("runs/delete-tag", key="t"),
            THE_RUN,
        ],
    ),
    Scene(
        "model log",
        [
            experiment(),
            run(),
            model(json.dumps(MODEL)),
            model(
                json.dumps(
                    {**MODEL, "artifact_path": "second", "model_uuid": "4a", "mlflow_version": "3.17.2"}
                )
            ),
            model(json.dumps({**MODEL, "model_size_bytes": 5, "metadata": {"a": 1}, "unknown": "field"})),
            THE_RUN,
            model("not json"),
            model("[]"),
            model("{}"),
            model("5"),
            model(json.dumps({key: value for key, value in MODEL.items() if key != "flavors"})),
            model(""),
            model(None),
            model({"run_id": "x"}),
            model(json.dumps(MODEL), run_id=""),
            model(json.dumps(MODEL), run_id="no-such-run"),
            model(json.dumps(MODEL), run_id=5),
            post("runs/log-model", run_id="{run}", modelJson=json.dumps(MODEL)),
            THE_RUN,
            *[model(json.dumps({**MODEL, "flavors": {"f": {"code": "x" * 1500}}}))] * 7,
            THE_RUN,
        ],
    ),
]
