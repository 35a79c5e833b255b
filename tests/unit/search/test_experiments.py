"""Filters and orders of experiments: clause for clause and word for word as MLflow has them."""

from __future__ import annotations

import pytest
from hypothesis import given

from genesis.search.clauses import Clause, Op, Order, Path
from genesis.search.experiments import EXPERIMENTS
from tests.unit.search import generated
from tests.unit.search import mlflow_oracle as oracle
from tests.unit.search.agreement import agree
from tests.unit.search.corpus import EXPERIMENT_FILTERS, EXPERIMENT_ORDERS

IDENTIFIERS = (
    *("name", "experiment_id", "creation_time", "last_update_time", "tags.t", "tag.t", "metrics.m"),
    *('tags."a.b"', "`tags`.t", "attribute.name", "attribute.`name`", "attributes.name", "status"),
)


@pytest.mark.parametrize("text", EXPERIMENT_FILTERS)
def test_a_filter_means_what_mlflow_makes_of_it(text: str) -> None:
    agree(lambda: EXPERIMENTS.where(text), lambda: oracle.experiment_clauses(text))


@pytest.mark.parametrize("text", EXPERIMENT_ORDERS)
def test_an_order_means_what_mlflow_makes_of_it(text: str) -> None:
    agree(lambda: EXPERIMENTS.orders([text])[0], lambda: oracle.experiment_order(text))


@generated.MANY
@given(text=generated.filters(IDENTIFIERS))
def test_any_filter_is_read_or_refused_as_mlflow_does(text: str) -> None:
    agree(lambda: EXPERIMENTS.where(text), lambda: oracle.experiment_clauses(text))


@generated.MANY
@given(text=generated.orders(IDENTIFIERS))
def test_any_order_is_read_or_refused_as_mlflow_does(text: str) -> None:
    agree(lambda: EXPERIMENTS.orders([text])[0], lambda: oracle.experiment_order(text))


def test_an_id_that_no_database_holds_is_a_number_still() -> None:
    [clause] = EXPERIMENTS.where(f"experiment_id NOT IN ('5', '{2**63}')")
    assert clause == Clause(Path("number"), Op.NOT_IN, (5, 2.0**63))


def test_experiments_ordered_by_one_field_twice_are_ordered_by_its_first_mention() -> None:
    assert EXPERIMENTS.orders(["name DESC", "name"]) == (Order(Path("name"), ascending=False),)
