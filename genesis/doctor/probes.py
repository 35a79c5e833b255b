"""What a configuration leads to, tried from this machine; nothing is made, and nothing changed."""

from __future__ import annotations

import logging
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from genesis.artifacts import open_artifacts
from genesis.auth.clock import Clock
from genesis.auth.entra import keys_url
from genesis.auth.keys import Keys
from genesis.doctor.configuration import Configuration
from genesis.errors import GenesisError
from genesis.settings import UNRESOLVED, Settings
from genesis.store import schema_version
from genesis.store.schema import VERSION
from genesis.validate.results import Result, failed, ok, skipped, warning

OLDEST, NEWEST = (3, 11), (3, 13)
"""The Pythons that this is tested with; the Functions host has the second."""
GIB = 1 << 30
LITTLE, TOO_LITTLE = GIB, GIB // 10
"""Bytes of a disk."""

log = logging.getLogger("genesis")


class Server(NamedTuple):
    """What is looked at, and where it would listen."""

    configuration: Configuration
    host: str
    port: int

    @property
    def settings(self) -> Settings:
        return self.configuration.settings


def python(server: Server) -> Result:
    here = f"Python {platform.python_version()} ({sys.executable})."
    if sys.version_info[:2] < OLDEST:
        return failed("python", here, "Install Python 3.11 or newer.")
    if sys.version_info[:2] > NEWEST:
        return warning("python", f"{here} It was never tried with it.", "Use Python 3.11, 3.12 or 3.13.")
    return ok("python", here)


def packages(server: Server) -> Result:
    """Those that these settings need, and MLflow, which some commands do."""
    needs = {
        "pymongo": server.settings.database.startswith("mongodb"),
        "argon2": server.settings.auth == "token",
        "jwt": server.settings.auth == "entra",
        "azure.storage.blob": not server.settings.artifacts.startswith("file:"),
        "azure.identity": not server.settings.artifacts.startswith("file:"),
        "uvicorn": not server.configuration.is_of_the_host,
    }
    missing = [name for name, needed in needs.items() if needed and not _is_installed(name)]
    if missing:
        fix = f"pip install genesis-flow, or, in a function app, -r requirements.txt (with {sys.executable})."
        return failed("packages", f"Not installed: {', '.join(missing)}.", fix)
    if not _is_installed("mlflow"):
        detail = (
            "All that serves is installed; mlflow, which validate, migrate, export and endpoints use, is not."
        )
        return ok("packages", detail)
    return ok("packages", "All that is needed is installed, and mlflow.")


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def folder(server: Server) -> Result:
    """The folders that hold data, if any do: there, or possible, writable, with room."""
    places = _folders(server.settings)
    if not places:
        return skipped("folder", "No data is kept on this machine.")
    for place in places:
        nearest = next(one for one in (place, *place.parents) if one.exists())
        if not nearest.is_dir():
            return failed("folder", f"{nearest} is a file, no folder.", "Set GENESIS_DATA to a folder.")
        if not os.access(nearest, os.W_OK | os.X_OK):
            fix = "Give this user the right to write there, or set GENESIS_DATA to another folder."
            return failed("folder", f"{nearest} cannot be written to by this user.", fix)
        free = shutil.disk_usage(nearest).free
        left = f"{nearest} has {free / GIB:.1f} GiB left."
        if free < LITTLE:
            result = failed if free < TOO_LITTLE else warning
            return result("folder", left, "Make room, or set GENESIS_DATA to another disk.")
    return ok("folder", f"{', '.join(map(str, places))}: writable, {free / GIB:.1f} GiB left.")


def _folders(settings: Settings) -> list[Path]:
    found = []
    if settings.database.startswith("sqlite:"):
        found.append(Path(unquote(urlsplit(settings.database).path)[1:]).absolute().parent)
    if settings.artifacts.startswith("file:"):
        found.append(Path(url2pathname(urlsplit(settings.artifacts).path)))
    return found


def database(server: Server) -> Result:
    """Whether it answers, and what is in it."""
    settings = server.settings
    if settings.database.startswith(UNRESOLVED):
        return skipped("database", "Its URI is a reference.")
    try:
        with _heard() as heard:
            version = schema_version(settings.database)
    except ValueError as error:
        return failed("database", str(error), "Set GENESIS_DATABASE_URI; README tells its form.")
    except (GenesisError, OSError) as error:
        fix = "Mend what it names, and ask again, from the network that the server is in."
        return failed("database", " ".join(heard) or str(error), fix)
    if version > VERSION:
        detail = f"A newer Genesis-Flow wrote this database (schema {version}; this one knows {VERSION})."
        return failed("database", detail, "Install that version, or a newer one.")
    if version == 0:
        return ok(
            "database", "It can be had, and has nothing of ours yet: the first start, or init, begins it."
        )
    if version < VERSION:
        detail = f"It has schema {version}; the next start, or init, brings it to {VERSION}."
        return warning("database", detail, "genesis init, before servers of this version start.")
    return ok("database", f"It answers, and is initialised (schema {version}).")


def artifacts(server: Server) -> Result:
    settings = server.settings
    if settings.artifacts.startswith("file:"):
        return ok("artifacts", "They are in a folder of this machine.")
    if settings.storage_connection_string.startswith(UNRESOLVED):
        return skipped("artifacts", "The connection string is a reference.")
    fix = (
        "docs/artifacts.md has the roles; the account's firewall, or its private endpoint, must let this in."
    )
    if "UseDevelopmentStorage" in settings.storage_connection_string:
        fix = "Start the emulator: npx azurite --silent"
    try:
        store = open_artifacts(settings.artifacts, settings.storage_connection_string)
        with _heard():
            store.check()
    except ValueError:
        return skipped("artifacts", "The settings for them are wrong.")
    except GenesisError as error:
        return failed("artifacts", error.message, fix)
    return ok("artifacts", f"{urlsplit(settings.artifacts).netloc} answers, and lets this identity in.")


def signing(server: Server) -> Result:
    """Whether clients can be sent to the storage itself."""
    settings = server.settings
    if settings.signed_url_minutes == "0":
        return skipped("signing", "Nothing is to be signed.")
    if settings.artifacts.startswith("file:"):
        return ok("signing", "The server signs URLs of its own.")
    from genesis.artifacts.blob import open_store

    try:
        store = open_store(settings.artifacts, settings.storage_connection_string, settings.minutes)
        with _heard():
            signs = store.check_signing()
    except ValueError:
        return skipped("signing", "The settings for it are wrong.")
    except GenesisError as error:
        fix = "Give the identity the role Storage Blob Delegator on the account: docs/artifacts.md."
        return failed("signing", error.message, fix)
    return ok("signing", "URLs are signed.") if signs else skipped("signing", "A SAS cannot sign.")


def directory(server: Server) -> Result:
    """Whether the keys that tokens of Entra ID are checked with can be had."""
    settings = server.settings
    if settings.auth != "entra":
        return skipped("directory", "Tokens of Entra ID are not asked for.")
    url = keys_url(settings)
    try:
        with _heard() as heard:
            Keys(url, Clock()).get("")
    except GenesisError as error:
        fix = "See that GENESIS_ENTRA_TENANT is the directory's id, and that its authority answers here."
        return failed("directory", " ".join(heard) or error.message, fix)
    return ok("directory", f"Its keys are at {url}.")


def port(server: Server) -> Result:
    """Whether ``serve`` could listen."""
    if server.configuration.is_of_the_host:
        return skipped("port", "The Functions host chooses it.")
    from genesis.serve import PortInUse, listen

    where = f"{server.host}:{server.port}"
    try:
        listen(server.host, server.port).close()
    except PortInUse:
        fix = f"If that is no Genesis-Flow of yours: genesis serve --port {server.port + 1}"
        return warning("port", f"Something listens on {where} already.", fix)
    except OSError as error:
        return failed("port", f"{where} cannot be listened on: {error.strerror or error}.", "Choose another.")
    return ok("port", f"{where} is free.")


LOCAL: tuple[Callable[[Server], Result], ...] = (python, packages, folder)
"""Asks this machine only."""
ALL = (*LOCAL, database, artifacts, signing, directory, port)


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What the server would log meanwhile, which says more than clients are told; it is not logged here."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING:
                lines.append(record.getMessage())

    ear, propagates = Ear(), log.propagate
    log.addHandler(ear)
    log.propagate = False
    try:
        yield lines
    finally:
        log.removeHandler(ear)
        log.propagate = propagates
