"""The web UI from the function app: what is published beside function_app.py."""

from __future__ import annotations

import gzip
import http.client
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis.ui import build, sources
from tests.functions.published import functions_host, publish
from tests.functions.python313 import REPOSITORY
from tests.servers import Server
from tests.unit.ui.wheels import PAGE, SCRIPT, members

MAIN = "/static-files/static/js/main.0123abcd.js"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The running app, a small build beside it."""
    folder = tmp_path_factory.mktemp("ui")
    app = publish(folder / "app")
    shutil.rmtree(app / "ui", ignore_errors=True)  # this checkout's own
    build.write(sorted(members().items()), app / "ui")
    with functions_host(app, GENESIS_DATA=str(folder / "data")) as server:
        yield server


def ask(host: Server, method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply, content


def test_the_page_and_its_files_come_from_the_function(host: Server) -> None:
    page, content = ask(host, "GET", "/")
    assert (page.status, content) == (200, PAGE)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["content-security-policy"]

    script, content = ask(host, "GET", MAIN, accept_encoding="gzip")
    assert script.headers["content-encoding"] == "gzip" and gzip.decompress(content) == SCRIPT


def test_what_a_browser_has_is_not_sent_again(host: Server) -> None:
    first, _ = ask(host, "GET", MAIN)

    again, content = ask(host, "GET", MAIN, if_none_match=first.headers["etag"])

    assert (again.status, content) == (304, b"")


def test_publishing_leaves_out_no_file_of_the_build(tmp_path: Path) -> None:
    files = sources.installed()
    assert files is not None
    build.write(((name, b"") for name, _ in files), tmp_path / "ui")
    patterns = filter(None, (REPOSITORY / ".funcignore").read_text().splitlines())

    shutil.copytree(tmp_path, tmp_path / "published", ignore=shutil.ignore_patterns(*patterns, "published"))

    def names(folder: Path) -> set[Path]:
        return {one.relative_to(folder) for one in folder.rglob("*")}

    assert names(tmp_path / "published" / "ui") == names(tmp_path / "ui")
