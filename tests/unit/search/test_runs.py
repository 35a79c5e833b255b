"""Filters and orders of runs: clause for clause and word for word as MLflow has them."""

from __future__ import annotations

import pytest
from hypothesis import given

from genesis.errors import GenesisError
from genesis.search.clauses import Order, Path
from genesis.search.runs import RUNS
from tests.unit.search import generated
from tests.unit.search import mlflow_oracle as oracle
from tests.unit.search.agreement import agree
from tests.unit.search.corpus import RUN_FILTERS, RUN_ORDERS

IDENTIFIERS = (
    *("metrics.m", "params.p", "tags.t", "status", "run_id", "start_time", "dataset.name", "name"),
    *("metrics.`a b`", 'tags."a.b"', "attributes.run_name", "`tags`.t", "Run.status", "unknown.x"),
)


@pytest.mark.parametrize("text", RUN_FILTERS)
def test_a_filter_means_what_mlflow_makes_of_it(text: str) -> None:
    agree(lambda: RUNS.where(text), lambda: oracle.run_clauses(text))


@pytest.mark.parametrize("text", RUN_ORDERS)
def test_an_order_means_what_mlflow_makes_of_it(text: str) -> None:
    agree(lambda: RUNS.orders([text])[0], lambda: oracle.run_order(text))


@generated.MANY
@given(text=generated.filters(IDENTIFIERS))
def test_any_filter_is_read_or_refused_as_mlflow_does(text: str) -> None:
    agree(lambda: RUNS.where(text), lambda: oracle.run_clauses(text))


@generated.MANY
@given(text=generated.orders(IDENTIFIERS))
def test_any_order_is_read_or_refused_as_mlflow_does(text: str) -> None:
    agree(lambda: RUNS.orders([text])[0], lambda: oracle.run_order(text))


@pytest.mark.parametrize("text", ["run_id = ('a')", "run_id LIKE ('a', 'b')", "run_id != ('a', 'b')"])
def test_a_list_that_is_compared_by_anything_but_in_is_refused(text: str) -> None:
    # MLflow passes it on to its database, which fails on it: a 500.
    with pytest.raises(GenesisError, match="cannot be used with") as refused:
        RUNS.where(text)
    assert refused.value.status == 400


def test_orders_keep_their_sequence() -> None:
    orders = RUNS.orders(["metrics.m DESC", "start_time", "params.p ASC"])
    assert orders == (
        Order(Path("metrics", "m"), ascending=False),
        Order(Path("start_time")),
        Order(Path("params", "p")),
    )


@pytest.mark.parametrize("texts", [["start_time", "created DESC"], ["metrics.m", "metric.m"]])
def test_runs_are_not_ordered_by_one_field_twice(texts: list[str]) -> None:
    with pytest.raises(GenesisError, match="duplicate fields") as refused:
        RUNS.orders(texts)
    assert refused.value.status == 400


def test_a_run_ordered_by_its_name_is_ordered_by_the_tag_of_it() -> None:
    assert RUNS.orders(["run_name"]) == (Order(Path("tags", "mlflow.runName")),)
