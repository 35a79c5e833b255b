"""Downloads that their client leaves, or that the server cannot finish, at a running server."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.rest import Rest
from tests.servers import Server
from tests.servers.serve import genesis_serve

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
MEGABYTE = 1024 * 1024
SIZE = 300 * MEGABYTE
IN_BUFFERS = 60 * MEGABYTE
"""More than the sockets' buffers hold and the server reads ahead, and much less than the file."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Server]:
    with genesis_serve(data) as serving:
        Rest(serving.url).put_artifact("makes/the/folder.txt", b"x")
        yield serving


@pytest.fixture
def large(data: Path) -> Path:
    """A large artifact that takes no room on the disk."""
    file = data / "artifacts" / "large.bin"
    with file.open("wb") as sparse:
        sparse.truncate(SIZE)
    return file


def begun(server: Server, file: Path, received: int) -> socket.socket:
    """A connection with a download of which only some bytes were received."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    client.sendall(f"GET {ARTIFACTS}/{file.name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    while received > 0:
        received -= len(client.recv(min(MEGABYTE, received)))
    return client


def bytes_read(server: Server) -> int:
    """How much the server has read, from files and otherwise."""
    (count,) = re.findall(r"rchar: (\d+)", (process(server) / "io").read_text())
    return int(count)


def process(server: Server) -> Path:
    assert server.process is not None
    found = Path(f"/proc/{server.process.pid}")
    if not (found / "io").exists():
        pytest.skip("only Linux tells what a process reads")
    return found


def is_open(server: Server, file: Path) -> bool:
    for handle in (process(server) / "fd").iterdir():
        with suppress(OSError):
            if os.readlink(handle) == str(file):
                return True
    return False


def wait_until_closed(server: Server, file: Path) -> None:
    deadline = time.monotonic() + 20
    while is_open(server, file):
        assert time.monotonic() < deadline, f"{file.name} is still open"
        time.sleep(0.05)


@pytest.mark.parametrize("received", [0, 10 * MEGABYTE])
def test_a_download_that_nobody_waits_for_any_more_ends(server: Server, large: Path, received: int) -> None:
    before = bytes_read(server)

    client = begun(server, large, received)
    deadline = time.monotonic() + 20
    while not is_open(server, large) and time.monotonic() < deadline:
        time.sleep(0.01)
    client.close()

    wait_until_closed(server, large)
    assert bytes_read(server) - before < received + IN_BUFFERS


def test_a_download_that_is_slow_is_not_taken_for_one_that_was_left(server: Server, large: Path) -> None:
    with begun(server, large, 10 * MEGABYTE) as client:
        time.sleep(2)

        received = 10 * MEGABYTE
        while received < SIZE and (piece := client.recv(MEGABYTE)):
            received += len(piece)
    assert received >= SIZE


def test_a_download_that_cannot_be_finished_is_cut_off(server: Server, large: Path) -> None:
    with begun(server, large, 10 * MEGABYTE) as client:
        large.write_bytes(b"")

        received = 10 * MEGABYTE
        with suppress(ConnectionResetError):
            while piece := client.recv(MEGABYTE):
                received += len(piece)
    assert received < SIZE
    wait_until_closed(server, large)


def test_a_head_request_opens_no_download(server: Server, large: Path) -> None:
    before = bytes_read(server)

    reply = Rest(server.url).send("HEAD", f"{ARTIFACTS}/{large.name}")

    assert (reply.status, reply.headers["Content-Length"], reply.data) == (200, str(SIZE), b"")
    assert not is_open(server, large)
    assert bytes_read(server) - before < MEGABYTE
