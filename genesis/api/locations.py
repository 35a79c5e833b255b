"""Artifact locations: what a client may name, and where a run's artifacts lie below them."""

from __future__ import annotations

from urllib.parse import unquote, urlparse, urlunparse

from genesis.api.limits import MAX_ARTIFACT_LOCATION
from genesis.artifacts.paths import scoped, within
from genesis.errors import invalid

HOST_ADDRESSED = frozenset(
    {"ftp", "sftp", "hdfs", "viewfs", "http", "https", "mlflow-artifacts", "r2", "b2", "abfss"}
)
"""Schemes whose URI names the host to connect to (``mlflow/store/artifact/host_policy.py``)."""


def check(location: str, *, trusted: bool = False) -> None:
    """Raises INVALID_PARAMETER_VALUE for a location MLflow would not store; a trusted one names hosts."""
    try:
        parsed = urlparse(location)
    except ValueError:
        raise invalid(f"'artifact_location' is not a URI: '{location}'") from None
    if parsed.fragment or parsed.params:
        raise invalid("'artifact_location' URL can't include fragments or params.")
    if ".." in _decoded(parsed.query):
        raise invalid("Invalid query string")
    if not trusted:
        check_host(location, "artifact_location")
    if location.startswith("runs:"):
        raise invalid(f"Artifact location cannot be a runs:/ URI. Given: '{location}'")
    if len(location) > MAX_ARTIFACT_LOCATION:
        raise invalid(
            "Invalid artifact path length. The length of the artifact path cannot be greater than "
            f"{MAX_ARTIFACT_LOCATION} characters. To configure this limit, please set the "
            "MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH environment variable."
        )


def check_host(uri: str, field: str) -> None:
    """Raises INVALID_PARAMETER_VALUE for a URI that names a host to connect to."""
    try:
        parsed = urlparse(uri)
    except ValueError:
        raise invalid(f"'{field}' is not a URI: '{uri}'") from None
    scheme = parsed.scheme
    if scheme in HOST_ADDRESSED and not (scheme == "mlflow-artifacts" and not parsed.netloc):
        raise invalid(
            f"'{field}' cannot use the '{scheme}' scheme: the '{scheme}' scheme addresses a host"
            " other than the tracking server's configured artifact storage, so the server would connect to"
            " the host named in the URI. Set the MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment"
            " variable on the server to allow it."
        )


def _decoded(text: str) -> str:
    for _ in range(10):
        text = unquote(text)
    return text


def below(location: str, *names: str) -> str:
    """The location with ``names`` appended to its path, its query kept."""
    parsed = urlparse(location)
    path = "/".join((parsed.path.rstrip("/"), *names))
    if not parsed.scheme:
        return path
    if not parsed.path.startswith("/"):
        return f"{parsed.scheme}:" + urlunparse(parsed._replace(scheme="", path=path))
    return urlunparse(parsed._replace(path=path))


def held_at(root: str, relative: str, workspace: str) -> str:
    """Where a safe path below ``root`` lies in the store; refused if it is not this server that keeps it."""
    held = within(root)
    if held is None:
        raise invalid(
            f"The artifacts are at {root.partition('?')[0]}, which this server does not serve: "
            "clients read and write them there themselves."
        )
    return scoped("/".join(part for part in (held, relative) if part), workspace)
