"""A deployment of infra/bicep is good; each thing that somebody changed by hand is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from genesis.validate import azure_checks
from genesis.validate.azure import AzFailed, Azure, covers
from genesis.validate.results import Status
from tests.unit.validate.azure_group import (
    ACCOUNT,
    APP,
    ASSIGNED,
    CONTAINER,
    GROUP,
    LIST,
    PRINCIPAL,
    SETTINGS,
    STORAGE,
    VAULT,
    Answers,
    Replayed,
    answers,
    assignment,
    fake_az,
    resource,
    show,
)

CLUSTER = f"{GROUP}/providers/Microsoft.DocumentDB/mongoClusters/genesis-abc"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/n/subnets/app"
Break = Callable[[Answers], object]


def setting(name: str, value: str) -> Break:
    def change(said: Answers) -> None:
        said[SETTINGS] = [{**one, "value": value} if one["name"] == name else one for one in said[SETTINGS]]

    return change


def prop(id: str, **values: object) -> Break:
    return lambda said: said[show(id)]["properties"].update(values)


def without_role(number: int) -> Break:
    return lambda said: said[ASSIGNED].pop(number)


def with_cluster(modes: list[str]) -> Break:
    def change(said: Answers) -> None:
        said[LIST].append(resource(CLUSTER))
        said[show(CLUSTER)] = resource(CLUSTER, properties={"authConfig": {"allowedModes": modes}})

    return change


def private(*left_open: str) -> Break:
    def change(said: Answers) -> None:
        said[show(APP)]["properties"]["virtualNetworkSubnetId"] = SUBNET
        for id in (STORAGE, VAULT, ACCOUNT):
            state = "Enabled" if id in left_open else "Disabled"
            said[show(id)]["properties"]["publicNetworkAccess"] = state

    return change


@pytest.mark.parametrize("name", azure_checks.CHECKS)
def test_what_bicep_deploys_is_good(name: str) -> None:
    result = azure_checks.CHECKS[name](Replayed(answers()))
    assert (result.name, result.status) == (name, Status.OK), result


BROKEN: list[tuple[str, Break, str]] = [
    ("azure-app", prop(APP, httpsOnly=False), "httpsOnly"),
    ("azure-app", prop(f"{APP}/config/web", minTlsVersion="1.0"), "It takes TLS 1.0"),
    ("azure-app", prop(f"{APP}/basicPublishingCredentialsPolicies/scm", allow=True), "Passwords open scm"),
    ("azure-app", lambda said: said[show(APP)].update(identity=None), "no identity"),
    (
        "azure-settings",
        setting("GENESIS_TOKEN", "gf_first_0123456789"),
        "GENESIS_TOKEN holds a secret itself",
    ),
    (
        "azure-settings",
        setting("GENESIS_DATABASE_URI", "mongodb://me:pass@host/genesis"),
        "GENESIS_DATABASE_URI holds a secret itself",
    ),
    (
        "azure-settings",
        setting("GENESIS_STORAGE_CONNECTION_STRING", "BlobEndpoint=https://x"),
        "GENESIS_STORAGE_CONNECTION_STRING holds a secret itself",
    ),
    (
        "azure-settings",
        lambda said: said[SETTINGS].append({"name": "AzureWebJobsStorage", "value": "AccountKey=abc="}),
        "AzureWebJobsStorage holds a secret itself",
    ),
    ("azure-settings", setting("GENESIS_AUTH", "open-to-anyone"), "GENESIS_AUTH is open-to-anyone"),
    ("azure-settings", setting("GENESIS_AUTH", ""), "GENESIS_AUTH is not set"),
    ("azure-settings", setting("GENESIS_DATABASE_URI", "sqlite:///x.db"), "no database that lasts"),
    ("azure-storage", prop(STORAGE, allowSharedKeyAccess=True), "allowSharedKeyAccess"),
    ("azure-storage", prop(STORAGE, allowSharedKeyAccess=None), "allowSharedKeyAccess"),
    ("azure-storage", prop(STORAGE, allowBlobPublicAccess=True), "allowBlobPublicAccess"),
    ("azure-storage", prop(STORAGE, supportsHttpsTrafficOnly=False), "supportsHttpsTrafficOnly"),
    ("azure-storage", prop(STORAGE, minimumTlsVersion="TLS1_0"), "minimumTlsVersion"),
    ("azure-database", prop(ACCOUNT, minimalTlsVersion="Tls11"), "minimalTlsVersion"),
    ("azure-database", with_cluster(["NativeAuth", "MicrosoftEntraID"]), "takes passwords"),
    ("azure-roles", without_role(0), "no role Storage Blob Data Contributor on artifacts"),
    ("azure-roles", without_role(2), "no role Key Vault Secrets User on kv-abc"),
    ("azure-network", prop(STORAGE, publicNetworkAccess="Disabled"), "stabc is closed"),
    ("azure-network", private(STORAGE), "stabc is reached from the internet"),
]


@pytest.mark.parametrize(("name", "damage", "words"), BROKEN, ids=[f"{n}: {w}" for n, _, w in BROKEN])
def test_what_was_changed_by_hand_fails_its_check_alone(name: str, damage: Break, words: str) -> None:
    said = answers()
    damage(said)
    ends = {check: act(Replayed(said)) for check, act in azure_checks.CHECKS.items()}
    result = ends.pop(name)
    assert result.status is Status.FAILED
    assert words in result.detail
    assert result.fix == azure_checks.DEPLOY
    dependent = {"azure-roles"} if words == "no identity" else set()  # which has no roles, either
    assert {check for check, end in ends.items() if end.status is not Status.OK} == dependent


@pytest.mark.parametrize(
    "value",
    ["mongodb://me:secret-word@host/genesis", "BlobEndpoint=https://x/;SharedAccessSignature=secret-word"],
)
def test_a_secret_that_is_found_is_not_told(value: str) -> None:
    said = answers()
    setting("GENESIS_DATABASE_URI", value)(said)
    result = azure_checks.settings(Replayed(said))
    assert result.status is Status.FAILED
    assert "secret-word" not in result.detail


def test_without_a_delegator_a_contributor_of_the_account_can_sign_as_well() -> None:
    said = answers()
    said[ASSIGNED] = [assignment("ba92f5b4-2d11-453d-a403-e96b0029c9fe", STORAGE), said[ASSIGNED][2]]
    assert azure_checks.roles(Replayed(said)).status is Status.OK
    said[ASSIGNED][0] = assignment("ba92f5b4-2d11-453d-a403-e96b0029c9fe", CONTAINER)
    result = azure_checks.roles(Replayed(said))
    assert result.detail == "It has no role Storage Blob Delegator on stabc."


def test_an_identity_that_may_do_everything_is_a_warning() -> None:
    said = answers()
    said[ASSIGNED].append(assignment("b24988ac-6180-42a0-ab88-20f7382dd24c", GROUP))
    result = azure_checks.roles(Replayed(said))
    assert result.status is Status.WARNING
    assert "Owner or Contributor of genesis-rg" in result.detail


def test_a_private_deployment_and_a_cluster_without_passwords_are_good() -> None:
    said = answers()
    private()(said)
    assert azure_checks.network(Replayed(said)).status is Status.OK
    with_cluster(["MicrosoftEntraID"])(said)
    assert azure_checks.database(Replayed(said)).status is Status.OK


def test_a_database_elsewhere_is_not_looked_at() -> None:
    said = answers()
    said[LIST] = [one for one in said[LIST] if "DocumentDB" not in one["id"]]
    assert azure_checks.database(Replayed(said)).status is Status.SKIPPED


def test_a_vault_may_be_named_without_its_address() -> None:
    said = answers()
    setting("GENESIS_TOKEN", "@Microsoft.KeyVault(VaultName=kv-abc;SecretName=first-token)")(said)
    setting("GENESIS_DATABASE_URI", "@Microsoft.KeyVault(VaultName=kv-abc;SecretName=database-uri)")(said)
    said[ASSIGNED].pop(2)
    assert azure_checks.roles(Replayed(said)).detail == "It has no role Key Vault Secrets User on kv-abc."


def test_another_host_than_the_apps_is_a_warning() -> None:
    azure = Replayed(answers())
    assert azure_checks.address(azure, "genesis-abc.azurewebsites.net").status is Status.OK
    assert azure_checks.address(azure, "mlflow.example.org").status is Status.WARNING


def test_of_two_apps_one_has_to_be_named() -> None:
    said = answers()
    said[LIST].append(resource(f"{GROUP}/providers/Microsoft.Web/sites/other"))
    result = azure_checks.app(Replayed(said))
    assert result.status is Status.FAILED
    assert result.detail == "Name the function app by --app; in genesis-rg there are: genesis-abc, other."
    assert azure_checks.app(Replayed(said, "Genesis-ABC")).status is Status.OK


def test_storage_that_is_not_in_the_group_is_told() -> None:
    said = answers()
    setting("GENESIS_ARTIFACTS_URI", "https://other.blob.core.windows.net/artifacts")(said)
    assert "no storage account 'other'" in azure_checks.storage(Replayed(said)).detail


def test_what_az_cannot_say_is_a_failure_with_its_own_words() -> None:
    result = azure_checks.app(Replayed({}))
    assert result.status is Status.FAILED
    assert "(ResourceNotFound)" in result.detail
    assert "az login" in result.fix


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (STORAGE, True),
        (CONTAINER, True),
        (GROUP, True),
        (f"{STORAGE}2", False),
        (STORAGE[:-1], False),
        (f"{CONTAINER}/x", False),
    ],
)
def test_a_role_holds_below_its_scope(scope: str, covered: bool) -> None:
    assert covers(scope.lower(), CONTAINER) is covered


def test_where_there_is_no_az_the_checks_are_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ends = {act(Azure("genesis-rg")).status for act in azure_checks.CHECKS.values()}
    assert ends == {Status.SKIPPED}


def test_the_real_command_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = answers()
    fake_az(tmp_path, {LIST: said[LIST], ASSIGNED: "no end"})
    (tmp_path / f"{ASSIGNED.replace(' ', '_')}.json").write_text("{")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    azure = Azure("genesis-rg")
    assert azure.resources == said[LIST]
    with pytest.raises(AzFailed, match="ResourceNotFound"):
        azure.show(APP)
    with pytest.raises(AzFailed, match="no JSON"):
        azure.ask("role", "assignment", "list", "--assignee", PRINCIPAL, "--all")
