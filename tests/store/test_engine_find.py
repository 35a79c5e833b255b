"""Searches: every operator on fields, map entries and members of lists, each on every engine."""

from __future__ import annotations

import pytest

from genesis.search.clauses import Clause, Op, Path
from genesis.store.engine import Document, Engine, Query
from genesis.store.schema import EXPERIMENTS, RUNS
from tests.store.documents import fill, ids, metric, run

NAN = float("nan")
STATUS = Path("status")
START = Path("start_time")
TAG = Path("tags", "t")
METRIC = Path("metrics", "m")
NAME = Path("inputs", "name")


def dataset(name: str, digest: str = "d") -> Document:
    return {"id": f"{name}|{digest}", "name": name, "digest": digest}


PLAIN = (
    run("a", status="FAILED", start_time=1),
    run("b", status="FINISHED", start_time=2),
    run("c", status="finished", start_time=3),
    run("d"),
)
TAGGED = (
    run("a", tags={"t": "apple"}),
    run("b", tags={"t": "Apple"}),
    run("c", tags={"t": "banana"}),
    run("d", tags={"other": "apple"}),
)
MEASURED = (
    run("a", metrics={"m": metric(-1.5)}),
    run("b", metrics={"m": metric(0.0)}),
    run("c", metrics={"m": metric(2.0)}),
    run("d", metrics={"m": metric(NAN)}),
    run("e", metrics={"other": metric(2.0)}),
)
READING = (
    run("a", inputs=[dataset("iris"), dataset("Wine", "w")]),
    run("b", inputs=[dataset("iris", "e")]),
    run("c", inputs=[dataset("wine")]),
    run("d"),
)


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.EQ, "FAILED", "a"),
        (Op.NE, "FAILED", "bc"),
        (Op.LT, "FINISHED", "a"),
        (Op.LE, "FINISHED", "ab"),
        (Op.GT, "FINISHED", "c"),
        (Op.GE, "FINISHED", "bc"),
        (Op.LIKE, "F%", "ab"),
        (Op.ILIKE, "f%", "abc"),
        (Op.IN, ("FAILED", "finished", "none"), "ac"),
        (Op.IN, ("FAILED",), "a"),
        (Op.NOT_IN, ("FAILED", "none"), "bc"),
        (Op.IS_NULL, None, "d"),
        (Op.IS_NOT_NULL, None, "abc"),
    ],
)
def test_a_text_field_is_compared(engine: Engine, op: Op, value: object, expected: str) -> None:
    fill(engine, *PLAIN)
    assert ids(engine, Clause(STATUS, op, value)) == list(expected)


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.EQ, 2, "b"),
        (Op.EQ, 2.0, "b"),
        (Op.NE, 2, "ac"),
        (Op.LT, 2, "a"),
        (Op.LE, 2, "ab"),
        (Op.GT, 1.5, "bc"),
        (Op.GE, 2, "bc"),
        (Op.IN, (1, 3), "ac"),
        (Op.NOT_IN, (1, 3), "b"),
        (Op.IS_NULL, None, "d"),
        (Op.IS_NOT_NULL, None, "abc"),
    ],
)
def test_a_number_field_is_compared(engine: Engine, op: Op, value: object, expected: str) -> None:
    fill(engine, *PLAIN)
    assert ids(engine, Clause(START, op, value)) == list(expected)


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.EQ, "apple", "a"),
        (Op.NE, "apple", "bc"),
        (Op.LIKE, "%app%", "a"),
        (Op.ILIKE, "APPLE", "ab"),
        (Op.IN, ("apple", "banana"), "ac"),
        (Op.NOT_IN, ("apple", "banana"), "b"),
        (Op.IS_NULL, None, "d"),
        (Op.IS_NOT_NULL, None, "abc"),
    ],
)
def test_a_map_entry_is_compared(engine: Engine, op: Op, value: object, expected: str) -> None:
    fill(engine, *TAGGED)
    assert ids(engine, Clause(TAG, op, value)) == list(expected)


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.EQ, 0.0, "b"),
        (Op.EQ, -0.0, "b"),
        (Op.NE, 2.0, "abd"),
        (Op.LT, 2.0, "ab"),
        (Op.LE, 2.0, "abc"),
        (Op.GT, -2.0, "abc"),
        (Op.GE, 0.0, "bc"),
        (Op.EQ, NAN, ""),
        (Op.IS_NULL, None, "e"),
        (Op.IS_NOT_NULL, None, "abcd"),
    ],
)
def test_a_metric_is_compared_and_nan_is_only_unequal(
    engine: Engine, op: Op, value: object, expected: str
) -> None:
    fill(engine, *MEASURED)
    assert ids(engine, Clause(METRIC, op, value)) == list(expected)


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.EQ, "iris", "ab"),
        (Op.NE, "iris", "ac"),
        (Op.LIKE, "w%", "c"),
        (Op.ILIKE, "w%", "ac"),
        (Op.IN, ("wine", "Wine"), "ac"),
        (Op.NOT_IN, ("iris", "Wine"), "c"),
    ],
)
def test_a_list_is_found_by_a_member_of_any_element(
    engine: Engine, op: Op, value: object, expected: str
) -> None:
    fill(engine, *READING)
    assert ids(engine, Clause(NAME, op, value)) == list(expected)


def test_two_conditions_on_a_list_may_be_met_by_two_elements(engine: Engine) -> None:
    fill(engine, *READING)
    both = (Clause(NAME, Op.EQ, "iris"), Clause(Path("inputs", "digest"), Op.EQ, "w"))
    assert ids(engine, *both) == ["a"]


@pytest.mark.parametrize("op", [Op.NE, Op.NOT_IN])
def test_unequal_does_not_match_what_is_missing(engine: Engine, op: Op) -> None:
    fill(engine, run("a"))
    value = "x" if op is Op.NE else ("x",)
    for path in (STATUS, TAG, NAME):
        assert ids(engine, Clause(path, op, value)) == []


@pytest.mark.parametrize(
    ("op", "pattern", "text", "matches"),
    [
        (Op.LIKE, "Straße", "Straße", True),
        (Op.LIKE, "ÄPFEL", "äpfel", False),
        (Op.ILIKE, "ÄPFEL", "äpfel", True),
        (Op.ILIKE, "мир%", "МИРОВОЙ", True),
        (Op.ILIKE, "%λ%", "ΑΛΦΑ", True),
        (Op.LIKE, "a_c", "abc", True),
        (Op.LIKE, "a_c", "ac", False),
        (Op.LIKE, "a_c", "a🙂c", True),
        (Op.LIKE, "a_c", "a\nc", True),
        (Op.LIKE, "a%c", "a\n\nc", True),
        (Op.LIKE, "a%", "b\na", False),
        (Op.LIKE, "%a", "a\n", False),
        (Op.LIKE, "abc", "abc\n", False),
        (Op.LIKE, "", "", True),
        (Op.LIKE, "", "a", False),
        (Op.LIKE, "%", "", True),
        (Op.LIKE, "%%%", "abc", True),
        (Op.LIKE, "a.c", "abc", False),
        (Op.LIKE, "a.c", "a.c", True),
        (Op.LIKE, "[a]{1}^$|(x)*?+", "[a]{1}^$|(x)*?+", True),
        (Op.LIKE, r"\d", "5", False),
        (Op.LIKE, r"a\%b", r"a\xb", True),
        (Op.LIKE, "a#b c-d&e~f/g", "a#b c-d&e~f/g", True),
        (Op.LIKE, "' OR 1=1 --", "' OR 1=1 --", True),
        (Op.LIKE, "a\0%", "a\0b", True),
    ],
)
def test_a_pattern_matches_whole_texts_and_only_its_two_wild_cards_are_special(
    engine: Engine, op: Op, pattern: str, text: str, matches: bool
) -> None:
    fill(engine, run("a", tags={"t": text}))
    assert ids(engine, Clause(TAG, op, pattern)) == (["a"] if matches else [])


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ([(TAG, Op.NE, "apple"), (TAG, Op.NE, "banana")], "b"),
        ([(TAG, Op.LIKE, "%p%"), (TAG, Op.LIKE, "A%")], "b"),
        ([(TAG, Op.LIKE, "a%"), (TAG, Op.ILIKE, "%LE")], "a"),
        ([(TAG, Op.EQ, "apple"), (TAG, Op.EQ, "banana")], ""),
        ([(TAG, Op.IS_NOT_NULL, None), (TAG, Op.IS_NULL, None)], ""),
        ([(TAG, Op.NE, "apple"), (TAG, Op.IS_NULL, None)], ""),
        ([(TAG, Op.IN, ("apple", "Apple")), (TAG, Op.IN, ("apple", "banana"))], "a"),
    ],
)
def test_conditions_with_one_operator_on_one_entry_all_count(
    engine: Engine, clauses: list[tuple[Path, Op, object]], expected: str
) -> None:
    fill(engine, *TAGGED)
    assert ids(engine, *(Clause(*clause) for clause in clauses)) == list(expected)


def test_several_bounds_on_one_metric_all_count(engine: Engine) -> None:
    fill(engine, *MEASURED)
    bounds = [(Op.GT, -2.0), (Op.GT, -1.0), (Op.LT, 5.0), (Op.LT, 1.0), (Op.NE, 7.0), (Op.NE, 8.0)]
    assert ids(engine, *(Clause(METRIC, op, value) for op, value in bounds)) == ["b"]


@pytest.mark.parametrize("key", ["a.b", "$k", "50%", "%2E", "损失", "a b", "x'y", 'x"y', "nul\0l"])
def test_an_entry_is_found_by_a_key_of_any_letters(engine: Engine, key: str) -> None:
    fill(engine, run("a", tags={key: "v"}), run("b", tags={key + "x": "v"}))
    assert ids(engine, Clause(Path("tags", key), Op.EQ, "v")) == ["a"]


def test_a_dotted_key_is_not_a_way_into_an_entry(engine: Engine) -> None:
    fill(engine, run("a", metrics={"m": metric(1.0, step=7)}))
    assert ids(engine, Clause(Path("metrics", "m.step"), Op.IS_NOT_NULL)) == []


def test_a_list_of_forty_thousand_values_is_searched(engine: Engine) -> None:
    fill(engine, run("a"), run("b"), run("c"))
    many = (*(f"none-{i}" for i in range(40_000)), "b", "a")
    assert ids(engine, Clause(Path("run_id"), Op.IN, many)) == ["a", "b"]


def test_a_search_of_forty_thousand_scopes_finds_entries_in_any(engine: Engine) -> None:
    fill(engine, run("a", experiment="default|7", tags={"t": "v"}))
    scope = Clause(Path("experiment"), Op.IN, tuple(f"default|{i}" for i in range(40_000)))
    found = engine.find(RUNS, Query((scope, Clause(TAG, Op.EQ, "v")), ()))
    assert [document["id"] for document in found] == ["a"]


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_the_largest_numbers_are_found(engine: Engine, value: int) -> None:
    fill(engine, run("a", start_time=value))
    assert ids(engine, Clause(START, Op.EQ, value)) == ["a"]


def test_infinite_bounds_are_met_by_every_number(engine: Engine) -> None:
    fill(engine, *MEASURED)
    assert ids(engine, Clause(METRIC, Op.LT, float("inf")), Clause(METRIC, Op.GT, float("-inf"))) == [*"abc"]


def test_a_search_sees_only_its_scope(engine: Engine) -> None:
    fill(engine, run("a", tags={"t": "v"}), run("b", experiment="other|1", tags={"t": "v"}))
    assert ids(engine, Clause(TAG, Op.EQ, "v")) == ["a"]


def test_a_map_of_another_collection_is_not_searched(engine: Engine) -> None:
    scope = Clause(Path("workspace"), Op.EQ, "default")
    fill(engine, run("1", experiment="default", tags={"t": "v"}))
    engine.insert(EXPERIMENTS, {"id": "1", "workspace": "default", "tags": {}})
    assert engine.find(EXPERIMENTS, Query((scope, Clause(TAG, Op.EQ, "v")))) == []


def test_a_limit_cuts_the_result(engine: Engine) -> None:
    fill(engine, *PLAIN)
    assert ids(engine, limit=2) == ["a", "b"]


def test_a_search_without_an_order_finds_the_same(engine: Engine) -> None:
    fill(engine, *TAGGED)
    assert sorted(ids(engine, Clause(TAG, Op.NE, "apple"), order=())) == ["b", "c"]
