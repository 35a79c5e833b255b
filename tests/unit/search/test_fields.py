"""What the tables have in common and MLflow has no answer to."""

from __future__ import annotations

import pytest

from genesis.search.clauses import Op
from genesis.search.experiments import EXPERIMENTS
from genesis.search.fields import Fields, bounded
from genesis.search.model_versions import MODEL_VERSIONS
from genesis.search.runs import RUNS


@pytest.mark.parametrize("number", [str(2**63), str(-(2**63) - 1), "9" * 400, "9" * 5000])
@pytest.mark.parametrize(
    ("entity", "key"),
    [(RUNS, "start_time"), (EXPERIMENTS, "creation_time"), (MODEL_VERSIONS, "version_number")],
    ids=["runs", "experiments", "model versions"],
)
def test_a_number_that_no_database_holds_is_a_number_still(entity: Fields, key: str, number: str) -> None:
    [clause] = entity.where(f"{key} != {number}")
    assert clause.op is Op.NE
    assert isinstance(clause.value, float)
    assert abs(clause.value) >= 2.0**63
    assert clause.value - clause.value == 0


@pytest.mark.parametrize("number", [0, 2**63 - 1, -(2**63)])
def test_a_number_that_a_database_holds_stays_as_it_is(number: int) -> None:
    assert bounded(number) is number
