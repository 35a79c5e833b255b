"""Verbs on artifacts: proxied by path, and listed or read as a run's or a model's."""

from __future__ import annotations

from genesis.api import limits
from genesis.api.locations import held_at
from genesis.api.transfers import presigned_file, redirected
from genesis.artifacts import ArtifactInfo, Content, IsAFolder, UnsatisfiableRange
from genesis.artifacts.paths import WORKSPACES, may_be, safe, safe_file, safe_folder, scoped
from genesis.artifacts.spans import Span
from genesis.errors import Code, GenesisError, invalid, missing
from genesis.scope import Scope
from genesis.search.clauses import Clause, Op, Path
from genesis.wire import artifacts as w
from genesis.wire.base import Raw, Reply
from genesis.wire.transfers import PresignedReply

OF_RUN = "runs:/"
PROXIED = 1 << 20
"""Bytes that a host that cannot stream still answers by itself: less than the price of a redirect."""


def download(request: w.Download, scope: Scope) -> Raw:
    path = safe(request.path)
    return send(scoped(path, scope.workspace), request, scope)


def send(path: str, request: w.Ranged, scope: Scope) -> Raw:
    """The file at the store's path, or from where the storage itself sends it if the host cannot stream."""
    part = request.span is not None
    content = _open(path, request.span, scope)
    if part and request.if_range not in ("", content.etag):
        # What the client has is part of an older file: it gets the whole new one.
        content.chunks.close()
        part, content = False, _open(path, None, scope)
    if scope.redirects and content.end - content.start > PROXIED and (reply := redirected(path, scope)):
        content.chunks.close()
        return reply
    return w.downloaded(path, content, part=part)


def _open(path: str, span: Span | None, scope: Scope) -> Content:
    try:
        content = scope.artifacts.open(path, span)
    except IsAFolder:
        raise invalid(f"Artifact path refers to a directory, not a file: '{path}'") from None
    except UnsatisfiableRange as error:
        raise GenesisError(
            Code.INVALID_PARAMETER_VALUE,
            f"The range asked for lies behind the end of '{path}'.",
            status=416,
            headers={"Content-Range": f"bytes */{error.size}"},
        ) from None
    if content is None:
        raise missing(f"No such artifact: '{path}'")
    return content


def upload(request: w.Upload, scope: Scope) -> Raw:
    """The bytes go on to the storage as they come; a reader sees all of them or the old ones."""
    path = scoped(safe_file(request.path), scope.workspace)
    if scope.largest_body is not None and request.length > scope.largest_body:
        raise _too_large(request.length, scope)
    scope.artifacts.put(path, request.body.chunks(), w.content_type(path))
    return Raw()


def _too_large(length: int, scope: Scope) -> GenesisError:
    """Names what a client can do: a file of this size goes to the storage itself, in parts."""
    most = scope.largest_body or 0
    message = f"The file has {length} bytes, and no more than {most} pass through this server at once. "
    if scope.artifacts.direct(scope.base_url) is None:
        message += "Whoever runs it can raise GENESIS_PROXIED_UPLOAD_LIMIT."
    else:
        message += (
            "Send it to the storage itself: set MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD=true and "
            f"MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE={most} where the client runs, or "
            "`pip install genesis-flow` beside its mlflow (MLflow clients from 3.18 on need neither)."
        )
    return GenesisError(Code.INVALID_PARAMETER_VALUE, message, status=413)


def upload_of_run(request: w.UploadArtifact, scope: Scope) -> Raw:
    """A small file that a page writes; what is wrong is said in MLflow's order."""
    if not request.run_id:
        raise invalid("Request must specify run_uuid.")
    if not request.path:
        raise invalid("Request must specify path.")
    relative = safe_file(request.path)
    if request.is_too_large:
        raise invalid("Artifact size is too large. Max size is 10MB.")
    if not request.content:
        raise invalid("Request must specify data.")
    size = len(request.content)
    if scope.largest_body is not None and size > scope.largest_body:
        raise _too_large(size, scope)
    path = held_at(scope.store.runs.get(request.run_id).artifact_uri, relative, scope.workspace)
    scope.artifacts.put(path, iter([request.content]), w.content_type(path))
    return Raw(headers={"Content-Type": "application/json"})


def list_proxied(request: w.ListProxied, scope: Scope) -> w.ListProxiedReply:
    """Paths are relative to the folder asked for."""
    folder = scoped(safe_folder(request.path), scope.workspace)
    files = [w.file(info, _name(info)) for info in _listed(folder, scope)]
    return {"files": files} if files else {}


def _listed(folder: str, scope: Scope) -> list[ArtifactInfo]:
    """What is in a folder; the default workspace's root does not show the other workspaces."""
    found = scope.artifacts.list(folder)
    return [info for info in found if not may_be(info.path, WORKSPACES)] if not folder else found


def _name(info: ArtifactInfo) -> str:
    return info.path.rpartition("/")[2]


def delete(request: w.Delete, scope: Scope) -> Reply:
    """Nothing there is no error, for MLflow."""
    scope.artifacts.delete(scoped(safe(request.artifact_path), scope.workspace))
    return {}


def list_of_run(request: w.ListArtifacts, scope: Scope) -> w.ListArtifactsReply:
    """Paths are relative to the run's root."""
    relative = safe_folder(request.path)
    return _list_of(scope.store.runs.get(request.run).artifact_uri, relative, scope)


def list_of_logged_model(request: w.ListLoggedModelArtifacts, scope: Scope) -> w.ListArtifactsReply:
    """Paths are relative to the model's root."""
    relative = safe_folder(request.artifact_directory_path)
    return _list_of(scope.store.logged_models.get(request.model_id).artifact_uri, relative, scope)


def _list_of(root: str, relative: str, scope: Scope) -> w.ListArtifactsReply:
    folder = held_at(root, relative, scope.workspace)
    reply = w.ListArtifactsReply(root_uri=root)
    files = [w.file(info, f"{relative}/{_name(info)}".lstrip("/")) for info in _listed(folder, scope)]
    if files:
        reply["files"] = files
    return reply


def get_of_run(request: w.GetArtifact, scope: Scope) -> Raw:
    if not request.path:
        raise invalid("Missing value for required parameter 'path'.")
    relative = safe(request.path)
    run = scope.store.runs.get(request.run_id)
    return send(held_at(run.artifact_uri, relative, scope.workspace), request, scope)


def get_of_logged_model(request: w.GetLoggedModelArtifact, scope: Scope) -> Raw | PresignedReply:
    if not request.path:
        raise GenesisError(Code.BAD_REQUEST, 'Request must include the "artifact_file_path" query parameter.')
    relative = safe(request.path)
    model = scope.store.logged_models.get(request.model_id)
    path = held_at(model.artifact_uri, relative, scope.workspace)
    return presigned_file(path, scope) if request.presigned else send(path, request, scope)


def get_of_model_version(request: w.GetModelVersionArtifact, scope: Scope) -> Raw | PresignedReply:
    if request.path is None:
        raise invalid("Missing value for required parameter 'path'.")
    relative = safe(request.path)
    limits.check_model_name(request.name)
    number = limits.existing_number(request.name, request.version)
    version = scope.store.model_versions.get(request.name, number)
    path = _held_of_version(version.storage, relative, scope)
    return presigned_file(path, scope) if request.presigned else send(path, request, scope)


def _held_of_version(storage: str, relative: str, scope: Scope) -> str:
    """Where a version's file lies in the store.

    What the UI registers from a run's page has ``runs:/…`` for its source: a folder of the run's, or a logged
    model of the run's by its name, which clients prefer.
    """
    run_id, _, folder = storage.removeprefix(OF_RUN).partition("/")
    if not storage.startswith(OF_RUN) or not run_id:
        return held_at(storage, relative, scope.workspace)
    run = scope.store.runs.get(run_id)
    folder = safe_folder(folder)
    name, _, below = folder.partition("/")
    where = (Clause(Path("source_run_id"), Op.EQ, run_id), Clause(Path("name"), Op.EQ, name))
    models, _ = scope.store.logged_models.search([run.experiment_id], where, (), ("", 1))
    root, inside = (models[0].artifact_uri, below) if models else (run.artifact_uri, folder)
    return held_at(root, f"{inside}/{relative}".lstrip("/"), scope.workspace)
