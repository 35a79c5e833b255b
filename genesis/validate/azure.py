"""Checks of the resources in Azure, as the ``az`` of the caller shows them; nothing is changed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from genesis.validate.results import shown

SECONDS = 120
SITE = "Microsoft.Web/sites"
STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
RU, VCORE = "Microsoft.DocumentDB/databaseAccounts", "Microsoft.DocumentDB/mongoClusters"
REFERENCE = "@Microsoft.KeyVault("


class AzFailed(Exception):
    """``az`` could not say; the text is its own."""


class Azure:
    """One resource group, and the function app in it; every resource is asked for once."""

    def __init__(self, group: str, app: str = "") -> None:
        self.group = group
        self._named = app

    @property
    def is_there(self) -> bool:
        """Whether there is an ``az`` to ask."""
        return shutil.which("az") is not None

    def ask(self, *arguments: str) -> Any:
        """The JSON that ``az`` prints; raises AzFailed."""
        command = [shutil.which("az") or "az", *arguments, "--output", "json"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AzFailed(f"az {arguments[0]}: {error}") from error
        if done.returncode:
            raise AzFailed(shown(f"az {' '.join(arguments[:2])}: {done.stderr.strip()}"))
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise AzFailed(f"az {' '.join(arguments[:2])} printed no JSON.") from error

    def show(self, id: str) -> dict[str, Any]:
        """A resource by its id, as Azure Resource Manager has it."""
        found: dict[str, Any] = self.ask("resource", "show", "--ids", id)
        return found

    @cached_property
    def resources(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("resource", "list", "--resource-group", self.group)
        return found

    def ids(self, *kinds: str) -> list[str]:
        """The group's resources of these types."""
        wanted = [kind.lower() for kind in kinds]
        return [r["id"] for r in self.resources if r["type"].lower() in wanted]

    @cached_property
    def app_id(self) -> str:
        """Raises AzFailed where there is no such app, or more than one to choose from."""
        found = [id for id in self.ids(SITE) if not self._named or last(id).lower() == self._named.lower()]
        if len(found) != 1:
            names = ", ".join(map(last, self.ids(SITE))) or "none"
            raise AzFailed(f"Name the function app by --app; in {self.group} there are: {names}.")
        return found[0]

    @cached_property
    def app(self) -> dict[str, Any]:
        return self.show(self.app_id)

    @cached_property
    def settings(self) -> dict[str, str]:
        """The app's environment variables; some may be secret."""
        where = ("--resource-group", self.group, "--name", last(self.app_id))
        listed = self.ask("functionapp", "config", "appsettings", "list", *where)
        return {setting["name"]: setting["value"] or "" for setting in listed}

    @cached_property
    def storage(self) -> dict[str, Any]:
        """The account that the app's artifacts are in."""
        account = (urlsplit(self.settings.get("GENESIS_ARTIFACTS_URI", "")).hostname or "").partition(".")[0]
        found = [id for id in self.ids(STORAGE) if last(id) == account]
        if not found:
            raise AzFailed(f"In {self.group} there is no storage account '{account}' for the artifacts.")
        return self.show(found[0])

    @property
    def container(self) -> str:
        """Resource id of the artifacts' container."""
        path = urlsplit(self.settings.get("GENESIS_ARTIFACTS_URI", "")).path.strip("/").partition("/")[0]
        return f"{self.storage['id']}/blobServices/default/containers/{path}"

    @cached_property
    def databases(self) -> list[dict[str, Any]]:
        return [self.show(id) for id in self.ids(RU, VCORE)]

    @cached_property
    def vaults(self) -> list[dict[str, Any]]:
        """Those that the app's settings refer to."""
        said = " ".join(self.settings.values()).lower()
        named = set(re.findall(r"(?:secreturi=https://|vaultname=)([a-z0-9-]+)", said))
        return [self.show(id) for id in self.ids(VAULT) if last(id).lower() in named]

    @cached_property
    def principals(self) -> list[str]:
        """Object ids of the app's identities."""
        identity: Mapping[str, Any] = self.app.get("identity") or {}
        assigned = (identity.get("userAssignedIdentities") or {}).values()
        return [id for id in (identity.get("principalId"), *(one["principalId"] for one in assigned)) if id]

    @cached_property
    def roles(self) -> list[tuple[str, str]]:
        """What the app's identities may: id of the role, scope in lower case."""
        found: list[tuple[str, str]] = []
        for principal in self.principals:
            for role in self.ask("role", "assignment", "list", "--assignee", principal, "--all"):
                found.append((last(role["roleDefinitionId"]).lower(), role["scope"].lower()))
        return found


def last(id: str) -> str:
    """The name at the end of a resource's id."""
    return id.rstrip("/").rpartition("/")[2]


def covers(scope: str, id: str) -> bool:
    """Whether what is granted at ``scope`` holds for the resource."""
    return f"{id.lower()}/".startswith(f"{scope.rstrip('/')}/")
