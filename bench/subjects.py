"""The servers that are compared, each in a process of its own with a database of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import START_SECONDS, Server, free_port
from tests.servers.secantus import mongodb_address, secantusdb
from tests.servers.serve import genesis_serve

REPOSITORY = Path(__file__).parents[1]
KEPT = REPOSITORY / ".cache" / "bench"
FASTTRACKML = "fasttrackml==0.6.0"
PSYCOPG = "psycopg[binary]==3.3.*"

GENESIS, MONGO = "genesis", "genesis-mongo"
STOCK, POSTGRES, GO = "stock-sqlite", "stock-postgres", "fasttrackml"


class Skipped(Exception):
    """A server that cannot be had here, and why."""


@dataclass
class Subject:
    """A server under test; ``database`` where its database is a program of its own."""

    name: str
    server: Server
    database: Server | None = None
    has_registry: bool = True
    store: str = ""
    """Of a stock server, its database's URI."""


@contextmanager
def genesis(folder: Path, workers: int) -> Iterator[Subject]:
    """Ours with its embedded default."""
    with genesis_serve(folder) as server:
        yield Subject(GENESIS, server)


@contextmanager
def genesis_mongo(folder: Path, workers: int) -> Iterator[Subject]:
    """Ours over the wire protocol of MongoDB; secantusdb syncs each write."""
    with (
        secantusdb(folder) as database,
        genesis_serve(folder, database_uri=mongodb_address(database).replace("/?", "/bench?")) as server,
    ):
        yield Subject(MONGO, server, database)


@contextmanager
def stock_sqlite(folder: Path, workers: int) -> Iterator[Subject]:
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    with stock(folder, uri, workers) as server:
        yield Subject(STOCK, server, store=uri)


@contextmanager
def stock_postgres(folder: Path, workers: int) -> Iterator[Subject]:
    driver = psycopg_folder()
    with postgres() as database:
        uri = f"postgresql://bench@127.0.0.1:{database.port}/postgres"
        with stock(folder, uri, workers, PYTHONPATH=str(driver)) as server:
            yield Subject(POSTGRES, server, database, store=uri)


@contextmanager
def fasttrackml(folder: Path, workers: int) -> Iterator[Subject]:
    with go(folder) as server:
        yield Subject(GO, server, has_registry=False)


SUBJECTS: dict[str, Callable[[Path, int], AbstractContextManager[Subject]]] = {
    GENESIS: genesis,
    MONGO: genesis_mongo,
    STOCK: stock_sqlite,
    POSTGRES: stock_postgres,
    GO: fasttrackml,
}


def go(folder: Path) -> Server:
    """FastTrackML: MLflow's tracking API in Go, on SQLite, without a model registry."""
    port, program = free_port(), _kept("fasttrackml", FASTTRACKML, "--no-deps") / "bin" / "fml"
    command = [
        *(str(program), "server", "--listen-address", f"127.0.0.1:{port}", "--log-level", "error"),
        *("--database-uri", f"sqlite://{folder / 'fasttrackml.db'}"),
        *("--default-artifact-root", str(folder / "artifacts")),
    ]
    return Server(command, port=port, health="/health", cwd=folder)


def stock(folder: Path, store_uri: str, workers: int, **environment: str) -> Server:
    """``mlflow server`` as its manual starts it, but for the job runner, which needs more than a database."""
    port = free_port()
    command = [
        *(str(Path(sys.executable).with_name("mlflow")), "server", "--backend-store-uri", store_uri),
        *("--artifacts-destination", str(folder / "artifacts"), "--workers", str(workers)),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHONPATH"))
    }
    fixed = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GENESIS_DIRECT_ARTIFACTS": "false",
    }
    return Server(
        command, port=port, health="/health", environment={**kept, **fixed, **environment}, cwd=folder
    )


@contextmanager
def postgres() -> Iterator[Server]:
    """A throw-away cluster with the settings PostgreSQL comes with, run by somebody who is not root."""
    programs = _postgres_programs()
    owner = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    become: list[str] = []
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        become = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    try:
        data, port = folder / "data", free_port()
        made = [
            *become,
            str(programs / "initdb"),
            "-D",
            str(data),
            "-U",
            "bench",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        _run(made, cwd=folder)
        command = [
            *(*become, str(programs / "postgres"), "-D", str(data), "-p", str(port)),
            *("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"),
        ]
        with Server(command, port=port, cwd=folder) as server:
            _wait([str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)])
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(question: list[str]) -> None:
    """Its port answers before it does."""
    last = time.monotonic() + START_SECONDS
    while subprocess.run(question, capture_output=True).returncode:
        if time.monotonic() > last:
            raise Skipped("PostgreSQL did not get ready")
        time.sleep(0.1)


def _postgres_programs() -> Path:
    found = _found_postgres()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "postgresql"])
        found = _found_postgres()
    if found is None:
        raise Skipped("no PostgreSQL here: apt-get install postgresql")
    return found


def _found_postgres() -> Path | None:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if on_path := shutil.which("initdb"):
        places.append(Path(on_path).resolve().parent)
    return next((place for place in places if (place / "initdb").exists()), None)


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom root turns into; None for everybody else, who stays who they are."""
    if os.geteuid() != 0:
        return None
    if not shutil.which("setpriv"):
        raise Skipped("PostgreSQL does not run as root, and setpriv (util-linux) is not here")
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]


def psycopg_folder() -> Path:
    """Where the driver is that MLflow reaches PostgreSQL by."""
    return _kept("psycopg", PSYCOPG)


def _kept(name: str, requirement: str, *options: str) -> Path:
    """A folder with a package of PyPI, installed once."""
    folder = KEPT / f"{name}-{requirement.partition('==')[2].rstrip('.*')}"
    if not (folder / "made").exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*pip, *options, "--upgrade", "--target", str(folder), requirement])
        (folder / "made").touch()
    return folder


def _run(command: list[str], cwd: Path | None = None) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise Skipped(f"{' '.join(command[:4])}… failed: {(done.stderr or done.stdout)[-400:].strip()}")


@contextmanager
def running(
    names: tuple[str, ...], root: Path, workers: int, tell: Callable[[str], None]
) -> Iterator[list[Subject]]:
    """Those of the servers that can be had, started; ``tell`` gets a line about each of the others."""
    with ExitStack() as stack:
        subjects = []
        for name in names:
            folder = root / name
            folder.mkdir()
            try:
                subjects.append(stack.enter_context(SUBJECTS[name](folder, workers)))
            except Skipped as why:
                tell(f"skipped: {name}: {why}")
        yield subjects
