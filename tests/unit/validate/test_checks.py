"""What the server's answers mean."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from genesis.validate import checks
from genesis.validate.checks import ARTIFACTS, SEARCH, SERVER_INFO, SIGN
from genesis.validate.environment import Caller
from genesis.validate.results import Status
from genesis.validate.transport import Reply
from tests.unit.validate.scripted import NOW, deployment, reply

OK, WARNING, FAILED, SKIPPED = Status.OK, Status.WARNING, Status.FAILED, Status.SKIPPED
NOT_FOUND = reply(404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "No such endpoint."})


@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        (0, OK), (60, OK), (62, WARNING), (240, WARNING), (242, FAILED),
        (-1, OK), (-61, OK), (-63, WARNING), (-241, WARNING), (-243, FAILED),
    ],
)  # fmt: skip
def test_clocks_a_minute_apart_are_a_warning_and_four_a_failure(seconds: int, status: Status) -> None:
    d = deployment({"GET /health": reply(date=formatdate(NOW + seconds, usegmt=True))})
    result = checks.clock(d)
    assert result.status is status, result.detail
    assert abs(d.offset - seconds) <= 1


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_without_a_date_nothing_is_said_of_clocks(date: str) -> None:
    d = deployment({"GET /health": reply(date=date)})
    assert checks.clock(d).status is WARNING
    assert d.offset == 0


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (reply(200), FAILED),
        (reply(401), OK),
        (reply(302), WARNING),
        (reply(403), FAILED),
        (reply(503), FAILED),
    ],
)
def test_who_does_not_say_who_they_are_must_get_a_401(answer: Reply, status: Status) -> None:
    assert checks.anonymous(deployment({f"GET {SEARCH}": answer})).status is status


def test_on_loopback_anybody_may_call() -> None:
    d = deployment({f"GET {SEARCH}": reply(200)}, is_loopback=True)
    assert checks.anonymous(d).status is OK
    assert d.is_open


@pytest.mark.parametrize(
    ("listing", "signing", "is_loopback", "is_open", "status"),
    [
        (401, 401, False, False, OK),
        (200, 401, False, False, FAILED),
        (401, 200, False, False, FAILED),
        (401, 400, False, False, FAILED),
        (200, 200, False, True, FAILED),
        (200, 200, True, True, OK),
        (200, 401, True, False, FAILED),
    ],
)
def test_artifacts_are_locked_as_runs_are(
    listing: int, signing: int, is_loopback: bool, is_open: bool, status: Status
) -> None:
    script = {f"GET {ARTIFACTS}": reply(listing), f"POST {SIGN}": reply(signing)}
    d = deployment(script, is_loopback=is_loopback)
    d.is_open = is_open
    assert checks.anonymous_artifacts(d).status is status


@pytest.mark.parametrize(
    ("code", "status"), [(401, OK), (403, OK), (200, FAILED), (500, FAILED), (503, FAILED)]
)
def test_a_made_up_credential_must_be_refused(code: int, status: Status) -> None:
    assert checks.wrong_credential(deployment({f"GET {SEARCH}": reply(code)})).status is status


@pytest.mark.parametrize(
    ("caller", "url", "code", "status"),
    [
        (Caller(), "https://genesis.example", 401, FAILED),
        (Caller(token="t"), "https://genesis.example", 200, OK),
        (Caller(token="t"), "https://genesis.example", 401, FAILED),
        (Caller(token="t"), "http://genesis.example", 200, SKIPPED),
    ],
)
def test_the_callers_own_credential_must_be_good(caller: Caller, url: str, code: int, status: Status) -> None:
    d = deployment({f"GET {SEARCH}": reply(code)}, url=url, caller=caller)
    assert checks.credential(d).status is status


def test_without_tls_the_caller_is_told_to_nobody() -> None:
    d = deployment({}, url="http://genesis.example", caller=Caller(token="t"))
    del d.__dict__["server"]
    assert d.server._headers == {}
    d = deployment({}, url="https://genesis.example", caller=Caller(token="t"))
    del d.__dict__["server"]
    assert d.server._headers == {"Authorization": "Bearer t"}


@pytest.mark.parametrize(
    ("live", "health", "status"),
    [(200, 200, OK), (404, 200, WARNING), (404, 404, FAILED), (503, 200, FAILED)],
)
def test_a_server_without_health_live_may_be_older(live: int, health: int, status: Status) -> None:
    d = deployment({"GET /health/live": reply(live), "GET /health": reply(health)})
    assert checks.live(d).status is status


def test_a_server_that_is_not_ready_is_quoted() -> None:
    components = {"database": "cannot be reached", "artifacts": "ok"}
    answer = reply(503, {"status": "not ready", "components": components})
    result = checks.ready(deployment({"GET /health/ready": answer}))
    assert (result.status, result.detail) == (FAILED, "/health/ready says 503 database: cannot be reached")
    refusal = reply(503, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "GENESIS_AUTH is none."})
    result = checks.ready(deployment({"GET /health/ready": refusal}))
    assert result.detail == "/health/ready says 503 GENESIS_AUTH is none."
    assert checks.ready(deployment({"GET /health/ready": NOT_FOUND})).status is WARNING
    assert checks.ready(deployment({"GET /health/ready": reply(200)})).status is OK


@pytest.mark.parametrize(("body", "status"), [(b"3.18.0", OK), (b"3.17.2", FAILED), (b"<html>", FAILED)])
def test_the_version_is_the_one_that_is_served(body: bytes, status: Status) -> None:
    assert checks.version(deployment({"GET /version": reply(200, body)})).status is status


ALL = {
    "multipart_uploads_enabled": True,
    "multipart_downloads_enabled": True,
    "artifacts_presigned_only": True,
}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"store_type": "SqlStore", **ALL}, OK),
        ({"store_type": "SqlStore"}, OK),
        ({"store_type": "SqlStore", **ALL, "multipart_uploads_enabled": False}, FAILED),
        ({}, FAILED),
        (b"<html>", FAILED),
    ],
)
def test_direct_transfers_are_announced_as_a_whole(body: object, status: Status) -> None:
    assert checks.server_info(deployment({f"GET {SERVER_INFO}": reply(200, body)})).status is status


def test_each_security_header_counts() -> None:
    both = {"x_content_type_options": "nosniff", "x_frame_options": "SAMEORIGIN"}
    assert checks.headers(deployment({"GET /health": reply(**both)})).status is OK
    for name in both:
        rest = {other: value for other, value in both.items() if other != name}
        result = checks.headers(deployment({"GET /health": reply(**rest)}))
        assert (result.status, result.detail) == (FAILED, f"Replies lack {name.replace('_', '-')}.")
