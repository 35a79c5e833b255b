"""Which access tokens of Entra ID are taken, by keys that a server of HTTP really gives out."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from genesis.auth.attempts import Attempts
from genesis.auth.entra import Entra
from genesis.errors import Code, GenesisError
from genesis.settings import Settings
from tests.servers.directory import AUDIENCE, OTHER_TENANT, TENANT, Directory
from tests.unit.auth.clocks import Hands
from tests.unit.auth.entra_checks import HERE, V1, ask, entra, refused


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": f"api://{AUDIENCE}"},
        {"iss": V1, "aud": f"api://{AUDIENCE}", "ver": "1.0"},
        {"nbf": None, "iat": None, "tid": None},
        {"tid": TENANT.upper()},
        {"scp": None, "roles": ["Any"]},
    ],
)
def test_a_token_for_this_server_is_taken(
    check: Entra, directory: Directory, hands: Hands, claims: dict[str, Any]
) -> None:
    assert ask(check, directory.token(hands.seconds, **claims)) == "ada@example.com"


def test_an_application_that_has_a_uri_takes_tokens_for_that_alone(
    directory: Directory, hands: Hands
) -> None:
    check = entra(directory, hands, audience="api://mlflow.example.com")
    assert ask(check, directory.token(hands.seconds, aud="api://mlflow.example.com"))
    for audience in (AUDIENCE, "api://api://mlflow.example.com", "api://mlflow.example.com/"):
        assert refused(check, directory.token(hands.seconds, aud=audience)).status == 401


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": None, "upn": "u@x"}, "u@x"),
        ({"preferred_username": None, "unique_name": "n@x"}, "n@x"),
        ({"preferred_username": None, "azp": "client"}, "an-object"),
        ({"preferred_username": None, "oid": None, "appid": "client"}, "client"),
        ({"preferred_username": "a\nb"}, "an-object"),
        ({"preferred_username": ["x"], "oid": 7, "sub": "s"}, "s"),
    ],
)
def test_the_principal_is_the_best_name_there_is(
    check: Entra, directory: Directory, hands: Hands, claims: dict[str, Any], name: str
) -> None:
    assert ask(check, directory.token(hands.seconds, **claims)) == name


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"aud": OTHER_TENANT}, "not for this server"),
        ({"aud": None}, "not for this server"),
        ({"aud": []}, "not for this server"),
        ({"iss": f"https://sts.windows.net/{OTHER_TENANT}/"}, "not for this server"),
        ({"iss": V1.rstrip("/")}, "not for this server"),
        ({"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0"}, "not for this server"),
        ({"iss": None}, "not for this server"),
        ({"tid": OTHER_TENANT}, "not of this server's directory"),
        ({"exp": None}, "not for this server"),
        ({"exp": "soon"}, "not valid"),
        ({"exp": {}}, "not valid"),
        ({"nbf": "x"}, "not valid"),
    ],
)
def test_a_token_for_anything_else_is_refused(
    check: Entra, directory: Directory, hands: Hands, claims: dict[str, Any], told: str
) -> None:
    error = refused(check, directory.token(hands.seconds, **claims))
    assert (error.code, error.status) == (Code.UNAUTHENTICATED, 401)
    assert told in error.message
    assert error.headers["WWW-Authenticate"].startswith('Bearer realm="mlflow"')


@pytest.mark.parametrize(
    ("audience", "scope"),
    [
        (AUDIENCE, f"api://{AUDIENCE}/.default"),
        ("https://flow.example/api/", "https://flow.example/api/.default"),
    ],
)
@pytest.mark.parametrize("sent", ["", "nonsense"])
def test_who_is_refused_is_told_where_to_get_a_token_and_for_what(
    directory: Directory, hands: Hands, audience: str, scope: str, sent: str
) -> None:
    error = refused(entra(directory, hands, audience=audience), sent)
    assert error.headers["WWW-Authenticate"] == (
        f'Bearer realm="mlflow", authorization_uri="{directory.url}/{TENANT}", scope="{scope}"'
    )


@pytest.mark.parametrize("audience", ['api://a", realm="x', "api://a\r\nx: y", "api://a\\", "api://ü"])
def test_what_would_break_the_header_is_not_told(directory: Directory, hands: Hands, audience: str) -> None:
    error = refused(entra(directory, hands, audience=audience), "")
    assert error.headers["WWW-Authenticate"] == 'Bearer realm="mlflow"'


def test_clocks_may_differ_by_a_minute(check: Entra, directory: Directory, hands: Hands) -> None:
    now = int(hands.seconds)
    assert ask(check, directory.token(now, exp=now - 59))
    assert "has expired" in refused(check, directory.token(now, exp=now - 60)).message
    assert ask(check, directory.token(now, nbf=now + 60))
    assert "not good yet" in refused(check, directory.token(now, nbf=now + 61)).message


def unsigned(claims: dict[str, Any], header: dict[str, Any], signature: bytes = b"") -> str:
    def part(given: Any) -> str:
        text = given if isinstance(given, bytes) else json.dumps(given).encode()
        return base64.urlsafe_b64encode(text).decode().rstrip("=")

    return f"{part(header)}.{part(claims)}.{part(signature)}"


def public_pem(directory: Directory) -> bytes:
    return directory.keys["key-1"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def with_hs256(directory: Directory, claims: dict[str, Any], secret: bytes) -> str:
    """Signed with what everybody knows: PyJWT itself would not do it."""
    import hmac

    body = unsigned(claims, {"alg": "HS256", "kid": "key-1", "typ": "JWT"}).rpartition(".")[0]
    signature = hmac.digest(secret, body.encode(), "sha256")
    return body + "." + base64.urlsafe_b64encode(signature).decode().rstrip("=")


FORGERIES = {
    "no signature": lambda d, c: unsigned(c, {"alg": "none", "kid": "key-1"}),
    "no signature, in capitals": lambda d, c: unsigned(c, {"alg": "NONE", "kid": "key-1"}),
    "no signature, said to be one": lambda d, c: unsigned(c, {"alg": "RS256", "kid": "key-1"}),
    "signed with the public key": lambda d, c: with_hs256(d, c, public_pem(d)),
    "signed with the keys as they are given out": lambda d, c: with_hs256(d, c, d.jwks()),
    "signed with another key of that name": lambda d, c: jwt.encode(
        c, d.later, algorithm="RS256", headers={"kid": "key-1"}
    ),
    "brings its own key": lambda d, c: jwt.encode(
        c,
        d.later,
        algorithm="RS256",
        headers={
            "kid": "key-1",
            "jwk": jwt.algorithms.RSAAlgorithm.to_jwk(d.later.public_key(), as_dict=True),
            "jku": f"{d.url}/mine",
        },
    ),
    "another algorithm": lambda d, c: jwt.encode(
        c, d.keys["key-1"], algorithm="RS512", headers={"kid": "key-1"}
    ),
    "PSS": lambda d, c: jwt.encode(c, d.keys["key-1"], algorithm="PS256", headers={"kid": "key-1"}),
    "no key named": lambda d, c: jwt.encode(c, d.keys["key-1"], algorithm="RS256"),
    "a key named by a number": lambda d, c: unsigned(c, {"alg": "RS256", "kid": 1}),
    "no algorithm": lambda d, c: unsigned(c, {"kid": "key-1"}),
    "an algorithm that is no text": lambda d, c: unsigned(c, {"alg": ["RS256"], "kid": "key-1"}),
    "another body": lambda d, c: (
        d.sign(c).split(".")[0]
        + "."
        + d.sign({**c, "preferred_username": "root"}).split(".")[1]
        + "."
        + d.sign(c).split(".")[2]
    ),
    "a header without end": lambda d, c: base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=") + ".e30.",
    "not a token": lambda d, c: "gf_abcdefgh2345_" + "a" * 43,
    "dots": lambda d, c: "..",
    "one dot more": lambda d, c: d.sign(c) + ".x",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=list(FORGERIES))
def test_a_forged_token_is_refused(check: Entra, directory: Directory, hands: Hands, forge: Any) -> None:
    error = refused(check, forge(directory, directory.claims(hands.seconds)))
    assert (error.code, error.status) == (Code.UNAUTHENTICATED, 401)
    assert error.message == "The token is not good here: it is not valid."


@pytest.mark.parametrize("forge", ["no signature", "signed with the public key", "PSS", "no key named"])
def test_nobody_is_asked_for_keys_for_another_algorithm(
    check: Entra, directory: Directory, hands: Hands, forge: str
) -> None:
    refused(check, FORGERIES[forge](directory, directory.claims(hands.seconds)))
    assert directory.fetched == 0


@pytest.mark.parametrize("headers", [{}, {"authorization": " "}])
def test_who_sends_nothing_is_told_what_to_send(
    check: Entra, directory: Directory, headers: dict[str, str]
) -> None:
    with pytest.raises(GenesisError, match="MLFLOW_TRACKING_TOKEN") as raised:
        check.principal(headers, HERE)
    assert raised.value.status == 401
    assert directory.fetched == 0


def test_a_user_name_and_password_are_refused(check: Entra, directory: Directory, hands: Hands) -> None:
    text = base64.b64encode(f"ada:{directory.token(hands.seconds)}".encode()).decode()
    with pytest.raises(GenesisError, match="not valid") as raised:
        check.principal({"authorization": f"Basic {text}"}, HERE)
    assert raised.value.status == 401


@pytest.mark.parametrize(
    "claims", [{"roles": ["Other"]}, {"roles": None}, {"roles": "Scientist"}, {"roles": [["Scientist"]]}]
)
def test_who_has_not_the_role_is_known_and_not_let_in(
    directory: Directory, hands: Hands, claims: dict[str, Any]
) -> None:
    check = entra(directory, hands, role="Scientist")
    error = refused(check, directory.token(hands.seconds, **claims))
    assert (error.code, error.status) == (Code.PERMISSION_DENIED, 403)
    assert ask(check, directory.token(hands.seconds, roles=["Other", "Scientist"])) == "ada@example.com"


def test_an_app_that_nobody_gave_anything_and_a_sign_in_are_not_let_in(
    check: Entra, directory: Directory, hands: Hands
) -> None:
    assert refused(check, directory.token(hands.seconds, scp=None)).status == 403
    assert refused(check, directory.token(hands.seconds, scp=None, roles=[])).status == 403


def test_who_fails_too_often_waits_and_neighbours_with_good_tokens_do_not(
    check: Entra, directory: Directory, hands: Hands
) -> None:
    statuses = [refused(check, "x.y.z").status for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert ask(check, directory.token(hands.seconds)) == "ada@example.com"
    assert refused(check, "x.y.z", "192.0.2.2").status == 401
    hands.move(60)
    assert refused(check, "x.y.z").status == 401


@pytest.mark.parametrize(
    ("authority", "issuer"),
    [
        ("https://login.partner.microsoftonline.cn", f"https://sts.chinacloudapi.cn/{TENANT}/"),
        ("https://login.microsoftonline.us/", V1),
    ],
)
def test_sovereign_clouds_have_issuers_of_their_own(authority: str, issuer: str, hands: Hands) -> None:
    settings = Settings(entra_tenant=TENANT, entra_audience=AUDIENCE, entra_authority=authority)
    check = Entra(settings, Attempts(hands.clock), hands.clock)
    assert check._issuers == [f"{authority.rstrip('/')}/{TENANT}/v2.0", issuer]


def test_neither_log_nor_error_has_a_token(
    check: Entra, directory: Directory, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    good = directory.token(hands.seconds)
    bad = directory.token(hands.seconds, aud="some-other-audience")
    with caplog.at_level(logging.DEBUG):
        ask(check, good)
        error = refused(check, bad)
    assert "Refused a token of Entra ID" in caplog.text
    for part in (*good.split("."), *bad.split(".")):
        assert part not in caplog.text + str(error.body())
    assert AUDIENCE not in str(error.body())
