"""Whom the platform signed in."""

from __future__ import annotations

import base64
import json

import pytest

from genesis.auth.platform import Platform
from genesis.errors import Code, GenesisError

ADA = {"x-ms-client-principal-name": "ada@example.com", "x-ms-client-principal-id": "an-id"}


def claims(*given: dict[str, str], role_typ: str = "roles") -> dict[str, str]:
    text = json.dumps({"auth_typ": "aad", "claims": given, "role_typ": role_typ})
    return {"x-ms-client-principal": base64.b64encode(text.encode()).decode()}


def test_the_principal_is_the_name_or_else_the_id() -> None:
    assert Platform("").principal(ADA, "") == "ada@example.com"
    assert Platform("").principal({"x-ms-client-principal-id": "an-id"}, "") == "an-id"


@pytest.mark.parametrize("headers", [{}, {"x-ms-client-principal-name": " "}, {"authorization": "Bearer x"}])
def test_who_is_not_signed_in_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(GenesisError) as raised:
        Platform("").principal(headers, "")
    assert (raised.value.code, raised.value.status) == (Code.UNAUTHENTICATED, 401)
    assert raised.value.headers["WWW-Authenticate"] == 'Bearer realm="mlflow"'


@pytest.mark.parametrize(
    "given",
    [
        claims({"typ": "roles", "val": "Scientist"}, role_typ="x"),
        claims({"typ": "their-own", "val": "Scientist"}, role_typ="their-own"),
        claims({"typ": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "val": "Scientist"}),
    ],
)
def test_who_has_the_role_is_let_in(given: dict[str, str]) -> None:
    assert Platform("Scientist").principal({**ADA, **given}, "") == "ada@example.com"


@pytest.mark.parametrize(
    "given",
    [
        {},
        claims({"typ": "roles", "val": "Scientists"}),
        claims({"typ": "name", "val": "Scientist"}),
        claims({"typ": "roles"}),
        {"x-ms-client-principal": "!!!"},
        {"x-ms-client-principal": base64.b64encode(b"[]").decode()},
        {"x-ms-client-principal": base64.b64encode(b"{").decode()},
        {"x-ms-client-principal": base64.b64encode(b'{"claims": 1}').decode()},
        {"x-ms-client-principal": base64.b64encode(b'{"claims": ["roles"]}').decode()},
        {"x-ms-client-principal": base64.b64encode(b"\xff").decode()},
    ],
)
def test_who_has_not_the_role_is_known_and_not_let_in(given: dict[str, str]) -> None:
    with pytest.raises(GenesisError) as raised:
        Platform("Scientist").principal({**ADA, **given}, "")
    assert (raised.value.code, raised.value.status) == (Code.PERMISSION_DENIED, 403)
