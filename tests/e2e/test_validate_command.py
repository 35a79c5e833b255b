"""``genesis validate`` against good deployments: all is well and nothing is left, interrupted or not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.validating import (
    NOTHING,
    QUICK,
    SECONDS,
    Place,
    command,
    left,
    only,
    validated,
)
from tests.servers import Server, free_port
from tests.servers.relay import Relay, Reply
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment, genesis_serve


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def good(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    data = tmp_path_factory.mktemp(f"validate-{request.param}")
    with genesis_serve(data, database_uri=new_database(request.param)) as server:
        yield Place(server, data)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("validate")
    with genesis_serve(data) as server:
        yield Place(server, data)


@pytest.fixture
def relay(place: Place) -> Iterator[Relay]:
    with Relay(place.port) as standing:
        yield standing


def test_a_good_server_passes_every_check_and_keeps_nothing(good: Place) -> None:
    findings = validated(good.url)
    assert findings.code == 0, findings.text
    assert findings.document["ok"] is True
    assert findings.ended("failed") | findings.ended("warning") == set()
    assert findings.ended("skipped") == {"certificate", "wrong-credential", "storage-clock"}
    assert good.is_clean()


def test_a_good_server_with_blob_storage_passes_every_check(blob_server: Server) -> None:
    before = left(blob_server.url)
    findings = validated(blob_server.url)
    assert findings.code == 0, findings.text
    assert findings.ended("failed") | findings.ended("warning") == set()
    assert findings.results["storage-clock"]["status"] == "ok"
    assert left(blob_server.url) == before


def test_the_settings_of_the_caller_do_not_leak_into_the_client(place: Place) -> None:
    leaking = {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        "MLFLOW_REGISTRY_URI": "http://127.0.0.1:1",
        "MLFLOW_EXPERIMENT_NAME": "another",
        "MLFLOW_EXPERIMENT_ID": "404",
        "MLFLOW_RUN_ID": "404",
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "maybe",
        "GENESIS_DATABASE_URI": "nonsense",
    }
    findings = validated(place.url, **leaking)
    assert findings.code == 0, findings.text
    assert place.is_clean()


def test_mlflow_skinny_alone_does_all_but_load_the_model(place: Place, tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("raise ImportError('There is no pandas')")
    path = os.pathsep.join([str(tmp_path), str(REPOSITORY)])
    findings = validated(place.url, "--skip", "tracking", PYTHONPATH=path)
    assert findings.code == 0, findings.text
    assert "not loaded: There is no pandas" in findings.detail("models")
    assert place.is_clean()


def test_people_get_a_table(place: Place) -> None:
    done = command("--url", place.url, *QUICK)
    assert done.returncode == 0, done.stdout
    assert "ok       version              It answers as MLflow 3.18.0 does.\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "18 ok, 0 warning, 0 failed, 7 skipped."


def test_what_is_skipped_is_not_tried(relay: Relay) -> None:
    findings = validated(relay.url, "--skip", "experiment", "--skip", "version")
    assert findings.code == 0, findings.text
    assert {"experiment", "version", "direct", "tracking", "search"} <= findings.ended("skipped")
    assert "removal" not in findings.results
    assert not [line for line in relay.requests if "experiments/create" in line or "version" in line]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", "ftp://127.0.0.1"], "it must be https://host[:port][/path]"),
        (["--url", "https://me:secret-word@127.0.0.1"], "credentials are taken from the environment only"),
        (["--url", "http://127.0.0.1:99999"], "it must be https://host[:port][/path]"),
        (["--url", "http://127.0.0.1", "--skip", "all"], "'all' is none of https, name, connection"),
        (["--url", "http://127.0.0.1", "--app", "a"], "--app is of use with --azure only"),
        ([], "Missing option '--url'"),
    ],
)
def test_a_wrong_call_is_a_usage_error(arguments: list[str], words: str) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "secret-word" not in done.stderr


def test_a_port_that_nobody_listens_on_fails_the_connection() -> None:
    only(validated(f"http://127.0.0.1:{free_port()}"), "connection")


def test_a_host_that_is_not_known_fails_the_name() -> None:
    only(validated("https://genesis.invalid"), "name")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_who_interrupts_it_finds_nothing_left(relay: Relay, place: Place, how: signal.Signals) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def meddle(line: str, send: Callable[[], Reply]) -> Reply:
        if line.startswith("PUT ") and "large.bin" in line:
            arrived.set()
            go_on.wait(SECONDS)
        return send()

    relay.meddle = meddle
    process = subprocess.Popen(
        genesis_command("validate", "--url", relay.url, "--json"),
        env=genesis_environment({}),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert arrived.wait(SECONDS)
        process.send_signal(how)
        output, errors = process.communicate(timeout=SECONDS)
    finally:
        go_on.set()
        process.kill()
        process.wait()
    assert process.returncode == 130
    document: dict[str, Any] = json.loads(output)
    assert (document["interrupted"], document["ok"]) == (True, False)
    assert document["results"][-1]["name"] == "removal"
    assert document["results"][-1]["status"] == "ok"
    assert errors.endswith("Interrupted.\n")
    assert left(place.url) == NOTHING


def test_az_is_asked_where_a_resource_group_is_named(place: Place, tmp_path: Path) -> None:
    from tests.unit.validate.azure_group import answers, fake_az

    fake_az(tmp_path, answers())
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    findings = validated(place.url, "--azure", "genesis-rg", *QUICK, PATH=path)
    assert findings.code == 0, findings.text
    assert findings.ended("warning") == {"azure-address"}
    asked = {name for name in findings.results if name.startswith("azure-")}
    assert asked - findings.ended("ok") == {"azure-address"}
    assert len(asked) == 7
