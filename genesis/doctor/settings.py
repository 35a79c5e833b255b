"""What is wrong with settings by themselves; asks nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from ipaddress import ip_address
from urllib.parse import urlsplit

from genesis.artifacts import open_artifacts
from genesis.auth import refusal
from genesis.doctor.configuration import PREFIX, Configuration
from genesis.doctor.masks import ACCOUNT, DEVELOPMENT_STORAGE
from genesis.settings import LONGEST_MINUTES, MOST_CONNECTIONS, PROXIED_UPLOAD_LIMIT, UNRESOLVED, Settings
from genesis.validate.azure_checks import SECRET, SECRETS
from genesis.validate.results import Result, failed, skipped, warning

ELSEWHERE = {
    "GENESIS_DIRECT_ARTIFACTS": "MLflow's clients read it",
    "GENESIS_ENTRA_CLIENT_ID": "a parameter of infra/bicep",
    "GENESIS_PRIVATE": "a parameter of infra/bicep",
    "GENESIS_DATABASE": "a parameter of infra/bicep",
}
"""Variables of ours that no server reads, and who does."""
OF_TESTS = ("GENESIS_TEST_", "GENESIS_PY", "GENESIS_OLDER_CLIENT", "GENESIS_NEWER_CLIENT")
HOST_LIMIT = 104_857_600
"""Bytes of a request that the Functions host takes when it is told nothing."""
MIB = 1 << 20
PER_PROCESS = "infra/bicep sets it as many as requests that an instance answers."

Found = Iterator[Result]


def names(c: Configuration) -> Found:
    """Variables that look like ours, and are none."""
    known = Settings.variables()
    for name in c.names:
        if name in known or name in ELSEWHERE or name.startswith(OF_TESTS):
            continue
        # Without what they all have in common.
        rest = {one.removeprefix(PREFIX): one for one in (*known, *ELSEWHERE)}
        meant = get_close_matches(name.upper().removeprefix(PREFIX), rest, n=1, cutoff=0.7)
        if meant:
            yield failed("names", f"{name} is no setting, so nothing reads it.", f"Call it {rest[meant[0]]}.")
        else:
            yield warning(
                "names", f"{name} is no setting, so nothing reads it.", "Unset it; README lists all."
            )


def values(c: Configuration) -> Found:
    """Values that mean nothing."""
    s = c.settings
    numbers: tuple[tuple[Callable[[], int], str], ...] = (
        (lambda: s.connections, f"Set a number from 1 to {MOST_CONNECTIONS}; {PER_PROCESS}"),
        (lambda: s.minutes, f"Set a number from 0 to {LONGEST_MINUTES}; 15 is the default."),
    )
    for read, fix in numbers:
        try:
            read()
        except ValueError as error:
            yield failed("values", str(error), fix)
    if s.largest_body != _mebibytes(s.proxied_upload_limit):
        detail = f"GENESIS_PROXIED_UPLOAD_LIMIT is {s.proxied_upload_limit!r}, which is no number of MiB."
        yield failed("values", detail, f"Set a whole number; {PROXIED_UPLOAD_LIMIT} holds until then.")
    for variable, given, known in (
        ("GENESIS_LOG_LEVEL", s.log_level.upper(), sorted(logging.getLevelNamesMapping())),
        ("GENESIS_LOG_FORMAT", s.log_format.lower(), ["text", "json"]),
        ("GENESIS_REQUEST_CHARGE", s.request_charge.lower(), ["true", "false"]),
    ):
        if given not in known:
            default = Settings.variables()[variable].default
            yield failed(
                "values",
                f"{variable} is {given!r}, which is none of {', '.join(known)}.",
                f"Set it to {default}.",
            )


def _mebibytes(text: str) -> int:
    return int(text) * MIB if text.isdecimal() and len(text) < 10 else -1


def references(c: Configuration) -> Found:
    """References to a key vault that stand where secrets should."""
    for name in Settings.variables():
        value = c.values.get(name, "")
        is_secret = bool(value) and (name in SECRETS or SECRET.search(value) is not None)
        if c.is_deployed and is_secret and UNRESOLVED not in value:
            detail = f"{name} holds a secret itself, for everybody who may read the app's settings."
            yield failed(
                "references", detail, "Keep it in a key vault, and refer to it, as infra/bicep does."
            )
        if value.startswith(UNRESOLVED):
            if c.is_deployed:
                yield skipped("references", f"{name} is a reference to a key vault, which the app resolves.")
            else:
                yield failed(
                    "references",
                    f"{name} is a reference to a key vault that was not resolved.",
                    "Give the app's identity the role Key Vault Secrets User, and see that the secret is "
                    "there; outside of Azure set the value itself.",
                )


def access(c: Configuration, host: str) -> Found:
    """Who may call."""
    s = c.settings
    reachable = not c.is_of_the_host and not _is_loopback(host)
    # A reference is what is wanted where the app resolves it.
    is_referred = c.is_deployed and s.token.startswith(UNRESOLVED)
    asked = replace(s, token="") if is_referred else s
    if refused := refusal(asked, is_reachable=reachable):
        yield failed("access", refused, "Nobody is answered until then: docs/authentication.md.")
    if s.auth == "open-to-anyone":
        fix = "Set GENESIS_AUTH to token, entra or platform, unless something in front asks who calls."
        yield warning("access", "Anybody who reaches the server may read, change and delete everything.", fix)
    if s.auth == "platform" and c.is_deployed:
        yield skipped(
            "access", "Whether the platform's sign-in is on is not among the settings.", "genesis validate"
        )
    for unused, mode in ((s.token, "token"), (s.entra_tenant or s.entra_audience, "entra")):
        if unused and s.auth != mode and not refused:
            name = "GENESIS_TOKEN" if mode == "token" else "GENESIS_ENTRA_TENANT and _AUDIENCE"
            yield warning(
                "access",
                f"{name} is set, but GENESIS_AUTH is {s.auth}.",
                f"Set GENESIS_AUTH={mode}, or unset it.",
            )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def database(c: Configuration) -> Found:
    """A database that nothing can be kept in."""
    refused = c.settings.database_refusal
    if refused and UNRESOLVED not in c.settings.database:
        yield failed("database", refused, "Set GENESIS_DATABASE_URI to a MongoDB URI: docs/deployment.md.")


def artifacts(c: Configuration) -> Found:
    """Where artifacts are, and how they are reached."""
    s = c.settings
    place = urlsplit(s.artifacts)
    if place.scheme == "file":
        if s.in_azure:
            detail = "Artifacts are in a folder of an instance's own disk, which goes with the instance."
            yield failed("artifacts", detail, "Set GENESIS_ARTIFACTS_URI to a Blob container's https:// URL.")
        if s.storage_connection_string:
            detail = "GENESIS_STORAGE_CONNECTION_STRING is of no use for artifacts in a folder."
            yield warning(
                "artifacts", detail, "Set GENESIS_ARTIFACTS_URI to the container's URL, or unset it."
            )
    elif not s.storage_connection_string.startswith(UNRESOLVED):
        try:
            open_artifacts(s.artifacts, s.storage_connection_string)
        except ValueError as error:
            yield failed(
                "artifacts", str(error), "README tells the form of both settings; docs/artifacts.md more."
            )
        yield from _storage(s)
    if not s.artifact_root.startswith("mlflow-artifacts:"):
        detail = (
            f"New experiments put their artifacts below {s.artifact_root}, which clients reach by themselves."
        )
        yield warning(
            "artifacts",
            detail,
            "Set GENESIS_ARTIFACT_ROOT to mlflow-artifacts:/, unless they have the rights.",
        )


def _storage(s: Settings) -> Found:
    place, given = urlsplit(s.artifacts), s.storage_connection_string
    if place.scheme == "http" and (s.in_azure or not _is_loopback(place.hostname or "")):
        detail = (
            f"{place.netloc} is reached without TLS: whoever is on the way reads artifacts and signatures."
        )
        yield (failed if s.in_azure else warning)(
            "artifacts", detail, "Set GENESIS_ARTIFACTS_URI to https://…"
        )
    if not given:
        return
    account, in_uri = ACCOUNT.search(given), (place.hostname or "").partition(".blob.")
    if account and in_uri[1] and account[1] != in_uri[0]:
        detail = f"The connection string is of the account {account[1]}, the container of {in_uri[0]}."
        yield failed("artifacts", detail, "Set both for the same account.")
    if given.strip(" ;").lower() == DEVELOPMENT_STORAGE and in_uri[1]:
        detail = "The connection string is the emulator's, the container is in Azure."
        yield failed(
            "artifacts", detail, "Unset GENESIS_STORAGE_CONNECTION_STRING: the identity needs no secret."
        )
    elif s.in_azure or in_uri[1]:
        detail = "A connection string opens the whole storage account to whoever has it."
        fix = "Unset GENESIS_STORAGE_CONNECTION_STRING, and give the identity the roles in docs/artifacts.md."
        yield warning("artifacts", detail, fix)
    if "sharedaccesssignature=" in given.lower() and "accountkey=" not in given.lower():
        detail = "A connection string with a SAS alone cannot sign URLs: all bytes pass through the server."
        yield warning("signing", detail, "Use an identity, or, for an emulator, the account's key.")


def transfers(c: Configuration) -> Found:
    """How large uploads come in."""
    s = c.settings
    if s.signed_url_minutes == "0":
        through = (
            "no upload above GENESIS_PROXIED_UPLOAD_LIMIT works" if c.is_of_the_host else "so do large files"
        )
        detail = f"GENESIS_SIGNED_URL_MINUTES is 0: all bytes pass through the server, and {through}."
        yield warning("signing", detail, "Set it to 15, unless clients cannot reach the storage.")
    given = c.values.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "")
    limit = int(given) if given.isdecimal() else HOST_LIMIT
    if c.is_of_the_host and limit < s.largest_body:
        detail = (
            f"The Functions host refuses uploads above {limit // MIB} MiB without a word, before "
            f"GENESIS_PROXIED_UPLOAD_LIMIT ({s.largest_body // MIB} MiB) can say what to do."
        )
        fix = f"Set FUNCTIONS_REQUEST_BODY_SIZE_LIMIT to {2 * s.largest_body}."
        yield warning("host", detail, fix)


def logs(c: Configuration) -> Found:
    """What logs cost, and who can read them."""
    s = c.settings
    if s.in_azure and s.log_level.upper() == "DEBUG":
        detail = "GENESIS_LOG_LEVEL is DEBUG in Azure: every line is paid for, and there are many."
        yield warning("logs", detail, "Set it to INFO.")
    if s.in_azure and not s.logs_json:
        detail = "GENESIS_LOG_FORMAT is text: in Azure the workbook and queries find no fields."
        yield warning("logs", detail, "Set it to json, as infra/bicep does.")
    if s.asks_charge:
        detail = (
            "GENESIS_REQUEST_CHARGE doubles the round trips to the database; only Cosmos DB RU answers it."
        )
        yield warning("logs", detail, "Set it to false when the measurement is done.")


def functions(c: Configuration) -> Found:
    """What the Functions host itself needs."""
    if not c.from_file:
        return
    if not c.is_deployed and c.values.get("FUNCTIONS_WORKER_RUNTIME") != "python":
        detail = f"FUNCTIONS_WORKER_RUNTIME is {c.values.get('FUNCTIONS_WORKER_RUNTIME') or 'not set'}."
        yield failed("host", detail, "Set it to python, as in local.settings.example.json.")
    if not any(name.startswith("AzureWebJobsStorage") and value for name, value in c.values.items()):
        detail = "AzureWebJobsStorage is not set: the Functions host does not start without a storage."
        yield failed(
            "host", detail, "Set it to UseDevelopmentStorage=true (and start Azurite), or deploy infra/bicep."
        )


ALL: tuple[Callable[[Configuration], Found], ...] = (
    names,
    values,
    references,
    database,
    artifacts,
    transfers,
    logs,
    functions,
)


def findings(c: Configuration, host: str) -> Found:
    """All that is wrong with the settings of a server that listens on ``host``."""
    for check in ALL:
        yield from check(c)
    yield from access(c, host)
