"""The one call that lets requests in, as the App makes it: every endpoint in every mode."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from genesis import routes
from genesis.app import ALIVE, App
from genesis.auth import Authentication
from genesis.errors import GenesisError
from genesis.http import BytesBody, Request, Response
from genesis.routes import ROUTES, Route
from genesis.settings import Settings
from tests.servers.directory import AUDIENCE, TENANT

FIRST = "gf_first_" + "a" * 64
GOOD = {"authorization": f"Bearer {FIRST}"}
NOWHERE = "mongodb://127.0.0.1:1/none"
"""In Azure nothing is kept in a file."""
MODES: dict[str, dict[str, Any]] = {
    "token": {"auth": "token", "token": FIRST},
    "entra": {"auth": "entra", "entra_tenant": TENANT, "entra_audience": AUDIENCE},
    "platform": {"auth": "platform", "in_azure": True, "easy_auth": True, "database_uri": NOWHERE},
}
OPEN = {
    *("/health", "/version", "/mlflow/server-info"),
    *("/health/live", "/health/ready"),
    "/signed/{artifact_path*}",
    *("/", "/static-files/{path*}"),
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with closing(App(Settings(data=str(tmp_path), **MODES["token"]))) as app:
        yield app


def call(
    app: App, method: str, path: str, *, json_body: Any = None, headers: dict[str, str] | None = None
) -> Response:
    path, _, query = path.partition("?")
    content = b"" if json_body is None else json.dumps(json_body).encode()
    given = {"content-type": "application/json", "host": "here", **(headers or {})}
    return app.handle(Request(method, path, query, given, BytesBody(content), peer="192.0.2.1"))


def body(response: Response) -> Any:
    return json.loads(response.whole())


def place(route: Route) -> str:
    return next(route.paths()).replace("{artifact_path*}", "1/a.txt").replace("{", "").replace("}", "")


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.usefixtures("impatient")
def test_every_endpoint_but_the_open_ones_asks_who_is_there(tmp_path: Path, mode: str, route: Route) -> None:
    with closing(App(Settings(data=str(tmp_path), **MODES[mode]))) as app:
        response = call(app, route.method, place(route))
    if route.path in OPEN:
        assert route.open and response.status != 401
        return
    assert not route.open
    assert (response.status, body(response)["error_code"]) == (401, "UNAUTHENTICATED")
    assert "mlflow" in response.headers["WWW-Authenticate"]
    assert not (tmp_path / "genesis.db").exists()


def test_nothing_of_a_request_that_is_refused_is_read(app: App) -> None:
    class Untouched(BytesBody):
        def chunks(self) -> Iterator[bytes]:
            raise AssertionError("the body was read")

        read = chunks  # type: ignore[assignment]

    path = "/api/2.0/mlflow-artifacts/artifacts/1/a.txt"
    assert app.handle(Request("PUT", path, body=Untouched())).status == 401


def test_a_signed_url_is_good_without_a_credential(app: App) -> None:
    asked = {"uploads": [{"path": "1/a.txt"}]}
    sign = "/api/2.0/genesis/artifacts/sign"
    assert call(app, "POST", sign, json_body=asked).status == 401
    (upload,) = body(call(app, "POST", sign, json_body=asked, headers=GOOD))["uploads"]
    path = upload["parts"][0]["url"].removeprefix("http://here")
    assert call(app, "PUT", path, json_body="x").status in (200, 201)
    assert call(app, "PUT", path + "0", json_body="x").status == 403


def create_run(app: App, headers: dict[str, str]) -> Any:
    asked = {"experiment_id": "0", "user_id": "whoever-they-say"}
    return body(call(app, "POST", "/api/2.0/mlflow/runs/create", json_body=asked, headers=headers))


def test_a_run_is_of_the_principal_not_of_who_the_client_says(app: App) -> None:
    assert create_run(app, GOOD)["run"]["info"]["user_id"] == "deployment"


def test_where_nobody_has_to_say_who_they_are_a_run_is_of_who_the_client_says(tmp_path: Path) -> None:
    with closing(App(Settings(data=str(tmp_path)))) as app:
        claimed = {"x-ms-client-principal-name": "root", **GOOD}
        assert create_run(app, claimed)["run"]["info"]["user_id"] == "whoever-they-say"


def test_the_platforms_headers_are_trusted_only_where_it_was_said(
    app: App, tmp_path: Path, mongodb_uri: str
) -> None:
    claimed = {"x-ms-client-principal-name": "root", "x-ms-client-principal-id": "0"}
    assert call(app, "GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers=claimed).status == 401
    settings = Settings(data=str(tmp_path), **{**MODES["platform"], "database_uri": mongodb_uri})
    with closing(App(settings)) as behind:
        assert create_run(behind, claimed)["run"]["info"]["user_id"] == "root"


def test_a_workspace_is_whoevers_names_it_and_must_be_well_formed(app: App) -> None:
    get = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=a"
    team = {**GOOD, "x-mlflow-workspace": "team-a"}
    create = "/api/2.0/mlflow/experiments/create"
    assert call(app, "POST", create, json_body={"name": "a"}, headers=team).status == 200
    assert call(app, "GET", get, headers=team).status == 200
    assert call(app, "GET", get, headers=GOOD).status == 404
    assert call(app, "GET", get, headers={**GOOD, "x-mlflow-workspace": "Team A"}).status == 400
    assert call(app, "GET", get, headers={"x-mlflow-workspace": "Team A"}).status == 401


def test_failures_are_counted_by_where_they_come_from(tmp_path: Path) -> None:
    get = "/api/2.0/mlflow/experiments/get"
    wrong = {"authorization": "Bearer wrong"}

    def statuses(app: App, forwarded: str, peer: str, times: int) -> list[int]:
        headers = {**wrong, "x-forwarded-for": forwarded}
        return [app.handle(Request("GET", get, headers=headers, peer=peer)).status for _ in range(times)]

    with closing(App(Settings(data=str(tmp_path), **MODES["token"]))) as here:
        assert statuses(here, "203.0.113.1", "192.0.2.1", 11)[-1] == 429
        assert statuses(here, "203.0.113.1", "192.0.2.2", 1) == [401]
        assert statuses(here, "203.0.113.2", "192.0.2.1", 1) == [429]
    azure = Settings(data=str(tmp_path), **MODES["token"], in_azure=True, database_uri=NOWHERE)
    with closing(App(azure)) as there:
        assert statuses(there, "forged, 203.0.113.1:4711", "192.0.2.1", 11)[-1] == 429
        assert statuses(there, "other, 203.0.113.1:4712", "192.0.2.2", 1) == [429]
        assert statuses(there, "203.0.113.1, 203.0.113.2", "192.0.2.1", 1) == [401]


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A row of that path, whoever adds it."""
    row = next(r for r in ROUTES if r.path == "/health")._replace(path=ALIVE)
    monkeypatch.setattr(routes, "ROUTES", (*(r for r in ROUTES if r.path != ALIVE), row))
    routes.table.cache_clear()
    yield
    monkeypatch.undo()
    routes.table.cache_clear()


def test_open_by_accident_in_azure_answers_nothing_but_that_it_lives(
    tmp_path: Path, alive: None, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(App(Settings(data=str(tmp_path), in_azure=True))) as app:
        for path in ("/health", "/api/2.0/mlflow/experiments/get?experiment_id=0", "/version", "/health"):
            response = call(app, "GET", path)
            assert (response.status, response.headers["Retry-After"]) == (503, "30")
            assert "GENESIS_AUTH is none" in body(response)["message"]
        assert call(app, "GET", ALIVE).status == 200
    told = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert ["GENESIS_AUTH is none" in r.getMessage() for r in told] == [True]
    assert not (tmp_path / "genesis.db").exists()


@pytest.mark.parametrize("mode", ["none", "open-to-anyone"])
def test_without_a_mode_nobody_is_asked(tmp_path: Path, mode: str) -> None:
    def engine() -> Any:
        raise AssertionError("the database was opened")

    authentication = Authentication(Settings(auth=mode), engine)
    context = authentication.authenticate(Request("GET", "/", headers=GOOD), open=False)
    assert (context.principal, context.workspace) == ("", "default")


def asked_for(host: str, mode: str = "none", *, open: bool = False) -> str:
    authentication = Authentication(Settings(auth=mode), lambda: pytest.fail("the database was opened"))
    return authentication.authenticate(Request("GET", "/", headers={"host": host}), open=open).workspace


REBOUND = [
    "evil.example",
    "evil.example:7071",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "EVIL.EXAMPLE.",
]


@pytest.mark.parametrize("host", REBOUND)
def test_a_page_whose_name_was_made_to_lead_to_this_machine_gets_nothing(host: str) -> None:
    with pytest.raises(GenesisError, match="DNS rebinding") as caught:
        asked_for(host)
    assert caught.value.status == 403
    assert asked_for(host, open=True) == asked_for(host, "open-to-anyone") == "default"


@pytest.mark.parametrize(
    "host",
    [
        *("", "localhost", "LOCALHOST:7071", "a.localhost", "my-box:7071", "host.docker.internal:7071"),
        *("127.0.0.1:7071", "192.0.2.1", "[::1]:7071", "[::1]"),
    ],
)
def test_who_calls_this_machine_by_an_address_or_a_name_of_its_own_is_answered(host: str) -> None:
    assert asked_for(host) == "default"


def test_a_credential_on_an_open_endpoint_is_not_looked_at() -> None:
    def engine() -> Any:
        raise AssertionError("the database was opened")

    authentication = Authentication(Settings(**MODES["token"]), engine)
    wrong = Request("GET", "/health", headers={"authorization": "Bearer wrong"})
    assert authentication.authenticate(wrong, open=True).principal == ""
    with pytest.raises(GenesisError):
        authentication.authenticate(wrong, open=False)


def test_no_line_of_the_log_has_a_credential(app: App, caplog: pytest.LogCaptureFixture) -> None:
    wrong = "gf_abcdefgh2345_" + "s3cret" * 7 + "x"
    with caplog.at_level(logging.DEBUG):
        create_run(app, GOOD)
        call(app, "GET", "/api/2.0/mlflow/runs/get", headers={"authorization": f"Bearer {wrong}"})
        call(app, "GET", "/api/2.0/mlflow/runs/get", headers={"authorization": "Basic QWRhOnMzY3JldA=="})
    assert "/mlflow/runs/get 401" in caplog.text
    for secret in (FIRST, "s3cret", "QWRhOnMzY3JldA"):
        assert secret not in caplog.text


@pytest.mark.parametrize("mode", [*MODES, "none"])
def test_a_page_of_another_site_changes_nothing_in_any_mode(tmp_path: Path, mode: str) -> None:
    with closing(App(Settings(data=str(tmp_path), **MODES.get(mode, {})))) as app:
        response = call(
            app, "POST", "/api/2.0/mlflow/runs/search", headers={"origin": "https://evil.example"}
        )
    assert (response.status, body(response)["error_code"]) == (403, "PERMISSION_DENIED")
