"""From a stock SQLite file into each of our engines."""

from __future__ import annotations

from pathlib import Path

from tests.migrate.conftest import Genesis, document


def test_everything_of_a_stock_sqlite_file_is_in_genesis_flow(
    genesis: Genesis, stock: str, database_uri: str, tmp_path: Path
) -> None:
    work = ("--work", str(tmp_path / "work"), "--json")
    moved = document(genesis("migrate", stock, database_uri, *work))
    assert moved["problems"] == []
    verified = document(genesis("migrate", stock, database_uri, "--verify", *work))
    assert verified["differences"] == []
    assert verified["compared"]["run"] == 12
