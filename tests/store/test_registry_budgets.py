"""What a request about models may cost on MongoDB, in commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from genesis.app import App
from genesis.settings import Settings
from tests.store.calls import create_run, get, post
from tests.store.commands import Commands

Spent = Callable[[Callable[[], Any]], list[str]]


@pytest.fixture
def app(mongodb_uri: str, tmp_path: Path) -> Iterator[App]:
    """An App with the registered model "m": version 1 is passed over by now, version 3 has an alias."""
    with closing(App(Settings(data=str(tmp_path), database_uri=mongodb_uri))) as app:
        post(app, "registered-models/create", name="m")
        for _ in range(9):
            post(app, "model-versions/create", name="m", source="s3://bucket/model")
        post(app, "registered-models/alias", name="m", alias="champion", version="3")
        yield app


@pytest.fixture
def spent(commands: Commands) -> Spent:
    """The commands that a call takes."""

    def count(call: Callable[[], Any]) -> list[str]:
        before = len(commands.sent)
        call()
        return commands.names[before:]

    return count


def logged_model(app: App, **fields: Any) -> str:
    model = post(app, "logged-models", experiment_id="0", name="logged", **fields)["model"]
    id: str = model["info"]["model_id"]
    return id


def test_creating_a_version_takes_two_commands(app: App, spent: Spent) -> None:
    fields = {"name": "m", "source": "s3://bucket/other"}
    assert spent(lambda: post(app, "model-versions/create", **fields)) == ["findAndModify", "insert"]


def test_creating_a_version_of_a_run_s_artifacts_takes_three_commands(app: App, spent: Spent) -> None:
    run_id = create_run(app)
    source = f"mlflow-artifacts:/0/{run_id}/artifacts/model"
    fields = {"name": "m", "source": source, "run_id": run_id}
    assert spent(lambda: post(app, "model-versions/create", **fields)) == ["find", "findAndModify", "insert"]


def test_creating_a_version_of_a_logged_model_takes_four_commands(app: App, spent: Spent) -> None:
    model_id = logged_model(app)
    fields = {"name": "m", "source": f"models:/{model_id}", "model_id": model_id}
    commands = spent(lambda: post(app, "model-versions/create", **fields))
    assert commands == ["find", "findAndModify", "insert", "update"]


def test_copying_a_version_takes_four_commands(app: App, spent: Spent) -> None:
    fields = {"name": "m", "source": "models:/m/1"}
    assert len(spent(lambda: post(app, "model-versions/create", **fields))) <= 4


def test_a_version_that_others_are_passed_over_for_takes_one_command_more(app: App, spent: Spent) -> None:
    fields = {"name": "m", "source": "s3://bucket/other"}
    for _ in range(6):
        post(app, "model-versions/create", **fields)
    commands = spent(lambda: post(app, "model-versions/create", **fields))
    assert commands == ["findAndModify", "insert", "update"]


def test_getting_a_version_by_its_alias_takes_one_command(app: App, spent: Spent) -> None:
    assert spent(lambda: get(app, "registered-models/alias", name="m", alias="champion")) == ["find"]


@pytest.mark.parametrize("version", ["1", "9"], ids=["a version that is passed over", "the latest"])
def test_setting_an_alias_takes_two_commands(app: App, spent: Spent, version: str) -> None:
    fields = {"name": "m", "alias": "champion", "version": version}
    assert len(spent(lambda: post(app, "registered-models/alias", **fields))) == 2
    assert spent(lambda: get(app, "registered-models/alias", name="m", alias="champion")) == ["find"]


@pytest.mark.parametrize("version", ["1", "9"], ids=["a version that is passed over", "the latest"])
def test_getting_a_version_takes_one_command(app: App, spent: Spent, version: str) -> None:
    assert spent(lambda: get(app, "model-versions/get", name="m", version=version)) == ["find"]


def test_getting_a_model_with_its_latest_versions_takes_one_command(app: App, spent: Spent) -> None:
    assert spent(lambda: get(app, "registered-models/get", name="m")) == ["find"]


ORDERS: list[dict[str, Any]] = [
    {},
    {"order_by": ["name DESC"]},
    {"order_by": ["last_updated_timestamp DESC"]},
    {"filter": "name LIKE 'm%' AND tags.k = 'v'"},
]


@pytest.mark.parametrize("fields", ORDERS, ids=str)
@pytest.mark.parametrize("what", ["registered-models/search", "model-versions/search"])
def test_a_page_takes_two_commands_at_most(app: App, spent: Spent, what: str, fields: dict[str, Any]) -> None:
    assert len(spent(lambda: get(app, what, max_results=5, **fields))) <= 2


def test_prompts_are_searched_in_two_commands(app: App, spent: Spent) -> None:
    fields = {"filter": "tags.`mlflow.prompt.is_prompt` = 'true'"}
    assert len(spent(lambda: get(app, "registered-models/search", **fields))) <= 2


def test_getting_a_logged_model_takes_one_command(app: App, spent: Spent) -> None:
    model_id = logged_model(app)
    assert spent(lambda: get(app, f"logged-models/{model_id}")) == ["find"]


def test_creating_a_logged_model_takes_two_commands(app: App, spent: Spent) -> None:
    assert spent(lambda: logged_model(app)) == ["find", "insert"]


def test_a_metric_of_a_logged_model_takes_two_commands_more(app: App, spent: Spent) -> None:
    """One to see that it will be taken, so that nothing is half done, and one to add it."""
    fields = {
        "run_id": create_run(app),
        "key": "m",
        "value": 1,
        "timestamp": 1,
        "model_id": logged_model(app),
    }
    assert len(spent(lambda: post(app, "runs/log-metric", **fields))) <= 4


@pytest.mark.parametrize(
    "fields",
    [{}, {"filter": "metrics.m > 0"}, {"order_by": [{"field_name": "metrics.m"}]}],
    ids=["default order", "filtered", "by metric"],
)
def test_a_page_of_logged_models_takes_two_commands_at_most(
    app: App, spent: Spent, fields: dict[str, Any]
) -> None:
    logged_model(app)
    search = {"experiment_ids": ["0"], **fields}
    assert len(spent(lambda: post(app, "logged-models/search", **search))) <= 2
