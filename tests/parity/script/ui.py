"""What the UI asks beside REST's endpoints: uploads from a page, and features of which there is nothing."""

from __future__ import annotations

from typing import Any

from tests.parity.scenes import AJAX, API, Call, Scene, experiment, get, post, run

UPLOAD = AJAX + "upload-artifact"
AJAX3 = "/ajax-api/3.0/mlflow/"
API3 = "/api/3.0/mlflow/"
TEXT = {"content-type": "text/plain"}
HERE: dict[str, Any] = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}


def upload(content: str | bytes = "content", /, headers: dict[str, str] = TEXT, **query: Any) -> Call:
    return Call("POST", UPLOAD, raw=content, query=query, headers=headers)


def traces(**body: Any) -> Call:
    return post(AJAX3 + "traces/search", **body)


def measured(view: Any, metric: Any, *kinds: Any, name: str = "", **body: Any) -> Call:
    aggregations = [{"aggregation_type": kind} for kind in kinds]
    asked = {"experiment_ids": ["0"], "view_type": view, "metric_name": metric, "aggregations": aggregations}
    return Call("POST", AJAX3 + "traces/metrics", {**asked, **body}, name=name)


SCENES = [
    Scene(
        "uploads from a page",
        [
            experiment(),
            run(),
            upload(run_uuid="{run}", path="folder/größe.txt"),
            upload('{"a": 1}', {"content-type": "application/json"}, run_uuid="{run}", path="table.json"),
            upload(b"\x00\xff", {"content-type": "application/octet-stream"}, run_uuid="{run}", path="raw"),
            get("artifacts/list", run_id="{run}"),
            get("artifacts/list", run_id="{run}", path="folder"),
            Call("GET", "/get-artifact", query={"run_uuid": "{run}", "path": "table.json"}),
            Call("GET", "/get-artifact", query={"run_uuid": "{run}", "path": "raw"}),
            upload("again", run_uuid="{run}", path="table.json"),
            Call("GET", "/get-artifact", query={"run_uuid": "{run}", "path": "table.json"}),
            upload(b"x" * (10 << 20), run_uuid="{run}", path="largest"),
            upload(b"x" * ((10 << 20) + 1), run_uuid="{run}", path="larger"),
            upload(b"x" * ((10 << 20) + 1), run_uuid="nobody", path="larger"),
            get("artifacts/list", run_id="{run}"),
            upload(run_id="{run}", path="a.txt"),
            upload(path="a.txt"),
            upload(run_uuid="", path="a.txt"),
            upload(run_uuid="{run}"),
            upload(run_uuid="{run}", path=""),
            upload(),
            upload("", run_uuid="{run}", path="empty"),
            upload("", run_uuid="nobody", path="empty"),
            upload("", run_uuid="{run}", path="../x"),
            upload(run_uuid="nobody", path="a.txt"),
            upload(run_uuid="nobody", path="../x"),
            *(
                upload(run_uuid="{run}", path=path)
                for path in ("../x", "a/../../x", "/etc/passwd", "%2e%2e/x", "a#b", "folder/", "..", ".")
            ),
            upload("a=b", {"content-type": "application/x-www-form-urlencoded"}, run_uuid="{run}", path="f"),
            Call("GET", UPLOAD, query={"run_uuid": "{run}", "path": "a.txt"}),
            Call("PUT", UPLOAD, raw="content", query={"run_uuid": "{run}", "path": "a.txt"}),
            Call("POST", API + "upload-artifact", raw="x", query={"run_uuid": "{run}", "path": "a.txt"}),
            post("runs/delete", run_id="{run}"),
            upload(run_uuid="{run}", path="late.txt"),
            get("artifacts/list", run_id="{run}"),
        ],
    ),
    Scene(
        "what the UI asks and is not there",
        [
            get(AJAX3 + "ui-telemetry"),
            post(AJAX3 + "ui-telemetry", records=[]),
            Call("POST", AJAX3 + "ui-telemetry", raw="nonsense"),
            get(API3 + "ui-telemetry"),
            get(AJAX + "gateway-proxy", gateway_path="api/2.0/endpoints/"),
            get(AJAX + "gateway-proxy"),
            post(AJAX + "gateway-proxy", gateway_path="gateway/chat/invocations", json_data={}),
            get(API + "gateway-proxy"),
            get(AJAX3 + "assistant/config"),
            Call("GET", AJAX3 + "assistant/providers", name="assistant"),
            Call("GET", AJAX3 + "gateway/secrets/config", name="secrets"),
            get(AJAX + "users/current"),
            get(AJAX3 + "users/current/permissions"),
            get(AJAX + "get-artifact", run_uuid="x", path="y"),
            traces(locations=[HERE], max_results=25, order_by=["timestamp DESC"]),
            traces(locations=[HERE], filter="trace.status = 'ERROR'"),
            post(API3 + "traces/search", locations=[HERE]),
            traces(locations=[HERE, HERE], max_results=500),
            traces(locations=[HERE], max_results=501),
            traces(locations=[HERE], max_results="many"),
            traces(locations="0"),
            traces(locations=[HERE], order_by="timestamp"),
            Call("POST", AJAX3 + "traces/search", {"locations": [HERE], "filter": "bogus"}, name="filter"),
            traces(),
            measured("TRACES", "trace_count", "COUNT"),
            measured("TRACES", "session_count", "COUNT"),
            measured("SPANS", "span_count", "COUNT"),
            measured("ASSESSMENTS", "assessment_count", "COUNT"),
            measured(1, "trace_count", 1),
            measured("TRACES", "latency", "AVG", "MAX"),
            measured("TRACES", "total_tokens", "SUM", "AVG"),
            measured("TRACES", "trace_count", "COUNT", dimensions=["trace_status"]),
            measured(
                "TRACES",
                "trace_count",
                "COUNT",
                time_interval_seconds=3600,
                start_time_ms=0,
                end_time_ms=1000,
            ),
            measured("TRACES", "trace_count", "COUNT", experiment_ids=["987654321"]),
            measured("TRACES", "nope", "COUNT", name="unknown metric"),
            measured("TRACES", "trace_count", "AVG", name="mean of a number"),
            *(
                post(AJAX3 + "traces/metrics", **body)
                for body in (
                    {},
                    {"experiment_ids": ["0"]},
                    {"experiment_ids": ["0"], "view_type": "TRACES"},
                    {"experiment_ids": ["0"], "view_type": "TRACES", "metric_name": "trace_count"},
                    {"experiment_ids": "0", "view_type": "TRACES"},
                )
            ),
            post(
                AJAX3 + "datasets/search",
                experiment_ids=["0"],
                order_by=["created_time DESC"],
                max_results=50,
            ),
            post(API3 + "datasets/search", experiment_ids=["0"]),
            post(AJAX3 + "datasets/search", filter_string="name ILIKE '%a%'"),
            post(AJAX3 + "datasets/search", experiment_ids="0"),
            post(AJAX3 + "datasets/search", max_results="many"),
            post(AJAX3 + "datasets/search"),
            get(AJAX3 + "datasets/search", experiment_ids="0"),
            *(
                get(prefix + f"gateway/{what}/list")
                for prefix in (AJAX3, API3)
                for what in ("endpoints", "secrets", "model-definitions", "endpoints/bindings")
            ),
            get(AJAX3 + "gateway/endpoints/list", provider="openai"),
            get(AJAX3 + "gateway/endpoints/bindings/list", endpoint_id="e-1"),
            *(
                get(AJAX + "webhooks", **query)
                for query in ({}, {"max_results": 5}, {"max_results": 0}, {"max_results": -1})
            ),
            get(AJAX + "webhooks", max_results=1001),
            get(AJAX + "webhooks", max_results="many"),
            *(
                post(prefix + "issues/search", **body)
                for prefix in (AJAX3, API3)
                for body in (
                    {"experiment_id": "0", "filter_string": "status = 'pending'"},
                    {"include_trace_count": True},
                    {},
                    {"experiment_id": "987654321"},
                    {"experiment_id": "abc"},
                    {"max_results": 0},
                    {"max_results": 50_001},
                )
            ),
            Call("POST", AJAX3 + "issues/search", {"filter_string": "bogus"}, name="issues' filter"),
            get(AJAX3 + "scorers/list"),
            get(AJAX3 + "scorers/list", experiment_id="0"),
            get(API3 + "scorers/list", experiment_id="0"),
            get(AJAX3 + "scorers/list", experiment_id="987654321"),
            get(AJAX3 + "scorers/list", experiment_id="abc"),
            get(AJAX3 + "scorers/list", experiment_ids=["0", "987654321"]),
            get(AJAX3 + "scorers/list", experiment_ids="abc"),
            get(AJAX3 + "scorers/list", experiment_ids="0", experiment_id="0"),
        ],
    ),
]
