"""Verbs on metrics and their histories."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from genesis.api import limits
from genesis.entities.experiments import ACTIVE
from genesis.entities.logged_models import ModelMetric
from genesis.entities.runs import Metric, not_active, not_found
from genesis.errors import GenesisError, invalid
from genesis.scope import Scope
from genesis.store.points import Point
from genesis.wire import metrics as w
from genesis.wire.base import Reply

LARGEST = sys.float_info.max


def log(request: w.LogMetric, scope: Scope) -> Reply:
    """Of the run, and of the logged model that it measured, if one is named."""
    given = request.metric
    _check_datasets([given])
    limits.check_metric(request.key, request.timestamp, request.value)
    if not limits.RUN_ID.fullmatch(request.run):
        # No run has such an id, so nothing need be written to find out.
        raise not_found(request.run)
    measured = _of_models(request.run, [given])
    _check_models(request.run, measured, scope)
    scope.store.runs.log(request.run, [_logged(given)])
    _log_of_models(measured, scope)
    return {}


def _logged(given: w.Metric) -> Metric:
    return Metric(given["key"], finite(given["value"]), given["timestamp"], given.get("step") or 0)


def _check_datasets(metrics: Iterable[w.Metric]) -> None:
    if any(bool(m.get("dataset_name")) != bool(m.get("dataset_digest")) for m in metrics):
        raise invalid("Both dataset_name and dataset_digest must be provided if one is provided")


def _of_models(run_id: str, metrics: Iterable[w.Metric]) -> dict[str, list[ModelMetric]]:
    """By model, what is said of one."""
    measured: dict[str, list[ModelMetric]] = {}
    for m in metrics:
        if model_id := m.get("model_id"):
            key, value, timestamp, step = _logged(m)
            data = (m.get("dataset_name") or "", m.get("dataset_digest") or "")
            row = ModelMetric(key, value, timestamp, step, run_id, *data)
            measured.setdefault(model_id, []).append(row)
    return measured


def _check_models(run_id: str, measured: dict[str, list[ModelMetric]], scope: Scope) -> None:
    """Refuses what the models would, while nothing is logged yet; what is wrong with the run comes first."""
    try:
        for model_id, rows in measured.items():
            scope.store.logged_models.check_metrics(model_id, rows)
    except GenesisError as refusal:
        run = scope.store.runs.get(run_id)
        raise not_active(run_id, run.lifecycle_stage) if run.lifecycle_stage != ACTIVE else refusal from None


def _log_of_models(measured: dict[str, list[ModelMetric]], scope: Scope) -> None:
    for model_id, rows in measured.items():
        scope.store.logged_models.log_metrics(model_id, rows)


def finite(value: float) -> float:
    """Infinities are stored as the largest numbers, as MLflow's SQL store does; NaN stays."""
    if -LARGEST <= value <= LARGEST or value != value:
        return value
    return LARGEST if value > 0 else -LARGEST


def log_batch(request: w.LogBatch, scope: Scope) -> Reply:
    """All of it or nothing; the same metric may come twice, a parameter may not."""
    _check_datasets(request.metrics)
    limits.check_run_id(request.run_id)
    checked: set[str] = set()
    for i, metric in enumerate(request.metrics):
        # A batch repeats few names, and the rest of it is quickly seen to be right.
        if metric["key"] not in checked or metric["timestamp"] < 0:
            limits.check_metric(metric["key"], metric["timestamp"], metric["value"], f"metrics[{i}]")
            checked.add(metric["key"])
    params = [(p.key, limits.param(p.key, p.value, f"params[{i}]")) for i, p in enumerate(request.params)]
    tags = [(t.key, limits.run_tag(t.key, t.value, f"tags[{i}]")) for i, t in enumerate(request.tags)]
    limits.check_batch(request.metrics, params, tags)
    _check_unique([key for key, _ in params])
    metrics = [_logged(metric) for metric in request.metrics]
    measured = _of_models(request.run_id, request.metrics)
    _check_models(request.run_id, measured, scope)
    refused = scope.store.runs.log(request.run_id, metrics, dict(params), dict(tags))
    if refused is not None:
        held = refused["params"]
        differing = [
            {"key": key, "old_value": held[key], "new_value": value}
            for key, value in params
            if key in held and held[key] != value
        ]
        raise invalid(
            f"Changing param values is not allowed. Params were already logged='{differing}' "
            f"for run ID='{request.run_id}'."
        )
    _log_of_models(measured, scope)
    return {}


def _check_unique(keys: list[str]) -> None:
    repeated = [key for i, key in enumerate(keys) if key in keys[:i]]
    if repeated:
        raise invalid(
            f"Duplicate parameter keys have been submitted: {repeated}. Please ensure the request contains "
            "only one param value per param key."
        )


def get_history(request: w.GetMetricHistory, scope: Scope) -> w.MetricHistoryReply:
    """A metric nobody logged has an empty history; without a page size all of it is returned."""
    size = request.max_results
    if size is not None and size <= 0:
        raise invalid(
            f"Invalid value {size} for parameter 'max_results' supplied. It must be a positive integer."
        )
    points, token = scope.store.histories.page(request.run, request.metric_key, request.page_token, size)
    reply = w.MetricHistoryReply()
    if points:
        reply["metrics"] = w.history(request.metric_key, points)
    if token:
        reply["next_page_token"] = token
    return reply


def get_history_bulk(request: w.GetMetricHistoryBulk, scope: Scope) -> w.MetricsWithRunIdsReply:
    """Runs in the order of their ids, and never more points in all than asked for.

    A negative ``max_results`` is no limit at all, as in MLflow's SQL (``sqlalchemy_store.py``,
    get_metric_history_bulk, 3.17.2).
    """
    run_ids = request.run_id
    if not run_ids:
        raise invalid("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(run_ids) > w.MAX_RUNS:
        raise invalid(
            f"GetMetricHistoryBulk request cannot specify more than {w.MAX_RUNS} run_ids. "
            f"Received {len(run_ids)} run_ids."
        )
    if request.metric_key is None:
        raise invalid("GetMetricHistoryBulk request must specify a metric_key.")
    most = None if request.max_results < 0 else min(request.max_results, w.MAX_BULK)
    histories = scope.store.histories.of_runs(run_ids, request.metric_key, most)
    found: list[w.MetricWithRunIdReply] = []
    for run_id in sorted(histories):
        found += w.history_of_run(run_id, request.metric_key, histories[run_id])
    return {"metrics": found}


def get_history_bulk_interval(
    request: w.GetMetricHistoryBulkInterval, scope: Scope
) -> w.MetricsWithRunIdsReply:
    """Evenly spaced points of each run, by step, its first and last among them."""
    start, end = request.start_step, request.end_step
    if (start is None) != (end is None):
        raise invalid("If either start step or end step are specified, both must be specified.")
    if start is not None and end is not None and start > end:
        raise invalid(
            f"end_step must be greater than start_step. Found start_step={start} and end_step={end}."
        )
    histories = scope.store.histories.of_runs(request.run_ids, request.metric_key)
    found: list[w.MetricWithRunIdReply] = []
    for run_id in request.run_ids:
        points = sampled(histories[run_id].by_step(start, end), request.max_results)
        found += w.history_of_run(run_id, request.metric_key, points)
    return {"metrics": found} if found else {}


def sampled(points: Sequence[Point], most: int) -> list[Point]:
    """The first point of each of ``most`` equal parts, and the last point of all.

    The parts are those of SQL's NTILE, which MLflow uses: the earlier ones take what is left over.
    """
    size, left = divmod(len(points), most)
    starts = [i * size + min(i, left) for i in range(min(most, len(points)))]
    chosen = [points[i] for i in starts]
    if chosen and starts[-1] != len(points) - 1:
        if len(chosen) >= most:
            chosen.pop()
        chosen.append(points[-1])
    return chosen
