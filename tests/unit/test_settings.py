"""Settings come from the environment, and have sensible defaults."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from genesis.settings import Settings


def test_without_any_variable_everything_is_in_the_data_folder() -> None:
    settings = Settings.read({})
    here = Path.cwd() / ".genesis"
    assert settings.database == f"sqlite:///{here}/genesis.db"
    assert settings.artifacts == (here / "artifacts").as_uri()


def test_the_data_folder_moves_both() -> None:
    settings = Settings.read({"GENESIS_DATA": "/some/where"})
    assert settings.database == "sqlite:////some/where/genesis.db"
    assert settings.artifacts == "file:///some/where/artifacts"


def test_a_folder_may_have_any_name() -> None:
    settings = Settings.read({"GENESIS_DATA": "/a b#c?d%20e"})
    assert settings.database == "sqlite:////a%20b%23c%3Fd%2520e/genesis.db"
    assert settings.artifacts == "file:///a%20b%23c%3Fd%2520e/artifacts"


def test_a_log_level_that_is_none_counts_as_info() -> None:
    assert Settings.read({"GENESIS_LOG_LEVEL": "loud"}).level == logging.INFO
    assert Settings.read({"GENESIS_LOG_LEVEL": "debug"}).level == logging.DEBUG


def test_given_uris_are_taken_as_they_are() -> None:
    settings = Settings.read(
        {"GENESIS_DATABASE_URI": "mongodb://h/d", "GENESIS_ARTIFACTS_URI": "https://a/c"}
    )
    assert (settings.database, settings.artifacts) == ("mongodb://h/d", "https://a/c")


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert Settings.read({"GENESIS_LOG_LEVEL": "", "GENESIS_DATA": ""}) == Settings()


@pytest.mark.parametrize(("given", "minutes"), [("", 15), ("0", 0), ("1", 1), ("60", 60)])
def test_signed_urls_live_a_quarter_of_an_hour_or_what_is_said(given: str, minutes: int) -> None:
    assert Settings.read({"GENESIS_SIGNED_URL_MINUTES": given}).minutes == minutes


@pytest.mark.parametrize("given", ["61", "-5", "1.5", "many", "0x10", "9" * 5000])
def test_signed_urls_that_would_live_too_long_or_not_at_all_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match="GENESIS_SIGNED_URL_MINUTES"):
        _ = Settings.read({"GENESIS_SIGNED_URL_MINUTES": given}).minutes


@pytest.mark.parametrize(
    ("given", "mib"), [("", 100), ("210", 210), ("all", 100), ("-1", 100), ("9" * 5000, 100)]
)
def test_what_passes_through_the_function_is_limited(given: str, mib: int) -> None:
    assert Settings.read({"GENESIS_PROXIED_UPLOAD_LIMIT": given}).largest_body == mib * 1024 * 1024


@pytest.mark.parametrize("variable", ["WEBSITE_SITE_NAME", "WEBSITE_INSTANCE_ID"])
def test_azure_says_that_it_is_azure(variable: str) -> None:
    assert Settings.read({variable: "x"}).in_azure
    assert not Settings.read({variable: ""}).in_azure


@pytest.mark.parametrize(("given", "connections"), [("", 32), ("1", 1), ("1000", 1000)])
def test_as_many_connections_are_kept_as_are_set(given: str, connections: int) -> None:
    assert Settings.read({"GENESIS_DATABASE_CONNECTIONS": given}).connections == connections


@pytest.mark.parametrize("given", ["0", "1001", "-1", "1.5", "many"])
def test_a_number_of_connections_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="GENESIS_DATABASE_CONNECTIONS"):
        _ = Settings.read({"GENESIS_DATABASE_CONNECTIONS": given}).connections


def test_a_file_as_database_is_refused_in_azure_alone() -> None:
    azure = {"WEBSITE_SITE_NAME": "app"}
    assert "GENESIS_DATABASE_URI" in Settings.read(azure).database_refusal
    assert not Settings.read({}).database_refusal
    assert not Settings.read({**azure, "GENESIS_DATABASE_URI": "mongodb://h/d"}).database_refusal


def test_azure_says_whether_it_authenticates() -> None:
    assert Settings.read({"WEBSITE_AUTH_ENABLED": "True"}).easy_auth
    assert not Settings.read({"WEBSITE_AUTH_ENABLED": "False"}).easy_auth
    assert not Settings.read({}).easy_auth


@pytest.mark.parametrize(
    "variable", ["GENESIS_TOKEN", "GENESIS_DATABASE_URI", "GENESIS_STORAGE_CONNECTION_STRING"]
)
def test_no_secret_is_in_what_is_printed_of_settings(variable: str) -> None:
    assert "s3cret" not in repr(Settings.read({variable: "mongodb://me:s3cret@host/db"}))
