"""A span for each request, where OpenTelemetry is set up, and nothing of it where it is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from genesis.app import App
from genesis.http import Request
from genesis.observed import Observed
from genesis.settings import Settings
from genesis.telemetry.spans import Spans

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
GET = "/api/2.0/mlflow/experiments/get"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> TracerProvider:
    """The process's provider, for this test alone."""
    provider = TracerProvider()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return provider


@pytest.fixture
def ended(provider: TracerProvider) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = App(Settings(data=str(tmp_path)))
    yield app
    app.close()


def only(ended: InMemorySpanExporter) -> ReadableSpan:
    (span,) = ended.get_finished_spans()
    return span


def test_a_request_is_one_span_with_all_that_is_known(app: App, ended: InMemorySpanExporter) -> None:
    headers = {"x-request-id": "mine", "x-mlflow-workspace": "team", "authorization": "Bearer never"}
    app.handle(Request("GET", GET, "experiment_id=7", headers))
    span = only(ended)
    assert (span.name, span.kind) == ("GET /mlflow/experiments/get", SpanKind.SERVER)
    attributes = dict(span.attributes or {})
    assert attributes.pop("genesis.database.commands") > 0
    assert attributes == {
        "http.request.method": "GET",
        "http.route": "/mlflow/experiments/get",
        "http.response.status_code": 404,
        "genesis.request_id": "mine",
        "genesis.workspace": "team",
    }
    assert span.status.status_code is StatusCode.UNSET


def test_a_span_names_who_asked_and_what_it_cost(ended: InMemorySpanExporter) -> None:
    with Observed("GET", "mine", is_charged=True) as observed, Spans().span(observed, {}):
        observed.principal = "ada@example.com"
        observed.add_charge(2.339)
        observed.end(200)
    attributes = only(ended).attributes or {}
    assert attributes["enduser.id"] == "ada@example.com"
    assert attributes["genesis.database.request_charge"] == 2.34


def test_a_span_belongs_to_the_caller_s_trace(app: App, ended: InMemorySpanExporter) -> None:
    app.handle(Request("GET", "/health", headers=PARENT))
    span = only(ended)
    assert span.context is not None and span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE == (span.attributes or {})["genesis.request_id"]
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"


def test_a_span_of_the_host_is_the_nearer_parent(
    app: App, provider: TracerProvider, ended: InMemorySpanExporter
) -> None:
    with provider.get_tracer("host").start_as_current_span("host") as host:
        app.handle(Request("GET", "/health", headers=PARENT))
    span = ended.get_finished_spans()[0]
    assert span.parent is not None and span.parent.span_id == host.get_span_context().span_id


def test_the_span_is_the_current_one_while_its_request_is_handled(ended: InMemorySpanExporter) -> None:
    with Observed("GET", "mine") as observed, Spans().span(observed, {}):
        current = trace.get_current_span().get_span_context().span_id
    assert current == only(ended).get_span_context().span_id
    assert not trace.get_current_span().get_span_context().is_valid


def test_a_failure_is_seen_and_its_text_is_not(
    app: App, ended: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr("genesis.app.match", broken)
    app.handle(Request("GET", "/health"))
    span = only(ended)
    assert span.status.status_code is StatusCode.ERROR
    assert not span.events
    assert "/secret/path" not in span.to_json()


def test_what_is_raised_through_a_span_leaves_no_text_in_it(ended: InMemorySpanExporter) -> None:
    observed = Observed("GET", "mine")
    with pytest.raises(RuntimeError), Spans().span(observed, {}):
        raise RuntimeError("/secret/path")
    assert "/secret/path" not in only(ended).to_json()


def test_a_provider_that_comes_later_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = App(Settings(data=str(tmp_path)))
    app.handle(Request("GET", "/health"))
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    app.handle(Request("GET", "/version"))
    assert only(exporter).name == "GET /version"


WITHOUT = """
import sys, tempfile
from genesis.app import App
from genesis.http import Request
from genesis.settings import Settings
{before}
app = App(Settings(data=tempfile.mkdtemp()))
assert app.handle(Request("GET", "/health")).status == 200
print(*[name for name in ("opentelemetry", "opentelemetry.sdk") if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("before", "loaded"), [("", ""), ("import opentelemetry.trace", "opentelemetry")], ids=["not", "unused"]
)
def test_without_a_provider_nothing_more_is_loaded(before: str, loaded: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(before=before)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == loaded
