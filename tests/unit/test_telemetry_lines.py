"""What a log line says, as text and as JSON."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from genesis.api.transfers import _at_once
from genesis.app import App
from genesis.http import BytesBody, Request, Response
from genesis.observed import Observed, carried, current
from genesis.settings import Settings
from genesis.telemetry.lines import LIBRARIES, JsonLines, TextLines, adopt, write

JSON = Settings(log_format="json")


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """Loggers keep what a test sets; others' tests do not."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in (*LIBRARIES, "genesis", "genesis.requests"))]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@contextmanager
def hosted(settings: Settings, name: str = "genesis") -> Iterator[io.StringIO]:
    """A process whose host takes the log, as the Functions worker: a handler at the root, no formatter."""
    root, stream = logging.getLogger(), io.StringIO()
    # Alone: pytest's own would send what is said here to another process, which takes no lone surrogate.
    before, root.handlers[:] = root.handlers[:], [logging.StreamHandler(stream)]
    logging.getLogger(name).setLevel(logging.DEBUG)
    adopt(settings)
    try:
        yield stream
    finally:
        root.handlers[:] = before


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_of_json_says_when_how_bad_who_and_what() -> None:
    with hosted(JSON) as stream:
        logging.getLogger("genesis.auth").warning("%d of %d", 1, 2)
    (line,) = lines(stream)
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "WARNING", "logger": "genesis.auth", "message": "1 of 2"}


def test_a_traceback_is_a_field_of_the_same_line() -> None:
    with hosted(JSON) as stream:
        try:
            raise RuntimeError("two\nlines")
        except RuntimeError:
            logging.getLogger("genesis").exception("It failed")
    (line,) = lines(stream)
    assert line["message"] == "It failed"
    assert line["traceback"].startswith("Traceback") and line["traceback"].endswith("two\nlines")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        *((text, text) for text in ("two\nlines", 'a "quote"', "\x00", "größe")),
        ("no UTF-8: \ud800", "no UTF-8: \\ud800"),
    ],
)
def test_whatever_is_said_is_one_line_of_json(text: str, shown: str) -> None:
    with hosted(JSON) as stream:
        logging.getLogger("genesis").error("%s", text)
    (line,) = lines(stream)
    assert (line["level"], line["message"]) == ("ERROR", shown)


def test_a_line_of_a_request_says_whose() -> None:
    with hosted(JSON) as stream, Observed("GET", "mine") as observed:
        observed.route, observed.workspace, observed.principal = "/version", "team", "ada"
        logging.getLogger("genesis").error("Something")
    (line,) = lines(stream)
    told = {name: line[name] for name in ("request_id", "method", "route", "workspace", "principal")}
    assert list(told.values()) == ["mine", "GET", "/version", "team", "ada"]
    assert "status" not in line


def test_a_line_of_text_ends_with_the_request_s_id() -> None:
    with hosted(Settings()) as stream:
        logging.getLogger("genesis").error("Before")
        with Observed("GET", "mine"):
            logging.getLogger("genesis").error("During")
    assert stream.getvalue().splitlines() == ["Before", "During [mine]"]


def test_after_a_request_its_thread_belongs_to_none() -> None:
    with Observed("GET", "outer"):
        with Observed("GET", "inner"):
            pass
        observed = current()
        assert observed is not None and observed.id == "outer"
    assert current() is None


def test_threads_that_a_request_starts_belong_to_it() -> None:
    def seen(_: int) -> str:
        observed = current()
        return observed.id if observed else "nobody's"

    with ThreadPoolExecutor(4) as threads:
        with Observed("GET", "mine"):
            carrying = carried(seen)
        assert set(threads.map(carrying, range(20))) == {"mine"}
        assert set(threads.map(seen, range(20))) == {"nobody's"}


def test_the_threads_of_a_batch_of_signed_urls_belong_to_its_request() -> None:
    with Observed("GET", "mine") as observed:
        assert _at_once(lambda _: current(), range(20)) == [observed] * 20


def test_threads_of_a_request_count_together() -> None:
    observed = Observed("GET", "mine")

    def ask(_: int) -> None:
        for _ in range(1000):
            observed.count_command()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(8)))
    assert observed.commands == 8000


@pytest.mark.parametrize("worker", ["azure_functions_worker", "azure.functions", "proxy_worker"])
def test_lines_of_the_worker_itself_stay_as_azure_reads_them(worker: str) -> None:
    with hosted(JSON, worker) as stream:
        logging.getLogger(worker).warning("Received")
    assert stream.getvalue() == "Received\n"


def test_a_handler_with_a_form_of_its_own_keeps_it() -> None:
    form, handler = logging.Formatter("%(levelname)s"), logging.StreamHandler(io.StringIO())
    handler.setFormatter(form)
    logging.getLogger().addHandler(handler)
    adopt(JSON)
    assert handler.formatter is form


@pytest.mark.parametrize("start", [write, adopt])
@pytest.mark.parametrize("library", ["azure.core.pipeline.policies.http", "pymongo.command", "urllib3.x"])
def test_libraries_tell_only_what_is_wrong(start: Callable[[Settings], None], library: str) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    start(Settings(log_level="DEBUG"))
    assert not logging.getLogger(library).isEnabledFor(logging.INFO)
    assert logging.getLogger(library).isEnabledFor(logging.WARNING)


@pytest.mark.parametrize(
    ("settings", "form", "is_told"),
    [
        (Settings(), TextLines, False),
        (Settings(log_level="DEBUG"), TextLines, True),
        (Settings(log_format="JSON"), JsonLines, True),
        (Settings(log_format="yaml"), TextLines, False),
    ],
)
def test_a_terminal_is_spared_a_line_a_request(settings: Settings, form: type, is_told: bool) -> None:
    before = list(logging.getLogger().handlers)
    write(settings)
    (handler,) = [h for h in logging.getLogger().handlers if h not in before]
    assert isinstance(handler.formatter, form)
    assert logging.getLogger("genesis.requests").isEnabledFor(logging.INFO) is is_told


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = App(Settings(data=str(tmp_path)))
    yield app
    app.close()


def test_a_request_is_one_line_with_all_that_is_known(app: App) -> None:
    run = Request(
        "POST",
        "/api/2.0/mlflow/runs/create",
        headers={
            "content-type": "application/json",
            "x-request-id": "mine",
            "x-mlflow-workspace": "team",
            "authorization": "Bearer never",
        },
        body=BytesBody(b'{"experiment_id": "0", "run_name": "never"}'),
    )
    with hosted(JSON, "genesis.requests") as stream:
        app.handle(run)
    (line,) = lines(stream)
    assert line.pop("time") and line.pop("ms") >= 0
    assert line.pop("database_commands") > 1
    assert line.pop("message").startswith("POST /mlflow/runs/create 200 ")
    assert line == {
        "level": "INFO",
        "logger": "genesis.requests",
        "request_id": "mine",
        "method": "POST",
        "route": "/mlflow/runs/create",
        "workspace": "team",
        "status": 200,
    }


def test_a_body_that_streams_later_belongs_to_its_request(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def pieces() -> Iterator[bytes]:
        try:
            for piece in (b"a", b"b", b"c"):
                logging.getLogger("genesis").error("piece")
                yield piece
        finally:
            logging.getLogger("genesis").error("closed")

    monkeypatch.setattr("genesis.app.encode", lambda _: Response(200, {}, pieces()))
    with hosted(JSON) as stream:
        response = app.handle(Request("GET", "/health", headers={"x-request-id": "mine"}))
        assert current() is None
        assert isinstance(response.body, Iterator)
        assert next(response.body) + next(response.body) == b"ab"
        with ThreadPoolExecutor(1) as threads:
            threads.submit(response.close).result()
    told = [(line["message"], line["request_id"]) for line in lines(stream) if line["level"] == "ERROR"]
    assert told == [("piece", "mine"), ("piece", "mine"), ("closed", "mine")]


def test_a_request_that_needs_no_database_says_so(app: App) -> None:
    with hosted(JSON, "genesis.requests") as stream:
        app.handle(Request("GET", "/health"))
    assert lines(stream)[0]["database_commands"] == 0
