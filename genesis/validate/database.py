"""Whether collections and indexes are there: as the server says, or, beside it, by looking."""

from __future__ import annotations

from genesis.errors import GenesisError
from genesis.settings import Settings
from genesis.store import open_engine
from genesis.store.schema import COLLECTIONS, VERSION
from genesis.validate.deployment import Deployment
from genesis.validate.results import Result, failed, ok, skipped


def database(d: Deployment) -> Result:
    if d.looks_at_database:
        return _opened()
    if d.ready is not None and d.ready.status == 200:
        return ok("database", "The server found its collections and indexes when it began.")
    return skipped(
        "database",
        "The server does not say.",
        "Beside its settings, --database looks at the database itself.",
    )


def _opened() -> Result:
    """As every server does it at its start, which makes what an older one left out."""
    try:
        open_engine(Settings.read().database).close()
    except (GenesisError, ValueError, OSError) as error:
        return failed(
            "database",
            f"The database of this environment's settings cannot be opened: {error}",
            "Set GENESIS_DATABASE_URI as the server has it; python -m genesis init makes what is missing.",
        )
    indexes = sum(len(collection.indexes) for collection in COLLECTIONS)
    return ok("database", f"Schema {VERSION}: {len(COLLECTIONS)} collections, {indexes} indexes.")
