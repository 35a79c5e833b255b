"""How the stores hold a database: opened late, shared, and told of when it is away."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from genesis.plugin import environment, registry_store, tracking_store
from genesis.plugin.stores import databases


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"genesis+sqlite:///{tmp_path / 'genesis.db'}"


def opened(uri: str) -> list[Any]:
    """The databases of a store URI that this process holds."""
    held = databases._open
    return [database for (of, _), database in held.items() if of == databases.absolute(uri)]


def test_a_store_opens_nothing_until_it_is_asked(uri: str, tmp_path: Path) -> None:
    tracking_store(uri)
    registry_store(uri)
    assert list(tmp_path.iterdir()) == opened(uri) == []


def test_the_two_stores_of_a_uri_share_a_database(uri: str) -> None:
    tracking_store(uri).search_experiments()
    registry_store(uri).search_registered_models()
    assert len(opened(uri)) == 1


def test_a_relative_file_is_one_file_wherever_the_program_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = tracking_store("genesis+sqlite:///in a folder/gen%20esis.db", "root")
    monkeypatch.chdir(tmp_path.parent)
    experiment = store.get_experiment(store.create_experiment("e", None, []))
    assert (tmp_path / "in a folder" / "gen esis.db").is_file()
    assert experiment.artifact_location == str(tmp_path / "root" / "1")


@pytest.mark.parametrize(
    ("settings", "root"),
    [
        ({}, "./mlruns"),
        ({"MLFLOW_DEFAULT_ARTIFACT_ROOT": "wasbs://c@a.blob.core.windows.net/p"}, None),
        ({"MLFLOW_DEFAULT_ARTIFACT_ROOT": "x", "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/"}, None),
    ],
)
def test_artifacts_go_where_mlflow_is_told_that_they_go(
    settings: dict[str, str], root: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MLFLOW_DEFAULT_ARTIFACT_ROOT", "_MLFLOW_SERVER_ARTIFACT_ROOT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert environment.artifact_root() == (root or list(settings.values())[-1])


def test_experiments_lie_below_the_root(uri: str) -> None:
    store = tracking_store(uri, "wasbs://c@a.blob.core.windows.net/p/")
    experiment = store.get_experiment(store.create_experiment("e", "", []))
    assert experiment.artifact_location == "wasbs://c@a.blob.core.windows.net/p/1"
    assert store.artifact_root_uri == "wasbs://c@a.blob.core.windows.net/p/"


@pytest.mark.parametrize("uri", ["genesis+sqlite://", "genesis+sqlite:///"])
def test_a_uri_without_a_file_is_refused(uri: str) -> None:
    with pytest.raises(MlflowException, match="must name a file: genesis\\+sqlite:///folder") as refusal:
        tracking_store(uri)
    assert refusal.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_root_to_which_nothing_can_be_appended_is_refused(uri: str) -> None:
    with pytest.raises(MlflowException, match="neither query nor fragment"):
        tracking_store(uri, "s3://bucket/p?x=1")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("mongodb://ann:secret@127.0.0.1:1/x", "The database cannot be reached just now"),
        ("mongodb://ann:secret@db.example.com/x?tls=false", "The store's URI .* switches TLS off"),
        ("mongodb://ann:secret@/x", "The store's URI is not a valid MongoDB URI"),
    ],
)
def test_a_database_that_is_away_or_misnamed_is_told_and_no_secret_is(
    uri: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for client in (tracking_store(uri).search_experiments, registry_store(uri).search_registered_models):
        with pytest.raises(MlflowException, match=words) as refusal:
            client()
        assert refusal.value.error_code == "TEMPORARILY_UNAVAILABLE"
        assert refusal.value.get_http_status_code() == 503
        assert "secret" not in f"{refusal.value!r}{refusal.value.__cause__!r}{caplog.text}"


def test_a_failure_of_ours_is_mlflow_s_internal_error(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> Any:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("genesis.embedded.match", broken)
    with pytest.raises(MlflowException, match="ZeroDivisionError: by nothing") as refusal:
        tracking_store(uri).search_experiments()
    assert refusal.value.error_code == "INTERNAL_ERROR"


def test_no_address_is_printed_at_the_end_of_a_run(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    client = MlflowClient(uri)
    client.set_terminated(client.create_run("0").info.run_id)
    assert "View run" not in capsys.readouterr().out
