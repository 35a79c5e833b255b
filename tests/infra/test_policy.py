"""The Bicep files keep every rule, and every rule notices what it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesis.artifacts import container
from tests.infra import policy
from tests.infra.bicep import File

INFRA = Path(__file__).parents[2] / "infra" / "bicep"
FILES = sorted(INFRA.rglob("*.bicep"))
MODULES = INFRA / "modules"


@pytest.mark.parametrize("rule", policy.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_keeps_every_rule(path: Path, rule: policy.Rule) -> None:
    assert list(rule(File(path))) == []


FAULTS = [
    (policy.syntax, "storage", "kind: 'StorageV2'", "kind 'StorageV2'"),
    (
        policy.descriptions,
        "storage",
        "@description('Required. Name of the",
        "@metadata('Required. Name of the",
    ),
    (policy.descriptions, "storage", "Optional. Redundancy", "Required. Redundancy"),
    (policy.descriptions, "identity", "@description('Resource id of the identity.')\n", ""),
    (policy.descriptions, "identity", "metadata description", "metadata author"),
    (policy.secure_parameters, "identity", "param name string", "param adminPassword string"),
    (policy.secure_parameters, "identity", "param tags object = {}", "@secure()\nparam tags string = 'p4ss'"),
    (policy.no_secret_leaves, "storage", "= account.name", "= account.listKeys().keys[0].value"),
    (policy.no_secret_leaves, "storage", "location: location", "location: listKeys(name, '2025').keys[0]"),
    (
        policy.no_secret_leaves,
        "identity",
        "param name string",
        "@secure()\nparam id string\noutput x string = id",
    ),
    (policy.no_secret_leaves, "identity", "output id string", "output connectionString string"),
    (policy.no_secret_leaves, "first-token", "@secure()\n", ""),
    (policy.secure_parameters, "first-token", "newGuid()", "string(1)"),
    (policy.secrets_last, "first-token", "@onlyIfNotExists()\n", ""),
    (policy.roles, "roles", "guid(artifacts.id, ", "guid(account.id, "),
    (
        policy.roles,
        "roles",
        "name: guid(account.id, principalId, roles.storageBlobDelegator)",
        "name: 'role'",
    ),
    (policy.roles, "roles", "  scope: account\n", ""),
    (policy.roles, "roles", "db58b8e5-c6ad", "db58b8e5-c6ae"),
    (policy.roles, "roles", "principalType: 'ServicePrincipal'", "principalType: 'User'"),
    (policy.roles, "roles", "storageBlobDataOwner: 'b7e6dc6d", "owner: 'b7e6dc6d"),
    (policy.hardened, "storage", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
    (policy.hardened, "storage", "    allowSharedKeyAccess: false\n", ""),
    (policy.hardened, "storage", "TLS1_2", "TLS1_0"),
    (policy.roles, "roles", "roleDefinitions'", "roleDefinition'"),
    (policy.hardened, "keyvault", "enablePurgeProtection: true", "enablePurgeProtection: false"),
    (policy.hardened, "monitoring", "DisableLocalAuth: true", "DisableLocalAuth: false"),
    (policy.hardened, "monitoring", "{ disableLocalAuth: true }", "{}"),
    (policy.hardened, "cosmos-ru", "      { name: 'EnableServerless' }\n", ""),
    (policy.hardened, "cosmos-vcore", "['MicrosoftEntraID']", "['MicrosoftEntraID', 'NativeAuth']"),
    (policy.hardened, "cosmos-vcore", "sharding:", "administrator: { userName: 'a' }, sharding:"),
    (policy.hardened, "functions", "httpsOnly: true", "httpsOnly: false"),
    (policy.hardened, "functions", "{ allow: false }", "{ allow: true }"),
    (policy.flex, "functions", "minTlsVersion", "alwaysOn"),
    (policy.flex, "main", "AzureWebJobsDisableHomepage", "FUNCTIONS_WORKER_RUNTIME"),
    (policy.no_secret_leaves, "cosmos-ru", "vaults/secrets@2024-11-01' = {", "vaults/keys@2024-11-01' = {"),
    (policy.cors, "storage", "'GET', 'HEAD', 'PUT'", "'GET', 'HEAD', 'PUT', 'DELETE'"),
    (policy.cors, "storage", "'range', ", "'*', "),
    (policy.cors, "storage", "allowedOrigins: origins", "allowedOrigins: ['*']"),
    (policy.cors, "storage", "param origins string[]", "param origins string[] = ['*']"),
    (policy.soft_delete, "storage", "containerDeleteRetentionPolicy: { enabled: true", "x: { enabled: true"),
    (
        policy.soft_delete,
        "storage",
        "deleteRetentionPolicy: { enabled: true",
        "deleteRetentionPolicy: { enabled: false",
    ),
    (policy.lifecycle, "lifecycle", ", prefixMatch: ['${artifactsContainer}/']", ""),
    (policy.lifecycle, "lifecycle", "snapshot:", "baseBlob:"),
    (policy.modules, "main", "    days: leftoverDays\n", "    weeks: leftoverDays\n"),
    (policy.modules, "main", "    storageName: storage.outputs.name\n", ""),
    (policy.modules, "main", "identity.outputs.clientId", "identity.outputs.clientid"),
    (policy.modules, "main", "modules/roles.bicep", "modules/role.bicep"),
    (policy.length, "identity", "metadata", "\n" * 100 + "metadata"),
]


@pytest.mark.parametrize(
    ("rule", "file", "old", "new"), FAULTS, ids=lambda given: getattr(given, "__name__", None)
)
def test_a_rule_notices_what_breaks_it(rule: policy.Rule, file: str, old: str, new: str) -> None:
    path = INFRA / "main.bicep" if file == "main" else MODULES / f"{file}.bicep"
    source = path.read_text()
    assert old in source

    assert list(rule(File(path, source.replace(old, new))))


def test_every_rule_is_broken_once() -> None:
    assert {rule for rule, *_ in FAULTS} == set(policy.RULES)


def test_main_wires_every_module() -> None:
    wired = {module.file.resolve() for path in FILES for module in File(path).modules.values()}
    assert wired == set(MODULES.glob("*.bicep"))


def test_main_itself_makes_no_resource() -> None:
    assert File(INFRA / "main.bicep").resources == {}


def test_leftovers_are_removed_and_deleted_blobs_kept() -> None:
    kinds = {resource.type for path in FILES for resource in File(path).resources.values()}
    assert {policy.LIFECYCLE, policy.BLOBS} <= kinds


def test_an_account_in_azure_lets_pages_do_what_an_emulator_does_after_init() -> None:
    blobs = File(MODULES / "storage.bicep").resources["blobs"]
    [rule] = blobs.body["properties"]["cors"]["corsRules"]  # type: ignore[index, call-overload]

    assert rule["allowedMethods"] == container.CORS_METHODS
    assert rule["allowedHeaders"] == container.CORS_REQUEST_HEADERS
    assert rule["exposedHeaders"] == container.CORS_REPLY_HEADERS
    assert rule["maxAgeInSeconds"] == container.CORS_SECONDS


def test_one_version_of_each_resource_type_is_used() -> None:
    used = {(resource.type, resource.version) for path in FILES for resource in File(path).resources.values()}
    assert len(used) == len({kind for kind, _ in used})


@pytest.mark.parametrize("path", sorted(INFRA.glob("*.bicepparam")), ids=lambda path: path.name)
def test_a_parameter_file_gives_what_main_takes(path: Path) -> None:
    given, main = File(path), File(INFRA / "main.bicep")
    required = {name for name, parameter in main.parameters.items() if parameter.is_required}

    assert given.errors() == []
    assert given.source.startswith("using './main.bicep'\n")
    assert required <= given.variables.keys() <= main.parameters.keys()
    assert list(policy.cors(given)) == []
    secret = {name for name, parameter in main.parameters.items() if "secure" in parameter.decorators}
    assert not secret & given.variables.keys()
