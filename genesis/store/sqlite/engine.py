"""The Engine protocol on SQLite: a JSON row a document, and an index table for map entries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path as File
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from genesis.search.clauses import Clause, Path, Where
from genesis.store.change import apply, holds
from genesis.store.each import Each
from genesis.store.engine import (
    CONNECTIONS,
    Change,
    Document,
    Missing,
    Outcome,
    Query,
    Refused,
    Updated,
    not_begun,
    value_at,
)
from genesis.store.points import Bucket, Points
from genesis.store.schema import VERSION, Collection
from genesis.store.sqlite import narrowing
from genesis.store.sqlite.connection import Database
from genesis.store.sqlite.narrowing import narrowed
from genesis.store.sqlite.query import entry_scope, select
from genesis.store.sqlite.tables import schema
from genesis.store.sqlite.walking import walked


def open_engine(uri: str, connections: int = CONNECTIONS) -> SqliteEngine:
    """The engine on ``sqlite:///relative/file`` or ``sqlite:////absolute/file``, made if it is not there.

    ``connections`` is no limit here: each thread has its own.
    """
    engine = SqliteEngine(Database(_file(uri)))
    try:
        engine.init()
    except BaseException:
        engine.close()
        raise
    return engine


def schema_version(uri: str) -> int:
    """What is written in the file, 0 where there is none; makes none."""
    file = _file(uri)
    if not file.exists():
        return 0
    engine = SqliteEngine(Database(file))
    try:
        return engine.version()
    finally:
        engine.close()


def _file(uri: str) -> File:
    file = unquote(urlsplit(uri).path)[1:]
    if not file or file == ":memory:":
        raise ValueError(f"GENESIS_DATABASE_URI must name a file: sqlite:///folder/genesis.db, not {uri!r}.")
    return File(file)


class SqliteEngine:
    """Satisfies ``Engine``; every change is one immediate transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check(self) -> None:
        if self.version() < VERSION:
            raise not_begun()

    def version(self) -> int:
        """The schema's, 0 where there is nothing of ours."""
        with self._database.reading() as connection:
            found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found

    def init(self) -> None:
        found = self.version()
        if found > VERSION:
            raise ValueError(
                f"A newer Genesis-Flow wrote this database (schema {found}; this one knows {VERSION})."
            )
        with self._database.writing() as connection:
            for statement in schema():
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")

    def insert(self, collection: Collection, document: Document) -> bool:
        with self._database.writing() as connection:
            return self._insert(connection, collection, document)

    def _insert(self, connection: sqlite3.Connection, collection: Collection, document: Document) -> bool:
        names = ["id", "body", *collection.fields]
        marks = ", ".join("?" * len(names))
        row = (document["id"], orjson.dumps(document).decode(), *_columns(collection, document))
        added = connection.execute(
            f"INSERT INTO {collection.name} ({', '.join(names)}) VALUES ({marks})"
            " ON CONFLICT (id) DO NOTHING",
            row,
        )
        if added.rowcount == 0:
            return False
        _index(connection, set(), _entries(collection, document))
        return True

    def get(self, collection: Collection, id: str) -> Document | None:
        with self._database.reading() as connection:
            return self._get(connection, collection, id)

    def _get(self, connection: sqlite3.Connection, collection: Collection, id: str) -> Document | None:
        row = connection.execute(f"SELECT body FROM {collection.name} WHERE id = ?", (id,)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def find(self, collection: Collection, query: Query) -> Sequence[Document]:
        with self._database.snapshot() as connection:
            page = narrowed(connection, collection, query, narrowing.FEW)
            if page is None:
                page = walked(connection, collection, query)
            if page is None:
                page = narrowed(connection, collection, query, narrowing.MORE)
            if page is not None:
                return page
            rows = connection.execute(*select(collection, query))
            return Each([body for (body,) in rows], orjson.loads)

    def update(
        self,
        collection: Collection,
        id: str,
        change: Change,
        guard: Sequence[Clause] = (),
        points: Mapping[str, Points] | None = None,
    ) -> Outcome:
        with self._database.writing() as connection:
            document = self._get(connection, collection, id)
            if document is None:
                return Missing()
            if not holds(document, guard):
                return Refused(document)
            if points:
                connection.executemany(INSERT_POINTS, [_point_row(id, m, p) for m, p in points.items()])
            if change:
                self._store(connection, collection, document, change)
            return Updated()

    def _store(
        self, connection: sqlite3.Connection, collection: Collection, document: Document, change: Change
    ) -> None:
        paths = (*change.set, *change.unset, *change.greatest, *change.count)
        touched = {path for path in paths if path.key is not None}
        if any(path.field == collection.scope for path in change.set):
            raise ValueError(f"the {collection.scope} of {collection.name} never changes")
        before = _entries(collection, document, touched)
        # SQLite writes every index anew whose fields are named, whether or not they change.
        changed = [
            path.field
            for path in dict.fromkeys(paths)
            if path.key is None and path.field in collection.fields
        ]
        apply(document, change)
        sets = ", ".join(f"{name} = ?" for name in ("body", *changed))
        connection.execute(
            f"UPDATE {collection.name} SET {sets} WHERE id = ?",
            (orjson.dumps(document).decode(), *map(document.get, changed), document["id"]),
        )
        _index(connection, before, _entries(collection, document, touched))

    def update_one(self, collection: Collection, where: Where, change: Change) -> Document | None:
        statement = select(collection, Query(where, limit=1))
        with self._database.writing() as connection:
            row = connection.execute(statement.text, statement.values).fetchone()
            if row is None:
                return None
            document: Document = orjson.loads(row[0])
            self._store(connection, collection, document, change)
            return document

    def update_all(self, collection: Collection, where: Where, change: Change) -> None:
        statement = select(collection, Query(where))
        with self._database.writing() as connection:
            for (body,) in connection.execute(statement.text, statement.values).fetchall():
                self._store(connection, collection, orjson.loads(body), change)

    def delete(self, collection: Collection, id: str, guard: Sequence[Clause] = ()) -> bool:
        with self._database.writing() as connection:
            document = self._get(connection, collection, id)
            if document is None or not holds(document, guard):
                return False
            self._delete(connection, collection, document)
            return True

    def _delete(self, connection: sqlite3.Connection, collection: Collection, document: Document) -> None:
        _index(connection, _entries(collection, document), set())
        connection.execute(f"DELETE FROM {collection.name} WHERE id = ?", (document["id"],))

    def delete_all(self, collection: Collection, where: Where) -> None:
        statement = select(collection, Query(where))
        with self._database.writing() as connection:
            for (body,) in connection.execute(statement.text, statement.values).fetchall():
                self._delete(connection, collection, orjson.loads(body))

    def count_up(self, counter: str) -> int:
        with self._database.writing() as connection:
            row = connection.execute(
                "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
                " RETURNING value",
                (counter,),
            ).fetchone()
            number: int = row[0]
            return number

    def points(self, runs: Sequence[str], metric: str, since: int | None = None) -> Iterator[Bucket]:
        marks = ", ".join("?" * len(runs))
        late = "" if since is None else " AND last >= ?"
        statement = (
            'SELECT run, first, digest, steps, timestamps, "values" FROM points'
            f" WHERE run IN ({marks}) AND metric = ?{late} ORDER BY run, first, digest"
        )
        values = (*runs, metric) if since is None else (*runs, metric, since)
        with self._database.reading() as connection:
            for run, first, digest, *columns in connection.execute(statement, values):
                yield Bucket(digest, run, first, Points(*columns))

    def delete_points(self, run: str) -> None:
        with self._database.writing() as connection:
            connection.execute("DELETE FROM points WHERE run = ?", (run,))

    def merge(self, run: str, metric: str, buckets: Iterable[Bucket], merged: Points) -> None:
        with self._database.writing() as connection:
            connection.executemany(
                "DELETE FROM points WHERE run = ? AND metric = ? AND first = ? AND digest = ?",
                [(run, metric, bucket.first, bucket.id) for bucket in buckets],
            )
            connection.execute(INSERT_POINTS, _point_row(run, metric, merged))

    def together(self) -> AbstractContextManager[None]:
        return self._database.together()

    def close(self) -> None:
        self._database.close()


INSERT_POINTS = "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"


def _columns(collection: Collection, document: Document) -> list[Any]:
    return [document.get(name) for name in collection.fields]


Entry = tuple[str, str, str, Any, str]


def _entries(collection: Collection, document: Document, only: Iterable[Path] | None = None) -> set[Entry]:
    """The rows that the index of map entries holds for a document, or for some places in it."""
    if not collection.maps:
        return set()
    if only is None:
        only = [Path(m.name, key) for m in collection.maps for key in document.get(m.name, ())]
    else:
        only = [path for path in only if collection.map(path.field) is not None]
    scope = entry_scope(collection, document[collection.scope])
    rows: set[Entry] = set()
    for path in only:
        value = value_at(collection, document, path)
        if value is not None and path.key is not None:
            rows.add((scope, path.field, path.key, "NaN" if value != value else value, document["id"]))
    return rows


def _index(connection: sqlite3.Connection, before: set[Entry], now: set[Entry]) -> None:
    if before - now:
        connection.executemany(
            "DELETE FROM entries WHERE scope = ? AND field = ? AND key = ? AND value = ? AND id = ?",
            before - now,
        )
    if now - before:
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", now - before)


def _point_row(run: str, metric: str, points: Points) -> tuple[Any, ...]:
    first, last = points.span
    return (run, metric, first, points.digest(), last, *points)
