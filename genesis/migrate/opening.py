"""Which kind of place a URI names, and what reads or writes there; MLflow is imported where it is needed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import quote, unquote, urlsplit

from genesis.app import App
from genesis.artifacts.paths import safe_folder
from genesis.migrate.ends import Source, Target
from genesis.migrate.genesis import GenesisEnd
from genesis.migrate.locations import shown
from genesis.settings import Settings

End = TypeVar("End")

STOCK, OURS, SERVER, FOLDER = "stock database", "Genesis-Flow database", "server", "folder"
SQL = ("postgresql", "mysql", "mssql")
NO_MLFLOW = "This needs MLflow itself: pip install mlflow"
NO_DRIVER = (
    "The database's driver is missing: {error}. Install it, or name one that you have in the URI: "
    "postgresql+psycopg2://…, mysql+pymysql://…"
)
MLFLOWS = ("mlflow", "sqlalchemy", "alembic")


@dataclass(frozen=True)
class Wanted:
    """What a command was told."""

    source: str
    target: str
    work: Path
    workspace: str
    settings: Settings
    artifacts_from: str = ""
    """What the source's proxied locations stand for."""
    artifact_root: str = ""
    """Of an export: where artifacts go."""
    moves_files: bool = True
    suffix: str = ""


def kind_of(uri: str, writes: bool = False) -> str:
    """Raises ValueError for a URI of no kind.

    With ``writes`` a SQLite file may be repaired that a process was killed over.
    """
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if uri.startswith("genesis+sqlite:") or scheme == "mongodb":
        return OURS
    if scheme == "sqlite":
        return _kind_of_file(sqlite_file(uri), "rw" if writes else "ro")
    if scheme in SQL:
        return STOCK
    if scheme in ("http", "https", "azureml"):
        return SERVER
    if scheme in ("file", "") or (len(scheme) == 1 and Path(uri).exists()):
        return FOLDER
    raise ValueError(
        f"{shown(uri)} is of no kind that is known here: a folder, sqlite:///…, postgresql://…, mysql://…, "
        "mongodb://…, genesis+sqlite:///… or http(s)://…"
    )


def sqlite_file(uri: str) -> Path:
    """The file of a SQLite URI; raises ValueError where it names none."""
    file = unquote(urlsplit(uri).path)[1:]
    if not file:
        raise ValueError(f"{uri} names no file: sqlite:///folder/file.db, or sqlite:////absolute/file.db.")
    return Path(file)


def _kind_of_file(file: Path, mode: str) -> str:
    """ "" for a file that is not there, or empty."""
    if not file.is_file() or not file.stat().st_size:
        return ""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode={mode}", uri=True)) as opened:
            names = {name for (name,) in opened.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise ValueError(f"{file} cannot be read: {error}.{_advice(file)}") from error
    return STOCK if "alembic_version" in names else OURS if "counters" in names else ""


def _advice(file: Path) -> str:
    """What to do about a file that cannot be read as it is."""
    if file.with_name(f"{file.name}-journal").exists():
        return " A process died while it wrote; stock MLflow, started on it once, repairs it."
    return ""


def open_source(wanted: Wanted) -> Source:
    """Raises ValueError where it cannot be read, with what to do about it."""
    kind = kind_of(wanted.source)
    if not kind:
        raise ValueError(f"There is no database in {shown(wanted.source)}.")
    if kind == OURS:
        return cast(Source, _ours(wanted, wanted.source))
    return _with_mlflow(lambda: _stock_source(kind, wanted))


def _stock_source(kind: str, wanted: Wanted) -> Source:
    from genesis.migrate.stock.artifacts import SourceFiles

    server = wanted.source.rstrip("/") if kind == SERVER else None
    files = SourceFiles(wanted.work / "scratch", wanted.artifacts_from, server, wanted.moves_files)
    if kind == STOCK:
        from genesis.migrate.stock.databases import reading
        from genesis.migrate.stock.sql_source import SqlSource

        return SqlSource(wanted.source, reading(wanted.source), wanted.workspace, files)
    if kind == FOLDER:
        from genesis.migrate.stock.file_source import FileSource

        return FileSource(wanted.source, wanted.workspace, files)
    from genesis.migrate.stock.server_source import ServerSource

    return ServerSource(wanted.source, wanted.workspace, files)


def open_target(wanted: Wanted, token: str) -> Target:
    """Where ``migrate`` writes; ``token`` is the journal's."""
    kind = kind_of(wanted.target, writes=True)
    if kind == SERVER:
        return _with_mlflow(lambda: _server_target(wanted, token))
    if kind in (STOCK, FOLDER):
        raise ValueError(
            f"{shown(wanted.target)} is stock MLflow's: `genesis export` writes to that. Targets are "
            "mongodb://…, genesis+sqlite:///… and the URL of a Genesis-Flow."
        )
    return _ours(wanted, wanted.target, token)


def _server_target(wanted: Wanted, token: str) -> Target:
    from genesis.migrate.stock.artifacts import SourceFiles
    from genesis.migrate.stock.server_target import ServerTarget

    scratch = wanted.work / "scratch"
    server = wanted.target.rstrip("/")
    return ServerTarget(server, wanted.workspace, SourceFiles(scratch, server=server), scratch, token)


def open_export(wanted: Wanted, token: str) -> Target:
    """Where ``export`` writes."""
    kind = kind_of(wanted.target, writes=True)
    if kind not in (STOCK, "") or not _is_sql(wanted.target):
        raise ValueError(
            f"{shown(wanted.target)} is no database of a stock MLflow: sqlite:///…, postgresql://…, mysql://…"
        )
    root = wanted.artifact_root
    if not root:
        if not wanted.target.startswith("sqlite:"):
            raise ValueError("Say where artifacts go with --artifact-root: a folder, or wasbs://…, s3://…")
        root = str(sqlite_file(wanted.target).absolute().parent / "mlartifacts")
    return _with_mlflow(lambda: _stock_target(wanted, root))


def _stock_target(wanted: Wanted, root: str) -> Target:
    from genesis.migrate.stock.artifacts import SourceFiles
    from genesis.migrate.stock.databases import writing
    from genesis.migrate.stock.sql_target import SqlTarget

    files = SourceFiles(wanted.work / "scratch", root, move=wanted.moves_files)
    return SqlTarget(
        *(wanted.target, writing(wanted.target, root), wanted.workspace, files), f"{root.rstrip('/')}/"
    )


def _is_sql(uri: str) -> bool:
    return urlsplit(uri).scheme.partition("+")[0] in (*SQL, "sqlite")


def _ours(wanted: Wanted, uri: str, token: str = "") -> GenesisEnd:
    settings, database = wanted.settings, uri.removeprefix("genesis+")
    if database.startswith("sqlite:") and not settings.artifacts_uri:
        # As `genesis serve` keeps them: beside each other in one folder.
        settings = replace(settings, data=str(sqlite_file(database).parent))
    app = App(replace(settings, database_uri=database))
    try:
        safe_folder(wanted.workspace)
        return GenesisEnd(app, wanted.workspace, shown(uri), token)
    except BaseException:
        app.close()
        raise


def _with_mlflow(opens: Callable[[], End]) -> End:
    try:
        return opens()
    except ModuleNotFoundError as error:
        is_mlflow = (error.name or "").partition(".")[0] in MLFLOWS
        raise ValueError(NO_MLFLOW if is_mlflow else NO_DRIVER.format(error=error)) from error
