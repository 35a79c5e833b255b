"""Artifacts go straight to Blob Storage, past any server."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from genesis.artifacts import open_artifacts
from genesis.migrate.files import StoreFiles
from tests.artifacts.conftest import DEVELOPMENT_STORAGE
from tests.migrate.conftest import Genesis, document
from tests.servers.azurite import azurite


def test_artifacts_move_to_a_container_and_compare_equal(
    genesis: Genesis, stock: str, stock_folder: Path, sqlite_uri: str, tmp_path: Path
) -> None:
    with azurite(tmp_path / "azurite") as blobs:
        place = f"{blobs.url}/devstoreaccount1/moved/some/folder"
        move = (
            "migrate",
            stock,
            sqlite_uri,
            "--work",
            str(tmp_path / "work"),
            "--artifacts",
            place,
            "--json",
        )
        settings = {"GENESIS_STORAGE_CONNECTION_STRING": DEVELOPMENT_STORAGE}
        assert document(genesis(*move, **settings))["moved_now"]["files"] == 12
        assert document(genesis(*move, "--verify", **settings))["differences"] == []
        with closing(open_artifacts(place, DEVELOPMENT_STORAGE)) as store:  # type: ignore[type-var]
            files = StoreFiles(store, "default")
            found = {
                file.path: b"".join(files.read("mlflow-artifacts:/", file.path))
                for file in files.walk("mlflow-artifacts:/")
            }
    local = stock_folder / "mlruns"
    assert found == {str(f.relative_to(local)): f.read_bytes() for f in local.rglob("*") if f.is_file()}
