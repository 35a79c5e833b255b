"""``genesis tokens``: what it makes, servers take; what it lists and revokes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment

Tokens = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=["sqlite", "mongo"])
def tokens(request: pytest.FixtureRequest, new_database: Callable[[str], str], tmp_path: Path) -> Tokens:
    """The command on an unused database of each engine."""
    settings = {"GENESIS_DATA": str(tmp_path), "GENESIS_DATABASE_URI": new_database(request.param)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            genesis_command("tokens", *arguments),
            env=genesis_environment(settings),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_a_new_token_alone_is_on_standard_output(tokens: Tokens) -> None:
    made = tokens("create", "Ada (laptop)", "--expires", "90d")

    assert made.returncode == 0, made.stderr
    assert re.fullmatch(r"gf_[a-z2-7]{12}_[\w-]{43}\n", made.stdout)
    assert made.stdout.strip() not in made.stderr
    assert "Ada (laptop)" in made.stderr and "MLFLOW_TRACKING_TOKEN" in made.stderr


def test_tokens_are_listed_without_what_is_secret(tokens: Tokens) -> None:
    assert tokens("list").stdout.split() == ["ID", "NAME", "CREATED", "EXPIRES", "STATE"]
    first = tokens("create", "ci").stdout.strip()
    second = tokens("create", "ada", "--expires", "0s").stdout.strip()
    assert tokens("revoke", first[3:15]).returncode == 0

    listed = tokens("list").stdout

    rows = {line.split()[0]: line.split() for line in listed.splitlines()[1:]}
    assert rows[first[3:15]][1] == "ci" and rows[first[3:15]][-1] == "revoked"
    assert rows[second[3:15]][1] == "ada" and rows[second[3:15]][-1] == "expired"
    assert first[16:] not in listed and second[16:] not in listed and "argon2" not in listed


def test_a_token_pasted_whole_is_revoked_and_not_repeated(tokens: Tokens) -> None:
    text = tokens("create", "ci").stdout.strip()

    done = tokens("revoke", text)

    assert done.returncode == 0
    assert text[16:] not in done.stdout + done.stderr
    assert "revoked" in tokens("list").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create", ""), "1 to 64 printable"),
        (("create", "a\nb"), "1 to 64 printable"),
        (("create", "ada", "--expires", "soon"), "is no age"),
        (("revoke", "abcdefgh2345"), "Token with id=abcdefgh2345 not found"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    tokens: Tokens, arguments: tuple[str, ...], told: str
) -> None:
    refused = tokens(*arguments)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert told in refused.stderr and "Traceback" not in refused.stderr
    assert tokens("list").stdout.count("\n") == 1
