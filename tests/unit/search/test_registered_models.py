"""Filters and orders of registered models: clause for clause and word for word as MLflow has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import GenesisError
from genesis.search.registered_models import REGISTERED_MODELS
from tests.unit.search import generated
from tests.unit.search import registry_oracle as oracle
from tests.unit.search.agreement import agree
from tests.unit.search.corpus_registry import BOTH_FILTERS, MANY_ORDERS, ORDERS, VERSION_FILTERS

IDENTIFIERS = (
    *("name", "attribute.name", "tags.t", "tag.t", "tags.`a b`", 'tags."a.b"', "`tags`.t", "`name`"),
    *("attributes.name", "version_number", "metrics.m", "timestamp", "last_updated_timestamp"),
)


@pytest.mark.parametrize("text", [*BOTH_FILTERS, *VERSION_FILTERS])
def test_a_filter_means_what_mlflow_makes_of_it(text: str) -> None:
    agree(lambda: REGISTERED_MODELS.where(text), lambda: oracle.model_clauses(text))


@pytest.mark.parametrize("texts", [*([text] for text in ORDERS), *MANY_ORDERS], ids=str)
def test_an_order_means_what_mlflow_makes_of_it(texts: list[str]) -> None:
    agree(lambda: REGISTERED_MODELS.orders(texts), lambda: oracle.model_orders(texts))


@generated.MANY
@given(text=generated.filters(IDENTIFIERS))
def test_any_filter_is_read_or_refused_as_mlflow_does(text: str) -> None:
    agree(lambda: REGISTERED_MODELS.where(text), lambda: oracle.model_clauses(text))


@generated.MANY
@given(texts=st.lists(generated.orders(IDENTIFIERS), min_size=1, max_size=3))
def test_any_order_is_read_or_refused_as_mlflow_does(texts: list[str]) -> None:
    agree(lambda: REGISTERED_MODELS.orders(texts), lambda: oracle.model_orders(texts))


@pytest.mark.parametrize("texts", [["name", "name DESC"], ["timestamp", "last_updated_timestamp"]])
def test_models_are_not_ordered_by_one_field_twice(texts: list[str]) -> None:
    # MLflow says so too, but as if it were its own fault: a 500.
    with pytest.raises(GenesisError) as refused:
        REGISTERED_MODELS.orders(texts)
    assert refused.value.status == 400
    assert refused.value.message == f"`order_by` contains duplicate fields: {texts}"


@pytest.mark.parametrize("text", ["name IS NULL", "tags.t IS NULL", "tags.t IS NOT NULL"])
def test_what_is_missing_cannot_be_asked_for(text: str) -> None:
    # MLflow stumbles over it: a 500.
    with pytest.raises(GenesisError, match="is not supported for registered models") as refused:
        REGISTERED_MODELS.where(text)
    assert refused.value.status == 400
