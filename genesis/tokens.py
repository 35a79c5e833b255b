"""``genesis tokens``: makes, lists and revokes the tokens that clients prove themselves with."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from genesis.entities.tokens import Token, check_name, id_in, new_text
from genesis.errors import GenesisError
from genesis.options import JSON
from genesis.settings import Settings

if TYPE_CHECKING:
    from genesis.store.tokens import Tokens


@click.group(short_help="Make, list and revoke tokens of clients.")
def tokens() -> None:
    """Tokens, for servers with GENESIS_AUTH=token. Works on the database that the settings name."""


@tokens.command(
    short_help="Make a token.",
    epilog='\b\nExamples:\n  genesis tokens create "Ada (laptop)" --expires 90d\n'
    "  genesis tokens create ci --json | jq -r .token",
)
@click.argument("name")
@click.option("--expires", metavar="AGE", help="How long it is good: 90d, 12h. Default: until it is revoked.")
@JSON
def create(name: str, expires: str | None, as_json: bool) -> None:
    """Make a token for NAME, who becomes the user of the runs that are made with it.

    Standard output has the token alone, this once: it is kept nowhere.
    """
    from genesis.auth.tokens import hashed
    from genesis.gc import age

    with _tokens() as kept:
        now = _now()
        text = new_text()
        until = now + age(expires) if expires else 0
        token = Token(id_in(text), check_name(name), hashed(text), now, until)
        if not kept.add(token):
            raise ValueError("The id that was drawn is taken; try again.")
    if as_json:
        click.echo(json.dumps({**_told(token, now), "token": text}, indent=2, ensure_ascii=False))
        return
    click.echo(text)
    click.echo(
        f"Token {token.id} for {token.name}, good until {_day(until) or 'it is revoked'}. "
        "Clients set MLFLOW_TRACKING_TOKEN to it; it is not shown again.",
        err=True,
    )


@tokens.command("list", short_help="All tokens, the newest first.")
@JSON
def show(as_json: bool) -> None:
    """All tokens, the newest first; what they are in words, never themselves."""
    with _tokens() as kept:
        found = kept.all()
    now = _now()
    if as_json:
        click.echo(json.dumps([_told(token, now) for token in found], indent=2, ensure_ascii=False))
        return
    rows = [("ID", "NAME", "CREATED", "EXPIRES", "STATE")]
    rows += [(t.id, t.name, _day(t.created), _day(t.expires) or "-", t.state(now)) for t in found]
    for row in rows:
        click.echo("  ".join(cell.ljust(max(len(r[i]) for r in rows)) for i, cell in enumerate(row)).rstrip())


@tokens.command(short_help="Make a token good for nothing.")
@click.argument("id")
def revoke(id: str) -> None:
    """Make the token with this ID good for nothing, within a minute."""
    id = id_in(id) or id  # whoever pastes the token itself means it, and need not see it again
    with _tokens() as kept:
        kept.revoke(id, _now())
    click.echo(f"Token {id} is revoked; servers that know it notice within a minute.")


@contextmanager
def _tokens() -> Iterator[Tokens]:
    """The tokens in the database that settings name; what fails ends the command with one sentence."""
    from genesis.app import App
    from genesis.store.tokens import Tokens

    app = App(Settings.read())
    try:
        yield Tokens(app.engine())
    except (GenesisError, ValueError, OSError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    finally:
        app.close()


def _told(token: Token, now: int) -> dict[str, Any]:
    """For JSON; times are milliseconds since the epoch, as everywhere in MLflow, null: none."""
    return {
        "id": token.id,
        "name": token.name,
        "created": token.created,
        "expires": token.expires or None,
        "state": token.state(now),
    }


def _now() -> int:
    return time.time_ns() // 1_000_000


def _day(milliseconds: int) -> str:
    """Date and time (UTC) of milliseconds since the epoch; "" for 0."""
    if not milliseconds:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")
