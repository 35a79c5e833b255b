"""What the table of indexes says is what is declared."""

from __future__ import annotations

import re

import pytest

from bench.cost_model import TERM
from genesis.store import schema
from genesis.store.schema import COLLECTIONS, POINTS

LINES = re.findall(
    r"^\| (\w+): ([\w, ]+) \| (.*) \| (\d+) terms?, ([\d.]+) RU \|$", schema.__doc__ or "", re.M
)
DECLARED = [
    (collection.name, ", ".join(fields))
    for collection in (*COLLECTIONS, POINTS)
    for fields in collection.indexes
]


def test_every_index_has_a_line_that_says_what_it_is_for_and_every_line_an_index() -> None:
    assert [(name, fields) for name, fields, *_ in LINES] == DECLARED


def test_every_row_of_the_table_is_such_a_line() -> None:
    rows = re.findall(r"^\| \w+: .*", schema.__doc__ or "", re.M)
    assert len(rows) == len(LINES)


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line[0]}: {line[1]}")
def test_an_index_costs_a_write_what_its_line_says(line: tuple[str, ...]) -> None:
    _, fields, query, terms, units = line
    assert query
    assert int(terms) == len(fields.split(", "))
    assert float(units) == pytest.approx(int(terms) * TERM)


@pytest.mark.parametrize("collection", [*COLLECTIONS, POINTS], ids=lambda collection: collection.name)
def test_a_collection_is_sharded_by_its_key_or_by_a_field_that_every_document_has(
    collection: schema.Collection,
) -> None:
    assert collection.shard in ("", "id", *collection.fields)
