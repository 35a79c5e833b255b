"""Downloads by the plug-in, from a storage that fails as it is told."""

from __future__ import annotations

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from mlflow.exceptions import MlflowException

from genesis.plugin import downloads
from tests.unit.plugin.conftest import PART, content
from tests.unit.plugin.fakes import HANG_UP, ROUTE, SIGN, Answer, Fakes, Seen, json_answer

ROOT = "0/run/artifacts"
PATH = f"{ROOT}/file.bin"


def left(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 5 * PART, 20 * PART + 3])
def test_a_file_of_any_size_comes_from_the_storage_alone(
    fake: Fakes, repository: Any, folder: Path, size: int
) -> None:
    fake.keep(PATH, content(size))

    assert repository.download_artifacts("file.bin", str(folder)) == str(folder / "file.bin")

    assert left(folder) == {"file.bin": content(size)}
    assert not [seen for seen in fake.asked if seen.path.startswith(f"{ROUTE}/")]
    assert all(seen.headers["x-kind"] == "signed" for seen in fake.moved)


def test_a_folder_comes_as_it_is(fake: Fakes, repository: Any, folder: Path) -> None:
    names = ["model/MLmodel", "model/data/größe 1+1.txt", "model/data/100%.bin", "other.txt"]
    for name in names:
        fake.keep(f"{ROOT}/{name}", name.encode())

    assert repository.download_artifacts("model", str(folder)) == str(folder / "model")
    assert left(folder) == {name: name.encode() for name in names[:3]}

    repository.download_artifacts("", str(folder))
    assert left(folder) == {name: name.encode() for name in names}


def test_an_empty_root_is_no_error(repository: Any, folder: Path) -> None:
    assert repository.download_artifacts("", str(folder)) == str(folder)


def test_a_thousand_files_are_signed_by_two_calls(fake: Fakes, repository: Any, folder: Path) -> None:
    for number in range(1000):
        fake.keep(f"{ROOT}/many/{number}", str(number).encode())

    repository.download_artifacts("many", str(folder))

    assert len(left(folder)) == 1000
    assert len(fake.calls(SIGN)) == 2


def test_no_more_is_signed_than_can_be_read_in_time(
    fake: Fakes, repository: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "BATCH_BYTES", 2 * PART)
    for number in range(6):
        fake.keep(f"{ROOT}/many/{number}", content(PART))

    repository.download_artifacts("many", str(folder))

    assert [len(call.json["downloads"]) for call in fake.calls(SIGN)] == [3, 3]


def test_a_missing_file_is_mlflows_error(fake: Fakes, repository: Any, folder: Path) -> None:
    with pytest.raises(MlflowException, match=r"No such: '0/run/artifacts/nothing'") as caught:
        repository.download_artifacts("nothing", str(folder))

    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert not left(folder)


def test_a_file_that_goes_while_a_folder_is_read_costs_no_other(
    fake: Fakes, repository: Any, folder: Path
) -> None:
    for name in "abc":
        fake.keep(f"{ROOT}/many/{name}", name.encode())

    def remove(seen: Seen) -> None:
        if seen.path == SIGN:
            fake.files.pop(f"{ROOT}/many/b", None)

    fake.tracking_fault = remove

    with pytest.raises(MlflowException, match="File many/b"):
        repository.download_artifacts("many", str(folder))
    assert left(folder) == {"many/a": b"a", "many/c": b"c"}


@pytest.mark.parametrize("answer", [Answer(503), HANG_UP, Answer(206, b"half", {"ETag": '"1"'}, promised=9)])
@pytest.mark.parametrize("size", [10, 20 * PART])
def test_what_fails_is_read_again(
    fake: Fakes, repository: Any, folder: Path, answer: Answer, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "10")
    fake.keep(PATH, content(size))
    if size == 10 and answer.status == 206:
        answer = Answer(200, answer.body, answer.headers, answer.promised)
    counted = iter(range(1000))
    fake.storage_fault = lambda seen: answer if next(counted) % 3 == 0 else None

    repository.download_artifacts("file.bin", str(folder))

    assert left(folder) == {"file.bin": content(size)}


def test_a_url_that_expires_is_signed_again_once(fake: Fakes, repository: Any, folder: Path) -> None:
    fake.keep(PATH, content(20 * PART))

    def expire(seen: Seen) -> None:
        if len(fake.moved) == 5:
            fake.expired = 1

    fake.storage_fault = expire

    repository.download_artifacts("file.bin", str(folder))

    assert left(folder) == {"file.bin": content(20 * PART)}
    assert len(fake.calls(SIGN)) == 2


def replacing(fake: Fakes, when: Callable[[int], bool]) -> Callable[[Seen], None]:
    def replace(seen: Seen) -> None:
        with fake.lock:
            if when(len(fake.moved)):
                fake.keep(PATH, content(20 * PART)[::-1])

    return replace


def test_a_file_that_is_replaced_meanwhile_comes_whole(fake: Fakes, repository: Any, folder: Path) -> None:
    fake.keep(PATH, content(20 * PART))
    fake.storage_fault = replacing(fake, lambda moved: moved == 10)

    repository.download_artifacts("file.bin", str(folder))

    assert left(folder) == {"file.bin": content(20 * PART)[::-1]}


@pytest.mark.parametrize("status", [404, 412, 416])
def test_a_file_that_is_not_the_signed_one_any_more_is_signed_anew(
    fake: Fakes, repository: Any, folder: Path, status: int
) -> None:
    fake.keep(PATH, content(20 * PART))
    fake.storage_fault = lambda seen: Answer(status) if len(fake.moved) == 5 else None

    repository.download_artifacts("file.bin", str(folder))

    assert left(folder) == {"file.bin": content(20 * PART)}
    assert len(fake.calls(SIGN)) == 2


def test_a_file_that_is_replaced_all_the_time_is_given_up(fake: Fakes, repository: Any, folder: Path) -> None:
    fake.keep(PATH, content(20 * PART))
    fake.storage_fault = replacing(fake, lambda moved: True)

    with pytest.raises(MlflowException, match="replaced again and again"):
        repository.download_artifacts("file.bin", str(folder))
    assert not left(folder)


@pytest.mark.parametrize("size", [10, 20 * PART])
def test_bytes_that_are_not_those_stored_leave_no_file(
    fake: Fakes, repository: Any, folder: Path, size: int
) -> None:
    fake.keep(PATH, content(size))

    def damage(seen: Seen) -> None:
        fake.files[PATH] = content(size)[:-1] + b"!"

    fake.storage_fault = damage

    with pytest.raises(MlflowException, match="did not arrive as it was stored"):
        repository.download_artifacts("file.bin", str(folder))
    assert not left(folder)


def test_a_storage_that_tells_no_md5_is_held_to_the_size(fake: Fakes, repository: Any, folder: Path) -> None:
    fake.keep(PATH, content(10))
    told = {"path": PATH, "file_size": 10, "etag": '"1"', "headers": {}}

    def without_md5(seen: Seen) -> Answer | None:
        url = f"{fake.storage_url}/{PATH}?sig=1-x"
        body = {"uploads": [], "downloads": [{**told, "url": url}]}
        return json_answer(body) if seen.path == SIGN else None

    fake.tracking_fault = without_md5
    repository.download_artifacts("file.bin", str(folder))
    assert left(folder) == {"file.bin": content(10)}

    told["file_size"] = 11
    with pytest.raises(MlflowException, match="10 bytes of 11"):
        repository.download_artifacts("file.bin", str(folder))
    assert left(folder) == {"file.bin": content(10)}


def test_a_download_that_fails_leaves_the_file_that_was_there(
    fake: Fakes, repository: Any, folder: Path
) -> None:
    fake.keep(PATH, content(20 * PART))
    (folder / "file.bin").write_bytes(b"before")
    fake.storage_fault = lambda seen: Answer(503)

    with pytest.raises(MlflowException, match=r"bytes 0 to 65535\): the storage at .* answered 503"):
        repository.download_artifacts("file.bin", str(folder))
    assert left(folder) == {"file.bin": b"before"}


def test_large_files_at_once_do_not_wait_for_one_that_failed(
    fake: Fakes, repository: Any, folder: Path
) -> None:
    for name in "abcd":
        fake.keep(f"{ROOT}/many/{name}", content(20 * PART))
    fake.storage_fault = lambda seen: Answer(400) if seen.path.endswith("/a") else None

    with pytest.raises(MlflowException, match="File many/a"):
        repository.download_artifacts("many", str(folder))
    assert sorted(left(folder)) == ["many/b", "many/c", "many/d"]


def test_a_full_disk_is_no_obstacle_to_the_next_large_file(
    fake: Fakes, repository: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.keep(PATH, content(20 * PART))
    with monkeypatch.context() as full:
        full.setattr(downloads, "_in_place", lambda local: nullcontext(Full()))
        with pytest.raises(MlflowException, match="No space left") as kept:
            repository.download_artifacts("file.bin", str(folder))

    with ThreadPoolExecutor(1) as pool:
        pool.submit(repository.download_artifacts, "file.bin", str(folder)).result(timeout=20)
    assert left(folder) == {"file.bin": content(20 * PART)}
    assert kept.value.__traceback__  # as long as somebody looks at the error, its frames live


class Full:
    """A file on a disk without room."""

    def write(self, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_two_threads_download_at_once(fake: Fakes, repository: Any, folder: Path) -> None:
    for number in range(40):
        fake.keep(f"{ROOT}/many/{number}", content(number * PART // 10))
    places = [folder / "one", folder / "two"]
    for place in places:
        place.mkdir()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda place: repository.download_artifacts("many", str(place)), places))

    assert left(places[0]) == left(places[1])
    assert len(left(places[0])) == 40
