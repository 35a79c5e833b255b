"""Names and values are checked as MLflow's own validation checks them, word for word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils import validation

from genesis.api import limits
from genesis.errors import GenesisError

KEYS = [
    "a",
    "a.b",
    "a/b",
    "a b",
    "a:b",
    "é",
    "",
    ".",
    "..",
    "/a",
    "a/",
    "a//b",
    "../a",
    "a?",
    "a\nb",
    "a%",
    "k" * 250,
    "k" * 251,
]


def outcome(check: Callable[[], Any]) -> str:
    """What a check says: the refusal's message, or that all is well."""
    try:
        check()
    except (GenesisError, MlflowException) as error:
        return error.message
    return "well"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("path", ["", "metrics[3]"])
def test_metric_names(key: str, path: str) -> None:
    ours = outcome(lambda: limits.check_metric(key, 1, 1.0, path))
    assert ours == outcome(lambda: validation._validate_metric(key, 1.0, 1, 0, path=path))


def test_metric_times() -> None:
    ours = outcome(lambda: limits.check_metric("m", -1, 1.0, "metrics[0]"))
    assert ours == outcome(lambda: validation._validate_metric("m", 1.0, -1, 0, path="metrics[0]"))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("path", ["", "params[3]"])
def test_param_names(key: str, path: str) -> None:
    ours = outcome(lambda: limits.param(key, "v", path))
    assert ours == outcome(lambda: validation._validate_param(key, "v", path=path))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("path", ["", "tags[3]"])
def test_tag_names(key: str, path: str) -> None:
    ours = outcome(lambda: limits.run_tag(key, "v", path))
    assert ours == outcome(lambda: validation._validate_tag(key, "v", path=path))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("length", [1, 20_000, 20_001])
def test_experiment_tags(key: str, length: int) -> None:
    ours = outcome(lambda: limits.check_experiment_tag(key, "v" * length))
    assert ours == outcome(lambda: validation._validate_experiment_tag(key, "v" * length))


@pytest.mark.parametrize("length", [1, 6000, 6001, 8000, 8001])
def test_long_values_are_cut_where_mlflow_cuts_them(length: int) -> None:
    assert limits.param("k", "v" * length) == validation._validate_param("k", "v" * length).value
    assert limits.run_tag("k", "v" * length) == validation._validate_tag("k", "v" * length).value


@pytest.mark.parametrize("length", [1, 500, 501])
def test_experiment_names(length: int) -> None:
    ours = outcome(lambda: limits.check_experiment_name("n" * length))
    assert ours == outcome(lambda: validation._validate_experiment_name("n" * length))


@pytest.mark.parametrize("run_id", ["a", "0" * 32, "a" * 256, "a" * 257, "-a", "a b", "", "../a", "a\n"])
def test_run_ids(run_id: str) -> None:
    assert outcome(lambda: limits.check_run_id(run_id)) == outcome(
        lambda: validation._validate_run_id(run_id)
    )


@pytest.mark.parametrize(
    "counts", [(1000, 0, 0), (1001, 0, 0), (0, 101, 0), (0, 0, 101), (900, 60, 60), (800, 100, 100)]
)
def test_batches(counts: tuple[int, int, int]) -> None:
    metrics = [Metric("m", 1, 1, 1)] * counts[0]
    params, tags = [Param("p", "v")] * counts[1], [RunTag("t", "v")] * counts[2]
    ours = outcome(lambda: limits.check_batch(metrics, params, tags))
    assert ours == outcome(lambda: validation._validate_batch_log_limits(metrics, params, tags))
