"""What stock MLflow keeps in a folder, and what a running server shows, is moved; neither is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.migrate.conftest import Genesis, document, generate
from tests.servers import Server
from tests.servers.stock import stock_mlflow


@pytest.fixture(scope="session")
def mlruns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full folder of a stock MLflow."""
    folder = tmp_path_factory.mktemp("files") / "mlruns"
    # It makes its default experiment with the folder.
    generate(f"{folder.as_uri()}", folder.parent)
    return folder


@pytest.fixture(scope="session")
def stock_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A full stock server."""
    folder = tmp_path_factory.mktemp("server")
    with stock_mlflow(folder) as server:
        generate(server.url, folder)
        yield server


def state(folder: Path) -> dict[str, tuple[float, str]]:
    """Every file and folder, with its time of change and its content."""
    return {
        str(place): (
            place.stat().st_mtime,
            hashlib.sha256(place.read_bytes()).hexdigest() if place.is_file() else "",
        )
        for place in sorted(folder.rglob("*"))
    }


def test_a_folder_moves_with_all_that_is_in_it_and_is_not_changed(
    genesis: Genesis, mlruns: Path, sqlite_uri: str, tmp_path: Path
) -> None:
    before = state(mlruns.parent)
    move = ("migrate", str(mlruns), sqlite_uri, "--work", str(tmp_path / "work"), "--json")
    moved = document(genesis(*move))
    assert (moved["problems"], moved["not_as_it_was"]) == ([], [])
    verified = document(genesis(*move, "--verify"))
    assert verified["differences"] == []
    assert {
        kind: verified["compared"][kind] for kind in ("experiment", "run", "points", "files", "versions")
    } == {
        "experiment": 3,
        "run": 12,
        "points": 606,
        "files": 12,
        "versions": 10,
    }
    assert verified["compared"]["logged model"] == 6
    assert state(mlruns.parent) == before


def test_what_a_running_server_shows_moves_with_its_artifacts(
    genesis: Genesis, stock_server: Server, sqlite_uri: str, tmp_path: Path
) -> None:
    move = ("migrate", stock_server.url, sqlite_uri, "--work", str(tmp_path / "work"), "--json")
    moved = document(genesis(*move))
    assert moved["problems"] == []
    assert [loss["id"] for loss in moved["not_as_it_was"]] == ["deleted ones"]
    verified = document(genesis(*move, "--verify"))
    assert verified["differences"] == []
    assert verified["compared"]["points"] == 606
    assert verified["compared"]["files"] == 12
    assert verified["compared"]["logged model"] == 5


def test_a_database_whose_artifacts_only_its_server_knows_is_refused_until_it_is_said_where_they_are(
    genesis: Genesis, stock_server: Server, sqlite_uri: str, tmp_path: Path
) -> None:
    folder = stock_server.cwd or Path()
    move = ("migrate", f"sqlite:///{folder / 'mlflow.db'}", sqlite_uri, "--work", str(tmp_path / "work"))
    refused = genesis(*move, code=1)
    assert "--artifacts-from" in refused.stderr
    genesis(*move, "--artifacts-from", str(folder / "artifacts"))
    genesis(*move, "--artifacts-from", str(folder / "artifacts"), "--verify")
    assert len([file for file in (tmp_path / "store").rglob("file *")]) == 12
