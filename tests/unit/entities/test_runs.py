"""What a run holds, read as it is stored."""

from __future__ import annotations

import math

from genesis.entities.runs import Latest, LatestValues, NamedEntry

NAN = float("nan")


def test_a_latest_value_that_was_stored_is_the_one_that_was_logged() -> None:
    logged = {"loss": Latest(2, 12, 0.5), "nan": Latest(0, 10, NAN)}
    values = LatestValues.of(logged)
    assert list(values) == ["loss", "nan"] and len(values) == 2
    assert values["loss"] == Latest(2, 12, 0.5)
    assert math.isnan(values["nan"].value) and values["nan"][:2] == (0, 10)


def test_what_is_no_number_is_stored_as_0_and_a_sign() -> None:
    stored = LatestValues.of({"nan": Latest(1, 2, NAN)}).entries
    assert stored == {"nan": {"key": "nan", "step": 1, "timestamp": 2, "value": 0.0, "nan": True}}


def test_latest_values_are_equal_where_each_is_no_number_too() -> None:
    def of(value: float) -> LatestValues:
        return LatestValues.of({"m": Latest(1, 2, value)})

    assert of(NAN) == of(float("nan")) and of(0.5) == {"m": Latest(1, 2, 0.5)}
    assert of(NAN) != of(0.0) and of(0.5) != LatestValues()


def test_a_whole_number_that_a_database_made_of_a_float_is_a_float_again() -> None:
    entries: dict[str, NamedEntry] = {"m": {"step": 1, "timestamp": 2, "value": 3}}
    assert isinstance(LatestValues(entries)["m"].value, float)
