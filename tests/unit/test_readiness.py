"""Whether the server is ready is asked by anybody at any rate: each component once at a time, in time."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from genesis import readiness
from genesis.app import App
from genesis.errors import Misconfigured, unavailable
from genesis.http import Request, Response
from genesis.readiness import READY, Readiness
from genesis.settings import Settings


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0)


def failing(error: Exception) -> Callable[[], None]:
    def check() -> None:
        raise error

    return check


def test_each_component_answers_for_itself() -> None:
    asked = Readiness({"a": lambda: None, "b": failing(unavailable("It is away.")), "c": lambda: None})
    assert asked.ask() == {"a": READY, "b": "It is away.", "c": READY}


@pytest.mark.parametrize(
    "error",
    [OSError("/secret/folder on secret.host"), Misconfigured("It is of no use.", "secret.host", 30)],
    ids=["a bug", "a setting"],
)
def test_names_of_hosts_and_folders_are_for_the_log_alone(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    (words,) = Readiness({"a": failing(error)}).ask().values()
    assert words != READY
    assert "secret" not in words
    assert "secret" in caplog.text


def test_only_what_changes_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    failures: list[Exception] = [unavailable("It is away.")] * 3

    def check() -> None:
        if failures:
            raise failures.pop()

    asked = Readiness({"a": check})
    assert [asked.ask()["a"] for _ in range(5)] == ["It is away."] * 3 + [READY] * 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.INFO]


class Hanging:
    """A check that ends when it is told to."""

    def __init__(self) -> None:
        self.times = 0
        self.end = threading.Event()

    def __call__(self) -> None:
        self.times += 1
        self.end.wait(30)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.end.set()


def test_one_that_hangs_is_told_and_asked_once(monkeypatch: pytest.MonkeyPatch, hanging: Hanging) -> None:
    monkeypatch.setattr(readiness, "LIMIT_SECONDS", 0.1)
    asked = Readiness({"a": hanging, "b": lambda: None})
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: asked.ask(), range(8)))
    assert answers == [{"a": "no answer within 0.1 seconds", "b": READY}] * 8
    assert hanging.times == 1
    hanging.end.set()
    monkeypatch.setattr(readiness, "LIMIT_SECONDS", 30)
    assert asked.ask() == {"a": READY, "b": READY}


def test_an_answer_is_shared_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 60)
    asked: list[int] = []
    ready = Readiness({"a": lambda: asked.append(1)})
    assert [ready.ask()["a"] for _ in range(5)] == [READY] * 5
    assert asked == [1]


def get(app: App, path: str) -> tuple[Response, Any]:
    path, _, query = path.partition("?")
    response = app.handle(Request("GET", path, query))
    content = response.whole()
    return response, json.loads(content) if content.startswith(b"{") else content.decode()


def test_a_server_that_is_ready_says_so(database_uri: str, tmp_path: Path) -> None:
    with closing(App(Settings(data=str(tmp_path), database_uri=database_uri))) as app:
        response, body = get(app, "/health/ready")
    assert (response.status, response.headers["Cache-Control"]) == (200, "no-store")
    assert body == {"status": "ready", "components": {"database": READY, "artifacts": READY}}


def test_a_database_that_is_away_is_told_without_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.store.mongo.client.SELECTION_MS", 100)
    monkeypatch.setattr("genesis.store.mongo.engine.START_SECONDS", 0.1)
    with closing(App(Settings(data=str(tmp_path), database_uri="mongodb://127.0.0.1:1/x"))) as app:
        response, body = get(app, "/health/ready")
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert body["status"] == "not ready"
    assert body["components"]["artifacts"] == READY
    assert "cannot be reached" in body["components"]["database"]
    assert "127.0.0.1" not in str(body)


def test_a_folder_of_artifacts_that_is_gone_is_told_without_its_name(tmp_path: Path, sqlite_uri: str) -> None:
    folder = tmp_path / "artifacts"
    settings = Settings(data=str(tmp_path), database_uri=sqlite_uri, artifacts_uri=folder.as_uri())
    with closing(App(settings)) as app:
        app.artifacts()
        folder.rename(tmp_path / "elsewhere")
        response, body = get(app, "/health/ready")
        assert response.status == 503
        assert body["components"]["database"] == READY
        assert "folder of the artifacts" in body["components"]["artifacts"]
        assert str(tmp_path) not in str(body)
        (tmp_path / "elsewhere").rename(folder)
        assert get(app, "/health/ready")[0].status == 200


def test_settings_of_no_use_are_told_without_what_they_say(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(
        data=str(tmp_path), database_uri="oracle://secret.host", artifacts_uri="ftp://secret.host"
    )
    with closing(App(settings)) as app:
        response, body = get(app, "/health/ready")
    assert response.status == 503
    assert "GENESIS_DATABASE_URI" in body["components"]["database"]
    assert "secret" not in str(body)
    assert "GENESIS_ARTIFACTS_URI has the scheme 'ftp'" in caplog.text


def test_that_the_process_lives_asks_nobody(tmp_path: Path, hanging: Hanging, monkeypatch: Any) -> None:
    def opened(*_: Any) -> Any:
        raise AssertionError("something was opened")

    monkeypatch.setattr("genesis.app.open_engine", opened)
    monkeypatch.setattr("genesis.app.open_artifacts", opened)
    with closing(App(Settings(data=str(tmp_path)))) as app:
        response, body = get(app, "/health/live")
    assert (response.status, body) == (200, "OK")


def test_a_database_that_hangs_keeps_nobody_from_the_artifacts(
    tmp_path: Path, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesis.app.open_engine", lambda *_: hanging())
    app = App(Settings(data=str(tmp_path)))
    opening = threading.Thread(target=app.engine)
    opening.start()
    response, body = get(app, "/api/3.0/mlflow/server-info")
    assert (response.status, body["store_type"], opening.is_alive()) == (200, "SqlStore", True)
    hanging.end.set()
    opening.join()


@pytest.mark.parametrize(
    ("database_uri", "told"),
    [
        ("", "begins with sqlite:, which is refused in Azure"),
        ("sqlite:////home/genesis.db", "begins with sqlite:, which is refused in Azure"),
        ("SQLite:////home/genesis.db", "begins with sqlite:, which is refused in Azure"),
        ("@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/s)", "was not resolved"),
    ],
)
def test_in_azure_a_database_that_would_be_lost_answers_nothing_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, database_uri: str, told: str
) -> None:
    settings = Settings(data=str(tmp_path), database_uri=database_uri, auth="open-to-anyone", in_azure=True)
    with closing(App(settings)) as app:
        for path in ("/health", "/health/ready", "/api/2.0/mlflow/experiments/get?experiment_id=0"):
            response, body = get(app, path)
            assert (response.status, response.headers["Retry-After"]) == (503, "30")
            assert "GENESIS_DATABASE_URI" in body["message"]
            assert told in body["message"]
        assert get(app, "/health/live")[0].status == 200
    assert [record.levelno for record in caplog.records if record.levelno > logging.INFO] == [
        logging.CRITICAL
    ]
    assert not (tmp_path / "genesis.db").exists()


@pytest.mark.parametrize("given", ["0", "-1", "many", "1001", "9" * 5000])
def test_a_number_of_connections_that_is_none_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, given: str
) -> None:
    settings = Settings(data=str(tmp_path), database_connections=given)
    with closing(App(settings)) as app:
        assert get(app, "/api/2.0/mlflow/experiments/get?experiment_id=0")[0].status == 503
    assert "GENESIS_DATABASE_CONNECTIONS is" in caplog.text
