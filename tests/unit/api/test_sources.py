"""A model version's source is refused exactly where MLflow's server refuses it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

from genesis.api import sources
from genesis.entities import logged_models, runs
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import PROMPT_TAG, ModelVersion, RegisteredModel, not_found, version_not_found
from genesis.entities.runs import Run
from genesis.errors import Code, GenesisError
from genesis.scope import Scope
from genesis.store import Store
from genesis.wire.model_versions import CreateModelVersion

ROOTS = {
    "run": "mlflow-artifacts:/1/run/artifacts",
    "local": "/srv/local/artifacts",
    "file": "file:///srv/file/artifacts",
    "deep": "mlflow-artifacts:/a%20b/deep/artifacts",
}
MODEL_ROOTS = {"m-1": "mlflow-artifacts:/1/models/m-1/artifacts", "m-2": "/srv/models/m-2/artifacts"}


@dataclass
class Held:
    """What a store has, and every look-up of it."""

    looked_up: list[str] = field(default_factory=list)
    models: dict[str, RegisteredModel] = field(default_factory=dict)
    versions: dict[tuple[str, int], ModelVersion] = field(default_factory=dict)

    def run(self, run_id: str) -> Run:
        self.looked_up.append(run_id)
        if run_id not in ROOTS:
            raise runs.not_found(run_id)
        return Run(run_id, "name", "1", "ann", 0, ROOTS[run_id])

    def logged_model(self, model_id: str) -> LoggedModel:
        self.looked_up.append(model_id)
        if model_id not in MODEL_ROOTS:
            raise logged_models.not_found(model_id)
        return LoggedModel(model_id, "1", "net", MODEL_ROOTS[model_id], 0, 0, source_run_id="its-run")

    def registered_model(self, name: str) -> RegisteredModel:
        self.looked_up.append(name)
        if name not in self.models:
            raise not_found(name)
        return self.models[name]

    def version(self, name: str, number: int) -> ModelVersion:
        self.looked_up.append(f"{name}/{number}")
        if (name, number) not in self.versions:
            raise version_not_found(name, number)
        return self.versions[name, number]

    def scope(self) -> Scope:
        store = SimpleNamespace(
            runs=SimpleNamespace(get=self.run),
            logged_models=SimpleNamespace(get=self.logged_model),
            registered_models=SimpleNamespace(get=self.registered_model),
            model_versions=SimpleNamespace(get=self.version),
        )
        return Scope("default", "mlflow-artifacts:/", lambda: cast(Store, store), lambda: cast(Any, None))


@pytest.fixture
def held() -> Held:
    first = ModelVersion("net", 1, 0, 0, "", "s3://b/1", "s3://b/1", "run-1", "", stage="Archived")
    second = ModelVersion("net", 2, 0, 0, "", "models:/m-1", MODEL_ROOTS["m-1"], "run-2", "")
    third = ModelVersion("net", 3, 0, 0, "", "s3://b/3", "s3://b/3", "", "", stage="Staging")
    model = RegisteredModel(
        "net", 0, 0, "", "default", aliases={"old": 1, "champion": 2}, latest=[second, third]
    )
    prompt = RegisteredModel("words", 0, 0, "", "default", tags={PROMPT_TAG: "TRUE"})
    empty = RegisteredModel("empty", 0, 0, "", "default")
    return Held(
        models={"net": model, "words": prompt, "empty": empty},
        versions={(v.name, v.number): v for v in (first, second, third)},
    )


def message(source: str, **fields: Any) -> CreateModelVersion:
    return CreateModelVersion.parse({"name": "target", "source": source, **fields})


def located(held: Held, source: str, **fields: Any) -> sources.Source:
    scope = held.scope()
    return sources.located(sources.checked(message(source, **fields), scope), scope)


@pytest.fixture(scope="module")
def mlflow() -> Iterator[Any]:
    """MLflow's own validation, over the same runs and logged models."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.server import handlers

    def run(run_id: str) -> Any:
        if run_id not in ROOTS:
            raise MlflowException("none", RESOURCE_DOES_NOT_EXIST)
        return SimpleNamespace(info=SimpleNamespace(artifact_uri=ROOTS[run_id]))

    def logged_model(model_id: str) -> Any:
        if model_id not in MODEL_ROOTS:
            raise MlflowException("none", RESOURCE_DOES_NOT_EXIST)
        return SimpleNamespace(artifact_location=MODEL_ROOTS[model_id])

    def registered_model(name: str) -> Any:
        raise MlflowException("none", RESOURCE_DOES_NOT_EXIST)

    with pytest.MonkeyPatch.context() as patch:
        store = SimpleNamespace(get_run=run, get_logged_model=logged_model)
        patch.setattr(handlers, "_get_tracking_store", lambda: store)
        registry = SimpleNamespace(get_registered_model=registered_model)
        patch.setattr(handlers, "_get_model_registry_store", lambda: registry)
        yield handlers


def mlflow_refuses(handlers: Any, source: str, run_id: str, model_id: str) -> str:
    """MLflow's refusal, "" for none."""
    try:
        handlers._validate_artifact_uri_scheme(source, "source")
        handlers._resolve_registered_model_source_lineage(
            source, run_id, model_id, has_run_id=True, has_model_id=True
        )
        if model_id:
            handlers._validate_source_model(source, model_id)
        else:
            handlers._validate_source_run(source, run_id)
    except (MlflowException, ValueError) as error:
        return str(error)
    return ""


def we_refuse(source: str, run_id: str, model_id: str) -> str:
    try:
        sources.checked(message(source, run_id=run_id, model_id=model_id), Held().scope())
    except GenesisError as error:
        assert error.status in (400, 404)
        return error.message
    return ""


PIECES = st.sampled_from(
    "/ // . .. a 1 run local file deep artifacts models m-1 m-2 srv %2e %2e%2e %2f %252e%252e %61 %00 "
    "%20 + ? # ; @ : host localhost [ \\".split()
)
STARTS = st.sampled_from(
    [
        *ROOTS.values(),
        *MODEL_ROOTS.values(),
        "runs:/run",
        "runs:/local",
        "runs:",
        "models:/m-1",
        "models:/m-2",
        "mlflow-artifacts:/1/",
        "MLFLOW-artifacts:/1/run/",
        "mlflow-artifacts:",
        "s3://b/",
        "s3:",
        "file:/srv/file/artifacts",
        "file:",
        "file://localhost/srv/local/artifacts",
        "http://host/",
        "dbfs:/",
        "/srv/",
        "",
    ]
)
SOURCES = st.builds(lambda start, pieces: start + "".join(pieces), STARTS, st.lists(PIECES, max_size=6))


@given(
    source=SOURCES.filter(bool),
    run_id=st.sampled_from(["", *ROOTS, "none"]),
    model_id=st.sampled_from(["", "", *MODEL_ROOTS, "m-none"]),
)
def test_a_source_is_refused_where_mlflow_refuses_it(
    mlflow: Any, source: str, run_id: str, model_id: str
) -> None:
    theirs = mlflow_refuses(mlflow, source, run_id, model_id)
    ours = we_refuse(source, run_id, model_id)
    assert bool(ours) == bool(theirs), (ours, theirs)


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("runs:/other/model", {"run_id": "run"}),
        ("mlflow-artifacts:/1/run", {"run_id": "run"}),
        ("mlflow-artifacts:/1/run/artifacts", {"run_id": "none"}),
        ("models:/m-1", {"model_id": "m-2"}),
        ("models:/m-1", {}),
        ("runs:/run", {"model_id": "m-1"}),
        ("/srv/elsewhere", {"run_id": "local"}),
        ("/srv/elsewhere", {"run_id": "run"}),
        ("/srv/elsewhere", {"model_id": "m-2"}),
        ("/srv/elsewhere", {}),
        ("s3://b/../a", {}),
        ("s3://b", {}),
        ("http://host/a", {}),
    ],
)
def test_the_refusal_is_in_mlflow_s_words(mlflow: Any, source: str, fields: dict[str, str]) -> None:
    both = (fields.get("run_id", ""), fields.get("model_id", ""))
    assert we_refuse(source, *both) == mlflow_refuses(mlflow, source, *both) != ""


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("runs:/run/model", {"run_id": "run"}),
        ("mlflow-artifacts:/1/run/artifacts/model", {"run_id": "run"}),
        ("models:/m-1", {"model_id": "m-1"}),
        ("mlflow-artifacts:/1/models/m-1/artifacts", {"model_id": "m-1"}),
        ("s3://b/a", {"model_id": "m-1"}),
        ("s3://b/a", {"run_id": "run"}),
        ("models:/net/3", {}),
        ("models:/net/latest", {}),
        ("models:/net@champion", {}),
    ],
)
def test_one_look_up_is_enough(held: Held, source: str, fields: dict[str, str]) -> None:
    located(held, source, **fields)
    assert len(held.looked_up) <= 1


@pytest.mark.parametrize(
    ("source", "uri", "storage", "run_id"),
    [
        ("models:/net/1", "models:/net/1", "s3://b/1", "run-1"),
        ("models:/net/2", "models:/net/2", MODEL_ROOTS["m-1"], "run-2"),
        ("models:/net@champion", "models:/net/2", MODEL_ROOTS["m-1"], "run-2"),
        ("models:/net@old", "models:/net/1", "s3://b/1", "run-1"),
        ("models:/net@Latest", "models:/net/3", "s3://b/3", ""),
        ("models:/net/latest", "models:/net/3", "s3://b/3", ""),
        ("models:/net/none", "models:/net/2", MODEL_ROOTS["m-1"], "run-2"),
        ("MODELS:/net/STAGING", "models:/net/3", "s3://b/3", ""),
    ],
)
def test_a_copy_lies_where_its_original_lies(
    held: Held, source: str, uri: str, storage: str, run_id: str
) -> None:
    found = located(held, source)
    assert (found.uri, sources.storage(found), found.run_id) == (uri, storage, run_id)


@pytest.mark.parametrize("fields", [{"run_id": "run-1"}, {"run_id": ""}, {"model_id": "m-1"}])
def test_a_copy_s_run_is_its_original_s(held: Held, fields: dict[str, str]) -> None:
    with pytest.raises(GenesisError, match="must match the referenced model version"):
        located(held, "models:/net/2", **fields)


def test_a_copy_may_name_its_original_s_run(held: Held) -> None:
    assert located(held, "models:/net/2", run_id="run-2", model_id="").run_id == "run-2"


@pytest.mark.parametrize(
    ("source", "code", "why"),
    [
        ("models:/none/1", Code.RESOURCE_DOES_NOT_EXIST, "Registered Model with name=none not found"),
        ("models:/net/9", Code.RESOURCE_DOES_NOT_EXIST, r"Model Version \(name=net, version=9\) not found"),
        ("models:/net/0", Code.RESOURCE_DOES_NOT_EXIST, "version=0"),
        ("models:/net/²", Code.INVALID_PARAMETER_VALUE, "must be an integer"),
        ("models:/net@none", Code.INVALID_PARAMETER_VALUE, "alias none not found"),
        ("models:/net@a b", Code.INVALID_PARAMETER_VALUE, "Invalid alias name"),
        ("models:/net/Production", Code.INVALID_PARAMETER_VALUE, "and stage 'Production' found"),
        ("models:/net/bogus", Code.INVALID_PARAMETER_VALUE, "Invalid Model Version stage: bogus"),
        (
            "models:/empty/latest",
            Code.INVALID_PARAMETER_VALUE,
            "No versions of model with name 'empty' found",
        ),
        ("models:/empty@latest", Code.RESOURCE_DOES_NOT_EXIST, "Latest version not found"),
        ("models:/words/1", Code.INVALID_PARAMETER_VALUE, "Prompt versions cannot be used"),
        ("models:/a:b/1", Code.INVALID_PARAMETER_VALUE, "Invalid model name"),
        ("models:/@champion", Code.INVALID_PARAMETER_VALUE, "Missing value for required parameter 'name'"),
        ("models://host/net/1", Code.INVALID_PARAMETER_VALUE, "active model registry"),
        ("models:/net/", Code.INVALID_PARAMETER_VALUE, "must identify the resource"),
        ("models:/net@", Code.INVALID_PARAMETER_VALUE, "must identify the resource"),
        ("models:/net/1/2", Code.INVALID_PARAMETER_VALUE, "must identify the resource"),
        ("models:/", Code.INVALID_PARAMETER_VALUE, "must identify the resource"),
        ("models:net/1", Code.INVALID_PARAMETER_VALUE, "must identify the resource"),
    ],
)
def test_these_are_no_originals(held: Held, source: str, code: Code, why: str) -> None:
    with pytest.raises(GenesisError, match=why) as refusal:
        located(held, source)
    assert refusal.value.code is code


@pytest.mark.parametrize("run_id", ["", "mine"])
def test_a_logged_model_says_where_it_lies_and_which_run_made_it(held: Held, run_id: str) -> None:
    found = located(held, "models:/m-1", model_id="m-1", run_id=run_id)
    assert sources.storage(found) == MODEL_ROOTS["m-1"]
    assert found.run_id == (run_id or "its-run")


def test_a_source_elsewhere_may_be_a_logged_model_s(held: Held) -> None:
    found = located(held, "s3://b/a", model_id="m-1")
    assert (sources.storage(found), found.run_id) == ("s3://b/a", "its-run")


@pytest.mark.parametrize("run_id", ["", "mine"])
def test_a_logged_model_that_is_gone_is_told_before_anything_is_made(held: Held, run_id: str) -> None:
    with pytest.raises(GenesisError, match="'m-none' not found") as refusal:
        located(held, "s3://b/a", model_id="m-none", run_id=run_id)
    assert refusal.value.code is Code.RESOURCE_DOES_NOT_EXIST


def test_a_source_that_is_a_logged_model_which_is_gone_is_the_client_s_mistake(held: Held) -> None:
    with pytest.raises(GenesisError, match="Unable to fetch model") as refusal:
        located(held, "models:/m-none", model_id="m-none")
    assert refusal.value.code is Code.INVALID_PARAMETER_VALUE


@pytest.mark.parametrize("marked", ["true", "TRUE"])
@pytest.mark.parametrize("source", sources.PLACEHOLDERS)
def test_a_prompt_s_source_is_a_placeholder(held: Held, marked: str, source: str) -> None:
    tags = [{"key": PROMPT_TAG, "value": marked}]
    assert located(held, source, tags=tags).uri == source
    assert not held.looked_up
    for other in (source + "/", "s3://b/a", "models:/net/1", "http://h/a"):
        with pytest.raises(GenesisError, match="must use an MLflow placeholder"):
            located(held, other, tags=tags)


def test_of_two_tags_that_mark_a_prompt_the_last_one_counts(held: Held) -> None:
    tags = [{"key": PROMPT_TAG, "value": "true"}, {"key": PROMPT_TAG, "value": "no"}]
    assert located(held, "s3://b/a", tags=tags).uri == "s3://b/a"
    with pytest.raises(GenesisError, match="To use a local path"):
        located(held, "dummy-source", tags=tags)


def test_a_source_that_would_take_long_to_decode_is_refused(held: Held) -> None:
    with pytest.raises(GenesisError, match="'source' exceeds the maximum length of 4096 characters"):
        located(held, "s3://b/%" + "25" * 3000)


def trusting(held: Held, **others: Any) -> Scope:
    return replace(held.scope(), trusted=True, **others)


@pytest.mark.parametrize("uri", ["/home/ann/model", "file:///home/ann/model", "hdfs://h/p", "abfss://f@h/p"])
def test_who_holds_the_database_registers_what_they_can_read(held: Held, uri: str) -> None:
    scope = trusting(held)
    request = CreateModelVersion.parse({"name": "net", "source": uri})
    source = sources.located(sources.checked(request, scope), scope)
    assert (sources.storage(source), source.run_id, held.looked_up) == (uri, "", [])


def test_a_trusted_source_that_names_a_logged_model_is_that_model(held: Held) -> None:
    scope = trusting(held)
    request = CreateModelVersion.parse({"name": "net", "source": "models:/m-1"})
    source = sources.located(sources.checked(request, scope), scope)
    assert (sources.storage(source), source.run_id) == (MODEL_ROOTS["m-1"], "its-run")


def test_logged_models_of_another_database_are_asked_for_there(held: Held) -> None:
    there = LoggedModel("m-9", "7", "net", "s3://there/m-9", 0, 0, source_run_id="run-9")
    scope = trusting(held, elsewhere={"m-9": there}.__getitem__)
    request = CreateModelVersion.parse({"name": "net", "source": "models:/m-9", "model_id": "m-9"})
    source = sources.located(sources.checked(request, scope), scope)
    assert (sources.storage(source), source.run_id, held.looked_up) == ("s3://there/m-9", "run-9", [])
