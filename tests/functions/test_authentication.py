"""Who may call a function app: nobody by accident, and whoever has a token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.rest import Rest
from tests.functions.published import functions_host

FIRST = "gf_first_" + "f1r5t" * 13
EXPERIMENT = "/api/2.0/mlflow/experiments/get?experiment_id=0"


def test_an_app_in_azure_without_authentication_answers_only_that_it_lives(
    published: Path, tmp_path: Path
) -> None:
    with functions_host(published, GENESIS_DATA=str(tmp_path), WEBSITE_SITE_NAME="an-app") as server:
        rest = Rest(server.url)
        for _ in range(3):
            reply = rest.send("GET", EXPERIMENT)
            assert (reply.status, reply.headers["Retry-After"]) == (503, "30")
            assert "GENESIS_AUTH is none, which is refused in Azure" in reply.json()["message"]
        assert rest.send("GET", "/health/live").status == 200
        log = server.log.read_text()
    assert log.count("Every request is refused: GENESIS_AUTH is none") == 1


@pytest.fixture
def rest(published: Path, tmp_path: Path) -> Iterator[Rest]:
    settings = {"GENESIS_DATA": str(tmp_path), "GENESIS_AUTH": "token", "GENESIS_TOKEN": FIRST}
    with functions_host(published, **settings) as server:
        yield Rest(server.url)
        log = server.log.read_text()
    assert "f1r5t" not in log and "S3cr3t" not in log


def test_a_token_lets_in_and_a_wrong_one_does_not(rest: Rest) -> None:
    wrong = "gf_abcdefgh2345_" + "S3cr3t-" * 6 + "x"
    assert rest.send("GET", EXPERIMENT, headers={"Authorization": f"Bearer {FIRST}"}).status == 200
    for headers in ({}, {"Authorization": f"Bearer {wrong}"}):
        reply = rest.send("GET", EXPERIMENT, headers=headers)
        assert (reply.status, reply.json()["error_code"]) == (401, "UNAUTHENTICATED")
        assert reply.headers["WWW-Authenticate"] == 'Basic realm="mlflow", Bearer realm="mlflow"'
    assert rest.send("GET", "/health").status == 200
