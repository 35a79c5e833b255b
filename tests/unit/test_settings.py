"""Settings come from the environment, and have sensible defaults."""

from __future__ import annotations

import logging
from pathlib import Path

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
