"""Our batches: what one call signs or publishes, and what is refused whole."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from genesis.api import transfers
from genesis.artifacts import MOST_PARTS
from genesis.errors import Code, GenesisError, invalid, unavailable
from genesis.wire import transfers as w
from tests.unit.api.transferring import MD5, Storage, commit, refusal, scope_of, sign

BASE64 = base64.b64encode(MD5).decode()


def test_a_batch_is_signed_in_its_order() -> None:
    storage = Storage({"1/a.bin": 5, "1/empty": 0, "1/folder": None})
    reply = sign(
        storage,
        uploads=[{"path": "1/large.bin", "parts": 2}, {"path": "1/small.txt"}],
        downloads=["1/a.bin", "1/nobody", "1/empty", "1/folder"],
    )
    part = "https://storage/1/large.bin?part="
    assert reply["uploads"] == [
        {
            "path": "1/large.bin",
            "upload_id": "u1",
            "parts": [{"url": part + n, "headers": {"x": "y"}} for n in "12"],
        },
        {
            "path": "1/small.txt",
            "parts": [
                {"url": "https://storage/1/small.txt?whole", "headers": {"x-ms-blob-type": "BlockBlob"}}
            ],
        },
    ]
    a, nobody, empty, folder = reply["downloads"]
    url = "https://storage/1/a.bin?get"
    told = {"url": url, "headers": {}, "file_size": 5, "etag": '"e"', "md5": BASE64}
    assert a == {"path": "1/a.bin", **told}
    assert (nobody["path"], nobody["error_code"]) == ("1/nobody", "RESOURCE_DOES_NOT_EXIST")
    assert (empty["file_size"], "md5" in empty) == (0, False)
    assert (folder["path"], folder["error_code"]) == ("1/folder", "INVALID_PARAMETER_VALUE")


def test_an_upload_that_began_before_is_signed_again() -> None:
    storage = Storage()
    reply = sign(storage, uploads=[{"path": "1/f.bin", "parts": 3, "upload_id": "before"}])
    assert reply["uploads"][0]["upload_id"] == "before"
    assert storage.asked == [("begin", "1/f.bin", 3, "application/octet-stream", "before")]


def test_an_empty_batch_is_an_empty_reply() -> None:
    assert sign(Storage()) == {"uploads": [], "downloads": []}
    assert commit(Storage()) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"uploads": [{"path": "../x"}]},
        {"uploads": [{"path": "fine"}, {"path": "a/%2e%2e/x"}]},
        {"uploads": [{"path": "folder/"}]},
        {"uploads": [{"path": ""}]},
        {"uploads": [{"path": "workspaces/other/x"}]},
        {"uploads": [{"path": "x", "parts": -1}]},
        {"uploads": [{"path": "x", "parts": 0, "upload_id": "u"}]},
        {"uploads": [{"path": "x", "parts": 10_001}]},
        {"uploads": [{"path": "x", "parts": 5_000}, {"path": "y", "parts": 5_000}, {"path": "z"}]},
        {"uploads": [{"path": f"{n}"} for n in range(600)], "downloads": [f"{n}" for n in range(401)]},
        {"downloads": ["fine", "../x"]},
        {"downloads": [""]},
        {"downloads": ["workspaces/other/x"]},
        {"downloads": ["workspaces"]},
    ],
    ids=lambda fields: str(fields)[:60],
)
def test_a_batch_with_something_wrong_is_refused_whole(fields: dict[str, Any]) -> None:
    storage = Storage({"fine": 1})
    with pytest.raises(GenesisError) as excinfo:
        sign(storage, **fields)
    assert refusal(excinfo) == (Code.INVALID_PARAMETER_VALUE, 400)
    assert storage.asked == []


def test_a_refusal_says_which_path_it_is_about() -> None:
    with pytest.raises(GenesisError, match=r"Invalid path: '1/a#b'"):
        sign(Storage(), uploads=[{"path": "1/fine"}, {"path": "1/a#b"}])


def test_the_most_that_one_call_takes_is_signed() -> None:
    reply = sign(Storage(), uploads=[{"path": f"{n}", "parts": 10} for n in range(1000)])
    assert sum(len(upload["parts"]) for upload in reply["uploads"]) == 10_000


def test_a_batch_is_bound_to_its_workspace() -> None:
    storage = Storage({"workspaces/team/1/a": 1})
    reply = sign(storage, "team", uploads=[{"path": "1/b"}], downloads=["1/a"])
    assert {asked[1] for asked in storage.asked} == {"workspaces/team/1/a", "workspaces/team/1/b"}
    assert (reply["uploads"][0]["path"], reply["downloads"][0]["path"]) == ("1/b", "1/a")
    commit(storage, {"path": "1/b", "upload_id": "u", "parts": 1}, workspace="team")
    assert storage.asked[-1][1] == "workspaces/team/1/b"


def test_storage_that_is_away_fails_the_whole_batch() -> None:
    storage = Storage()
    storage.failure = unavailable("The storage is away.")
    with pytest.raises(GenesisError) as excinfo:
        sign(storage, downloads=["1/a", "1/b"])
    assert excinfo.value.status == 503


def test_a_batch_is_committed() -> None:
    storage = Storage()
    assert (
        commit(
            storage,
            {"path": "1/a.txt", "upload_id": "u1", "parts": 2, "md5": BASE64},
            {"path": "1/b.bin", "upload_id": "u2", "parts": 1},
        )
        == {}
    )
    assert sorted(storage.asked) == [
        ("complete", "1/a.txt", "u1", [1, 2], "text/plain", MD5),
        ("complete", "1/b.bin", "u2", [1], "application/octet-stream", None),
    ]


@pytest.mark.parametrize(
    "upload",
    [
        {"path": "../x", "upload_id": "u", "parts": 1},
        {"path": "workspaces/other/x", "upload_id": "u", "parts": 1},
        {"path": "x", "parts": 1},
        {"path": "x", "upload_id": "u"},
        {"path": "x", "upload_id": "u", "parts": -1},
        {"path": "x", "upload_id": "u", "parts": MOST_PARTS + 1},
        {"path": "x", "upload_id": "u", "parts": 1, "md5": "no base64"},
        {"path": "x", "upload_id": "u", "parts": 1, "md5": "AAAA"},
        {"path": "x", "upload_id": "u", "parts": 1, "md5": MD5.hex()},
    ],
    ids=str,
)
def test_nothing_of_a_batch_with_something_wrong_is_published(upload: dict[str, Any]) -> None:
    storage = Storage()
    with pytest.raises(GenesisError) as excinfo:
        commit(storage, {"path": "1/fine", "upload_id": "u1", "parts": 1}, upload)
    assert refusal(excinfo) == (Code.INVALID_PARAMETER_VALUE, 400)
    assert storage.asked == []


def test_a_batch_takes_no_more_than_it_can_sign() -> None:
    uploads = [{"path": f"{n}", "upload_id": "u", "parts": 1} for n in range(1001)]
    with pytest.raises(GenesisError, match="at most 1000 paths"):
        commit(Storage(), *uploads)


def test_what_the_storage_refuses_to_publish_is_told() -> None:
    storage = Storage()
    storage.failure = invalid("Part 2 never came.")
    with pytest.raises(GenesisError, match="Part 2 never came"):
        commit(storage, *({"path": f"1/{n}", "upload_id": "u", "parts": 2} for n in range(3)))


def test_paths_of_a_batch_may_be_told_from_a_folder() -> None:
    storage = Storage({"1/run/artifacts/a/b.txt": 3})
    signed = sign(storage, folder="1/run/artifacts", uploads=[{"path": "a/new.txt"}], downloads=["a/b.txt"])

    assert signed["uploads"][0]["path"] == "a/new.txt"
    assert "/1/run/artifacts/a/new.txt" in signed["uploads"][0]["parts"][0]["url"]
    assert "/1/run/artifacts/a/b.txt" in signed["downloads"][0]["url"]


@pytest.mark.parametrize(
    ("folder", "path"),
    [("1/run", "../other/f"), ("1/run/..", "f"), ("workspaces/other", "f"), ("workspaces", "other/f")],
)
def test_a_folder_leads_nowhere_that_a_path_may_not(folder: str, path: str) -> None:
    with pytest.raises(GenesisError) as excinfo:
        sign(Storage(), folder=folder, uploads=[{"path": path}])

    assert refusal(excinfo) == (Code.INVALID_PARAMETER_VALUE, 400)


def test_who_may_ask_is_told_which_batches_are_spoken() -> None:
    assert transfers.protocol(w.Protocol(), scope_of(Storage())) == {"protocol": 1}


def test_where_nothing_is_signed_no_batches_are_spoken() -> None:
    with pytest.raises(GenesisError) as excinfo:
        transfers.protocol(w.Protocol(), scope_of(Storage(signs=False)))

    assert refusal(excinfo) == (Code.NOT_IMPLEMENTED, 501)
