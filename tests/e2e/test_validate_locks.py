"""``genesis validate`` where a credential is needed, or should be, and with TLS."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.e2e.validating import (
    NOTHING,
    QUICK,
    TOKEN,
    Place,
    left,
    only,
    validated,
)
from tests.servers import Server, free_port
from tests.servers.certificate import Certificate, self_signed
from tests.servers.relay import Relay, Reply
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment, genesis_serve


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("validate")
    with genesis_serve(data) as server:
        yield Place(server, data)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server that wants a token."""
    data = tmp_path_factory.mktemp("validate-token")
    with genesis_serve(data, environment={"GENESIS_AUTH": "token", "GENESIS_TOKEN": TOKEN}) as server:
        yield Place(server, data)


def test_a_token_server_passes_for_who_has_the_token(locked: Place) -> None:
    findings = validated(locked.url, MLFLOW_TRACKING_TOKEN=TOKEN)
    assert findings.code == 0, findings.text
    assert findings.detail("anonymous") == "Who does not say who they are gets a 401."
    assert findings.detail("wrong-credential") == "A made-up credential is refused."
    assert TOKEN not in findings.text
    assert left(locked.url, Authorization=f"Bearer {TOKEN}") == NOTHING


def test_a_token_server_takes_the_token_as_a_password(locked: Place) -> None:
    given = {"MLFLOW_TRACKING_USERNAME": "anybody", "MLFLOW_TRACKING_PASSWORD": TOKEN}
    findings = validated(locked.url, "--skip", "models", **given)
    assert findings.code == 0, findings.text
    assert TOKEN not in findings.text


@pytest.mark.parametrize("token", ["", "gf_aaaaaaaaaaaa_" + "b" * 52])
def test_who_has_no_good_token_is_told_so(locked: Place, token: str) -> None:
    findings = validated(locked.url, MLFLOW_TRACKING_TOKEN=token)
    only(findings, "credential")
    assert "experiment" in findings.ended("skipped")


def test_a_proxy_that_drops_credentials_fails_the_credential(locked: Place) -> None:
    class Drops(Relay):
        def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
            kept = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            return super().send(method, path, kept, body)

    with Drops(locked.port) as standing:
        only(validated(standing.url, MLFLOW_TRACKING_TOKEN=TOKEN), "credential")


def test_a_proxy_that_opens_artifacts_fails_their_check(locked: Place) -> None:
    class Opens(Relay):
        def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
            given = {**headers, "Authorization": f"Bearer {TOKEN}"} if "artifacts" in path else headers
            return super().send(method, path, given, body)

    with Opens(locked.port) as standing:
        only(validated(standing.url, *QUICK, MLFLOW_TRACKING_TOKEN=TOKEN), "anonymous-artifacts")


def own_address() -> str:
    """One of this machine's addresses that others reach; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address: str = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    return address


def listening_everywhere(data: Path, auth: Mapping[str, str]) -> Server:
    port = free_port()
    arguments = ("serve", "--host", "0.0.0.0", "--port", str(port), "--data", str(data))  # noqa: S104
    environment = genesis_environment(auth)
    return Server(
        genesis_command(*arguments), port=port, health="/health", environment=environment, cwd=REPOSITORY
    )


def test_without_tls_on_an_address_that_others_reach_no_credential_is_sent(tmp_path: Path) -> None:
    address = own_address()
    with listening_everywhere(tmp_path, {"GENESIS_AUTH": "token", "GENESIS_TOKEN": TOKEN}) as server:
        findings = validated(f"http://{address}:{server.port}", MLFLOW_TRACKING_TOKEN=TOKEN)
        only(findings, "https")
        assert findings.detail("credential") == "Yours is not sent without TLS."
        assert left(server.url, Authorization=f"Bearer {TOKEN}") == NOTHING


def test_a_server_that_is_open_to_anyone_fails_what_protects_it(tmp_path: Path) -> None:
    address = own_address()
    with listening_everywhere(tmp_path, {"GENESIS_AUTH": "open-to-anyone"}) as server:
        findings = validated(f"http://{address}:{server.port}", *QUICK)
    assert findings.ended("failed") == {"https", "anonymous", "anonymous-artifacts", "wrong-credential"}
    assert "GENESIS_AUTH" in findings.fix("anonymous")


class TlsRelay(Relay):
    """TLS in front of a server without; says so to it, unless told not to."""

    says_so = True

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        connection = HTTPConnection("127.0.0.1", self._upstream)
        said = {"X-Forwarded-Proto": "https"} if self.says_so else {}
        try:
            connection.request(method, path, body, {**headers, **said})
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def tls(place: Place, certificate: Certificate) -> Iterator[TlsRelay]:
    with TlsRelay(place.port, certificate) as standing:
        yield standing


def test_a_certificate_that_nobody_vouches_for_fails_before_anything_is_sent(tls: TlsRelay) -> None:
    findings = validated(tls.url, MLFLOW_TRACKING_TOKEN=TOKEN)
    only(findings, "certificate")
    assert "self-signed certificate" in findings.detail("certificate")
    assert tls.requests == []


def test_with_tls_all_is_well_and_a_certificate_about_to_end_is_a_warning(
    place: Place, tls: TlsRelay, certificate: Certificate
) -> None:
    findings = validated(tls.url, REQUESTS_CA_BUNDLE=str(certificate.file))
    assert findings.code == 0, findings.text
    assert findings.ended("warning") == {"certificate"}
    assert "valid for 0 more days" in findings.detail("certificate")
    assert place.is_clean()


def test_a_proxy_that_does_not_say_that_it_speaks_tls_fails_direct_transfers(
    tls: TlsRelay, certificate: Certificate
) -> None:
    tls.says_so = False
    findings = validated(tls.url, *QUICK, REQUESTS_CA_BUNDLE=str(certificate.file))
    only(findings, "direct")
    assert "X-Forwarded-Proto" in findings.fix("direct")
