"""The web UI's files, over HTTP, from a running server."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis.ui import build
from tests.e2e.answers import assert_undisturbed
from tests.e2e.rest import Rest
from tests.servers import Server
from tests.servers.serve import genesis_serve
from tests.unit.ui.wheels import PAGE, SCRIPT, members

TOKEN = "t" * 32
MAIN = "/static-files/static/js/main.0123abcd.js"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a small build, whose callers need a token."""
    data = tmp_path_factory.mktemp("ui")
    folder = tmp_path_factory.mktemp("build") / "ui"
    build.write(sorted(members().items()), folder)
    settings = {"GENESIS_UI": str(folder), "GENESIS_AUTH": "token", "GENESIS_TOKEN": TOKEN}
    with genesis_serve(data, environment=settings) as serving:
        yield serving
        assert_undisturbed(serving.log.read_text())


def test_the_page_needs_no_token_and_what_it_asks_for_does(server: Server) -> None:
    rest = Rest(server.url)

    page = rest.send("GET", "/")
    asked = rest.send("GET", "/ajax-api/2.0/mlflow/experiments/get?experiment_id=0")

    assert (page.status, page.data) == (200, PAGE)
    assert asked.status == 401
    # The first one named is what browsers ask their user for.
    assert asked.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_browser_s_password_is_a_token(server: Server) -> None:
    proof = base64.b64encode(f"me:{TOKEN}".encode()).decode()
    reply = Rest(server.url).send(
        "GET",
        "/ajax-api/2.0/mlflow/experiments/get?experiment_id=0",
        headers={"Authorization": f"Basic {proof}"},
    )
    assert reply.status == 200


def raw(server: Server, method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """A reply as it comes, nothing decoded."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply, content


def test_a_script_comes_as_gzip_or_plain(server: Server) -> None:
    packed, content = raw(server, "GET", MAIN, accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip" and gzip.decompress(content) == SCRIPT
    plain, content = raw(server, "GET", MAIN, accept_encoding="identity")
    assert plain.headers["content-encoding"] is None and content == SCRIPT


def test_what_is_there_already_is_not_sent_again(server: Server) -> None:
    first, _ = raw(server, "GET", MAIN)

    again, content = raw(server, "GET", MAIN, if_none_match=first.headers["etag"])

    assert (again.status, content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["content-length"] is None


def test_head_tells_what_get_sends(server: Server) -> None:
    for path in ("/", MAIN):
        got, content = raw(server, "GET", path)
        told, nothing = raw(server, "HEAD", path)
        assert (told.status, nothing) == (200, b"")
        assert told.headers["content-length"] == str(len(content)) == got.headers["content-length"]
        assert told.headers["etag"] == got.headers["etag"]


@pytest.mark.parametrize(
    "path", ["../genesis-ui.json", "%2e%2e/genesis-ui.json", "..%2f..%2f..%2fetc/passwd"]
)
def test_nothing_outside_is_served(server: Server, path: str) -> None:
    reply, content = raw(server, "GET", f"/static-files/{path}")

    assert reply.status == 404
    assert json.loads(content)["error_code"] == "ENDPOINT_NOT_FOUND"


def test_a_server_that_can_fetch_nothing_serves_everything_else(tmp_path: Path) -> None:
    occupied = tmp_path / "ui"
    occupied.mkdir()
    (occupied / "mine.txt").write_text("mine")

    with genesis_serve(tmp_path / "data", environment={"GENESIS_UI": str(occupied)}) as serving:
        rest = Rest(serving.url)
        assert rest.get("experiments/get", experiment_id="0").status == 200
        page = rest.send("GET", "/", headers={"Accept": "text/html"})

    assert page.status == 404 and b"genesis ui build" in page.data
    assert "The web UI could not be fetched" in serving.log.read_text()
    assert [one.name for one in occupied.iterdir()] == ["mine.txt"]
