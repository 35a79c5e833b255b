"""Filters and orders of runs and experiments: clause for clause and word for word as MLflow has them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from genesis.errors import GenesisError
from genesis.search.clauses import Clause, Op, Order, Path
from genesis.search.experiments import EXPERIMENTS
from genesis.search.fields import Fields
from genesis.search.runs import RUNS
from tests.unit.search import mlflow_oracle as oracle
from tests.unit.search.corpus import EXPERIMENT_FILTERS, EXPERIMENT_ORDERS, RUN_FILTERS, RUN_ORDERS


def ours(read: Callable[[], object]) -> object:
    """What we read, or why not."""
    try:
        return read()
    except GenesisError as error:
        assert error.status == 400
        return oracle.normal(error.message)


def theirs(read: Callable[[], object]) -> object:
    """What MLflow reads, or why not."""
    try:
        return read()
    except oracle.Refused as refusal:
        return str(refusal)


@pytest.mark.parametrize("text", RUN_FILTERS)
def test_a_filter_of_runs_means_what_mlflow_makes_of_it(text: str) -> None:
    assert ours(lambda: RUNS.where(text)) == theirs(lambda: oracle.run_clauses(text))


@pytest.mark.parametrize("text", EXPERIMENT_FILTERS)
def test_a_filter_of_experiments_means_what_mlflow_makes_of_it(text: str) -> None:
    assert ours(lambda: EXPERIMENTS.where(text)) == theirs(lambda: oracle.experiment_clauses(text))


@pytest.mark.parametrize("text", RUN_ORDERS)
def test_an_order_of_runs_means_what_mlflow_makes_of_it(text: str) -> None:
    assert ours(lambda: RUNS.orders([text])[0]) == theirs(lambda: oracle.run_order(text))


@pytest.mark.parametrize("text", EXPERIMENT_ORDERS)
def test_an_order_of_experiments_means_what_mlflow_makes_of_it(text: str) -> None:
    assert ours(lambda: EXPERIMENTS.orders([text])[0]) == theirs(lambda: oracle.experiment_order(text))


@pytest.mark.parametrize("number", [str(2**63), str(-(2**63) - 1), "9" * 400, "9" * 5000])
@pytest.mark.parametrize("entity", [RUNS, EXPERIMENTS], ids=["runs", "experiments"])
def test_a_number_that_no_database_holds_is_a_number_still(entity: Fields, number: str) -> None:
    key = "start_time" if entity is RUNS else "creation_time"
    [clause] = entity.where(f"{key} != {number}")
    assert isinstance(clause.value, float)
    assert abs(clause.value) >= 2.0**63
    assert clause.value - clause.value == 0


def test_an_experiment_id_that_no_database_holds_is_a_number_still() -> None:
    [clause] = EXPERIMENTS.where(f"experiment_id NOT IN ('5', '{2**63}')")
    assert clause == Clause(Path("number"), Op.NOT_IN, (5, 2.0**63))


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


def test_experiments_ordered_by_one_field_twice_are_ordered_by_its_first_mention() -> None:
    assert EXPERIMENTS.orders(["name DESC", "name"]) == (Order(Path("name"), ascending=False),)


def test_a_run_ordered_by_its_name_is_ordered_by_the_tag_of_it() -> None:
    assert RUNS.orders(["run_name"]) == (Order(Path("tags", "mlflow.runName")),)
