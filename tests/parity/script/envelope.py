"""What every endpoint has in common: bodies, content types, spellings, unknown paths and methods."""

from tests.parity.scenes import AJAX, Call, Scene, experiment, get, run

TAG = "runs/set-tag"
TEXT = '{"run_id": "{run}", "key": "k", "value": "v"}'


def raw(text: str | bytes, kind: str = "application/json", name: str = "", path: str = TAG) -> Call:
    return Call("POST", path, raw=text, headers={"content-type": kind}, name=name)


SCENES = [
    Scene(
        "bodies",
        [
            experiment(),
            run(),
            raw(TEXT),
            raw(TEXT, "application/json; charset=utf-8"),
            raw(TEXT, "text/plain"),
            raw(TEXT, "application/x-www-form-urlencoded"),
            raw(TEXT, "application/jsonp"),
            Call("POST", TAG, query={"run_id": "{run}", "key": "k", "value": "v"}),
            Call("POST", TAG, {"key": "k", "value": "v"}, query={"run_id": "{run}"}),
            Call("POST", TAG),
            raw("{"),
            raw("not json"),
            raw('{"run_id": "{run}", "key": "k",}'),
            raw("null"),
            raw("[]", name="array"),
            raw("[1]", name="array with a number"),
            raw("5", name="number"),
            raw("true", name="true"),
            raw('"text"', name="text"),
            raw('"{\\"run_id\\": \\"{run}\\", \\"key\\": \\"double\\", \\"value\\": \\"encoded\\"}"'),
            raw(b'{"run_id": "\xff", "key": "k"}', name="not UTF-8"),
            raw('{"run_id": "no-such-run", "run_id": "{run}", "key": "last of two", "value": "v"}'),
            raw('{"run_id": "{run}", "key": "escaped", "value": "\\u00fc\\ud83d\\ude42"}'),
            get("runs/get", run_id="{run}"),
            raw('{"run_id": "{run}", "key": "half", "value": "\\ud83d"}', name="half a surrogate pair"),
            raw("[" * 2000, name="deep array"),
        ],
    ),
    Scene(
        "spellings",
        [
            experiment(),
            run(),
            Call("POST", TAG, {"run_id": "{run}", "runId": "{run}", "key": "k", "value": "v"}),
            Call("POST", TAG, {"run_id": "{run}", "runUuid": "{run}", "key": "k", "value": "v"}),
            Call("POST", TAG, {"run_uuid": "{run}", "runUuid": "{run}", "key": "k", "value": "v"}),
            Call("POST", TAG, {"RUN_ID": "{run}", "key": "k", "value": "v"}),
            Call("POST", TAG, {"run_id": "no-such-run", "run_uuid": "{run}", "key": "k", "value": "v"}),
            Call("POST", TAG, {"run_id": "", "run_uuid": "{run}", "key": "k", "value": "v"}),
            Call("POST", TAG, {"run_id": None, "run_uuid": "{run}", "key": "k", "value": "v"}),
            Call(
                "POST",
                "runs/log-inputs",
                {
                    "run_id": "{run}",
                    "datasets": [{"dataset": {"name": "n", "digest": "d", "sourceType": "t", "source": "s"}}],
                },
            ),
            Call(
                "POST",
                "runs/log-inputs",
                {
                    "run_id": "{run}",
                    "datasets": [
                        {
                            "dataset": {
                                "name": "n",
                                "digest": "d",
                                "sourceType": "t",
                                "source_type": "t",
                                "source": "s",
                            }
                        }
                    ],
                },
            ),
            get("runs/get", run_id="{run}"),
        ],
    ),
    Scene(
        "unknown paths and methods",
        [
            Call("GET", "nobody/home"),
            Call("POST", "nobody/home", {}),
            Call("GET", "/api/2.0/mlflow"),
            Call("GET", "/api/1.0/mlflow/experiments/get"),
            Call("GET", "/api/3.0/mlflow/experiments/get?experiment_id=0"),
            Call("GET", "/api/2.0/preview/mlflow/experiments/get?experiment_id=0"),
            Call("GET", "/mlflow/experiments/get?experiment_id=0"),
            Call("GET", "experiments/get/?experiment_id=0"),
            Call("GET", "EXPERIMENTS/GET?experiment_id=0"),
            Call("POST", "experiments/get", {"experiment_id": "0"}),
            Call("GET", "experiments/create?name=x"),
            Call("PUT", "experiments/create", {"name": "x"}),
            Call("DELETE", "runs/delete", {"run_id": "x"}),
            Call("PATCH", "runs/update", {"run_id": "x"}),
            Call("GET", "runs/search"),
            Call("POST", "artifacts/list", {"run_id": "x"}),
            Call("POST", "metrics/get-history-bulk-interval", {"run_ids": ["x"], "metric_key": "m"}),
            Call("POST", AJAX + "metrics/get-history-bulk", {"run_id": "x", "metric_key": "m"}),
            Call("POST", "/api/2.0/mlflow-artifacts/artifacts/x", {}),
            Call("DELETE", "/get-artifact"),
            Call("GET", "/no-such-page"),
        ],
    ),
]
