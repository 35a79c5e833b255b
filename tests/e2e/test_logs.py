"""What a server's log says of its requests, and what no request leaves in it, whatever it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import pytest
import urllib3

from genesis.routes import ROUTES, Route
from genesis.wire.base import Message
from tests.conftest import unused_database
from tests.e2e.rest import SECONDS
from tests.servers import Server
from tests.servers.azurite import azurite
from tests.servers.secantus import mongodb_address, secantusdb
from tests.servers.serve import genesis_serve

MARK = "m4rk"
"""In every secret, value and name that is sent here; never in a log."""
FIRST = f"gf_first_{MARK}_" + "f1r5t" * 13
STRANGERS = (
    {},
    {"Authorization": f"Bearer gf_aaaaaaaaaaaa_{MARK}"},
    {"Authorization": f"Bearer {MARK}"},
    {"Authorization": f"Basic {MARK}"},
    {"Authorization": f"Digest {MARK}"},
    urllib3.make_headers(basic_auth=f"{MARK}:{MARK}"),
)
BAD_BODIES = (b"{" + MARK.encode(), b'"' + MARK.encode() + b'"', b"\xff" + MARK.encode(), b"[]", b"null")
SECRET_ATTRIBUTES = {"sig", "signature", "grant", "token"}
"""Of a signed URL's query."""


@dataclass
class Player:
    """Sends requests full of marks, and collects the signatures that it is given."""

    url: str
    secrets: set[str] = field(default_factory=set)
    statuses: dict[str, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(retries=False, timeout=SECONDS)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        given = {"Authorization": f"Bearer {FIRST}", "Content-Type": "application/json"}
        sent = given if headers is None else headers
        reply = self._pool.request(method, self.url + path, body=body, headers=sent, redirect=False)
        self.statuses.setdefault(method, set()).add(reply.status)
        texts = [reply.data.decode("utf-8", "replace"), reply.headers.get("Location", "")]
        for found in re.findall(r"https?://[^\"\s]+", " ".join(texts)):
            query = dict(parse_qsl(urlsplit(found).query))
            self.secrets |= {query[name] for name in SECRET_ATTRIBUTES & query.keys()}
        return reply

    def made(self, verb: str, **fields: Any) -> Any:
        reply = self.send("POST", f"/api/2.0/mlflow/{verb}", json.dumps(fields).encode())
        assert reply.status == 200, reply.data
        return reply.json()

    def play(self, route: Route, fields: Mapping[str, Any]) -> None:
        path = next(iter(route.paths()))
        for name in re.findall(r"{(\w+)}", path):
            path = path.replace(f"{{{name}}}", quote(str(fields.get(name, MARK)), safe=""))
        path = re.sub(r"{\w+\*}", lambda _: quote(str(fields.get("path", f"{MARK}/{MARK}.txt"))), path)
        if route.method in ("GET", "DELETE", "HEAD"):
            self.send(route.method, f"{path}?{urlencode(fields, doseq=True)}")
        else:
            self.send(route.method, path, json.dumps(fields).encode())


def marked(annotation: Any, name: str) -> Any:
    """A value of a field, with a mark in it where it can be."""
    text = str(annotation)
    if "list" in text:
        inner = re.search(r"list\[.*?(\w+)[]|']", text)
        element = inner[1] if inner else "str"
        return [f"{MARK}-{name}"] if element == "str" else [{"key": f"{MARK}-{name}", "value": MARK}]
    return f"{MARK}-{name}" if "str" in text else 1


def usual(player: Player) -> dict[str, Any]:
    """Fields with which most requests get as far as the database and the storage."""
    experiment_id = player.made("experiments/create", name=f"{MARK} experiment")["experiment_id"]
    run_id = player.made("runs/create", experiment_id=experiment_id, run_name=MARK)["run"]["info"]["run_id"]
    player.made("registered-models/create", name=f"{MARK} model")
    entry = {"key": f"{MARK}-key", "value": f"{MARK}-value"}
    path = f"{experiment_id}/{run_id}/artifacts/{MARK}.txt"
    return {
        "experiment_id": experiment_id,
        "experiment_ids": [experiment_id],
        "run_id": run_id,
        "run_uuid": run_id,
        "run_ids": [run_id],
        "key": f"{MARK}-key",
        "value": f"{MARK}-value",
        "metric_key": MARK,
        "timestamp": 1,
        "step": 1,
        "max_results": 5,
        "name": f"{MARK} model",
        "filter": f"params.{MARK} = '{MARK}'",
        "order_by": [f"params.{MARK}"],
        "metrics": [{"key": f"{MARK}-key", "value": 1, "timestamp": 1, "step": 1}],
        "params": [entry],
        "tags": [entry],
        "path": path,
        "artifact_path": f"{MARK}/{MARK}.txt",
        "num_parts": 2,
        "expiration": 60,
        "uploads": [{"path": path}],
        "downloads": [path],
    }


def play(player: Player) -> None:
    """Every route: as it should be, with marks of the right and of wrong types, by strangers, and broken."""
    known = usual(player)
    for route in ROUTES:
        fields = route.request.model_fields if issubclass(route.request, Message) else {}
        marks = {name: marked(info.annotation, name) for name, info in fields.items()}
        player.play(route, marks | {name: known[name] for name in marks if name in known})
        player.play(route, marks)
        player.play(route, {name: {MARK: [MARK]} for name in marks})
        path = re.sub(r"{\w+\*?}", MARK, next(iter(route.paths())))
        for headers in STRANGERS:
            player.send(route.method, f"{path}?{MARK}={MARK}", headers=headers)
        for body in BAD_BODIES:
            player.send(route.method, path, body)
        for method in ("OPTIONS", "BREW"):
            player.send(method, path, MARK.encode())
    player.send("GET", f"/{MARK}/{MARK}.txt?{MARK}={MARK}")
    player.send("GET", f"/health?{MARK}", headers={"X-Request-Id": f"{MARK}!", "traceparent": MARK})
    carry(player, known["path"])


def carry(player: Player, path: str) -> None:
    """A file's life, through the server and by signed URLs, and what comes of URLs that were changed."""
    proxied = f"/api/2.0/mlflow-artifacts/artifacts/{path}"
    for method in ("PUT", "GET", "HEAD"):
        player.send(method, proxied, MARK.encode() if method == "PUT" else None)
    signed = player.send(
        "POST",
        "/api/2.0/genesis/artifacts/sign",
        json.dumps({"uploads": [{"path": path}], "downloads": [path]}).encode(),
    ).json()
    url = signed["downloads"][0]["url"]
    storage = urllib3.PoolManager(retries=False, timeout=SECONDS)
    for changed in (url, url[:-4] + MARK, url.replace(".txt", f"{MARK}.txt"), url + f"&{MARK}={MARK}"):
        for method in ("GET", "PUT", "DELETE"):
            storage.request(method, changed, body=MARK.encode() if method == "PUT" else None)
    player.send("DELETE", proxied)
    player.send("GET", proxied)


@dataclass
class Played:
    """A server that was sent everything, the storage and the database then taken from it."""

    log: str
    player: Player


@pytest.fixture(scope="module", params=["sqlite and a folder", "mongodb and blobs"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("logs")
    settings = {
        "GENESIS_AUTH": "token",
        "GENESIS_TOKEN": FIRST,
        "GENESIS_LOG_LEVEL": "DEBUG",
        "GENESIS_LOG_FORMAT": "json",
    }
    others: list[Server] = []
    database = ""
    if request.param != "sqlite and a folder":
        for start in (secantusdb, azurite):
            (folder / start.__name__).mkdir()
            others.append(start(folder / start.__name__).start())
        database = unused_database(mongodb_address(others[0]))
        settings["GENESIS_ARTIFACTS_URI"] = f"{others[1].url}/devstoreaccount1/logs"
        settings["GENESIS_STORAGE_CONNECTION_STRING"] = "UseDevelopmentStorage=true"
    with genesis_serve(folder / "data", database_uri=database, environment=settings) as server:
        player = Player(server.url)
        play(player)
        for other in others:
            other.kill()
        if others:
            fail(player)
        log = server.log.read_text()
    for other in others:
        other.stop()
    yield Played(log, player)


def fail(player: Player) -> None:
    """Requests for which the storage or the database is wanted, and is no more."""
    for path in (f"mlflow-artifacts/artifacts/1/{MARK}.txt", f"mlflow/runs/get?run_id={MARK}"):
        reply = player.send("GET", f"/api/2.0/{path}")
        assert (reply.status, reply.json()["message"].endswith(f"id {reply.headers['x-request-id']}.")) == (
            503,
            True,
        )


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def test_no_secret_value_or_name_is_in_the_log(played: Played) -> None:
    assert MARK not in played.log.lower(), [line for line in played.log.splitlines() if MARK in line.lower()][
        :5
    ]


def test_no_signature_is_in_the_log(played: Played) -> None:
    assert len(played.player.secrets) >= 2
    for secret in played.player.secrets:
        for form in (secret, quote(secret), quote(secret, safe=""), unquote(secret)):
            assert form not in played.log


def test_every_request_that_was_sent_has_its_line(played: Played) -> None:
    requests = [line for line in lines(played.log) if line["logger"] == "genesis.requests"]
    assert {f"{route.method} {route.path}" for route in ROUTES} <= {
        f"{line['method']} {line['route']}" for line in requests
    }
    assert {200, 400, 401, 404, 405} <= {line["status"] for line in requests}
    assert all(line["request_id"] and line["ms"] >= 0 for line in requests)


def test_what_is_no_json_is_only_the_welcome(played: Played) -> None:
    rest = [line for line in played.log.splitlines() if line and not line.startswith("{")]
    assert len(rest) < 20, rest
