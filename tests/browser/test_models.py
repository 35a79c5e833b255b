"""Registered models and their versions, prompts, and the logged models of an experiment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, OwnExperiment, Shot
from tests.browser.dialogs import save_tag
from tests.browser.models import MODEL_METRIC, OwnModels, add_model_folder, new_logged_model
from tests.browser.recorder import Recorder
from tests.browser.seed import FULL_MODEL, FULL_RUN, MODELS, Seeded, accuracy, new_model, new_run, new_version
from tests.e2e.rest import Rest

NEW = "Create New Model"
MODEL_NAMES = [f"classifier-{number:02d}" for number in range(MODELS)]


@pytest.fixture
def own(rest: Rest, seeded: Seeded) -> Iterator[OwnModels]:
    models = OwnModels(rest, seeded.runs[FULL_RUN])
    yield models
    for name in models.names:
        rest.send("DELETE", "/api/2.0/mlflow/registered-models/delete", json={"name": name})


def link(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


def expect_models(page: Page, names: list[str]) -> None:
    """These are in the list, in this order, and no others."""
    expect(page.get_by_test_id("model-list-table").locator("[role=cell]:first-child")).to_have_text(names)


def search(page: Page, text: str) -> None:
    page.get_by_test_id("model-search-input").fill(text)
    page.keyboard.press("Enter")


def describe(page: Page, text: str) -> None:
    page.get_by_test_id("descriptionEditButton").click()
    page.get_by_test_id("text-area").fill(text)
    page.get_by_role("button", name="Save").click()


def add_tag(page: Page, key: str, value: str) -> None:
    page.get_by_test_id("tags-form-input-name").fill(key)
    page.get_by_test_id("tags-form-input-value").fill(value)
    page.get_by_test_id("add-tag-button").click()


def save_alias(page: Page, alias: str) -> None:
    """In the dialog that is open."""
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.keyboard.type(alias)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save aliases").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def choose_model(page: Page, button: str, name: str, *, is_new: bool) -> None:
    """In the dialog that asks under which name something is registered."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").click()
    if not is_new:
        page.keyboard.type(name)
    page.locator(".du-bois-light-select-item-option").filter(has_text=NEW if is_new else name).click()
    if is_new:
        dialog.get_by_label("Model Name").fill(name)
    dialog.get_by_role("button", name=button).click()
    expect(dialog).to_be_hidden()


def delete_what_is_shown(page: Page) -> None:
    page.get_by_test_id("overflow-menu-trigger").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()


def test_the_list_has_every_model_with_its_newest_version(open_page: OpenPage, shot: Shot) -> None:
    page = open_page("#/models")

    expect_models(page, MODEL_NAMES)
    row = page.get_by_role("row", name=FULL_MODEL)
    for shown in ("Version 3", "champion", "+1", "owner: ada"):
        expect(row).to_contain_text(shown)
    shot("models")


def test_the_list_has_pages(open_page: OpenPage) -> None:
    page = open_page("#/models")
    expect_models(page, MODEL_NAMES)

    page.get_by_title("25 / page").click()
    page.get_by_title("10 / page").click()
    expect_models(page, MODEL_NAMES[:10])
    page.get_by_role("button", name="Next").click()
    expect_models(page, MODEL_NAMES[10:])
    page.get_by_role("button", name="Previous").click()
    expect_models(page, MODEL_NAMES[:10])
    # The tab would remember the other size.
    size = page.get_by_test_id("model-list-view-pagination")
    size.get_by_title("10 / page").click()
    page.get_by_title("25 / page").last.click()
    expect_models(page, MODEL_NAMES)


def test_the_list_is_searched_by_name_and_tag_and_sorted(open_page: OpenPage, own: OwnModels) -> None:
    own.make("regressor")
    page = open_page("#/models")
    expect(link(page, "regressor")).to_be_visible()

    search(page, "gress")
    expect_models(page, ["regressor"])
    search(page, "name LIKE 'classifier-0%' AND tags.owner = 'ada'")
    expect_models(page, MODEL_NAMES[:10])
    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    expect_models(page, MODEL_NAMES[9::-1])


def test_a_model_is_made_and_deleted(
    open_page: OpenPage, own: OwnModels, recorder: Recorder, rest: Rest
) -> None:
    # The dialog asks whether the name is free.
    recorder.expect_refusal(404, "/registered-models/get")
    name = own.expect("made in a browser")
    page = open_page("#/models")

    page.get_by_test_id("create-model-button").click()
    page.get_by_role("dialog").get_by_label("Model name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert own.stored(name)["name"] == name
    delete_what_is_shown(page)

    expect_models(page, MODEL_NAMES)
    assert rest.get("registered-models/get", name=name).status == 404


def test_a_model_s_page_has_its_versions(open_page: OpenPage, shot: Shot) -> None:
    page = open_page(f"#/models/{FULL_MODEL}")

    versions = page.get_by_test_id("model-version-table").get_by_role("link")
    expect(versions).to_have_text(["Version 3", "Version 2", "Version 1"])
    expect(page.get_by_role("row", name="Version 3")).to_contain_text("champion")
    expect(page.get_by_role("row", name="Version 2")).to_contain_text("challenger")
    expect(page.get_by_role("cell", name="ada", exact=True)).to_be_visible()
    shot("model")


def test_a_model_is_described_and_tagged(open_page: OpenPage, own: OwnModels) -> None:
    page = open_page(own.make("to-be-described"))

    describe(page, "Why **this** model.")
    expect(page.get_by_role("strong").filter(has_text="this")).to_be_visible()
    add_tag(page, "stage", "trial")
    expect(page.get_by_role("cell", name="trial", exact=True)).to_be_visible()
    page.get_by_role("row", name="owner").get_by_test_id("editable-table-button-delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("cell", name="owner", exact=True)).to_be_hidden()

    model = own.stored("to-be-described")
    assert model["description"] == "Why **this** model."
    assert model["tags"] == [{"key": "stage", "value": "trial"}]


def test_an_alias_and_a_tag_are_given_in_the_table_of_versions(open_page: OpenPage, own: OwnModels) -> None:
    page = open_page(own.make("to-be-named", versions=2))
    row = page.get_by_role("row", name="Version 1")

    row.get_by_role("button", name="Add").first.click()
    save_tag(page, "stage", "trial")
    row.get_by_role("button", name="Add").last.click()
    save_alias(page, "best")

    # The page shows both when it is opened again, with any server.
    page.reload()
    expect(row.get_by_text("trial")).to_be_visible()
    expect(row.get_by_role("status", name="best")).to_be_visible()
    assert own.stored("to-be-named")["aliases"] == [{"alias": "best", "version": "1"}]
    assert own.version("to-be-named", 1)["tags"] == [{"key": "stage", "value": "trial"}]


def test_a_version_s_page_leads_to_its_run(open_page: OpenPage, seeded: Seeded, shot: Shot) -> None:
    page = open_page(f"#/models/{FULL_MODEL}/versions/2")

    expect(page.get_by_role("status", name="challenger")).to_be_visible()
    page.get_by_role("row", name="Inputs (1)").click()
    expect(page.get_by_text("age (required)")).to_be_visible()
    shot("model-version")
    link(page, FULL_RUN).click()
    expect(page.get_by_role("heading", name=FULL_RUN)).to_be_visible()
    assert f"{seeded.runs[FULL_RUN]}/artifacts/model" in page.url


def test_a_version_is_described_tagged_named_and_deleted(
    open_page: OpenPage, own: OwnModels, rest: Rest, shot: Shot
) -> None:
    page = open_page(f"{own.make('to-be-changed')}/versions/1")

    describe(page, "Why **this** version.")
    expect(page.get_by_role("strong").filter(has_text="this")).to_be_visible()
    page.get_by_role("button", name="Tags", exact=True).click()
    add_tag(page, "stage", "trial")
    expect(page.get_by_role("cell", name="trial", exact=True)).to_be_visible()
    page.get_by_test_id("descriptions-item").filter(has_text="Aliases").get_by_role("button").click()
    save_alias(page, "best")
    expect(page.get_by_role("status", name="best")).to_be_visible()
    shot("model-version-changed")
    assert own.stored("to-be-changed")["aliases"] == [{"alias": "best", "version": "1"}]
    version = own.version("to-be-changed", 1)
    assert version["description"] == "Why **this** version."
    assert version["tags"] == [{"key": "stage", "value": "trial"}]

    page.get_by_role("button", name="Edit aliases").click()
    page.get_by_role("dialog").get_by_role("status", name="best").get_by_role("button").click()
    page.get_by_role("button", name="Save aliases").click()
    expect(page.get_by_role("status", name="best")).to_be_hidden()
    assert "aliases" not in own.stored("to-be-changed")
    delete_what_is_shown(page)
    expect(page.get_by_role("heading", name="to-be-changed")).to_be_visible()
    assert rest.get("model-versions/get", name="to-be-changed", version=1).status == 404


def test_a_version_s_stage_is_changed(open_page: OpenPage, own: OwnModels) -> None:
    page = open_page(f"{own.make('to-be-staged')}/versions/1")

    page.get_by_role("switch", name="New model registry UI").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    page.locator(".mlflow-stage-transition-dropdown").click()
    page.get_by_role("menuitem").filter(has_text="Production").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()

    expect(page.get_by_role("main").get_by_role("status")).to_have_text("Production")
    assert own.version("to-be-staged", 1)["current_stage"] == "Production"


def test_a_version_is_promoted_to_another_model(open_page: OpenPage, own: OwnModels) -> None:
    page = open_page(f"{own.make('to-be-promoted')}/versions/1")

    page.get_by_role("button", name="Promote model").click()
    choose_model(page, "Promote", own.expect("promoted"), is_new=True)

    expect(page.get_by_text("Copied from")).to_be_visible()
    expect(link(page, "to-be-promoted")).to_be_visible()
    assert own.version("promoted", 1)["source"] == "models:/to-be-promoted/1"


def test_two_versions_are_compared(
    open_page: OpenPage, own: OwnModels, own_experiment: OwnExperiment, rest: Rest, shot: Shot
) -> None:
    mine = own_experiment("of versions to be compared")
    runs = [new_run(rest, mine, f"mine-{number}", number) for number in (0, 100)]
    for run_id in runs:
        add_model_folder(rest, run_id)
    new_model(rest, own.expect("to-be-compared"), runs[0])
    new_version(rest, "to-be-compared", runs[1])
    page = open_page("#/models/to-be-compared")

    for version in ("Version 1", "Version 2"):
        page.get_by_role("row", name=version).get_by_role("checkbox").click()
    page.get_by_test_id("compareButton").click()

    expect(page.get_by_role("heading", name="Comparing 2 Versions")).to_be_visible()
    values = page.get_by_role("row", name="accuracy").get_by_role("cell")
    expect(values).to_have_text([str(accuracy(0)), str(accuracy(100))])
    expect(page.get_by_text("Schema Inputs are identical").first).to_be_visible()
    shot("model-versions-compared")


def test_a_model_is_registered_from_a_run_s_artifacts(
    open_page: OpenPage, own: OwnModels, own_experiment: OwnExperiment, rest: Rest, shot: Shot
) -> None:
    mine = own_experiment("of a model to be registered")
    run_id = new_run(rest, mine, "with a model")
    add_model_folder(rest, run_id)
    page = open_page(f"#/experiments/{mine}/runs/{run_id}/artifacts")

    page.locator(".mlflow-artifact-right").get_by_role("button", name="Register model").click()
    choose_model(page, "Register", own.expect("registered"), is_new=True)
    page.get_by_role("tab", name="Overview").click()
    page.reload()

    expect(link(page, "registered").first).to_be_visible()
    shot("run-registered")
    version = own.version("registered", 1)
    assert version["run_id"] == run_id
    assert version["source"] == f"runs:/{run_id}/model"
    page = open_page("#/models/registered/versions/1")
    expect(page.get_by_role("row", name="Inputs (1)")).to_be_visible()


def test_an_experiment_s_logged_models(
    open_page: OpenPage, own_experiment: OwnExperiment, rest: Rest, shot: Shot
) -> None:
    mine = own_experiment("of logged models")
    run_id = new_run(rest, mine, "trainer")
    new_logged_model(rest, mine, run_id, "tree")
    page = open_page(f"#/experiments/{mine}/models")

    expect(page.get_by_role("gridcell", name="trainer")).to_be_visible()
    expect(page.get_by_role("gridcell", name="customers")).to_be_visible()
    shot("logged-models")
    page.locator("label").filter(has_text="Chart view").click()
    expect(page.locator(".bars .point")).to_have_count(1)
    shot("logged-models-chart")
    link(page, "tree").click()

    expect(page.get_by_role("row", name="precision")).to_contain_text(str(MODEL_METRIC))
    expect(page.get_by_role("row", name="depth")).to_contain_text("7")
    expect(page.get_by_role("heading", name="tree")).to_contain_text("Not registered")
    shot("logged-model")
    link(page, "Artifacts").click()
    page.get_by_test_id("artifact-tree-node").get_by_text("MLmodel", exact=True).click()
    expect(page.locator("code")).to_contain_text("loader_module: none")


def test_a_logged_model_is_registered(
    open_page: OpenPage, own: OwnModels, own_experiment: OwnExperiment, rest: Rest
) -> None:
    own.make("gets-another")
    mine = own_experiment("of a logged model to be registered")
    model_id = new_logged_model(rest, mine, new_run(rest, mine, "trainer"), "tree")
    page = open_page(f"#/experiments/{mine}/models/{model_id}")

    page.get_by_role("button", name="Register model").click()
    choose_model(page, "Register", "gets-another", is_new=False)

    expect(page.get_by_role("link", name="gets-another")).to_contain_text("v2")
    assert own.version("gets-another", 2)["source"] == f"models:/{model_id}"


def test_a_prompt_gets_versions_and_an_alias(
    open_page: OpenPage, own: OwnModels, rest: Rest, shot: Shot
) -> None:
    name = own.expect("greeting")
    page = open_page("#/prompts")

    page.get_by_test_id("create-prompt-empty-state-button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name:").fill(name)
    dialog.get_by_label("Prompt:").fill("Greet {{ person }}.")
    dialog.get_by_label("Commit message").fill("as it began")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Viewing version 1")).to_be_visible()
    expect(page.get_by_text("as it began")).to_be_visible()

    page.get_by_role("button", name="Create prompt version").click()
    dialog.get_by_label("Prompt:").fill("Greet {{ person }} twice.")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Viewing version 2")).to_be_visible()
    page.get_by_role("row", name="Version 2").get_by_role("button", name="Add").click()
    save_alias(page, "live")
    expect(page.get_by_role("row", name="Version 2").get_by_role("status", name="live")).to_be_visible()
    shot("prompt")
    page.get_by_text("Compare", exact=True).click()
    expect(page.get_by_text("twice").first).to_be_visible()
    shot("prompt-compared")

    assert own.stored(name)["aliases"] == [{"alias": "live", "version": "2"}]
    texts = [{tag["key"]: tag["value"] for tag in own.version(name, number)["tags"]} for number in (1, 2)]
    assert [tags["mlflow.prompt.text"] for tags in texts] == [
        "Greet {{ person }}.",
        "Greet {{ person }} twice.",
    ]
    link(page, "Prompts").first.click()
    expect(page.get_by_role("row", name=name)).to_contain_text("Version 2")
    shot("prompts")
