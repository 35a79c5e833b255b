"""The bench's HTTP client, against a socket that says what a server may say."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.client import Broken, Connection


@contextmanager
def answering(*replies: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """A server whose connection sends the pieces of one reply for each request; no reply closes it."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                for pieces in replies:
                    asked.append(connection.recv(65536))
                    for piece in pieces:
                        connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], asked
        thread.join()


@pytest.mark.parametrize("quick", [False, True])
def test_a_body_that_arrives_in_pieces_is_read_whole_and_the_next_reply_begins_behind_it(quick: bool) -> None:
    first = [b"HTTP/1.1 200 OK\r\nContent-", b"Length: 6\r\n\r\nab", b"cdef"]
    with answering(first, [b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}"]) as (port, asked):
        connection = Connection(port, quick=quick)
        assert connection.ask(connection.post("/p", {"a": 1})) == (200, b"abcdef")
        assert connection.ask(connection.get("/g")) == (404, b"{}")
        connection.close()
    assert asked[0].endswith(b'\r\nContent-Length: 7\r\n\r\n{"a":1}')
    assert b"Accept-Encoding: gzip" in asked[1]


def test_chunks_are_put_together_wherever_packets_cut_them() -> None:
    pieces = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r",
        b"\nab",
        b"c\r\n2\r\nde\r",
        b"\n0\r\n\r\n",
    ]
    with answering(pieces, [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]) as (port, _):
        connection = Connection(port)
        assert connection.ask(connection.get("/")) == (200, b"abcde")
        assert connection.ask(connection.get("/")) == (200, b"")
        connection.close()


def test_a_connection_that_ends_within_a_reply_is_a_failure() -> None:
    with answering([b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab"]) as (port, _):
        connection = Connection(port)
        with pytest.raises(Broken):
            connection.ask(connection.get("/"))
