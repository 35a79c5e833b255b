"""A run's own pages: overview, metrics, and what is done there."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, OwnExperiment, Shot
from tests.browser.dialogs import save_tag
from tests.browser.seed import FULL_RUN, HISTORY, Seeded, new_run
from tests.browser.test_runs import stored
from tests.e2e.rest import Rest


def address(seeded: Seeded, tab: str = "") -> str:
    return f"#/experiments/{seeded.experiments['churn']}/runs/{seeded.runs[FULL_RUN]}{tab}"


def expect_row(page: Page, *cells: str) -> None:
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name=cells[0], exact=True))
    expect(row.get_by_role("cell")).to_have_text(list(cells))


def test_the_overview_shows_what_was_logged(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    page = open_page(address(seeded))

    expect(page.get_by_role("heading", name=FULL_RUN)).to_be_visible()
    for heading in ("Metrics (3)", "Parameters (3)"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    for name, value in (("accuracy", "0.8725"), ("loss", "0.1275"), ("depth", "6"), ("optimizer", "sgd")):
        expect_row(page, name, value)
    for fact in ("Finished", seeded.runs[FULL_RUN], "01/01/2026, 02:29:00 AM", "train.py", "ada"):
        expect(page.get_by_text(fact, exact=True)).to_be_visible()
    expect(page.get_by_role("status", name="team")).to_have_text("team: blue")
    expect(page.get_by_role("link", name="classifier-00")).to_be_visible()
    shot("run")


def test_metrics_are_searched_on_the_overview(open_page: OpenPage, seeded: Seeded) -> None:
    page = open_page(address(seeded))

    page.get_by_placeholder("Search metrics").fill("acc")

    expect(page.get_by_role("cell", name="loss", exact=True)).to_be_hidden()
    expect_row(page, "accuracy", "0.8725")


def test_a_metric_leads_to_its_history(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    page = open_page(address(seeded))

    page.get_by_role("link", name="loss", exact=True).click()

    charts = page.get_by_test_id("experiment-view-compare-runs-card")
    history = charts.filter(has=page.get_by_role("heading", name="loss"))
    expect(history.locator(".points .point")).to_have_count(HISTORY)
    shot("run-metrics")


def test_metrics_of_the_machine_have_their_own_page(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    page = open_page(address(seeded, "/system-metrics"))

    expect(page.get_by_role("heading", name="cpu_utilization_percentage")).to_be_visible()
    expect(page.locator(".points .point")).to_have_count(10)
    shot("run-system-metrics")


def test_a_run_without_traces_says_so(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    page = open_page(address(seeded))

    page.get_by_role("tab", name="Traces").click()

    expect(page.get_by_text("No traces")).to_be_visible()
    shot("run-traces")


def test_a_run_is_described_tagged_and_renamed_on_its_page(
    open_page: OpenPage, own_experiment: OwnExperiment, rest: Rest
) -> None:
    mine = own_experiment("of a run to be described")
    run_id = new_run(rest, mine, "before")
    page = open_page(f"#/experiments/{mine}/runs/{run_id}")

    page.get_by_role("button", name="Edit description").click()
    page.get_by_test_id("text-area").fill("Why **this** run.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("strong").filter(has_text="this")).to_be_visible()

    page.get_by_role("button", name="Edit tags").click()
    save_tag(page, "stage", "trial")
    expect(page.get_by_role("status", name="stage")).to_have_text("stage: trial")

    page.get_by_label("Open header dropdown menu").click()
    page.get_by_role("menuitem", name="Rename").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("New run name").fill("after")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="after")).to_be_visible()

    run = stored(rest, run_id)
    assert run["info"]["run_name"] == "after"
    tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
    assert tags["stage"] == "trial"
    assert tags["mlflow.note.content"] == "Why **this** run."


def test_a_run_is_deleted_on_its_page(open_page: OpenPage, own_experiment: OwnExperiment, rest: Rest) -> None:
    mine = own_experiment("of a run to be deleted")
    run_id = new_run(rest, mine, "goes")
    page = open_page(f"#/experiments/{mine}/runs/{run_id}")

    page.get_by_label("Open header dropdown menu").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.get_by_text("0 matching runs")).to_be_visible()
    assert stored(rest, run_id)["info"]["lifecycle_stage"] == "deleted"


def test_a_run_that_is_not_there_says_so(open_page: OpenPage, seeded: Seeded) -> None:
    page = open_page(f"#/experiments/{seeded.experiments['churn']}/runs/{'0' * 32}")

    expect(page.get_by_text("not exist").or_(page.get_by_text("not found")).first).to_be_visible()
