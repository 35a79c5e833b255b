"""``genesis doctor``: what it prints, for people and for pipelines, and its exit code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from genesis.settings import Settings
from tests.servers import free_port
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment

SECRET = "s3cr3t" * 8


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {"GENESIS_DATA": str(tmp_path / "data")}


def doctor(settings: dict[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        genesis_command("doctor", "--port", str(free_port()), *arguments),
        env=genesis_environment(settings),
        cwd=REPOSITORY,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_laptop_that_is_well_ends_with_0(settings: dict[str, str], tmp_path: Path) -> None:
    done = doctor(settings)
    assert (done.returncode, done.stderr) == (0, "")
    for name in Settings.variables():
        assert name in done.stdout
    assert f"GENESIS_DATA                       environment  {tmp_path}/data" in done.stdout
    assert "0 failed" in done.stdout.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_json_has_the_settings_and_what_was_found(settings: dict[str, str]) -> None:
    done = doctor({**settings, "GENESIS_LOG_LEVLE": "DEBUG"}, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"], done.stderr) == (1, False, "")
    assert {one["name"]: one["origin"] for one in found["settings"]}["GENESIS_DATA"] == "environment"
    assert [one["fix"] for one in found["results"] if one["status"] == "failed"] == [
        "Call it GENESIS_LOG_LEVEL."
    ]
    assert set(found) == {"version", "settings", "ok", "interrupted", "counts", "results"}


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_nothing_secret_is_printed(settings: dict[str, str], how: tuple[str, ...]) -> None:
    given = {
        **settings,
        "GENESIS_AUTH": "token",
        "GENESIS_TOKEN": SECRET,
        "GENESIS_DATABASE_URI": f"mongodb://ada:{SECRET}@127.0.0.1:{free_port()}/d?serverSelectionTimeoutMS=200",
        "GENESIS_ARTIFACTS_URI": "http://127.0.0.1:1/acc/ccc",
        "GENESIS_STORAGE_CONNECTION_STRING": f"AccountName=acc;AccountKey={SECRET}",
    }
    done = doctor(given, *how)
    assert done.returncode == 1
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "mongodb://ada:…@127.0.0.1" in done.stdout


def test_offline_asks_nobody(settings: dict[str, str]) -> None:
    given = {**settings, "GENESIS_DATABASE_URI": f"mongodb://127.0.0.1:{free_port()}/d"}
    done = doctor(given, "--offline", "--json")
    assert done.returncode == 0
    assert [one["name"] for one in json.loads(done.stdout)["results"]] == [
        "settings",
        "python",
        "packages",
        "folder",
    ]


def test_the_settings_of_an_app_are_read_from_a_pipe(settings: dict[str, str]) -> None:
    listed = json.dumps([{"name": "GENESIS_AUTH", "value": "none"}])
    done = doctor(settings, "--settings", "-", given=listed)
    assert done.returncode == 1
    assert "GENESIS_AUTH is none, which is refused in Azure" in " ".join(done.stdout.split())
    assert "genesis validate --url" in done.stdout


def test_a_host_that_others_reach_asks_for_authentication(settings: dict[str, str]) -> None:
    done = doctor(settings, "--host", "0.0.0.0")  # noqa: S104
    assert done.returncode == 1
    assert "on an address that other machines reach" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("file", "told"),
    [("nowhere.json", "No such file"), ("README.md", "It is no JSON"), ("host.json", 'no "Values"')],
)
def test_what_is_no_settings_file_is_told(settings: dict[str, str], file: str, told: str) -> None:
    done = doctor(settings, "--settings", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr and "Traceback" not in done.stderr
