"""Entities compared value by value."""

from __future__ import annotations

from dataclasses import replace

import pytest

from genesis.entities.logged_models import ModelMetric
from genesis.entities.runs import Latest, LatestValues
from genesis.migrate.same import Difference, Entity, differences
from tests.store.test_writing import EXPERIMENT, LINE, MODEL, RUN_7


@pytest.mark.parametrize("entity", [EXPERIMENT, RUN_7, MODEL, LINE])
def test_an_entity_is_the_same_as_itself(entity: Entity) -> None:
    assert differences(entity, replace(entity)) == []


def test_each_value_that_differs_is_named() -> None:
    changed = replace(
        RUN_7,
        user_id="bob",
        params={"lr": "0.2"},
        metrics=LatestValues.of({"nan": Latest(0, 10, 1.0)}),
        inputs=[],
        model_outputs=[("m-1", 4)],
    )
    assert [one.what for one in differences(RUN_7, changed)] == [
        "inputs[d 1]",
        "metrics[loss]",
        "metrics[nan]",
        "model_outputs[m-1]",
        "params[a.b]",
        "params[lr]",
        "user_id",
    ]
    assert Difference("params[lr]", "0.1", "0.2") in differences(RUN_7, changed)


def test_a_version_that_is_missing_and_a_stage_that_differs_are_named() -> None:
    first, second, *_ = LINE.versions
    changed = replace(LINE, versions=[replace(first, stage="Archived"), second])
    found = [one.what for one in differences(LINE, changed)]
    assert "version 1.stage" in found and "version[4]" in found


def test_no_text_and_an_empty_one_are_the_same() -> None:
    model = replace(LINE.model, description=None)
    assert differences(replace(LINE, model=model), replace(LINE, model=replace(model, description=""))) == []


def test_what_is_no_number_is_a_models_zero() -> None:
    row = ModelMetric("acc", float("nan"), 1, 0, "r")
    zero = replace(MODEL, metrics=[row._replace(value=0.0)])
    assert differences(replace(MODEL, metrics=[row]), zero) == []


def test_what_a_target_cannot_keep_is_not_compared() -> None:
    changed = replace(RUN_7, deleted_time=1, tags={**RUN_7.tags, "genesis.moved_from": "x"})
    assert differences(RUN_7, changed, frozenset({"deleted_time", "tags[genesis.moved_from]"})) == []
