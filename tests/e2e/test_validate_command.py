"""``genesis validate`` against good deployments and broken ones: each fails its check, and says why."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from genesis.validate.trip import FIXES as STEPS
from tests.e2e.rest import Rest
from tests.servers import Server, free_port
from tests.servers.azurite import azurite
from tests.servers.certificate import Certificate, self_signed
from tests.servers.relay import Relay, Reply
from tests.servers.secantus import mongodb_address, secantusdb
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment, genesis_serve
from tests.servers.stock import stock_mlflow

TOKEN = "gf_first_" + "0123456789abcdef" * 4
QUICK = [part for step in STEPS for part in ("--skip", step)]
"""Without a stock client's round trip."""
SECONDS = 180


class Findings:
    """What the command printed."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        assert done.stdout, done.stderr
        self.text = done.stdout + done.stderr
        self.code = done.returncode
        self.document = json.loads(done.stdout)
        self.results: dict[str, dict[str, str]] = {r["name"]: r for r in self.document["results"]}

    def ended(self, status: str) -> set[str]:
        return {name for name, result in self.results.items() if result["status"] == status}

    def detail(self, name: str) -> str:
        return self.results[name]["detail"]

    def fix(self, name: str) -> str:
        return self.results[name]["fix"]


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        genesis_command("validate", *arguments),
        env=genesis_environment(environment),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def validated(url: str, *arguments: str, **environment: str) -> Findings:
    return Findings(command("--url", url, "--json", *arguments, **environment))


def only(findings: Findings, failed: str) -> None:
    """Exactly this check failed, and says what to do."""
    told = {name: findings.detail(name) for name in findings.ended("failed")}
    assert list(told) == [failed], told
    assert findings.code == 1
    assert findings.fix(failed)


def left(url: str, **headers: str) -> tuple[list[str], list[str]]:
    """Experiments and registered models that a user would see."""
    rest = Rest(url)
    send = {"headers": headers} if headers else {}
    experiments = rest.send("GET", "/api/2.0/mlflow/experiments/search?max_results=1000", **send).json()
    models = rest.send("GET", "/api/2.0/mlflow/registered-models/search", **send).json()
    return (
        [e["name"] for e in experiments.get("experiments", [])],
        [m["name"] for m in models.get("registered_models", [])],
    )


NOTHING = (["Default"], [])


def files(data: Path) -> list[str]:
    """Artifacts that are kept in the folder."""
    root = data / "artifacts"
    found = (str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    return sorted(path for path in found if not path.startswith(".uploads/signing"))


class Place:
    """A server with its data in a folder."""

    def __init__(self, server: Server, data: Path) -> None:
        self.url = server.url
        self.port = server.port
        self.data = data

    def is_clean(self) -> bool:
        return left(self.url) == NOTHING and files(self.data) == []


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def good(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    data = tmp_path_factory.mktemp(f"validate-{request.param}")
    with genesis_serve(data, database_uri=new_database(request.param)) as server:
        yield Place(server, data)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("validate")
    with genesis_serve(data) as server:
        yield Place(server, data)


@pytest.fixture
def relay(place: Place) -> Iterator[Relay]:
    with Relay(place.port) as standing:
        yield standing


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server that wants a token."""
    data = tmp_path_factory.mktemp("validate-token")
    with genesis_serve(data, environment={"GENESIS_AUTH": "token", "GENESIS_TOKEN": TOKEN}) as server:
        yield Place(server, data)


def test_a_good_server_passes_every_check_and_keeps_nothing(good: Place) -> None:
    findings = validated(good.url)
    assert findings.code == 0, findings.text
    assert findings.document["ok"] is True
    assert findings.ended("failed") | findings.ended("warning") == set()
    assert findings.ended("skipped") == {"certificate", "wrong-credential", "storage-clock"}
    assert good.is_clean()


def test_a_good_server_with_blob_storage_passes_every_check(blob_server: Server) -> None:
    before = left(blob_server.url)
    findings = validated(blob_server.url)
    assert findings.code == 0, findings.text
    assert findings.ended("failed") | findings.ended("warning") == set()
    assert findings.results["storage-clock"]["status"] == "ok"
    assert left(blob_server.url) == before


def test_the_settings_of_the_caller_do_not_leak_into_the_client(place: Place) -> None:
    leaking = {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        "MLFLOW_REGISTRY_URI": "http://127.0.0.1:1",
        "MLFLOW_EXPERIMENT_NAME": "another",
        "MLFLOW_EXPERIMENT_ID": "404",
        "MLFLOW_RUN_ID": "404",
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "maybe",
        "GENESIS_DATABASE_URI": "nonsense",
    }
    findings = validated(place.url, **leaking)
    assert findings.code == 0, findings.text
    assert place.is_clean()


def test_mlflow_skinny_alone_does_all_but_load_the_model(place: Place, tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("raise ImportError('There is no pandas')")
    path = os.pathsep.join([str(tmp_path), str(REPOSITORY)])
    findings = validated(place.url, "--skip", "tracking", PYTHONPATH=path)
    assert findings.code == 0, findings.text
    assert "not loaded: There is no pandas" in findings.detail("models")
    assert place.is_clean()


def test_people_get_a_table(place: Place) -> None:
    done = command("--url", place.url, *QUICK)
    assert done.returncode == 0, done.stdout
    assert "ok       version              It answers as MLflow 3.18.0 does.\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "18 ok, 0 warning, 0 failed, 7 skipped."


def test_what_is_skipped_is_not_tried(relay: Relay) -> None:
    findings = validated(relay.url, "--skip", "experiment", "--skip", "version")
    assert findings.code == 0, findings.text
    assert {"experiment", "version", "direct", "tracking", "search"} <= findings.ended("skipped")
    assert "removal" not in findings.results
    assert not [line for line in relay.requests if "experiments/create" in line or "version" in line]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--url", "ftp://127.0.0.1"], "it must be https://host[:port][/path]"),
        (["--url", "https://me:secret-word@127.0.0.1"], "credentials are taken from the environment only"),
        (["--url", "http://127.0.0.1:99999"], "it must be https://host[:port][/path]"),
        (["--url", "http://127.0.0.1", "--skip", "all"], "'all' is none of https, name, connection"),
        (["--url", "http://127.0.0.1", "--app", "a"], "--app is of use with --azure only"),
        ([], "Missing option '--url'"),
    ],
)
def test_a_wrong_call_is_a_usage_error(arguments: list[str], words: str) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "secret-word" not in done.stderr


def test_a_port_that_nobody_listens_on_fails_the_connection() -> None:
    only(validated(f"http://127.0.0.1:{free_port()}"), "connection")


def test_a_host_that_is_not_known_fails_the_name() -> None:
    only(validated("https://genesis.invalid"), "name")


def test_a_token_server_passes_for_who_has_the_token(locked: Place) -> None:
    findings = validated(locked.url, MLFLOW_TRACKING_TOKEN=TOKEN)
    assert findings.code == 0, findings.text
    assert findings.detail("anonymous") == "Who does not say who they are gets a 401."
    assert findings.detail("wrong-credential") == "A made-up credential is refused."
    assert TOKEN not in findings.text
    assert left(locked.url, Authorization=f"Bearer {TOKEN}") == NOTHING


def test_a_token_server_takes_the_token_as_a_password(locked: Place) -> None:
    given = {"MLFLOW_TRACKING_USERNAME": "anybody", "MLFLOW_TRACKING_PASSWORD": TOKEN}
    findings = validated(locked.url, "--skip", "models", **given)
    assert findings.code == 0, findings.text
    assert TOKEN not in findings.text


@pytest.mark.parametrize("token", ["", "gf_aaaaaaaaaaaa_" + "b" * 52])
def test_who_has_no_good_token_is_told_so(locked: Place, token: str) -> None:
    findings = validated(locked.url, MLFLOW_TRACKING_TOKEN=token)
    only(findings, "credential")
    assert "experiment" in findings.ended("skipped")


def test_a_proxy_that_drops_credentials_fails_the_credential(locked: Place) -> None:
    class Drops(Relay):
        def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
            kept = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            return super().send(method, path, kept, body)

    with Drops(locked.port) as standing:
        only(validated(standing.url, MLFLOW_TRACKING_TOKEN=TOKEN), "credential")


def test_a_proxy_that_opens_artifacts_fails_their_check(locked: Place) -> None:
    class Opens(Relay):
        def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
            given = {**headers, "Authorization": f"Bearer {TOKEN}"} if "artifacts" in path else headers
            return super().send(method, path, given, body)

    with Opens(locked.port) as standing:
        only(validated(standing.url, *QUICK, MLFLOW_TRACKING_TOKEN=TOKEN), "anonymous-artifacts")


def own_address() -> str:
    """One of this machine's addresses that others reach; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address: str = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    return address


def listening_everywhere(data: Path, auth: Mapping[str, str]) -> Server:
    port = free_port()
    arguments = ("serve", "--host", "0.0.0.0", "--port", str(port), "--data", str(data))  # noqa: S104
    environment = genesis_environment(auth)
    return Server(
        genesis_command(*arguments), port=port, health="/health", environment=environment, cwd=REPOSITORY
    )


def test_without_tls_on_an_address_that_others_reach_no_credential_is_sent(tmp_path: Path) -> None:
    address = own_address()
    with listening_everywhere(tmp_path, {"GENESIS_AUTH": "token", "GENESIS_TOKEN": TOKEN}) as server:
        findings = validated(f"http://{address}:{server.port}", MLFLOW_TRACKING_TOKEN=TOKEN)
        only(findings, "https")
        assert findings.detail("credential") == "Yours is not sent without TLS."
        assert left(server.url, Authorization=f"Bearer {TOKEN}") == NOTHING


def test_a_server_that_is_open_to_anyone_fails_what_protects_it(tmp_path: Path) -> None:
    address = own_address()
    with listening_everywhere(tmp_path, {"GENESIS_AUTH": "open-to-anyone"}) as server:
        findings = validated(f"http://{address}:{server.port}", *QUICK)
    assert findings.ended("failed") == {"https", "anonymous", "anonymous-artifacts", "wrong-credential"}
    assert "GENESIS_AUTH" in findings.fix("anonymous")


class TlsRelay(Relay):
    """TLS in front of a server without; says so to it, unless told not to."""

    says_so = True

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        connection = HTTPConnection("127.0.0.1", self._upstream)
        said = {"X-Forwarded-Proto": "https"} if self.says_so else {}
        try:
            connection.request(method, path, body, {**headers, **said})
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def tls(place: Place, certificate: Certificate) -> Iterator[TlsRelay]:
    with TlsRelay(place.port, certificate) as standing:
        yield standing


def test_a_certificate_that_nobody_vouches_for_fails_before_anything_is_sent(tls: TlsRelay) -> None:
    findings = validated(tls.url, MLFLOW_TRACKING_TOKEN=TOKEN)
    only(findings, "certificate")
    assert "self-signed certificate" in findings.detail("certificate")
    assert tls.requests == []


def test_with_tls_all_is_well_and_a_certificate_about_to_end_is_a_warning(
    place: Place, tls: TlsRelay, certificate: Certificate
) -> None:
    findings = validated(tls.url, REQUESTS_CA_BUNDLE=str(certificate.file))
    assert findings.code == 0, findings.text
    assert findings.ended("warning") == {"certificate"}
    assert "valid for 0 more days" in findings.detail("certificate")
    assert place.is_clean()


def test_a_proxy_that_does_not_say_that_it_speaks_tls_fails_direct_transfers(
    tls: TlsRelay, certificate: Certificate
) -> None:
    tls.says_so = False
    findings = validated(tls.url, *QUICK, REQUESTS_CA_BUNDLE=str(certificate.file))
    only(findings, "direct")
    assert "X-Forwarded-Proto" in findings.fix("direct")


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
            Reply(200, {}, b'{"store_type":"SqlStore","genesis":{"artifacts":1}}'),
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


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_who_interrupts_it_finds_nothing_left(relay: Relay, place: Place, how: signal.Signals) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def meddle(line: str, send: Callable[[], Reply]) -> Reply:
        if line.startswith("PUT ") and "large.bin" in line:
            arrived.set()
            go_on.wait(SECONDS)
        return send()

    relay.meddle = meddle
    process = subprocess.Popen(
        genesis_command("validate", "--url", relay.url, "--json"),
        env=genesis_environment({}),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert arrived.wait(SECONDS)
        process.send_signal(how)
        output, errors = process.communicate(timeout=SECONDS)
    finally:
        go_on.set()
        process.kill()
        process.wait()
    assert process.returncode == 130
    document: dict[str, Any] = json.loads(output)
    assert (document["interrupted"], document["ok"]) == (True, False)
    assert document["results"][-1]["name"] == "removal"
    assert document["results"][-1]["status"] == "ok"
    assert errors.endswith("Interrupted.\n")
    assert left(place.url) == NOTHING


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


def test_az_is_asked_where_a_resource_group_is_named(place: Place, tmp_path: Path) -> None:
    from tests.unit.validate.azure_group import answers, fake_az

    fake_az(tmp_path, answers())
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    findings = validated(place.url, "--azure", "genesis-rg", *QUICK, PATH=path)
    assert findings.code == 0, findings.text
    assert findings.ended("warning") == {"azure-address"}
    asked = {name for name in findings.results if name.startswith("azure-")}
    assert asked - findings.ended("ok") == {"azure-address"}
    assert len(asked) == 7
