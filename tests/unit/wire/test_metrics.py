"""Histories of metrics as MLflow's messages."""

from __future__ import annotations

import math
from collections.abc import Iterator

import orjson
import pytest

from genesis.store.points import Curve, Point
from genesis.wire.base import encode, in_parts
from genesis.wire.metrics import PART, MetricHistoryReply, history


def curve(count: int) -> Curve:
    return Curve.of([Point(i, -i, math.nan if i % 2 else i / 4) for i in range(count)])


@pytest.mark.parametrize("count", [1, PART, PART + 1, 2 * PART + 7])
def test_a_history_of_any_length_is_one_list_of_all_its_points(count: int) -> None:
    reply = MetricHistoryReply(metrics=history("ä", curve(count)), next_page_token="t")
    assert orjson.loads(encode(reply).whole()) == {
        "metrics": [
            {"key": "ä", "value": "NaN" if i % 2 else i / 4, "timestamp": i, "step": -i} for i in range(count)
        ],
        "next_page_token": "t",
    }


@pytest.mark.parametrize(("count", "in_one"), [(PART, True), (PART + 1, False)])
def test_only_a_long_history_is_streamed(count: int, in_one: bool) -> None:
    reply = MetricHistoryReply(metrics=history("m", curve(count)))
    assert isinstance(encode(reply).body, bytes) is in_one


def test_a_part_of_a_long_list_is_made_when_it_is_sent() -> None:
    def parts() -> Iterator[list[dict[str, int]]]:
        for i in range(3):
            made.append(i)
            yield [{"i": i}]

    made: list[int] = []
    body = encode({"list": in_parts(parts())}).body
    assert not isinstance(body, bytes)
    pieces = iter(body)
    assert (next(pieces), made) == (b'{"list":', [])
    assert (next(pieces), made) == (b'[{"i":0}', [0])
    assert b"".join(pieces) == b',{"i":1},{"i":2}]}'
