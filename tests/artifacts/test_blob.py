"""What is particular to Blob Storage: its URIs, its credentials, its errors, and what it costs to import."""

from __future__ import annotations

import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from genesis.artifacts import blob, open_artifacts
from genesis.artifacts import container as container_module
from genesis.artifacts.blob import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, BlobStore, open_store
from genesis.artifacts.spans import bounds
from genesis.errors import GenesisError
from tests.artifacts.test_stores import MEGABYTE, put, read
from tests.servers import free_port

KEYED = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY}"
WRONG_KEY = "c2VjcmV0" * 8


def container(uri: str):
    from azure.storage.blob import ContainerClient

    return closing(
        ContainerClient.from_container_url(
            uri, credential={"account_name": DEVELOPMENT_ACCOUNT, "account_key": DEVELOPMENT_KEY}
        )
    )


@pytest.mark.parametrize("size", [0, 3, 9 * MEGABYTE])
def test_the_content_type_is_kept(blob_store, container_uri, size):
    blob_store.put("a", iter([b"x" * size]), "text/x-odd; charset=utf-8")
    with container(container_uri) as client:
        kept = client.get_blob_client("a").get_blob_properties()
    assert (kept.size, kept.content_settings.content_type) == (size, "text/x-odd; charset=utf-8")


def test_a_folder_in_the_uri_is_a_prefix_decoded_once(blob_folder_store, container_uri):
    put(blob_folder_store, "run/file")
    with container(container_uri) as client:
        assert list(client.list_blob_names()) == ["a folder/in%20it/run/file"]


def test_reading_from_a_missing_container_finds_nothing_and_makes_none(blob_store, container_uri):
    assert blob_store.open("a") is None
    assert blob_store.list("") == []
    blob_store.delete("a")
    with container(container_uri) as client:
        assert not client.exists()


def test_the_mark_of_an_empty_folder_is_not_listed(blob_store, container_uri):
    put(blob_store, "folder/file")
    with container(container_uri) as client:
        client.upload_blob("folder/", b"")
    assert [info.path for info in blob_store.list("folder")] == ["folder/file"]
    assert [info.path for info in blob_store.list("")] == ["folder"]


def test_a_folder_is_deleted_in_batches(blob_store, monkeypatch):
    sizes = []
    delete_all = BlobStore._delete_all

    def counted(store: BlobStore, names: list[str]) -> None:
        sizes.append(len(names))
        delete_all(store, names)

    monkeypatch.setattr(blob, "BATCH", 3)
    monkeypatch.setattr(BlobStore, "_delete_all", counted)
    for number in range(10):
        put(blob_store, f"folder/{number % 3}/a b%{number}é")
    blob_store.delete("folder")
    assert blob_store.list("") == []
    assert sizes == [3, 3, 3, 1]


def test_an_artifact_replaced_while_it_is_opened_is_not_cut_by_the_old_size(blob_store, monkeypatch):
    put(blob_store, "a", b"short")

    def replace_meanwhile(span, size):
        put(blob_store, "a", b"much longer")
        return bounds(span, size)

    monkeypatch.setattr(blob, "bounds", replace_meanwhile)
    with pytest.raises(GenesisError, match="ConditionNotMet") as failure:
        blob_store.open("a")
    assert failure.value.status == 503


def test_a_reader_never_gets_two_versions_mixed(blob_store):
    put(blob_store, "a", b"1" * 9 * MEGABYTE)
    content = blob_store.open("a")
    put(blob_store, "a", b"2" * 9 * MEGABYTE)
    with pytest.raises(GenesisError) as failure:
        b"".join(content.chunks)
    assert failure.value.status == 503


def test_a_reader_is_told_when_the_artifact_is_deleted_under_it(blob_store):
    put(blob_store, "a", b"1" * 9 * MEGABYTE)
    content = blob_store.open("a")
    blob_store.delete("a")
    with pytest.raises(GenesisError) as failure:
        b"".join(content.chunks)
    assert failure.value.status == 503


def test_an_account_key_opens_the_store(container_uri):
    with closing(
        open_store(container_uri, f"DefaultEndpointsProtocol=http;{KEYED};EndpointSuffix=x;")
    ) as store:
        put(store, "a", b"content")
        assert read(store, "a") == b"content"


def test_a_signature_opens_the_store_and_what_it_does_not_allow_is_told_without_it(
    blob_store, container_uri, caplog
):
    put(blob_store, "a", b"content")
    signature = _signature(container_uri)
    with closing(open_store(container_uri, f"SharedAccessSignature={signature}")) as store:
        assert read(store, "a") == b"content"
        with pytest.raises(GenesisError, match="'Storage Blob Data Contributor'") as refusal:
            put(store, "b")
    assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (503, "30")
    assert "AuthorizationPermissionMismatch" in refusal.value.message
    assert "sig=" not in refusal.value.message + caplog.text + repr(refusal.value.__cause__)


def _signature(uri: str) -> str:
    from datetime import UTC, datetime, timedelta

    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    token: str = generate_container_sas(
        DEVELOPMENT_ACCOUNT,
        uri.rpartition("/")[2],
        account_key=DEVELOPMENT_KEY,
        permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    return token


def test_a_wrong_key_is_told_without_the_key(container_uri, caplog):
    secret = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={WRONG_KEY}"
    with closing(open_store(container_uri, secret)) as store:
        for call in (lambda: store.list(""), lambda: store.open("a"), lambda: put(store, "a")):
            with pytest.raises(GenesisError, match=r"refuses|does not accept") as refusal:
                call()
            assert refusal.value.status == 503
            assert WRONG_KEY not in refusal.value.message + caplog.text


def test_the_check_tells_a_wrong_key(container_uri):
    secret = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={WRONG_KEY}"
    with (
        closing(open_store(container_uri, secret)) as store,
        pytest.raises(GenesisError, match=r"refuses|does not accept") as refusal,
    ):
        store.check()
    assert refusal.value.status == 503


def test_the_check_tells_a_service_that_is_away():
    uri = f"http://127.0.0.1:{free_port()}/devstoreaccount1/container"
    with (
        closing(open_store(uri, KEYED)) as store,
        pytest.raises(GenesisError, match=r"^Blob Storage failed \(ServiceRequestError\)\.$"),
    ):
        store.check()


def test_a_service_that_does_not_answer_is_unavailable(no_retries, caplog):
    uri = f"http://127.0.0.1:{free_port()}/devstoreaccount1/container"
    with closing(open_store(uri, KEYED)) as store:
        for call in (
            lambda: store.list(""),
            lambda: store.open("a"),
            lambda: put(store, "a"),
            lambda: store.delete("a"),
        ):
            with pytest.raises(
                GenesisError, match=r"^Blob Storage failed \(ServiceRequestError\)\.$"
            ) as failure:
                call()
            assert (failure.value.status, failure.value.headers["Retry-After"]) == (503, "2")


def test_no_traceback_of_a_failure_shows_the_signature(no_retries):
    uri = f"http://127.0.0.1:{free_port()}/devstoreaccount1/container"
    with closing(open_store(uri, f"SharedAccessSignature={_signature(uri)}")) as store:
        with pytest.raises(GenesisError) as failure:
            store.list("")
        assert "sig=" not in "".join(traceback.format_exception(failure.value))


class Refusing(BaseHTTPRequestHandler):
    """Answers every request with the server's one reply."""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers = self.server.reply  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = answer

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def refusing() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("reply", "status", "wait", "message"),
    [
        ((503, {"x-ms-error-code": "ServerBusy", "Retry-After": "7"}), 503, "7", "ServerBusy"),
        ((500, {"x-ms-error-code": "InternalError"}), 503, "2", "InternalError"),
        ((429, {"x-ms-error-code": "TooManyRequests", "Retry-After": "soon"}), 503, "2", "TooManyRequests"),
        ((409, {"x-ms-error-code": "BlobImmutableDueToPolicy"}), 503, "2", "BlobImmutableDueToPolicy"),
        ((403, {"x-ms-error-code": "AuthenticationFailed"}), 503, "30", "connection string, or its clock"),
        ((403, {"x-ms-error-code": "KeyBasedAuthenticationNotPermitted"}), 503, "30", "Contributor"),
        ((400, {"x-ms-error-code": "OutOfRangeInput"}), 400, None, "Invalid path"),
        ((400, {"x-ms-error-code": "InvalidHeaderValue"}), 503, "2", "InvalidHeaderValue"),
    ],
)
def test_what_the_service_answers_is_told_in_our_words(refusing, no_retries, reply, status, wait, message):
    refusing.reply = reply
    uri = f"http://127.0.0.1:{refusing.server_port}/devstoreaccount1/container"
    with closing(open_store(uri, KEYED)) as store:
        for call in (lambda: store.open("a"), lambda: put(store, "a"), lambda: store.delete("a")):
            with pytest.raises(GenesisError, match=message) as failure:
                call()
            assert (failure.value.status, failure.value.headers.get("Retry-After")) == (status, wait)


def test_a_process_without_an_azure_identity_is_told_so(monkeypatch, no_retries):
    from azure.identity import CredentialUnavailableError

    class Nobody:
        def get_token(self, *scopes: str, **options: object) -> None:
            raise CredentialUnavailableError("no managed identity endpoint, secret=abc")

    monkeypatch.setattr(container_module, "identity", Nobody)
    with (
        closing(open_store("https://account.blob.core.windows.net/container")) as store,
        pytest.raises(GenesisError, match="no Azure identity") as failure,
    ):
        store.open("a")
    assert failure.value.status == 503
    assert "secret" not in failure.value.message


@pytest.mark.parametrize(
    ("uri", "endpoint", "name", "prefix"),
    [
        ("https://acc.blob.core.windows.net/mlflow", "https://acc.blob.core.windows.net", "mlflow", ""),
        (
            "https://acc.blob.core.windows.net/c-1/a%20b/c/",
            "https://acc.blob.core.windows.net",
            "c-1",
            "a b/c/",
        ),
        (
            "https://acc.z12.blob.storage.azure.net/mlflow",
            "https://acc.z12.blob.storage.azure.net",
            "mlflow",
            "",
        ),
        (
            "http://127.0.0.1:10000/devstoreaccount1/mlflow/x",
            "http://127.0.0.1:10000/devstoreaccount1",
            "mlflow",
            "x/",
        ),
        (
            "http://azurite:10000/devstoreaccount1/mlflow",
            "http://azurite:10000/devstoreaccount1",
            "mlflow",
            "",
        ),
    ],
)
def test_a_uri_names_account_container_and_folder(uri, endpoint, name, prefix):
    store = open_store(uri, KEYED)
    assert (store._container.endpoint, store._container.name, store._container.prefix) == (
        endpoint,
        name,
        prefix,
    )


@pytest.mark.parametrize(
    "uri",
    [
        "https://acc.blob.core.windows.net/",
        "https://acc.blob.core.windows.net/UPPER",
        "https://acc.blob.core.windows.net/ab",
        "https://acc.blob.core.windows.net/a--b",
        "http://127.0.0.1:10000/devstoreaccount1",
        "https://acc.blob.core.windows.net/mlflow?sv=1&sig=secret",
        "https://acc:secret@acc.blob.core.windows.net/mlflow",
    ],
)
def test_a_uri_that_names_no_container_or_holds_a_secret_is_refused(uri):
    with pytest.raises(ValueError, match="GENESIS_ARTIFACTS_URI") as refusal:
        open_artifacts(uri, KEYED)
    assert "secret" not in str(refusal.value)


def test_plain_http_needs_a_connection_string():
    with pytest.raises(ValueError, match="GENESIS_STORAGE_CONNECTION_STRING"):
        open_artifacts("http://127.0.0.1:10000/devstoreaccount1/mlflow")


@pytest.mark.parametrize("text", ["nonsense-secret", "AccountName=a;Secret=secret", "AccountKey=secret"])
def test_a_connection_string_without_a_credential_is_refused_and_not_shown(text):
    with pytest.raises(ValueError, match="has neither AccountName") as refusal:
        open_artifacts("http://127.0.0.1:10000/devstoreaccount1/mlflow", text)
    assert "secret" not in str(refusal.value)


def test_azure_is_imported_at_the_first_request_and_not_before():
    program = (
        "import sys, genesis.artifacts as a, genesis.artifacts.local, genesis.artifacts.paths\n"
        "a.open_artifacts('https://account.blob.core.windows.net/container')\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('azure', 'requests')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
