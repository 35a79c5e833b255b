"""What the bench makes of its figures."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from array import array

import pytest

from bench.crew import Played
from bench.measure import Results, Round, summed
from bench.report import chart, page, rows


def a_round(throughput: float, cost: float, *, failures: int = 0) -> Round:
    return Round(10, failures, throughput, 0.001, 0.002, cost, 0.0)


@pytest.fixture
def results() -> Results:
    results = Results()
    for ours, theirs in ((100, 10), (300, 20), (200, 1)):
        results.add("get_run", "genesis", a_round(ours, 0.001))
        results.add("get_run", "stock-sqlite", a_round(theirs, 0.004, failures=1))
    return results


def test_ratios_are_those_of_the_medians_and_failures_are_told(results: Results) -> None:
    ours, stock = rows(results)
    assert ours == ("get_run", "genesis", "200.0", "", "1.00", "2.00", "1.00", "", "", "")
    assert stock == ("get_run", "stock-sqlite", "10.0", "20.0x", "1.00", "2.00", "4.00", "4.0x", "", "3")


def test_a_round_is_the_sum_of_its_clients_each_at_its_own_rate() -> None:
    idle = Played(array("d", [0.1] * 10), elapsed=1.0)
    busy = Played(array("d", [0.3] * 10), elapsed=4.0, failures=2, example="500")
    found = summed([idle, busy], server=2.0, database=1.0)
    assert (found.calls, found.failures, found.throughput, found.example) == (20, 2, 12.5, "500")
    assert (found.p50, found.p95, found.server, found.database) == (0.3, 0.3, 0.1, 0.05)


def test_a_server_that_answered_nothing_has_no_ratio(results: Results) -> None:
    results.add("get_run", "fasttrackml", summed([Played(array("d"), failures=3)], 0.0, 0.0))
    assert list(rows(results))[-1][2:4] == ("0.0", "")
    chart(results)


def test_the_picture_is_xml_with_a_longer_bar_for_more_calls(results: Results) -> None:
    drawn = ElementTree.fromstring(chart(results))  # noqa: S314
    bars = [
        float(r.get("width", 0))
        for r in drawn.iter("{http://www.w3.org/2000/svg}rect")
        if r.get("x") == "120"
    ]
    assert max(bars) == bars[-2] > bars[-1]


def test_the_page_names_what_it_was_measured_on(results: Results) -> None:
    results.conditions = {"machine": "2 cores"}
    results.memory = {"genesis": 50 << 20}
    text = page(results, "bench.svg")
    assert "- machine: 2 cores" in text and "- genesis: 50 MiB" in text and "| get_run" in text
