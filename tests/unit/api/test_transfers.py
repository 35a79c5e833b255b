"""MLflow's own transfers: what is signed, for whom, and what is refused before anything is."""

from __future__ import annotations

from typing import Any

import pytest

from genesis.api import transfers
from genesis.artifacts import MOST_PARTS
from genesis.errors import Code, GenesisError
from genesis.wire import transfers as w
from tests.unit.api.transferring import Storage, commit, refusal, scope_of, sign


def create(storage: Storage, path: str, parts: Any = 1, folder: str = "1/run/artifacts", **scope: Any) -> Any:
    message = w.CreateMultipartUpload.parse({"artifact_path": folder, "path": path, "num_parts": parts})
    return transfers.create(message, scope_of(storage, **scope))


def complete(storage: Storage, numbers: list[int], upload_id: str | None = "u1") -> Any:
    parts = [{"part_number": number, "etag": "", "url": "https://anything"} for number in numbers]
    fields = {"artifact_path": "1/r", "path": "f.txt", "upload_id": upload_id, "parts": parts}
    return transfers.complete(w.CompleteMultipartUpload.parse(fields), scope_of(storage))


def test_an_upload_gets_a_url_for_each_part_in_order() -> None:
    storage = Storage()
    assert create(storage, "model.pkl", 2) == {
        "upload_id": "u1",
        "credentials": [
            {
                "url": f"https://storage/1/run/artifacts/model.pkl?part={n}",
                "part_number": n,
                "headers": {"x": "y"},
            }
            for n in (1, 2)
        ],
    }
    assert storage.base_url == "http://here:7071"


@pytest.mark.parametrize("parts", [0, None])
def test_an_empty_file_is_uploaded_as_one_part(parts: int | None) -> None:
    assert len(create(Storage(), "empty.txt", parts)["credentials"]) == 1


@pytest.mark.parametrize("parts", [-1, MOST_PARTS + 1, 2**62])
def test_an_impossible_number_of_parts_is_refused(parts: int) -> None:
    storage = Storage()
    with pytest.raises(GenesisError) as excinfo:
        create(storage, "f.txt", parts)
    assert refusal(excinfo) == (Code.INVALID_PARAMETER_VALUE, 400)
    assert storage.asked == []


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("f.txt", "f.txt"),
        ("/home/me/f.txt", "f.txt"),
        ("C:\\data\\f.txt", "f.txt"),
        ("C:f.txt", "f.txt"),
        ("a/b\\f.txt", "f.txt"),
        ("../../f.txt", "f.txt"),
        ("dir%2Ff.txt", "f.txt"),
        ("a b+c.txt", "a b+c.txt"),
        ("100%.txt", "100%.txt"),
        ("Grüße.json", "Grüße.json"),
    ],
)
def test_of_the_path_on_the_client_only_the_name_counts(sent: str, name: str) -> None:
    storage = Storage()
    create(storage, sent)
    assert storage.asked[0][:2] == ("begin", f"1/run/artifacts/{name}")


@pytest.mark.parametrize(
    "sent",
    ["", ".", "..", "a/..", "src\\..", "src%5C..", "C%3A..", "a/", "a\\", "a#b", "%2e%2e", "a\0b", "x" * 300],
)
def test_a_path_without_a_name_is_refused(sent: str) -> None:
    storage = Storage()
    with pytest.raises(GenesisError) as excinfo:
        create(storage, sent)
    assert refusal(excinfo) == (Code.INVALID_PARAMETER_VALUE, 400)
    assert storage.asked == []


@pytest.mark.parametrize(
    "folder", ["../x", "a/%2e%2e/b", "workspaces/other/1", "/etc", "a\\b", "Workspaces/x"]
)
def test_nothing_is_signed_outside_the_workspace(folder: str) -> None:
    for workspace in ("default", "team"):
        storage = Storage()
        with pytest.raises(GenesisError) as excinfo:
            create(storage, "f.txt", folder=folder, workspace=workspace)
        assert refusal(excinfo) == (Code.INVALID_PARAMETER_VALUE, 400)
        assert storage.asked == []


def test_a_workspace_s_paths_are_its_own() -> None:
    storage = Storage()
    create(storage, "f.txt", workspace="team")
    create(storage, "f.txt", folder="workspaces/team/1/run/artifacts", workspace="team")
    assert {asked[1] for asked in storage.asked} == {"workspaces/team/1/run/artifacts/f.txt"}


def test_an_upload_is_completed_by_its_numbers_in_any_order() -> None:
    storage = Storage()
    assert complete(storage, [3, 1, 2]) == {}
    assert storage.asked == [("complete", "1/r/f.txt", "u1", [3, 1, 2], "text/plain", None)]


@pytest.mark.parametrize("numbers", [[], [2], [1, 3], [1, 1, 2], [0, 1], [-1]])
def test_a_list_of_parts_with_gaps_or_repetitions_is_refused(numbers: list[int]) -> None:
    storage = Storage()
    with pytest.raises(GenesisError) as excinfo:
        complete(storage, numbers)
    assert refusal(excinfo) == (Code.INVALID_PARAMETER_VALUE, 400)
    assert storage.asked == []


@pytest.mark.parametrize("upload_id", [None, ""])
def test_an_upload_that_is_not_named_is_not_completed(upload_id: str | None) -> None:
    with pytest.raises(GenesisError, match="upload_id"):
        complete(Storage(), [1], upload_id)


def test_an_upload_is_aborted() -> None:
    storage = Storage()
    fields = {"artifact_path": "1/r", "path": "/tmp/f.txt", "upload_id": "u1"}  # noqa: S108
    assert transfers.abort(w.AbortMultipartUpload.parse(fields), scope_of(storage)) == {}
    assert storage.asked == [("abort", "1/r/f.txt", "u1")]


@pytest.mark.parametrize("size", [0, 5])
def test_a_download_is_a_url_and_a_size_also_of_nothing(size: int) -> None:
    storage = Storage({"1/r/a b.json": size})
    reply = transfers.presigned(w.Presigned.parse({"artifact_path": "1/r/a%20b.json"}), scope_of(storage))
    assert reply == {"url": "https://storage/1/r/a b.json?get", "headers": {}, "file_size": size}
    asked = ("download", "1/r/a b.json", "text/plain", 'attachment; filename="a b.json"', None)
    assert storage.asked == [asked]


@pytest.mark.parametrize(
    ("path", "code"),
    [("nobody", Code.RESOURCE_DOES_NOT_EXIST), ("folder", Code.INVALID_PARAMETER_VALUE)],
)
def test_what_is_no_file_has_no_url(path: str, code: Code) -> None:
    with pytest.raises(GenesisError) as excinfo:
        transfers.presigned(w.Presigned.parse({"artifact_path": path}), scope_of(Storage({"folder": None})))
    assert excinfo.value.code is code


ROOTS = {
    "run": "mlflow-artifacts:/1/run/artifacts",
    "team-run": "mlflow-artifacts:/workspaces/team/1/run/artifacts",
    "elsewhere": "s3://bucket/run",
    "local": "/home/me/run",
}


def upload_url(storage: Storage, workspace: str = "default", **fields: Any) -> Any:
    message = w.CreatePresignedUploadUrl.parse(fields)
    return transfers.presigned_upload_url(message, scope_of(storage, ROOTS, workspace))


def download_url(storage: Storage, workspace: str = "default", **fields: Any) -> Any:
    message = w.CreatePresignedDownloadUrl.parse(fields)
    return transfers.presigned_download_url(message, scope_of(storage, ROOTS, workspace))


@pytest.mark.parametrize("owner", ["run_id", "model_id"])
def test_a_file_of_a_run_or_model_is_uploaded_by_one_put(owner: str) -> None:
    storage = Storage()
    reply = upload_url(storage, path="dir/a.txt", **{owner: "run"})
    assert reply == {
        "presigned_url": "https://storage/1/run/artifacts/dir/a.txt?whole",
        "headers": {"x-ms-blob-type": "BlockBlob"},
    }
    assert storage.asked == [("whole", "1/run/artifacts/dir/a.txt", "text/plain", 900)]


def test_a_file_of_a_run_is_downloaded() -> None:
    storage = Storage({"1/run/artifacts/a.txt": 7})
    reply = download_url(storage, run_id="run", path="a.txt", expiration=60)
    assert reply == {
        "presigned_url": "https://storage/1/run/artifacts/a.txt?get",
        "headers": {},
        "file_size": 7,
    }
    assert storage.asked[0][-1] == 60


@pytest.mark.parametrize("ask", [upload_url, download_url])
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"path": "a.txt"}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "run"}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "run", "path": ""}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "run", "path": "../other/a.txt"}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "run", "path": "%252e%252e/a.txt"}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "run", "path": "/1/other/a.txt"}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "run", "path": "mlflow-artifacts:/../x"}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "run", "path": "a.txt", "expiration": 0}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "run", "path": "a.txt", "expiration": 604_801}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "nobody", "path": "a.txt"}, Code.RESOURCE_DOES_NOT_EXIST),
        ({"run_id": "team-run", "path": "a.txt"}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "elsewhere", "path": "a.txt"}, Code.INVALID_PARAMETER_VALUE),
        ({"run_id": "local", "path": "a.txt"}, Code.INVALID_PARAMETER_VALUE),
    ],
    ids=str,
)
def test_no_other_file_gets_a_url(ask: Any, fields: dict[str, Any], code: Code) -> None:
    storage = Storage()
    with pytest.raises(GenesisError) as excinfo:
        ask(storage, **fields)
    assert excinfo.value.code is code
    assert storage.asked == []


def test_an_upload_is_for_a_run_or_a_model_not_both() -> None:
    with pytest.raises(GenesisError, match="Exactly one of run_id and model_id"):
        upload_url(Storage(), run_id="run", model_id="run", path="a.txt")


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda s: create(s, "f.txt"), "Multipart upload"),
        (lambda s: complete(s, [1]), "Multipart upload"),
        (
            lambda s: transfers.presigned(w.Presigned.parse({"artifact_path": "a"}), scope_of(s)),
            "Multipart download",
        ),
        (lambda s: upload_url(s, run_id="run", path="a"), "Presigned upload"),
        (lambda s: download_url(s, run_id="run", path="a"), "Presigned download"),
        (lambda s: sign(s, downloads=["a"]), "Direct transfer"),
        (lambda s: commit(s, {"path": "a", "upload_id": "u", "parts": 1}), "Direct transfer"),
    ],
)
def test_a_storage_that_cannot_sign_is_told_in_mlflow_s_words(call: Any, what: str) -> None:
    with pytest.raises(GenesisError) as excinfo:
        call(Storage(signs=False))
    assert excinfo.value.code is Code.NOT_IMPLEMENTED
    assert excinfo.value.message == f"{what} is not supported for the current artifact repository"
