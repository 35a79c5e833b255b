"""Uploads that are large, slow, cut off or unwelcome, at a running server."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.rest import Rest
from tests.servers import Server
from tests.servers.serve import genesis_serve

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Server]:
    with genesis_serve(data) as serving:
        yield serving


def pieces(megabytes: int) -> Iterator[bytes]:
    for number in range(megabytes):
        yield number.to_bytes(4) * (MEGABYTE // 4)


def memory(server: Server) -> float:
    """The most memory that the server ever used, in MB."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("only Linux tells how much memory a process used")
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
    return int(kilobytes) / 1024


@pytest.mark.parametrize("announced", [True, False], ids=["with a length", "chunked"])
def test_a_large_file_passes_through_little_memory(tmp_path: Path, announced: bool) -> None:
    size = 200
    with genesis_serve(tmp_path) as server:
        headers = {"Content-Length": str(size * MEGABYTE)} if announced else {}
        path = f"{ARTIFACTS}/large.bin"
        rest = Rest(server.url)

        assert rest.send("PUT", path, body=pieces(size), headers=headers).status == 200

        download = rest.send("GET", path, preload_content=False)
        received = 0
        for piece in download.stream(MEGABYTE):
            assert piece[:4] == (received // MEGABYTE).to_bytes(4)
            received += len(piece)
        assert received == size * MEGABYTE
        assert memory(server) < 150


def begun(server: Server, path: str, length: int, sent: int = 0) -> socket.socket:
    """A connection with an upload of which only some bytes were sent."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n"
    client.sendall(head.encode() + b"x" * sent)
    return client


@pytest.mark.parametrize("length", [1000, 30 * MEGABYTE], ids=["small", "large"])
def test_an_upload_that_is_cut_off_leaves_nothing_behind(server: Server, data: Path, length: int) -> None:
    rest = Rest(server.url)
    before = files(data)

    for _ in range(5):
        begun(server, f"{ARTIFACTS}/cut/off.bin", length, length // 3).close()

    deadline = time.monotonic() + 10
    while files(data) != before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert files(data) == before
    assert rest.get_artifact("cut/off.bin").status == 404
    assert rest.send("GET", f"{ARTIFACTS}?path=cut").json() == {}


def files(data: Path) -> set[Path]:
    """All artifacts, finished or not."""
    return {path for path in (data / "artifacts").rglob("*") if path.is_file()}


def test_an_upload_that_is_cut_off_leaves_the_file_that_was_there(server: Server) -> None:
    rest = Rest(server.url)
    rest.put_artifact("kept.bin", b"as it was")

    begun(server, f"{ARTIFACTS}/kept.bin", 9 * MEGABYTE, 3 * MEGABYTE).close()
    time.sleep(0.5)

    assert rest.get_artifact("kept.bin").data == b"as it was"


def test_slow_uploads_keep_no_other_request_waiting(server: Server) -> None:
    with ExitStack() as clients:
        for number in range(30):
            path = f"{ARTIFACTS}/slow{number}.bin"
            clients.enter_context(begun(server, path, 3 * MEGABYTE, 2 * MEGABYTE))
        time.sleep(0.5)

        assert Rest(server.url).post("experiments/search", max_results=1).status == 200


@pytest.mark.parametrize(
    "path", ["/nowhere/at/all", "/api/2.0/mlflow/runs/no-such-verb", f"{ARTIFACTS}/a/../../b"]
)
def test_an_upload_to_where_none_is_wanted_is_answered_before_it_was_sent(server: Server, path: str) -> None:
    with begun(server, path, 100 * MEGABYTE, 1000) as client:
        assert client.recv(12) in (b"HTTP/1.1 404", b"HTTP/1.1 400")


def test_an_upload_to_where_none_is_wanted_may_be_sent_to_its_end(server: Server) -> None:
    headers = {"Content-Length": str(20 * MEGABYTE)}

    reply = Rest(server.url).send("PUT", "/nowhere", body=pieces(20), headers=headers)

    assert reply.status == 404
    assert reply.json()["error_code"] == "ENDPOINT_NOT_FOUND"


def test_a_client_that_waits_for_a_hundred_continue_gets_one(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(
            f"PUT {ARTIFACTS}/asked.txt HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            "Content-Length: 5\r\n\r\n".encode()
        )
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b"asked")
        assert client.recv(1000).startswith(b"HTTP/1.1 200")

    assert Rest(server.url).get_artifact("asked.txt").data == b"asked"


def test_uploads_of_one_path_at_once_leave_one_of_them_whole(server: Server) -> None:
    rest = Rest(server.url)
    contents = [bytes([number]) * (2 * MEGABYTE) for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda content: rest.put_artifact("raced.bin", content), contents))

    assert [reply.status for reply in replies] == [200] * 8
    assert rest.get_artifact("raced.bin").data in contents


def test_a_huge_json_body_is_refused_and_takes_no_memory(tmp_path: Path) -> None:
    with genesis_serve(tmp_path) as server:
        rest = Rest(server.url)
        path, size = "/api/2.0/mlflow/runs/log-batch", 300
        headers = {"Content-Length": str(size * MEGABYTE), "Content-Type": "application/json"}

        reply = rest.send("POST", path, body=pieces(size), headers=headers)

        assert 400 <= reply.status < 500
        assert "error_code" in json.loads(reply.data)
        assert memory(server) < 150
