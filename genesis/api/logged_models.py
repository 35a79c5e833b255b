"""Verbs on logged models (``mlflow/store/tracking/sqlalchemy_store.py`` is what they answer like)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from genesis.api import experiments, limits, locations
from genesis.api.names import random_name
from genesis.entities.experiments import ACTIVE, not_active, parse_id
from genesis.entities.logged_models import LoggedModel
from genesis.errors import Code, GenesisError, invalid
from genesis.scope import Scope
from genesis.search import logged_models as fields
from genesis.wire import logged_models as w
from genesis.wire.base import Reply
from genesis.wire.experiments import Tag

DEFAULT_SEARCHED = 100
BAD_CHARACTERS = ("/", ":", ".", "%", '"', "'")


def create(request: w.CreateLoggedModel, scope: Scope) -> w.GetLoggedModelReply:
    """A pending model; names need not be unique, and one that is not given is a random one."""
    _check_name(request.name)
    experiment = experiments.find(request.experiment_id, scope)
    if experiment.lifecycle_stage != ACTIVE:
        raise not_active(experiment.experiment_id, experiment.lifecycle_stage)
    model_id, now = f"m-{uuid.uuid4().hex}", scope.now()
    model = LoggedModel(
        model_id=model_id,
        experiment_id=experiment.experiment_id,
        name=request.name or random_name(),
        artifact_uri=locations.below(experiment.artifact_location, "models", model_id, "artifacts"),
        creation_time=now,
        last_update_time=now,
        model_type=request.model_type,
        source_run_id=request.source_run_id,
        tags=_by_key(request.tags, "tags"),
        params=_by_key(request.params, "params"),
    )
    scope.store.logged_models.create(model)
    return {"model": w.whole(model)}


def _check_name(name: str) -> None:
    if any(character in name for character in BAD_CHARACTERS):
        raise invalid(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string "
            f"and cannot contain the following characters: {BAD_CHARACTERS}"
        )


def _by_key(items: Sequence[Tag], name: str) -> dict[str, str]:
    """As given: MLflow neither checks nor cuts the tags and parameters of models."""
    values: dict[str, str] = {}
    for i, item in enumerate(items):
        if not item.key:
            raise invalid(f"Missing value for required parameter '{name}[{i}].key'.")
        if item.key in values:
            raise GenesisError(Code.BAD_REQUEST, f"'{item.key}' is given more than once in '{name}'.")
        values[item.key] = item.value
    return values


def get(request: w.GetLoggedModel, scope: Scope) -> w.GetLoggedModelReply:
    deleted = request.allow_deleted.lower() == "true"
    return {"model": w.whole(scope.store.logged_models.get(request.model_id, deleted))}


def finalize(request: w.FinalizeLoggedModel, scope: Scope) -> w.GetLoggedModelReply:
    """Any status may follow any, and a deleted model is finalized like another one, for MLflow."""
    model = scope.store.logged_models.finalize(request.model_id, request.status, scope.now())
    return {"model": w.whole(model)}


def delete(request: w.DeleteLoggedModel, scope: Scope) -> Reply:
    scope.store.logged_models.delete(request.model_id, scope.now())
    return {}


def set_tags(request: w.SetLoggedModelTags, scope: Scope) -> w.SetLoggedModelTagsReply:
    """Of a key that is given twice the last value counts."""
    for i, tag in enumerate(request.tags):
        if not tag.key:
            raise invalid(f"Missing value for required parameter 'tags[{i}].key'.")
    scope.store.logged_models.set_tags(request.model_id, {tag.key: tag.value for tag in request.tags})
    return {}


def delete_tag(request: w.DeleteLoggedModelTag, scope: Scope) -> Reply:
    scope.store.logged_models.delete_tag(request.model_id, request.tag_key)
    return {}


def log_params(request: w.LogLoggedModelParams, scope: Scope) -> Reply:
    """A parameter is logged once; even its own value again is refused, as by MLflow."""
    scope.store.logged_models.log_params(request.model_id, _by_key(request.params, "params"))
    return {}


def search(request: w.SearchLoggedModels, scope: Scope) -> w.SearchLoggedModelsReply:
    """Active models, of deleted experiments too; a page of size 0 is one of MLflow's default size."""
    size = request.max_results or DEFAULT_SEARCHED
    limits.check_max_results(size)
    where = fields.where(request.filter, [(d.dataset_name, d.dataset_digest) for d in request.datasets])
    ids = dict.fromkeys(parse_id(id) for id in request.experiment_ids)
    order = fields.orders(
        (o.field_name, o.ascending, o.dataset_name, o.dataset_digest) for o in request.order_by
    )
    where, searched = fields.experiments(where, ids)
    found, token = scope.store.logged_models.search(searched, where, order, (request.page_token, size))
    reply = w.SearchLoggedModelsReply()
    if found:
        reply["models"] = [w.whole(model) for model in found]
    if token:
        reply["next_page_token"] = token
    return reply
