"""Artifact locations are joined and checked as MLflow does."""

from __future__ import annotations

import pytest
from mlflow.utils.uri import append_to_uri_path

from genesis.api.locations import below, check
from genesis.errors import GenesisError

LOCATIONS = [
    "mlflow-artifacts:/1",
    "mlflow-artifacts:/",
    "s3://bucket/a/b",
    "s3://bucket",
    "wasbs://c@a.blob.core.windows.net/p?x=1",
    "gs://b/p/",
    "/local/path",
    "relative/path",
    "file:///a/b",
    "file:relative",
    "dbfs:/a",
]


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_run_s_artifacts_lie_where_mlflow_puts_them(location: str) -> None:
    assert below(location, "run", "artifacts") == append_to_uri_path(location, "run", "artifacts")


@pytest.mark.parametrize("location", LOCATIONS)
def test_these_may_be_named(location: str) -> None:
    check(location)


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("s3://b/p#x", "fragments or params"),
        ("ftp://h/p;x", "fragments or params"),
        ("s3://b/p?a=../x", "query string"),
        ("s3://b/p?a=%252e%252e/x", "query string"),
        ("runs:/x", "runs:/ URI"),
        ("http://elsewhere/a", "'http' scheme"),
        ("mlflow-artifacts://elsewhere/a", "'mlflow-artifacts' scheme"),
        ("abfss://f@h/p", "'abfss' scheme"),
        ("s3://" + "b" * 2044, "2048 characters"),
        ("http://[", "not a URI"),
    ],
)
def test_these_are_refused(location: str, why: str) -> None:
    with pytest.raises(GenesisError, match=why):
        check(location)


@pytest.mark.parametrize("location", ["abfss://f@h/p", "hdfs://h/p", "mlflow-artifacts://elsewhere/a"])
def test_who_holds_the_database_names_hosts(location: str) -> None:
    check(location, trusted=True)
