"""Direct transfers over HTTP, with a local folder and with Blob Storage: what they do, what they refuse."""

from __future__ import annotations

import base64
import hashlib
import os
import uuid
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.e2e.answers import assert_undisturbed
from tests.e2e.signing import DOWNLOADS, MPU, OURS, URLS, Signing
from tests.servers import Server

MIB = 1024 * 1024


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


def test_every_direct_transfer_is_announced(signing: Signing) -> None:
    told = signing.get("/api/3.0/mlflow/server-info").json()
    for name in ("artifacts_presigned_only", "multipart_uploads_enabled", "multipart_downloads_enabled"):
        assert told[name] is True
    assert signing.get("/api/2.0/genesis/artifacts").json() == {"protocol": 1}


@pytest.mark.parametrize("size", [0, 1, 3 * MIB])
def test_one_put_publishes_a_file(signing: Signing, folder: str, size: int) -> None:
    content = os.urandom(size)
    upload = signing.begin(f"{folder}/f.bin", 0)
    assert "upload_id" not in upload

    signing.put(upload["parts"][0], content)

    assert signing.content(f"{folder}/f.bin") == content
    assert signing.rest.get_artifact(f"{folder}/f.bin").data == content


def test_parts_become_one_file_whatever_their_order(signing: Signing, folder: str) -> None:
    pieces = [os.urandom(MIB), b"", os.urandom(5)]
    begun = signing.begin(f"{folder}/f.bin", 3)
    for number in (2, 0, 1):
        signing.put(begun["parts"][number], pieces[number] or b"x")
    pieces[1] = b"x"
    assert signing.content(f"{folder}/f.bin") is None
    assert signing.names(folder) == []

    for _ in range(2):
        assert signing.commit(f"{folder}/f.bin", begun["upload_id"], 3).status == 200

    assert signing.content(f"{folder}/f.bin") == b"".join(pieces)
    assert signing.names(folder) == ["f.bin"]


def test_a_file_goes_up_as_a_stock_client_sends_it(signing: Signing, folder: str) -> None:
    create = signing.post(f"{MPU}/create/{folder}", path="/home/me/f.bin", num_parts=2)
    credentials = create.json()["credentials"]
    assert [credential["part_number"] for credential in credentials] == [1, 2]
    for credential, piece in zip(credentials, (b"one ", b"two"), strict=True):
        signing.put(credential, piece)
    parts = [
        {"part_number": credential["part_number"], "etag": "", "url": credential["url"]}
        for credential in credentials
    ]
    upload_id = create.json()["upload_id"]

    done = signing.post(f"{MPU}/complete/{folder}", path="C:\\me\\f.bin", upload_id=upload_id, parts=parts)

    assert (done.status, done.json()) == (200, {})
    found = signing.get(f"{DOWNLOADS}/{folder}/f.bin").json()
    assert found["file_size"] == 7
    assert signing.use("GET", found).data == b"one two"


def test_an_empty_file_is_told_with_its_size(signing: Signing, folder: str) -> None:
    create = signing.post(f"{MPU}/create/{folder}", path="empty", num_parts=0).json()
    (credential,) = create["credentials"]
    signing.put(credential, b"")
    part = {"part_number": 1, "etag": "", "url": credential["url"]}
    upload_id = create["upload_id"]
    assert (
        signing.post(f"{MPU}/complete/{folder}", path="empty", upload_id=upload_id, parts=[part]).status
        == 200
    )

    assert signing.get(f"{DOWNLOADS}/{folder}/empty").json()["file_size"] == 0


NAMES = [
    "a b.txt",
    "a+b.txt",
    "100%.txt",
    "50%25.txt",
    "Grüße 日本.json",
    "q&a=1;x.txt",
    "it's (1)!.txt",
    ".x",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_may_be_odd(signing: Signing, folder: str, name: str) -> None:
    stored = "50%.txt" if name == "50%25.txt" else name
    signing.upload(f"{folder}/{name}", b"in ", b"parts")
    assert signing.content(f"{folder}/{name}") == b"in parts"
    assert signing.names(folder) == [stored]

    signing.put(signing.begin(f"{folder}/{name}", 0)["parts"][0], b"at once")
    assert signing.rest.get_artifact(f"{folder}/{quote(name)}").data == b"at once"


def test_a_download_has_ranges_a_type_and_a_name(signing: Signing, folder: str) -> None:
    signing.upload(f"{folder}/a b.json", b"0123456789")
    found = signing.download(f"{folder}/a b.json")

    whole, part = signing.use("GET", found), signing.use("GET", found, Range="bytes=2-5")

    assert (part.status, part.data) == (206, b"2345")
    assert part.headers["Content-Range"] == "bytes 2-5/10"
    assert whole.headers["Content-Type"] == "text/plain"
    assert whole.headers["Content-Disposition"] == 'attachment; filename="a b.json"'
    assert signing.use("HEAD", found).headers["Content-Length"] == "10"


def test_an_upload_goes_on_where_it_was_left(signing: Signing, folder: str) -> None:
    begun = signing.begin(f"{folder}/f.bin", 3)
    signing.put(begun["parts"][0], b"before ")

    again = signing.begin(f"{folder}/f.bin", 3, upload_id=begun["upload_id"])
    signing.put(again["parts"][1], b"and ")
    signing.put(again["parts"][2], b"after")

    assert again["upload_id"] == begun["upload_id"]
    assert signing.commit(f"{folder}/f.bin", begun["upload_id"], 3).status == 200
    assert signing.content(f"{folder}/f.bin") == b"before and after"


def test_a_part_that_is_sent_twice_counts_once(signing: Signing, folder: str) -> None:
    begun = signing.begin(f"{folder}/f.bin", 2)
    signing.put(begun["parts"][0], b"cut off")
    signing.put(begun["parts"][1], b"two")
    signing.put(begun["parts"][0], b"one ")
    signing.commit(f"{folder}/f.bin", begun["upload_id"], 2)
    assert signing.content(f"{folder}/f.bin") == b"one two"


def test_an_upload_that_lacks_a_part_is_not_published(signing: Signing, folder: str) -> None:
    begun = signing.begin(f"{folder}/f.bin", 3)
    signing.put(begun["parts"][0], b"one")
    signing.put(begun["parts"][2], b"three")

    reply = signing.commit(f"{folder}/f.bin", begun["upload_id"], 3)

    assert (reply.status, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert signing.names(folder) == []
    assert signing.content(f"{folder}/f.bin") is None


@pytest.mark.parametrize("parts", [1, 2])
def test_an_upload_that_was_aborted_leaves_nothing(signing: Signing, folder: str, parts: int) -> None:
    begun = signing.post(f"{MPU}/create/{folder}", path="f.bin", num_parts=parts).json()
    signing.put(begun["credentials"][0], b"one")

    for _ in range(2):
        reply = signing.post(f"{MPU}/abort/{folder}", path="f.bin", upload_id=begun["upload_id"])
        assert (reply.status, reply.json()) == (200, {})

    assert signing.names(folder) == []
    assert signing.commit(f"{folder}/f.bin", begun["upload_id"], parts).status == 400


def test_of_two_writers_one_wins_whole(signing: Signing, folder: str) -> None:
    first, second = signing.begin(f"{folder}/f.bin", 2), signing.begin(f"{folder}/f.bin", 2)
    for number in (0, 1):
        signing.put(first["parts"][number], b"first ")
        signing.put(second["parts"][number], b"second ")

    statuses = [signing.commit(f"{folder}/f.bin", one["upload_id"], 2).status for one in (second, first)]

    assert statuses == [200, 200]
    assert signing.content(f"{folder}/f.bin") in (b"first first ", b"second second ")


def test_bytes_that_were_damaged_on_their_way_are_refused(signing: Signing, folder: str) -> None:
    md5 = base64.b64encode(hashlib.md5(b"as it was", usedforsecurity=False).digest()).decode()
    for parts in (0, 1, 2):
        part = signing.begin(f"{folder}/{parts}", parts)["parts"][0]
        reply = signing.use("PUT", part, b"as it is!", **{"Content-MD5": md5})
        assert reply.status == 400
        assert signing.content(f"{folder}/{parts}") is None
        signing.put(part, b"as it was", **{"Content-MD5": md5})


def test_the_md5_of_a_file_is_told_where_it_was_given(signing: Signing, folder: str) -> None:
    md5 = base64.b64encode(hashlib.md5(b"one two", usedforsecurity=False).digest()).decode()
    begun = signing.begin(f"{folder}/f.bin", 2)
    signing.put(begun["parts"][0], b"one ")
    signing.put(begun["parts"][1], b"two")
    assert signing.commit(f"{folder}/f.bin", begun["upload_id"], 2, md5=md5).status == 200
    assert signing.download(f"{folder}/f.bin")["md5"] == md5


def test_a_run_s_file_goes_up_and_down_by_urls(signing: Signing) -> None:
    run_id = signing.rest.new_run()
    signing.put(signing.upload_url(run_id, "dir/f.txt"), b"content")

    found = signing.post(f"{URLS}/presigned-download-url", run_id=run_id, path="dir/f.txt").json()

    assert found["file_size"] == 7
    assert signing.use("GET", {"url": found["presigned_url"], "headers": found["headers"]}).data == b"content"
    listed = signing.get(f"{URLS}/list?run_id={run_id}&path=dir").json()["files"]
    assert listed == [{"path": "dir/f.txt", "is_dir": False, "file_size": 7}]


def test_pages_get_urls_of_a_model_s_files(signing: Signing) -> None:
    experiment_id = signing.rest.new_experiment()
    model = signing.rest.post("logged-models", experiment_id=experiment_id, name="m").json()["model"]["info"]
    upload = signing.post(f"{URLS}/presigned-upload-url", model_id=model["model_id"], path="MLmodel").json()
    signing.put({"url": upload["presigned_url"], "headers": upload["headers"]}, b"flavors: {}")
    name = f"signed-{uuid.uuid4().hex}"
    signing.rest.post("registered-models/create", name=name)
    source = f"models:/{model['model_id']}"
    fields = {"name": name, "source": source, "model_id": model["model_id"]}
    assert signing.rest.post("model-versions/create", **fields).status == 200
    model_id = model["model_id"]

    for path in (
        f"/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files?artifact_file_path=MLmodel",
        f"/model-versions/get-artifact?name={name}&version=1&path=MLmodel",
    ):
        found = signing.get(f"{path}&presigned=true").json()
        assert found["file_size"] == 11
        assert signing.use("GET", found).data == b"flavors: {}" == signing.get(path).data


def test_a_batch_of_many_files_takes_one_call_to_sign_and_none_to_publish(
    signing: Signing, folder: str
) -> None:
    paths = [f"{folder}/{number:04d}.txt" for number in range(300)]
    for upload in signing.sign(uploads=[{"path": path} for path in paths])["uploads"]:
        signing.put(upload["parts"][0], upload["path"].encode())

    downloads = signing.sign(downloads=paths)["downloads"]

    assert [found["path"] for found in downloads] == paths
    assert all(signing.use("GET", found).data == found["path"].encode() for found in downloads)


def test_a_batch_is_committed_in_one_call(signing: Signing, folder: str) -> None:
    paths = [f"{folder}/{number}.txt" for number in range(20)]
    begun = signing.sign(uploads=[{"path": path, "parts": 2} for path in paths])["uploads"]
    for upload in begun:
        for part in upload["parts"]:
            signing.put(part, upload["path"].encode())
    uploads = [{"path": one["path"], "upload_id": one["upload_id"], "parts": 2} for one in begun]

    for _ in range(2):
        assert signing.post(f"{OURS}/commit", uploads=uploads).json() == {}

    assert [signing.content(path) for path in paths] == [path.encode() * 2 for path in paths]
