"""What an ``App`` answers for the UI's page and files."""

from __future__ import annotations

import gzip
import json
import logging
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genesis.app import App
from genesis.http import Request, Response
from genesis.settings import Settings
from genesis.ui import build
from genesis.ui.changes import changed
from genesis.ui.fetching import Report, fetch, fetch_in_background
from genesis.ui.index import Unreachable
from genesis.ui.site import FAILED, FETCHING
from tests.unit.ui.wheels import FILES, IMAGE, PAGE, SCRIPT, members

MAIN = "/static-files/static/js/main.0123abcd.js"


@pytest.fixture
def folder(tmp_path: Path, wheel: Path) -> Path:
    """Where the build is to be; ``wheel`` is what is pinned."""
    return tmp_path / "data" / "ui"


@pytest.fixture
def empty(folder: Path) -> Iterator[App]:
    """A server without a build."""
    app = App(Settings(data=str(folder.parent)))
    yield app
    app.close()


@pytest.fixture
def app(empty: App, folder: Path) -> App:
    build.write(sorted(members().items()), folder)
    return empty


def get(app: App, path: str, method: str = "GET", **headers: str) -> Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.handle(Request(method, path, headers={"host": "here:7071", **given}))


def test_the_page_is_asked_for_each_time(app: App) -> None:
    reply = get(app, "/")

    assert (reply.status, reply.body) == (200, PAGE)
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", sorted(FILES))
def test_every_file_is_served_whole(app: App, path: str) -> None:
    assert get(app, f"/static-files/{path}").body == FILES[path]
    assert gzip.decompress(get(app, MAIN, accept_encoding="gzip, br").body) == SCRIPT  # type: ignore[arg-type]


def test_files_whose_names_change_are_kept_for_ever(app: App) -> None:
    for path in (MAIN, "/static-files/static/media/logo.0123456789abcdef.png"):
        assert get(app, path).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for path in ("favicon.ico", "manifest.json"):
        assert get(app, f"/static-files/{path}").headers["Cache-Control"] == "public, max-age=3600"


def test_who_takes_gzip_gets_what_is_kept(app: App, folder: Path) -> None:
    packed, plain = get(app, MAIN, accept_encoding="gzip"), get(app, MAIN, accept_encoding="gzip;q=0")

    assert packed.body == (folder / "files/static/js/main.0123abcd.js.gz").read_bytes()
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert plain.body == SCRIPT
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Content-Length"] == str(len(packed.body))
    assert packed.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_what_gzip_does_not_help_is_sent_as_it_is(app: App) -> None:
    reply = get(app, "/static-files/static/media/logo.0123456789abcdef.png", accept_encoding="gzip")

    assert reply.body == IMAGE
    assert "Content-Encoding" not in reply.headers and "Vary" not in reply.headers


@pytest.mark.parametrize("path", ["/", MAIN])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}'])
def test_what_the_browser_has_is_not_sent_again(app: App, path: str, form: str) -> None:
    first = get(app, path, accept_encoding="gzip")

    again = get(app, path, accept_encoding="gzip", if_none_match=form.format(first.headers["ETag"]))

    assert (again.status, again.body) == (304, b"")
    for name in ("ETag", "Cache-Control", "Content-Security-Policy"):
        assert again.headers[name] == first.headers[name]
    assert not {"Content-Type", "Content-Length", "Content-Encoding"} & again.headers.keys()


def test_another_etag_gets_the_file(app: App) -> None:
    assert get(app, MAIN, if_none_match='"older"').status == 200


@pytest.mark.parametrize(
    "path",
    [
        "../genesis-ui.json",
        "%2e%2e/genesis-ui.json",
        "..%2f..%2fgenesis.db",
        "/etc/passwd",
        "static/js/main.0123abcd.js.gz",
        "static/js",
        "static/../index.html",
        "a\0b",
        "unknown.js",
    ],
)
def test_only_what_the_manifest_names_is_served(app: App, path: str) -> None:
    reply = get(app, f"/static-files/{path}", accept="text/html")

    assert reply.status == 404
    assert json.loads(reply.whole())["error_code"] == "ENDPOINT_NOT_FOUND"


def directives(reply: Response) -> dict[str, list[str]]:
    parts = [part.split() for part in reply.headers["Content-Security-Policy"].split(";")]
    return {part[0]: part[1:] for part in parts}


def test_the_page_runs_this_server_s_scripts_alone(app: App) -> None:
    found = directives(get(app, "/"))

    assert found["default-src"] == ["'none'"]
    assert "'unsafe-inline'" not in found["script-src"] and "'self'" in found["script-src"]
    assert found["frame-ancestors"] == found["base-uri"] == found["frame-src"] == ["'self'"]
    assert found["connect-src"] == ["'self'", "blob:"]
    headers = get(app, "/").headers
    assert "camera=()" in headers["Permissions-Policy"]
    for name in ("Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Referrer-Policy"):
        assert headers[name] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_frame_of_html_artifacts_runs_scripts_and_has_no_origin(app: App, folder: Path) -> None:
    shutil.rmtree(folder)
    build.write(changed(sorted(members().items())), folder)

    reply = get(app, "/static-files/artifact-frame.html")

    assert reply.status == 200
    found = directives(reply)
    assert found["sandbox"] == ["allow-scripts"]
    assert found["frame-ancestors"] == ["'self'"]
    assert found["default-src"] == found["form-action"] == found["base-uri"] == ["'none'"]
    assert "'unsafe-inline'" in found["script-src"]
    # Nothing of this server's, and no host of anybody's choosing.
    for name in found.keys() - {"frame-ancestors"}:
        assert not {"'self'", "*", "https:", "http:"} & set(found[name])


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://Acc.blob.core.windows.net/artifacts/a?sig=secret", "https://acc.blob.core.windows.net"),
        ("http://127.0.0.1:10000/devstoreaccount1/artifacts", "http://127.0.0.1:10000"),
        ("https://a.example;script-src *", "https://a.example"),
    ],
)
def test_the_page_may_reach_the_artifacts_storage(tmp_path: Path, uri: str, origin: str) -> None:
    app = App(Settings(data=str(tmp_path), artifacts_uri=uri))
    build.write(sorted(members().items()), tmp_path / "ui")

    found = directives(get(app, "/"))

    for name in ("connect-src", "img-src", "media-src"):
        assert origin in found[name]
    assert "*" not in str(found) and "secret" not in str(found)


def test_everything_else_is_inert_when_it_is_opened_as_a_page(app: App) -> None:
    for path in ("/health", "/nope", "/get-artifact?run_id=1&path=a.html", "/signed/a.html"):
        assert directives(get(app, path)) == {
            "default-src": ["'none'"],
            "frame-ancestors": ["'self'"],
            "sandbox": [],
        }


def test_a_new_build_is_seen_without_a_restart(empty: App, folder: Path) -> None:
    assert get(empty, "/").status == 404

    build.write([("mlflow/server/js/build/index.html", b"old")], folder)
    old = get(empty, "/")
    assert old.body == b"old"

    build.write([("mlflow/server/js/build/index.html", b"newer")], folder.with_name("new"))
    build.put_in_place(folder.with_name("new"), folder)
    new = get(empty, "/")
    assert new.body == b"newer" and new.headers["ETag"] != old.headers["ETag"]


def test_a_file_that_has_gone_is_told_as_a_replacement(app: App, folder: Path) -> None:
    (folder / "files" / "favicon.ico").unlink()

    assert get(app, "/static-files/favicon.ico").status == 503


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"files": 1}'])
def test_a_broken_manifest_is_no_build(empty: App, folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / build.MANIFEST).write_bytes(content)

    assert get(empty, "/").status == 404


def test_without_a_build_browsers_are_told_how_to_get_one(empty: App) -> None:
    reply = get(empty, "/", accept="text/html,*/*")

    assert reply.status == 404
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<code>genesis ui build</code>" in reply.whole()
    assert "script-src" not in directives(reply)


def test_without_a_build_programs_are_told_in_json(empty: App) -> None:
    reply = get(empty, "/", accept="*/*")

    assert reply.status == 404
    assert "genesis ui build" in json.loads(reply.whole())["message"]


def test_where_no_ui_is_wanted_nobody_is_told_to_get_one(tmp_path: Path) -> None:
    reply = get(App(Settings(data=str(tmp_path), ui="none")), "/", accept="text/html")

    assert reply.status == 404 and b"genesis ui build" not in reply.whole()


def test_while_it_is_fetched_the_page_looks_again(empty: App) -> None:
    empty.site.state = FETCHING

    reply = get(empty, "/", accept="text/html")

    assert (reply.status, reply.headers["Retry-After"]) == (503, "3")
    assert b'http-equiv="refresh" content="3"' in reply.whole()
    assert get(empty, "/").status == 503


def test_a_server_fetches_its_build_in_the_background(
    empty: App, folder: Path, caplog: pytest.LogCaptureFixture, wheel: Path
) -> None:
    begun = threading.Event()

    def slowly(*arguments: Any) -> Report:
        assert begun.wait(30)
        return fetch(*arguments, str(wheel))

    with caplog.at_level(logging.INFO, "genesis.ui"):
        thread = fetch_in_background(empty.site, {}, slowly)
        assert thread is not None
        assert get(empty, "/").status == 503
        begun.set()
        thread.join(30)

    assert get(empty, "/").body == PAGE
    assert "The web UI is there" in caplog.text
    assert fetch_in_background(empty.site, {}) is None


@pytest.mark.parametrize("failure", [Unreachable("pypi.example cannot be had."), RuntimeError("?")])
def test_what_cannot_be_fetched_is_told_and_stops_nothing(
    empty: App, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    def fails(*_: object) -> Report:
        raise failure

    thread = fetch_in_background(empty.site, {}, fails)
    assert thread is not None
    thread.join(30)

    reply = get(empty, "/", accept="text/html")
    assert empty.site.state == FAILED
    assert reply.status == 404 and b"could not be fetched" in reply.whole()
    assert str(failure) in caplog.text
    # What can be foreseen is one line.
    assert ("Traceback" in caplog.text) is isinstance(failure, RuntimeError)
    assert get(empty, "/health").status == 200


def test_where_no_ui_is_wanted_nothing_is_fetched(tmp_path: Path) -> None:
    assert fetch_in_background(App(Settings(data=str(tmp_path), ui="none")).site, {}) is None
