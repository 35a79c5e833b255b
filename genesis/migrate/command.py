"""The commands ``genesis migrate``, ``genesis import`` and ``genesis export``."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click

from genesis.entities.workspaces import DEFAULT_WORKSPACE
from genesis.errors import GenesisError
from genesis.settings import Settings

FAILED, INTERRUPTED = 1, 130
Done = tuple[dict[str, Any], bool]

WORK = click.option(
    "--work",
    default="genesis-migration",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the journal and the reports.",
)
WORKSPACE = click.option(
    "--workspace", default=DEFAULT_WORKSPACE, show_default=True, help="Which one, at both ends."
)
ARTIFACTS = click.option(
    "--artifacts",
    metavar="URI",
    default="",
    help="Genesis-Flow's artifact store (else GENESIS_ARTIFACTS_URI).",
)
NO_ARTIFACTS = click.option(
    "--no-artifacts", is_flag=True, help="Leave files where they are, and name them so."
)
VERIFY = click.option("--verify", is_flag=True, help="Change nothing: read both ends again and compare them.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON document.")
MOVING_IN = (
    click.option(
        "--analyze", is_flag=True, help="Change nothing: say what there is, and what would not fit."
    ),
    *(VERIFY, WORK, WORKSPACE, ARTIFACTS),
    click.option(
        "--artifacts-from",
        metavar="URI",
        default="",
        help="Where the source's server keeps artifacts: what is below it moves, too.",
    ),
    NO_ARTIFACTS,
    click.option(
        "--suffix", metavar="TEXT", default="", help="Added to names that others have at the target."
    ),
    JSON,
)


def _moves_in(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(MOVING_IN):
        command = option(command)
    return command


@click.command(
    short_help="Move in from a stock MLflow.",
    epilog="\b\nExamples:\n  genesis migrate mlruns https://mlflow.example --analyze\n"
    "  genesis migrate sqlite:///mlflow.db genesis+sqlite:///.genesis/genesis.db\n"
    "  genesis migrate postgresql://user@host/mlflow mongodb+srv://host/db --verify",
)
@click.argument("source")
@click.argument("target")
@_moves_in
def migrate(source: str, target: str, analyze: bool, as_json: bool, **options: Any) -> None:
    """Move a stock MLflow's SOURCE into the Genesis-Flow TARGET, ids, times and artifacts kept.

    SOURCE is a folder (mlruns), sqlite:///…, postgresql://…, mysql://… or a tracking server's URL; TARGET is
    mongodb://…, genesis+sqlite:///… or a Genesis-Flow's URL. The source is only read. Whatever stops it,
    call it again: it goes on where it was.
    """
    from genesis.migrate.opening import open_target

    _run(source, target, open_target, as_json, options, analyze=analyze)


@click.command(
    "import",
    short_help="Move in, into this server's own database.",
    epilog="\b\nExamples:\n  genesis import mlruns\n  genesis import sqlite:///exported.db --analyze",
)
@click.argument("source")
@_moves_in
def import_(source: str, analyze: bool, as_json: bool, **options: Any) -> None:
    """Move a stock MLflow's SOURCE into the database and the artifact store of this machine's settings.

    As `genesis migrate SOURCE TARGET`; TARGET is GENESIS_DATABASE_URI, or what `genesis serve` keeps in
    GENESIS_DATA. What `genesis export` wrote comes back so.
    """
    from genesis.migrate.opening import open_target

    _run(source, Settings.read().database, open_target, as_json, options, analyze=analyze)


@click.command(
    short_help="Move out to a stock MLflow.",
    epilog="\b\nExample:\n  genesis export genesis+sqlite:///.genesis/genesis.db sqlite:///mlflow.db",
)
@click.argument("source")
@click.argument("target")
@VERIFY
@WORK
@WORKSPACE
@ARTIFACTS
@click.option(
    "--artifact-root",
    metavar="URI",
    default="",
    help="Where artifacts go (default: the folder mlartifacts beside a SQLite file).",
)
@NO_ARTIFACTS
@JSON
def export(source: str, target: str, as_json: bool, **options: Any) -> None:
    """Write what a Genesis-Flow holds (SOURCE) to a stock MLflow's database (TARGET), ids and times kept.

    SOURCE is mongodb://…, genesis+sqlite:///… or a URL; TARGET is sqlite:///…, postgresql://… or mysql://….
    Whatever stops it, call it again.
    """
    from genesis.migrate.opening import open_export

    _run(source, target, open_export, as_json, options)


def _run(
    source: str, target: str, opens: Any, as_json: bool, options: dict[str, Any], analyze: bool = False
) -> None:
    from genesis.migrate.opening import Wanted
    from genesis.migrate.progress import Progress
    from genesis.migrate.work import Work

    for logger in ("alembic", "mlflow", "genesis"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    if analyze and options["verify"]:
        raise click.UsageError("--analyze comes before the move, --verify after it.")
    settings = Settings.read()
    if options["artifacts"]:
        settings = replace(settings, artifacts_uri=options["artifacts"])
    wanted = Wanted(
        *(source, target, options["work"], options["workspace"], settings),
        artifacts_from=options.get("artifacts_from", ""),
        artifact_root=options.get("artifact_root", ""),
        moves_files=not options["no_artifacts"],
        suffix=options.get("suffix", ""),
    )
    work = Work(wanted, opens, Progress(quiet=as_json))
    done = work.analyze if analyze else work.verify if options["verify"] else work.move
    _tell(done, as_json)


def _tell(done: Callable[[], Done], as_json: bool) -> None:
    from genesis.migrate import report

    # A pipeline that is cancelled ends its programs so.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        document, good = done()
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Call it again to go on where it stopped.", err=True)
        sys.exit(INTERRUPTED)
    except (GenesisError, ValueError, OSError) as error:
        click.echo(f"\n{error}" if not as_json else str(error), err=True)
        sys.exit(FAILED)
    if as_json:
        click.echo(report.as_json(document), nl=False)
    else:
        for line in report.lines(document):
            click.echo(line)
    sys.exit(0 if good else FAILED)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
