"""Requests that no client of good will sends: each gets a refusal, and the server goes on."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator

import pytest

from tests.e2e.answers import assert_discreet, assert_undisturbed, refusal_of
from tests.e2e.rest import Rest
from tests.servers import Server
from tests.servers.serve import genesis_serve

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with genesis_serve(tmp_path_factory.mktemp("hostile")) as serving:
        yield serving


@pytest.fixture(autouse=True)
def still_healthy(server: Server) -> Iterator[None]:
    """After each test the server answers, and has met nothing it did not expect."""
    yield
    assert Rest(server.url).send("GET", "/health").data == b"OK"
    assert_undisturbed(server.log.read_text())


@pytest.fixture(scope="module")
def run_id(server: Server) -> str:
    return Rest(server.url).new_run()


def post(server: Server, path: str, body: bytes, **headers: str) -> int:
    """The status of a POST of exactly these bytes."""
    sent = {"Content-Type": "application/json", **headers}
    return refusal_of(Rest(server.url).send("POST", API + path, body=body, headers=sent))


BODIES = {
    "nothing": b"",
    "malformed": b'{"name": "x"',
    "an array": b"[1, 2, 3]",
    "a number": b"12",
    "a string": b'"text"',
    "true": b"true",
    "null": b"null",
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "a deep value": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a huge integer": b'{"name": ' + b"9" * 100_000 + b"}",
    "a huge exponent": b'{"name": 1e999999}',
    "bad UTF-8": b'{"name": "\xff\xfe\xc3"}',
    "NUL bytes": b'\x00\x00{"name": "\x00"}',
    "a twice encoded string": json.dumps(json.dumps("x")).encode(),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("path", ["/experiments/create", "/runs/log-batch", "/runs/search"])
def test_a_body_that_is_no_request_is_refused(server: Server, path: str, body: bytes) -> None:
    status = post(server, path, body)

    # For MLflow, a search without experiments finds nothing.
    assert status == 400 or (path == "/runs/search" and status == 200)


TEXTS = {
    "a lone surrogate": r"\ud800",
    "a NUL": r"a\u0000b",
    "a line break": r"a\nb",
    "right to left": r"\u202ea",
    "an emoji": r"\ud83d\ude00",
    "a quote": r"a\"'`",
    "a wildcard": r"%_%",
    "a dollar": r"$where",
    "a path": r"../../etc/passwd",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/experiments/create", '"name": "T"'),
        ("/experiments/create", '"name": "x T", "tags": [{"key": "k", "value": "T"}]'),
        ("/experiments/create", '"name": "y T", "artifact_location": "T"'),
        ("/runs/create", '"experiment_id": "T"'),
        ("/runs/create", '"experiment_id": "0", "run_name": "T", "user_id": "T"'),
        ("/runs/set-tag", '"run_id": "RUN", "key": "k", "value": "T"'),
        ("/runs/set-tag", '"run_id": "RUN", "key": "T", "value": "v"'),
        ("/runs/set-tag", '"run_id": "T", "key": "k", "value": "v"'),
        ("/runs/log-parameter", '"run_id": "RUN", "key": "T", "value": "T"'),
        ("/runs/log-metric", '"run_id": "RUN", "key": "T", "value": 1, "timestamp": 1'),
        ("/runs/search", '"experiment_ids": ["0"], "filter": "params.k = \'T\'"'),
        ("/runs/search", '"experiment_ids": ["0"], "filter": "T"'),
        ("/runs/search", '"experiment_ids": ["0"], "order_by": ["params.`T`"]'),
        ("/runs/search", '"experiment_ids": ["T"]'),
        ("/runs/search", '"experiment_ids": ["0"], "page_token": "T"'),
    ],
)
def test_odd_text_is_taken_or_refused(server: Server, run_id: str, path: str, fields: str, text: str) -> None:
    body = "{" + fields.replace("T", text).replace("RUN", run_id) + "}"

    assert post(server, path, body.encode()) in (200, 400, 404)


def test_a_lone_surrogate_is_not_stored(server: Server, run_id: str) -> None:
    body = rb'{"run_id": "%s", "key": "lone", "value": "a\ud800b"}' % run_id.encode()
    post(server, "/runs/set-tag", body)

    found = Rest(server.url).get("runs/get", run_id=run_id)

    assert found.status == 200
    json.loads(found.data.decode("utf-8"))


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/xml", "application/x-www-form-urlencoded", "\xff", "a" * 5000],
)
def test_another_type_of_content_is_refused(server: Server, content_type: str) -> None:
    body = b'{"name": "of another type"}'

    assert post(server, "/experiments/create", body, **{"Content-Type": content_type}) == 400


NUMBERS = [
    "-1",
    "0",
    "1e3",
    "99999999999999999999",
    "2147483648",
    "-9223372036854775809",
    '"many"',
    "1.5",
    "[1]",
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("path", ["/runs/search", "/experiments/search"])
def test_a_page_of_an_impossible_size_is_refused(server: Server, path: str, number: str) -> None:
    body = b'{"experiment_ids": ["0"], "max_results": %s}' % number.encode()

    assert post(server, path, body) == 400 or number == "1e3"


@pytest.mark.parametrize("number", [*NUMBERS, "NaN", "-0", "1e400"])
@pytest.mark.parametrize("field", ["step", "timestamp", "value"])
def test_a_metric_of_odd_numbers_is_taken_or_refused(
    server: Server, run_id: str, field: str, number: str
) -> None:
    fields = {"run_id": run_id, "key": "odd", "value": 1, "timestamp": 1, "step": 1, field: "NUMBER"}

    status = post(server, "/runs/log-metric", json.dumps(fields).replace('"NUMBER"', number).encode())

    assert status in (200, 400)
    assert Rest(server.url).get("metrics/get-history", run_id=run_id, metric_key="odd").status == 200


def token(content: object) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


TOKENS = {
    "text": "nonsense",
    "not ASCII": "ä€",
    "half of base64": "eyJ",
    "bytes": base64.b64encode(bytes(range(256))).decode(),
    "a number": token(1),
    "a list": token([]),
    "an offset": token({"offset": 3}),
    "a negative offset": token({"offset": -3}),
    "a huge offset": token({"offset": 10**30}),
    "nested": token({"offset": {"$gt": 0}}),
    "many keys": token([{"$ne": None}] * 50),
    "long": token("x" * 20_000),
    "deep": base64.b64encode(b"[" * 20_000).decode(),
}


@pytest.mark.parametrize("forged", TOKENS.values(), ids=TOKENS.keys())
def test_a_forged_page_token_is_refused(server: Server, run_id: str, forged: str) -> None:
    rest = Rest(server.url)
    experiment_id = rest.get("runs/get", run_id=run_id).json()["run"]["info"]["experiment_id"]
    query = {"run_id": run_id, "metric_key": "m", "max_results": 2, "page_token": forged}

    for reply in (
        rest.post("runs/search", experiment_ids=[experiment_id], max_results=1, page_token=forged),
        rest.post("experiments/search", max_results=1, page_token=forged),
        rest.get("metrics/get-history", **query),
    ):
        assert refusal_of(reply) in (200, 400)


ODD_PATHS = [
    "",
    "/",
    "//",
    "/..",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/%252e%252e%252fetc%252fpasswd",
    "/%25252e%25252e%25252fetc",
    "/..\\..\\windows\\win.ini",
    "/..%5c..%5cwindows",
    "/C:%5Cwindows",
    "/a%00b",
    "/%00",
    "/%ff%fe",
    "/%c0%ae%c0%ae/etc/passwd",
    "/a%0d%0aSet-Cookie:x",
    "/" + "a" * 2000,
    "/" + "a/" * 1000,
    "/" + "%41" * 2000,
    "/%",
    "/%zz",
    "/a%23b",
    "/a%3fb",
    "/file:/etc/passwd",
    "/%2fetc%2fpasswd",
    "/.uploads/x",
    "/workspaces/other/x",
    "/~root",
    "/.",
    "/CON",
]


@pytest.mark.parametrize("path", ODD_PATHS)
@pytest.mark.parametrize("below", ["", API, ARTIFACTS])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_an_odd_path_leads_nowhere(server: Server, method: str, below: str, path: str) -> None:
    status, content = raw(server, f"{method} {below}{path} HTTP/1.1", "Content-Length: 1", body=b"x")

    assert status == 200 or 400 <= status < 500
    assert b"root:" not in content


def raw(server: Server, line: str, *headers: str, body: bytes = b"") -> tuple[int, bytes]:
    """Status and bytes of the reply to a request of exactly these bytes; 400 when it was just hung up."""
    head = "\r\n".join([line, "Host: x", "Connection: close", *headers, "", ""])
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(head.encode("utf-8", "surrogateescape") + body)
        content = b""
        while piece := client.recv(65536):
            content += piece
    assert_discreet(content)
    return int(content.split()[1]) if content else 400, content


@pytest.mark.parametrize(
    "line",
    [
        "BREW /health HTTP/1.1",
        "PROPFIND / HTTP/1.1",
        "TRACE /health HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT example.com:443 HTTP/1.1",
        "get /health HTTP/1.1",
        "GET /health",
        "GET /health HTTP/9.9",
        "GET http://elsewhere/health HTTP/1.1",
        "GET health HTTP/1.1",
        "GET /h\udcffalth HTTP/1.1",
        "\x16\x03\x01\x02\x00\x01\x00\x01",
        "PRI * HTTP/2.0",
        "",
        "A" * 70_000,
    ],
)
def test_an_odd_request_line_is_refused_or_answered(server: Server, line: str) -> None:
    status, _ = raw(server, line)

    assert status == 200 or 400 <= status < 500


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -1"],
        ["Content-Length: 1e3"],
        ["Content-Length: ²"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip"],
        ["Content-Type: application/json", "Content-Type: text/plain"],
        ["Content-Encoding: gzip", "Content-Type: application/json"],
        ["X-MLFLOW-WORKSPACE: a", "X-MLFLOW-WORKSPACE: b"],
        ["X-Long: " + "x" * 60_000],
        [f"X-{number}: y" for number in range(2000)],
        ["No colon"],
        [": no name"],
        ["Accept: \udcff\udcc0"],
        ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
        ["Expect: the-unexpected"],
        ["Range: bytes=99999999999999999999-"],
    ],
    ids=lambda headers: headers[0][:40],
)
def test_odd_headers_are_refused_or_ignored(server: Server, headers: list[str]) -> None:
    status, _ = raw(server, f"POST {API}/experiments/search HTTP/1.1", *headers, body=b"0\r\n\r\n")

    assert status == 200 or 400 <= status < 500


@pytest.mark.parametrize(
    "workspace", ["A", "a", "../x", "a b", "workspaces", "x" * 64, "ä", "$ne", "a\tb", "-a"]
)
def test_a_workspace_of_no_valid_name_is_refused(server: Server, workspace: str) -> None:
    header = f"X-MLFLOW-WORKSPACE: {workspace}"

    status, _ = raw(server, f"GET {API}/experiments/get?experiment_id=0 HTTP/1.1", header)

    assert status == 400


@pytest.mark.parametrize(
    "query",
    [
        "experiment_id=0&" * 3000,
        "experiment_id=" + "9" * 50_000,
        "experiment_id=%00",
        "experiment_id=%ff%fe",
        "experiment_id[$ne]=0",
        "experiment_id=0;drop table",
        "=&=&==&&&",
        "experiment_id=%",
        "x" * 60_000,
    ],
    ids=lambda query: query[:30],
)
def test_an_odd_query_is_refused_or_answered(server: Server, query: str) -> None:
    status, _ = raw(server, f"GET {API}/experiments/get?{query.replace(' ', '%20')} HTTP/1.1")

    assert status == 200 or 400 <= status < 500


@pytest.mark.parametrize(
    "clause",
    [
        "params.a = 'b' AND " * 2000 + "params.a = 'b'",
        "metrics.a = " + "9" * 5000,
        "metrics.a = 1e999",
        "run_id IN (" + ",".join(f"'{i}'" for i in range(20_000)) + ")",
        "params.a LIKE '" + "%a" * 2000 + "'",
        "tags.a ILIKE '" + "_" * 60_000 + "'",
        "(" * 5000,
        "'" * 5001,
        "params.`" + "k" * 50_000 + "` = 'x'",
        "params.a = '\\'; DROP TABLE documents; --'",
        "metrics.a > 1 OR 1 = 1",
        "attributes.start_time > 99999999999999999999999",
    ],
    ids=lambda clause: clause[:30],
)
@pytest.mark.parametrize("path", ["/runs/search", "/experiments/search"])
def test_a_filter_beyond_all_measure_is_refused_or_answered(server: Server, path: str, clause: str) -> None:
    body = {"experiment_ids": ["0"], "filter": clause, "max_results": 5}

    assert post(server, path, json.dumps(body).encode()) in (200, 400)


def test_half_a_request_keeps_nobody_waiting(server: Server) -> None:
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    for client in clients:
        client.sendall(b"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")

    assert Rest(server.url).post("experiments/search", max_results=1).status == 200

    for client in clients:
        client.close()


def test_requests_in_one_piece_are_answered_one_by_one(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        one = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        client.sendall(one * 19 + one.replace(b"Host: x", b"Host: x\r\nConnection: close"))
        content = b""
        while piece := client.recv(65536):
            content += piece

    assert content.count(b"HTTP/1.1 200 OK") == 20
