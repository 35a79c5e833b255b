"""Brings the pinned build into a folder: for the command, and for a server that starts without one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from genesis.ui import pinned
from genesis.ui.build import NotOurs, beside, check_place, is_current, put_in_place, write
from genesis.ui.changes import changed
from genesis.ui.index import Index, Seen, Unreachable, shown
from genesis.ui.pinned import WrongBuild
from genesis.ui.site import FAILED, FETCHING, Site
from genesis.ui.sources import Files, checked, installed, of_wheel

logger = logging.getLogger("genesis.ui")

FAILURES = (NotOurs, Unreachable, WrongBuild, OSError)
"""What may stand in the way, each with a sentence about it."""
INSTALLED = "the mlflow that is installed here"
URLS = ("https://", "http://", "file://")


@dataclass(frozen=True)
class Report:
    """What came of it; ``source`` is empty where the build was there already."""

    folder: str
    source: str
    files: int = 0
    bytes: int = 0
    kept: int = 0
    """Bytes on the disk: most files are kept as gzip alone."""


def fetch(folder: Path, environment: Mapping[str, str], seen: Seen, wheel: str = "") -> Report:
    """See to it that ``folder`` holds the pinned build; raises one of FAILURES.

    It comes from ``wheel`` (a path or a URL), or else from the mlflow that is installed, or from the index.
    """
    check_place(folder)
    if is_current(folder):
        return Report(str(folder), "")
    with beside(folder) as place:
        files, source = _found(wheel, environment, seen, place)
        new = place / "build"
        # Not the place itself, which is closed to others than this user.
        new.mkdir()
        counts = write(changed(checked(files)), new)
        put_in_place(new, folder)
    return Report(str(folder), source, **counts)


def _found(wheel: str, environment: Mapping[str, str], seen: Seen, place: Path) -> tuple[Files, str]:
    """The files, and where they were found."""
    if wheel and not wheel.startswith(URLS):
        return of_wheel(Path(wheel)), wheel
    if not wheel and (files := installed()) is not None:
        return files, INSTALLED
    index = Index(environment)
    url = wheel or index.find("mlflow", pinned.WHEEL)
    index.download(url, place / pinned.WHEEL, seen)
    return of_wheel(place / pinned.WHEEL), shown(url)


def fetch_in_background(
    site: Site, environment: Mapping[str, str], fetch: Callable[..., Report] = fetch
) -> threading.Thread | None:
    """Begin to fetch what a server's folder lacks; None where nothing is to be fetched.

    Whatever comes of it is told in the log and by the server's first page, and stops nothing.
    """
    folder = site.folder
    if folder is None or is_current(folder):
        return None
    site.state = FETCHING
    thread = threading.Thread(
        target=_fetched, args=(site, folder, environment, fetch), name="genesis-ui", daemon=True
    )
    thread.start()
    return thread


def _fetched(site: Site, folder: Path, environment: Mapping[str, str], fetch: Callable[..., Report]) -> None:
    try:
        report = fetch(folder, environment, lambda total, count: None)
    except FAILURES as error:
        site.state = FAILED
        logger.warning("The web UI could not be fetched: %s Everything else is served.", error)
    except Exception:
        site.state = FAILED
        logger.exception("The web UI could not be fetched; everything else is served")
    else:
        site.state = ""
        logger.info("The web UI is there: %d files from %s", report.files, report.source)
