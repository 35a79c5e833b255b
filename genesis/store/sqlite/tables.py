"""Tables, indexes and the figures by which SQLite chooses among them."""

from __future__ import annotations

from collections.abc import Iterator

from genesis.store.schema import COLLECTIONS, Collection
from genesis.store.sqlite.query import INDEXED

SHARED = """
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    scope TEXT NOT NULL, field TEXT NOT NULL, key TEXT NOT NULL, value NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (scope, field, key, value, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS points (
    run TEXT NOT NULL, metric TEXT NOT NULL, first INTEGER NOT NULL, digest TEXT NOT NULL,
    last INTEGER NOT NULL, steps BLOB NOT NULL, timestamps BLOB NOT NULL, "values" BLOB NOT NULL,
    PRIMARY KEY (run, metric, first, digest)
) WITHOUT ROWID;
"""

# Without figures SQLite takes the entries of one key for a handful and walks them once for every
# document. Fixed ones, as https://sqlite.org/optoverview.html#manual_control_of_query_plans_using_
# sqlite_stat_tables advises, keep plans the same however the data grows: rows in all, and how many
# share the first field, the first two and so on.
ENTRIES = "1000000 100000 30000 1000 2 1"
NEWEST = "1000000 50000 40000 1"
WORKSPACE = "1000000 500000 1"
OWN = "1000000 60000 50000 1000 1"
"""Worse than those of the default order, which is to be used where a search fixes scope and stage alone."""


def schema() -> Iterator[str]:
    """What makes all of it, whatever is there already."""
    yield from filter(str.strip, SHARED.split(";"))
    for collection in COLLECTIONS:
        columns = "".join(f", {name}" for name in collection.fields)
        yield (
            f"CREATE TABLE IF NOT EXISTS {collection.name} (id TEXT PRIMARY KEY, body TEXT NOT NULL{columns})"
        )
        for fields in (*collection.indexes, *_own(collection)):
            on = f"{collection.name} ({', '.join(fields)})"
            yield f"CREATE INDEX IF NOT EXISTS {_index(collection, fields)} ON {on}"
    # It makes the table of figures.
    yield "ANALYZE counters"
    yield from _figure("entries", "entries", ENTRIES)
    for collection in COLLECTIONS:
        if _own(collection):
            yield from _figures(collection)
    yield "ANALYZE sqlite_schema"


def _own(collection: Collection) -> list[tuple[str, ...]]:
    fields = INDEXED.get(collection.name, ())
    return [(collection.scope, collection.stage, field, collection.newest) for field in fields]


def _index(collection: Collection, fields: tuple[str, ...]) -> str:
    return "_".join((collection.name, *fields))


def _figures(collection: Collection) -> Iterator[str]:
    for fields in collection.indexes:
        figures = NEWEST if fields[0] == collection.scope else WORKSPACE
        yield from _figure(collection.name, _index(collection, fields), figures)
    for fields in _own(collection):
        yield from _figure(collection.name, _index(collection, fields), OWN)


def _figure(table: str, index: str, figures: str) -> tuple[str, str]:
    return (
        f"DELETE FROM sqlite_stat1 WHERE tbl = '{table}' AND idx = '{index}'",
        f"INSERT INTO sqlite_stat1 VALUES ('{table}', '{index}', '{figures}')",
    )
