"""What each combination of switches deploys, and what must hold in all of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from genesis.routes import ROUTES
from infra import costs, table
from tests.infra.combinations import COMBINATIONS, MAIN, OPTIONS, ROLE, Combination, made
from tests.infra.evaluate import Made, deploy, given
from tests.infra.functions import Failed
from tests.infra.policy import ROLE_NAMES

EVERY = pytest.mark.parametrize("combination", COMBINATIONS, ids=lambda combination: combination.words)
STORAGE, VAULT, APP = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.Web/sites"
DATABASE = {
    "ru": "Microsoft.DocumentDB/databaseAccounts",
    "vcore": "Microsoft.DocumentDB/mongoClusters",
}
SECRET = "Microsoft.KeyVault/vaults/secrets"
ENDPOINT, ZONE = "Microsoft.Network/privateEndpoints", "Microsoft.Network/privateDnsZones"
LONGEST = {
    STORAGE: (24, "[a-z0-9]+"),
    VAULT: (24, "[a-zA-Z][a-zA-Z0-9-]+"),
    DATABASE["ru"]: (44, "[a-z0-9-]+"),
    DATABASE["vcore"]: (40, "[a-z0-9-]+"),
    APP: (60, "[a-z0-9-]+"),
    ENDPOINT: (64, "[a-z0-9-]+"),
    "Microsoft.OperationalInsights/workspaces": (63, "[a-zA-Z0-9-]+"),
}
"""What Azure takes as a name, and how long."""


def of(kind: str, resources: list[Made]) -> list[Made]:
    return [resource for resource in resources if resource.type == kind]


def the(kind: str, resources: list[Made]) -> Made:
    [found] = of(kind, resources)
    return found


def settings(resources: list[Made]) -> dict[str, str]:
    pairs = the(APP, resources).properties["siteConfig"]["appSettings"]
    return {pair["name"]: pair["value"] for pair in pairs}


def test_the_tables_of_the_docs_are_what_the_files_deploy_take_and_cost() -> None:
    page = table.PAGE.read_text()
    assert page == table.made_anew(page)


def test_a_page_without_a_table_is_an_error() -> None:
    with pytest.raises(LookupError, match="marks"):
        table.made_anew("# Deployment\n")


def test_what_is_free_costs_nothing_and_the_rest_its_price() -> None:
    price = costs.Price(0.40, 1_000_000, 250_000)
    assert price.of(200_000) == 0
    assert price.of(1_250_000) == pytest.approx(0.40)
    assert "4,000,000: **1.50**" in costs.table()


@EVERY
def test_the_identity_has_five_roles_and_each_at_its_scope(combination: Combination) -> None:
    roles = of(ROLE, made(combination))

    held = {
        (ROLE_NAMES[role.properties["roleDefinitionId"].rpartition("/")[2]], role.scope.split("/")[-2])
        for role in roles
    }
    assert held == {
        ("storageBlobDataOwner", "storageAccounts"),
        ("storageBlobDelegator", "storageAccounts"),
        ("storageBlobDataContributor", "containers"),
        ("keyVaultSecretsUser", "vaults"),
        ("monitoringMetricsPublisher", "components"),
    }
    assert {role.properties["principalId"] for role in roles} == {"<identity.properties.principalId>"}


@EVERY
def test_one_database_is_made_and_its_address_set(combination: Combination) -> None:
    resources = made(combination)
    other = {"ru": "vcore", "vcore": "ru"}[combination.database]

    assert len(of(DATABASE[combination.database], resources)) == 1
    assert of(DATABASE[other], resources) == []
    start = {"ru": "@Microsoft.KeyVault(", "vcore": "mongodb+srv://"}[combination.database]
    assert settings(resources)["GENESIS_DATABASE_URI"].startswith(start)


@EVERY
def test_private_services_have_an_endpoint_each_and_no_other_way_in(combination: Combination) -> None:
    resources = made(combination)
    kinds = [STORAGE, VAULT, DATABASE[combination.database]]
    access = {the(kind, resources).properties["publicNetworkAccess"] for kind in kinds}

    reached = {
        connection["properties"]["privateLinkServiceId"]
        for endpoint in of(ENDPOINT, resources)
        for connection in endpoint.properties["privateLinkServiceConnections"]
    }
    if combination.is_private:
        assert access == {"Disabled"}
        assert reached == {the(kind, resources).id for kind in [*kinds, APP]}
        assert len(of(ZONE, resources)) == len(of(f"{ZONE}/virtualNetworkLinks", resources)) == 4
        [network] = of("Microsoft.Network/virtualNetworks", resources)
        assert {
            link.properties["virtualNetwork"]["id"] for link in of(f"{ZONE}/virtualNetworkLinks", resources)
        } == {network.id}
        assert not of(f"{DATABASE['vcore']}/firewallRules", resources)
        assert {
            the(kind, resources).properties["networkAcls"]["defaultAction"] for kind in (STORAGE, VAULT)
        } == {"Deny"}
    else:
        assert access == {"Enabled"}
        assert reached == set()


@EVERY
def test_the_app_leaves_by_a_subnet_of_flex_consumption_where_it_is_private(combination: Combination) -> None:
    resources = made(combination)
    leaves_by = the(APP, resources).properties["virtualNetworkSubnetId"]
    if not combination.is_private:
        assert leaves_by is None
        return
    network = the("Microsoft.Network/virtualNetworks", resources)
    subnets = {f"{network.id}/subnets/{s['name']}": s["properties"] for s in network.properties["subnets"]}
    [delegation] = subnets[leaves_by]["delegations"]
    assert delegation["properties"]["serviceName"] == "Microsoft.App/environments"
    endpoints = {endpoint.properties["subnet"]["id"] for endpoint in of(ENDPOINT, resources)}
    assert endpoints == subnets.keys() - {leaves_by}


@pytest.mark.parametrize("database", DATABASE)
def test_a_private_service_is_found_by_the_name_of_its_kind(database: str) -> None:
    resources = made(Combination(database, True, "token"))
    groups = {
        connection["properties"]["groupIds"][0]: group.properties["privateDnsZoneConfigs"][0]["properties"]
        for endpoint, group in zip(
            of(ENDPOINT, resources), of(f"{ENDPOINT}/privateDnsZoneGroups", resources), strict=True
        )
        for connection in endpoint.properties["privateLinkServiceConnections"]
    }
    zones = {group: zone["privateDnsZoneId"].rpartition("/")[2] for group, zone in groups.items()}
    own = {
        "ru": {"MongoDB": "privatelink.mongo.cosmos.azure.com"},
        "vcore": {"MongoCluster": "privatelink.mongocluster.cosmos.azure.com"},
    }
    assert zones == own[database] | {
        "blob": "privatelink.blob.core.windows.net",
        "vault": "privatelink.vaultcore.azure.net",
        "sites": "privatelink.azurewebsites.net",
    }


def test_the_app_is_closed_to_the_internet_only_where_that_is_said() -> None:
    def access(is_private: bool, **options: Any) -> str:
        resources = made(Combination("ru", is_private, "token"), **options)
        return str(the(APP, resources).properties["publicNetworkAccess"])

    assert access(False) == access(True) == access(False, isAppPublic=False) == "Enabled"
    assert access(True, isAppPublic=False) == "Disabled"


@EVERY
def test_somebody_must_always_prove_who_he_is(combination: Combination) -> None:
    resources = made(combination)
    given = settings(resources)

    assert given["GENESIS_AUTH"] == combination.auth
    tokens = [secret for secret in of(SECRET, resources) if secret.name.endswith("first-token")]
    signed_in = of(f"{APP}/config", resources)
    assert bool(tokens) == (combination.auth == "token") == bool(given["GENESIS_TOKEN"])
    assert bool(signed_in) == (combination.auth == "platform")
    assert bool(given["GENESIS_ENTRA_AUDIENCE"]) == (combination.auth != "token")


@pytest.mark.parametrize("auth", ["none", "open-to-anyone", ""])
def test_a_deployment_open_to_anyone_is_refused(auth: str) -> None:
    with pytest.raises(Failed, match="auth is"):
        deploy(MAIN, auth=auth)


@pytest.mark.parametrize("auth", ["entra", "platform"])
def test_a_directory_without_a_registration_is_refused(auth: str) -> None:
    with pytest.raises(Failed, match="needs entraClientId"):
        deploy(MAIN, auth=auth)


def test_the_first_token_is_random_long_and_kept() -> None:
    resources = made(Combination("ru", False, "token"))
    [token] = [secret for secret in of(SECRET, resources) if secret.name.endswith("first-token")]

    assert token.only_once
    assert re.fullmatch("gf_first_[0-9a-f]{64}", token.properties["value"])


def test_the_platform_lets_through_what_the_app_answers_to_strangers() -> None:
    config = the(f"{APP}/config", made(Combination("ru", False, "platform"))).properties
    validation = config["globalValidation"]

    assert validation["requireAuthentication"] is config["platform"]["enabled"] is True
    assert validation["unauthenticatedClientAction"] == "Return401"
    open_paths = {path for route in ROUTES if route.open for path in route.paths()}
    of_serve = {path for path in open_paths if path.startswith("/signed/")}
    # Who opens the page signs in at the platform first: what it asks for has the same cookie.
    of_the_ui = {path for path in open_paths if path == "/" or path.startswith("/static-files/")}
    assert set(validation["excludedPaths"]) == open_paths - of_serve - of_the_ui


@EVERY
@pytest.mark.parametrize("option", OPTIONS)
def test_what_is_paid_for_is_not_made_unasked(combination: Combination, option: str) -> None:
    plain = {resource.id for resource in made(combination)}
    more = {resource.id for resource in made(combination, **{option: OPTIONS[option]})}

    assert plain < more


@EVERY
def test_alerts_watch_what_is_deployed_and_tell_the_group(combination: Combination) -> None:
    resources = made(combination, alertEmails=["a@example.com", "b@example.com"])
    ids = {resource.id for resource in resources}
    metrics = of("Microsoft.Insights/metricAlerts", resources)
    queries = of("Microsoft.Insights/scheduledQueryRules", resources)
    group = the("Microsoft.Insights/actionGroups", resources)

    assert {alert.name.rpartition("-")[2] for alert in metrics + queries} >= {
        "failing",
        "slow",
        "throttled",
        "storage",
    }
    for alert in metrics:
        [criterion] = alert.properties["criteria"]["allOf"]
        [scope] = alert.properties["scopes"]
        assert scope in ids
        assert f"/{criterion['metricNamespace']}/" in scope
        assert alert.properties["actions"] == [{"actionGroupId": group.id}]
    for alert in queries:
        assert set(alert.properties["scopes"]) <= ids
        assert alert.properties["actions"] == {"actionGroups": [group.id]}
    assert [receiver["emailAddress"] for receiver in group.properties["emailReceivers"]] == [
        "a@example.com",
        "b@example.com",
    ]


def test_a_budget_tells_of_money_spent_and_expected() -> None:
    emails = ["a@example.com"]
    resources = made(Combination("ru", False, "token"), monthlyBudget=100, alertEmails=emails)
    budget = the("Microsoft.Consumption/budgets", resources).properties

    assert (budget["amount"], budget["timePeriod"]) == (100, {"startDate": "2030-01-01"})
    told = list(budget["notifications"].values())
    assert {(each["thresholdType"], each["threshold"]) for each in told} == {
        ("Actual", 80),
        ("Actual", 100),
        ("Forecasted", 100),
    }
    assert all(each["enabled"] and each["contactEmails"] == emails for each in told)


@EVERY
def test_the_workbook_reads_what_is_deployed(combination: Combination) -> None:
    resources = made(combination)
    text = the("Microsoft.Insights/workbooks", resources).properties["serializedData"]
    ids = {resource.id for resource in resources}
    items = json.loads(text)["items"]

    assert not re.search(r"\{(workspace|storage|database|kind)\}", text)
    shown = [
        i for i in items if i.get("conditionalVisibility", {}).get("value") in (None, combination.database)
    ]
    for item in shown:
        content = item["content"]
        read = content.get("resourceIds", []) + content.get("crossComponentResources", [])
        assert set(read) <= ids
        for metric in content.get("metrics", []):
            assert f"/{metric['namespace']}/" in read[0].lower()
            assert metric["metric"].startswith(f"{metric['namespace']}--")
    titles = " ".join(item["content"].get("title", "") for item in shown)
    for topic in ("Requests", "Replies", "fail", "Milliseconds", "error"):
        assert topic in titles
    assert ("Request units" in titles) == (combination.database == "ru")


@EVERY
def test_names_fit_also_where_the_longest_is_given(combination: Combination) -> None:
    for resource in made(combination, name="a" * 20):
        if resource.type in LONGEST:
            most, form = LONGEST[resource.type]
            assert len(resource.name) <= most, resource
            assert re.fullmatch(form, resource.name), resource


@EVERY
def test_each_request_at_a_time_has_a_thread_and_a_connection(combination: Combination) -> None:
    resources = made(combination, concurrency=7)
    scale = the(APP, resources).properties["functionAppConfig"]["scaleAndConcurrency"]

    assert scale["triggers"]["http"]["perInstanceConcurrency"] == 7
    assert settings(resources)["PYTHON_THREADPOOL_THREAD_COUNT"] == "7"
    assert settings(resources)["GENESIS_DATABASE_CONNECTIONS"] == "7"


def test_parameter_files_deploy() -> None:
    environment = {"GENESIS_ENTRA_CLIENT_ID": "id", "AZURE_ENV_NAME": "Try", "AZURE_LOCATION": "westeurope"}
    files = sorted([*MAIN.parent.glob("*.bicepparam"), *(MAIN.parents[1] / "azd").glob("*.bicepparam")])

    assert [file.name for file in files] == ["main.bicepparam", "main.dev.bicepparam", "main.prod.bicepparam"]
    for file in files:
        main = file.with_name("main.bicep")
        assert the(APP, deploy(main, **given(file, environment)))


def test_a_productive_deployment_is_private_watched_and_signed_in_to() -> None:
    resources = deploy(
        MAIN, **given(MAIN.with_name("main.prod.bicepparam"), {"GENESIS_ENTRA_CLIENT_ID": "id"})
    )

    assert of(ENDPOINT, resources)
    assert of("Microsoft.Insights/metricAlerts", resources)
    assert of("Microsoft.Consumption/budgets", resources)
    assert settings(resources)["GENESIS_AUTH"] == "entra"
