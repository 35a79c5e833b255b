"""Metrics: one at a time, which value is the latest, NaN and infinities, refusals."""

from tests.parity.scenes import AJAX, Call, Scene, experiment, get, post, run


def log(**fields: object) -> Call:
    return post("runs/log-metric", **{"run_id": "{run}", "key": "m", "value": 1.0, "timestamp": 10, **fields})


def raw(text: str) -> Call:
    return Call("POST", "runs/log-metric", raw=text)


def history(key: str = "m") -> Call:
    return get("metrics/get-history", run_id="{run}", metric_key=key)


THE_RUN = get("runs/get", run_id="{run}")

LATEST: dict[str, list[tuple[int, int, object]]] = {
    "higher step wins": [(1, 100, 5), (9, 50, 2), (3, 200, 3)],
    "then higher time": [(1, 100, 5), (1, 300, 2), (1, 200, 9)],
    "then higher value": [(1, 100, 5), (1, 100, 7), (1, 100, 6)],
    "negative step": [(-5, 100, 5), (-9, 500, 7)],
    "NaN is as zero": [(1, 100, "NaN"), (1, 100, -1), (1, 100, 1)],
    "NaN over less": [(1, 100, -1), (1, 100, "NaN")],
    "NaN under more": [(1, 100, 1), (1, 100, "NaN")],
    "zero after NaN": [(1, 100, "NaN"), (1, 100, 0)],
    "later NaN": [(1, 100, 5), (2, 100, "NaN")],
    "infinite": [(1, 100, 5), (1, 100, "Infinity"), (1, 100, 7)],
    "minus infinite": [(1, 100, "-Infinity"), (1, 100, -7)],
}
"""(step, timestamp, value) triples in the order they are logged; which one is the latest?"""

SCENES = [
    Scene(
        "metric log",
        [
            experiment(),
            run(),
            log(),
            THE_RUN,
            history(),
            log(step=3),
            log(step=3),
            log(step="4", value="2.5", timestamp="20"),
            log(step=-7, value=0.0),
            log(value=5, timestamp=0),
            log(value=1e-300),
            log(value=0.1 + 0.2),
            log(value=123456789012345678),
            log(value=2**53 + 1, timestamp=2**53 + 1, step=2**53 + 1),
            log(step=0, key="zero step", value=0),
            log(step=None, key="null step"),
            log(key="a/b c.d:e-f_g"),
            log(key="k" * 250),
            log(key="größe"),
            log(key="with.dots.and/slash"),
            Call(
                "POST", "runs/log-metric", {"run_uuid": "{run}", "key": "by uuid", "value": 1, "timestamp": 1}
            ),
            Call(
                "POST",
                AJAX + "runs/log-metric",
                {"run_uuid": "{run}", "run_id": "{run}", "key": "by both", "value": 1, "timestamp": 1},
            ),
            THE_RUN,
            history(),
            history("with.dots.and/slash"),
            history("größe"),
        ],
    ),
    Scene(
        "metric latest",
        [
            experiment(),
            run(),
            *(
                call
                for key, points in LATEST.items()
                for call in (
                    *(log(key=key, step=s, timestamp=t, value=v) for s, t, v in points),
                    history(key),
                )
            ),
            THE_RUN,
        ],
    ),
    Scene(
        "metric NaN beside zero",
        [
            experiment(),
            run(),
            log(key="m", value=0),
            log(key="m", value="NaN"),
            Call(
                "POST",
                "runs/search",
                {"experiment_ids": ["{experiment}"], "filter": "metrics.m = 0"},
                name="zero came first",
            ),
        ],
    ),
    Scene(
        "metric special values",
        [
            experiment(),
            run(),
            log(key="nan", value="NaN"),
            log(key="inf", value="Infinity"),
            log(key="-inf", value="-Infinity"),
            log(key="largest", value=1.7976931348623157e308),
            log(key="smallest", value=5e-324),
            log(key="text", value="1e3"),
            log(key="nan", value="NaN"),
            log(key="nan", value="NaN", step=1),
            THE_RUN,
            history("nan"),
            history("inf"),
            history("-inf"),
            history("largest"),
            log(key="spaced", value=" 5 "),
            history("spaced"),
            log(key="inf", value="inf", step=1),
            log(key="inf", value="-inf", step=2),
            log(key="inf", value="+Infinity", step=3),
            log(key="inf", value="INFINITY", step=4),
            history("inf"),
            log(key="true", value=True),
            history("true"),
            log(key="x", value="abc"),
            log(key="x", value=""),
            log(key="x", value=None),
            log(key="x", value=[1]),
            log(key="x", value={}),
            log(key="bare", value="nan"),
            raw('{"run_id": "{run}", "key": "bare", "value": NaN, "timestamp": 5, "step": 1}'),
            raw('{"run_id": "{run}", "key": "bare", "value": -Infinity, "timestamp": 5, "step": 2}'),
            raw('{"run_id": "{run}", "key": "bare", "value": 1e999, "timestamp": 5, "step": 3}'),
            Call(
                "GET",
                "metrics/get-history",
                query={"run_id": "{run}", "metric_key": "bare"},
                name="values that are not JSON",
            ),
        ],
    ),
    Scene(
        "metric log: refused",
        [
            experiment(),
            run(),
            post("runs/log-metric"),
            log(run_id=""),
            log(run_id=None),
            log(run_id=5),
            log(run_id="no-such-run"),
            log(run_id="bad?id"),
            log(key=""),
            log(key=None),
            log(key=5),
            log(key="bad?"),
            log(key="$set"),
            log(key="a\nb"),
            log(key="a//b"),
            log(key="/a"),
            log(key="a/"),
            log(key="."),
            log(key=".."),
            log(key="a/../b"),
            log(key="k" * 251),
            log(timestamp=None),
            log(timestamp=""),
            log(timestamp="soon"),
            log(timestamp=-1),
            log(timestamp=[1]),
            log(step="first"),
            log(step=""),
            log(step=[1]),
            log(model_id=5),
            log(dataset_name=5),
            post("runs/log-metric", run_id="{run}", value=1, timestamp=1),
            post("runs/log-metric", run_id="{run}", key="m", timestamp=1),
            post("runs/log-metric", run_id="{run}", key="m", value=1),
            post("runs/log-metric", runId="{run}", key="m", value=1, timestamp=1),
            Call(
                "POST",
                "runs/log-metric",
                {"run_id": "{run}", "key": "m", "value": 1, "timestamp": 1.5},
                name="fractional timestamp",
            ),
            Call(
                "POST",
                "runs/log-metric",
                {"run_id": "{run}", "key": "m", "value": 1, "timestamp": 1, "step": 1.5},
                name="fractional step",
            ),
            Call(
                "POST",
                "runs/log-metric",
                {"run_id": "{run}", "key": "m", "value": 1, "timestamp": 2**63},
                name="timestamp beyond 64 bits",
            ),
        ],
    ),
]
