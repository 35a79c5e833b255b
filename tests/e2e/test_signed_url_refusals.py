"""No URL is had for what one may not reach, and none is good for more than it was signed for."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import pytest

from tests.e2e.answers import assert_undisturbed, refusal_of
from tests.e2e.signing import DOWNLOADS, MPU, OURS, URLS, Signing
from tests.servers import Server


@pytest.fixture(params=["sqlite_server", "blob_server"], ids=["folder", "blob"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server over each storage, in whose log nothing unforeseen and no signature is found."""
    serving: Server = request.getfixturevalue(request.param)
    yield serving
    log = serving.log.read_text()
    assert_undisturbed(log)
    assert "sig=" not in log


@pytest.fixture
def signing(server: Server) -> Signing:
    return Signing(server.url)


@pytest.fixture
def folder() -> str:
    """A folder of the storage that nobody else uses."""
    return f"direct/{uuid.uuid4().hex}"


def changed(signed: dict[str, Any], **values: str) -> dict[str, Any]:
    """The same URL with some values of its query changed, or its path (``path``)."""
    parts = urlsplit(signed["url"])
    path = values.pop("path", parts.path)
    query = [(name, values.get(name, value)) for name, value in parse_qsl(parts.query)]
    url = urlunsplit(parts._replace(path=path, query=urlencode(query)))
    return {"url": url, "headers": signed["headers"]}


def flipped(signed: dict[str, Any], name: str) -> dict[str, Any]:
    """The same URL with one letter of a value changed."""
    value = dict(parse_qsl(urlsplit(signed["url"]).query))[name]
    return changed(signed, **{name: ("A" if value[0] != "A" else "B") + value[1:]})


def test_a_url_is_good_for_one_file_and_one_purpose(signing: Signing, folder: str) -> None:
    signing.upload(f"{folder}/f.txt", b"content")
    signing.upload(f"{folder}/g.txt", b"other")
    read = signing.download(f"{folder}/f.txt")
    write = signing.begin(f"{folder}/f.txt", 0)["parts"][0]
    part = signing.begin(f"{folder}/f.txt", 2)["parts"][0]
    there = urlsplit(read["url"]).path
    elsewhere = there.replace("f.txt", "g.txt")
    block = {"x-ms-blob-type": "BlockBlob"}

    refused = [
        signing.use("PUT", read, b"x", **block),
        signing.use("DELETE", read),
        signing.use("GET", write),
        signing.use("HEAD", write),
        signing.use("DELETE", write),
        signing.use("GET", part),
        signing.use("GET", flipped(read, "sig")),
        signing.use("PUT", flipped(write, "sig"), b"x"),
        signing.use("GET", changed(read, path=elsewhere)),
        signing.use("PUT", changed(write, path=elsewhere), b"x"),
        signing.use("GET", changed(read, path=there.replace("f.txt", "F.txt"))),
        signing.use("GET", {"url": read["url"].partition("?")[0], "headers": {}}),
    ]

    assert {reply.status for reply in refused} <= {401, 403, 404, 405, 409}
    assert signing.content(f"{folder}/f.txt") == b"content"
    assert signing.content(f"{folder}/g.txt") == b"other"


def test_no_value_of_a_url_may_be_changed(signing: Signing, folder: str) -> None:
    signing.upload(f"{folder}/f.txt", b"content")
    urls = [
        ("GET", signing.download(f"{folder}/f.txt")),
        ("PUT", signing.begin(f"{folder}/f.txt", 0)["parts"][0]),
    ]
    for method, signed in urls:
        for name, value in parse_qsl(urlsplit(signed["url"]).query):
            # What a signature covers: a year that is far off, more rights, another upload.
            if name in ("se", "expires", "made", "st", "sp", "allows", "sv", "sr"):
                for other in ("2099-01-01T00:00:00Z", "99999999999", "racwd", "w", "r", "read", "write"):
                    if other != value:
                        reply = signing.use(
                            method, changed(signed, **{name: other}), b"x" if method == "PUT" else None
                        )
                        assert reply.status in (400, 403), (name, other)
    assert signing.content(f"{folder}/f.txt") == b"content"


def test_a_part_s_url_is_no_other_part_s(sqlite_server: Server, folder: str) -> None:
    signing = Signing(sqlite_server.url)
    begun = signing.begin(f"{folder}/f.bin", 2)
    assert signing.use("PUT", changed(begun["parts"][0], part="2"), b"x").status == 403
    assert signing.use("PUT", changed(begun["parts"][0], upload="0" * 59), b"x").status == 403


def test_a_url_expires(signing: Signing) -> None:
    run_id = signing.rest.new_run()
    signing.put(signing.upload_url(run_id, "f.txt"), b"content")
    short = signing.post(f"{URLS}/presigned-download-url", run_id=run_id, path="f.txt", expiration=1).json()
    signed = {"url": short["presigned_url"], "headers": {}}

    deadline = time.monotonic() + 60
    while (reply := signing.use("GET", signed)).status == 200 and time.monotonic() < deadline:
        time.sleep(0.2)

    assert reply.status == 403


OUTSIDE = [
    "..",
    "../x",
    "a/../../x",
    "%2e%2e/x",
    "%252e%252e/x",
    "%2e%2e%2fx",
    "a/..%2F..%2Fx",
    "/etc/passwd",
    "//etc/passwd",
    "%2Fetc%2Fpasswd",
    "C:\\x",
    "..\\x",
    "file:///etc/passwd",
    "workspaces",
    "workspaces/other/x",
    "workspaces/other",
    "Workspaces/other/x",
    "./workspaces/other/x",
    "workspaces%2Fother%2Fx",
    "%77orkspaces/other/x",
    "a/../workspaces/other/x",
    "a#b",
    "a\0b",
    "",
    ".",
]


@pytest.mark.parametrize("workspace", ["default", "team"])
@pytest.mark.parametrize("path", OUTSIDE)
def test_no_url_leads_out_of_a_workspace(server: Server, workspace: str, path: str) -> None:
    signing = Signing(server.url, workspace)
    sent = quote(path)
    upload = {"path": path, "parts": 1, "upload_id": "u"}

    replies = [
        signing.post(f"{OURS}/sign", uploads=[{"path": path}]),
        signing.post(f"{OURS}/sign", uploads=[{"path": path, "parts": 2}]),
        signing.post(f"{OURS}/sign", downloads=[path]),
        signing.post(f"{OURS}/commit", uploads=[upload]),
        signing.get(f"{DOWNLOADS}/{sent}"),
        *(
            signing.post(
                f"{MPU}/{verb}/{sent}", path="f", num_parts=1, upload_id="u", parts=[{"part_number": 1}]
            )
            for verb in ("create", "complete", "abort")
        ),
    ]

    for reply in replies:
        assert refusal_of(reply) in (400, 404)
        assert b"url" not in reply.data


@pytest.mark.parametrize("path", [p for p in OUTSIDE if "orkspaces" not in p] + ["../artifacts", "../../0/x"])
def test_no_url_leads_out_of_a_run_or_a_model(signing: Signing, path: str) -> None:
    run_id = signing.rest.new_run()
    experiment_id = signing.rest.new_experiment()
    model = signing.rest.post("logged-models", experiment_id=experiment_id).json()["model"]["info"]
    files = f"/ajax-api/2.0/mlflow/logged-models/{model['model_id']}/artifacts/files"

    replies = [
        signing.post(f"{URLS}/presigned-upload-url", run_id=run_id, path=path),
        signing.post(f"{URLS}/presigned-upload-url", model_id=model["model_id"], path=path),
        signing.post(f"{URLS}/presigned-download-url", run_id=run_id, path=path),
        signing.get(f"{files}?{urlencode({'artifact_file_path': path, 'presigned': 'true'})}"),
    ]

    for reply in replies:
        assert refusal_of(reply) == 400
        assert b"signed_url" not in reply.data


def test_another_workspace_s_run_gets_no_url(server: Server, signing: Signing) -> None:
    run_id = signing.rest.new_run()
    team = Signing(server.url, "team")

    for verb in ("upload", "download"):
        reply = team.post(f"{URLS}/presigned-{verb}-url", run_id=run_id, path="f.txt")
        assert refusal_of(reply) == 404


def test_what_a_workspace_uploads_no_other_finds(server: Server, folder: str) -> None:
    team, other = Signing(server.url, "team"), Signing(server.url, "other")
    team.upload(f"{folder}/f.txt", b"secret")

    assert team.content(f"{folder}/f.txt") == b"secret"
    assert team.content(f"workspaces/team/{folder}/f.txt") == b"secret"
    assert other.content(f"{folder}/f.txt") is None
    assert Signing(server.url).content(f"{folder}/f.txt") is None


def test_an_upload_is_bound_to_its_path_and_workspace(server: Server, folder: str) -> None:
    team, other = Signing(server.url, "team"), Signing(server.url, "other")
    begun = team.begin(f"{folder}/f.txt", 2)
    for part in begun["parts"]:
        team.put(part, b"x")

    for signing, path in ((team, f"{folder}/g.txt"), (other, f"{folder}/f.txt")):
        assert refusal_of(signing.commit(path, begun["upload_id"], 2)) == 400
        again = {"path": path, "parts": 2, "upload_id": begun["upload_id"]}
        assert refusal_of(signing.post(f"{OURS}/sign", uploads=[again])) == 400
    assert team.commit(f"{folder}/f.txt", begun["upload_id"], 2).status == 200


LOCATIONS = ["s3://bucket/x", "file:///srv/x", "/srv/x", "wasbs://c@a.blob.core.windows.net/x", "gs://bucket"]


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_run_whose_artifacts_are_elsewhere_gets_no_url(signing: Signing, location: str) -> None:
    reply = signing.rest.post(
        "experiments/create", name=f"elsewhere {uuid.uuid4().hex}", artifact_location=location
    )
    run_id = signing.rest.new_run(reply.json()["experiment_id"])

    for verb in ("upload", "download"):
        reply = signing.post(f"{URLS}/presigned-{verb}-url", run_id=run_id, path="f.txt")
        assert refusal_of(reply) == 400


@pytest.mark.parametrize("location", ["mlflow-artifacts:/workspaces/other/x", "mlflow-artifacts:/a/../../x"])
def test_a_run_whose_location_leads_out_of_its_workspace_gets_no_url(signing: Signing, location: str) -> None:
    created = signing.rest.post(
        "experiments/create", name=f"out {uuid.uuid4().hex}", artifact_location=location
    )
    if created.status == 400:
        return
    run_id = signing.rest.new_run(created.json()["experiment_id"])
    for verb in ("upload", "download"):
        assert refusal_of(signing.post(f"{URLS}/presigned-{verb}-url", run_id=run_id, path="f.txt")) == 400


def test_the_server_s_own_folder_gets_no_url(sqlite_server: Server) -> None:
    signing = Signing(sqlite_server.url)
    for path in (".uploads/x", ".Uploads/x/y", "./.uploads/x", "%2Euploads/x"):
        for fields in ({"uploads": [{"path": path}]}, {"uploads": [{"path": path, "parts": 2}]}):
            assert refusal_of(signing.post(f"{OURS}/sign", **fields)) == 400
        found = signing.post(f"{OURS}/sign", downloads=[path]).json()
        assert "url" not in found.get("downloads", [{}])[0]


FORGED: list[Callable[[str], str]] = [
    lambda path: f"/signed/{path}",
    lambda path: f"/signed/{path}?sig=",
    lambda path: f"/signed/{path}?sig=0&allows=read&expires=99999999999&made=0",
    lambda path: f"/signed/{path}?" + "sig=" + "0" * 64,
    lambda path: f"/signed/{path}?allows=write&upload=../../x&part=1&expires=99999999999&made=0&sig=x",
    lambda path: f"/signed/../{path}?sig=x",
    lambda path: f"/signed/%2e%2e/%2e%2e/etc/passwd?sig=x&{path}",
    lambda path: f"/signed/{path}?sig=%ff%fe&expires=%00",
    lambda path: f"/signed/{path}?" + "a=b&" * 500,
]


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_what_nobody_signed_is_refused(
    signing: Signing, folder: str, method: str, forged: Callable[[str], str]
) -> None:
    signing.upload(f"{folder}/f.txt", b"content")

    reply = signing.rest.send(method, forged(f"{folder}/f.txt"), body=b"x" if method == "PUT" else None)

    assert reply.status in (403, 404)
    assert signing.content(f"{folder}/f.txt") == b"content"


def test_signatures_differ_from_file_to_file(signing: Signing, folder: str) -> None:
    urls = [signing.begin(f"{folder}/{name}", 0)["parts"][0]["url"] for name in "ab"]
    assert len({re.findall(r"sig=([^&]+)", url)[0] for url in urls}) == 2
