"""The REST calls of the UI's pages as its build words them (3.17.2), on a small store of their own."""

from __future__ import annotations

from typing import Any

from tests.parity.scenes import AJAX, Call, Scene, experiment, get, post, run
from tests.parity.script.registered_models import PROMPT

GATEWAY = "tags.`mlflow.experiment.isGateway` IS NULL"
IS_PROMPT = "tags.`mlflow.prompt.is_prompt` = 'true'"


def page(path: str, /, **query: Any) -> Call:
    return get(AJAX + path, **query)


def write(method: str, path: str, /, **body: Any) -> Call:
    return Call(method, AJAX + path, body)


def experiments(filter: str, /, **query: Any) -> Call:
    order = query.pop("order_by", "last_update_time DESC")
    return page("experiments/search", max_results=25, order_by=order, filter=filter, **query)


def models(filter: str, /, order: str = "name ASC", **query: Any) -> Call:
    return page("registered-models/search", filter=filter, max_results=25, order_by=order, **query)


def versions(filter: str, /, **query: Any) -> Call:
    return page("model-versions/search", filter=filter, **query)


SCENES = [
    Scene(
        "page of experiments",
        [
            experiment(name="pe it's 100%_a", tags=[{"key": "team", "value": "Blue"}]),
            experiment("gateway", tags=[{"key": "mlflow.experiment.isGateway", "value": "true"}]),
            experiment("third", name="pe third", tags=[{"key": "a.b", "value": "x"}]),
            *(
                experiments(f"name ILIKE '%{words}%' AND {filter}", order_by=order)
                for words, filter, order in (
                    ("PE ", GATEWAY, "name ASC"),
                    ("page of", GATEWAY, "name DESC"),
                    ("pe ", f"tags.`team` = 'Blue' AND {GATEWAY}", "last_update_time DESC"),
                    ("pe ", f"tags.`team` != 'Blue' AND {GATEWAY}", "last_update_time DESC"),
                    ("pe ", f"tags.`team` ILIKE '%blu%' AND {GATEWAY}", "creation_time DESC"),
                    ("pe ", f"tags.`a.b` ILIKE '%X%' AND {GATEWAY}", "last_update_time ASC"),
                    ("100%_", GATEWAY, "name ASC"),
                    ("pe it''s", GATEWAY, "name ASC"),
                    ("pe it's", GATEWAY, "name ASC"),
                )
            ),
            experiments(f"name ILIKE '%pe %' AND {GATEWAY}", view_type="DELETED_ONLY"),
            write("POST", "experiments/update", experiment_id="{third}", new_name="pe renamed"),
            write("POST", "experiments/set-experiment-tag", experiment_id="{third}", key="k", value="v"),
            write("POST", "experiments/delete-experiment-tag", experiment_id="{third}", key="k"),
            write("POST", "experiments/delete", experiment_id="{third}"),
            page("experiments/get", experiment_id="{third}"),
            page("experiments/get-by-name", experiment_name="pe it's 100%_a"),
        ],
    ),
    Scene(
        "page of runs",
        [
            experiment(),
            run("one", start_time=1000, tags=[{"key": "mlflow.parentRunId", "value": "p"}]),
            run("two", start_time=2000, tags=[{"key": "mlflow.runType", "value": "issue_detection"}]),
            post("runs/log-metric", run_id="{two}", key="a/b c", value=1, timestamp=1, step=1),
            *(
                write("POST", "runs/search", experiment_ids=["{experiment}"], **asked)
                for asked in (
                    {"run_view_type": "ACTIVE_ONLY", "max_results": 100, "order_by": []},
                    {"filter": "", "order_by": ["attributes.start_time DESC"], "max_results": 50},
                    {"filter": "run_id IN ('{one}','{two}')", "run_view_type": "ALL", "max_results": 2},
                    {"filter": "attributes.run_id IN ('{one}')", "run_view_type": "ALL"},
                    {"filter": 'attributes.run_id = "{one}"'},
                    {"filter": "tags.`mlflow.parentRunId` = 'p'"},
                    {"filter": "tags.mlflow.parentRunId = 'p'"},
                    {"filter": "tags.`mlflow.runType` = 'issue_detection'"},
                    {"filter": "tags.mlflow.runType = 'issue_detection'"},
                    {"filter": "attributes.run_name ILIKE '%ONE%'"},
                    {"order_by": ["metrics.`a/b c` DESC"]},
                    {"order_by": ["attributes.`run_name` ASC"]},
                    {"order_by": ["attributes.Source ASC"]},
                    {"order_by": ["tags.`mlflow.user` DESC", "attributes.end_time ASC"]},
                    {"page_token": None, "filter": None},
                )
            ),
            write("POST", "runs/update", run_id="{one}", run_name="renamed"),
            write("POST", "runs/set-tag", run_id="{one}", key="mlflow.note.content", value="words"),
            write("POST", "runs/delete-tag", run_id="{one}", key="mlflow.note.content"),
            write("POST", "runs/delete", run_id="{one}"),
            write("POST", "runs/restore", run_id="{one}"),
            page("runs/get", run_id="{one}"),
            page("runs/get", run_uuid="{one}"),
            page("metrics/get-history", run_uuid="{two}", metric_key="a/b c"),
            page(
                "metrics/get-history-bulk-interval",
                run_ids=["{one}", "{two}"],
                metric_key="a/b c",
                max_results="320",
            ),
            page("artifacts/list", run_uuid="{one}", path=""),
            page("artifacts/list", run_uuid="{one}"),
            versions("run_id='{one}'"),
            versions(f'{IS_PROMPT} AND tags.`mlflow.prompt.run_ids` ILIKE "%{{one}}%"'),
            write(
                "POST",
                "logged-models/search",
                experiment_ids=["{experiment}"],
                filter="attributes.model_id IN ('m-nobody')",
            ),
            write(
                "POST",
                "logged-models/search",
                experiment_ids=["{experiment}"],
                order_by=[{"field_name": "creation_time", "ascending": False}],
                page_token=None,
                filter="",
                datasets=[],
            ),
        ],
    ),
    Scene(
        "pages of models",
        [
            experiment(),
            Call(
                "POST",
                "runs/create",
                {"experiment_id": "{experiment}", "run_name": "first", "start_time": 1000},
                saves={"run": "run.info.run_id", "uri": "run.info.artifact_uri"},
            ),
            write("POST", "registered-models/create", name="pm it's 100%_a"),
            write("POST", "registered-models/create", name="pm b", tags=[{"key": "team", "value": "Blue"}]),
            write("POST", "registered-models/create", name="pm prompt", tags=[PROMPT]),
            *(
                write("POST", "model-versions/create", name="pm b", source="{uri}/m", run_id="{run}")
                for _ in range(3)
            ),
            *(
                models(filter)
                for filter in (
                    "name ILIKE '%pm %'",
                    "name ILIKE '%PM B%'",
                    "name ILIKE '%pm it''s%'",
                    "name ILIKE '%100\\%\\_a%'",
                    "name ILIKE '%m\\_%'",
                    'name ILIKE "%pm%" AND tags.team = "Blue"',
                    "name ILIKE '%pm%' AND tags.`team` ILIKE '%blu%'",
                    "name ILIKE '%pm%' AND tags.`team` IS NULL",
                    f"{IS_PROMPT} AND name ILIKE '%pm%'",
                    f"{IS_PROMPT} AND tags.`_mlflow_experiment_ids` ILIKE '%,1,%' AND name ILIKE '%pm%'",
                    "tag.mlflow.prompt.is_prompt = 'true'",
                )
            ),
            models("name ILIKE '%pm %'", "name DESC"),
            models("name ILIKE '%pm %'", "last_updated_timestamp DESC"),
            models("name ILIKE '%pm %'", "timestamp DESC"),
            page("registered-models/get", name="pm b"),
            versions("name='pm b'", order_by="creation_timestamp DESC"),
            versions("name='pm b'", max_results=2),
            versions("name = 'pm it''s 100%_a'"),
            page("model-versions/get", name="pm b", version="1"),
            write("POST", "registered-models/alias", name="pm b", alias="champion", version="1"),
            write("POST", "registered-models/alias", name="pm b", alias="champion", version="2"),
            Call("DELETE", AJAX + "registered-models/alias", {"name": "pm b", "alias": "champion"}),
            write("POST", "registered-models/alias", name="pm b", alias="latest", version="2"),
            write("POST", "registered-models/alias", name="pm b", alias="v1", version="2"),
            write("POST", "registered-models/set-tag", name="pm b", key="k", value="v"),
            write("DELETE", "registered-models/delete-tag", name="pm b", key="k"),
            write("POST", "model-versions/set-tag", name="pm b", version="1", key="k", value="v"),
            write("DELETE", "model-versions/delete-tag", name="pm b", version="1", key="k"),
            write("PATCH", "registered-models/update", name="pm b", description="words"),
            write("PATCH", "model-versions/update", name="pm b", version="1", description="words"),
            write(
                "POST",
                "model-versions/transition-stage",
                name="pm b",
                version="1",
                stage="Production",
                archive_existing_versions=True,
            ),
            page("registered-models/get", name="pm b"),
            Call(
                "PUT",
                "/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/m/MLmodel",
                raw="a: 1",
            ),
            Call("GET", "/model-versions/get-artifact?path=MLmodel&name=pm%20b&version=1"),
            Call("GET", "/model-versions/get-artifact?path=MLmodel&name=pm%20b&version=9"),
            write("DELETE", "model-versions/delete", name="pm b", version="3"),
            write("DELETE", "registered-models/delete", name="pm b"),
            page("registered-models/get", name="pm b"),
        ],
    ),
]
