"""What Azure gets to know of requests: log lines by the worker, spans by the worker's own OpenTelemetry."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.functions.published import functions_host
from tests.servers import Server

MARK = "m4rk"
TRACE = "0af7651916cd43dd8448eb211c80319c"
KEY = "00000000-0000-0000-0000-000000000001"
HEADERS = {"x-mlflow-workspace": "team", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
ARTIFACT = f"/api/2.0/mlflow-artifacts/artifacts/1/{MARK}.txt?{MARK}={MARK}"


class Ingestion(ThreadingHTTPServer):
    """Application Insights, as far as taking what it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.came = threading.Condition()
        self.envelopes: list[dict[str, Any]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def find(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first envelope of a kind, when it has come."""

        def found() -> dict[str, Any] | None:
            return next((envelope for envelope in self.envelopes if is_it(envelope)), None)

        with self.came:
            assert self.came.wait_for(found, 30), self.envelopes
            envelope = found()
        assert envelope is not None
        return envelope


def told(envelope: dict[str, Any]) -> dict[str, Any]:
    """What an envelope is about; the exporter sends some about itself that have nothing."""
    data: dict[str, Any] = envelope.get("data", {})
    return data


class Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Ingestion

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        text = body.decode().strip()
        items = json.loads(text) if text.startswith("[") else list(map(json.loads, text.splitlines()))
        with self.server.came:
            self.server.envelopes += items
            self.server.came.notify_all()
        reply = json.dumps({"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def ingestion() -> Iterator[Ingestion]:
    server = Ingestion()
    yield server
    server.shutdown()
    server.server_close()


def ask(server: Server, method: str, path: str, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
    return urllib3.request(method, server.url + path, body=body, headers=HEADERS, retries=False)


def test_the_worker_is_given_lines_of_json(published: Path, tmp_path: Path) -> None:
    with functions_host(published, GENESIS_DATA=str(tmp_path), GENESIS_LOG_FORMAT="json") as server:
        reply = ask(server, "PUT", ARTIFACT, MARK.encode())
        log = server.log.read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{") and '"logger"' in line]
    (line,) = [line for line in lines if line["logger"] == "genesis.requests"]
    assert reply.headers["x-request-id"] == line["request_id"] == TRACE
    assert (line["method"], line["workspace"], line["status"]) == ("PUT", "team", 200)
    assert MARK not in log


def test_the_worker_sends_a_span_and_the_lines_of_each_request(
    published: Path, tmp_path: Path, ingestion: Ingestion
) -> None:
    address = f"http://127.0.0.1:{ingestion.server_port}/"
    settings = {
        "GENESIS_DATA": str(tmp_path),
        "GENESIS_LOG_FORMAT": "json",
        "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "true",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "azure_sdk,requests,urllib,urllib3",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={KEY};"
        f"IngestionEndpoint={address};LiveEndpoint={address}",
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
        "OTEL_TRACES_SAMPLER": "always_on",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
    }
    with functions_host(published, **settings) as server:
        assert ask(server, "PUT", ARTIFACT, MARK.encode()).status == 200
        span = ingestion.find(lambda e: told(e).get("baseType") == "RequestData")
        line = ingestion.find(lambda e: "genesis.requests" in told(e).get("baseData", {}).get("message", ""))
        assert MARK not in server.log.read_text()

    data = span["data"]["baseData"]
    assert data["name"] == "PUT /mlflow-artifacts/artifacts/{artifact_path*}"
    assert (data["responseCode"], data["success"]) == ("200", True)
    assert data["properties"]["genesis.workspace"] == "team"
    assert data["properties"]["genesis.request_id"] == TRACE
    assert span["tags"]["ai.operation.id"] == line["tags"]["ai.operation.id"] == TRACE
    assert json.loads(line["data"]["baseData"]["message"])["workspace"] == "team"
    assert MARK not in json.dumps(ingestion.envelopes)
