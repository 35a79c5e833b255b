"""What must hold for every Bicep file; each rule yields what breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.infra.bicep import Call, Expression, File, Resource, Value, calls

STORAGE = "Microsoft.Storage/storageAccounts"
BLOBS = f"{STORAGE}/blobServices"
LIFECYCLE = f"{STORAGE}/managementPolicies"
ROLES = "Microsoft.Authorization/roleAssignments"
ROLE_DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
VAULT_SECRETS = "Microsoft.KeyVault/vaults/secrets"

ROLE_NAMES = {
    "4633458b-17de-408a-b874-0445c86b69e6": "keyVaultSecretsUser",
    "3913510d-42f4-4e42-8a64-420c390055eb": "monitoringMetricsPublisher",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "storageBlobDataContributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "storageBlobDataOwner",
    "db58b8e5-c6ad-4a2a-8342-4190687cbf4a": "storageBlobDelegator",
}
"""Azure's built-in roles that we assign; a digit that is wrong names another role, or none."""

SECRET_NAME = re.compile(r"(password|secret|key|token|connectionString)s?$", re.I)
"""A name that says its value is one; a name, an id or the address of a secret is none."""
SECRET_FUNCTION = re.compile(r"list[A-Z]\w*|list|getSecret|newGuid")

HARDENED: dict[str, dict[str, Value]] = {
    STORAGE: {
        "allowSharedKeyAccess": False,
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        "defaultToOAuthAuthentication": True,
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
    },
    "Microsoft.KeyVault/vaults": {
        "enableRbacAuthorization": True,
        "enableSoftDelete": True,
        "enablePurgeProtection": True,
    },
    "Microsoft.Insights/components": {"DisableLocalAuth": True},
    "Microsoft.OperationalInsights/workspaces": {"features": {"disableLocalAuth": True}},
    "Microsoft.DocumentDB/databaseAccounts": {
        "minimalTlsVersion": "Tls12",
        "capabilities": [
            {"name": "EnableMongo"},
            {"name": "EnableServerless"},
            {"name": "EnableMongo16MBDocumentSupport"},
        ],
    },
    "Microsoft.DocumentDB/mongoClusters": {
        "authConfig": {"allowedModes": ["MicrosoftEntraID"]},
        "administrator": None,
    },
    "Microsoft.Web/serverfarms": {"reserved": True},
    "Microsoft.Web/sites": {"httpsOnly": True},
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"allow": False},
}
"""What resources of a type must say, by property; None: nothing."""

NOT_ON_FLEX = set(
    """
    ENABLE_ORYX_BUILD SCM_DO_BUILD_DURING_DEPLOYMENT FUNCTIONS_EXTENSION_VERSION FUNCTIONS_WORKER_RUNTIME
    FUNCTIONS_WORKER_RUNTIME_VERSION FUNCTIONS_MAX_HTTP_CONCURRENCY FUNCTIONS_WORKER_PROCESS_COUNT
    FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED WEBSITE_CONTENTAZUREFILECONNECTIONSTRING WEBSITE_CONTENTSHARE
    WEBSITE_CONTENTOVERVNET WEBSITE_DNS_SERVER WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT WEBSITE_TIME_ZONE TZ
    WEBSITE_RUN_FROM_PACKAGE WEBSITE_SKIP_CONTENTSHARE_VALIDATION WEBSITE_VNET_ROUTE_ALL alwaysOn
    linuxFxVersion ftpsState vnetRouteAllEnabled use32BitWorkerProcess preWarmedInstanceCount
    functionAppScaleLimit
    """.split()
)
"""App settings and properties that a Flex Consumption app refuses or ignores."""

TRANSFER_METHODS = {"GET", "HEAD", "PUT", "OPTIONS"}


def syntax(file: File) -> Iterator[str]:
    yield from file.errors()


def descriptions(file: File) -> Iterator[str]:
    """Parameters and outputs say what they are, and parameters whether one must give them."""
    for name, parameter in file.parameters.items():
        start = "Required. " if parameter.is_required else "Optional. "
        if not _description(parameter.decorators).startswith(start):
            yield f"the description of parameter {name} does not begin with {start!r}"
    for name, output in file.outputs.items():
        if not _description(output.decorators):
            yield f"output {name} has no description"
    if not re.match(r"metadata description = '.+'", file.source):
        yield "the file does not say what it is for"


def secure_parameters(file: File) -> Iterator[str]:
    for name, parameter in file.parameters.items():
        is_secure = "secure" in parameter.decorators
        if SECRET_NAME.search(name) and not is_secure:
            yield f"parameter {name} sounds secret and is not @secure()"
        if is_secure and parameter.default not in (None, "") and not _is_random(parameter.default):
            yield f"secure parameter {name} has a default for all to read"


def no_secret_leaves(file: File) -> Iterator[str]:
    """Secrets are read only to be put into a key vault; outputs stay in the history of deployments."""
    secure = {name for name, parameter in file.parameters.items() if "secure" in parameter.decorators}
    for call in file.calls():
        into = file.resources.get(call.inside)
        if call.function == "newGuid" and call.inside in secure:
            continue
        if SECRET_FUNCTION.fullmatch(call.function) and (into is None or into.type != VAULT_SECRETS):
            yield f"{call.function}() in {call.inside}"
    for name, output in file.outputs.items():
        words = set(re.findall(r"\w+", _source(output.value)))
        if SECRET_NAME.search(name) or words & secure or any(SECRET_NAME.search(word) for word in words):
            yield f"output {name} looks like a secret"


def secrets_last(file: File) -> Iterator[str]:
    """A secret that is made anew each time is kept from the first time on."""
    random = {name for name, parameter in file.parameters.items() if _is_random(parameter.default)}
    for name, resource in _of(file, VAULT_SECRETS):
        properties: Any = resource.body["properties"]
        if _source(properties["value"]) in random and "onlyIfNotExists" not in resource.decorators:
            yield f"{name} is replaced by each deployment"


def roles(file: File) -> Iterator[str]:
    """A role is assigned by the id of a named role, at a scope of its own, under a name that repeats."""
    for name, resource in _of(file, ROLES):
        properties: Any = resource.body["properties"]
        assigned = _call(resource.body["name"], "guid")
        parts = [_source(argument) for argument in assigned.arguments] if assigned else []
        scope = _source(resource.body.get("scope"))
        definition = _call(properties["roleDefinitionId"], "subscriptionResourceId")
        role = _source(definition.arguments[-1]) if definition else ""
        if definition and _constant(file, definition.arguments[0]) != ROLE_DEFINITIONS:
            yield f"{name} refers to something else than a role definition"
        if _role(file, role) is None:
            yield f"{name} assigns no role that is known here under that name"
        if parts != [f"{scope}.id", _source(properties["principalId"]), role]:
            yield f"{name} is not named by guid(scope, principal, role)"
        if properties.get("principalType") != "ServicePrincipal":
            yield f"{name} does not say that its principal is new: Entra may not know it yet"


def hardened(file: File) -> Iterator[str]:
    for kind, wanted in HARDENED.items():
        for name, resource in _of(file, kind):
            properties: Any = resource.body["properties"]
            for key, value in wanted.items():
                if properties.get(key) != value or isinstance(properties.get(key), int) != isinstance(
                    value, int
                ):
                    yield f"{name}.{key} must be {value}"


def flex(file: File) -> Iterator[str]:
    """Nothing that a Flex Consumption app does not take."""
    for word in sorted(NOT_ON_FLEX & set(re.findall(r"\w+", file.source))):
        yield f"{word} is not for Flex Consumption"


def cors(file: File) -> Iterator[str]:
    """Pages may do what direct transfer needs, if their origin is named."""
    for name, resource in _of(file, BLOBS):
        rules: Any = resource.body["properties"]["cors"]["corsRules"]  # type: ignore[index, call-overload]
        for rule in rules:
            if set(rule["allowedMethods"]) != TRANSFER_METHODS:
                yield f"{name} allows {rule['allowedMethods']}"
            if "*" in rule["allowedHeaders"]:
                yield f"{name} allows every header"
    origins = [
        file.variables.get("origins"),
        *(p.default for n, p in file.parameters.items() if n == "origins"),
    ]
    if any("*" in _source(given) for given in origins) or re.search(r"allowedOrigins:.*\*", file.source):
        yield "every origin is allowed"


def soft_delete(file: File) -> Iterator[str]:
    for name, resource in _of(file, BLOBS):
        properties: Any = resource.body["properties"]
        for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
            if properties.get(policy, {}).get("enabled") is not True:
                yield f"{name} has no {policy}"


def lifecycle(file: File) -> Iterator[str]:
    """Leftovers go, blobs stay; and nothing outside of the artifacts is touched."""
    for _, resource in _of(file, LIFECYCLE):
        rules: Any = resource.body["properties"]["policy"]["rules"]  # type: ignore[index, call-overload]
        for rule in rules:
            definition = rule["definition"]
            prefixes = [_source(prefix) for prefix in definition["filters"].get("prefixMatch", [])]
            if prefixes != ["'${artifactsContainer}/'"]:
                yield f"{rule['name']} reaches beyond the artifacts"
            if definition["actions"].keys() != {"snapshot", "version"}:
                yield f"{rule['name']} acts on {sorted(definition['actions'])}"


def modules(file: File) -> Iterator[str]:
    """What is handed to a module is what it takes, and what is read of it is what it gives."""
    for name, module in file.modules.items():
        if not module.file.exists():
            yield f"{name}: {module.file.name} does not exist"
            continue
        target = File(module.file)
        required = {p for p, parameter in target.parameters.items() if parameter.is_required}
        for missing in sorted(required - module.parameters.keys()):
            yield f"module {name} needs {missing}"
        for unknown in sorted(module.parameters.keys() - target.parameters.keys()):
            yield f"module {name} has no parameter {unknown}"
        for output in re.findall(rf"\b{name}[!?]*\.outputs\.(\w+)", file.source):
            if output not in target.outputs:
                yield f"module {name} has no output {output}"


def length(file: File) -> Iterator[str]:
    """A module is a page."""
    lines = file.source.count("\n")
    if file.path.parent.name == "modules" and lines > 100:
        yield f"{lines} lines"


Rule = Callable[[File], Iterator[str]]
RULES: tuple[Rule, ...] = (
    syntax,
    descriptions,
    secure_parameters,
    no_secret_leaves,
    secrets_last,
    roles,
    hardened,
    flex,
    cors,
    soft_delete,
    lifecycle,
    modules,
    length,
)


def _of(file: File, kind: str) -> list[tuple[str, Resource]]:
    return [(n, r) for n, r in file.resources.items() if r.type == kind and not r.is_existing]


def _description(decorators: Any) -> str:
    return str((decorators.get("description") or [""])[0])


def _source(given: Value) -> str:
    return given.text if isinstance(given, Expression) else str(given)


def _is_random(given: Value) -> bool:
    return isinstance(given, Expression) and any(c.function == "newGuid" for c in calls(given.node, ""))


def _call(given: Value, function: str) -> Call | None:
    """The call that ``given`` is, if it is one of ``function``."""
    if not isinstance(given, Expression):
        return None
    outermost = next(calls(given.node, ""), None)
    return outermost if given.text.startswith(f"{function}(") else None


def _constant(file: File, given: Value) -> Value:
    """What ``given`` is, a variable looked up."""
    return file.variables.get(given.text, given) if isinstance(given, Expression) else given


def _role(file: File, reference: str) -> str | None:
    """The name of the built-in role that ``roles.<name>`` refers to, if it is called by its name."""
    named: Any = file.variables.get("roles") or {}
    name = reference.removeprefix("roles.")
    return name if ROLE_NAMES.get(named.get(name)) == name else None
