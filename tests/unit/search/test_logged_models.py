"""Filters and orders of logged models: clause for clause and word for word as MLflow has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import GenesisError
from genesis.search import logged_models
from genesis.search.clauses import Clause, Op, Order, Path
from tests.store.reference import holds
from tests.unit.search import generated
from tests.unit.search import logged_models_oracle as oracle
from tests.unit.search.agreement import agree
from tests.unit.search.corpus_logged_models import DATASET_FILTERS, DATASETS, FIELDS, FILTERS

IDENTIFIERS = (
    *("name", "status", "model_type", "experiment_id", "creation_timestamp", "creation_time", "zzz"),
    *("attributes.name", "attributes.status_message", "metrics.m", "metrics.`a b`", "params.p", "tags.t"),
    *('tags."a.b"', "`name`", "metric.m", "attributes.creation_timestamp_ms"),
)
FIELD_NAMES = st.one_of(
    st.sampled_from(FIELDS), st.text(max_size=5), st.text(max_size=5).map("metrics.{}".format)
)
NAMES = st.sampled_from(["", "d", "e"])


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_means_what_mlflow_makes_of_it(text: str) -> None:
    agree(lambda: logged_models.where(text), lambda: oracle.clauses(text))


@pytest.mark.parametrize("datasets", DATASETS, ids=str)
@pytest.mark.parametrize("text", DATASET_FILTERS)
def test_data_sets_narrow_the_metrics_that_count(text: str, datasets: list[tuple[str, str]]) -> None:
    if all(name for name, _ in datasets):
        agree(lambda: logged_models.where(text, datasets), lambda: oracle.clauses(text, datasets))
    else:
        with pytest.raises(GenesisError, match="`dataset_name` in the `datasets` clause must be specified"):
            logged_models.where(text, datasets)


@generated.MANY
@given(text=generated.filters(IDENTIFIERS))
def test_any_filter_is_read_or_refused_as_mlflow_does(text: str) -> None:
    agree(lambda: logged_models.where(text), lambda: oracle.clauses(text))


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("field_name", ["", *FIELDS])
def test_an_order_means_what_mlflow_makes_of_it(field_name: str, ascending: bool) -> None:
    asked = [(field_name, ascending, "", "")]
    agree(lambda: logged_models.orders(asked), lambda: oracle.orders(asked))


@generated.MANY
@given(
    asked=st.lists(st.tuples(FIELD_NAMES, st.booleans(), NAMES, NAMES), max_size=3, unique_by=lambda o: o[0])
)
def test_any_order_is_read_or_refused_as_mlflow_does(asked: list[oracle.Asked]) -> None:
    def once() -> tuple[Order, ...]:
        orders = oracle.orders(asked)
        first = {(order.path, order.among): order for order in reversed(orders)}
        return tuple(order for order in orders if first[order.path, order.among] is order)

    agree(lambda: logged_models.orders(asked), once)


def test_a_metric_is_ordered_by_its_values_on_a_data_set() -> None:
    metric = Clause(Path("key"), Op.EQ, "m")
    name = Clause(Path("dataset_name"), Op.EQ, "d")
    digest = Clause(Path("dataset_digest"), Op.EQ, "x")
    asked = [("metrics.m", False, "d", "x"), ("metrics.m", True, "d", ""), ("metrics.m", True, "", "x")]
    assert logged_models.orders(asked) == (
        Order(Path("metrics", "value"), False, (metric, name, digest)),
        Order(Path("metrics", "value"), True, (metric, name)),
        Order(Path("metrics", "value"), True, (metric, digest)),
    )


def test_models_ordered_by_one_field_twice_are_ordered_by_its_first_mention() -> None:
    asked = [
        ("creation_time", False, "", ""),
        ("name", True, "", ""),
        ("creation_timestamp_ms", True, "", ""),
    ]
    assert logged_models.orders(asked) == (Order(Path("created"), ascending=False), Order(Path("name")))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("status = 'READY'", ("2",)),
        ("status = 'LOGGED_MODEL_UPLOAD_FAILED'", ("3",)),
        ("status = 2", ("2",)),
        ("status != 'READY'", ("0", "1", "3")),
        ("status IN ('READY', 'PENDING')", ("1", "2")),
        ("status NOT IN ('READY', 'PENDING')", ("0", "3")),
        ("status LIKE 'R%'", ("2",)),
        ("status LIKE 'r%'", ()),
        ("status ILIKE 'r%'", ("2",)),
        ("status = 'x'", ()),
    ],
)
def test_a_status_is_known_by_its_name(text: str, numbers: tuple[str, ...]) -> None:
    # MLflow's database knows only the numbers, so that the names its documentation shows find nothing.
    assert logged_models.where(text) == (Clause(Path("status"), Op.IN, numbers),)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("name = 'x'", ["1", "2", "11"]),
        ("experiment_id = '1'", ["1"]),
        ("experiment_id = 1", ["1"]),
        ("experiment_id != '1'", ["2", "11"]),
        ("experiment_id IN ('1', '2')", ["1", "2"]),
        ("experiment_id NOT IN (1, 2)", ["11"]),
        ("experiment_id IN ()", []),
        ("experiment_id NOT IN ()", ["1", "2", "11"]),
        ("experiment_id LIKE '1%'", ["1", "11"]),
        ("experiment_id LIKE '1_'", ["11"]),
        ("experiment_id LIKE '1%' AND experiment_id != '1'", ["11"]),
        ("experiment_id = 'x'", []),
    ],
)
def test_a_filter_of_experiments_narrows_those_that_are_searched(text: str, ids: list[str]) -> None:
    where = logged_models.where(f"{text} AND tags.t = 'y'")
    rest, searched = logged_models.experiments(where, ["1", "2", "11"])
    assert searched == ids
    assert rest == tuple(clause for clause in where if clause.path != Path("experiment_id"))


PATTERNS = st.text(alphabet="%_ab", max_size=6)


@given(
    id=st.text(alphabet="abAB%_", max_size=6), pattern=PATTERNS, operator=st.sampled_from(["LIKE", "ILIKE"])
)
def test_a_pattern_is_read_as_the_databases_read_it(id: str, pattern: str, operator: str) -> None:
    where = logged_models.where(f"experiment_id {operator} '{pattern}'")
    [clause] = where
    assert logged_models.experiments(where, [id]) == (
        (),
        [id] if holds({"experiment_id": id}, clause) else [],
    )


def test_a_pattern_of_many_wild_cards_is_read_as_well() -> None:
    # As a regular expression it would take longer than anybody waits.
    where = logged_models.where("experiment_id LIKE '" + "%1" * 40_000 + "'")
    assert logged_models.experiments(where, ["1" * 18]) == ((), [])
