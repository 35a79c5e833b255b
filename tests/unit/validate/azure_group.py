"""What ``az`` says of a resource group as infra/bicep makes it, and a program that says so in its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from genesis.validate.azure import AzFailed, Azure

GROUP = "/subscriptions/0/resourceGroups/genesis-rg"
APP = f"{GROUP}/providers/Microsoft.Web/sites/genesis-abc"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stabc"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-abc"
ACCOUNT = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/genesis-abc"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/genesis-abc"
CONTAINER = f"{STORAGE}/blobServices/default/containers/artifacts"
PRINCIPAL = "11111111-2222-3333-4444-555555555555"
ROLES = "/subscriptions/0/providers/Microsoft.Authorization/roleDefinitions"
SECRET = "@Microsoft.KeyVault(SecretUri=https://kv-abc.vault.azure.net/secrets/{})"
LIST = "resource list --resource-group genesis-rg"
SETTINGS = "functionapp config appsettings list --resource-group genesis-rg --name genesis-abc"
ASSIGNED = f"role assignment list --assignee {PRINCIPAL} --all"

Answers = dict[str, Any]
"""What is printed, by the command line without ``az`` and the form of its output."""


def show(id: str) -> str:
    return f"resource show --ids {id}"


def resource(id: str, **more: Any) -> dict[str, Any]:
    kind = "/".join(id.split("/providers/")[1].split("/")[:2])
    return {"id": id, "name": id.rpartition("/")[2], "type": kind, **more}


def answers() -> Answers:
    """A deployment in which all is well."""
    return {
        LIST: [resource(id) for id in (APP, STORAGE, VAULT, ACCOUNT, IDENTITY)],
        show(APP): resource(
            APP,
            identity={
                "type": "UserAssigned",
                "userAssignedIdentities": {IDENTITY: {"principalId": PRINCIPAL, "clientId": "c"}},
            },
            properties={
                "httpsOnly": True,
                "defaultHostName": "genesis-abc.azurewebsites.net",
                "hostNames": ["genesis-abc.azurewebsites.net"],
                "publicNetworkAccess": "Enabled",
                "virtualNetworkSubnetId": None,
            },
        ),
        show(f"{APP}/config/web"): {"properties": {"minTlsVersion": "1.2"}},
        show(f"{APP}/basicPublishingCredentialsPolicies/ftp"): {"properties": {"allow": False}},
        show(f"{APP}/basicPublishingCredentialsPolicies/scm"): {"properties": {"allow": False}},
        SETTINGS: [
            {"name": name, "value": value, "slotSetting": False}
            for name, value in {
                "GENESIS_AUTH": "token",
                "GENESIS_TOKEN": SECRET.format("first-token"),
                "GENESIS_DATABASE_URI": SECRET.format("database-uri"),
                "GENESIS_ARTIFACTS_URI": "https://stabc.blob.core.windows.net/artifacts",
                "GENESIS_STORAGE_CONNECTION_STRING": "",
            }.items()
        ],
        show(STORAGE): resource(
            STORAGE,
            properties={
                "allowSharedKeyAccess": False,
                "allowBlobPublicAccess": False,
                "supportsHttpsTrafficOnly": True,
                "minimumTlsVersion": "TLS1_2",
                "publicNetworkAccess": "Enabled",
            },
        ),
        show(VAULT): resource(VAULT, properties={"publicNetworkAccess": "Enabled"}),
        show(ACCOUNT): resource(
            ACCOUNT, properties={"minimalTlsVersion": "Tls12", "publicNetworkAccess": "Enabled"}
        ),
        ASSIGNED: [
            assignment("ba92f5b4-2d11-453d-a403-e96b0029c9fe", CONTAINER),
            assignment("db58b8e5-c6ad-4a2a-8342-4190687cbf4a", STORAGE),
            assignment("4633458b-17de-408a-b874-0445c86b69e6", VAULT),
        ],
    }


def assignment(role: str, scope: str) -> dict[str, str]:
    return {"roleDefinitionId": f"{ROLES}/{role}", "scope": scope, "principalId": PRINCIPAL}


class Replayed(Azure):
    """A group whose ``az`` is a table."""

    is_there = True

    def __init__(self, said: Answers, app: str = "") -> None:
        super().__init__("genesis-rg", app)
        self._said = said

    def ask(self, *arguments: str) -> Any:
        line = " ".join(arguments)
        if line not in self._said:
            raise AzFailed(f"az {line}: (ResourceNotFound)")
        return self._said[line]


PROGRAM = """#!/bin/sh
# Replays what the real one would print; an unknown line is an error, as of a resource that is not there.
line=$(echo "$@" | sed 's/ --output json$//' | tr ' /' '__')
file="{folder}/$line.json"
if [ -e "$file" ]; then cat "$file"; else echo "ERROR: (ResourceNotFound) $*" >&2; exit 3; fi
"""


def fake_az(folder: Path, said: Answers) -> None:
    """An ``az`` in the folder that prints these answers."""
    for line, answer in said.items():
        file = folder / f"{line.replace(' ', '_').replace('/', '_')}.json"
        file.write_text(json.dumps(answer))
    program = folder / "az"
    program.write_text(PROGRAM.format(folder=folder))
    program.chmod(0o755)
