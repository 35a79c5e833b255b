"""The URI of a MongoDB database: what it says holds, and what is wrong with it is told."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from dns import resolver

from genesis.app import App
from genesis.settings import Settings
from genesis.store.mongo.client import connect
from tests.store.calls import send

HOST = "mongodb://localhost"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (HOST, "genesis-flow"),
        (f"{HOST}/?appName=@account@", "@account@"),
        (f"{HOST}/x?retryWrites=false&appname=other", "other"),
        (f"{HOST}/appName?tls=false", "genesis-flow"),
    ],
)
def test_an_app_name_in_the_uri_is_kept(uri: str, expected: str) -> None:
    with closing(connect(uri).client) as client:
        assert client.options.pool_options.appname == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (HOST, True),
        (f"{HOST}/journal", True),
        (f"{HOST}/?appName=journal", True),
        (f"{HOST}/?journal=false", False),
        (f"{HOST}/?JOURNAL=false", False),
    ],
)
def test_writes_are_journaled_unless_the_uri_says_otherwise(uri: str, expected: bool) -> None:
    with closing(connect(uri).client) as client:
        assert client.write_concern.document == {"w": "majority", "j": expected}


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://",
        "mongodb://user:se:cret@host",
        "mongodb://host:port",
        "mongodb://host/?a",
        "mongodb://host/?a=1;b=2&c=3",
        "mongodb+srv://a.b.example:27017/x",
        "mongodb+srv://a.b.example,c.d.example/x",
        "mongodb+srv://a.b.example/x?directConnection=true",
    ],
)
def test_what_is_wrong_with_a_uri_is_told_without_its_secrets(uri: str) -> None:
    with pytest.raises(ValueError, match="not a valid MongoDB URI") as refused:
        connect(uri)
    assert "cret" not in str(refused.value)


def test_a_host_that_no_dns_knows_is_a_failure_that_may_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise resolver.NXDOMAIN

    monkeypatch.setattr(resolver, "resolve", unknown)
    uri = "mongodb+srv://user:secret@no-such.cluster.invalid/x"
    with closing(App(Settings(data=str(tmp_path), database_uri=uri))) as app:
        response = send(app, "runs/search", experiment_ids=["0"])
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert b"secret" not in response.whole()
