"""What headers say of a sender."""

from __future__ import annotations

import base64

import pytest

from genesis.auth.credentials import LONGEST, address, bearer, name, password
from genesis.http import Request


def basic(text: str | bytes) -> dict[str, str]:
    given = text if isinstance(text, bytes) else text.encode()
    return {"authorization": "Basic " + base64.b64encode(given).decode()}


@pytest.mark.parametrize("given", ["Bearer abc", "bearer abc", "BEARER   abc", "  Bearer abc  "])
def test_a_bearer_is_read_however_it_is_spelled(given: str) -> None:
    assert bearer({"authorization": given}) == "abc"


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}, {"authorization": "  "}])
def test_no_header_is_no_credential(headers: dict[str, str]) -> None:
    assert bearer(headers) == ""
    assert password(headers) is None


@pytest.mark.parametrize(
    "given",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a,Bearer b c",
        "Digest abc",
        "abc",
        "Bearer\u00fc x",
        "Bearer ä",
    ],
)
def test_what_is_no_bearer_is_told_apart_from_nothing(given: str) -> None:
    assert bearer({"authorization": given}) is None


def test_a_credential_longer_than_any_is_not_looked_at() -> None:
    assert bearer({"authorization": "Bearer " + "a" * LONGEST}) is None
    assert password(basic("u:" + "a" * LONGEST)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user:secret", "secret"),
        (":secret", "secret"),
        ("u:a:b", "a:b"),
        ("user:", ""),
        ("user", ""),
        ("ü:ß", "ß"),
    ],
)
def test_the_password_is_what_follows_the_first_colon(text: str, expected: str) -> None:
    assert password(basic(text)) == expected


@pytest.mark.parametrize("given", ["Basic", "Basic !!!", "Basic abc", "Bearer abc", "Basic YTpi YTpi"])
def test_what_is_no_basic_authentication_has_no_password(given: str) -> None:
    assert password({"authorization": given}) is None


def test_a_password_that_is_no_text_is_none() -> None:
    assert password(basic(b"u:\xff\xfe")) is None


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("testclient", ""),
    ],
)
def test_an_address_is_the_peers(peer: str, expected: str) -> None:
    request = Request("GET", "/", headers={"x-forwarded-for": "198.51.100.7"}, peer=peer)
    assert address(request, in_azure=False) == expected


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7:50123", "198.51.100.7"),
        ("forged, 203.0.113.9,[2001:db8::5]:443", "2001:db8::/64"),
        ("2001:db8::5", "2001:db8::/64"),
        ("", ""),
        ("198.51.100.7,", ""),
        ("198.51.100.7, [", ""),
    ],
)
def test_in_azure_it_is_what_the_front_end_added(forwarded: str, expected: str) -> None:
    request = Request("GET", "/", headers={"x-forwarded-for": forwarded}, peer="10.0.0.1")
    assert address(request, in_azure=True) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (" Ada ", "Ada"),
        ("a\nb", ""),
        ("a\x1b[31m", ""),
        ("x" * 300, "x" * 250),
        (None, ""),
        (7, ""),
        ("", ""),
    ],
)
def test_a_name_is_what_a_line_of_the_log_can_hold(given: object, expected: str) -> None:
    assert name(given) == expected
