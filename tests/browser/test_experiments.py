"""The list of experiments, and what is done with one."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, OwnExperiment, Shot
from tests.browser.dialogs import save_tag
from tests.browser.recorder import Recorder
from tests.browser.seed import EXPERIMENTS
from tests.e2e.rest import Rest

BY_NAME = "/experiments/get-by-name"
"""Asks whether a name is free, which it is where there is no such experiment."""


def link(page: Page, name: str) -> Locator:
    """In the page itself: beside it is the experiment that was looked at last."""
    return page.get_by_role("main").get_by_role("link", name=name, exact=True)


def stored(rest: Rest, experiment_id: str) -> dict[str, Any]:
    """The experiment as clients get it."""
    found: dict[str, Any] = rest.get("experiments/get", experiment_id=experiment_id).json()["experiment"]
    return found


def test_the_home_page_has_the_newest_experiments(
    open_page: OpenPage, own_experiment: OwnExperiment, shot: Shot
) -> None:
    own_experiment("older")
    own_experiment("newer")
    page = open_page("#/")

    expect(page.get_by_role("row").nth(1)).to_contain_text("newer")
    expect(page.get_by_role("row").nth(2)).to_contain_text("older")
    shot("home")


def test_the_list_has_every_experiment(open_page: OpenPage, shot: Shot) -> None:
    page = open_page("#/experiments")

    for name in (*EXPERIMENTS, "Default"):
        expect(link(page, name)).to_be_visible()
    shot("experiments")


def test_the_search_box_finds_a_part_of_a_name(open_page: OpenPage) -> None:
    page = open_page("#/experiments")
    expect(link(page, "churn")).to_be_visible()

    page.get_by_test_id("search-experiment-input").fill("oreca")
    page.keyboard.press("Enter")

    expect(page.get_by_test_id("experiment-list-item")).to_have_count(1)
    expect(link(page, "forecast")).to_be_visible()


def test_the_list_is_sorted_by_name(open_page: OpenPage) -> None:
    page = open_page("#/experiments")
    names = page.get_by_test_id("experiment-list-item-link")
    expect(link(page, "churn")).to_be_visible()

    page.get_by_role("columnheader", name="Name").get_by_role("button").click()

    expect(names.first).not_to_have_text("vision")
    shown = names.all_inner_texts()
    assert set(EXPERIMENTS) <= set(shown)
    assert shown in (sorted(shown), sorted(shown, reverse=True))


def test_a_new_experiment_is_made_and_opened(
    open_page: OpenPage, recorder: Recorder, rest: Rest, shot: Shot
) -> None:
    recorder.expect_refusal(404, BY_NAME)
    page = open_page("#/experiments")

    page.get_by_test_id("create-experiment-button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Experiment Name").fill("made in a browser")
    dialog.get_by_role("button", name="Create", exact=True).click()

    expect(page.get_by_role("heading", name="No runs logged")).to_be_visible()
    shot("experiment-empty")
    found = rest.get("experiments/get-by-name", experiment_name="made in a browser")
    assert found.status == 200
    experiment_id = found.json()["experiment"]["experiment_id"]
    assert f"#/experiments/{experiment_id}/" in page.url
    rest.post("experiments/delete", experiment_id=experiment_id)


def test_a_name_that_is_taken_is_refused_in_the_dialog(open_page: OpenPage) -> None:
    page = open_page("#/experiments")

    page.get_by_test_id("create-experiment-button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Experiment Name").fill("churn")

    expect(dialog.get_by_text('Experiment "churn" already exists')).to_be_visible()


def test_an_experiment_is_renamed_and_described(
    open_page: OpenPage, own_experiment: OwnExperiment, recorder: Recorder, rest: Rest
) -> None:
    recorder.expect_refusal(404, BY_NAME)
    mine = own_experiment("to be renamed")
    page = open_page(f"#/experiments/{mine}/runs")

    page.get_by_label("Open header dropdown menu").click()
    page.get_by_role("menuitem", name="Edit experiment").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Experiment name").fill("renamed")
    dialog.get_by_label("Description").fill("Why it was tried.")
    dialog.get_by_role("button", name="Save").click()

    expect(dialog).to_be_hidden()
    expect(link(page, "renamed")).to_be_visible()
    now = stored(rest, mine)
    assert now["name"] == "renamed"
    assert {"key": "mlflow.note.content", "value": "Why it was tried."} in now["tags"]


def test_a_tag_is_added_in_the_list(open_page: OpenPage, own_experiment: OwnExperiment, rest: Rest) -> None:
    mine = own_experiment("to be tagged")
    page = open_page("#/experiments")
    row = page.get_by_role("row", name="to be tagged")

    row.hover()
    row.get_by_role("button", name="Edit tags").click()
    save_tag(page, "stage", "trial")

    expect(row.get_by_text("trial")).to_be_visible()
    assert {"key": "stage", "value": "trial"} in stored(rest, mine)["tags"]


@pytest.mark.parametrize("number", [1, 2])
def test_experiments_are_deleted_in_the_list(
    open_page: OpenPage, own_experiment: OwnExperiment, rest: Rest, number: int
) -> None:
    """There is no restoring in the UI; what a client restores is in the list again."""
    names = [f"to be deleted {number} {one}" for one in range(number)]
    ids = [own_experiment(name) for name in names]
    page = open_page("#/experiments")

    for name in names:
        page.get_by_role("row", name=name).get_by_role("checkbox").click()
    page.get_by_test_id("delete-experiments-button").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()

    expect(link(page, "churn")).to_be_visible()
    for name in names:
        expect(link(page, name)).to_be_hidden()
    assert [stored(rest, id)["lifecycle_stage"] for id in ids] == ["deleted"] * number
    rest.post("experiments/restore", experiment_id=ids[0])
    page.reload()
    expect(link(page, names[0])).to_be_visible()
