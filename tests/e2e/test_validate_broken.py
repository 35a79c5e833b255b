"""``genesis validate`` against broken deployments: each fails its check alone, and is told what to do."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest

from tests.e2e.rest import Rest
from tests.e2e.validating import (
    NOTHING,
    QUICK,
    SECONDS,
    Place,
    left,
    only,
    validated,
)
from tests.servers import Server, free_port
from tests.servers.azurite import azurite
from tests.servers.relay import Relay, Reply
from tests.servers.secantus import mongodb_address, secantusdb
from tests.servers.serve import genesis_serve
from tests.servers.stock import stock_mlflow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("validate")
    with genesis_serve(data) as server:
        yield Place(server, data)


@pytest.fixture
def relay(place: Place) -> Iterator[Relay]:
    with Relay(place.port) as standing:
        yield standing


def without(name: str) -> Callable[[str, Callable[[], Reply]], Reply]:
    """A proxy that drops a header of every reply."""

    def meddle(line: str, send: Callable[[], Reply]) -> Reply:
        reply = send()
        return reply._replace(headers={k: v for k, v in reply.headers.items() if k.lower() != name})

    return meddle


def test_without_a_date_clocks_are_only_a_warning(relay: Relay) -> None:
    relay.meddle = without("date")
    findings = validated(relay.url, *QUICK)
    assert findings.code == 0, findings.text
    assert findings.ended("warning") == {"clock"}


@pytest.mark.parametrize("minutes", [10, -10])
def test_a_clock_that_is_ten_minutes_off_fails(relay: Relay, minutes: int) -> None:
    def meddle(line: str, send: Callable[[], Reply]) -> Reply:
        reply = send()
        there: datetime = parsedate_to_datetime(reply.headers["date"]) + timedelta(minutes=minutes)
        return reply._replace(headers={**reply.headers, "date": format_datetime(there, usegmt=True)})

    relay.meddle = meddle
    findings = validated(relay.url, *QUICK)
    only(findings, "clock")
    assert ("ahead of" if minutes > 0 else "behind") in findings.detail("clock")


def test_a_proxy_that_drops_a_security_header_fails_headers(relay: Relay) -> None:
    relay.meddle = without("x-frame-options")
    findings = validated(relay.url, *QUICK)
    only(findings, "headers")
    assert findings.detail("headers") == "Replies lack x-frame-options."


def replaced(part: str, reply: Reply) -> Callable[[str, Callable[[], Reply]], Reply]:
    """A proxy that answers some requests itself."""
    return lambda line, send: reply if part in line else send()


BROKEN = Reply(
    500, {"content-type": "application/json"}, b'{"error_code":"INTERNAL_ERROR","message":"Broken."}'
)


@pytest.mark.parametrize(
    ("part", "reply", "check"),
    [
        ("GET /version", Reply(200, {}, b"3.17.0"), "version"),
        ("/mlflow/server-info", Reply(401, {}, b"Sign in first."), "server-info"),
        (
            "/mlflow/server-info",
            Reply(200, {}, b'{"store_type":"SqlStore","artifacts_presigned_only":true}'),
            "server-info",
        ),
        ("/mlflow/server-info", Reply(200, {}, b'{"store_type":"SqlStore"}'), "settings"),
        ("GET /health/live", Reply(503, {}, b"Starting."), "live"),
        ("GET /health/ready", BROKEN, "ready"),
        ("POST /api/2.0/mlflow/experiments/create", BROKEN, "experiment"),
        ("POST /api/2.0/genesis/artifacts/sign", BROKEN, "direct"),
        ("PUT /signed/", BROKEN, "direct"),
    ],
)
def test_each_endpoint_that_is_broken_fails_its_check(
    relay: Relay, place: Place, part: str, reply: Reply, check: str
) -> None:
    relay.meddle = replaced(part, reply)
    findings = validated(relay.url, *QUICK)
    only(findings, check)
    assert place.is_clean()


def test_what_could_not_be_removed_is_named(relay: Relay, place: Place) -> None:
    relay.meddle = replaced("POST /api/2.0/mlflow/experiments/delete", BROKEN)
    findings = validated(relay.url, *QUICK)
    only(findings, "removal")
    (name,) = (name for name in left(place.url)[0] if name != "Default")
    assert name in findings.detail("removal")
    experiment = Rest(place.url).get("experiments/get-by-name", experiment_name=name).json()["experiment"]
    assert Rest(place.url).post("experiments/delete", experiment_id=experiment["experiment_id"]).status == 200


@pytest.mark.parametrize(
    ("part", "check"),
    [
        ("POST /api/2.0/mlflow/runs/log-batch", "tracking"),
        ("large.bin", "artifacts"),
        ("POST /api/2.0/mlflow/registered-models/alias", "models"),
        ("GET /api/2.0/mlflow/registered-models/search", "search"),
    ],
)
def test_each_step_of_a_stock_client_that_fails_is_told_and_leaves_nothing(
    relay: Relay, place: Place, part: str, check: str
) -> None:
    relay.meddle = replaced(part, BROKEN._replace(status=400))
    only(validated(relay.url), check)
    assert place.is_clean()


def test_a_cache_that_does_not_mind_signatures_fails_signed_urls(relay: Relay, place: Place) -> None:
    kept: list[Reply] = []

    def meddle(line: str, send: Callable[[], Reply]) -> Reply:
        if not line.startswith("GET /signed/"):
            return send()
        kept.append(kept[0] if kept else send())
        return kept[0]

    relay.meddle = meddle
    only(validated(relay.url, *QUICK), "signed-urls")
    assert place.is_clean()


def test_a_stock_server_is_told_apart(tmp_path: Path) -> None:
    with stock_mlflow(tmp_path) as server:
        findings = validated(server.url)
        only(findings, "version")
        assert findings.ended("warning") == {"live", "ready", "direct"}
        assert {"tracking", "artifacts", "models", "search", "removal"} <= findings.ended("ok")
        assert left(server.url) == NOTHING


def until_not_ready(server: Server) -> None:
    """Its last answer, which it keeps for a moment, may be older than what was just broken."""
    rest, deadline = Rest(server.url), time.monotonic() + SECONDS
    while rest.send("GET", "/health/ready").status == 200:
        assert time.monotonic() < deadline


def test_a_database_that_is_down_fails_ready(tmp_path: Path) -> None:
    (tmp_path / "mongo").mkdir()
    with secantusdb(tmp_path / "mongo") as mongo:
        uri = mongodb_address(mongo).replace("/?", "/genesis?")
        with genesis_serve(tmp_path, database_uri=uri) as server:
            assert validated(server.url, "--database", *QUICK, GENESIS_DATABASE_URI=uri).code == 0
            mongo.kill()
            until_not_ready(server)
            findings = validated(server.url)
            only(findings, "ready")
            assert "database" in findings.detail("ready")
            assert "experiment" in findings.ended("skipped")


def test_a_database_of_other_settings_is_not_taken_for_the_servers(place: Place) -> None:
    uri = f"mongodb://me:secret-word@127.0.0.1:{free_port()}/genesis?serverSelectionTimeoutMS=200"
    findings = validated(place.url, "--database", *QUICK, GENESIS_DATABASE_URI=uri)
    only(findings, "database")
    assert "secret-word" not in findings.text


def test_storage_that_is_down_fails_ready(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    with azurite(tmp_path / "blobs") as storage:
        settings = {
            "GENESIS_ARTIFACTS_URI": f"{storage.url}/devstoreaccount1/validate",
            "GENESIS_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
        }
        with genesis_serve(tmp_path, environment=settings) as server:
            storage.kill()
            until_not_ready(server)
            findings = validated(server.url)
            only(findings, "ready")
            assert "artifacts" in findings.detail("ready")


def test_a_folder_of_artifacts_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    with genesis_serve(tmp_path) as server:
        shutil.rmtree(tmp_path / "artifacts")
        (tmp_path / "artifacts").write_text("no folder")
        findings = validated(server.url)
        only(findings, "ready")
        assert "artifacts" in findings.detail("ready")
