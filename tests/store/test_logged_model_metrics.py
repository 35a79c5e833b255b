"""Metrics of logged models on each engine: added once, never lost, thinned out beyond a bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from genesis.entities.logged_models import ModelMetric
from genesis.errors import Code
from genesis.search.clauses import Clause, Path
from genesis.store.engine import Change, Engine, Outcome
from genesis.store.logged_models import MAX_ROWS, LoggedModels
from genesis.store.schema import Collection
from tests.store.logged import refused, row


def test_the_same_metric_again_changes_nothing(models: LoggedModels, model_id: str) -> None:
    rows = [row(), row(), row(step=1), row("acc"), row(run="other")]
    for _ in range(2):
        models.log_metrics(model_id, rows)
    models.log_metrics(model_id, [row(step=2), row()])
    assert models.get(model_id).metrics == [row(), row(step=1), row("acc"), row(run="other"), row(step=2)]


def test_no_value_is_kept_as_zero(models: LoggedModels, model_id: str) -> None:
    for _ in range(2):
        models.log_metrics(model_id, [row(value=math.nan)])
    assert models.get(model_id).metrics == [row(value=0.0)]


CONFLICTS = {
    "value": row(value=2.0),
    "data set": ModelMetric("m", 1.0, 5, 0, "r", "iris", "d1"),
}


@pytest.mark.parametrize("other", CONFLICTS.values(), ids=CONFLICTS.keys())
def test_a_run_s_metric_of_one_time_and_step_never_changes(
    models: LoggedModels, model_id: str, other: ModelMetric
) -> None:
    assert refused(lambda: models.log_metrics(model_id, [row(), other])) == Code.BAD_REQUEST
    models.log_metrics(model_id, [row()])
    assert refused(lambda: models.check_metrics(model_id, [other])) == Code.BAD_REQUEST
    assert refused(lambda: models.log_metrics(model_id, [row("new"), other])) == Code.BAD_REQUEST
    assert models.get(model_id).metrics == [row()]


def test_metrics_of_a_model_that_is_not_there_are_refused(models: LoggedModels) -> None:
    assert refused(lambda: models.check_metrics("none", [row()])) == Code.BAD_REQUEST
    assert refused(lambda: models.log_metrics("none", [row()])) == Code.BAD_REQUEST


def test_a_thousand_metrics_at_once_are_all_there(models: LoggedModels, model_id: str) -> None:
    rows = [row(step=i) for i in range(MAX_ROWS)]
    for _ in range(2):
        models.log_metrics(model_id, rows)
    assert models.get(model_id).metrics == rows


def test_of_more_metrics_only_the_latest_of_each_run_and_data_set_stay(
    models: LoggedModels, model_id: str
) -> None:
    measured = ModelMetric("m", 0.25, 9, 0, "r", "iris", "d1")
    models.log_metrics(model_id, [row(timestamp=7, value=7.0), measured, row("acc"), row(run="other")])
    models.log_metrics(model_id, [row(step=i) for i in range(MAX_ROWS - 4)])
    assert len(models.get(model_id).metrics) == MAX_ROWS
    models.log_metrics(model_id, [row(timestamp=7, step=1, value=8.0), row(timestamp=6, step=9)])
    kept = [row(timestamp=7, step=1, value=8.0), measured, row("acc"), row(run="other")]
    assert models.get(model_id).metrics == kept
    models.log_metrics(model_id, [row(timestamp=8)])
    assert models.get(model_id).metrics == [*kept, row(timestamp=8)]


def test_more_different_metrics_than_that_all_stay(models: LoggedModels, model_id: str) -> None:
    rows = [row(f"m{i}") for i in range(MAX_ROWS + 150)]
    models.log_metrics(model_id, rows)
    models.log_metrics(model_id, [row("one more")])
    assert models.get(model_id).metrics == [*rows, row("one more")]


def test_concurrent_writers_of_metrics_lose_none_and_add_none_twice(
    models: LoggedModels, model_id: str
) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda i: models.log_metrics(model_id, [row(step=i // 2), row("all")]), range(64)))
    steps = sorted(metric.step for metric in models.get(model_id).metrics if metric.key == "m")
    assert (steps, len(models.get(model_id).metrics)) == (list(range(32)), 33)


def test_writers_who_meet_at_the_limit_lose_no_latest_value(models: LoggedModels, model_id: str) -> None:
    models.log_metrics(model_id, [row(step=i) for i in range(MAX_ROWS - 2)])
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda i: models.log_metrics(model_id, [row(f"m{i}")]), range(12)))
    metrics = models.get(model_id).metrics
    assert {metric.key for metric in metrics} == {"m", *(f"m{i}" for i in range(12))}
    assert [metric.step for metric in metrics if metric.key == "m"] == [MAX_ROWS - 3]


class Overtaken:
    """An engine that lets somebody act just before it thins out a model's metrics for the first time."""

    def __init__(self, engine: Engine, act: Callable[[], object]) -> None:
        self._engine = engine
        self._acts = [act]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def update(
        self, collection: Collection, id: str, change: Change, guard: Sequence[Clause] = ()
    ) -> Outcome:
        if Path("metrics") in change.set and self._acts:
            self._acts.pop()()
        return self._engine.update(collection, id, change, guard)


def test_a_count_that_comes_back_is_not_taken_for_the_old_one(
    engine: Engine, models: LoggedModels, model_id: str
) -> None:
    def thin_and_fill() -> None:
        models.log_metrics(model_id, [row("theirs")])
        models.log_metrics(model_id, [row("filling", step=i) for i in range(MAX_ROWS - 2)])

    models.log_metrics(model_id, [row(step=i) for i in range(MAX_ROWS)])
    slow = LoggedModels(cast(Engine, Overtaken(engine, thin_and_fill)), "default")
    slow.log_metrics(model_id, [row("mine")])
    last = row("filling", step=MAX_ROWS - 3)
    assert models.get(model_id).metrics == [row(step=MAX_ROWS - 1), row("theirs"), last, row("mine")]
