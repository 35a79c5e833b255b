"""Where settings come from, and which of two goes first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genesis.doctor.configuration import Configuration, NoSettings, of_environment, of_file
from genesis.settings import Settings

EXAMPLE = Path(__file__).parents[3] / "local.settings.example.json"


def origins(found: Configuration) -> dict[str, tuple[str, str]]:
    return {one.name: (one.value, one.origin) for one in found.shown()}


def file(**values: object) -> str:
    return json.dumps({"IsEncrypted": False, "Values": values})


def test_every_setting_is_shown_with_what_holds() -> None:
    shown = origins(of_environment({"GENESIS_DATA": "/srv/a b", "GENESIS_LOG_LEVEL": "", "PATH": "/bin"}))
    assert list(shown) == list(Settings.variables())
    assert shown["GENESIS_DATA"] == ("/srv/a b", "environment")
    assert shown["GENESIS_LOG_LEVEL"] == ("INFO", "default")
    assert shown["GENESIS_DATABASE_URI"] == ("sqlite:////srv/a%20b/genesis.db", "default")
    assert shown["GENESIS_ARTIFACTS_URI"] == ("file:///srv/a%20b/artifacts", "default")


def test_as_for_func_start_the_environment_goes_before_the_file() -> None:
    found = of_file(file(GENESIS_LOG_LEVEL="DEBUG", GENESIS_DATA="here"), {"GENESIS_LOG_LEVEL": "ERROR"})
    assert origins(found)["GENESIS_LOG_LEVEL"] == ("ERROR", "environment")
    assert origins(found)["GENESIS_DATA"] == ("here", "file")
    assert (found.is_deployed, found.is_of_the_host, found.settings.in_azure) == (False, True, False)


def test_of_an_app_in_azure_this_machines_environment_says_nothing() -> None:
    listed = [
        {"name": "GENESIS_AUTH", "slotSetting": False, "value": "token"},
        {"name": "GENESIS_TOKEN", "slotSetting": False, "value": None},
    ]
    found = of_file(json.dumps(listed), {"GENESIS_LOG_LEVEL": "ERROR"})
    assert origins(found)["GENESIS_LOG_LEVEL"] == ("INFO", "default")
    assert origins(found)["GENESIS_AUTH"] == ("token", "file")
    assert (found.is_deployed, found.settings.in_azure, found.settings.token) == (True, True, "")


def test_the_example_is_read() -> None:
    found = of_file(EXAMPLE.read_text(), {})
    assert found.settings.storage_connection_string == "UseDevelopmentStorage=true"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("GENESIS_AUTH=token", "no JSON"),
        ("{}", 'no "Values"'),
        ('{"Values": []}', 'no "Values"'),
        ("3", 'no "Values"'),
        ('{"IsEncrypted": true, "Values": {}}', "func settings decrypt"),
        ('{"Values": {"GENESIS_DATABASE_CONNECTIONS": 32}}', "put it in quotes"),
        ("[1]", "name and value"),
        ('[{"name": "A"}]', "name and value"),
    ],
)
def test_what_is_no_settings_file_is_told(text: str, told: str) -> None:
    with pytest.raises(NoSettings, match=told):
        of_file(text, {})


def test_the_example_of_what_no_output_may_have() -> None:
    given = {"GENESIS_TOKEN": "t0ken", "GENESIS_DATABASE_URI": "mongodb://a:pass@h/d"}
    assert of_environment(given).secrets == ["pass", "t0ken"]
