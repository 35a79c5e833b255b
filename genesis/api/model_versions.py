"""Verbs on model versions (``mlflow/store/model_registry/sqlalchemy_store.py`` answers like this)."""

from __future__ import annotations

from genesis.api import limits, sources
from genesis.entities.logged_models import VERSIONS_TAG
from genesis.entities.registry import (
    ACTIVE_STAGES,
    PROMPT_VERSION,
    VERSION,
    ModelVersion,
    NewVersion,
    stage_of,
)
from genesis.errors import invalid
from genesis.scope import Scope
from genesis.search.model_versions import MODEL_VERSIONS
from genesis.search.prompts import prompts
from genesis.wire import model_versions as w
from genesis.wire.base import Reply


def create(request: w.CreateModelVersion, scope: Scope) -> w.GetModelVersionReply:
    """The next version of a model; what it is made of is told its name and number."""
    source = sources.checked(request, scope)
    limits.check_model_name(request.name)
    for tag in request.tags:
        limits.check_version_tag(tag.key, tag.value)
    source = sources.located(source, scope)
    new = NewVersion(
        source=source.uri,
        storage=sources.storage(source),
        run_id=source.run_id,
        run_link=request.run_link,
        description=request.description,
        tags={tag.key: tag.value for tag in request.tags},
    )
    version = scope.store.model_versions.create(request.name, new, scope.now())
    # A trusted caller is MLflow itself, which does this where the logged models are.
    if source.model is not None and not source.is_prompt and not scope.trusted:
        held = source.model.tags.get(VERSIONS_TAG, "")
        scope.store.logged_models.add_version(source.model_id, version.name, version.number, held)
    return {"model_version": w.version(version)}


def get(request: w.GetModelVersion, scope: Scope) -> w.GetModelVersionReply:
    return {"model_version": w.version(_find(request.name, request.version, scope))}


def _find(name: str, version: str, scope: Scope) -> ModelVersion:
    limits.check_model_name(name)
    return scope.store.model_versions.get(name, limits.existing_number(name, version))


def get_download_uri(
    request: w.GetModelVersionDownloadUri, scope: Scope
) -> w.GetModelVersionDownloadUriReply:
    return {"artifact_uri": _find(request.name, request.version, scope).storage}


def update(request: w.UpdateModelVersion, scope: Scope) -> w.GetModelVersionReply:
    """A description that is not given is taken away."""
    limits.check_model_name(request.name)
    number = limits.existing_number(request.name, request.version)
    version = scope.store.model_versions.update(request.name, number, request.description, scope.now())
    return {"model_version": w.version(version)}


def delete(request: w.DeleteModelVersion, scope: Scope) -> Reply:
    """Its aliases go with it; its number is never given again."""
    limits.version_number(request.version)
    limits.check_model_name(request.name)
    number = limits.existing_number(request.name, request.version)
    scope.store.model_versions.delete(request.name, number, scope.now())
    return {}


def transition(request: w.TransitionModelVersionStage, scope: Scope) -> w.GetModelVersionReply:
    """Puts a version into a stage; the others there may be archived."""
    stage = stage_of(request.stage)
    archive = request.archive_existing_versions
    if archive and stage not in ACTIVE_STAGES:
        # MLflow answers INTERNAL_ERROR, whose status 500 makes its clients retry for minutes.
        raise invalid(
            "Model version transition cannot archive existing model versions because "
            f"'{request.stage}' is not an Active stage. Valid stages are {list(ACTIVE_STAGES)}"
        )
    limits.check_model_name(request.name)
    number = limits.existing_number(request.name, request.version)
    version = scope.store.model_versions.transition(request.name, number, stage, archive, scope.now())
    return {"model_version": w.version(version)}


def search(request: w.SearchModelVersions, scope: Scope) -> w.SearchModelVersionsReply:
    """Versions of prompts are found only by a filter that asks for them; none is shown with its aliases."""
    limits.check_page_size(request.max_results)
    where, of_prompts = prompts(MODEL_VERSIONS.where(request.filter))
    found, token = scope.store.model_versions.search(
        where,
        (VERSION, PROMPT_VERSION) if of_prompts else (VERSION,),
        MODEL_VERSIONS.orders(request.order_by),
        (request.page_token, request.max_results),
    )
    reply = w.SearchModelVersionsReply()
    if found:
        reply["model_versions"] = [w.version(version, aliases=False) for version in found]
    if token:
        reply["next_page_token"] = token
    return reply


def set_tag(request: w.SetModelVersionTag, scope: Scope) -> Reply:
    limits.check_model_name(request.name)
    number = limits.existing_number(request.name, request.version)
    limits.check_version_tag(request.key, request.value)
    scope.store.model_versions.set_tag(request.name, number, request.key, request.value)
    return {}


def delete_tag(request: w.DeleteModelVersionTag, scope: Scope) -> Reply:
    """A tag that is not there is no error, for MLflow."""
    limits.check_model_name(request.name)
    number = limits.existing_number(request.name, request.version)
    limits.check_name(request.key, "key")
    scope.store.model_versions.delete_tag(request.name, number, request.key)
    return {}
