"""Uploads by the plug-in, at a server and a storage that fail as they are told."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.exceptions import MlflowException

from genesis.plugin import uploads
from tests.unit.plugin.conftest import PART, ROOT, NewFile, content
from tests.unit.plugin.fakes import COMMIT, HANG_UP, ROUTE, SIGN, Answer, Fakes, Seen, mlflow_error


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 5 * PART, 20 * PART + 3])
def test_a_file_of_any_size_goes_to_the_storage_alone(
    fake: Fakes, repository: Any, file: NewFile, size: int
) -> None:
    repository.log_artifact(str(file(size)))

    assert fake.files == {f"{ROOT}/file.bin": content(size)}
    assert not [seen for seen in fake.asked if seen.path.startswith(ROUTE)]
    assert all(seen.headers["x-kind"] == "signed" for seen in fake.sent())


def test_files_up_to_one_part_go_in_one_request(fake: Fakes, repository: Any, file: NewFile) -> None:
    repository.log_artifact(file(PART), "models/m")

    assert [seen.path for seen in fake.sent()] == [f"/{ROOT}/models/m/file.bin"]
    assert not fake.calls(COMMIT)


@pytest.mark.parametrize("name", ["a b.txt", "1+1=2.txt", "100%.txt", "größe.txt", "what?.txt", "a&b;c.txt"])
def test_names_arrive_as_they_are(fake: Fakes, repository: Any, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")

    repository.log_artifact(folder / name)

    assert list(fake.files) == [f"{ROOT}/{name}"]


def test_a_folder_is_kept_as_it_is(fake: Fakes, repository: Any, folder: Path) -> None:
    for name in ("top.txt", "sub/one.txt", "sub/deeper/two.bin"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)

    repository.log_artifacts(str(folder))
    repository.log_artifacts(str(folder), "below")

    names = ("top.txt", "sub/one.txt", "sub/deeper/two.bin")
    wanted = {f"{ROOT}/{place}{name}": name.encode() for name in names for place in ("", "below/")}
    assert fake.files == wanted


def test_a_thousand_files_are_signed_by_two_calls(fake: Fakes, repository: Any, folder: Path) -> None:
    for number in range(1000):
        (folder / str(number)).write_text(str(number))

    repository.log_artifacts(folder)

    assert len(fake.calls(SIGN)) == 2
    assert len(fake.sent()) == len(fake.files) == 1000


def test_no_more_is_signed_than_can_be_sent_in_time(
    fake: Fakes, repository: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "BATCH_BYTES", 3 * PART)
    for number in range(6):
        (folder / str(number)).write_bytes(content(PART))

    repository.log_artifacts(folder)

    assert [len(call.json["uploads"]) for call in fake.calls(SIGN)] == [3, 3]


def every_third(answer: Answer) -> Callable[[Seen], Answer | None]:
    counted = iter(range(10**6))
    return lambda seen: answer if next(counted) % 3 == 0 else None


@pytest.mark.parametrize(
    "answer", [Answer(503), Answer(500), Answer(429), Answer(408), HANG_UP], ids=lambda a: str(a.status)
)
def test_a_part_that_fails_is_sent_again(
    fake: Fakes, repository: Any, file: NewFile, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Eight threads take what every third request meets by chance.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "10")
    fake.storage_fault = every_third(answer)

    repository.log_artifact(file(20 * PART))

    assert fake.files[f"{ROOT}/file.bin"] == content(20 * PART)
    assert len(fake.sent()) < 40


def test_urls_that_expire_are_signed_again_all_at_once(fake: Fakes, repository: Any, file: NewFile) -> None:
    def expire(seen: Seen) -> None:
        if len(fake.moved) == 5:
            fake.expired = 20

    fake.storage_fault = expire

    repository.log_artifact(file(20 * PART))

    assert fake.files[f"{ROOT}/file.bin"] == content(20 * PART)
    first, second = fake.calls(SIGN)
    assert "upload_id" not in first.json["uploads"][0]
    assert second.json["uploads"][0]["upload_id"] == "upload0"


def test_urls_of_small_files_that_expire_are_signed_again(fake: Fakes, repository: Any, folder: Path) -> None:
    for number in range(30):
        (folder / str(number)).write_text(str(number))
    fake.expired = 30

    repository.log_artifacts(folder)

    assert len(fake.files) == 30
    assert len(fake.calls(SIGN)) == 2


def test_a_storage_that_takes_no_signature_is_not_asked_for_ever(
    fake: Fakes, repository: Any, file: NewFile
) -> None:
    fake.expired = 10**6

    with pytest.raises(MlflowException, match=r"part 1 of 2\).*403 Expired\. .*network rules") as caught:
        repository.log_artifact(file(2 * PART))

    assert caught.value.error_code == "PERMISSION_DENIED"
    assert not fake.files


def test_a_storage_that_stays_away_is_told_of(fake: Fakes, repository: Any, file: NewFile) -> None:
    fake.storage_fault = lambda seen: Answer(503, headers={"x-ms-error-code": "ServerBusy"})

    with pytest.raises(MlflowException, match=r"'0/run/artifacts/file\.bin'.* 503 ServerBusy") as caught:
        repository.log_artifact(file(10))

    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"
    assert len(fake.sent()) == 1 + 3


def test_a_refusal_for_good_is_not_repeated(fake: Fakes, repository: Any, file: NewFile) -> None:
    fake.storage_fault = lambda seen: Answer(409, headers={"x-ms-error-code": "BlobImmutableDueToPolicy"})

    with pytest.raises(MlflowException, match="409 BlobImmutableDueToPolicy"):
        repository.log_artifact(file(10))

    assert len(fake.sent()) == 1


def test_a_redirect_is_not_followed(fake: Fakes, repository: Any, file: NewFile) -> None:
    fake.storage_fault = lambda seen: Answer(302, headers={"Location": f"{fake.storage_url}/x"})

    with pytest.raises(MlflowException, match="answered 302"):
        repository.log_artifact(file(10))

    assert len(fake.moved) == 1


def test_signing_is_repeated_as_mlflow_repeats(fake: Fakes, repository: Any, file: NewFile) -> None:
    fail = iter([True, True])
    fake.tracking_fault = lambda seen: Answer(503) if seen.path == SIGN and next(fail, False) else None

    repository.log_artifact(file(10))

    assert len(fake.calls(SIGN)) == 3
    assert len(fake.files) == 1


def test_a_server_that_does_not_sign_says_why(fake: Fakes, repository: Any, file: NewFile) -> None:
    busy = mlflow_error(503, "TEMPORARILY_UNAVAILABLE", "The database is busy.")
    fake.tracking_fault = lambda seen: busy if seen.path == SIGN else None

    with pytest.raises(MlflowException, match=r"TEMPORARILY_UNAVAILABLE: The database is busy\."):
        repository.log_artifact(file(10))

    assert len(fake.calls(SIGN)) == 1 + 3
    assert not fake.moved


@pytest.mark.parametrize("answer", [Answer(502, b"<html>"), Answer(200, b"<html>"), Answer(200, b"[]")])
def test_a_proxy_that_answers_in_the_servers_place_is_told_of(
    fake: Fakes, repository: Any, file: NewFile, answer: Answer
) -> None:
    fake.tracking_fault = lambda seen: answer if seen.path == SIGN else None

    with pytest.raises(MlflowException, match=f"answered {answer.status} with something"):
        repository.log_artifact(file(10))


def test_a_server_that_signs_too_little_is_told_of(fake: Fakes, repository: Any, file: NewFile) -> None:
    def too_little(seen: Seen) -> Answer | None:
        return Answer(200, b'{"uploads": []}') if seen.path == SIGN else None

    fake.tracking_fault = too_little

    with pytest.raises(MlflowException, match="signed 0 URLs where it was asked for 1"):
        repository.log_artifact(file(10))


def test_a_missing_file_is_the_systems_error(fake: Fakes, repository: Any, folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        repository.log_artifact(folder / "nothing")
    assert not fake.calls(SIGN)


def test_a_file_that_shrinks_meanwhile_is_not_published(
    fake: Fakes, repository: Any, file: NewFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = file(30 * PART)

    def shrink(seen: Seen) -> None:
        os.truncate(large, 14 * PART)

    fake.storage_fault = shrink

    with pytest.raises(MlflowException, match="became shorter"):
        repository.log_artifact(large)
    assert not fake.files
