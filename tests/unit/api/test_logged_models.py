"""Logged models' names are taken and refused as MLflow's own validation does, word for word."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from mlflow.exceptions import MlflowException
from mlflow.utils import validation

from genesis.api import logged_models
from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import LoggedModel
from genesis.errors import GenesisError
from genesis.scope import Scope
from genesis.wire.logged_models import CreateLoggedModel

NAMES = [
    "n",
    " ",
    "größe 🙂",
    "x" * 600,
    "a/b",
    "a:b",
    "a.b",
    "100%",
    'say "x"',
    "it's",
    "a\\b",
    "a\nb",
    "./'",
]


def create(**fields: Any) -> LoggedModel:
    """The model that a request stores."""
    stored: list[LoggedModel] = []
    experiment = Experiment("7", "e", "root/7", 0, 0, "default")
    store = SimpleNamespace(
        experiments=SimpleNamespace(get=lambda id: experiment),
        logged_models=SimpleNamespace(create=stored.append),
    )
    scope = cast(Scope, SimpleNamespace(store=store, now=lambda: 5))
    logged_models.create(CreateLoggedModel.parse({"experiment_id": "7", **fields}), scope)
    [model] = stored
    return model


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_taken_or_refused_as_by_mlflow(name: str) -> None:
    try:
        validation._validate_logged_model_name(name)
    except MlflowException as error:
        with pytest.raises(GenesisError) as refused:
            create(name=name)
        assert (refused.value.message, refused.value.code) == (error.message, error.error_code)
    else:
        assert create(name=name).name == name


def test_a_model_without_a_name_gets_one_and_a_place_of_its_own() -> None:
    one, other = create(), create(name="")
    assert one.name and other.name
    assert one.model_id != other.model_id
    assert one.artifact_uri == f"root/7/models/{one.model_id}/artifacts"


@pytest.mark.parametrize("field", ["tags", "params"])
def test_a_key_is_given_once(field: str) -> None:
    given = [{"key": "k", "value": "1"}, {"key": "k", "value": "1"}]
    with pytest.raises(GenesisError, match=rf"'k' is given more than once in '{field}'"):
        create(**{field: given})
