"""What is known before the first request."""

from __future__ import annotations

import time

import pytest

from genesis.validate import connection
from genesis.validate.results import Status
from tests.unit.validate.scripted import deployment


@pytest.mark.parametrize(
    ("url", "is_loopback", "status"),
    [
        ("https://genesis.example", False, Status.OK),
        ("http://127.0.0.1:7071", True, Status.OK),
        ("http://genesis.example", False, Status.FAILED),
    ],
)
def test_only_on_loopback_tls_may_be_missing(url: str, is_loopback: bool, status: Status) -> None:
    assert connection.https(deployment({}, url=url, is_loopback=is_loopback)).status is status


@pytest.mark.parametrize(
    ("days", "status"), [(90, Status.OK), (14, Status.OK), (13, Status.WARNING), (0, Status.WARNING)]
)
def test_a_certificate_that_ends_in_two_weeks_is_a_warning(days: int, status: Status) -> None:
    until = time.strftime("%b %d %H:%M:%S %Y GMT", time.gmtime(time.time() + days * 86_400 + 3600))
    result = connection._validity("TLSv1.3", until)
    assert result.status is status
    assert f"valid for {days} more days" in result.detail


def test_without_tls_there_is_no_certificate() -> None:
    assert connection.certificate(deployment({}, url="http://h")).status is Status.SKIPPED


def test_behind_a_proxy_it_is_the_proxy_that_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:word@proxy.example:3128")
    for check in (connection.name, connection.connection, connection.certificate):
        result = check(deployment({}))
        assert result.status is Status.SKIPPED
        assert "proxy.example:3128" in result.detail
        assert "word" not in result.detail
