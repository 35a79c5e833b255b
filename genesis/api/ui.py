"""Short true answers to what MLflow's UI asks about features that are not served yet.

Of those nothing exists, so an empty page is what a stock server would answer, too. To write them is refused
(``genesis/routes.py``).
"""

from __future__ import annotations

from genesis.api import limits
from genesis.api.experiments import find
from genesis.entities.experiments import parse_id
from genesis.errors import invalid
from genesis.scope import Scope
from genesis.wire import ui as w
from genesis.wire.base import Nothing

COUNTED = {
    "TRACES": ("trace_count", "session_count"),
    "SPANS": ("span_count",),
    "ASSESSMENTS": ("assessment_count",),
}
"""Metrics of traces that are 0 where there is none; the others have no value then."""


def telemetry(request: Nothing, scope: Scope) -> w.TelemetryReply:
    """The UI is to tell nobody anything."""
    return {"disable_ui_telemetry": True, "disable_ui_events": [], "ui_rollout_percentage": 0}


def take_telemetry(request: Nothing, scope: Scope) -> w.StatusReply:
    """Tells the UI to send no more; what it sent is not even read."""
    return {"status": "disabled"}


def gateway_proxy(request: Nothing, scope: Scope) -> w.EndpointsReply:
    """As MLflow answers for a gateway that nobody has set up, whatever is asked."""
    return {"endpoints": []}


def assistant(request: Nothing, scope: Scope) -> w.AssistantReply:
    return {"providers": {}, "projects": {}, "remote_access_allowed": False}


def assistant_providers(request: Nothing, scope: Scope) -> w.ProvidersReply:
    """None: those of MLflow's are programs on the server's machine."""
    return {"providers": [], "resolved": None}


def secrets(request: Nothing, scope: Scope) -> w.SecretsReply:
    """There is no place for the gateway's secrets."""
    return {"secrets_available": False, "using_default_passphrase": False}


def list_secrets(request: w.ListSecrets, scope: Scope) -> w.ListSecretsReply:
    return {}


def list_model_definitions(request: w.ListModelDefinitions, scope: Scope) -> w.ListModelDefinitionsReply:
    return {}


def list_endpoints(request: w.ListEndpoints, scope: Scope) -> w.ListEndpointsReply:
    return {}


def list_bindings(request: w.ListBindings, scope: Scope) -> w.ListBindingsReply:
    """What is bound to an endpoint of the gateway."""
    return {}


def list_webhooks(request: w.ListWebhooks, scope: Scope) -> w.ListWebhooksReply:
    if request.max_results and not 1 <= request.max_results <= w.MAX_WEBHOOKS:
        raise invalid(f"max_results must be between 1 and {w.MAX_WEBHOOKS}.")
    return {}


def search_issues(request: w.SearchIssues, scope: Scope) -> w.SearchIssuesReply:
    """Those that would be found in traces."""
    if request.experiment_id:
        parse_id(request.experiment_id)
    limits.check_max_results(request.max_results)
    return {"next_page_token": ""}


def search_traces(request: w.SearchTraces, scope: Scope) -> w.SearchTracesReply:
    return {}


def trace_metrics(request: w.QueryTraceMetrics, scope: Scope) -> w.QueryTraceMetricsReply:
    """A number of traces is 0; where they are divided, by time or otherwise, there is no part to count."""
    name = request.metric_name
    is_divided = bool(request.dimensions) or request.time_interval_seconds is not None
    is_counted = all(asked.aggregation_type == "COUNT" for asked in request.aggregations)
    if is_divided or not is_counted or request.max_results == 0 or name not in COUNTED[request.view_type]:
        return {}
    return {"data_points": [{"metric_name": name, "values": {"COUNT": 0.0}}]}


def search_datasets(request: w.SearchEvaluationDatasets, scope: Scope) -> w.SearchEvaluationDatasetsReply:
    """Those for evaluations, which are not the data sets of runs."""
    return {}


def scorers(request: w.ListScorers, scope: Scope) -> w.ListScorersReply:
    if "experiment_ids" not in request.model_fields_set:
        if request.experiment_id:
            find(request.experiment_id, scope)
        return {}
    if request.experiment_id:
        raise invalid(
            "Cannot specify both 'experiment_id' and 'experiment_ids'. Use 'experiment_ids' to scope the "
            "query to multiple experiments, or 'experiment_id' to scope it to a single experiment."
        )
    for id in request.experiment_ids:
        parse_id(id)
    return {}
