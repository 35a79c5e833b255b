"""Imports go one way only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LEAVES = {"genesis", "genesis.errors", "genesis.garbage", "genesis.observed"}

LAYERS = (
    (
        "function_app",
        "genesis.__main__",
        "genesis.serve",
        "genesis.lane",
        "genesis.endpoints",
        "genesis.gc",
        "genesis.tokens",
        "genesis.validate",
        "genesis.migrate",
        "genesis.embedded",
        "genesis.doctor",
        "genesis.options",
        "genesis.ui.command",
        "genesis.ui.progress",
        "genesis.ui.fetching",
        "genesis.ui.index",
        "genesis.ui.sources",
    ),
    ("genesis.app",),
    ("genesis.auth", "genesis.routes", "genesis.telemetry"),
    ("genesis.api",),
    ("genesis.wire", "genesis.scope", "genesis.readiness"),
    ("genesis.store", "genesis.artifacts", "genesis.ui"),
    ("genesis.store.pages", "genesis.store.histories"),
    ("genesis.store.engine", "genesis.store.change"),
    ("genesis.store.schema", "genesis.store.points"),
    ("genesis.entities", "genesis.search"),
)
"""Each may import from its own layer and from those below it."""

EDGE = {"genesis.http", "genesis.settings"}
"""Leaves for what stands at the edge; below the messages nobody knows HTTP."""
MAY_USE_EDGE = (
    "function_app",
    "genesis.__main__",
    "genesis.serve",
    "genesis.lane",
    "genesis.tokens",
    "genesis.embedded",
    "genesis.validate.database",
    "genesis.doctor",
    "genesis.migrate.command",
    "genesis.migrate.opening",
    "genesis.ui.command",
    "genesis.app",
    "genesis.auth",
    "genesis.routes",
    "genesis.telemetry",
    "genesis.wire",
)

ENGINES = ("genesis.store.mongo", "genesis.store.sqlite")
ENGINES_MAY_IMPORT = (
    *ENGINES,
    "genesis.store.engine",
    "genesis.store.change",
    "genesis.store.each",
    "genesis.store.schema",
    "genesis.store.points",
    "genesis.search",
    "genesis.errors",
    "genesis.observed",
)

PLUGIN = "genesis.plugin"
"""Runs in MLflow's client, not in the server: neither knows the other."""

STORES = "genesis.plugin.stores"
"""Where MLflow has no server of ours, it brings what one would do into its own process."""
STORES_MAY_IMPORT = ("genesis.embedded", "genesis.errors", "genesis.entities")

SESSION = "genesis.validate.session"
"""A stock client's program, run in a process of its own."""

MIGRATED = "genesis.migrate.stock"
"""Reads and writes MLflow's own stores; nobody imports it before a command needs it."""

OWNERS = {
    "azure.functions": ("function_app",),
    "pymongo": ("genesis.store.mongo",),
    "bson": ("genesis.store.mongo",),
    "sqlite3": ("genesis.store.sqlite", "genesis.migrate.journal", "genesis.migrate.opening"),
    "sqlalchemy": (MIGRATED,),
    "alembic": (MIGRATED,),
    "azure.storage": ("genesis.artifacts",),
    "azure.core": ("genesis.artifacts", "genesis.store.mongo.oidc", "genesis.plugin.access_tokens"),
    "azure.identity": ("genesis.artifacts", "genesis.store.mongo.oidc", "genesis.plugin.access_tokens"),
    "mlflow": (PLUGIN, SESSION, MIGRATED),
    "requests": (PLUGIN,),
    "urllib3": (PLUGIN,),
    "uvicorn": ("genesis.serve",),
    "click": (
        "genesis.options",
        "genesis.doctor",
        "genesis.__main__",
        "genesis.gc",
        "genesis.tokens",
        "genesis.validate",
        "genesis.migrate",
        "genesis.ui.command",
    ),
    "argon2": ("genesis.auth.tokens",),
    "graphql": ("genesis.api.graphql", "genesis.api.graphql_limits", "genesis.api.graphql_resolvers"),
    "jwt": ("genesis.auth.entra", "genesis.auth.keys"),
    "opentelemetry": ("genesis.telemetry.spans",),
    "rich": ("genesis.migrate.progress", "genesis.ui.progress"),
    "sqlparse": ("genesis.search.grammar",),
}
"""Who alone may import a package of others'."""

ONLY_INSIDE_FUNCTIONS = (
    "azure.storage",
    "azure.core",
    "azure.identity",
    "sqlparse",
    "uvicorn",
    "argon2",
    "graphql",
    "jwt",
    "opentelemetry",
)


def modules() -> Iterator[tuple[str, ast.Module]]:
    for file in [ROOT / "function_app.py", *sorted((ROOT / "genesis").rglob("*.py"))]:
        parts = file.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(file.read_text())


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def layer(name: str) -> int | None:
    """The layer of the longest package that ``name`` is in."""
    found = [(len(p), i) for i, packages in enumerate(LAYERS) for p in packages if within(name, p)]
    return max(found)[1] if found else None


MODULES = dict(modules())


APART = (*ENGINES, PLUGIN)
LAYERED = [n for n in MODULES if n not in LEAVES | EDGE and not any(within(n, apart) for apart in APART)]


@pytest.mark.parametrize("name", LAYERED)
def test_a_module_imports_only_what_stands_below_it(name: str) -> None:
    for imported in set(imports(MODULES[name])) & MODULES.keys() - LEAVES - EDGE:
        mine, theirs = layer(name), layer(imported)
        assert mine is not None and theirs is not None, f"{name} or {imported} is in no layer"
        assert theirs >= mine, f"{name} imports {imported}"


@pytest.mark.parametrize("name", [n for n in MODULES if any(within(n, e) for e in ENGINES)])
def test_an_engine_knows_only_the_seam(name: str) -> None:
    for imported in set(imports(MODULES[name])) & MODULES.keys():
        assert any(within(imported, allowed) for allowed in ENGINES_MAY_IMPORT), f"{name} imports {imported}"


@pytest.mark.parametrize("name", [n for n in MODULES if within(n, PLUGIN)])
def test_the_plugin_knows_nothing_of_the_server(name: str) -> None:
    allowed = (PLUGIN, *STORES_MAY_IMPORT) if within(name, STORES) else (PLUGIN,)
    ours = set(imports(MODULES[name])) & MODULES.keys() - LEAVES
    assert not [imported for imported in ours if not any(within(imported, one) for one in allowed)]


@pytest.mark.parametrize("name", [n for n in MODULES if not within(n, PLUGIN)])
def test_the_server_knows_nothing_of_the_plugin(name: str) -> None:
    assert not [imported for imported in imports(MODULES[name]) if within(imported, PLUGIN)]


@pytest.mark.parametrize("name", MODULES)
def test_engines_are_imported_by_nobody(name: str) -> None:
    if any(within(name, engine) for engine in ENGINES):
        return
    assert not [i for i in imports(MODULES[name]) if any(within(i, e) for e in ENGINES)]


@pytest.mark.parametrize("name", sorted(LEAVES | EDGE))
def test_leaves_import_nothing_of_ours(name: str) -> None:
    assert not set(imports(MODULES[name])) & MODULES.keys() - {name}


@pytest.mark.parametrize("name", MODULES)
def test_only_the_edge_knows_http_and_settings(name: str) -> None:
    if set(imports(MODULES[name])) & EDGE:
        assert any(within(name, allowed) for allowed in MAY_USE_EDGE)


@pytest.mark.parametrize("package", OWNERS)
def test_a_package_of_others_has_one_owner(package: str) -> None:
    users = [n for n, tree in MODULES.items() if any(within(i, package) for i in imports(tree))]
    strangers = [n for n in users if not any(within(n, owner) for owner in OWNERS[package])]
    assert not strangers


@pytest.mark.parametrize("name", MODULES)
def test_heavy_packages_are_imported_when_they_are_needed(name: str) -> None:
    at_import = ast.Module([n for n in MODULES[name].body if not is_function(n)], [])
    heavy = [
        i for i in imports_outside_functions(at_import) if any(within(i, p) for p in ONLY_INSIDE_FUNCTIONS)
    ]
    assert not heavy


def is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def imports_outside_functions(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield from imports(child)
        elif not is_function(child):
            yield from imports_outside_functions(child)


def test_only_settings_and_the_plugin_read_the_environment() -> None:
    readers = [
        n for n, tree in MODULES.items() if "os.environ" in ast.unparse(tree) or "getenv" in ast.unparse(tree)
    ]
    assert readers == ["genesis.plugin.environment", "genesis.settings", "genesis.validate.environment"]
