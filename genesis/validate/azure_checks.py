"""What must be so in Azure, resource by resource; each check tells all that is wrong with one of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from genesis.validate.azure import REFERENCE, RU, VCORE, AzFailed, Azure, covers, last
from genesis.validate.results import Result, failed, ok, skipped, warning

BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_DELEGATOR = "db58b8e5-c6ad-4a2a-8342-4190687cbf4a"
VAULT_SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
OWNER, CONTRIBUTOR = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "b24988ac-6180-42a0-ab88-20f7382dd24c"

SECRETS = ("GENESIS_TOKEN", "GENESIS_STORAGE_CONNECTION_STRING")
"""Settings that are secret whatever they look like."""
SECRET = re.compile(
    r"(?i)AccountKey=|SharedAccessSignature=|[?&]sig=|\b(?:mongodb(?:\+srv)?|https?)://[^/@\s]+:[^/@\s]+@"
)
DEPLOY = "Deploy infra/bicep again, which sets this; whatever was changed by hand goes."

AzureCheck = Callable[[Azure], Result]


def check(name: str) -> Callable[[Callable[[Azure], Result | list[str]]], AzureCheck]:
    """What is wrong, as a result; where ``az`` cannot tell, the check has failed."""

    def decorate(find: Callable[[Azure], Result | list[str]]) -> AzureCheck:
        @wraps(find)
        def found(azure: Azure) -> Result:
            if not azure.is_there:
                return skipped(name, "There is no az here.", "Install the Azure CLI, and az login.")
            try:
                wrong = find(azure)
            except AzFailed as error:
                fix = "az login, az account set, and the role Reader on the resource group."
                return failed(name, str(error), fix)
            if isinstance(wrong, Result):
                return wrong
            return failed(name, " ".join(wrong), DEPLOY) if wrong else ok(name, str(find.__doc__))

        return found

    return decorate


def properties(resource: dict[str, Any]) -> dict[str, Any]:
    return resource.get("properties") or {}


def _public(resource: dict[str, Any]) -> bool:
    """Whether it is reached from the internet, which is what Azure does unless it is told otherwise."""
    return (properties(resource).get("publicNetworkAccess") or "Enabled").lower() != "disabled"


def _is_old(version: object) -> bool:
    """Whether TLS of that least version (1.2, TLS1_2, Tls12) is too old; unknown ones are."""
    return "".join(re.findall(r"\d", str(version))) not in ("12", "13")


@check("azure-app")
def app(azure: Azure) -> list[str]:
    """HTTPS only, TLS 1.2, an identity, no passwords for publishing."""
    site = properties(azure.app)
    web = properties(azure.show(f"{azure.app_id}/config/web"))
    wrong = []
    if not site.get("httpsOnly"):
        wrong.append("It answers without TLS (httpsOnly is off).")
    if _is_old(web.get("minTlsVersion")):
        wrong.append(f"It takes TLS {web.get('minTlsVersion')} (minTlsVersion).")
    if not azure.principals:
        wrong.append("It has no identity.")
    for door in ("ftp", "scm"):
        policy = azure.show(f"{azure.app_id}/basicPublishingCredentialsPolicies/{door}")
        if properties(policy).get("allow"):
            wrong.append(f"Passwords open {door} (basicPublishingCredentialsPolicies).")
    return wrong


def address(azure: Azure, host: str) -> Result:
    """Whether the URL under test is the app's."""
    names = properties(azure.app).get("hostNames") or [properties(azure.app).get("defaultHostName")]
    if host in names:
        return ok("azure-address", f"{host} is {last(azure.app_id)}.")
    return warning(
        "azure-address",
        f"{host} is no name of {last(azure.app_id)} ({', '.join(map(str, names))}).",
        "See that --url and --app mean the same deployment; with a gateway in front it is as it should be.",
    )


@check("azure-settings")
def settings(azure: Azure) -> list[str]:
    """Secrets are references to a key vault, and nobody is let in by accident."""
    wrong = []
    for name, value in sorted(azure.settings.items()):
        is_secret = name in SECRETS or SECRET.search(value)
        if value and is_secret and not value.startswith(REFERENCE):
            wrong.append(f"{name} holds a secret itself, not a reference to a key vault.")
    auth = azure.settings.get("GENESIS_AUTH", "")
    if auth not in ("token", "entra", "platform"):
        wrong.append(f"GENESIS_AUTH is {auth or 'not set'}: anybody may call, or nobody.")
    database = azure.settings.get("GENESIS_DATABASE_URI", "")
    if urlsplit(database).scheme not in ("mongodb", "mongodb+srv") and not database.startswith(REFERENCE):
        wrong.append("GENESIS_DATABASE_URI names no database that lasts.")
    return wrong


@check("azure-storage")
def storage(azure: Azure) -> list[str]:
    """No shared keys, no public blobs, HTTPS only with TLS 1.2."""
    found = properties(azure.storage)
    wrong = []
    # What is not there means yes.
    if found.get("allowSharedKeyAccess") is not False:
        wrong.append("Its keys open it (allowSharedKeyAccess).")
    if found.get("allowBlobPublicAccess") is not False:
        wrong.append("Its containers can be made public (allowBlobPublicAccess).")
    if not found.get("supportsHttpsTrafficOnly"):
        wrong.append("It answers without TLS (supportsHttpsTrafficOnly).")
    if _is_old(found.get("minimumTlsVersion")):
        wrong.append(f"It takes {found.get('minimumTlsVersion')} (minimumTlsVersion).")
    return wrong


@check("azure-database")
def database(azure: Azure) -> Result | list[str]:
    """TLS 1.2 for Cosmos DB accounts, Entra ID alone for clusters."""
    if not azure.databases:
        detail = f"No Cosmos DB is in {azure.group}; the app uses one elsewhere."
        return skipped("azure-database", detail, "Look at it where it is.")
    wrong = []
    for found in azure.databases:
        kind = found["type"].lower()
        if kind == RU.lower() and _is_old(properties(found).get("minimalTlsVersion")):
            wrong.append(
                f"{found['name']} takes {properties(found).get('minimalTlsVersion')} (minimalTlsVersion)."
            )
        modes = (properties(found).get("authConfig") or {}).get("allowedModes") or ["NativeAuth"]
        if kind == VCORE.lower() and modes != ["MicrosoftEntraID"]:
            wrong.append(f"{found['name']} takes passwords (authConfig: {', '.join(modes)}).")
    return wrong


@check("azure-roles")
def roles(azure: Azure) -> Result | list[str]:
    """The identity may use the artifacts, sign for them and read its secrets, and no more."""
    account = azure.storage["id"]
    wanted = [
        ("Storage Blob Data Contributor", azure.container, (BLOB_CONTRIBUTOR, BLOB_OWNER)),
        ("Storage Blob Delegator", account, (BLOB_DELEGATOR, BLOB_CONTRIBUTOR, BLOB_OWNER)),
        *(("Key Vault Secrets User", vault["id"], (VAULT_SECRETS_USER,)) for vault in azure.vaults),
    ]
    wrong = [
        f"It has no role {name} on {last(id)}."
        for name, id, enough in wanted
        if not any(role in enough and covers(scope, id) for role, scope in azure.roles)
    ]
    broad = [scope for role, scope in azure.roles if role in (OWNER, CONTRIBUTOR)]
    if broad and not wrong:
        return warning(
            "azure-roles",
            f"The identity is Owner or Contributor of {', '.join(map(last, broad))}, and need not be.",
            "Remove that assignment; infra/bicep gives the roles that are needed.",
        )
    return wrong


@check("azure-network")
def network(azure: Azure) -> Result | list[str]:
    """Storage, vault and database are reached as the app's own network says."""
    behind = [azure.storage, *azure.vaults, *azure.databases]
    public = [resource["name"] for resource in behind if _public(resource)]
    if properties(azure.app).get("virtualNetworkSubnetId"):
        return [f"{name} is reached from the internet, though the app is in a network." for name in public]
    closed = [resource["name"] for resource in behind if not _public(resource)]
    return [f"{name} is closed (publicNetworkAccess), and the app is in no network." for name in closed]


CHECKS: dict[str, AzureCheck] = {
    "azure-app": app,
    "azure-settings": settings,
    "azure-storage": storage,
    "azure-database": database,
    "azure-roles": roles,
    "azure-network": network,
}
