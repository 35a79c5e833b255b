"""Which settings, and which of them together, are told to be wrong; and that good ones are not."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from genesis.doctor.configuration import Configuration, of_environment, of_file
from genesis.doctor.settings import ELSEWHERE, OF_TESTS, findings
from genesis.settings import Settings
from genesis.validate.results import Result

ROOT = Path(__file__).parents[3]
TENANT = "11111111-2222-3333-4444-abcdefabcdef"
BLOB = "https://acc.blob.core.windows.net/ccc"
KEYED = "AccountName=acc;AccountKey=a2V5"
VAULT = "@Microsoft.KeyVault(SecretUri=https://v/s)"
GOOD_APP = {
    "GENESIS_AUTH": "token",
    "GENESIS_TOKEN": VAULT,
    "GENESIS_DATABASE_URI": "mongodb+srv://client@c.example/genesis?authMechanism=MONGODB-OIDC",
    "GENESIS_ARTIFACTS_URI": BLOB,
    "GENESIS_LOG_FORMAT": "json",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "209715200",
    "AzureWebJobsStorage__credential": "managedidentity",
}


def app(**changed: str) -> Configuration:
    """An app in Azure, as ``az`` lists its settings; an empty value takes one away."""
    values = {**GOOD_APP, **changed}
    return of_file(json.dumps([{"name": n, "value": v} for n, v in values.items() if v]), {})


def local(**values: str) -> Configuration:
    return of_environment(values)


def told(found: Configuration, host: str = "127.0.0.1") -> list[tuple[str, str]]:
    return [(result.status.value, result.name) for result in findings(found, host)]


def texts(found: Configuration, host: str = "127.0.0.1") -> str:
    return " ".join(f"{r.detail} {r.fix}" for r in findings(found, host))


def test_a_laptop_with_nothing_set_is_well() -> None:
    assert told(local()) == []


def test_what_infra_deploys_is_well() -> None:
    assert told(app()) == [("skipped", "references")]


def test_the_example_for_the_functions_host_is_well() -> None:
    text = (ROOT / "local.settings.example.json").read_text()
    assert told(of_file(text, {})) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GENESIS_DATABSE_URI", "Call it GENESIS_DATABASE_URI."),
        ("GENESIS_TOKENS", "Call it GENESIS_TOKEN."),
        ("GENESIS_ARTIFACT_URI", "Call it GENESIS_ARTIFACT"),
        ("genesis_auth", "Call it GENESIS_AUTH."),
    ],
)
def test_a_name_that_is_nearly_one_is_told_which_is_meant(name: str, meant: str) -> None:
    found = local(**{name: "a-secret"})
    assert told(found) == [("failed", "names")]
    assert meant in texts(found) and "a-secret" not in texts(found)


def test_a_name_that_is_like_none_is_told() -> None:
    assert told(local(GENESIS_FOO="1")) == [("warning", "names")]


def test_every_variable_of_this_repository_is_known() -> None:
    listed = subprocess.run(
        [
            "git",
            "grep",
            "-hoE",
            r"GENESIS_[A-Z0-9]+(_[A-Z0-9]+)*",
            "--",
            "infra",
            "bench",
            "genesis",
            "Makefile",
            ":!genesis/doctor",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    read = set(Settings.variables()) | ELSEWHERE.keys()
    assert {name for name in listed if not name.startswith(OF_TESTS)} - read == set()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GENESIS_DATABASE_CONNECTIONS", "0"),
        ("GENESIS_DATABASE_CONNECTIONS", "many"),
        ("GENESIS_SIGNED_URL_MINUTES", "61"),
        ("GENESIS_PROXIED_UPLOAD_LIMIT", "100 MiB"),
        ("GENESIS_LOG_LEVEL", "LOUD"),
        ("GENESIS_LOG_FORMAT", "xml"),
        ("GENESIS_REQUEST_CHARGE", "yes"),
    ],
)
def test_a_value_that_means_nothing_is_told_with_one_that_does(variable: str, value: str) -> None:
    found = local(**{variable: value})
    assert ("failed", "values") in told(found)
    result = next(r for r in findings(found, "127.0.0.1") if r.name == "values")
    assert variable in result.detail and repr(value).lower() in result.detail.lower()
    assert re.search(r"Set (it|a)", result.fix)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "somewhere.example"])  # noqa: S104
def test_a_server_that_others_reach_and_that_asks_nobody_is_told(host: str) -> None:
    assert told(local(), host) == [("failed", "access")]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_loopback_nobody_needs_to_be_asked(host: str) -> None:
    assert told(local(), host) == []


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        ({"GENESIS_AUTH": "passwords"}, ("failed", "access"), "must be one of"),
        ({"GENESIS_AUTH": "open-to-anyone"}, ("warning", "access"), "Anybody"),
        ({"GENESIS_AUTH": "entra"}, ("failed", "access"), "GENESIS_ENTRA_TENANT"),
        ({"GENESIS_AUTH": "entra", "GENESIS_ENTRA_TENANT": TENANT}, ("failed", "access"), "_AUDIENCE"),
        ({"GENESIS_AUTH": "platform"}, ("failed", "access"), "no platform"),
        ({"GENESIS_AUTH": "token", "GENESIS_TOKEN": "short"}, ("failed", "access"), "32 characters"),
        ({"GENESIS_TOKEN": "t" * 32}, ("warning", "access"), "GENESIS_AUTH=token"),
        ({"GENESIS_ENTRA_AUDIENCE": "a"}, ("warning", "access"), "GENESIS_AUTH=entra"),
        ({"GENESIS_DATABASE_URI": VAULT}, ("failed", "references"), "Key Vault Secrets User"),
        ({"GENESIS_ARTIFACTS_URI": "ftp://h/c"}, ("failed", "artifacts"), "ftp"),
        (
            {"GENESIS_ARTIFACTS_URI": "http://127.0.0.1:1/acc/ccc"},
            ("failed", "artifacts"),
            "CONNECTION_STRING",
        ),
        ({"GENESIS_ARTIFACTS_URI": BLOB[:-2]}, ("failed", "artifacts"), "container"),
        (
            {"GENESIS_ARTIFACTS_URI": "http://h/acc/ccc", "GENESIS_STORAGE_CONNECTION_STRING": KEYED},
            ("warning", "artifacts"),
            "without TLS",
        ),
        (
            {"GENESIS_STORAGE_CONNECTION_STRING": KEYED},
            ("warning", "artifacts"),
            "of no use for artifacts in a folder",
        ),
        ({"GENESIS_ARTIFACT_ROOT": "s3://b"}, ("warning", "artifacts"), "mlflow-artifacts:/"),
        ({"GENESIS_SIGNED_URL_MINUTES": "0"}, ("warning", "signing"), "all bytes pass through"),
        ({"GENESIS_REQUEST_CHARGE": "true"}, ("warning", "logs"), "round trips"),
    ],
)
def test_what_does_not_go_together_is_told(
    values: dict[str, str], expected: tuple[str, str], words: str
) -> None:
    found = local(**values)
    assert expected in told(found)
    assert words in texts(found)


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        ({"GENESIS_AUTH": ""}, ("failed", "access"), "refused in Azure"),
        ({"GENESIS_AUTH": "open-to-anyone"}, ("warning", "access"), "Anybody"),
        ({"GENESIS_TOKEN": "t" * 32}, ("failed", "references"), "holds a secret itself"),
        ({"GENESIS_DATABASE_URI": "mongodb://a:pass@h/d"}, ("failed", "references"), "holds a secret itself"),
        ({"GENESIS_DATABASE_URI": ""}, ("failed", "database"), "sqlite:"),
        ({"GENESIS_ARTIFACTS_URI": ""}, ("failed", "artifacts"), "goes with the instance"),
        (
            {"GENESIS_ARTIFACTS_URI": BLOB, "GENESIS_STORAGE_CONNECTION_STRING": KEYED},
            ("warning", "artifacts"),
            "opens the whole storage account",
        ),
        (
            {
                "GENESIS_ARTIFACTS_URI": BLOB,
                "GENESIS_STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
            },
            ("failed", "artifacts"),
            "emulator",
        ),
        (
            {
                "GENESIS_ARTIFACTS_URI": "https://other.blob.core.windows.net/ccc",
                "GENESIS_STORAGE_CONNECTION_STRING": KEYED,
            },
            ("failed", "artifacts"),
            "the account acc, the container of other",
        ),
        (
            {
                "GENESIS_ARTIFACTS_URI": BLOB,
                "GENESIS_STORAGE_CONNECTION_STRING": "SharedAccessSignature=sv=1&sig=x",
            },
            ("warning", "signing"),
            "cannot sign",
        ),
        ({"GENESIS_SIGNED_URL_MINUTES": "0"}, ("warning", "signing"), "no upload above"),
        (
            {"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1048576"},
            ("warning", "host"),
            "refuses uploads above 1 MiB",
        ),
        ({"GENESIS_PROXIED_UPLOAD_LIMIT": "300"}, ("warning", "host"), "629145600"),
        ({"GENESIS_LOG_LEVEL": "debug"}, ("warning", "logs"), "DEBUG in Azure"),
        ({"GENESIS_LOG_FORMAT": ""}, ("warning", "logs"), "json"),
        ({"GENESIS_AUTH": "platform", "GENESIS_TOKEN": ""}, ("skipped", "access"), "sign-in"),
        ({"AzureWebJobsStorage__credential": ""}, ("failed", "host"), "AzureWebJobsStorage"),
    ],
)
def test_what_does_not_go_together_in_azure_is_told(
    values: dict[str, str], expected: tuple[str, str], words: str
) -> None:
    found = app(**values)
    assert expected in told(found)
    assert words in texts(found)


def test_a_settings_file_without_the_worker_is_told() -> None:
    found = of_file('{"Values": {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}}', {})
    assert ("failed", "host") in told(found)
    assert "FUNCTIONS_WORKER_RUNTIME is not set" in texts(found)


def test_each_finding_says_what_to_do() -> None:
    wrong = app(GENESIS_AUTH="", GENESIS_LOG_FORMAT="", GENESIS_DATABASE_URI="", GENESIS_ARTIFACTS_URI="")
    results: list[Result] = [r for r in findings(wrong, "127.0.0.1") if r.status.value != "skipped"]
    assert len(results) >= 4
    assert all(result.fix.endswith((".", "…")) for result in results)
