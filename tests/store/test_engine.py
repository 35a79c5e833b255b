"""The Engine protocol: documents by key, counters, and what happens to the database as a whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from genesis.search.clauses import Clause, Op, Path
from genesis.store import open_engine, schema
from genesis.store.engine import Change, Engine, Query
from genesis.store.mongo import engine as mongo
from genesis.store.schema import EXPERIMENTS, NAMES, RUNS
from genesis.store.sqlite import engine as sqlite
from tests.store.documents import SCOPE, fill, ids, metric, run


def test_a_document_comes_back_as_it_was_inserted(engine: Engine) -> None:
    document = run(
        "a",
        start_time=1_700_000_000_000,
        params={"lr": "0.1"},
        metrics={"loss": metric(0.5, step=3, timestamp=2**62)},
        inputs=[{"id": "d", "name": "iris", "tags": [{"key": "k", "value": "v"}]}],
        text="line\nbreak, Ünïcode, 🙂, quote ' and \"",
    )
    engine.insert(RUNS, document)
    assert engine.get(RUNS, "a") == document


@pytest.mark.parametrize(
    "key",
    [
        "a.b",
        "$where",
        "100%",
        "%2E",
        "%24.%",
        "a$b.c%d",
        "Größe/мера 损失",
        "0",
        "__proto__",
        "'",
        '"',
        "x y:z",
    ],
)
@pytest.mark.parametrize("field", ["params", "tags", "metrics"])
def test_map_keys_of_any_letters_come_back_as_they_were(engine: Engine, field: str, key: str) -> None:
    entries = {key: metric(1.0) if field == "metrics" else "value"}
    engine.insert(RUNS, run("a", **{field: entries}))
    found = engine.get(RUNS, "a")
    assert found is not None
    assert found[field] == entries


def test_inserting_a_new_key_is_told(engine: Engine) -> None:
    assert engine.insert(RUNS, run("a"))


def test_inserting_a_taken_key_is_told(engine: Engine) -> None:
    engine.insert(RUNS, run("a"))
    assert not engine.insert(RUNS, run("a", user_id="other"))


def test_inserting_a_taken_key_leaves_what_is_there(engine: Engine) -> None:
    engine.insert(RUNS, run("a", tags={"k": "first"}))
    engine.insert(RUNS, run("a", tags={"k": "second"}))
    assert engine.get(RUNS, "a") == run("a", tags={"k": "first"})


def test_inserting_a_taken_key_makes_nothing_findable(engine: Engine) -> None:
    engine.insert(RUNS, run("a", tags={"k": "first"}))
    engine.insert(RUNS, run("a", tags={"k": "second"}))
    assert ids(engine, Clause(Path("tags", "k"), Op.EQ, "second")) == []


def test_of_sixteen_threads_that_insert_one_key_one_wins(engine: Engine) -> None:
    with ThreadPoolExecutor(16) as threads:
        won = list(threads.map(lambda i: engine.insert(RUNS, run("a", user_id=str(i))), range(16)))
    assert won.count(True) == 1


def test_getting_an_unknown_key_gives_nothing(engine: Engine) -> None:
    assert engine.get(RUNS, "unknown") is None


def test_collections_do_not_share_keys(engine: Engine) -> None:
    engine.insert(NAMES, {"id": "a", "workspace": "default"})
    assert engine.get(RUNS, "a") is None


def test_deleting_a_document_is_told(engine: Engine) -> None:
    engine.insert(RUNS, run("a"))
    assert engine.delete(RUNS, "a")


def test_deleting_an_unknown_key_is_told(engine: Engine) -> None:
    assert not engine.delete(RUNS, "unknown")


def test_a_deleted_document_is_gone(engine: Engine) -> None:
    engine.insert(RUNS, run("a"))
    engine.delete(RUNS, "a")
    assert engine.get(RUNS, "a") is None


def test_a_deleted_document_is_found_by_none_of_its_entries(engine: Engine) -> None:
    engine.insert(RUNS, run("a", tags={"k": "old"}, metrics={"m": metric(1.0)}))
    engine.delete(RUNS, "a")
    engine.insert(RUNS, run("a"))
    assert ids(engine, Clause(Path("tags", "k"), Op.EQ, "old")) == []
    assert ids(engine, Clause(Path("metrics", "m"), Op.EQ, 1.0)) == []


def test_deleting_a_document_leaves_its_neighbours(engine: Engine) -> None:
    fill(engine, run("a", tags={"k": "v"}), run("b", tags={"k": "v"}))
    engine.delete(RUNS, "a")
    assert ids(engine, Clause(Path("tags", "k"), Op.EQ, "v")) == ["b"]


def test_update_all_changes_every_document_that_matches(engine: Engine) -> None:
    fill(engine, run("a"), run("b"), run("c", lifecycle="deleted"))
    where = (SCOPE, Clause(Path("lifecycle"), Op.EQ, "active"))
    engine.update_all(RUNS, where, Change(set={Path("lifecycle"): "archived"}))
    assert ids(engine, Clause(Path("lifecycle"), Op.EQ, "archived")) == ["a", "b"]


def test_update_all_leaves_other_scopes_alone(engine: Engine) -> None:
    fill(engine, run("a"), run("b", experiment="other|1"))
    engine.update_all(RUNS, (SCOPE,), Change(set={Path("status"): "FAILED"}))
    assert "status" not in (engine.get(RUNS, "b") or {})


def test_update_all_removes_fields(engine: Engine) -> None:
    fill(engine, run("a", deleted_time=5))
    engine.update_all(RUNS, (SCOPE,), Change(unset=(Path("deleted_time"),)))
    assert engine.get(RUNS, "a") == run("a")


def test_a_counter_begins_at_one_and_counts_up(engine: Engine) -> None:
    assert [engine.count_up("c") for _ in range(3)] == [1, 2, 3]


def test_counters_count_apart(engine: Engine) -> None:
    engine.count_up("c")
    assert engine.count_up("d") == 1


def test_a_counter_gives_sixteen_threads_different_numbers(engine: Engine) -> None:
    with ThreadPoolExecutor(16) as threads:
        numbers = list(threads.map(lambda _: engine.count_up("c"), range(160)))
    assert len(set(numbers)) == 160


def test_a_search_that_fixes_no_scope_is_a_mistake_of_ours(engine: Engine) -> None:
    if isinstance(engine, mongo.MongoEngine):
        pytest.skip("the commands of every test are checked for it")
    with pytest.raises(ValueError, match="must fix its experiment"):
        engine.find(RUNS, Query(()))


def test_init_can_be_repeated(engine: Engine) -> None:
    engine.insert(RUNS, run("a", tags={"k": "v"}))
    engine.init()
    assert ids(engine, Clause(Path("tags", "k"), Op.EQ, "v")) == ["a"]


def test_a_database_can_be_opened_again(engine: Engine, database_uri: str) -> None:
    engine.insert(RUNS, run("a"))
    engine.close()
    with closing(open_engine(database_uri)) as again:
        assert again.get(RUNS, "a") == run("a")


def test_several_threads_may_open_a_new_database_at_once(database_uri: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        engines = list(threads.map(open_engine, [database_uri] * 8))
    for i, engine in enumerate(engines):
        with closing(engine):
            assert engine.insert(EXPERIMENTS, {"id": str(i), "workspace": "default", "tags": {}})


def test_a_database_of_a_newer_version_is_refused(
    engine: Engine, database_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite, mongo):
        monkeypatch.setattr(module, "VERSION", schema.VERSION + 1)
    engine.init()
    engine.close()
    for module in (sqlite, mongo):
        monkeypatch.setattr(module, "VERSION", schema.VERSION)
    with pytest.raises(ValueError, match="newer Genesis-Flow"):
        open_engine(database_uri)


def test_a_uri_of_an_unknown_scheme_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match="must be one of sqlite, mongodb"):
        open_engine("postgresql://localhost/genesis")
