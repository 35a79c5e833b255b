"""The table of runs, the charts beside it, and runs compared."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, OwnExperiment, Shot
from tests.browser.recorder import Recorder
from tests.browser.runs_table import RunsTable
from tests.browser.seed import COMPARED_RUN, EXPERIMENTS, FULL_RUN, HISTORY, Seeded, accuracy, new_run
from tests.e2e.rest import Rest

ACCURACY = "metrics.`accuracy`"


def stored(rest: Rest, run_id: str) -> dict[str, Any]:
    """The run as clients get it."""
    found: dict[str, Any] = rest.get("runs/get", run_id=run_id).json()["run"]
    return found


def test_all_runs_are_loaded_page_by_page(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    table = RunsTable(open_page(f"#/experiments/{seeded.experiments['churn']}/runs"))

    table.expect_count(100)
    table.expect_order("churn-149", "churn-148", "churn-147")
    shot("runs")
    table.load_more()

    table.expect_count(EXPERIMENTS["churn"])


def test_runs_of_several_experiments_are_in_one_table(
    open_page: OpenPage, seeded: Seeded, shot: Shot
) -> None:
    page = open_page("#/experiments")
    for name in EXPERIMENTS:
        page.get_by_role("row", name=name).get_by_role("checkbox").click()
    page.get_by_test_id("compare-experiment-button").click()
    expect(page.get_by_text("Displaying Runs from 3 Experiments")).to_be_visible()
    table = RunsTable(page)

    table.expect_count(100)
    shot("experiments-compared")
    for loaded in (200, 300):
        table.load_more()
        table.expect_count(loaded)


def test_the_search_box_filters_by_a_metric(open_page: OpenPage, seeded: Seeded) -> None:
    table = RunsTable(open_page(f"#/experiments/{seeded.experiments['churn']}/runs"))
    table.expect_count(100)

    table.search("metrics.accuracy > 0.85 and params.optimizer = 'adam'")

    matching = [n for n in range(EXPERIMENTS["churn"]) if accuracy(n) > 0.85 and n % 2 == 0]
    table.expect_count(len(matching))
    table.expect_order(*(f"churn-{number}" for number in reversed(matching)))


def test_what_cannot_be_searched_for_is_explained(
    open_page: OpenPage, recorder: Recorder, seeded: Seeded, shot: Shot
) -> None:
    recorder.expect_refusal(400, "/runs/search")
    table = RunsTable(open_page(f"#/experiments/{seeded.experiments['vision']}/runs"))
    table.expect_count(EXPERIMENTS["vision"])

    table.search("metrics.accuracy > ")

    expect(table.page.get_by_text("Invalid").first).to_be_visible()
    shot("runs-bad-search")


def test_runs_are_sorted_by_a_metric(open_page: OpenPage, seeded: Seeded) -> None:
    table = RunsTable(open_page(f"#/experiments/{seeded.experiments['vision']}/runs"))
    table.expect_count(EXPERIMENTS["vision"])

    table.sort_by("loss")

    table.expect_order("vision-000", "vision-001", "vision-002")


def test_columns_are_added_and_sorted_by_their_heads(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    table = RunsTable(open_page(f"#/experiments/{seeded.experiments['vision']}/runs"))
    table.expect_count(EXPERIMENTS["vision"])

    table.toggle_columns("Dataset", "Source", "Models", "accuracy", "loss", "optimizer")

    for number in range(3):
        expect(table.cell(number, ACCURACY)).to_have_text(str(accuracy(49 - number)))
    expect(table.cell(0, "params.`optimizer`")).to_have_text("sgd")
    shot("runs-columns")
    table.sort_by_head("loss")
    table.expect_order("vision-000", "vision-001")
    table.sort_by_head("loss")
    table.expect_order("vision-049", "vision-048")


def test_charts_show_the_newest_runs(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    table = RunsTable(open_page(f"#/experiments/{seeded.experiments['churn']}/runs"))
    table.expect_count(100)

    table.view("CHART")

    charts = table.page.get_by_test_id("experiment-view-compare-runs-card")
    bars = charts.filter(has=table.page.get_by_role("heading", name="accuracy"))
    lines = charts.filter(has=table.page.get_by_role("heading", name="loss"))
    expect(bars.locator(".bars .point")).to_have_count(10)
    expect(lines.locator("path.js-line").first).to_be_visible()
    expect(lines.get_by_text(f"{FULL_RUN} (loss)")).to_be_visible()
    shot("runs-charts")


def test_runs_are_grouped_by_a_parameter(open_page: OpenPage, seeded: Seeded) -> None:
    table = RunsTable(open_page(f"#/experiments/{seeded.experiments['vision']}/runs"))
    table.expect_count(EXPERIMENTS["vision"])

    table.page.get_by_role("button", name="Group by").click()
    table.page.get_by_role("menuitemcheckbox", name="optimizer").click()

    group = table.page.get_by_role("row").filter(has_text="Group: sgd")
    expect(group).to_contain_text("25")


def test_two_runs_are_compared(open_page: OpenPage, recorder: Recorder, seeded: Seeded, shot: Shot) -> None:
    table = RunsTable(open_page(f"#/experiments/{seeded.experiments['churn']}/runs"))
    table.expect_count(100)

    table.select(FULL_RUN, COMPARED_RUN)
    table.page.get_by_test_id("runs-compare-button").click()

    page = table.page
    expect(page.get_by_role("heading", name="Comparing 2 Runs from 1 Experiment")).to_be_visible()
    for row in (f"Run Name: {FULL_RUN} {COMPARED_RUN}", "depth 6 5", "optimizer sgd adam", "team blue red"):
        expect(page.get_by_role("row", name=row)).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="notes.txt")).to_be_visible()
    expect(page.get_by_role("tabpanel").get_by_text("0.87250").first).to_be_visible()
    shot("compare-runs")


def test_compared_runs_are_points_of_a_scatter_plot(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    page = open_page(comparison(seeded))

    page.get_by_role("tab", name="Scatter Plot").click()

    plot = page.get_by_role("tabpanel").locator(".js-plotly-plot")
    expect(plot.get_by_text("0.8725")).to_be_visible()
    # The points are drawn by WebGL, so that there are none in the page.
    assert plot.evaluate("plot => plot.data.map(line => [line.x, line.y])") == [[["6", "5"], [0.8725, 0.87]]]
    shot("compare-scatter")


def test_a_metric_of_compared_runs_is_one_chart(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    page = open_page(comparison(seeded))

    page.get_by_role("link", name="loss", exact=True).click()

    for name, last in ((FULL_RUN, "0.1275"), (COMPARED_RUN, "0.13")):
        expect(page.get_by_text(f"{name} (loss)")).to_be_visible()
        expect(page.get_by_role("row", name=name)).to_contain_text(f"{last} (step={HISTORY - 1})")
    shot("compare-metric")


def comparison(seeded: Seeded) -> str:
    """Where two runs are compared."""
    runs = json.dumps([seeded.runs[FULL_RUN], seeded.runs[COMPARED_RUN]])
    return f"#/compare-runs?runs={runs}&experiments={json.dumps([seeded.experiments['churn']])}"


def test_a_run_is_renamed(open_page: OpenPage, own_experiment: OwnExperiment, rest: Rest) -> None:
    mine = own_experiment("of runs to be renamed")
    run_id = new_run(rest, mine, "before")
    table = RunsTable(open_page(f"#/experiments/{mine}/runs"))

    table.select("before")
    table.page.get_by_test_id("run-rename-button").click()
    dialog = table.page.get_by_role("dialog")
    dialog.get_by_label("New run name").fill("after")
    dialog.get_by_role("button", name="Save").click()

    expect(table.run("after")).to_be_visible()
    assert stored(rest, run_id)["info"]["run_name"] == "after"


def test_a_tag_is_added_to_several_runs(
    open_page: OpenPage, own_experiment: OwnExperiment, rest: Rest
) -> None:
    mine = own_experiment("of runs to be tagged")
    ids = [new_run(rest, mine, f"mine-{number}", number) for number in range(2)]
    table = RunsTable(open_page(f"#/experiments/{mine}/runs"))
    page = table.page

    table.select("mine-0", "mine-1")
    page.get_by_test_id("runs-tag-multiselect-trigger").click()
    page.get_by_role("button", name="Add new tag").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").nth(0).fill("stage")
    dialog.get_by_role("textbox").nth(1).fill("trial")
    dialog.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Save").click()
    table.select("mine-0", "mine-1")
    table.toggle_columns("stage")

    for number in range(2):
        expect(table.cell(number, "tags.`stage`")).to_have_text("trial")
    for run_id in ids:
        assert {"key": "stage", "value": "trial"} in stored(rest, run_id)["data"]["tags"]


def test_a_run_is_deleted_and_restored(
    open_page: OpenPage, own_experiment: OwnExperiment, rest: Rest, shot: Shot
) -> None:
    mine = own_experiment("of runs to be deleted")
    run_id, _ = (new_run(rest, mine, name) for name in ("goes", "stays"))
    table = RunsTable(open_page(f"#/experiments/{mine}/runs"))
    page = table.page

    table.select("goes")
    page.get_by_test_id("runs-delete-button").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(table.run("goes")).to_be_hidden()
    table.expect_count(1)
    assert stored(rest, run_id)["info"]["lifecycle_stage"] == "deleted"

    table.only("Deleted")
    table.select("goes")
    shot("runs-deleted")
    page.get_by_role("button", name="Restore").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    expect(table.run("goes")).to_be_hidden()
    table.only("Active")
    expect(table.run("goes")).to_be_visible()
    assert stored(rest, run_id)["info"]["lifecycle_stage"] == "active"
