"""What may be the source of a model version (``mlflow/server/handlers.py``, _create_model_version).

A source that lies on this server must belong to the run or logged model that the request names; what lies
elsewhere is taken at its word.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import ParseResult, unquote, unquote_plus, urlparse

from genesis.api import limits, locations
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import (
    LATEST,
    PROMPT_TAG,
    ModelVersion,
    RegisteredModel,
    alias_not_found,
    newest,
    stage_of,
)
from genesis.errors import Code, GenesisError, invalid
from genesis.scope import Scope
from genesis.wire.model_versions import CreateModelVersion

PLACEHOLDERS = ("dummy-source", "prompt-template")
"""Sources of prompts, which have no artifacts."""

THIS_HOST = (".", "localhost", "127.0.0.1")


@dataclass(frozen=True)
class Source:
    """A source that may be registered, with what was looked up to find that out."""

    uri: str
    run_id: str
    model_id: str
    is_prompt: bool = False
    model: LoggedModel | None = None
    version: ModelVersion | None = None


class Reference(NamedTuple):
    """What a URI with the scheme ``models`` names: a logged model, or a version of a registered one."""

    model_id: str = ""
    name: str = ""
    version: str = ""
    stage: str = ""
    alias: str = ""


def checked(request: CreateModelVersion, scope: Scope) -> Source:
    """The source that a request gives; raises INVALID_PARAMETER_VALUE if it must not be registered."""
    limits.check_length("source", limits.MAX_SOURCE, request.source)
    is_prompt = marks_prompt({tag.key: tag.value for tag in request.tags})
    if is_prompt and request.source not in PLACEHOLDERS:
        raise invalid(
            f"Invalid prompt source: '{request.source}'. Prompt sources must use an MLflow placeholder."
        )
    if not scope.trusted:
        locations.check_host(request.source, "source")
    source = Source(request.source, request.run_id or "", request.model_id or "", is_prompt)
    if is_prompt:
        return source
    if urlparse(source.uri).scheme == "models":
        source = _original(source, request, scope)
    if scope.trusted:
        return _named(source)
    return _of_model(source, scope) if source.model_id else _of_run(source, scope)


def marks_prompt(tags: dict[str, str]) -> bool:
    """Whether these are a prompt's tags where MLflow's server decides what to do with it."""
    return tags.get(PROMPT_TAG, "").lower() == "true"


def located(source: Source, scope: Scope) -> Source:
    """The source with the logged model or the version that says where its artifacts lie, and their run."""
    if not source.model_id or (source.is_prompt and source.run_id):
        return source
    model = source.model
    try:
        model = model or _model(source.model_id, scope)
    except GenesisError as error:
        if urlparse(source.uri).scheme != "models" or error.code is not Code.RESOURCE_DOES_NOT_EXIST:
            raise
        raise invalid(
            f"Unable to fetch model from model URI source artifact location '{source.uri}'. {error.message}"
        ) from None
    return replace(source, model=model, run_id=source.run_id or model.source_run_id)


def _model(model_id: str, scope: Scope) -> LoggedModel:
    return scope.elsewhere(model_id) if scope.elsewhere else scope.store.logged_models.get(model_id)


def storage(source: Source) -> str:
    """Where the artifacts of a located source lie."""
    if source.version is not None:
        return source.version.storage
    if source.model is not None and urlparse(source.uri).scheme == "models":
        return source.model.artifact_uri
    return source.uri


def _original(source: Source, request: CreateModelVersion, scope: Scope) -> Source:
    """A copy of another version has that one's run; a source that is none is returned as it is."""
    if urlparse(source.uri).netloc:
        raise _refused(source.uri, "Registered model sources must use the active model registry.")
    reference = _reference(source.uri)
    if reference.model_id:
        return source
    version = _version(source.uri, reference, scope)
    if (request.run_id is not None and request.run_id != version.run_id) or request.model_id:
        raise _refused(
            source.uri,
            "The run_id and model_id request parameters must match the referenced model version.",
        )
    return replace(
        source,
        uri=f"models:/{version.name}/{version.number}",
        run_id=version.run_id,
        version=version,
    )


def _named(source: Source) -> Source:
    """The source with the logged model that its URI names, if it names one."""
    is_model = urlparse(source.uri).scheme == "models" and source.version is None
    return replace(source, model_id=_reference(source.uri).model_id) if is_model else source


def _reference(uri: str) -> Reference:
    path = urlparse(uri, allow_fragments=False).path
    name, *suffixes = path.lstrip("/").split("/")
    if not path.startswith("/") or len(suffixes) > 1 or not name.strip():
        raise _elsewhere(uri, "model_id")
    if suffixes:
        return _suffixed(uri, name, suffixes[0])
    if "@" not in name:
        return Reference(model_id=name)
    name, _, alias = name.rpartition("@")
    if not alias.strip():
        raise _elsewhere(uri, "model_id")
    return Reference(name=name, alias=alias)


def _suffixed(uri: str, name: str, suffix: str) -> Reference:
    if not suffix.strip():
        raise _elsewhere(uri, "model_id")
    if suffix.isdigit():
        return Reference(name=name, version=suffix)
    return Reference(name=name, stage="" if suffix.lower() == LATEST else suffix)


def _version(uri: str, reference: Reference, scope: Scope) -> ModelVersion:
    """The version that is named; mostly it came with its model."""
    limits.check_model_name(reference.name)
    model = scope.store.registered_models.get(reference.name)
    if marks_prompt(model.tags):
        raise _refused(uri, "Prompt versions cannot be used as model version sources.")
    number = _number(reference, model)
    for version in model.latest:
        if version.number == number:
            return version
    return scope.store.model_versions.get(model.name, number)


def _number(reference: Reference, model: RegisteredModel) -> int:
    if reference.version:
        return limits.existing_number(model.name, reference.version)
    if reference.alias:
        limits.check_alias(reference.alias)
        if reference.alias.lower() == LATEST:
            return newest(model).number
        if reference.alias not in model.aliases:
            raise alias_not_found(reference.alias)
        return model.aliases[reference.alias]
    stage = stage_of(reference.stage) if reference.stage else ""
    numbers = [version.number for version in model.latest if stage in ("", version.stage)]
    if not numbers:
        within = f" and stage '{reference.stage}'" if stage else ""
        raise invalid(f"No versions of model with name '{model.name}'{within} found")
    return max(numbers)


def _of_run(source: Source, scope: Scope) -> Source:
    """A source in this server's storage must be of the run that is given."""
    uri = source.uri
    if _is_local(uri):
        _check_local(uri, "run_id", _run_root(source, scope) if source.run_id else None)
        return source
    parsed = _path_checked(uri)
    if parsed.scheme == "runs" and not _is_below(parsed, source.run_id):
        raise _elsewhere(uri, "run_id")
    if parsed.scheme == "models" and source.version is None:
        raise _elsewhere(uri, "model_id")
    if parsed.scheme == "mlflow-artifacts" and not (
        source.run_id and _is_within(uri, _run_root(source, scope))
    ):
        raise _elsewhere(uri, "run_id")
    return source


def _run_root(source: Source, scope: Scope) -> str:
    try:
        return scope.store.runs.get(source.run_id).artifact_uri
    except GenesisError as error:
        raise _unless_missing(error, source.uri, "run_id") from None


def _of_model(source: Source, scope: Scope) -> Source:
    """A source in this server's storage must be of the logged model that is given."""
    uri = source.uri
    if _is_local(uri):
        source = _with_model(source, scope)
        _check_local(uri, "model_id", source.model.artifact_uri if source.model else None)
        return source
    parsed = _path_checked(uri)
    if parsed.scheme == "runs" or (parsed.scheme == "models" and not _is_below(parsed, source.model_id)):
        raise _elsewhere(uri, "model_id")
    if parsed.scheme == "mlflow-artifacts":
        source = _with_model(source, scope)
        if source.model is None or not _is_within(uri, source.model.artifact_uri):
            raise _elsewhere(uri, "model_id")
    return source


def _with_model(source: Source, scope: Scope) -> Source:
    try:
        return replace(source, model=scope.store.logged_models.get(source.model_id))
    except GenesisError as error:
        raise _unless_missing(error, source.uri, "model_id") from None


def _unless_missing(error: GenesisError, uri: str, field: str) -> GenesisError:
    return _elsewhere(uri, field) if error.code is Code.RESOURCE_DOES_NOT_EXIST else error


def _is_below(parsed: ParseResult, id: str) -> bool:
    """Whether a URI's path begins with the id of the resource that its scheme speaks of."""
    first, _, _ = parsed.path.removeprefix("/").partition("/")
    return not parsed.netloc and parsed.path.startswith("/") and first == id != ""


def _is_local(uri: str) -> bool:
    parsed = urlparse(uri)
    if parsed.scheme == "file" and parsed.hostname and not parsed.hostname.startswith(THIS_HOST):
        raise invalid(f"'source' names a file on another host: '{uri}'")
    return parsed.scheme == "file" or (not parsed.scheme and uri != "databricks")


def _check_local(uri: str, field: str, root: str | None) -> None:
    """A path on somebody's disk must lie below ``root``; this server reads none of them."""
    shown = uri
    if root is not None:
        shown = _local_path(uri)
        if urlparse(root).scheme in ("", "file") and _is_path_within(shown, _local_path(root)):
            return
    raise _refused(
        shown,
        f"To use a local path as a model version source, the {field} request parameter has to be specified "
        f"and the local path has to be contained within the artifact directory of the run "
        f"specified by the {field}.",
    )


def _local_path(uri: str) -> str:
    path = urlparse(uri).path if uri.startswith("file:") else uri
    return posixpath.normpath(unquote(path))


def _is_path_within(path: str, root: str) -> bool:
    return posixpath.isabs(path) and _begins(path.split("/"), root.rstrip("/").split("/"))


def _is_within(uri: str, root: str) -> bool:
    (host, parts), (root_host, root_parts) = _place(uri), _place(root)
    return host == root_host and bool(root_parts) and _begins(parts, root_parts)


def _place(uri: str) -> tuple[tuple[str, str], list[str]]:
    parsed = urlparse(uri)
    parts = [_decoded(part, unquote) for part in parsed.path.split("/") if part]
    return (parsed.scheme, parsed.netloc.lower()), parts


def _begins(parts: Sequence[str], start: Sequence[str]) -> bool:
    return list(parts[: len(start)]) == list(start)


def _path_checked(uri: str) -> ParseResult:
    """The URI's parts; refused unless its path, however often it is decoded, is absolute and plain."""
    decoded = _decoded(uri, unquote_plus)
    path = re.sub("/+", "/", _path_of(decoded).rstrip("/"))
    plain = path.startswith("/") and path == posixpath.normpath(path) and "\0" not in path
    if not plain or ".." in decoded.split("/"):
        raise _refused(
            uri,
            "If supplying a source as an http, https, local file path, ftp, objectstore, or "
            "mlflow-artifacts uri, an absolute path must be provided without relative path references "
            "present. Please provide an absolute path.",
        )
    return urlparse(uri)


def _path_of(uri: str) -> str:
    """The path in a URI, "" if it is none."""
    try:
        return urlparse(uri).path
    except ValueError:
        return ""


def _decoded(text: str, decode: Callable[[str], str]) -> str:
    """``text`` decoded until nothing is left to decode."""
    while (decoded := decode(text)) != text:
        text = decoded
    return text


def _refused(uri: str, why: str) -> GenesisError:
    return invalid(f"Invalid model version source: '{uri}'. {why}")


def _elsewhere(uri: str, field: str) -> GenesisError:
    return _refused(
        uri, f"The {field} request parameter must identify the resource that contains the source."
    )
