"""Which kind of place a URI names."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from genesis.migrate.opening import FOLDER, OURS, SERVER, STOCK, Wanted, kind_of, open_export, open_target
from genesis.settings import Settings


def database(file: Path, table: str) -> str:
    with closing(sqlite3.connect(file)) as opened:
        opened.execute(f"CREATE TABLE {table} (a)")
    return f"sqlite:///{file}"


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("mongodb://host/db", OURS),
        ("mongodb+srv://host/db", OURS),
        ("genesis+sqlite:////x.db", OURS),
        ("sqlite:////nowhere/x.db", ""),
        ("postgresql://host/db", STOCK),
        ("mysql+pymysql://host/db", STOCK),
        ("https://host", SERVER),
        ("http://127.0.0.1:5000", SERVER),
        ("file:///mlruns", FOLDER),
        ("mlruns", FOLDER),
    ],
)
def test_a_uri_names_a_kind_of_place(uri: str, kind: str) -> None:
    assert kind_of(uri) == kind


def test_a_sqlite_file_is_whose_tables_are_in_it(tmp_path: Path) -> None:
    assert kind_of(database(tmp_path / "a.db", "alembic_version")) == STOCK
    assert kind_of(database(tmp_path / "b.db", "counters")) == OURS
    assert kind_of(database(tmp_path / "c.db", "others")) == ""
    (tmp_path / "d.db").write_text("no database, but text that is long enough")
    with pytest.raises(ValueError, match=r"d\.db cannot be read"):
        kind_of(f"sqlite:///{tmp_path / 'd.db'}")


@pytest.mark.parametrize("uri", ["redis://ada:secret@host", "sqlite://"])
def test_what_is_of_no_kind_is_refused_without_its_secrets(uri: str) -> None:
    with pytest.raises(ValueError) as refused:
        kind_of(uri)
    assert "secret" not in str(refused.value)


def wanted(target: str) -> Wanted:
    return Wanted("mlruns", target, Path("work"), "default", Settings())


def test_stock_mlflow_is_no_target_of_a_move_and_ours_none_of_an_export(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="genesis export"):
        open_target(wanted(database(tmp_path / "a.db", "alembic_version")), "")
    with pytest.raises(ValueError, match="no database of a stock MLflow"):
        open_export(wanted(database(tmp_path / "b.db", "counters")), "")
    with pytest.raises(ValueError, match="--artifact-root"):
        open_export(wanted("postgresql://host/db"), "")
