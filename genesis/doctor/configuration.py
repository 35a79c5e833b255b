"""A configuration and where it comes from: this process's environment, or a file of settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from genesis.doctor.masks import masked, secrets
from genesis.settings import AZURE, EASY_AUTH, Settings

ENVIRONMENT, FILE, DEFAULT = "environment", "file", "default"
PREFIX = "GENESIS_"


class NoSettings(Exception):
    """The file is none of settings; the text says what to do."""


class Shown(NamedTuple):
    """A setting, fit to be seen."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True)
class Configuration:
    """What a server would be configured by, and what of it ``values`` came from a file."""

    values: Mapping[str, str]
    from_file: Mapping[str, str] = field(default_factory=dict)
    is_deployed: bool = False
    """Whether these are the settings of an app in Azure, looked at from elsewhere."""

    @property
    def settings(self) -> Settings:
        return Settings.read(self.values)

    @property
    def is_of_the_host(self) -> bool:
        """Whether it is for the Functions host, not for ``serve``."""
        return bool(self.from_file) or self.settings.in_azure

    @property
    def names(self) -> list[str]:
        """Ours among the variables that are set, known or not."""
        return sorted(name for name in self.values if name.upper().startswith(PREFIX))

    @property
    def secrets(self) -> list[str]:
        """What no output may have."""
        return [one for name in Settings.variables() for one in secrets(name, self.values.get(name, ""))]

    def shown(self) -> list[Shown]:
        """Every setting as it holds; what is derived from others is filled in."""
        settings = self.settings
        filled = {"GENESIS_DATABASE_URI": settings.database, "GENESIS_ARTIFACTS_URI": settings.artifacts}
        found = []
        for name, setting in Settings.variables().items():
            value = filled.get(name) or getattr(settings, setting.name)
            found.append(Shown(name, masked(name, value), self._origin(name)))
        return found

    def _origin(self, name: str) -> str:
        if not self.values.get(name):
            return DEFAULT
        return FILE if name in self.from_file else ENVIRONMENT


def of_environment(environment: Mapping[str, str]) -> Configuration:
    return Configuration(environment)


def of_file(text: str, environment: Mapping[str, str]) -> Configuration:
    """From a Functions settings file, or what ``az functionapp config appsettings list`` prints.

    As in ``func start``, a variable of the environment goes before a file's; the settings of an app in Azure
    are all there is. Raises NoSettings.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise NoSettings(f"It is no JSON: {error}.") from error
    if isinstance(found, list):
        return _of_app(found)
    if not isinstance(found, dict) or not isinstance(found.get("Values"), dict):
        raise NoSettings(
            'It has no "Values": give a file like local.settings.example.json, or what '
            "az functionapp config appsettings list prints."
        )
    if found.get("IsEncrypted") is True:
        raise NoSettings("Its values are encrypted: func settings decrypt.")
    file = {name: _text(name, value) for name, value in found["Values"].items()}
    of_it = {name: value for name, value in file.items() if name not in environment}
    return Configuration({**environment, **of_it}, of_it)


def _of_app(listed: list[Any]) -> Configuration:
    try:
        file = {one["name"]: _text(one["name"], one["value"]) for one in listed}
    except (TypeError, KeyError) as error:
        raise NoSettings("Its list is not one of objects with name and value.") from error
    # What Azure itself sets, and lists nowhere.
    platform = {AZURE[0]: "an app", EASY_AUTH: "true"}
    return Configuration({**platform, **file}, file, is_deployed=True)


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NoSettings(f"{name} is no text: the Functions host takes texts only, so put it in quotes.")
    return value
