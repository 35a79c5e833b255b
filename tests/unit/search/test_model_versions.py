"""Filters and orders of model versions: clause for clause and word for word as MLflow has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import GenesisError
from genesis.search.model_versions import MODEL_VERSIONS
from tests.unit.search import generated
from tests.unit.search import registry_oracle as oracle
from tests.unit.search.agreement import agree
from tests.unit.search.corpus_registry import BOTH_FILTERS, MANY_ORDERS, ORDERS, VERSION_FILTERS

IDENTIFIERS = (
    *("name", "version_number", "run_id", "source_path", "attribute.version_number", "tags.t", "tag.name"),
    *(
        'tags."a.b"',
        "`tags`.t",
        "`run_id`",
        "attributes.name",
        "creation_timestamp",
        "last_updated_timestamp",
    ),
)


@pytest.mark.parametrize("text", [*BOTH_FILTERS, *VERSION_FILTERS])
def test_a_filter_means_what_mlflow_makes_of_it(text: str) -> None:
    agree(lambda: MODEL_VERSIONS.where(text), lambda: oracle.version_clauses(text))


@pytest.mark.parametrize("texts", [*([text] for text in ORDERS), *MANY_ORDERS], ids=str)
def test_an_order_means_what_mlflow_makes_of_it(texts: list[str]) -> None:
    agree(lambda: MODEL_VERSIONS.orders(texts), lambda: oracle.version_orders(texts))


@generated.MANY
@given(text=generated.filters(IDENTIFIERS))
def test_any_filter_is_read_or_refused_as_mlflow_does(text: str) -> None:
    agree(lambda: MODEL_VERSIONS.where(text), lambda: oracle.version_clauses(text))


@generated.MANY
@given(texts=st.lists(generated.orders(IDENTIFIERS), min_size=1, max_size=3))
def test_any_order_is_read_or_refused_as_mlflow_does(texts: list[str]) -> None:
    agree(lambda: MODEL_VERSIONS.orders(texts), lambda: oracle.version_orders(texts))


@pytest.mark.parametrize("texts", [["name", "name DESC"], ["attribute.name", "tag.name"]])
def test_versions_are_not_ordered_by_one_field_twice(texts: list[str]) -> None:
    # MLflow says so too, but as if it were its own fault: a 500.
    with pytest.raises(GenesisError) as refused:
        MODEL_VERSIONS.orders(texts)
    assert refused.value.status == 400
    assert refused.value.message == f"`order_by` contains duplicate fields: {texts}"


@pytest.mark.parametrize("text", ["run_id IS NULL", "tags.t IS NULL", "tags.t IS NOT NULL"])
def test_what_is_missing_cannot_be_asked_for(text: str) -> None:
    # MLflow stumbles over it: a 500.
    with pytest.raises(GenesisError, match="is not supported for model versions") as refused:
        MODEL_VERSIONS.where(text)
    assert refused.value.status == 400
