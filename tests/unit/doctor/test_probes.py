"""What a configuration leads to, tried on real folders, ports, databases and storages."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from pymongo import MongoClient

from genesis.doctor import probes
from genesis.doctor.configuration import Configuration
from genesis.doctor.probes import Server
from genesis.store import open_engine
from genesis.store.mongo import failures
from genesis.store.mongo.causes import Causes
from genesis.store.schema import VERSION
from genesis.validate.results import Status
from tests.servers import Server as Running
from tests.servers import free_port
from tests.servers.azurite import azurite
from tests.servers.directory import TENANT, Directory

DEVELOPMENT = {"GENESIS_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true"}


def server(port: int = 0, host: str = "127.0.0.1", **values: str) -> Server:
    return Server(Configuration(values), host, port)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


def test_this_python_is_good_and_a_newer_one_is_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    assert probes.python(server()).status is Status.OK
    for version, status in (((3, 10), Status.FAILED), ((3, 13), Status.OK), ((3, 99), Status.WARNING)):
        monkeypatch.setattr(sys, "version_info", (*version, 0))
        assert probes.python(server()).status is status


def test_packages_that_these_settings_need_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"mlflow"}
    monkeypatch.setattr(probes, "_is_installed", lambda name: name in there)
    needy = server(
        GENESIS_AUTH="token", GENESIS_DATABASE_URI="mongodb://h/d", GENESIS_ARTIFACTS_URI="https://a/ccc"
    )
    missed = probes.packages(needy)
    assert missed.status is Status.FAILED
    assert missed.detail == ("Not installed: pymongo, argon2, azure.storage.blob, azure.identity, uvicorn.")
    there.add("uvicorn")
    assert probes.packages(server()).status is Status.OK
    there.remove("mlflow")
    assert "mlflow, which validate" in probes.packages(server()).detail


def test_a_package_whose_parent_is_not_there_is_not_there() -> None:
    assert not probes._is_installed("no.such.package")


def test_a_folder_that_is_not_there_yet_is_fine_and_stays_so(tmp_path: Path) -> None:
    good = probes.folder(server(GENESIS_DATA=str(tmp_path / "a" / "b")))
    assert (good.status, list(tmp_path.iterdir())) == (Status.OK, [])


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is a file" in probes.folder(server(GENESIS_DATA=str(tmp_path / "file" / "below"))).detail


def test_a_folder_that_may_not_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write everywhere.
    monkeypatch.setattr(os, "access", lambda place, how: Path(place) != tmp_path)
    wrong = probes.folder(server(GENESIS_DATA=str(tmp_path)))
    assert (wrong.status, str(tmp_path) in wrong.detail) == (Status.FAILED, True)


@pytest.mark.parametrize(
    ("free", "status"), [(1 << 40, Status.OK), (1 << 29, Status.WARNING), (1 << 20, Status.FAILED)]
)
def test_a_disk_that_is_nearly_full_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: Status
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=free))
    assert probes.folder(server(GENESIS_DATA=str(tmp_path))).status is status


def test_where_nothing_is_kept_here_no_folder_is_looked_at() -> None:
    elsewhere = server(GENESIS_DATABASE_URI="mongodb://h/d", GENESIS_ARTIFACTS_URI="https://a/ccc")
    assert probes.folder(elsewhere).status is Status.SKIPPED


def test_a_database_that_nobody_began_is_not_begun(database_uri: str, tmp_path: Path) -> None:
    found = probes.database(server(GENESIS_DATABASE_URI=database_uri))
    assert (found.status, "nothing of ours yet" in found.detail) == (Status.OK, True)
    assert not (tmp_path / "genesis.db").exists()


def test_a_database_that_is_in_use_says_its_schema(database_uri: str) -> None:
    open_engine(database_uri).close()
    found = probes.database(server(GENESIS_DATABASE_URI=database_uri))
    assert (found.status, f"is initialised (schema {VERSION})" in found.detail) == (Status.OK, True)


@pytest.mark.parametrize(("version", "status"), [(VERSION - 1, Status.WARNING), (VERSION + 1, Status.FAILED)])
def test_a_database_of_another_version_is_told(mongodb_uri: str, version: int, status: Status) -> None:
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        meta = client.get_default_database()["meta"]
        meta.insert_one({"_id": "schema", "version": version})
        assert probes.database(server(GENESIS_DATABASE_URI=mongodb_uri)).status is status
        assert meta.find_one() == {"_id": "schema", "version": version}


@pytest.mark.usefixtures("impatient")
def test_a_database_that_is_away_is_told_with_what_the_log_would_say(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The command is a process of its own, in which no test told the same a moment ago.
    monkeypatch.setattr(failures, "CAUSES", Causes(failures.LOG))
    uri = f"mongodb://ada:secret@127.0.0.1:{free_port()}/db"
    found = probes.database(server(GENESIS_DATABASE_URI=uri))
    assert found.status is Status.FAILED
    assert "Is it running, does its firewall let this server in" in found.detail
    assert "secret" not in found.detail
    assert caplog.records == []


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("oracle://h", "oracle"),
        ("mongodb://h.example/db?tls=false", "switches TLS off"),
        ("sqlite://", "must name a file"),
    ],
)
def test_a_uri_that_cannot_be_used_is_told(uri: str, told: str) -> None:
    found = probes.database(server(GENESIS_DATABASE_URI=uri))
    assert (found.status, told in found.detail) == (Status.FAILED, True)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database at all, but long enough to be taken for one " * 100)
    found = probes.database(server(GENESIS_DATABASE_URI=f"sqlite:///{quote(str(tmp_path / 'x.db'))}"))
    assert (found.status, "file cannot be used" in found.detail) == (Status.FAILED, True)


def test_a_storage_that_answers_and_signs_is_well(storage: Running) -> None:
    emulator = {**DEVELOPMENT, "GENESIS_ARTIFACTS_URI": f"{storage.url}/devstoreaccount1/doctor"}
    assert probes.artifacts(server(**emulator)).status is Status.OK
    assert probes.signing(server(**emulator)).status is Status.OK


def test_a_storage_with_another_key_is_told(storage: Running) -> None:
    wrong = server(
        GENESIS_ARTIFACTS_URI=f"{storage.url}/devstoreaccount1/doctor",
        GENESIS_STORAGE_CONNECTION_STRING="AccountName=devstoreaccount1;AccountKey=d3Jvbmc=",
    )
    found = probes.artifacts(wrong)
    assert (found.status, "refuses the server" in found.detail) == (Status.FAILED, True)


def test_an_emulator_that_does_not_run_is_told_how_to_start() -> None:
    away = server(
        **DEVELOPMENT, GENESIS_ARTIFACTS_URI=f"http://127.0.0.1:{free_port()}/devstoreaccount1/doctor"
    )
    found = probes.artifacts(away)
    assert (found.status, found.fix) == (Status.FAILED, "Start the emulator: npx azurite --silent")


def test_an_identity_that_may_not_sign_is_told_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    monkeypatch.setenv("PATH", "/nowhere")
    found = probes.signing(server(GENESIS_ARTIFACTS_URI="https://acc.blob.core.windows.net/ccc"))
    assert (found.status, "no Azure identity" in found.detail) == (Status.FAILED, True)
    assert "Storage Blob Delegator" in found.fix


@pytest.mark.parametrize(
    "values",
    [
        {"GENESIS_SIGNED_URL_MINUTES": "0"},
        {"GENESIS_ARTIFACTS_URI": "http://127.0.0.1:1/acc/ccc", "GENESIS_STORAGE_CONNECTION_STRING": "?"},
        {
            "GENESIS_ARTIFACTS_URI": "http://127.0.0.1:1/acc/ccc",
            "GENESIS_STORAGE_CONNECTION_STRING": "SharedAccessSignature=sv=1&sig=x",
        },
    ],
)
def test_what_does_not_sign_is_not_tried(values: dict[str, str]) -> None:
    assert probes.signing(server(**values)).status is Status.SKIPPED


def test_the_keys_of_a_directory_are_fetched() -> None:
    assert probes.directory(server()).status is Status.SKIPPED
    with Directory() as directory:
        entra = {
            "GENESIS_AUTH": "entra",
            "GENESIS_ENTRA_AUTHORITY": directory.url,
            "GENESIS_ENTRA_AUDIENCE": "a",
        }
        assert probes.directory(server(**entra, GENESIS_ENTRA_TENANT=TENANT)).status is Status.OK
        found = probes.directory(server(**entra, GENESIS_ENTRA_TENANT=TENANT.replace("1", "2")))
        assert (found.status, "status 404" in found.detail) == (Status.FAILED, True)


def test_a_port_that_is_taken_is_told_with_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        found = probes.port(server(number))
        assert (found.status, f"--port {number + 1}" in found.fix) == (Status.WARNING, True)
    assert probes.port(server(free_port())).status is Status.OK
    assert probes.port(server(1, "192.0.2.1")).status is Status.FAILED


def test_the_functions_host_has_its_own_port() -> None:
    of_a_file = Configuration({"A": "b"}, {"A": "b"})
    assert probes.port(Server(of_a_file, "127.0.0.1", 1)).status is Status.SKIPPED
