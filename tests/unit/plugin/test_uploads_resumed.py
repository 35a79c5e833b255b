"""Uploads in parts that were interrupted: what goes on, and what begins anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from mlflow.exceptions import MlflowException

from genesis.plugin import uploads
from tests.unit.plugin.conftest import PART, ROOT, NewFile, content
from tests.unit.plugin.fakes import COMMIT, HANG_UP, SIGN, Answer, Fakes, Seen, mlflow_error


def test_an_upload_that_was_refused_for_good_begins_anew(fake: Fakes, repository: Any, file: NewFile) -> None:
    large = file(20 * PART)
    fake.storage_fault = lambda seen: Answer(400) if seen.query["part"] == "12" else None
    with pytest.raises(MlflowException):
        repository.log_artifact(large)
    assert len(fake.parts) == 1
    fake.storage_fault, fake.moved = lambda seen: None, []

    repository.log_artifact(large)

    assert fake.files[f"{ROOT}/file.bin"] == content(20 * PART)
    assert len(fake.sent()) == 20


def interrupt(fake: Fakes, repository: Any, file: Path, after: int) -> set[int]:
    """Upload until the storage has so many parts and goes away; the parts it has."""

    def gone(seen: Seen) -> Answer | None:
        with fake.lock:
            return Answer(503) if len(fake.parts["upload0"]) >= after else None

    fake.storage_fault = gone
    with pytest.raises(MlflowException):
        repository.log_artifact(file)
    fake.storage_fault, fake.moved, fake.asked = lambda seen: None, [], []
    return set(fake.parts["upload0"])


def test_an_upload_goes_on_where_it_was_interrupted(fake: Fakes, repository: Any, file: NewFile) -> None:
    large = file(20 * PART)
    there = interrupt(fake, repository, large, after=7)

    repository.log_artifact(large)

    assert {int(seen.query["part"]) for seen in fake.sent()} == set(range(1, 21)) - there
    assert fake.files[f"{ROOT}/file.bin"] == content(20 * PART)


def test_an_upload_that_is_over_is_forgotten(
    fake: Fakes, repository: Any, file: NewFile, tmp_path: Path
) -> None:
    large = file(5 * PART)
    repository.log_artifact(large)
    assert not list((tmp_path / "cache").rglob("*.jsonl"))

    repository.log_artifact(large)
    assert len(fake.sent()) == 10


def changed(large: Path) -> None:
    large.write_bytes(content(20 * PART)[::-1])


def changed_behind_its_times(large: Path) -> None:
    before = large.stat()
    with large.open("r+b") as file:
        file.write(content(20 * PART)[::-1])
    os.utime(large, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [changed, changed_behind_its_times])
def test_a_file_that_changed_is_sent_anew(
    fake: Fakes, repository: Any, file: NewFile, change: Callable[[Path], None]
) -> None:
    large = file(20 * PART)
    interrupt(fake, repository, large, after=7)
    change(large)

    repository.log_artifact(large)

    assert fake.files[f"{ROOT}/file.bin"] == content(20 * PART)[::-1]
    assert len(fake.sent()) == 20


@pytest.mark.parametrize("where", [SIGN, COMMIT])
def test_an_upload_that_the_server_has_forgotten_begins_anew(
    fake: Fakes, repository: Any, file: NewFile, where: str
) -> None:
    large = file(20 * PART)
    interrupt(fake, repository, large, after=7)
    fake.parts["upload0"] = {}
    unknown = mlflow_error(400, "INVALID_PARAMETER_VALUE", "There is no such upload.")
    fake.tracking_fault = lambda seen: (
        unknown if seen.path == where and seen.json["uploads"][0].get("upload_id") == "upload0" else None
    )

    repository.log_artifact(large)

    assert fake.files[f"{ROOT}/file.bin"] == content(20 * PART)


def test_a_storage_that_lost_what_it_took_is_sent_it_once_more(
    fake: Fakes, repository: Any, file: NewFile
) -> None:
    def lose(seen: Seen) -> None:
        if seen.path == COMMIT and len(fake.parts) == 1:
            del fake.parts["upload0"][3]

    fake.tracking_fault = lose
    repository.log_artifact(file(5 * PART))
    assert fake.files[f"{ROOT}/file.bin"] == content(5 * PART)
    assert len(fake.sent()) == 10


def test_a_commit_that_is_refused_again_is_an_error(
    fake: Fakes, repository: Any, file: NewFile, tmp_path: Path
) -> None:
    refused = mlflow_error(400, "INVALID_PARAMETER_VALUE", "It lies below a file.")
    fake.tracking_fault = lambda seen: refused if seen.path == COMMIT else None

    with pytest.raises(MlflowException, match="It lies below a file"):
        repository.log_artifact(file(5 * PART))

    assert len(fake.sent()) == 10
    assert not list((tmp_path / "cache").rglob("*.jsonl"))


def test_an_upload_is_not_begun_anew_for_a_server_that_is_away(
    fake: Fakes, repository: Any, file: NewFile
) -> None:
    large = file(20 * PART)
    there = interrupt(fake, repository, large, after=7)
    fake.tracking_fault = lambda seen: Answer(503) if seen.path == SIGN else None
    with pytest.raises(MlflowException):
        repository.log_artifact(large)
    fake.tracking_fault = lambda seen: None

    repository.log_artifact(large)

    assert len(fake.sent()) == 20 - len(there)


KILLED = f"""
import sys
from genesis.plugin import artifact_repository, uploads
uploads.PART, uploads.MEGABYTE = {PART}, 1
repository = artifact_repository("mlflow-artifacts:/{ROOT}", tracking_uri=sys.argv[1])
repository.log_artifact(sys.argv[2])
"""


def test_a_killed_process_has_not_sent_in_vain(fake: Fakes, repository: Any, file: NewFile) -> None:
    large = file(40 * PART)
    with subprocess.Popen([sys.executable, "-c", KILLED, fake.url, large]) as process:

        def kill(seen: Seen) -> Answer | None:
            if len(fake.moved) < 20:
                return None
            process.send_signal(signal.SIGKILL)
            process.wait()
            return HANG_UP

        fake.storage_fault = kill
    assert process.returncode == -signal.SIGKILL
    there = len(fake.parts["upload0"])
    fake.storage_fault, fake.moved = lambda seen: None, []

    repository.log_artifact(large)

    assert fake.files[f"{ROOT}/file.bin"] == content(40 * PART)
    # Of what was on its way when it died the journal may know nothing.
    assert 40 - there <= len(fake.sent()) <= 40 - there + uploads.PARTS_AT_ONCE
    assert there > 10


@pytest.mark.parametrize("same", [True, False], ids=["the same file", "two files"])
def test_two_threads_upload_at_once(
    fake: Fakes, repository: Any, file: NewFile, folder: Path, same: bool
) -> None:
    one = file(20 * PART)
    other = one if same else folder / "other.bin"
    other.write_bytes(content(20 * PART))
    together = Barrier(2)
    # Each begins before the other ends.
    fake.storage_fault = lambda seen: (
        together.wait(10) and None if seen.query["part"] == "20" else None  # type: ignore[func-returns-value]
    )

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(repository.log_artifact, [one, other]))

    assert len(fake.parts) == 2
    assert set(fake.files.values()) == {content(20 * PART)}


def test_nothing_is_kept_where_nothing_can_be_written(
    fake: Fakes, repository: Any, file: NewFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "occupied").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "occupied"))

    repository.log_artifact(file(5 * PART))

    assert len(fake.files) == 1
