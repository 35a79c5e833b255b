"""Metric histories: one key of one run, in bulk, and sampled over an interval."""

from tests.parity.scenes import AJAX, Call, Scene, experiment, get, post, run

BULK = AJAX + "metrics/get-history-bulk"
INTERVAL = "metrics/get-history-bulk-interval"


def points(name: str, key: str, values: list[tuple[object, int, int]]) -> Call:
    """Logs (value, timestamp, step) triples."""
    return post(
        "runs/log-batch",
        run_id=f"{{{name}}}",
        metrics=[{"key": key, "value": v, "timestamp": t, "step": s} for v, t, s in values],
    )


def history(**query: object) -> Call:
    return get("metrics/get-history", **{"run_id": "{run}", "metric_key": "m", **query})


def named(name: str, **query: object) -> Call:
    return Call(
        "GET", "metrics/get-history", query={"run_id": "{run}", "metric_key": "m", **query}, name=name
    )


def page(**query: object) -> Call:
    query = {"run_id": "{run}", "metric_key": "m", "max_results": 2, **query}
    return Call("GET", "metrics/get-history", query=query, saves={"token": "next_page_token"})


def interval(**query: object) -> Call:
    return get(INTERVAL, **{"run_ids": ["{run}"], "metric_key": "m", **query})


MIXED = [(3, 30, 1), (1, 10, 9), (2, 20, 5), ("NaN", 20, 5), (-1, 20, 5), (5, 20, -4), ("Infinity", 40, 2)]

SCENES = [
    Scene(
        "history",
        [
            experiment(),
            run(),
            points("run", "m", MIXED),
            points("run", "a.b c/d", [(1, 1, 1)]),
            points("run", "same", [(1, 5, 0), (1, 5, 0), (2, 5, 0)]),
            points("run", "same", [(1, 5, 0), (3, 5, 0)]),
            history(),
            history(metric_key="a.b c/d"),
            history(metric_key="same"),
            history(metric_key="nobody"),
            get("metrics/get-history", run_uuid="{run}", metric_key="m"),
            get(AJAX + "metrics/get-history", run_id="{run}", metric_key="m"),
            page(),
            page(page_token="{token}"),
            page(page_token="{token}"),
            history(max_results=2, page_token="{token}"),
            history(max_results=7),
            page(max_results=6),
            history(max_results=6, page_token="{token}"),
            page(max_results=3),
            history(page_token="{token}"),
            history(max_results=25000),
            history(max_results=25001),
            history(max_results=0),
            history(max_results=-1),
            named("max_results is a word", max_results="many"),
            named("max_results is empty", max_results=""),
            history(page_token=""),
            history(page_token="abc"),
            named("token without JSON", page_token="bm8ganNvbg=="),
            named("token without offset", page_token="e30="),
            history(run_id=""),
            history(metric_key=""),
            history(run_id="no-such-run"),
            get("metrics/get-history"),
            get("metrics/get-history", run_id="{run}"),
            get("metrics/get-history", metric_key="m"),
            get("metrics/get-history", run_id="{run}", metricKey="m"),
            post("metrics/get-history", run_id="{run}", metric_key="m"),
        ],
    ),
    Scene(
        "history in bulk",
        [
            experiment(),
            run(),
            run("other"),
            points("run", "m", MIXED),
            points("other", "m", [(7, 5, 1), (8, 6, 2)]),
            get(BULK, run_id="{run}", metric_key="m"),
            get(BULK, run_id="{other}", metric_key="m"),
            Call("GET", BULK, query={"run_id": ["{run}", "{other}"], "metric_key": "m"}, any_order=True),
            get(BULK, run_id="{other}", metric_key="m", max_results=1),
            get(BULK, run_id="{run}", metric_key="m", max_results=3),
            get(BULK, run_id="{run}", metric_key="nobody"),
            get(BULK, run_id="{run}", metric_key="m", max_results=30000),
            get(BULK, run_id="no-such-run", metric_key="m"),
            get(BULK),
            get(BULK, metric_key="m"),
            get(BULK, run_id="{run}"),
            get(BULK, run_id=[f"r{i}" for i in range(100)], metric_key="m"),
            get(BULK, run_id=[f"r{i}" for i in range(101)], metric_key="m"),
            get(BULK, run_id="{run}", metric_key="m", max_results="many"),
            get("metrics/get-history-bulk", run_id="{run}", metric_key="m"),
        ],
    ),
    Scene(
        "history over an interval",
        [
            experiment(),
            run(),
            run("other"),
            run("long"),
            run("flat"),
            points("run", "m", MIXED),
            points("other", "m", [(7, 5, 1), (8, 6, 2)]),
            points("long", "m", [(i * 0.5, 1000 + i, i) for i in range(101)]),
            points("flat", "m", [(i, 1000 + i, 0) for i in range(23)]),
            interval(),
            interval(run_ids=["{run}", "{other}"]),
            interval(run_ids=["{other}", "{run}"]),
            interval(run_ids=["{other}", "{other}"]),
            interval(metric_key="nobody"),
            interval(run_ids=["no-such-run"]),
            interval(start_step=1, end_step=5),
            interval(start_step=-4, end_step=-4),
            interval(start_step=0, end_step=0),
            interval(start_step=100, end_step=200),
            *(interval(run_ids=["{long}"], max_results=n) for n in (1, 2, 3, 7, 10, 50, 100, 101, 102, 2500)),
            *(interval(run_ids=["{flat}"], max_results=n) for n in (1, 2, 5, 22, 23)),
            interval(run_ids=["{long}"], start_step=10, end_step=20),
            interval(run_ids=["{long}"], start_step=10, end_step=90, max_results=8),
            interval(max_results=3),
            interval(max_results=1),
            get(AJAX + INTERVAL, run_ids=["{run}", "{other}"], metric_key="m"),
            interval(max_results=0),
            interval(max_results=-1),
            interval(max_results=2501),
            interval(max_results="many"),
            interval(start_step=1),
            interval(end_step=1),
            interval(start_step=5, end_step=1),
            interval(start_step="first", end_step=1),
            interval(start_step="", end_step=""),
            interval(metric_key=""),
            interval(run_ids=[f"r{i}" for i in range(101)]),
            get(INTERVAL),
            get(INTERVAL, metric_key="m"),
            get(INTERVAL, run_ids="{run}"),
            get(INTERVAL, run_id="{run}", metric_key="m"),
            Call("GET", INTERVAL, {"run_ids": ["{run}"], "metric_key": "m"}),
        ],
    ),
]
