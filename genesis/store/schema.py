"""Every collection, declared once; both engines build their tables, indexes and queries from this.

Finding a document by its key needs no index; all other queries and what serves them:

| Index | Query that it serves | Costs a write |
|---|---|---|
| experiments: workspace, lifecycle, newest | page of experiments, newest first | 3 terms, 0.6 RU |
| experiments: workspace, name | an experiment by name | 2 terms, 0.4 RU |
| runs: experiment, lifecycle, newest | page of runs, newest first, filtered or of a time | 3 terms, 0.6 RU |
| runs: workspace, newest | page of runs of many experiments, newest first | 2 terms, 0.4 RU |
| datasets: experiment | data sets of an experiment | 1 term, 0.2 RU |
| registry: workspace, kind, newest | page of models or versions, in their order | 3 terms, 0.6 RU |
| registry: workspace, name, shown | a model and its versions, by name or alias | 3 terms, 0.6 RU |
| registry: workspace, name, number | a model version by name and number | 3 terms, 0.6 RU |
| logged_models: experiment, lifecycle, newest | page of logged models, newest first | 3 terms, 0.6 RU |
| logged_models: workspace, newest | page of logged models of many experiments | 2 terms, 0.4 RU |
| removals: workspace | what is being removed | 1 term, 0.2 RU |
| tokens: workspace | all tokens | 1 term, 0.2 RU |
| points: run, key, first | history of a metric; all histories of a run | 3 terms, 0.6 RU |

Costs are estimates of what Cosmos DB RU charges when a document is made or removed: a term for each field.
An update pays twice, and only for fields that it changes. No index holds a parameter, tag or metric, so that
logging pays for none (docs/cost.md); SQLite has an index of these, where a row costs no money.

Every document carries its workspace, and keys begin with it, so that no request reaches a document of
another one by its id; points carry it in the key of their run.
Uniqueness is only ever a key's, never a second index's.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

VERSION = 4
"""Raised when documents change in a way that older code cannot read, and when there is more to create."""


@dataclass(frozen=True)
class Map:
    """A field that maps names to values, each of which can be searched and sorted by.

    With ``members`` the values are sub-documents with these members in this order, which is also
    how two of them compare; the one called ``value`` is searched, and a true ``nan`` beside it
    says that the value is not a number (it is stored as 0, as MLflow's SQL store does).
    """

    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class List:
    """A field that holds a list of sub-documents, searched by their members.

    Of several elements the latest is the one with the greatest members ``recency``, and of those the
    one with the smallest member ``tie``. Texts that members are compared with have no NUL (``name`` makes
    them of any text): SQLite reads those of documents only up to it.
    """

    name: str
    recency: tuple[str, ...] = ()
    tie: str = ""


@dataclass(frozen=True)
class Collection:
    """One kind of document: what it can be found and sorted by."""

    name: str
    scope: str
    """The field that every search fixes to one or a few values."""
    fields: tuple[str, ...]
    """Plain fields that are searched or sorted by, ``scope`` among them."""
    newest: str = ""
    """A field whose ascending order is the default order; unique, so it ends every sort."""
    stage: str = ""
    """A field with few values that most searches fix as well."""
    maps: tuple[Map, ...] = ()
    lists: tuple[List, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    """Each has a line in the table above."""
    shard: str = ""
    """The field by whose value Cosmos DB RU spreads the documents: set once, and fixed to one value by every
    command that writes; ``id`` is the key. Without one they share one place, and its limits (20 GB)."""

    def map(self, name: str) -> Map | None:
        """The map called ``name``, if there is one."""
        return next((m for m in self.maps if m.name == name), None)

    def list(self, name: str) -> List | None:
        """The list called ``name``, if there is one."""
        return next((item for item in self.lists if item.name == name), None)


EXPERIMENTS = Collection(
    name="experiments",
    scope="workspace",
    fields=("workspace", "lifecycle", "newest", "name", "number", "created", "updated"),
    newest="newest",
    stage="lifecycle",
    maps=(Map("tags"),),
    indexes=(("workspace", "lifecycle", "newest"), ("workspace", "name")),
    shard="id",
)

NAMES = Collection(name="names", scope="workspace", fields=("workspace",), shard="id")
"""Claims on names: the key is the name, so two cannot hold one."""

RUNS = Collection(
    name="runs",
    scope="experiment",
    fields=(
        "workspace",
        "experiment",
        "lifecycle",
        "newest",
        "run_id",
        "status",
        "artifact_uri",
        "user_id",
        "start_time",
        "end_time",
    ),
    newest="newest",
    stage="lifecycle",
    maps=(Map("params"), Map("tags"), Map("metrics", members=("step", "timestamp", "value"))),
    lists=(List("inputs"),),
    indexes=(("experiment", "lifecycle", "newest"), ("workspace", "newest")),
    shard="id",
)

DATASETS = Collection(
    name="datasets", scope="experiment", fields=("experiment",), indexes=(("experiment",),), shard="id"
)
"""Datasets by experiment, name and digest, so that runs which log one dataset share its description."""

REGISTRY = Collection(
    name="registry",
    scope="workspace",
    fields=(
        "workspace",
        "kind",
        "newest",
        "name",
        "model",
        "number",
        "last",
        "shown",
        "run_id",
        "source",
        "created",
        "updated",
    ),
    newest="newest",
    stage="kind",
    maps=(Map("tags"),),
    indexes=(
        ("workspace", "kind", "newest"),
        ("workspace", "name", "shown"),
        ("workspace", "name", "number"),
    ),
    # A version's number is given by the step that finds its model, by name: no key is known then.
    shard="workspace",
)
"""Registered models (number 0) and their versions (from 1), so that one search finds both."""

LOGGED_MODELS = Collection(
    name="logged_models",
    scope="experiment",
    fields=(
        "workspace",
        "experiment",
        "lifecycle",
        "newest",
        "model_id",
        "name",
        "model_type",
        "source_run_id",
        "status",
        "status_message",
        "artifact_uri",
        "created",
        "updated",
    ),
    newest="newest",
    stage="lifecycle",
    maps=(Map("params"), Map("tags")),
    lists=(List("metrics", recency=("timestamp", "step"), tie="run_id"),),
    indexes=(("experiment", "lifecycle", "newest"), ("workspace", "newest")),
    shard="id",
)

POINTS = Collection(
    name="points",
    scope="run",
    fields=("run", "key", "first"),
    indexes=(("run", "key", "first"),),
    shard="run",
)
"""Buckets of metric histories, which each engine keeps in its own way: none of ``COLLECTIONS``."""

REMOVALS = Collection(name="removals", scope="workspace", fields=("workspace",), indexes=(("workspace",),))
"""What is being removed for good, so that an interrupted removal can be gone on with."""

TOKENS = Collection(name="tokens", scope="workspace", fields=("workspace",), indexes=(("workspace",),))
"""What clients prove themselves with; the whole server's, so all are in the default workspace."""

COLLECTIONS = (EXPERIMENTS, NAMES, RUNS, DATASETS, REGISTRY, LOGGED_MODELS, REMOVALS, TOKENS)


def name(text: str) -> str:
    """A text of any length and letters as part of a key; different texts have different names."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def workspace_of(key: str) -> str:
    """The workspace of a document, by its key or by a field that holds another's."""
    return key.partition("|")[0]


def key(*parts: str) -> str:
    """A document's key: its workspace first, then what tells it apart there."""
    return "|".join(parts)
