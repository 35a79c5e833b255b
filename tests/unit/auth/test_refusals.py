"""A server that would be open by accident does not answer."""

from __future__ import annotations

import pytest

from genesis.auth import refusal
from genesis.settings import Settings

TENANT = "11111111-2222-3333-4444-555555555555"
ENTRA = {"auth": "entra", "entra_tenant": TENANT, "entra_audience": "an-id"}


def settings(**given: object) -> Settings:
    return Settings(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given",
    [
        settings(),
        settings(auth="token"),
        settings(auth="token", token="x" * 32),
        settings(auth="open-to-anyone"),
        settings(**ENTRA),
        settings(**ENTRA, entra_authority="http://127.0.0.1:8080"),
        settings(auth="platform", in_azure=True, easy_auth=True),
    ],
)
def test_what_is_meant_is_answered_on_this_machine(given: Settings) -> None:
    assert refusal(given) == ""


def test_without_authentication_nothing_is_answered_in_azure() -> None:
    assert "GENESIS_AUTH is none, which is refused in Azure" in refusal(settings(in_azure=True))


def test_without_authentication_nothing_is_answered_to_other_machines() -> None:
    assert "GENESIS_AUTH is none, which is refused on an address" in refusal(settings(), is_reachable=True)


@pytest.mark.parametrize(
    "given", [settings(auth="token", in_azure=True), settings(auth="open-to-anyone", in_azure=True)]
)
def test_who_says_so_is_answered_anywhere(given: Settings) -> None:
    assert refusal(given, is_reachable=True) == ""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (settings(auth="None"), "must be one of none, token"),
        (settings(auth="tokens"), "must be one of none, token"),
        (settings(auth="token", token="x" * 31), "32 characters"),
        (settings(auth="token", token="x" * 40 + " "), "no spaces"),
        (settings(auth="token", token="@Microsoft.KeyVault(SecretUri=https://v/secrets/t)"), "not resolved"),
        (settings(**{**ENTRA, "entra_tenant": ""}), "GENESIS_ENTRA_TENANT"),
        (settings(**{**ENTRA, "entra_tenant": "common"}), "GENESIS_ENTRA_TENANT"),
        (settings(**{**ENTRA, "entra_tenant": TENANT + "/.."}), "GENESIS_ENTRA_TENANT"),
        (settings(**{**ENTRA, "entra_audience": ""}), "GENESIS_ENTRA_AUDIENCE"),
        (settings(**ENTRA, entra_authority="http://login.example.com"), "GENESIS_ENTRA_AUTHORITY"),
        (settings(**ENTRA, entra_authority="file:///etc/passwd"), "GENESIS_ENTRA_AUTHORITY"),
        (settings(**ENTRA, entra_authority="https://[x"), "GENESIS_ENTRA_AUTHORITY"),
        (settings(auth="platform"), "no platform authenticates here"),
        (settings(auth="platform", in_azure=True), "no platform authenticates here"),
        (settings(auth="platform", easy_auth=True), "no platform authenticates here"),
    ],
)
def test_a_lock_that_would_not_close_is_refused(given: Settings, told: str) -> None:
    assert told in refusal(given)


def test_a_refusal_has_no_secret() -> None:
    assert "s3cret" not in refusal(settings(auth="token", token="s3cret"))
