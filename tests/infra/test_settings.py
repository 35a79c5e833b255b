"""The environment that Bicep gives the function app is the one that its code reads."""

from __future__ import annotations

import json
from pathlib import Path

from genesis.settings import Settings
from tests.infra.bicep import File, Value

ROOT = Path(__file__).parents[2]
ONLY_ELSEWHERE = {"GENESIS_DATA", "GENESIS_STORAGE_CONNECTION_STRING"}
"""Of a folder on a disk, and of a secret that an identity makes needless."""
ONLY_LOCAL = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}
"""What `func start` wants; in Azure the plan knows the one, and an identity replaces the other."""


def given() -> dict[str, Value]:
    settings = File(ROOT / "infra" / "bicep" / "main.bicep").variables["settings"]
    assert isinstance(settings, dict)
    return settings


def test_every_setting_of_ours_is_given_and_no_other() -> None:
    read = set(Settings.variables())

    assert {name for name in given() if name.startswith("GENESIS_")} == read - ONLY_ELSEWHERE


def test_what_the_host_is_given_here_it_is_given_in_azure() -> None:
    local = json.loads((ROOT / "local.settings.example.json").read_text())["Values"]

    assert local.keys() - ONLY_ELSEWHERE - ONLY_LOCAL <= given().keys()


def test_the_host_reaches_its_storage_as_the_identity_of_the_app() -> None:
    host = {name: value for name, value in given().items() if name.startswith("AzureWebJobsStorage")}

    assert host["AzureWebJobsStorage__credential"] == "managedidentity"
    assert set(host) == {
        f"AzureWebJobsStorage__{name}" for name in ("blobServiceUri", "credential", "clientId")
    }
