"""What a request may cost on MongoDB, in commands, and which commands it may be made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from genesis.app import App
from genesis.settings import Settings
from genesis.store import open_engine
from tests.store.calls import create_run, get, post
from tests.store.commands import Commands, refusals

METRICS = [{"key": f"m{i % 50}", "value": i, "timestamp": i, "step": i} for i in range(800)]
PARAMS = [{"key": f"p{i}", "value": "v"} for i in range(100)]
TAGS = [{"key": f"t{i}", "value": "v"} for i in range(100)]


@pytest.fixture
def app(mongodb_uri: str, tmp_path: Path) -> Iterator[App]:
    """An App that has answered a request before: the first one makes indexes and the default experiment."""
    with closing(App(Settings(data=str(tmp_path), database_uri=mongodb_uri))) as app:
        get(app, "experiments/get", experiment_id="0")
        yield app


@pytest.fixture
def run_id(app: App) -> str:
    return create_run(app)


@pytest.fixture
def spent(commands: Commands) -> Callable[[Callable[[], Any]], list[str]]:
    """The commands that a call takes."""

    def count(call: Callable[[], Any]) -> list[str]:
        before = len(commands.sent)
        call()
        return commands.names[before:]

    return count


Spent = Callable[[Callable[[], Any]], list[str]]


def test_creating_a_run_takes_two_commands(app: App, spent: Spent) -> None:
    assert spent(lambda: create_run(app)) == ["find", "insert"]


def test_getting_a_run_takes_one_command(app: App, run_id: str, spent: Spent) -> None:
    assert spent(lambda: get(app, "runs/get", run_id=run_id)) == ["find"]


def test_logging_a_metric_takes_two_commands(app: App, run_id: str, spent: Spent) -> None:
    fields = {"run_id": run_id, "key": "m", "value": 1, "timestamp": 1}
    assert spent(lambda: post(app, "runs/log-metric", **fields)) == ["insert", "update"]


def test_logging_a_parameter_takes_one_command(app: App, run_id: str, spent: Spent) -> None:
    assert spent(lambda: post(app, "runs/log-parameter", run_id=run_id, key="p", value="1")) == ["update"]


def test_logging_a_parameter_again_takes_one_command(app: App, run_id: str, spent: Spent) -> None:
    post(app, "runs/log-parameter", run_id=run_id, key="p", value="1")
    assert spent(lambda: post(app, "runs/log-parameter", run_id=run_id, key="p", value="1")) == ["update"]


def test_setting_a_tag_takes_one_command(app: App, run_id: str, spent: Spent) -> None:
    assert spent(lambda: post(app, "runs/set-tag", run_id=run_id, key="t", value="1")) == ["update"]


def test_finishing_a_run_takes_two_commands(app: App, run_id: str, spent: Spent) -> None:
    fields = {"run_id": run_id, "status": "FINISHED", "end_time": 5}
    assert spent(lambda: post(app, "runs/update", **fields)) == ["update", "find"]


def test_logging_a_full_batch_takes_two_commands(app: App, run_id: str, spent: Spent) -> None:
    fields = {"run_id": run_id, "metrics": METRICS, "params": PARAMS, "tags": TAGS}
    assert spent(lambda: post(app, "runs/log-batch", **fields)) == ["insert", "update"]


def test_logging_a_thousand_different_metrics_takes_two_commands(app: App, run_id: str, spent: Spent) -> None:
    metrics = [{"key": f"m{i}", "value": i, "timestamp": i} for i in range(1000)]
    assert spent(lambda: post(app, "runs/log-batch", run_id=run_id, metrics=metrics)) == ["insert", "update"]


def test_getting_a_history_takes_one_command_a_page(app: App, run_id: str, spent: Spent) -> None:
    for start in range(0, 800, 100):
        metrics = [{"key": "m", "value": i, "timestamp": i} for i in range(start, start + 100)]
        post(app, "runs/log-batch", run_id=run_id, metrics=metrics)
    at = ""
    for _ in range(4):
        fields = {"run_id": run_id, "metric_key": "m", "max_results": 150, "page_token": at}
        pages: list[dict[str, Any]] = []
        assert spent(lambda f=fields, p=pages: p.append(get(app, "metrics/get-history", **f))) == ["find"]
        at = pages[0]["next_page_token"]


def test_getting_many_histories_takes_one_command(app: App, spent: Spent) -> None:
    ids = [create_run(app) for _ in range(5)]
    fields = {"run_ids": ids, "metric_key": "m", "max_results": 10}
    assert spent(lambda: get(app, "metrics/get-history-bulk-interval", **fields)) == ["find"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["find"]),
        ({"filter": "params.p = 'v' AND metrics.m > 0.5 AND tags.t LIKE '%'"}, ["find"]),
        ({"order_by": ["start_time DESC"], "filter": "start_time >= 0"}, ["find"]),
        ({"order_by": ["metrics.m DESC"]}, ["find", "find"]),
        ({"order_by": ["params.p", "start_time DESC"], "filter": "metrics.m >= 0"}, ["find", "find"]),
        ({"run_view_type": "ALL"}, ["find", "find"]),
    ],
    ids=["default order", "filtered", "by falling start", "by metric", "by parameter", "all stages"],
)
def test_any_page_of_a_search_takes_at_most_two_commands(
    app: App, spent: Spent, fields: dict[str, Any], expected: list[str]
) -> None:
    for i in range(24):
        run_id = create_run(app, start_time=i)
        batch = {
            "metrics": [{"key": "m", "value": i + 1, "timestamp": 1}],
            "params": [{"key": "p", "value": "v"}],
        }
        post(app, "runs/log-batch", run_id=run_id, tags=[{"key": "t", "value": "v"}], **batch)
    at, visited = "", 0
    while True:
        pages: list[dict[str, Any]] = []
        search = {"experiment_ids": ["0"], "max_results": 6, "page_token": at, **fields}
        assert spent(lambda s=search, p=pages: p.append(post(app, "runs/search", **s))) == expected
        visited += len(pages[0]["runs"])
        at = pages[0].get("next_page_token", "")
        if not at:
            break
    assert visited == 24


def test_a_page_of_more_runs_than_a_first_reply_holds_by_default_takes_one_command(
    app: App, spent: Spent
) -> None:
    for _ in range(150):
        create_run(app)
    fields = {"experiment_ids": ["0"], "max_results": 2000}
    assert spent(lambda: post(app, "runs/search", **fields)) == ["find"]


def test_a_page_of_experiments_takes_one_command(app: App, spent: Spent) -> None:
    assert spent(lambda: post(app, "experiments/search", max_results=10)) == ["find"]


def test_opening_a_database_that_is_ready_takes_one_command(app: App, mongodb_uri: str, spent: Spent) -> None:
    assert spent(lambda: open_engine(mongodb_uri).close()) == ["find"]


def test_a_page_of_many_experiments_is_one_walk_within_the_workspace(
    app: App, spent: Spent, commands: Commands
) -> None:
    ids = [post(app, "experiments/create", name=f"e{i}")["experiment_id"] for i in range(4)]
    runs = [create_run(app, experiment_id=id, start_time=i) for i, id in enumerate(ids * 2)]
    found = post(app, "runs/search", experiment_ids=ids, max_results=5)["runs"]
    assert [run["info"]["run_id"] for run in found] == runs[:2:-1]
    assert spent(lambda: post(app, "runs/search", experiment_ids=ids)) == ["find"]
    _, command = commands.sent[-1]
    assert command["filter"]["workspace"] == {"$eq": "default"}
    assert list(command["sort"]) == ["workspace", "newest"]


def test_creating_an_experiment_takes_four_commands(app: App, spent: Spent) -> None:
    made = spent(lambda: post(app, "experiments/create", name="x"))
    # Its number, its name, itself, and that its name need not make it again.
    assert made == ["findAndModify", "insert", "insert", "update"]


BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "an aggregation": ("aggregate", {"aggregate": "runs"}),
    "a transaction's end": ("commitTransaction", {"commitTransaction": 1}),
    "an operator Cosmos DB has not": ("find", {"find": "runs", "filter": {"_id": "a", "$text": {}}}),
    "a deep operator": (
        "find",
        {"find": "runs", "filter": {"_id": "a", "x": {"$elemMatch": {"y": {"$all": []}}}}},
    ),
    "an `$or`": ("find", {"find": "runs", "filter": {"_id": "a", "$or": []}}),
    "no scope": ("find", {"find": "runs", "filter": {"status": {"$eq": "x"}}}),
    "a scope that is not fixed": ("find", {"find": "runs", "filter": {"experiment": {"$gt": ""}}}),
    "another collection's scope": ("find", {"find": "points", "filter": {"experiment": {"$eq": "a"}}}),
    "an update of everything": (
        "update",
        {"update": "tokens", "updates": [{"q": {}, "u": {"$set": {"a": 1}}}]},
    ),
    "a deletion of everything": ("delete", {"delete": "tokens", "deletes": [{"q": {}}]}),
    "an update by a pipeline": (
        "update",
        {"update": "tokens", "updates": [{"q": {"_id": 1}, "u": [{"$set": {}}]}]},
    ),
    "a verb that is not portable": (
        "update",
        {"update": "runs", "updates": [{"q": {"_id": 1}, "u": {"$bit": {"a": 1}}}]},
    ),
    "a deletion of what is in many shards": (
        "delete",
        {"delete": "runs", "deletes": [{"q": {"_id": {"$in": ["a", "b"]}}, "limit": 0}]},
    ),
    "a deletion by the key alone, where that is not the shard": (
        "delete",
        {"delete": "points", "deletes": [{"q": {"_id": "a"}, "limit": 1}]},
    ),
    "an update of what is in many shards": (
        "update",
        {"update": "runs", "updates": [{"q": {"experiment": {"$eq": "a"}}, "u": {"$set": {"a": 1}}}]},
    ),
    "an update that moves a document to another shard": (
        "update",
        {
            "update": "registry",
            "updates": [{"q": {"workspace": {"$eq": "a"}}, "u": {"$set": {"workspace": "b"}}}],
        },
    ),
    "a number from a model by its name alone": (
        "findAndModify",
        {"findAndModify": "registry", "query": {"_id": "a", "name": "m"}, "update": {"$inc": {"last": 1}}},
    ),
    "a document without its shard": ("insert", {"insert": "points", "documents": [{"_id": "a"}]}),
}


@pytest.mark.parametrize(("name", "command"), BAD.values(), ids=BAD.keys())
def test_a_command_that_some_service_has_not_or_that_scans_would_be_noticed(
    name: str, command: dict[str, Any]
) -> None:
    assert len(list(refusals(name, command))) == 1
