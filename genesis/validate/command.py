"""The command ``genesis validate``."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from urllib.parse import urlsplit

import click

from genesis.options import JSON

FAILED, INTERRUPTED = 1, 130


def _is_url(_context: click.Context, _option: click.Parameter, given: str) -> str:
    try:
        parts = urlsplit(given)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good, parts = False, urlsplit("")
    if not good or parts.query or parts.fragment:
        raise click.BadParameter("it must be https://host[:port][/path].")
    if parts.username is not None:
        raise click.BadParameter("credentials are taken from the environment only: MLFLOW_TRACKING_TOKEN.")
    return given


def _are_checks(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    from genesis.validate.plan import NAMES

    for name in given:
        if name not in NAMES:
            raise click.BadParameter(f"{name!r} is none of {', '.join(NAMES)}.")
    return given


@click.command(
    short_help="Check a deployment, as a careful person would.",
    epilog="\b\nExamples:\n  genesis validate --url https://mlflow.example\n"
    "  genesis validate --url https://mlflow.example --azure my-group --json",
)
@click.option("--url", required=True, callback=_is_url, help="The tracking URI, as clients have it.")
@click.option("--azure", "group", metavar="RESOURCE_GROUP", help="Look at the resources as well, by az.")
@click.option(
    "--app", default="", metavar="NAME", help="With --azure: the function app, where there are more."
)
@click.option("--database", is_flag=True, help="Look at the database that GENESIS_DATABASE_URI names.")
@click.option(
    "--skip", multiple=True, metavar="CHECK", callback=_are_checks, help="Not this (may be repeated)."
)
@JSON
def validate(
    url: str, group: str | None, app: str, database: bool, skip: tuple[str, ...], as_json: bool
) -> None:
    """Check a deployment: reached, locked, and fit for a stock client, which trains and loads a model.

    What it makes for that it removes again. Who asks is told by MLFLOW_TRACKING_TOKEN (or _USERNAME and
    _PASSWORD), as by any client. Ends with 0 if no check failed, else with 1.
    """
    from genesis.validate import report
    from genesis.validate.azure import Azure
    from genesis.validate.deployment import Deployment
    from genesis.validate.environment import Caller
    from genesis.validate.plan import Run

    if app and not group:
        raise click.UsageError("--app is of use with --azure only.")
    run = Run(
        Deployment(url, Caller.read(), database),
        skip,
        (lambda result: None) if as_json else (lambda result: click.echo(report.line(result))),
    )
    # A pipeline that is cancelled ends its programs so; what was made is to be removed then, too.
    signal.signal(signal.SIGTERM, _interrupt)
    interrupted = False
    try:
        run.checks()
        if group:
            run.azure(Azure(group, app))
    except KeyboardInterrupt:
        interrupted = True
    results = list(run.results.values())
    click.echo(
        report.document(results, interrupted=interrupted, url=url) if as_json else report.summary(results)
    )
    if interrupted:
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(0 if report.is_good(results) else FAILED)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
