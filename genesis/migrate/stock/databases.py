"""Connections to the database of a stock MLflow: to read it as it is, or to make one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

import sqlalchemy
from alembic.migration import MigrationContext
from mlflow.store.db import utils
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import Connection, Engine

from genesis.errors import unavailable
from genesis.migrate.locations import shown

PREFIX = "sqlite:///"
UPGRADE = """{shown} has the schema of another MLflow (revision {found}; this one, {version}, has {head}).
It is not changed here. Make a copy, and move that:

    {copy}
    mlflow db upgrade {again}"""
HALF_MADE = """{shown} has the schema of another MLflow (revision {found}; this one, {version}, has {head}),
or a call that was killed had not made all of it. Nothing is written there: choose an empty database."""


def sqlite_file(uri: str) -> Path | None:
    """The file of a ``sqlite:///`` URI; None for other databases."""
    return Path(unquote(uri.removeprefix(PREFIX).partition("?")[0])) if uri.startswith(PREFIX) else None


def _read_only(file: Path) -> Engine:
    return sqlalchemy.create_engine(f"{PREFIX}file:{quote(str(file.absolute()))}?mode=ro&uri=true")


def reading(uri: str) -> Connection:
    """One view of a database that is only read; raises ValueError where the schema is not this MLflow's."""
    file = sqlite_file(uri)
    if file is not None:
        if not file.is_file():
            raise ValueError(f"There is no file {file}.")
        engine = _read_only(file)
    else:
        engine = _of_a_server(uri)
    try:
        check_schema(engine, uri)
        return engine.connect()
    except BaseException:
        engine.dispose()
        raise


def writing(uri: str, artifact_root: str) -> Connection:
    """A database to write to, made where there is none; what it reads is what is there at that moment.

    ``artifact_root`` is where experiments that are made there later put their artifacts.
    """
    file = sqlite_file(uri)
    if file is not None and not file.exists():
        _make(file, artifact_root)
    try:
        engine: Engine = utils.create_sqlalchemy_engine_with_retry(uri)
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise ValueError(f"{shown(uri)} cannot be opened: {_reason(error)}") from error
    try:
        if utils._is_empty_database(engine):
            SqlAlchemyStore(uri, artifact_root)
        check_schema(engine, uri, HALF_MADE)
        # So that each statement sees what is there by then.
        level = "AUTOCOMMIT" if engine.dialect.name == "sqlite" else "READ COMMITTED"
        return engine.connect().execution_options(isolation_level=level)
    except BaseException:
        engine.dispose()
        raise


def _make(file: Path, artifact_root: str) -> None:
    """A new database: there whole or not at all, for MLflow cannot go on with one that is half made."""
    partial = file.with_name(f".{file.name}.partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    for leftover in (partial, partial.with_name(f"{partial.name}-journal")):
        leftover.unlink(missing_ok=True)
    store = SqlAlchemyStore(f"{PREFIX}{partial}", artifact_root)
    store._dispose_engine()
    partial.replace(file)


def _of_a_server(uri: str) -> Engine:
    # As the store itself connects: pool, TLS and drivers are set by MLflow's own variables.
    engine: Engine = utils.create_sqlalchemy_engine(uri)
    options = {"isolation_level": "REPEATABLE READ"}
    if engine.dialect.name == "postgresql":
        return engine.execution_options(**options, postgresql_readonly=True)
    return engine.execution_options(**options) if engine.dialect.name == "mysql" else engine


def check_schema(engine: Engine, uri: str, advice: str = UPGRADE) -> None:
    """Raises ValueError, with what to do about it, where the schema is not this MLflow's."""
    from mlflow.version import VERSION

    head = utils._get_latest_schema_revision()
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise ValueError(f"{shown(uri)} cannot be read: {_reason(error)}") from error
    if found == head:
        return
    file = sqlite_file(uri)
    copy, again = (
        (f"cp {file} {file}.copy", f"{uri}.copy")
        if file is not None
        else ("(pg_dump or mysqldump into a new database)", "<the copy's URI>")
    )
    raise ValueError(
        advice.format(
            shown=shown(uri), found=found or "none", version=VERSION, head=head, copy=copy, again=again
        )
    )


@contextmanager
def told(shown: str) -> Iterator[None]:
    """The database's failures in our words."""
    try:
        yield
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise unavailable(f"{shown}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What the driver says, in one line."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
