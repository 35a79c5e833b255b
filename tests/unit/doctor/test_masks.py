"""What of a setting may be seen."""

from __future__ import annotations

import pytest

from genesis.doctor.masks import masked, secrets

DATABASE, CONNECTION = "GENESIS_DATABASE_URI", "GENESIS_STORAGE_CONNECTION_STRING"
KEY = "c2VjcmV0c2VjcmV0c2VjcmV0=="


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("mongodb://127.0.0.1:27017/db", "mongodb://127.0.0.1:27017/db"),
        ("mongodb+srv://ada:secret@h/db?tls=true", "mongodb+srv://ada:…@h/db?tls=true"),
        (
            f"mongodb://a:{KEY}@a.example:10255/?ssl=true&appName=@a@",
            "mongodb://a:…@a.example:10255/?ssl=true&appName=@a@",
        ),
        (
            "mongodb://client-id@h/db?authMechanism=MONGODB-OIDC",
            "mongodb://client-id@h/db?authMechanism=MONGODB-OIDC",
        ),
        ("mongodb://u:se@cr/et@h/db", "mongodb://u:…@h/db"),
        ("mongodb://u:sec?ret@h/db", "mongodb://u:…@h/db"),
        ("mongodb://u:sec?ret@h/db?tls=true", "mongodb://u:…@h/db?tls=true"),
        (
            "mongodb://h/db?tlsCertificateKeyFilePassword=secret&w=1",
            "mongodb://h/db?tlsCertificateKeyFilePassword=…&w=1",
        ),
        (
            "mongodb://h/db?authMechanismProperties=AWS_SESSION_TOKEN:secret",
            "mongodb://h/db?authMechanismProperties=…",
        ),
        ("https://a.blob.core.windows.net/c?sv=1&sig=secret", "https://a.blob.core.windows.net/c?sv=1&sig=…"),
        ("sqlite:////srv/genesis.db", "sqlite:////srv/genesis.db"),
        ("@Microsoft.KeyVault(SecretUri=https://v/s)", "@Microsoft.KeyVault(SecretUri=https://v/s)"),
        ("", ""),
    ],
)
def test_a_uri_is_shown_without_its_password(value: str, shown: str) -> None:
    assert masked(DATABASE, value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("UseDevelopmentStorage=true", "UseDevelopmentStorage=true"),
        (f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={KEY}", "AccountName=a;…"),
        ("BlobEndpoint=https://a;SharedAccessSignature=sv=1&sig=secret", "…"),
        (KEY, "…"),
    ],
)
def test_a_connection_string_is_an_account_at_most(value: str, shown: str) -> None:
    assert masked(CONNECTION, value) == shown


def test_of_a_token_nothing_is_shown_but_its_length() -> None:
    assert masked("GENESIS_TOKEN", "gf_abcdefgh2345_secret") == "… (22 characters)"


@pytest.mark.parametrize(
    ("variable", "value", "found"),
    [
        ("GENESIS_TOKEN", "secret", ["secret"]),
        ("GENESIS_TOKEN", "", []),
        (DATABASE, "mongodb://u:se%40cret@h/db", ["se%40cret", "se@cret"]),
        (DATABASE, "mongodb://client@h/db", []),
        (DATABASE, "@Microsoft.KeyVault(x)", []),
        (CONNECTION, "UseDevelopmentStorage=true", []),
        (CONNECTION, f"AccountName=a;AccountKey={KEY}", [f"AccountName=a;AccountKey={KEY}", KEY]),
    ],
)
def test_what_is_secret_is_known_so_that_no_message_has_it(
    variable: str, value: str, found: list[str]
) -> None:
    assert secrets(variable, value) == found
