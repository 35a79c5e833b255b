"""``genesis serve`` as a command: what it prints, how it refuses to start, how it ends and starts again."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.clients import CLIENT
from tests.e2e.rest import Rest
from tests.servers import Server, free_port
from tests.servers.serve import genesis_command, genesis_environment, genesis_serve


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Server]:
    with genesis_serve(tmp_path / "data") as server:
        yield server


def refusal(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """How a command ends that is expected to fail at once."""
    return subprocess.run(
        genesis_command(*arguments),
        env=genesis_environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_prints_its_url_and_where_the_data_is(serving: Server, tmp_path: Path) -> None:
    printed = serving.log.read_text()

    assert serving.url in printed
    assert str(tmp_path / "data" / "genesis.db") in printed
    assert str(tmp_path / "data" / "artifacts") in printed


def test_the_three_lines_of_python_that_it_prints_log_a_run(serving: Server, tmp_path: Path) -> None:
    indented = re.findall(r"^    (\S.*)$", serving.log.read_text(), re.MULTILINE)
    assert len(indented) == 3

    done = subprocess.run(
        [sys.executable, "-c", "\n".join(indented)],
        env=genesis_environment(CLIENT),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    found = Rest(serving.url).post("runs/search", experiment_ids=["0"]).json()["runs"]
    assert [run["data"]["metrics"][0]["key"] for run in found] == ["accuracy"]


def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    uri = "mongodb://someone:secret@127.0.0.1:1/db?serverSelectionTimeoutMS=300"
    refused = refusal("serve", "--port", str(free_port()), "--data", str(tmp_path), GENESIS_DATABASE_URI=uri)

    assert refused.returncode == 1
    assert "The database cannot be reached" in refused.stderr
    assert "secret" not in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_port_in_use_is_told_in_one_sentence(serving: Server, tmp_path: Path) -> None:
    refused = refusal("serve", "--port", str(serving.port), "--data", str(tmp_path / "other"))

    assert refused.returncode == 1
    assert f"Port {serving.port} is in use" in refused.stderr
    assert f"--port {serving.port + 1}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"GENESIS_DATABASE_URI": "oracle://somewhere"}, "oracle"),
        ({"GENESIS_ARTIFACTS_URI": "ftp://somewhere"}, "ftp"),
    ],
)
def test_a_setting_it_cannot_use_is_told_without_a_traceback(
    tmp_path: Path, settings: dict[str, str], told: str
) -> None:
    refused = refusal("serve", "--port", str(free_port()), "--data", str(tmp_path), **settings)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_data_folder_that_is_a_file_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = refusal("serve", "--port", str(free_port()), "--data", str(tmp_path / "file"))

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert refused.stderr.strip()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_within_seconds(serving: Server, how: signal.Signals) -> None:
    Rest(serving.url).new_run()
    assert serving.process is not None

    serving.process.send_signal(how)

    assert serving.process.wait(8) in (0, -signal.SIGTERM)
    assert "Traceback" not in serving.log.read_text()
    assert "Aborted" not in serving.log.read_text()


def test_an_upload_that_never_ends_does_not_keep_it_from_ending(serving: Server) -> None:
    assert serving.process is not None
    with socket.create_connection(("127.0.0.1", serving.port)) as client:
        path = "/api/2.0/mlflow-artifacts/artifacts/never.bin"
        client.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n".encode())
        client.sendall(b"x" * 2_000_000)
        time.sleep(0.5)

        serving.process.send_signal(signal.SIGINT)

        assert serving.process.wait(20) == 0
    assert "Traceback" not in serving.log.read_text()


def test_a_second_start_finds_all_data(serving: Server) -> None:
    rest = Rest(serving.url)
    run_id = rest.new_run()
    assert rest.post("runs/log-metric", run_id=run_id, key="m", value=1.5, timestamp=1).status == 200
    assert rest.put_artifact("kept.txt", b"kept").status == 200
    before = rest.get("runs/get", run_id=run_id).json()

    serving.stop()
    serving.start()

    assert rest.get("runs/get", run_id=run_id).json() == before
    assert rest.get_artifact("kept.txt").data == b"kept"
    assert rest.get("experiments/get", experiment_id="0").json()["experiment"]["name"] == "Default"


def test_it_stays_up_when_its_folder_of_artifacts_is_gone(serving: Server, tmp_path: Path) -> None:
    (tmp_path / "data" / "artifacts").rename(tmp_path / "elsewhere")
    rest = Rest(serving.url)

    assert rest.put_artifact("a.txt", b"a").status in (200, 503)
    assert rest.get_artifact("b.txt").status in (404, 503)
    assert rest.send("GET", "/health").status == 200
