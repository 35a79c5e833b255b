"""Direct transfers with a Blob Storage that fails in their middle; no signature is told."""

from __future__ import annotations

import time
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest

from genesis.artifacts.blob import open_store
from genesis.artifacts.blob_direct import block_id
from genesis.errors import GenesisError
from tests.artifacts.blob_direct import TEXT, downloaded
from tests.artifacts.client import upload
from tests.artifacts.conftest import DEVELOPMENT_STORAGE
from tests.artifacts.test_stores import read
from tests.servers.azurite import azurite
from tests.servers.relay import Relay


def test_a_signature_is_in_no_log_and_in_no_error(relayed_store, relay, no_retries, caplog):
    caplog.set_level("INFO", "genesis")
    direct = relayed_store.direct("")
    uploading = upload(direct, "a", [b"one", b"two"])
    signatures = [part.url.rpartition("sig=")[2] for part in uploading.parts]
    relay.meddle = lambda line, send_on: None
    for call in (
        lambda: direct.complete("a", uploading.upload_id, [1, 2], TEXT),
        lambda: direct.download("a", TEXT, "inline"),
    ):
        with pytest.raises(GenesisError, match="Blob Storage failed") as failure:
            call()
        assert (failure.value.status, failure.value.headers["Retry-After"]) == (503, "2")
        assert not any(signature in failure.value.message + caplog.text for signature in signatures)


@pytest.fixture
def mortal_service(tmp_path):
    """Its own, for the test to kill, and the relay to it."""
    with azurite(tmp_path) as service, Relay(service.port) as between:
        yield service, between, tmp_path


def _is_written(folder: Path, block: str) -> bool:
    name = b64encode(block.encode()).decode()
    return any(name in file.read_text(errors="ignore") for file in folder.glob("__azurite_db_blob__.json*"))


def _until_written(folder: Path, blocks: list[str]) -> None:
    """Azurite writes what it knows every few seconds only."""
    deadline = time.monotonic() + 60
    while not all(_is_written(folder, block) for block in blocks):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("committed", [False, True], ids=["before the commit", "before its reply"])
def test_a_service_killed_in_the_middle_of_complete_completes_it_when_it_is_back(
    mortal_service, no_retries, committed
):
    service, between, folder = mortal_service

    def kill(line, send_on):
        if "comp=blocklist" not in line:
            return send_on()
        if committed:
            send_on()
        service.kill()
        return None

    with closing(open_store(f"{between.url}/devstoreaccount1/container", DEVELOPMENT_STORAGE)) as store:
        direct = store.direct("")
        uploading = upload(direct, "a", [b"one", b"two"])
        _until_written(folder, [block_id(uploading.upload_id, number) for number in (1, 2)])
        between.meddle = kill
        for _ in range(2):
            with pytest.raises(GenesisError, match="Blob Storage failed") as failure:
                direct.complete("a", uploading.upload_id, [1, 2], TEXT)
            assert (failure.value.status, failure.value.headers["Retry-After"]) == (503, "2")
        between.meddle = lambda line, send_on: send_on()
        service.start()
        direct.complete("a", uploading.upload_id, [1, 2], TEXT)
        assert read(store, "a") == b"onetwo"


def test_a_commit_of_which_the_reply_was_lost_is_complete(relay, relayed_store, no_retries):
    direct = relayed_store.direct("")
    uploading = upload(direct, "a", [b"one", b"two"])

    def lose(line, send_on):
        reply = send_on()
        return None if "comp=blocklist" in line else reply

    relay.meddle = lose
    with pytest.raises(GenesisError, match="Blob Storage failed"):
        direct.complete("a", uploading.upload_id, [1, 2], TEXT)
    etag = direct.download("a", TEXT, "inline").etag
    direct.complete("a", uploading.upload_id, [1, 2], TEXT)
    assert direct.download("a", TEXT, "inline").etag == etag
    assert downloaded(direct).content == b"onetwo"


def test_a_signed_url_is_not_in_what_is_printed_of_it(direct):
    assert "sig=" not in repr(direct.begin("a", 2, TEXT))
