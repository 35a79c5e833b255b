"""The command ``genesis doctor``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

import click

from genesis import __version__
from genesis.options import JSON
from genesis.validate.results import Result, ok, skipped

if TYPE_CHECKING:
    from genesis.doctor.configuration import Shown
    from genesis.doctor.probes import Server

FAILED = 1


@click.command(
    short_help="Explain the settings, and what is wrong with them.",
    epilog="\b\nExamples:\n  genesis doctor\n  genesis doctor --settings local.settings.json\n"
    "  az functionapp config appsettings list -g my-group -n my-app > app.json\n"
    "  genesis doctor --settings app.json",
)
@click.option(
    "--settings",
    "file",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="A Functions settings file, or an app's settings as az lists them (-: standard input).",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that serve is to listen on.")
@click.option("--port", default=7071, show_default=True, help="TCP port that serve is to listen on.")
@click.option("--offline", is_flag=True, help="Look at the settings alone: ask no database and no storage.")
@JSON
def doctor(file: TextIO | None, host: str, port: int, offline: bool, as_json: bool) -> None:
    """Show every setting, where it comes from, and what is wrong with all of them together.

    Database, artifact store and directory are asked from this machine, as this user; nothing is made or
    changed. What is secret is not shown. Ends with 1 if something is wrong, else with 0; a warning is nothing
    wrong.
    """
    from genesis.doctor.configuration import NoSettings, of_environment, of_file
    from genesis.doctor.probes import Server
    from genesis.settings import Settings
    from genesis.validate import report

    environment = Settings.environment()
    try:
        found = of_file(file.read(), environment) if file else of_environment(environment)
    except (NoSettings, UnicodeDecodeError) as error:
        raise click.BadParameter(str(error), param_hint="--settings") from error
    results = []
    if not as_json:
        _show(found.shown())
    for result in _results(Server(found, host, port), offline):
        results.append(result.without(found.secrets))
        if not as_json:
            click.echo(report.line(results[-1]))
    if as_json:
        settings = [one._asdict() for one in found.shown()]
        click.echo(report.document(results, version=__version__, settings=settings))
    else:
        click.echo(report.summary(results))
    sys.exit(0 if report.is_good(results) else FAILED)


def _results(server: Server, offline: bool) -> Iterator[Result]:
    from genesis.doctor import probes, settings

    wrong = list(settings.findings(server.configuration, server.host))
    yield from wrong or [ok("settings", "They agree with each other.")]
    if server.configuration.is_deployed:
        detail = "What an app in Azure reaches is not seen from here."
        yield skipped("reach", detail, "genesis validate --url https://… --azure RESOURCE_GROUP")
        return
    for probe in probes.LOCAL if offline else probes.ALL:
        yield probe(server)


def _show(settings: Iterable[Shown]) -> None:
    rows = [(one.name, one.value or "-", one.origin) for one in settings]
    widths = [max(len(row[column]) for row in rows) for column in (0, 2)]
    for name, value, origin in rows:
        click.echo(f"{name:{widths[0]}}  {origin:{widths[1]}}  {value}")
    click.echo()
