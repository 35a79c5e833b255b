"""Updates of one document: guards, atomicity, and the greatest of several values."""

from __future__ import annotations

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from genesis.search.clauses import Clause, Op, Path
from genesis.store.engine import Change, Document, Engine, Missing, Refused, Updated
from genesis.store.points import Point, Points
from genesis.store.schema import REGISTRY, RUNS
from tests.store.documents import fill, ids, metric, run

STATUS = Path("status")
TAG = Path("tags", "t")
METRIC = Path("metrics", "m")
ACTIVE = Clause(Path("lifecycle"), Op.EQ, "active")
DELETED = Clause(Path("lifecycle"), Op.EQ, "deleted")


def points(*values: float) -> Points:
    return Points.pack([Point(i, i, value) for i, value in enumerate(values)])


def stored(engine: Engine, run_id: str = "a", name: str = "m") -> list[float]:
    return [p.value for bucket in engine.points([run_id], name) for p in bucket.points.unpack()]


def held(engine: Engine, id: str = "a") -> Document:
    document = engine.get(RUNS, id)
    assert document is not None
    return document


def test_an_update_is_told(engine: Engine) -> None:
    fill(engine, run("a"))
    assert engine.update(RUNS, "a", Change(set={STATUS: "FAILED"}), (ACTIVE,)) == Updated()


def test_an_update_of_an_unknown_document_is_told(engine: Engine) -> None:
    assert engine.update(RUNS, "a", Change(set={STATUS: "FAILED"}), (ACTIVE,)) == Missing()


def test_an_update_of_an_unknown_document_makes_none(engine: Engine) -> None:
    engine.update(RUNS, "a", Change(set={STATUS: "FAILED"}))
    assert engine.get(RUNS, "a") is None


def test_a_refused_update_shows_what_stands_there(engine: Engine) -> None:
    document = run("a", tags={"a.b": "v"})
    fill(engine, document)
    assert engine.update(RUNS, "a", Change(set={STATUS: "FAILED"}), (DELETED,)) == Refused(document)


def test_a_refused_update_changes_nothing(engine: Engine) -> None:
    document = run("a")
    fill(engine, document)
    change = Change(set={STATUS: "FAILED"}, greatest={METRIC: metric(1.0)}, add={"inputs": [{"id": "d"}]})
    engine.update(RUNS, "a", change, (ACTIVE, DELETED))
    assert held(engine) == document


@pytest.mark.parametrize(
    ("change", "guard", "outcome"),
    [(Change(), ACTIVE, Updated()), (Change(), DELETED, Refused(run("a")))],
    ids=["holds", "fails"],
)
def test_an_empty_change_still_looks_at_its_guard(
    engine: Engine, change: Change, guard: Clause, outcome: object
) -> None:
    fill(engine, run("a"))
    assert engine.update(RUNS, "a", change, (guard,)) == outcome


def test_fields_and_entries_are_set(engine: Engine) -> None:
    fill(engine, run("a", tags={"t": "old", "kept": "1"}))
    engine.update(RUNS, "a", Change(set={STATUS: "FAILED", TAG: "new", Path("params", "x.y"): "2"}))
    assert held(engine) == run("a", status="FAILED", tags={"t": "new", "kept": "1"}, params={"x.y": "2"})


def test_fields_and_entries_are_unset(engine: Engine) -> None:
    fill(engine, run("a", status="FAILED", tags={"t": "v", "kept": "1"}))
    engine.update(RUNS, "a", Change(unset=(STATUS, TAG, Path("tags", "absent"))))
    assert held(engine) == run("a", tags={"kept": "1"})


def test_elements_are_added_behind_those_that_are_there(engine: Engine) -> None:
    fill(engine, run("a"))
    engine.update(RUNS, "a", Change(add={"inputs": [{"id": "1"}]}))
    engine.update(RUNS, "a", Change(add={"inputs": [{"id": "2"}, {"id": "3"}], "outputs": [{"id": "4"}]}))
    document = held(engine)
    assert [e["id"] for e in document["inputs"]] == ["1", "2", "3"]
    assert document["outputs"] == [{"id": "4"}]


def test_an_entry_is_found_by_its_new_value_only(engine: Engine) -> None:
    fill(engine, run("a", tags={"t": "old"}))
    engine.update(RUNS, "a", Change(set={TAG: "new"}))
    assert ids(engine, Clause(TAG, Op.EQ, "new")) == ["a"]
    assert ids(engine, Clause(TAG, Op.EQ, "old")) == []


def test_an_unset_entry_is_found_no_more(engine: Engine) -> None:
    fill(engine, run("a", tags={"t": "v"}))
    engine.update(RUNS, "a", Change(unset=(TAG,)))
    assert ids(engine, Clause(TAG, Op.IS_NULL)) == ["a"]


def test_a_changed_field_is_found_by_its_new_value(engine: Engine) -> None:
    fill(engine, run("a", status="RUNNING"))
    engine.update(RUNS, "a", Change(set={STATUS: "FAILED"}))
    assert ids(engine, Clause(STATUS, Op.EQ, "FAILED")) == ["a"]


@pytest.mark.parametrize(
    ("guard", "holds"),
    [
        (Clause(Path("params", "p"), Op.ABSENT_OR_EQ, "1"), True),
        (Clause(Path("params", "p"), Op.ABSENT_OR_EQ, "2"), False),
        (Clause(Path("params", "q"), Op.ABSENT_OR_EQ, "2"), True),
        (Clause(Path("params", "p"), Op.EQ, "1"), True),
        (Clause(Path("params", "q"), Op.EQ, "1"), False),
        (Clause(Path("params", "p"), Op.IS_NOT_NULL), True),
        (Clause(Path("params", "q"), Op.IS_NOT_NULL), False),
        (Clause(Path("inputs", "id"), Op.ABSENT, "d"), False),
        (Clause(Path("inputs", "id"), Op.ABSENT, "e"), True),
        (Clause(Path("outputs", "id"), Op.ABSENT, "e"), True),
    ],
)
def test_a_guard_decides(engine: Engine, guard: Clause, holds: bool) -> None:
    fill(engine, run("a", params={"p": "1"}, inputs=[{"id": "c"}, {"id": "d"}]))
    outcome = engine.update(RUNS, "a", Change(set={STATUS: "FAILED"}), (ACTIVE, guard))
    assert isinstance(outcome, Updated if holds else Refused)


def test_one_failed_guard_of_many_refuses(engine: Engine) -> None:
    fill(engine, run("a", inputs=[{"id": "d50"}]))
    guard = [Clause(Path("inputs", "id"), Op.ABSENT, f"d{i}") for i in range(100)]
    assert isinstance(engine.update(RUNS, "a", Change(set={STATUS: "x"}), guard), Refused)


def test_of_sixteen_writers_that_set_one_parameter_one_wins(engine: Engine) -> None:
    fill(engine, run("a"))
    path = Path("params", "p")

    def write(i: int) -> bool:
        guard = Clause(path, Op.ABSENT_OR_EQ, str(i))
        return engine.update(RUNS, "a", Change(set={path: str(i)}), (guard,)) == Updated()

    with ThreadPoolExecutor(16) as threads:
        won = [i for i, done in enumerate(threads.map(write, range(16))) if done]
    assert won == [int(held(engine)["params"]["p"])]


def test_of_sixteen_writers_that_add_one_element_one_wins(engine: Engine) -> None:
    fill(engine, run("a"))
    guard = (Clause(Path("inputs", "id"), Op.ABSENT, "d"),)

    def write(i: int) -> None:
        engine.update(RUNS, "a", Change(add={"inputs": [{"id": "d", "by": i}]}), guard)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(write, range(16)))
    assert len(held(engine)["inputs"]) == 1


def test_writers_of_different_entries_lose_none(engine: Engine) -> None:
    fill(engine, run("a"))
    with ThreadPoolExecutor(16) as threads:
        list(
            threads.map(
                lambda i: engine.update(RUNS, "a", Change(set={Path("tags", i): i})), map(str, range(64))
            )
        )
    assert held(engine)["tags"] == {str(i): str(i) for i in range(64)}


RISING = [
    metric(5.0, step=-1, timestamp=9),
    metric(5.0, step=0, timestamp=1),
    metric(-7.0, step=0, timestamp=2),
    metric(-1.0, step=0, timestamp=2),
    metric(0.0, step=0, timestamp=2),
    metric(math.nan, step=0, timestamp=2),
    metric(1e-9, step=0, timestamp=2),
    metric(-9.0, step=2, timestamp=0),
]
"""Entries from the least to the greatest: by step, then timestamp, then value, NaN just above 0."""


def greatest(entry: dict[str, Any]) -> Change:
    return Change(greatest={METRIC: entry})


@pytest.mark.parametrize(("lower", "higher"), list(itertools.combinations(range(len(RISING)), 2)))
def test_the_greater_of_two_entries_stays_in_either_order(engine: Engine, lower: int, higher: int) -> None:
    fill(engine, run("a"), run("b"))
    for id, first, second in (("a", lower, higher), ("b", higher, lower)):
        engine.update(RUNS, id, greatest(RISING[first]))
        engine.update(RUNS, id, greatest(RISING[second]))
        assert held(engine, id)["metrics"]["m"] == RISING[higher]


def test_sixteen_writers_leave_the_greatest_entry(engine: Engine) -> None:
    fill(engine, run("a"))
    random = Random(2)
    entries = [metric(random.choice([1.0, math.nan]), step=random.randrange(-50, 50)) for _ in range(160)]
    highest = max(entries, key=lambda e: tuple(e.values()))
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda entry: engine.update(RUNS, "a", greatest(entry)), entries))
    assert held(engine)["metrics"]["m"] == highest


def test_a_greatest_entry_is_found_by_its_value(engine: Engine) -> None:
    fill(engine, run("a"))
    for entry in (metric(1.0, step=1), metric(2.0, step=0)):
        engine.update(RUNS, "a", greatest(entry))
    assert ids(engine, Clause(METRIC, Op.EQ, 1.0)) == ["a"]
    assert ids(engine, Clause(METRIC, Op.EQ, 2.0)) == []


def test_an_update_appends_its_points(engine: Engine) -> None:
    fill(engine, run("a"))
    engine.update(RUNS, "a", Change(set={STATUS: "x"}), (ACTIVE,), {"m": points(1.0, 2.0), "n": points(3.0)})
    assert (stored(engine), stored(engine, name="n")) == ([1.0, 2.0], [3.0])


def test_a_refused_update_leaves_no_points(engine: Engine) -> None:
    fill(engine, run("a"))
    engine.update(RUNS, "a", Change(set={STATUS: "x"}), (DELETED,), {"m": points(1.0)})
    assert stored(engine) == []


def test_an_update_of_an_unknown_document_leaves_no_points(engine: Engine) -> None:
    engine.update(RUNS, "a", Change(set={STATUS: "x"}), (), {"m": points(1.0)})
    assert stored(engine) == []


def test_a_refused_update_takes_no_points_that_were_there(engine: Engine) -> None:
    fill(engine, run("a"))
    engine.update(RUNS, "a", Change(set={STATUS: "x"}), (), {"m": points(1.0)})
    engine.update(RUNS, "a", Change(set={STATUS: "y"}), (DELETED,), {"m": points(1.0), "n": points(2.0)})
    assert (stored(engine), stored(engine, name="n")) == ([1.0], [])


SCOPE = Clause(Path("experiment"), Op.EQ, "default|1")


WORKSPACE = Clause(Path("workspace"), Op.EQ, "default")
KIND = Path("kind")


def model(engine: Engine, **fields: Any) -> Document:
    """A document of the registry, where a search may change one: it says which shard that is in."""
    document = {"id": "default|m", "workspace": "default", "kind": "model", "tags": {}, **fields}
    assert engine.insert(REGISTRY, document)
    return document


def test_the_one_document_that_matches_is_changed_and_returned(engine: Engine) -> None:
    one, other = model(engine), model(engine, id="default|o", kind="version")
    changed = engine.update_one(REGISTRY, (WORKSPACE, Clause(KIND, Op.EQ, "model")), Change(set={TAG: "v"}))
    assert changed == {**one, "tags": {"t": "v"}} == engine.get(REGISTRY, one["id"])
    assert engine.get(REGISTRY, other["id"]) == other


def test_without_a_match_nothing_is_changed_or_returned(engine: Engine) -> None:
    one = model(engine)
    where = (WORKSPACE, Clause(KIND, Op.EQ, "X"))
    assert engine.update_one(REGISTRY, where, Change(set={TAG: "v"})) is None
    assert engine.get(REGISTRY, one["id"]) == one


def test_a_guard_in_a_sub_document_that_is_no_map_is_held(engine: Engine) -> None:
    model(engine, gone={"1": True})
    absent = [(WORKSPACE, Clause(Path("gone", number), Op.IS_NULL)) for number in ("1", "2")]
    results = [engine.update_one(REGISTRY, where, Change(set={KIND: "X"})) for where in absent]
    assert [result is None for result in results] == [True, False]


def test_numbers_are_counted_from_zero_without_loss(engine: Engine) -> None:
    one = model(engine)
    counted = Change(count={Path("last"): 1, Path("by", "k"): 2})
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: engine.update_one(REGISTRY, (WORKSPACE,), counted), range(40)))
    assert sorted(document["last"] for document in found if document) == list(range(1, 41))
    assert (engine.get(REGISTRY, one["id"]) or {})["by"] == {"k": 80}


def test_all_documents_that_match_are_deleted(engine: Engine) -> None:
    fill(engine, run("a", tags={"t": "v"}), run("b", tags={"t": "w"}), run("c", tags={"t": "v"}))
    engine.delete_all(RUNS, (SCOPE, Clause(TAG, Op.EQ, "v")))
    assert ids(engine) == ["b"]
    assert ids(engine, Clause(TAG, Op.IS_NOT_NULL)) == ["b"]


def test_a_run_s_points_are_deleted_and_no_other_s(engine: Engine) -> None:
    fill(engine, run("a"), run("b"))
    for id in ("a", "b"):
        engine.update(RUNS, id, Change(), points={"m": points(1.0), "n": points(2.0)})
    engine.delete_points("a")
    assert [stored(engine, "a", m) for m in ("m", "n")] == [[], []]
    assert [stored(engine, "b", m) for m in ("m", "n")] == [[1.0], [2.0]]
