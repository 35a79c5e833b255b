"""The store: what runs and experiments are and how they change, over any engine."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from urllib.parse import urlsplit

from genesis.store.engine import CONNECTIONS, Engine
from genesis.store.experiments import Experiments
from genesis.store.histories import Histories, Piles
from genesis.store.logged_models import LoggedModels
from genesis.store.model_versions import ModelVersions
from genesis.store.registered_models import RegisteredModels
from genesis.store.runs import Runs

ENGINES = {
    "sqlite": "genesis.store.sqlite.engine",
    "mongodb": "genesis.store.mongo.engine",
    "mongodb+srv": "genesis.store.mongo.engine",
}
"""Engine module of each URI scheme; imported only when it is the one."""


def open_engine(uri: str, connections: int = CONNECTIONS) -> Engine:
    """The engine for a database URI, its collections and indexes in place; keeps ``connections`` at most.

    Raises ValueError for a URI that no engine takes, GenesisError when the database is out of reach.
    """
    engine: Engine = _module(uri).open_engine(uri, connections)
    return engine


def schema_version(uri: str) -> int:
    """The version of what is in the database, 0 where there is nothing of ours; makes and changes nothing.

    Raises as ``open_engine``.
    """
    found: int = _module(uri).schema_version(uri)
    return found


def _module(uri: str) -> ModuleType:
    scheme = urlsplit(uri).scheme
    if scheme not in ENGINES:
        raise ValueError(
            f"GENESIS_DATABASE_URI has the scheme {scheme!r}; it must be one of {', '.join(ENGINES)}."
        )
    return import_module(ENGINES[scheme])


@dataclass(frozen=True)
class Store:
    """Everything one workspace keeps in the database."""

    experiments: Experiments
    runs: Runs
    histories: Histories
    logged_models: LoggedModels
    registered_models: RegisteredModels
    model_versions: ModelVersions


def store_of(engine: Engine, workspace: str, piles: Piles) -> Store:
    """The store of one workspace; safe for threads."""
    histories = Histories(engine, workspace, piles)
    return Store(
        Experiments(engine, workspace),
        Runs(engine, workspace, histories),
        histories,
        LoggedModels(engine, workspace),
        RegisteredModels(engine, workspace),
        ModelVersions(engine, workspace),
    )
