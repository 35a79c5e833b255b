"""What becomes of artifact locations."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from genesis.migrate.locations import Locations, local_path, normal, proxied_path, shown


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/a/b", "/a/b"),
        ("file:///a/b%20c", "/a/b c"),
        ("file://localhost/a", "/a"),
        ("file://elsewhere/a", None),
        ("s3://bucket/a", None),
        ("mlflow-artifacts:/1", None),
        ("", None),
        ("mlruns/1", f"{os.getcwd()}/mlruns/1"),
    ],
)
def test_a_place_on_this_machine_has_a_path(uri: str, path: str | None) -> None:
    assert local_path(uri) == (None if path is None else Path(path))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("mlflow-artifacts:/1/r", "1/r"),
        ("mlflow-artifacts://host:5000/1/r/", "1/r"),
        ("https://host/api/2.0/mlflow-artifacts/artifacts/1/r", "1/r"),
        ("https://host/api/2.0/mlflow-artifacts/artifactsfoo", None),
        ("https://host/elsewhere", None),
        ("/1/r", None),
    ],
)
def test_what_a_server_serves_has_a_path_there(uri: str, path: str | None) -> None:
    assert proxied_path(uri) == path


def test_spellings_of_one_place_are_one() -> None:
    assert normal("/a/b/") == normal("file:///a/b")
    assert normal("mlflow-artifacts://host/1") == normal("mlflow-artifacts:/1/")


def test_the_longest_place_that_contains_a_location_counts() -> None:
    locations = Locations()
    locations.add("/data", "new:/0")
    locations.add("/data/2", "new:/2")
    locations.add("/data", "new:/ignored")
    assert locations.moved("file:///data/1/r/artifacts") == "new:/0/1/r/artifacts"
    assert locations.moved("/data/2/r") == "new:/2/r"
    assert locations.moved("/data/2") == "new:/2"
    assert locations.moved("/data22/r") is None
    assert locations.moved("s3://data/2") is None


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("postgresql://ada:secret@host:5/db?sslpassword=secret", "postgresql://…@host:5/db"),
        ("mongodb://host/db?authMechanism=x", "mongodb://host/db"),
        ("https://a.blob.core.windows.net/c?sig=secret", "https://a.blob.core.windows.net/c"),
        ("/a/b?sig=secret", "/a/b"),
    ],
)
def test_secrets_in_a_uri_are_not_shown(uri: str, told: str) -> None:
    assert shown(uri) == told
