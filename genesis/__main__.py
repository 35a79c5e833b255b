"""``python -m genesis``: serve, init, gc, tokens, validate, ui, endpoints."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import click

from genesis import __version__
from genesis.doctor.command import doctor
from genesis.entities.workspaces import DEFAULT_WORKSPACE
from genesis.errors import GenesisError
from genesis.migrate.command import export, import_, migrate
from genesis.options import JSON
from genesis.settings import Settings
from genesis.telemetry.lines import write
from genesis.tokens import tokens
from genesis.ui.command import ui
from genesis.validate.command import validate

if TYPE_CHECKING:
    from genesis.app import App

ORIGIN = r"https?://[^/?#*@\s]+"
SERVED_ORIGINS = ("http://localhost:7071", "http://127.0.0.1:7071")
"""Of the pages that ``serve`` and the function host show when nobody chooses a port."""

WELCOME = """
Genesis-Flow {version} answers on  {url}
Database   {database}
Artifacts  {artifacts}
Callers    {callers}

Try it:

    import mlflow
    mlflow.set_tracking_uri("{url}")
    with mlflow.start_run(): mlflow.log_metric("accuracy", 0.9)

Ctrl-C stops it; nothing that was acknowledged is lost.
"""


@click.group(
    epilog="Each command explains itself: genesis COMMAND --help. Settings are environment variables, "
    "GENESIS_…; doctor shows them, and what is wrong with them."
)
@click.version_option(__version__)
def main() -> None:
    """Genesis-Flow, a serverless MLflow: serve it, keep it in order, move in and out."""
    write(Settings.read())


main.add_command(doctor)
main.add_command(tokens)
main.add_command(validate)
main.add_command(migrate)
main.add_command(import_)
main.add_command(export)
main.add_command(ui)


@main.command(
    short_help="Serve MLflow's REST API from this machine.",
    epilog="\b\nExamples:\n  genesis serve\n  genesis serve --port 8000 --data /srv/mlflow\n"
    "  GENESIS_AUTH=token genesis serve --host 0.0.0.0",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=7071, show_default=True, help="TCP port to listen on.")
@click.option(
    "--data",
    metavar="FOLDER",
    help="Folder of the database and the artifacts (default: GENESIS_DATA or .genesis).",
)
def serve(host: str, port: int, data: str | None) -> None:
    """Serve MLflow's REST API from this machine, until Ctrl-C.

    Other machines are answered only where GENESIS_AUTH says who may call.
    """
    from genesis.app import App
    from genesis.auth import refusal
    from genesis.serve import PortInUse, is_loopback, listen, run
    from genesis.ui.fetching import fetch_in_background

    settings = Settings.read()
    if data:
        settings = replace(settings, data=data)
    try:
        listener = listen(host, port)
    except PortInUse:
        _fail(
            f"Port {port} is in use. Stop what listens there, or choose another: "
            f"make serve PORT={port + 1}   (python -m genesis serve --port {port + 1})"
        )
    except OSError as error:
        _fail(f"Cannot listen on {host}:{port}: {error.strerror or error}.")
    if refused := refusal(settings, is_reachable=not is_loopback(listener)):
        listener.close()
        _fail(refused)
    app = App(settings)
    try:
        app.store()
        app.artifacts()
    except (GenesisError, ValueError, OSError) as error:
        _fail(str(error))
    url = f"http://{_reached(host)}:{port}"
    click.echo(WELCOME.format(version=__version__, url=url, callers=_callers(settings), **_places(settings)))
    fetch_in_background(app.site, Settings.environment())
    run(app, listener)


def _are_origins(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    for origin in given:
        if not re.fullmatch(ORIGIN, origin):
            raise click.BadParameter(f"{origin!r} is not scheme://host[:port].")
    return given


@main.command(
    short_help="Create what the database lacks.",
    epilog="\b\nExamples:\n  genesis init\n  genesis init --origin https://mlflow.example --json",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    callback=_are_origins,
    help="Page that may use signed URLs of an emulator of Blob Storage (may be repeated). "
    f"Default: {' and '.join(SERVED_ORIGINS)}.",
)
@JSON
def init(origins: tuple[str, ...], as_json: bool) -> None:
    """Create what the database lacks: collections or tables, and indexes. Safe to repeat.

    Where artifacts are in an emulator of Blob Storage, it also makes their container, and lets the pages
    of some origins use it. In Azure, infra/bicep does that.
    """
    from genesis.app import App
    from genesis.store.schema import VERSION

    settings = Settings.read()
    is_emulator = urlsplit(settings.artifacts).scheme == "http"
    if origins and not is_emulator:
        _fail(
            "--origin is only for an emulator of Blob Storage (http://…): "
            "infra/bicep sets the origins of an account in Azure, and a local folder needs none."
        )
    app = App(settings)
    places = _places(settings)
    made = {"database": places["database"]}
    try:
        app.engine().init()
        app.store()
        if is_emulator:
            origins = origins or SERVED_ORIGINS
            _open_emulator(app, origins)
            made["artifacts"] = places["artifacts"]
    except (GenesisError, ValueError, OSError) as error:
        _fail(str(error))
    finally:
        app.close()
    if as_json:
        click.echo(
            json.dumps({"schema": VERSION, **made, "origins": [*origins]}, indent=2, ensure_ascii=False)
        )
        return
    click.echo(f"Ready: {made['database']}")
    if "artifacts" in made:
        click.echo(f"Ready: {made['artifacts']} for pages of {', '.join(origins)}")


def _open_emulator(app: App, origins: Sequence[str]) -> None:
    from genesis.artifacts.blob import BlobStore

    store = app.artifacts()
    if isinstance(store, BlobStore):
        store.allow_origins(origins)


@main.command(
    short_help="Remove for good what was deleted.",
    epilog="\b\nExamples:\n  genesis gc --dry-run\n  genesis gc --older-than 30d --yes --json\n"
    "  genesis gc --run 0123456789abcdef0123456789abcdef",
)
@click.option(
    "--older-than", default="0s", metavar="AGE", help="Only what was deleted so long ago: 30d, 12h."
)
@click.option("--run", "runs", multiple=True, metavar="ID", help="This run (may be repeated).")
@click.option(
    "--logged-model", "models", multiple=True, metavar="ID", help="This logged model (may be repeated)."
)
@click.option(
    "--experiment",
    "experiments",
    multiple=True,
    metavar="ID",
    help="This experiment and all in it (may be repeated).",
)
@click.option("--workspace", default=DEFAULT_WORKSPACE, show_default=True, help="Where to look.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and stop.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
def gc(  # noqa: PLR0913 (click hands over every option)
    older_than: str,
    runs: tuple[str, ...],
    models: tuple[str, ...],
    experiments: tuple[str, ...],
    workspace: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove for good what was deleted: runs, logged models, experiments, their metrics and artifacts.

    Shows what would go, and asks first. What is active stays, and so does what a registered model needs.
    """
    from genesis import gc as collection
    from genesis.app import App
    from genesis.entities.removals import EXPERIMENT, LOGGED_MODEL, RUN

    named = [
        *((RUN, id) for id in runs),
        *((LOGGED_MODEL, id) for id in models),
        *((EXPERIMENT, id) for id in experiments),
    ]
    if as_json and not (dry_run or yes):
        raise click.UsageError("--json asks nothing: add --yes, or --dry-run.")
    app = App(Settings.read())
    try:
        collector = collection.Collector(app, workspace, collection.age(older_than))
        code = collection.run(collector, named, dry=dry_run, sure=yes, as_json=as_json)
    except (GenesisError, ValueError, OSError) as error:
        _fail(str(error))
    finally:
        app.close()
    sys.exit(code)


@main.command(
    short_help="MLflow's RPCs, served or not.",
    epilog="\b\nExample (what is not served):\n  genesis endpoints --json | jq '.[] | select(.served | not)'",
)
@JSON
def endpoints(as_json: bool) -> None:
    """MLflow's RPCs, served or not, and what is served beside them. Needs mlflow."""
    from genesis import endpoints as known

    try:
        found = known.endpoints()
    except RuntimeError as error:
        _fail(str(error))
    if as_json:
        click.echo(json.dumps([one._asdict() for one in found], indent=2))
        return
    for line in known.listing(found):
        click.echo(line)


def _reached(host: str) -> str:
    """The address to write in a URL; what listens everywhere is reached at this machine's own."""
    with suppress(ValueError):
        address = ip_address(host)
        if address.is_unspecified:
            return "127.0.0.1" if address.version == 4 else "[::1]"
    return f"[{host}]" if ":" in host else host


def _places(settings: Settings) -> dict[str, str]:
    """Where data lives, without the secrets that a URI may hold."""
    database = urlsplit(settings.database)
    shown = settings.database if not database.netloc else f"{database.scheme}://{database.hostname}…"
    if database.scheme == "sqlite":
        shown = str(Path(unquote(database.path[1:])))
    artifacts = urlsplit(settings.artifacts)
    place = unquote(artifacts.path) if artifacts.scheme == "file" else settings.artifacts.partition("?")[0]
    return {"database": shown, "artifacts": place}


def _callers(settings: Settings) -> str:
    """Who may call, and how they do it."""
    return {
        "token": "those with a token: python -m genesis tokens create NAME",
        "entra": "those with an access token of Entra ID",
        "platform": "those whom the platform has signed in",
    }.get(settings.auth, "anybody who reaches this address")


def _fail(message: str) -> None:
    click.echo(message, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
