"""A run's artifacts: tree, previews, download, and the one upload that the UI has; its data sets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenPage, OwnExperiment, Shot
from tests.browser.models import DATASET, add_model_folder, use_dataset
from tests.browser.recorder import Recorder
from tests.browser.seed import FILES, call, new_experiment, new_run, png, put_files
from tests.e2e.rest import Rest

BYTES = bytes(range(256)) * 500
ODD_NAME = "été & 1+1.bin"
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R>>endobj
4 0 obj<</Length 24>>stream
1 0 0 rg 20 20 90 50 re f
endstream endobj
trailer<</Root 1 0 R>>
"""
"""One page with a red rectangle."""
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="9" height="9"/></svg>'
MORE_FILES = {
    "notes.md": b"# Results\n\nIt is **done**.\n",
    "paper.pdf": PDF,
    "plots/drawn.svg": SVG,
    quote(ODD_NAME): BYTES,
}
HAS_RED = """canvas => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((red, at) => at % 4 === 0 && red > 200 && data[at + 1] < 50);
}"""
TABLE = "eval_results_table.json"
"""Where the UI keeps what it had evaluated."""


@pytest.fixture(scope="module")
def run(rest: Rest) -> Iterator[str]:
    """The address of a run with files of many kinds and a data set."""
    experiment_id = new_experiment(rest, "of artifacts")
    run_id = new_run(rest, experiment_id, "artifacts")
    put_files(rest, run_id, FILES | MORE_FILES)
    use_dataset(rest, run_id)
    yield f"#/experiments/{experiment_id}/runs/{run_id}"
    rest.post("experiments/delete", experiment_id=experiment_id)


@pytest.fixture
def artifacts(open_page: OpenPage, run: str) -> Page:
    return open_page(f"{run}/artifacts")


def node(page: Page, name: str) -> Locator:
    """A file or folder in the tree."""
    return page.get_by_test_id("artifact-tree-node").get_by_text(name, exact=True)


def preview(page: Page) -> Locator:
    return page.locator(".mlflow-artifact-right")


def test_the_tree_shows_folders_and_files(artifacts: Page, shot: Shot) -> None:
    for name in ("model", "plots", "notes.txt", "report.json", "table.csv", "paper.pdf", ODD_NAME):
        expect(node(artifacts, name)).to_be_visible()
    expect(artifacts.get_by_text("Select a file to preview")).to_be_visible()
    shot("artifacts")

    node(artifacts, "plots").click()
    expect(node(artifacts, "square.png")).to_be_visible()
    node(artifacts, "plots").click()
    expect(node(artifacts, "square.png")).to_be_hidden()


def test_text_is_previewed(artifacts: Page, shot: Shot) -> None:
    node(artifacts, "model").click()
    for name, shown in (
        ("notes.txt", "What was tried, and what came of it."),
        ("report.json", '"rows": 1200,'),
        ("MLmodel", "loader_module: none"),
    ):
        node(artifacts, name).click()
        expect(preview(artifacts).locator("code")).to_contain_text(shown)
        size = len(FILES.get(name, FILES["model/MLmodel"]))
        expect(preview(artifacts).get_by_text(f"{size}B", exact=True)).to_be_visible()
    shot("artifact-mlmodel")
    node(artifacts, "notes.md").click()
    expect(preview(artifacts).get_by_role("heading", name="Results")).to_be_visible()


def test_a_csv_file_is_a_table_that_can_be_sorted(artifacts: Page, shot: Shot) -> None:
    node(artifacts, "table.csv").click()

    cells = preview(artifacts).get_by_role("cell")
    expect(cells).to_have_text(["Bern", "120", "Basel", "95"])
    preview(artifacts).get_by_role("columnheader", name="customers").click()
    expect(cells).to_have_text(["Basel", "95", "Bern", "120"])
    shot("artifact-table")


@pytest.mark.parametrize(("name", "width"), [("square.png", 64), ("drawn.svg", 30)])
def test_a_picture_is_shown(artifacts: Page, shot: Shot, name: str, width: int) -> None:
    node(artifacts, "plots").click()
    node(artifacts, name).click()

    picture = preview(artifacts).get_by_role("img", name=f"plots/{name}")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", width)
    shot(f"artifact-{name}")


def test_a_pdf_file_is_drawn(artifacts: Page, shot: Shot) -> None:
    node(artifacts, "paper.pdf").click()

    canvas = preview(artifacts).locator("canvas")
    expect(canvas).to_be_visible()
    expect(preview(artifacts).get_by_title("1/1")).to_be_visible()
    handle = canvas.element_handle()
    artifacts.wait_for_function(HAS_RED, arg=handle)
    shot("artifact-pdf")


def test_an_html_file_is_a_page(artifacts: Page, shot: Shot) -> None:
    node(artifacts, "page.html").click()

    frame = preview(artifacts).frame_locator("iframe")
    expect(frame.get_by_role("heading", name="A report")).to_be_visible()
    shot("artifact-html")


def test_a_run_s_model_is_shown_first_with_its_signature_and_how_to_load_it(
    open_page: OpenPage, own_experiment: OwnExperiment, rest: Rest, shot: Shot
) -> None:
    mine = own_experiment("of a run with a model")
    run_id = new_run(rest, mine, "with a model")
    add_model_folder(rest, run_id)
    page = open_page(f"#/experiments/{mine}/runs/{run_id}/artifacts")

    expect(preview(page).get_by_role("heading", name="Model schema")).to_be_visible()
    expect(preview(page).get_by_role("row", name="age (required) long")).to_be_visible()
    expect(preview(page).get_by_text(f"runs:/{run_id}/model").first).to_be_visible()
    shot("artifact-model")


@pytest.mark.parametrize(("name", "content"), [("square.png", png()), (ODD_NAME, BYTES)])
def test_a_file_is_downloaded_whole(artifacts: Page, name: str, content: bytes) -> None:
    node(artifacts, "plots").click()
    node(artifacts, name).click()
    # The button has no name, only a tooltip; that beside it copies the path.
    button = preview(artifacts).locator("button:has(svg)").first

    with artifacts.expect_download() as started:
        button.click()

    assert started.value.suggested_filename == name
    assert Path(started.value.path()).read_bytes() == content


def test_a_run_without_artifacts_says_so(
    open_page: OpenPage, own_experiment: OwnExperiment, rest: Rest
) -> None:
    mine = own_experiment("of a run without artifacts")
    page = open_page(f"#/experiments/{mine}/runs/{new_run(rest, mine, 'empty')}/artifacts")

    expect(page.get_by_text("No Artifacts Recorded")).to_be_visible()


def answer_as_gateway(route: Route) -> None:
    """What a gateway with one endpoint would say: we have none, and only its text matters here."""
    endpoint = {"name": "echo", "endpoint_type": "llm/v1/completions", "endpoint_url": "/gateway/echo"}
    if route.request.method == "GET":
        route.fulfill(json={"endpoints": [endpoint | {"model": {"name": "echo", "provider": "none"}}]})
    else:
        route.fulfill(json={"choices": [{"text": "echoed"}], "usage": {"total_tokens": 2}})


def new_prompted_run(rest: Rest, experiment_id: str) -> str:
    """The id of a run of a prompt, with one answer."""
    run_id = new_run(rest, experiment_id, "prompted")
    tags = {
        "mlflow.runSourceType": "PROMPT_ENGINEERING",
        "mlflow.loggedArtifacts": json.dumps([{"path": TABLE, "type": "table"}]),
    }
    params = {
        "model_route": "echo",
        "route_type": "mlflow_deployment_endpoint",
        "prompt_template": "Say {{ word }}",
    }
    fields = {
        name: [{"key": key, "value": value} for key, value in pairs.items()]
        for name, pairs in (("tags", tags), ("params", params))
    }
    call(rest, "runs/log-batch", run_id=run_id, **fields)
    answered = {"columns": ["word", "prompt", "output"], "data": [["yes", "Say yes", "yes"]]}
    put_files(rest, run_id, {TABLE: json.dumps(answered).encode()})
    return run_id


def stored_table(rest: Rest, run_id: str) -> dict[str, Any]:
    reply = rest.send("GET", f"/get-artifact?run_uuid={run_id}&path={TABLE}")
    assert reply.status == 200, reply.data
    table: dict[str, Any] = reply.json()
    return table


def test_the_ui_uploads_what_it_had_evaluated(
    open_page: OpenPage,
    own_experiment: OwnExperiment,
    recorder: Recorder,
    rest: Rest,
    shot: Shot,
) -> None:
    """The only upload that there is in this build; it has no button for files."""
    mine = own_experiment("of a run to be evaluated")
    run_id = new_prompted_run(rest, mine)
    recorder.page.route("**/gateway-proxy*", answer_as_gateway)
    page = open_page(f"#/experiments/{mine}/runs?compareRunsMode=ARTIFACT")
    expect(page.get_by_role("gridcell", name="yes").first).to_be_visible()

    page.locator("[data-component-id*=evaluationtableactionscellrenderer]").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("no")
    page.get_by_role("dialog").get_by_role("button", name="Submit").click()
    page.get_by_role("button", name="Evaluate all").click()
    expect(page.get_by_role("gridcell", name="echoed")).to_contain_text("Unsaved")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Unsaved")).to_be_hidden()
    shot("artifact-upload")
    assert stored_table(rest, run_id) == {
        "columns": ["word", "prompt", "output"],
        "data": [["no", "Say no", "echoed"], ["yes", "Say yes", "yes"]],
    }
    assert len(recorder.calls("/upload-artifact")) == 1
    page.unroute("**/gateway-proxy*")


def test_a_run_s_data_set_is_shown_with_its_schema(open_page: OpenPage, run: str, shot: Shot) -> None:
    page = open_page(run)

    page.get_by_role("button", name="customers (d1)").click()

    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("1 datasets used")).to_be_visible()
    expect(drawer.get_by_role("row", name="age long")).to_be_visible()
    for fact in (DATASET["digest"], "1200", "training"):
        expect(drawer.get_by_text(fact, exact=True).first).to_be_visible()
    shot("run-dataset")
    drawer.get_by_role("button", name="Close").click()
    expect(drawer).to_be_hidden()
