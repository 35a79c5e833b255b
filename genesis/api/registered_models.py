"""Verbs on registered models (``mlflow/store/model_registry/sqlalchemy_store.py`` answers like this)."""

from __future__ import annotations

from genesis.api import limits
from genesis.entities.registry import LATEST, MODEL, PROMPT, newest, stage_of, with_aliases
from genesis.scope import Scope
from genesis.search.prompts import prompts
from genesis.search.registered_models import REGISTERED_MODELS
from genesis.wire import registered_models as w
from genesis.wire.base import Reply
from genesis.wire.model_versions import GetModelVersionReply, version


def create(request: w.CreateRegisteredModel, scope: Scope) -> w.GetRegisteredModelReply:
    """A model, or a prompt where the tags say so; the two share their names."""
    limits.check_new_model_name(request.name)
    for tag in request.tags:
        limits.check_registry_tag(tag.key, tag.value)
    tags = {tag.key: tag.value for tag in request.tags}
    model = scope.store.registered_models.create(request.name, request.description, tags, scope.now())
    return {"registered_model": w.model(model)}


def get(request: w.GetRegisteredModel, scope: Scope) -> w.GetRegisteredModelReply:
    limits.check_model_name(request.name)
    return {"registered_model": w.model(scope.store.registered_models.get(request.name))}


def update(request: w.UpdateRegisteredModel, scope: Scope) -> w.GetRegisteredModelReply:
    """A description that is not given is taken away."""
    limits.check_model_name(request.name)
    model = scope.store.registered_models.update(request.name, request.description, scope.now())
    return {"registered_model": w.model(model)}


def rename(request: w.RenameRegisteredModel, scope: Scope) -> w.GetRegisteredModelReply:
    """Versions, tags and aliases go with the model."""
    limits.check_new_model_name(request.new_name, "new_name")
    limits.check_model_name(request.name)
    model = scope.store.registered_models.rename(request.name, request.new_name, scope.now())
    return {"registered_model": w.model(model)}


def delete(request: w.DeleteRegisteredModel, scope: Scope) -> Reply:
    limits.check_model_name(request.name)
    scope.store.registered_models.delete(request.name)
    return {}


def search(request: w.SearchRegisteredModels, scope: Scope) -> w.SearchRegisteredModelsReply:
    """Prompts are found only by a filter that asks for them."""
    limits.check_page_size(request.max_results)
    where, of_prompts = prompts(REGISTERED_MODELS.where(request.filter))
    found, token = scope.store.registered_models.search(
        where,
        (MODEL, PROMPT) if of_prompts else (MODEL,),
        REGISTERED_MODELS.orders(request.order_by),
        (request.page_token, request.max_results),
    )
    reply = w.SearchRegisteredModelsReply()
    if found:
        reply["registered_models"] = [w.model(model) for model in found]
    if token:
        reply["next_page_token"] = token
    return reply


def get_latest_versions(request: w.GetLatestVersions, scope: Scope) -> w.GetLatestVersionsReply:
    """The highest version of each stage that is asked for, of every stage where none is."""
    limits.check_model_name(request.name)
    model = scope.store.registered_models.get(request.name)
    stages = {stage_of(stage) for stage in request.stages}
    found = [with_aliases(v, model) for v in model.latest if not stages or v.stage in stages]
    return {"model_versions": [version(v) for v in found]} if found else {}


def set_tag(request: w.SetRegisteredModelTag, scope: Scope) -> Reply:
    limits.check_model_name(request.name)
    limits.check_registry_tag(request.key, request.value)
    scope.store.registered_models.set_tag(request.name, request.key, request.value)
    return {}


def delete_tag(request: w.DeleteRegisteredModelTag, scope: Scope) -> Reply:
    """A tag that is not there is no error, for MLflow."""
    limits.check_model_name(request.name)
    limits.check_name(request.key, "key")
    scope.store.registered_models.delete_tag(request.name, request.key)
    return {}


def set_alias(request: w.SetRegisteredModelAlias, scope: Scope) -> Reply:
    """An alias that is there already moves to this version."""
    limits.check_model_name(request.name)
    limits.check_new_alias(request.alias)
    number = limits.existing_number(request.name, request.version)
    scope.store.registered_models.set_alias(request.name, request.alias, number)
    return {}


def delete_alias(request: w.DeleteRegisteredModelAlias, scope: Scope) -> Reply:
    """An alias that is not there is no error, for MLflow."""
    limits.check_model_name(request.name)
    limits.check_alias(request.alias)
    scope.store.registered_models.delete_alias(request.name, request.alias)
    return {}


def get_by_alias(request: w.GetModelVersionByAlias, scope: Scope) -> GetModelVersionReply:
    """``latest``, in any case, is the version with the highest number."""
    limits.check_model_name(request.name)
    limits.check_alias(request.alias)
    if request.alias.lower() == LATEST:
        return {"model_version": version(newest(scope.store.registered_models.get(request.name)))}
    return {"model_version": version(scope.store.model_versions.get_by_alias(request.name, request.alias))}
