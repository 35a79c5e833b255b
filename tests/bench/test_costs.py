"""What docs/cost.md says that calls cost is what they cost; the charges are those that were published."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench import cost_model
from bench.cost_commands import by_index, changed_terms, is_point, terms_of
from bench.cost_months import TEAMS, Sizes, filtered, searching
from bench.cost_pages import BEGIN, END, Row, commands, page
from bench.costs import measured
from genesis.routes import ROUTES
from genesis.store.schema import EXPERIMENTS, NAMES, POINTS, REGISTRY, RUNS
from tests.conftest import unused_database

DOCS = Path(__file__).parents[2] / "docs"
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
TOLERANCE = 0.1
"""Ids and times have other lengths and sizes at other times."""


@pytest.fixture(scope="module")
def rows(mongodb_server_uri: str, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    return measured(unused_database(mongodb_server_uri), tmp_path_factory.mktemp("costs"))


@pytest.fixture(scope="module")
def written() -> str:
    return (DOCS / "cost.md").read_text().partition(BEGIN)[2].partition(END)[0]


def test_every_endpoint_is_called(rows: list[Row]) -> None:
    assert {f"{route.method} {route.path}" for route in ROUTES} == {row.title for row in rows}


def test_the_page_has_the_commands_and_documents_of_every_call(rows: list[Row], written: str) -> None:
    found = re.findall(r"^\| (\w+ /[^|]*?)(?: \(([^|]*)\))? \| ([^|]*) \| (\d+) \|", written, re.M)
    expected = [
        (row.title, row.note, commands(row.spent), str(row.spent.documents))
        for row in rows
        if row.spent.commands
    ]
    assert found == expected


def test_the_page_is_what_would_be_written_now_but_for_lengths_that_vary(
    rows: list[Row], written: str
) -> None:
    now = page(rows)
    assert NUMBER.sub("#", written) == NUMBER.sub("#", now)
    pairs = zip(NUMBER.findall(written), NUMBER.findall(now), strict=True)
    numbers = [tuple(float(text.replace(",", "")) for text in pair) for pair in pairs]
    assert [pair for pair in numbers if pair[0] != pytest.approx(pair[1], rel=TOLERANCE, abs=1)] == []


@pytest.mark.parametrize(
    ("size", "reads", "writes"), [(1, 1.0, 4.95), (64, 4.76, 22.67), (2048, 291.8, 1250)]
)
def test_published_charges_are_kept(size: int, reads: float, writes: float) -> None:
    assert cost_model.read(size * 1024) == pytest.approx(reads)
    assert cost_model.write(size * 1024, 0) == pytest.approx(writes)


def test_the_published_examples_come_out_as_published_or_nearly() -> None:
    assert cost_model.write(1024, 10) == pytest.approx(7.0, abs=0.1)
    assert cost_model.update(1024, 2) == pytest.approx(10.8, abs=0.2)
    assert cost_model.QUERY + cost_model.read(9963) == pytest.approx(3.19, abs=0.01)


def test_larger_documents_never_cost_less() -> None:
    sizes = [*range(0, 3 << 20, 12_345), 16 << 20]
    for charge in (cost_model.read, lambda size: cost_model.write(size, 0)):
        charges = [charge(size) for size in sizes]
        assert charges == sorted(charges)
    assert cost_model.read(16 << 20) == pytest.approx(8 * 291.8)


def test_a_new_document_has_a_term_for_its_key_its_shard_and_each_field_of_an_index() -> None:
    assert [terms_of(each) for each in (NAMES, RUNS, REGISTRY, POINTS)] == [1, 1 + 5, 2 + 9, 2 + 3]


def test_a_change_has_the_terms_of_the_fields_that_indexes_hold() -> None:
    assert changed_terms(RUNS, ["metrics.m", "status"]) == 0
    assert changed_terms(RUNS, ["lifecycle", "newest"]) == 1 + 2
    assert changed_terms(None, ["value"]) == 0


def test_one_document_by_its_key_and_shard_is_no_query() -> None:
    assert is_point(RUNS, {"_id": "a"})
    assert is_point(REGISTRY, {"_id": "a", "workspace": "w"})
    assert not is_point(REGISTRY, {"_id": "a"})
    assert not is_point(RUNS, {"_id": {"$in": ["a"]}})
    assert not is_point(RUNS, {"_id": "a", "lifecycle": "active"})


@pytest.mark.parametrize(
    ("conditions", "served"),
    [
        ({"workspace": {"$eq": "w"}, "name": {"$eq": "n"}}, ["workspace", "name"]),
        ({"workspace": {"$eq": "w"}, "tags.t": {"$eq": "n"}}, ["workspace"]),
        (
            {"workspace": {"$eq": "w"}, "newest": {"$gt": "n"}, "lifecycle": {"$eq": "active"}},
            ["workspace", "lifecycle", "newest"],
        ),
        (
            {"workspace": {"$eq": "w"}, "lifecycle": {"$ne": "a"}, "newest": {"$gt": ""}},
            ["workspace", "lifecycle"],
        ),
        ({"number": {"$eq": 1}}, []),
    ],
)
def test_of_a_filter_the_longest_beginning_of_an_index_is_served(
    conditions: dict[str, dict[str, str]], served: list[str]
) -> None:
    assert list(by_index(EXPERIMENTS, conditions)) == served


def test_filtered_searches_cost_by_the_runs_of_the_experiment() -> None:
    assert filtered(2000, 2700) - filtered(1000, 2700) == pytest.approx(2000 * cost_model.read(2700))
    small, large = TEAMS[0]._replace(experiment=100), TEAMS[0]._replace(experiment=10_000)
    assert searching(large, Sizes(2700, 250)) > 90 * searching(small, Sizes(2700, 250))
