"""The workbook in Azure reads the very fields that are logged."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from genesis.observed import Observed
from genesis.telemetry.lines import REQUESTS, JsonLines
from tests.infra.bicep import File

ROOT = Path(__file__).parents[2]
WORKBOOK = ROOT / "infra" / "bicep" / "workbook.json"
PAGE = ROOT / "docs" / "observability.md"


def logged() -> dict[str, Any]:
    """A request's line with every field that there is, a traceback too."""
    record = logging.LogRecord(REQUESTS, logging.INFO, "", 0, "GET /x 200", (), None)
    record.exc_info = (ValueError, ValueError("no"), None)
    with Observed("GET", "mine", is_charged=True) as observed:
        observed.workspace, observed.principal = "team", "ada"
        observed.end(200)
        line: dict[str, Any] = json.loads(JsonLines().format(record))
    return line


def queries() -> list[str]:
    items = json.loads(WORKBOOK.read_text())["items"]
    return [item["content"]["query"] for item in items if "query" in item["content"]]


@pytest.mark.parametrize("query", queries())
def test_a_query_reads_fields_that_are_logged(query: str) -> None:
    assert set(re.findall(r"\bline\.(\w+)", query)) <= logged().keys()


@pytest.mark.parametrize("query", queries())
def test_a_query_finds_the_lines_by_their_logger(query: str) -> None:
    named = re.findall(r'line\.logger == "([^"]+)"', query)
    assert all(name == logged()["logger"] for name in named)
    assert named or "SeverityLevel" in query


@pytest.mark.parametrize("query", queries())
def test_a_query_counts_what_sampling_has_left_out(query: str) -> None:
    assert "count()" not in query and "countif(" not in query
    assert "ItemCount" in query


def test_the_workbook_tells_of_everything_that_is_counted() -> None:
    read = set(re.findall(r"\bline\.(\w+)", " ".join(queries())))
    assert {"route", "status", "ms", "workspace", "database_commands", "request_charge"} <= read


def test_the_host_lets_the_worker_send_its_own_spans_and_no_library_does() -> None:
    assert json.loads((ROOT / "host.json").read_text())["telemetryMode"] == "OpenTelemetry"
    settings = File(ROOT / "infra" / "bicep" / "main.bicep").variables["settings"]
    assert isinstance(settings, dict)
    assert "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY" in settings
    # With this one alone the host would drop the worker's lines, and nobody would send them.
    assert "PYTHON_ENABLE_OPENTELEMETRY" not in settings
    silent = set(str(settings["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"]).split(","))
    assert {"azure_sdk", "requests", "urllib", "urllib3", "httpx"} <= silent


def test_the_page_explains_every_field() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.M))
    assert logged().keys() <= explained | {"stack"}


def test_the_page_s_sample_is_such_a_line() -> None:
    samples = re.findall(r"^(\{\"time\".*\})$", PAGE.read_text(), re.M)
    assert samples
    for sample in samples:
        assert json.loads(sample).keys() <= logged().keys()
