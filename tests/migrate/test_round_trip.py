"""From a stock SQLite file into each of our engines, and back: nobody is locked in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.migrate.conftest import Genesis, document
from tests.migrate.rows import rows


@pytest.fixture
def there_and_back(genesis: Genesis, stock: str, database_uri: str, tmp_path: Path) -> Path:
    """The folder of a stock MLflow to which everything came through Genesis-Flow."""
    back = tmp_path / "back"
    genesis("migrate", stock, database_uri, "--work", str(tmp_path / "work"))
    genesis("export", database_uri, f"sqlite:///{back / 'mlflow.db'}", "--work", str(tmp_path / "out"))
    return back


def test_every_row_and_every_file_comes_back(there_and_back: Path, stock_folder: Path) -> None:
    here = rows(stock_folder / "mlflow.db", str(stock_folder / "mlruns"))
    back = rows(there_and_back / "mlflow.db", str(there_and_back / "mlartifacts"))
    assert back == here
    assert len(here["metrics"]) == 606
    files = contents(stock_folder / "mlruns")
    assert contents(there_and_back / "mlartifacts") == files
    assert len(files) == 12


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_both_directions_compare_equal_and_a_value_that_changed_is_told(
    genesis: Genesis, stock: str, database_uri: str, tmp_path: Path
) -> None:
    move = ("migrate", stock, database_uri, "--work", str(tmp_path / "work"), "--json")
    moved = document(genesis(*move))
    assert (moved["problems"], moved["not_as_it_was"]) == ([], [])
    again = document(genesis(*move))
    assert again["moved_now"] == {} and again["moved_in_all"] == moved["moved_in_all"]
    verified = document(genesis(*move, "--verify"))
    assert verified["differences"] == []
    assert verified["compared"] == {
        "experiment": 3,
        "run": 12,
        "points": 606,
        "logged model": 6,
        "registered model": 5,
        "versions": 10,
        "files": 12,
        "bytes": verified["compared"]["bytes"],
    }
    changed = next(file for file in (tmp_path / "store").rglob("file 1 *") if file.is_file())
    changed.write_bytes(b"changed")
    differing = document(genesis(*move, "--verify", code=1))
    assert [one["what"] for one in differing["differences"]] == [f"deep/er/{changed.name}"]


def test_a_database_that_was_half_made_is_made_anew(
    genesis: Genesis, stock: str, sqlite_uri: str, tmp_path: Path
) -> None:
    genesis("migrate", stock, sqlite_uri, "--work", str(tmp_path / "work"))
    back = tmp_path / "back"
    back.mkdir()
    (back / ".mlflow.db.partial").write_bytes(b"what a killed call left")
    export = ("export", sqlite_uri, f"sqlite:///{back / 'mlflow.db'}", "--work", str(tmp_path / "out"))
    genesis(*export)
    genesis(*export, "--verify")


def test_a_database_over_which_an_export_was_killed_is_gone_on_with(
    genesis: Genesis, stock: str, sqlite_uri: str, tmp_path: Path
) -> None:
    genesis("migrate", stock, sqlite_uri, "--work", str(tmp_path / "work"))
    file = tmp_path / "back" / "mlflow.db"
    export = ("export", sqlite_uri, f"sqlite:///{file}", "--work", str(tmp_path / "out"))
    genesis(*export)
    before = rows(file, "/nowhere")
    kill_while_writing(file)
    assert file.with_name("mlflow.db-journal").exists()
    refused = genesis("migrate", f"sqlite:///{file}", sqlite_uri, "--work", str(tmp_path / "there"), code=1)
    assert "A process died while it wrote" in refused.stderr
    genesis(*export)
    assert rows(file, "/nowhere") == before


def kill_while_writing(file: Path) -> None:
    """Leave a transaction half written, as a process does that is killed in it."""
    program = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 1")
database.execute("PRAGMA cache_spill = 1")
database.execute("BEGIN IMMEDIATE")
database.execute("UPDATE metrics SET step = step + 1000")
database.execute("UPDATE tags SET value = value || 'x'")
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program, str(file)], check=False)
