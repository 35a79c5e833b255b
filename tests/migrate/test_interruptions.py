"""A move that dies at any moment is gone on with: nothing is missing then, and nothing is there twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genesis.app import App
from genesis.entities.runs import Latest, LatestValues
from genesis.migrate.ends import Source
from genesis.migrate.genesis import GenesisEnd
from genesis.migrate.journal import Journal
from genesis.migrate.progress import Progress
from genesis.migrate.verification import Verification
from genesis.store import Store, store_of
from genesis.store.engine import Query
from genesis.store.histories import Piles
from genesis.store.pages import fixed
from genesis.store.points import Point
from genesis.store.schema import COLLECTIONS
from tests.conftest import unused_database
from tests.migrate.died import deaths, move, opened
from tests.store.test_writing import EXPERIMENT, LINE, MODEL, RUN_7


def fill(app: App, suffix: str = "") -> None:
    """Something of everything; ``suffix`` ends the names."""
    store = store_of(app.engine(), "default", Piles())
    store.experiments.write(replace(EXPERIMENT, name=f"old{suffix}"))
    runs = [("r", RUN_7), ("s", RUN_7)]
    for letter, run in runs:
        id = letter * 32
        described: dict[str, Any] = vars(run) | {
            "run_id": id,
            "artifact_uri": f"mlflow-artifacts:/7/{id}/artifacts",
            "metrics": LatestValues.of({"loss": Latest(2, 12, 0.5), "acc": Latest(0, 1, 0.5)}),
        }
        store.runs.write(type(run)(**described))
        loss = [Point(10 + i, i, i / 4) for i in range(3)]
        store.runs.add_points(id, {"loss": loss, "acc": [Point(1, 0, 0.5)]})
        app.artifacts().put(f"7/{id}/artifacts/a/b.txt", [letter.encode()], "text/plain")
    store.logged_models.write(MODEL)
    name = f"line{suffix}"
    # In another storage, which any server takes for a version's.
    elsewhere = {"source": "s3://bucket/model", "storage": "s3://bucket/model"}
    versions = [replace(version, name=name, **elsewhere) for version in LINE.versions]
    store.registered_models.write(
        "9" * 32, replace(LINE, model=replace(LINE.model, name=name), versions=versions)
    )


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    app = opened(tmp_path / "source", f"sqlite:///{tmp_path / 'source' / 'genesis.db'}")
    fill(app)
    with closing(GenesisEnd(app, "default", "here")) as end:
        yield end


@pytest.fixture(params=["sqlite", "mongo"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Makes the URI of another unused database each time."""
    if request.param == "sqlite":
        return lambda at: f"sqlite:///{tmp_path / str(at)}.db"
    server = request.getfixturevalue("mongodb_server_uri")
    return lambda at: unused_database(server)


def test_a_move_that_died_is_gone_on_with(source: Source, database: Any, tmp_path: Path) -> None:
    expected = whole(source, opened(tmp_path / "whole", database("whole")), tmp_path / "work")
    places: dict[int, tuple[str, Path]] = {}

    def die(at: int) -> bool:
        places[at] = (database(at), tmp_path / f"work-{at}")
        return move(source, opened(tmp_path / f"data-{at}", places[at][0]), places[at][1], at)

    for at in deaths(die):
        uri, work = places[at]
        found = whole(source, opened(tmp_path / f"data-{at}", uri), work)
        assert found == expected, f"died at call {at}"


def whole(source: Source, app: App, work: Path) -> dict[str, Any]:
    """Move what is left, compare all of it, and return how many documents and points there are."""
    try:
        assert not move(source, app, work)
        compare(source, app, work)
        return counted(app)
    finally:
        app.close()


def compare(source: Source, app: App, work: Path) -> None:
    with closing(Journal(work, "a", "b")) as journal:
        target = GenesisEnd(app, "default", "there", journal.token)
        verification = Verification(source, target, journal, Progress(quiet=True))
        verification.metadata()
        verification.files()
        assert verification.verified.differences == []


def counted(app: App) -> dict[str, Any]:
    engine = app.engine()
    found: dict[str, Any] = {}
    for collection in COLLECTIONS:
        scope = "default|7" if collection.scope == "experiment" else "default"
        where = (fixed(collection.scope, [scope]),)
        found[collection.name] = len(engine.find(collection, Query(where)))
    store: Store = store_of(engine, "default", Piles())
    runs = list(store.runs.walk("7"))
    buckets = engine.points([f"default|{run.run_id}" for run in runs], "loss")
    found["buckets"] = sorted((bucket.run, bucket.points.size) for bucket in buckets)
    return found
