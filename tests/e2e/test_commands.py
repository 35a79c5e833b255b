"""The command line as a whole: every command explains itself, and says what was meant by a mistake."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from genesis.__main__ import main
from genesis.routes import ROUTES
from genesis.store.schema import VERSION
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment


def commands(group: click.Group = main, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands and groups, by how they are called."""
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(commands())
IDS = [" ".join(path) or "genesis" for path in COMMANDS]
every_command = pytest.mark.parametrize(("path", "command"), COMMANDS.items(), ids=IDS)


def called(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="genesis")


@every_command
def test_a_command_explains_itself(path: tuple[str, ...], command: click.Command) -> None:
    shown = called(*path, "--help")
    assert shown.exit_code == 0
    assert len(str(command.help)) >= 20
    assert max(map(len, shown.output.splitlines())) <= 80


@every_command
def test_an_option_is_explained_and_says_what_it_takes(path: tuple[str, ...], command: click.Command) -> None:
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help and option.help.endswith("."), option.opts
            assert option.is_flag or option.metavar or option.show_default or option.required, option.opts


@every_command
def test_a_list_of_commands_is_not_cut_off(path: tuple[str, ...], command: click.Command) -> None:
    if isinstance(command, click.Group):
        assert "..." not in called(*path, "--help").output.partition("Commands:")[2]


@every_command
def test_an_option_that_is_not_there_gets_a_hint(path: tuple[str, ...], command: click.Command) -> None:
    refused = called(*path, "--hlp")
    assert refused.exit_code == 2
    assert "Try 'genesis" in refused.stderr and "'--help'" in refused.stderr


@pytest.mark.parametrize(
    ("given", "meant"), [("serv", "serve"), ("doctr", "doctor"), ("migrat", "migrate"), ("token", "tokens")]
)
def test_a_command_that_is_not_there_gets_a_hint(given: str, meant: str) -> None:
    refused = called(given)
    assert (refused.exit_code, f"Did you mean '{meant}'?" in refused.stderr) == (2, True)


LEAVES = [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)]


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_an_example_is_a_call_that_its_options_allow(path: tuple[str, ...]) -> None:
    """An option that was renamed is renamed in the examples."""
    known = {name for option in COMMANDS[path].params for name in option.opts}
    for line in (COMMANDS[path].epilog or "").splitlines():
        _, called, rest = line.partition(f"genesis {' '.join(path)}")
        given = {word for word in rest.partition("|")[0].split() if word.startswith("--")}
        assert not called or given <= known, line


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {"GENESIS_DATA": str(tmp_path / "data")}


def run(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        genesis_command(*arguments),
        env=genesis_environment(settings),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
    )


def document(settings: dict[str, str], *arguments: str) -> Any:
    done = run(settings, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_the_program_and_the_module_are_the_same() -> None:
    program = shutil.which("genesis", path=str(Path(genesis_command()[0]).parent))
    assert program is not None
    found = [
        subprocess.run(
            [*command, "--version"], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout
        for command in ([program], genesis_command())
    ]
    assert [text.rpartition(" ")[2] for text in found] == [found[0].rpartition(" ")[2]] * 2
    helps = [
        subprocess.run(
            [*command, "--help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout
        for command in ([program], genesis_command())
    ]
    assert helps[0].partition("\n")[2] == helps[1].partition("\n")[2]


def test_init_says_what_is_ready(settings: dict[str, str]) -> None:
    found = document(settings, "init")
    assert found == {"schema": VERSION, "database": f"{settings['GENESIS_DATA']}/genesis.db", "origins": []}


def test_a_token_and_the_list_of_them_are_documents(settings: dict[str, str]) -> None:
    made = document(settings, "tokens", "create", "ada", "--expires", "1d")
    (listed,) = document(settings, "tokens", "list")
    assert made.pop("token").startswith(f"gf_{made['id']}_")
    assert listed == made
    assert (made["name"], made["state"], made["expires"] - made["created"]) == ("ada", "active", 86_400_000)


def test_a_token_that_never_ends_says_null(settings: dict[str, str]) -> None:
    assert document(settings, "tokens", "create", "ada")["expires"] is None


def test_endpoints_are_a_list_for_a_program(settings: dict[str, str]) -> None:
    found = document(settings, "endpoints")
    ours = {(one["method"], one["path"], one["version"]) for one in found if one["served"]}
    assert ours == {(route.method, route.path, route.since) for route in ROUTES}
    assert any(not one["served"] for one in found)
    assert any(not one["mlflow"] for one in found)


def test_nothing_is_asked_where_json_is_wanted(settings: dict[str, str]) -> None:
    refused = run(settings, "gc", "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "add --yes, or --dry-run" in refused.stderr


def test_a_failure_is_no_document(settings: dict[str, str]) -> None:
    refused = run({**settings, "GENESIS_DATABASE_URI": "oracle://x"}, "tokens", "list", "--json")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "oracle" in refused.stderr
