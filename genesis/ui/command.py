"""``genesis ui``: what the web UI needs before it is served."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from genesis.options import JSON
from genesis.settings import Settings
from genesis.ui import pinned


@click.group(short_help="Fetch the web UI.")
def ui() -> None:
    """MLflow's web UI, whose build is taken from MLflow's own wheel."""


@ui.command(
    short_help="Put the web UI's build into a folder.",
    epilog="\b\nExamples:\n  genesis ui build\n"
    "  genesis ui build --into ui     (before a function app is published)\n"
    f"  genesis ui build --wheel ./{pinned.WHEEL}",
)
@click.option(
    "--into",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to put it (default: GENESIS_UI, or `ui` in the data folder).",
)
@click.option(
    "--wheel", metavar="PATH_OR_URL", help="MLflow's wheel, where it is not to come from the index."
)
@JSON
def build(into: Path | None, wheel: str | None, as_json: bool) -> None:
    """Put the build of MLflow's web UI into a folder, from which it is served; safe to repeat.

    It is taken from the mlflow that is installed here if that is the very version, or else from its wheel,
    which comes from the index that pip or uv is told of (PIP_INDEX_URL, UV_DEFAULT_INDEX), or from PyPI.
    """
    from genesis.ui.fetching import FAILURES, fetch
    from genesis.ui.progress import bar

    settings = Settings.read()
    folder = into or settings.ui_folder
    if folder is None:
        raise click.UsageError("GENESIS_UI is none, so name a folder: --into FOLDER.")
    try:
        with bar(f"Fetching {pinned.WHEEL}", quiet=as_json) as seen:
            report = fetch(folder, Settings.environment(), seen, wheel or "")
    except FAILURES as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps({**asdict(report), "mlflow": pinned.VERSION}, indent=2, ensure_ascii=False))
        return
    if not report.source:
        click.echo(f"Ready: {report.folder} has the UI of MLflow {pinned.VERSION} already.")
        return
    click.echo(
        f"Ready: {report.folder} has the UI of MLflow {pinned.VERSION}, {report.files} files, "
        f"{report.kept / 1e6:.1f} MB, from {report.source}."
    )
