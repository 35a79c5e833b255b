"""What MLflow 3.17.2 asks of its stores, and which of it ours do: the one table to read or to change."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import mlflow

TRACKING = set(
    """
    create_experiment delete_experiment get_experiment get_experiment_by_name rename_experiment
    restore_experiment search_experiments filter_active_experiment_ids set_experiment_tag
    delete_experiment_tag
    create_run get_run update_run_info delete_run restore_run search_runs _search_runs
    log_param log_metric log_batch set_tag delete_tag log_inputs log_outputs record_logged_model
    log_param_async log_metric_async log_batch_async set_tag_async
    end_async_logging flush_async_logging shut_down_async_logging
    get_metric_history get_metric_history_bulk get_metric_history_bulk_interval
    get_metric_history_bulk_interval_from_steps
    create_logged_model get_logged_model finalize_logged_model delete_logged_model search_logged_models
    set_logged_model_tags delete_logged_model_tag log_logged_model_params set_model_versions_tags
    _search_datasets
    _get_deleted_runs _get_deleted_logged_models
    _hard_delete_run _hard_delete_logged_model _hard_delete_experiment
    """.split()
)
"""Served by the tracking store."""

REGISTRY = set(
    """
    create_registered_model get_registered_model update_registered_model rename_registered_model
    delete_registered_model search_registered_models set_registered_model_tag delete_registered_model_tag
    set_registered_model_alias delete_registered_model_alias get_model_version_by_alias get_latest_versions
    create_model_version get_model_version update_model_version delete_model_version search_model_versions
    set_model_version_tag delete_model_version_tag transition_model_version_stage copy_model_version
    get_model_version_download_uri
    create_prompt get_prompt delete_prompt search_prompts set_prompt_tag delete_prompt_tag
    create_prompt_version get_prompt_version get_prompt_version_by_alias search_prompt_versions
    delete_prompt_version set_prompt_version_tag delete_prompt_version_tag
    set_prompt_alias delete_prompt_alias link_prompt_version_to_model link_prompt_version_to_run
    list_webhooks list_webhooks_by_event
    """.split()
)
"""Served by the registry store."""

TRACES = set(
    """
    start_trace get_trace get_trace_info delete_traces _delete_traces batch_get_traces
    batch_get_trace_infos set_trace_tag delete_trace_tag link_traces_to_run unlink_traces_from_run
    link_prompts_to_trace calculate_trace_filter_correlation archive_traces
    find_completed_sessions get_online_trace_details deprecated_start_trace_v2 deprecated_end_trace_v2
    create_assessment get_assessment update_assessment delete_assessment
    """.split()
)
GENAI = set(
    """
    create_dataset get_dataset delete_dataset set_dataset_tags delete_dataset_tag
    get_dataset_experiment_ids add_dataset_to_experiments remove_dataset_from_experiments
    upsert_dataset_records delete_dataset_records _load_dataset_records
    register_scorer get_scorer delete_scorer list_scorer_versions
    get_active_online_scorers get_online_scoring_configs
    upsert_online_scoring_config
    create_issue get_issue update_issue
    create_label_schema get_label_schema get_label_schema_by_name list_label_schemas update_label_schema
    delete_label_schema
    create_review_queue get_review_queue get_review_queue_by_name get_or_create_user_queue list_review_queues
    update_review_queue delete_review_queue add_items_to_review_queue remove_items_from_review_queue
    list_review_queue_items set_review_queue_item_status
    """.split()
)
GATEWAY = set(
    """
    create_gateway_secret get_secret_info update_gateway_secret delete_gateway_secret
    create_gateway_endpoint get_gateway_endpoint update_gateway_endpoint delete_gateway_endpoint
    set_gateway_endpoint_tag delete_gateway_endpoint_tag
    attach_model_to_endpoint detach_model_from_endpoint
    create_gateway_model_definition get_gateway_model_definition update_gateway_model_definition
    delete_gateway_model_definition
    create_endpoint_binding delete_endpoint_binding
    create_budget_policy get_budget_policy update_budget_policy delete_budget_policy list_budget_policies
    create_gateway_guardrail get_gateway_guardrail delete_gateway_guardrail list_gateway_guardrails
    add_guardrail_to_endpoint remove_guardrail_from_endpoint list_endpoint_guardrail_configs
    update_endpoint_guardrail_config sum_gateway_trace_cost
    """.split()
)
MCP = set(
    """
    create_mcp_server get_mcp_server search_mcp_servers update_mcp_server delete_mcp_server
    set_mcp_server_tag delete_mcp_server_tag set_mcp_server_alias delete_mcp_server_alias
    create_mcp_server_version get_mcp_server_version get_latest_mcp_server_version
    get_mcp_server_version_by_alias search_mcp_server_versions update_mcp_server_version
    delete_mcp_server_version set_mcp_server_version_tag delete_mcp_server_version_tag
    create_mcp_access_endpoint get_mcp_access_endpoint search_mcp_access_endpoints
    update_mcp_access_endpoint delete_mcp_access_endpoint
    link_mcp_server_versions_to_trace get_mcp_server_versions_for_trace
    """.split()
)
NONE = set(
    """
    search_traces query_trace_metrics search_datasets list_scorers list_scorers_across_experiments
    search_issues
    list_secret_infos list_gateway_model_definitions list_gateway_endpoints list_endpoint_bindings
    """.split()
)
"""What MLflow's UI asks on its pages: the tracking store says that there are none, which is true."""

NOT_SERVED = TRACES | GENAI | GATEWAY | MCP
"""By the tracking store: MLflow's own "not implemented"."""

WEBHOOKS = set("create_webhook get_webhook update_webhook delete_webhook test_webhook".split())
"""Not served by the registry store."""

ELSEWHERE = set(
    """
    log_spans log_spans_async
    link_prompts_to_trace
    artifact_root_uri resolve_trace_archival_config get_host_creds
    create_workspace update_workspace delete_workspace
    get_model_version_stages
    get_trace_location create_or_get_trace_location link_trace_location
    set_experiment_trace_location unset_experiment_trace_location
    """.split()
)
"""Spans: Python's NotImplementedError, which the callers look for. The registry store asks the tracking store
for traces. An attribute, settings of MLflow's own, HTTP's address. Another store's. Databricks' alone."""

CALLERS = """
    server/handlers.py server/mcp_server_api.py server/otel_api.py webhooks/delivery.py
    cli/__init__.py runs.py experiments.py store/artifact/cli.py
    tracing/client.py tracking/_tracking_service/client.py tracking/_model_registry/client.py
""".split()
GETTERS = ("_get_tracking_store", "_get_model_registry_store")
NAMES = ("store", "tracking_store", "registry_store", "backend_store")


def asked() -> set[str]:
    """Every attribute that MLflow's server, client or command line takes of a store."""
    root = Path(mlflow.__file__).parent
    trees = [ast.parse((root / file).read_text()) for file in CALLERS]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {*_taken(nodes), *_looked_for(nodes)} - {"artifact"}  # A module's name: mlflow.store.artifact.


def _taken(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Attribute) and _is_store(node.value):
            yield node.attr


def _looked_for(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hasattr":
            of, name = node.args
            if _is_store(of) and isinstance(name, ast.Constant):
                yield str(name.value)


def _is_store(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in GETTERS
    return (isinstance(node, ast.Name) and node.id in NAMES) or (
        isinstance(node, ast.Attribute) and node.attr == "store"
    )
