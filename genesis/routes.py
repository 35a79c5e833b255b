"""The whole API as rows; no behaviour."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, Protocol

from genesis.api import (
    artifacts,
    experiments,
    graphql,
    logged_models,
    metrics,
    model_versions,
    registered_models,
    runs,
    server,
    signed,
    static_files,
    transfers,
    ui,
)
from genesis.errors import Code, GenesisError
from genesis.http import Request
from genesis.scope import Scope
from genesis.wire import artifacts as wa
from genesis.wire import experiments as we
from genesis.wire import graphql as wq
from genesis.wire import logged_models as wl
from genesis.wire import metrics as wm
from genesis.wire import model_versions as wv
from genesis.wire import registered_models as wg
from genesis.wire import runs as wr
from genesis.wire import static_files as ws
from genesis.wire import transfers as wt
from genesis.wire import ui as wu
from genesis.wire.base import Nothing, Reply


class Decodes(Protocol):
    """A request type that can read itself from HTTP."""

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Any: ...


Handler = Callable[[Any, Scope], Reply]

API = ("/api", "/ajax-api")
UI = ("/ajax-api",)
ROOT = ("",)
FILE = "{artifact_path*}"


class Route(NamedTuple):
    """One endpoint; ``since`` is the version in its path, ``under`` the prefixes it answers below.

    One that is ``open`` answers whoever asks: it tells nothing of what is kept, or looks at a grant itself.
    """

    method: str
    path: str
    since: int
    request: type[Decodes]
    handler: Handler
    under: tuple[str, ...] = API
    open: bool = False

    def paths(self) -> Iterator[str]:
        """Where it is served."""
        for prefix in self.under:
            yield f"{prefix}/{self.since}.0{self.path}" if prefix else self.path


ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", 0, Nothing, server.health, ROOT, open=True),
    Route("GET", "/health/live", 0, Nothing, server.health, ROOT, open=True),
    Route("GET", "/health/ready", 0, Nothing, server.ready, ROOT, open=True),
    Route("GET", "/version", 0, Nothing, server.version, ROOT, open=True),
    Route("GET", "/", 0, ws.StaticFile, static_files.page, ROOT, open=True),
    Route("GET", "/static-files/{path*}", 0, ws.StaticFile, static_files.get, ROOT, open=True),
    Route("GET", "/mlflow/server-info", 3, Nothing, server.info, open=True),
    Route("POST", "/mlflow/experiments/create", 2, we.CreateExperiment, experiments.create),
    Route("GET", "/mlflow/experiments/get", 2, we.GetExperiment, experiments.get),
    Route("GET", "/mlflow/experiments/get-by-name", 2, we.GetExperimentByName, experiments.get_by_name),
    Route("POST", "/mlflow/experiments/search", 2, we.SearchExperiments, experiments.search),
    Route("GET", "/mlflow/experiments/search", 2, we.SearchExperiments, experiments.search),
    Route("POST", "/mlflow/experiments/update", 2, we.UpdateExperiment, experiments.update),
    Route("POST", "/mlflow/experiments/delete", 2, we.DeleteExperiment, experiments.delete),
    Route("POST", "/mlflow/experiments/restore", 2, we.RestoreExperiment, experiments.restore),
    Route("POST", "/mlflow/experiments/set-experiment-tag", 2, we.SetExperimentTag, experiments.set_tag),
    Route(
        "POST", "/mlflow/experiments/delete-experiment-tag", 2, we.DeleteExperimentTag, experiments.delete_tag
    ),
    Route(
        "POST", "/mlflow/experiments/search-datasets", 2, we.SearchDatasets, experiments.search_datasets, UI
    ),
    Route("POST", "/mlflow/runs/create", 2, wr.CreateRun, runs.create),
    Route("GET", "/mlflow/runs/get", 2, wr.GetRun, runs.get),
    Route("POST", "/mlflow/runs/update", 2, wr.UpdateRun, runs.update),
    Route("POST", "/mlflow/runs/delete", 2, wr.DeleteRun, runs.delete),
    Route("POST", "/mlflow/runs/restore", 2, wr.RestoreRun, runs.restore),
    Route("POST", "/mlflow/runs/search", 2, wr.SearchRuns, runs.search),
    Route("POST", "/mlflow/runs/log-metric", 2, wm.LogMetric, metrics.log),
    Route("POST", "/mlflow/runs/log-parameter", 2, wr.LogParam, runs.log_param),
    Route("POST", "/mlflow/runs/log-batch", 2, wm.LogBatch, metrics.log_batch),
    Route("POST", "/mlflow/runs/set-tag", 2, wr.SetTag, runs.set_tag),
    Route("POST", "/mlflow/runs/delete-tag", 2, wr.DeleteTag, runs.delete_tag),
    Route("POST", "/mlflow/runs/log-inputs", 2, wr.LogInputs, runs.log_inputs),
    Route("POST", "/mlflow/runs/outputs", 2, wr.LogOutputs, runs.log_outputs),
    Route("POST", "/mlflow/runs/log-model", 2, wr.LogModel, runs.log_model),
    Route("GET", "/mlflow/metrics/get-history", 2, wm.GetMetricHistory, metrics.get_history),
    Route(
        "GET", "/mlflow/metrics/get-history-bulk", 2, wm.GetMetricHistoryBulk, metrics.get_history_bulk, UI
    ),
    Route(
        "GET",
        "/mlflow/metrics/get-history-bulk-interval",
        2,
        wm.GetMetricHistoryBulkInterval,
        metrics.get_history_bulk_interval,
    ),
    Route("POST", "/mlflow/registered-models/create", 2, wg.CreateRegisteredModel, registered_models.create),
    Route("GET", "/mlflow/registered-models/get", 2, wg.GetRegisteredModel, registered_models.get),
    Route("PATCH", "/mlflow/registered-models/update", 2, wg.UpdateRegisteredModel, registered_models.update),
    Route("POST", "/mlflow/registered-models/rename", 2, wg.RenameRegisteredModel, registered_models.rename),
    Route(
        "DELETE", "/mlflow/registered-models/delete", 2, wg.DeleteRegisteredModel, registered_models.delete
    ),
    Route("GET", "/mlflow/registered-models/search", 2, wg.SearchRegisteredModels, registered_models.search),
    Route(
        "POST",
        "/mlflow/registered-models/get-latest-versions",
        2,
        wg.GetLatestVersions,
        registered_models.get_latest_versions,
    ),
    Route(
        "GET",
        "/mlflow/registered-models/get-latest-versions",
        2,
        wg.GetLatestVersions,
        registered_models.get_latest_versions,
    ),
    Route(
        "POST", "/mlflow/registered-models/set-tag", 2, wg.SetRegisteredModelTag, registered_models.set_tag
    ),
    Route(
        "DELETE",
        "/mlflow/registered-models/delete-tag",
        2,
        wg.DeleteRegisteredModelTag,
        registered_models.delete_tag,
    ),
    Route(
        "POST", "/mlflow/registered-models/alias", 2, wg.SetRegisteredModelAlias, registered_models.set_alias
    ),
    Route(
        "DELETE",
        "/mlflow/registered-models/alias",
        2,
        wg.DeleteRegisteredModelAlias,
        registered_models.delete_alias,
    ),
    Route(
        "GET", "/mlflow/registered-models/alias", 2, wg.GetModelVersionByAlias, registered_models.get_by_alias
    ),
    Route("POST", "/mlflow/model-versions/create", 2, wv.CreateModelVersion, model_versions.create),
    Route("GET", "/mlflow/model-versions/get", 2, wv.GetModelVersion, model_versions.get),
    Route("PATCH", "/mlflow/model-versions/update", 2, wv.UpdateModelVersion, model_versions.update),
    Route(
        "POST",
        "/mlflow/model-versions/transition-stage",
        2,
        wv.TransitionModelVersionStage,
        model_versions.transition,
    ),
    Route("DELETE", "/mlflow/model-versions/delete", 2, wv.DeleteModelVersion, model_versions.delete),
    Route("GET", "/mlflow/model-versions/search", 2, wv.SearchModelVersions, model_versions.search),
    Route(
        "GET",
        "/mlflow/model-versions/get-download-uri",
        2,
        wv.GetModelVersionDownloadUri,
        model_versions.get_download_uri,
    ),
    Route("POST", "/mlflow/model-versions/set-tag", 2, wv.SetModelVersionTag, model_versions.set_tag),
    Route(
        "DELETE", "/mlflow/model-versions/delete-tag", 2, wv.DeleteModelVersionTag, model_versions.delete_tag
    ),
    Route("POST", "/mlflow/logged-models", 2, wl.CreateLoggedModel, logged_models.create),
    Route("POST", "/mlflow/logged-models/search", 2, wl.SearchLoggedModels, logged_models.search),
    Route("GET", "/mlflow/logged-models/{model_id}", 2, wl.GetLoggedModel, logged_models.get),
    Route("PATCH", "/mlflow/logged-models/{model_id}", 2, wl.FinalizeLoggedModel, logged_models.finalize),
    Route("DELETE", "/mlflow/logged-models/{model_id}", 2, wl.DeleteLoggedModel, logged_models.delete),
    Route("PATCH", "/mlflow/logged-models/{model_id}/tags", 2, wl.SetLoggedModelTags, logged_models.set_tags),
    Route(
        "DELETE",
        "/mlflow/logged-models/{model_id}/tags/{tag_key}",
        2,
        wl.DeleteLoggedModelTag,
        logged_models.delete_tag,
    ),
    Route(
        "POST",
        "/mlflow/logged-models/{model_id}/params",
        2,
        wl.LogLoggedModelParams,
        logged_models.log_params,
    ),
    Route(
        "GET",
        "/mlflow/logged-models/{model_id}/artifacts/directories",
        2,
        wa.ListLoggedModelArtifacts,
        artifacts.list_of_logged_model,
    ),
    Route(
        "GET",
        "/mlflow/logged-models/{model_id}/artifacts/files",
        2,
        wa.GetLoggedModelArtifact,
        artifacts.get_of_logged_model,
        UI,
    ),
    Route("GET", "/mlflow/artifacts/list", 2, wa.ListArtifacts, artifacts.list_of_run),
    Route("GET", "/get-artifact", 0, wa.GetArtifact, artifacts.get_of_run, ROOT),
    Route(
        "GET",
        "/model-versions/get-artifact",
        0,
        wa.GetModelVersionArtifact,
        artifacts.get_of_model_version,
        ROOT,
    ),
    Route("POST", "/mlflow/upload-artifact", 2, wa.UploadArtifact, artifacts.upload_of_run, UI),
    Route("GET", "/mlflow-artifacts/artifacts", 2, wa.ListProxied, artifacts.list_proxied),
    Route("GET", f"/mlflow-artifacts/artifacts/{FILE}", 2, wa.Download, artifacts.download),
    Route("PUT", f"/mlflow-artifacts/artifacts/{FILE}", 2, wa.Upload, artifacts.upload),
    Route("DELETE", f"/mlflow-artifacts/artifacts/{FILE}", 2, wa.Delete, artifacts.delete),
    Route("POST", f"/mlflow-artifacts/mpu/create/{FILE}", 2, wt.CreateMultipartUpload, transfers.create),
    Route(
        "POST", f"/mlflow-artifacts/mpu/complete/{FILE}", 2, wt.CompleteMultipartUpload, transfers.complete
    ),
    Route("POST", f"/mlflow-artifacts/mpu/abort/{FILE}", 2, wt.AbortMultipartUpload, transfers.abort),
    Route("GET", f"/mlflow-artifacts/presigned/{FILE}", 2, wt.Presigned, transfers.presigned),
    Route(
        "POST",
        "/mlflow/artifacts/presigned-upload-url",
        2,
        wt.CreatePresignedUploadUrl,
        transfers.presigned_upload_url,
    ),
    Route(
        "POST",
        "/mlflow/artifacts/presigned-download-url",
        2,
        wt.CreatePresignedDownloadUrl,
        transfers.presigned_download_url,
    ),
    Route("GET", "/genesis/artifacts", 2, wt.Protocol, transfers.protocol),
    Route("POST", "/genesis/artifacts/sign", 2, wt.Sign, transfers.sign),
    Route("POST", "/genesis/artifacts/commit", 2, wt.Commit, transfers.commit),
    Route("GET", "/graphql", 0, wq.Query, graphql.execute, ROOT),
    Route("POST", "/graphql", 0, wq.Query, graphql.execute, ROOT),
    Route("GET", "/mlflow/ui-telemetry", 3, Nothing, ui.telemetry, UI),
    Route("POST", "/mlflow/ui-telemetry", 3, Nothing, ui.take_telemetry, UI),
    Route("GET", "/mlflow/gateway-proxy", 2, Nothing, ui.gateway_proxy, UI),
    Route("POST", "/mlflow/gateway-proxy", 2, Nothing, ui.gateway_proxy, UI),
    Route("GET", "/mlflow/gateway/secrets/config", 3, Nothing, ui.secrets, UI),
    Route("GET", "/mlflow/gateway/secrets/list", 3, wu.ListSecrets, ui.list_secrets),
    Route(
        "GET", "/mlflow/gateway/model-definitions/list", 3, wu.ListModelDefinitions, ui.list_model_definitions
    ),
    Route("GET", "/mlflow/gateway/endpoints/list", 3, wu.ListEndpoints, ui.list_endpoints),
    Route("GET", "/mlflow/gateway/endpoints/bindings/list", 3, wu.ListBindings, ui.list_bindings),
    Route("GET", "/mlflow/assistant/config", 3, Nothing, ui.assistant, UI),
    Route("GET", "/mlflow/assistant/providers", 3, Nothing, ui.assistant_providers, UI),
    Route("POST", "/mlflow/traces/search", 3, wu.SearchTraces, ui.search_traces),
    Route("POST", "/mlflow/traces/metrics", 3, wu.QueryTraceMetrics, ui.trace_metrics),
    Route("POST", "/mlflow/datasets/search", 3, wu.SearchEvaluationDatasets, ui.search_datasets),
    Route("GET", "/mlflow/datasets/search", 3, wu.SearchEvaluationDatasets, ui.search_datasets),
    Route("GET", "/mlflow/scorers/list", 3, wu.ListScorers, ui.scorers),
    Route("POST", "/mlflow/issues/search", 3, wu.SearchIssues, ui.search_issues),
    Route("GET", "/mlflow/webhooks", 2, wu.ListWebhooks, ui.list_webhooks),
    Route("GET", f"/signed/{FILE}", 0, wt.SignedGet, signed.get, ROOT, open=True),
    Route("PUT", f"/signed/{FILE}", 0, wt.SignedPut, signed.put, ROOT, open=True),
)


BRIEF: frozenset[Handler] = frozenset(
    {
        experiments.get,
        experiments.get_by_name,
        experiments.set_tag,
        runs.create,
        runs.get,
        runs.update,
        runs.set_tag,
        runs.delete_tag,
        runs.log_param,
        runs.log_inputs,
        runs.log_outputs,
        runs.log_model,
        metrics.log,
        metrics.log_batch,
        registered_models.get_by_alias,
        model_versions.get,
    }
)
"""Handlers that touch a few documents and ask nobody but the database: what several of them write may be
kept at once, and nobody else is answered until the last of them has ended."""

UNSERVED = re.compile(
    r"/ajax-api/[2-4]\.0/(?:mlflow/)?"
    r"(traces|datasets|scorers?|gateway|assistant|issues|genai|demo|jobs|webhooks|label-schemas|review-queues"
    r"|mcp-servers|skills|workspaces|roles|runs/create-promptlab-run)(?:/.*)?",
    re.DOTALL,
)
"""What a page offers that is not served yet; other clients are told that there is no such endpoint, which
some of them know to go on without."""


class Table(NamedTuple):
    """Rows by what is looked up: whole paths, and patterns for those with parameters."""

    whole: dict[str, dict[str, Route]]
    patterns: list[tuple[re.Pattern[str], dict[str, Route]]]


@cache
def table() -> Table:
    """The rows, compiled once."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        for path in route.paths():
            by_path.setdefault(path, {})[route.method] = route
    patterns = [(_pattern(path), routes) for path, routes in by_path.items() if "{" in path]
    return Table({path: routes for path, routes in by_path.items() if "{" not in path}, patterns)


def _pattern(path: str) -> re.Pattern[str]:
    """``{name}`` takes one segment of the path, ``{name*}`` all that is left, newlines included."""
    text = re.sub(r"\\\{(\w+)\\\*\\\}", r"(?P<\1>[\\s\\S]+)", re.escape(path))
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", text))


def match(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The row that answers, and the parameters in its path; HEAD asks what GET answers.

    Raises ENDPOINT_NOT_FOUND: 404 for an unknown path, 405 for a known one with another method; to pages
    NOT_IMPLEMENTED, where they offer what is not served.
    """
    routes, parameters = _routes(path)
    route = routes.get("GET" if method == "HEAD" else method)
    if route is not None:
        return route, parameters
    if found := UNSERVED.fullmatch(path):
        words = f"Genesis-Flow does not serve {found[1].rpartition('/')[2]} yet."
        raise GenesisError(Code.NOT_IMPLEMENTED, words)
    if routes:
        allowed = ", ".join(sorted(routes))
        raise GenesisError(
            Code.ENDPOINT_NOT_FOUND,
            f"{method} is not allowed here; use {allowed}.",
            status=405,
            headers={"Allow": allowed},
        )
    raise GenesisError(Code.ENDPOINT_NOT_FOUND, "This server has no such endpoint.")


def is_brief(method: str, path: str) -> bool:
    """Whether the row that answers is one of ``BRIEF``; only rows without parameters are looked at."""
    route = table().whole.get(path, {}).get(method)
    return route is not None and route.handler in BRIEF


def _routes(path: str) -> tuple[dict[str, Route], dict[str, str]]:
    rows = table()
    if path in rows.whole:
        return rows.whole[path], {}
    for pattern, routes in rows.patterns:
        found = pattern.fullmatch(path)
        if found:
            return routes, found.groupdict()
    return {}, {}
