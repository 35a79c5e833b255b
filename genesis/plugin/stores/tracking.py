"""MLflow's tracking store over a database of ours: its REST client, whose calls never leave the process."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import cache, wraps
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from mlflow.entities import Metric
from mlflow.protos.service_pb2 import MlflowService
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_DEFAULT
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.store.tracking.rest_store import RestStore
from mlflow.utils.rest_utils import extract_api_info_for_service
from mlflow.utils.uri import resolve_uri_if_local

from genesis.entities.removals import EXPERIMENT, LOGGED_MODEL, RUN
from genesis.plugin.stores.calls import Calls, NotServed

METRICS = "/ajax-api/2.0/mlflow/metrics"
SPANS = ("log_spans", "log_spans_async")
"""Whoever calls them looks for Python's own NotImplementedError, and stores spans as an artifact instead."""
TRANSPORT = ("_call_endpoint", "_mcp_request")


class RestCalls(RestStore):
    """MLflow's REST client, answered by a database in this process.

    What it asks over HTTP past ``_call_endpoint`` is not served.
    """

    def __init__(self, calls: Calls) -> None:
        super().__init__(_no_host)
        self._calls = calls

    def _call_endpoint(
        self,
        api: Any,
        json_body: str | None = None,
        endpoint: str | None = None,
        retry_timeout_seconds: int | None = None,
        response_proto: Any = None,
    ) -> Any:
        path, method = _route(api)
        reply = api.Response() if response_proto is None else response_proto
        return self._calls(method, endpoint or path, json_body, reply)

    def upsert_online_scoring_config(self, *arguments: Any, **options: Any) -> Any:
        raise NotServed("Genesis-Flow does not serve online scoring.")

    def get_online_scoring_configs(self, scorer_ids: list[str]) -> list[Any]:
        if not scorer_ids:
            return []
        raise NotServed("Genesis-Flow does not serve online scoring.")

    def _mcp_request(self, method: str, path: str, json: Any = None, params: Any = None) -> Any:
        raise NotServed("Genesis-Flow does not serve MCP servers.")


def _no_host() -> Any:
    raise NotServed("A database has no HTTP address.")


@cache
def _routes(prefix: str) -> dict[Any, tuple[str, str]]:
    found: dict[Any, tuple[str, str]] = extract_api_info_for_service(MlflowService, prefix)
    return found


def _route(api: Any) -> tuple[str, str]:
    """Path and method of one of MLflow's calls."""
    is_third = api in getattr(RestStore, "_V3_APIS", ())
    return _routes("/api/3.0" if is_third else "/api/2.0")[api]


class TrackingStore(AbstractStore):
    """MLflow's tracking store; what is not defined here is done by ``RestCalls``.

    No RestStore itself: of such a one MLflow prints where the run is to be seen in a browser, which for a
    database is nowhere, and would be its URI, password and all.
    """

    supports_workspaces = True

    def __init__(self, store_uri: str, artifact_root: str) -> None:
        super().__init__()
        self.artifact_root_uri = artifact_root
        self._calls = Calls(store_uri, artifact_root)
        self._rest = RestCalls(self._calls)

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: list[Any] | None = None
    ) -> Any:
        # The server says "" where nothing is given, which is no relative path.
        location = resolve_uri_if_local(artifact_location) if artifact_location else None
        return self._rest.create_experiment(name, location, tags)

    def search_experiments(
        self,
        view_type: Any = 1,
        max_results: int | None = SEARCH_MAX_RESULTS_DEFAULT,
        filter_string: str | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> Any:
        most = SEARCH_MAX_RESULTS_DEFAULT if max_results is None else max_results
        return self._rest.search_experiments(view_type, most, filter_string, order_by, page_token)

    def search_logged_models(self, experiment_ids: list[str], *others: Any, **named: Any) -> Any:
        if not experiment_ids:
            return PagedList([], None)
        return self._rest.search_logged_models(experiment_ids, *others, **named)

    def log_logged_model_params(self, model_id: str, params: list[Any]) -> None:
        if not params:
            self.get_logged_model(model_id)
        self._rest.log_logged_model_params(model_id, params)

    def log_outputs(self, run_id: str, models: list[Any]) -> None:
        if models:
            self._rest.log_outputs(run_id, models)

    def set_model_versions_tags(self, name: str, version: Any, model_id: str) -> None:
        # As a number, which a version of the SQL store is.
        super().set_model_versions_tags(name, int(version), model_id)

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        target = f"/api/2.0/mlflow/logged-models/{quote(model_id, safe='')}/tags/{quote(key, safe='')}"
        self._calls.json("DELETE", target, None)

    def get_metric_history_bulk(self, run_ids: Sequence[str], metric_key: str, max_results: int) -> list[Any]:
        """As the server asks its SQL store for the points of many runs."""
        query = [("metric_key", metric_key), ("max_results", max_results)]
        query += [("run_id", run_id) for run_id in run_ids]
        found = self._calls.json("GET", f"{METRICS}/get-history-bulk?{urlencode(query)}", None)
        return _of_runs(found)

    def get_metric_history_bulk_interval(
        self,
        run_ids: Sequence[str],
        metric_key: str,
        max_results: int,
        start_step: int | None,
        end_step: int | None,
    ) -> list[Any]:
        """Points of many runs, thinned out evenly."""
        asked = {
            "run_ids": list(run_ids),
            "metric_key": metric_key,
            "max_results": max(1, max_results),
            "start_step": start_step,
            "end_step": end_step,
        }
        found = self._calls.json("GET", f"{METRICS}/get-history-bulk-interval", _json(asked))
        return _of_runs(found)

    def _search_datasets(self, experiment_ids: Sequence[str]) -> list[Any]:
        from mlflow.entities import _DatasetSummary

        asked = _json({"experiment_ids": list(experiment_ids)})
        found = self._calls.json("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", asked)
        return [
            _DatasetSummary(each["experiment_id"], each["name"], each["digest"], each.get("context"))
            for each in found.get("dataset_summaries", ())
        ]

    # ``mlflow gc`` asks for these; it removes the artifacts itself.

    def _get_deleted_runs(self, older_than: int = 0) -> list[str]:
        return self._calls.deleted(RUN, older_than)

    def _get_deleted_logged_models(self, older_than: int = 0) -> list[str]:
        return self._calls.deleted(LOGGED_MODEL, older_than)

    def _hard_delete_run(self, run_id: str) -> None:
        self._calls.remove(RUN, run_id)

    def _hard_delete_logged_model(self, model_id: str) -> None:
        self._calls.remove(LOGGED_MODEL, model_id)

    def _hard_delete_experiment(self, experiment_id: str) -> None:
        self._calls.remove(EXPERIMENT, str(experiment_id))


def _json(message: dict[str, Any]) -> str:
    return orjson.dumps(message).decode()


def _of_runs(found: Any) -> list[Any]:
    from mlflow.entities.metric import MetricWithRunId

    return [
        MetricWithRunId(Metric(m["key"], float(m["value"]), m["timestamp"], m["step"]), m["run_id"])
        for m in found.get("metrics", ())
    ]


def _methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    """What MLflow's stores have and TrackingStore has not said itself; its transport apart."""
    for name, method in inspect.getmembers(RestCalls, inspect.isfunction):
        is_static = isinstance(inspect.getattr_static(RestCalls, name), staticmethod)
        is_said = name in (*vars(TrackingStore), *SPANS, *TRANSPORT)
        if not (is_static or is_said or name.startswith("__")):
            yield name, method


def _forwarded(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """The method of ``RestCalls``, or MLflow's own where that has none; what none has is not implemented."""
    is_rest = method is not getattr(AbstractStore, name, None)

    @wraps(method)
    def forwarded(self: TrackingStore, *arguments: Any, **options: Any) -> Any:
        try:
            return method(self._rest if is_rest else self, *arguments, **options)
        except NotImplementedError as error:
            raise NotServed(f"Genesis-Flow does not serve {name}.") from error

    return forwarded


for _name, _method in _methods():
    setattr(TrackingStore, _name, _forwarded(_name, _method))
