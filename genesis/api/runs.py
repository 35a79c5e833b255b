"""Verbs on runs (``mlflow/store/tracking/sqlalchemy_store.py`` is what they answer like)."""

from __future__ import annotations

import json
import uuid
from typing import Any

from genesis.api import experiments, limits, locations
from genesis.api.names import random_name
from genesis.entities.experiments import ACTIVE, DEFAULT_ID, STAGES, not_active, parse_id
from genesis.entities.runs import NAME_TAG, Dataset, DatasetInput, Run
from genesis.errors import Code, GenesisError, invalid
from genesis.scope import Scope
from genesis.search.runs import RUNS
from genesis.wire import runs as w
from genesis.wire.base import Reply

DATASET_LIMITS = {"name": 500, "digest": 36, "source": 65_535, "schema": 1_048_575, "profile": 16_777_215}
MAX_INPUT_TAG_KEY = 255
MAX_INPUT_TAG_VALUE = 500


def create(request: w.CreateRun, scope: Scope) -> w.GetRunReply:
    """A running run; its name is the one given, or the tag's, or a random one, and always a tag."""
    experiment = experiments.find(request.experiment_id or DEFAULT_ID, scope)
    if experiment.lifecycle_stage != ACTIVE:
        raise not_active(experiment.experiment_id, experiment.lifecycle_stage)
    tags = _tags(request)
    tagged = tags.get(NAME_TAG, "")
    if request.run_name and tagged and request.run_name != tagged:
        raise invalid(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
            f"(run_name='{request.run_name}', mlflow.runName='{tagged}')."
        )
    name = request.run_name or tagged or random_name()
    run_id = uuid.uuid4().hex
    run = Run(
        run_id=run_id,
        name=name,
        experiment_id=experiment.experiment_id,
        user_id=scope.principal or request.user_id,
        start_time=request.start_time,
        artifact_uri=locations.below(experiment.artifact_location, run_id, "artifacts"),
        tags={**tags, NAME_TAG: name},
    )
    scope.store.runs.create(run)
    return {"run": w.created(run)}


def _tags(request: w.CreateRun) -> dict[str, str]:
    """As given: MLflow checks and cuts the tags that are set later, but not these."""
    tags: dict[str, str] = {}
    for i, tag in enumerate(request.tags):
        if not tag.key:
            raise invalid(f"Missing value for required parameter 'tags[{i}].key'.")
        if tag.key in tags:
            raise GenesisError(Code.BAD_REQUEST, f"The tag '{tag.key}' is given more than once.")
        tags[tag.key] = tag.value
    return tags


def get(request: w.GetRun, scope: Scope) -> w.GetRunReply:
    return {"run": w.whole(scope.store.runs.get(request.run))}


def update(request: w.UpdateRun, scope: Scope) -> w.UpdateRunReply:
    """What is not given stays; a status may go back."""
    values: dict[str, Any] = {}
    if request.status is not None:
        values["status"] = request.status
    if request.end_time is not None:
        values["end_time"] = request.end_time
    if request.run_name:
        values["name"] = request.run_name
    return {"run_info": w.info(scope.store.runs.update(request.run, values))}


def delete(request: w.DeleteRun, scope: Scope) -> Reply:
    """Deleting a run twice is no error, for MLflow."""
    scope.store.runs.delete(request.run_id, scope.now())
    return {}


def restore(request: w.RestoreRun, scope: Scope) -> Reply:
    scope.store.runs.restore(request.run_id)
    return {}


def search(request: w.SearchRuns, scope: Scope) -> w.SearchRunsReply:
    limits.check_max_results(request.max_results)
    where = RUNS.where(request.filter)
    order = RUNS.orders(request.order_by)
    found, token = scope.store.runs.search(
        list(dict.fromkeys(parse_id(id) for id in request.experiment_ids)),
        where,
        STAGES[request.run_view_type],
        order,
        (request.page_token, request.max_results),
    )
    reply = w.SearchRunsReply()
    if found:
        reply["runs"] = w.page(found)
    if token:
        reply["next_page_token"] = token
    return reply


def log_param(request: w.LogParam, scope: Scope) -> Reply:
    """A parameter never changes; the same value again is no error."""
    value = limits.param(request.key, request.value)
    refused = scope.store.runs.log(request.run, params={request.key: value})
    if refused is not None:
        raise invalid(
            f"Changing param values is not allowed. Param with key='{request.key}' was already logged with "
            f"value='{refused['params'][request.key]}' for run ID='{request.run}'. Attempted logging new "
            f"value '{value}'."
        )
    return {}


def set_tag(request: w.SetTag, scope: Scope) -> Reply:
    """The tag of the run's name names it."""
    value = limits.run_tag(request.key, request.value)
    scope.store.runs.log(request.run, tags={request.key: value})
    return {}


def delete_tag(request: w.DeleteTag, scope: Scope) -> Reply:
    scope.store.runs.delete_tag(request.run_id, request.key)
    return {}


def log_inputs(request: w.LogInputs, scope: Scope) -> Reply:
    """Data sets are told apart by name and digest; the first of two equal ones counts."""
    limits.check_run_id(request.run_id)
    inputs = [_input(given) for given in request.datasets]
    scope.store.runs.add_inputs(request.run_id, inputs, [m.model_id for m in request.models])
    return {}


def _input(given: w.DatasetInputMessage) -> DatasetInput:
    dataset = Dataset(
        name=given.dataset.name,
        digest=given.dataset.digest,
        source_type=given.dataset.source_type,
        source=given.dataset.source,
        schema=given.dataset.schema_,
        profile=given.dataset.profile,
    )
    for field, limit in DATASET_LIMITS.items():
        limits.check_length(field, limit, getattr(dataset, field))
    for tag in given.tags:
        limits.check_length("key", MAX_INPUT_TAG_KEY, tag.key)
        limits.check_length("value", MAX_INPUT_TAG_VALUE, tag.value)
    tags = {tag.key: tag.value for tag in given.tags}
    if len(tags) < len(given.tags):
        raise GenesisError(Code.BAD_REQUEST, f"A tag of dataset '{dataset.name}' is given twice.")
    return DatasetInput(dataset, tags)


def log_outputs(request: w.LogOutputs, scope: Scope) -> Reply:
    for i, model in enumerate(request.models):
        if not model.model_id:
            raise invalid(f"Missing value for required parameter 'models[{i}].model_id'.")
    scope.store.runs.add_outputs(request.run_id, [(m.model_id, m.step) for m in request.models])
    return {}


def log_model(request: w.LogModel, scope: Scope) -> Reply:
    """Old clients' record of a logged model: one more element in the JSON list of a tag."""
    try:
        model = json.loads(request.model_json)
    except (ValueError, RecursionError):
        raise invalid(f"Malformed model info. \n {request.model_json} \n is not a valid JSON.") from None
    if not isinstance(model, dict):
        raise invalid(f"Malformed model info. \n {request.model_json} \n is not a JSON object.")
    absent = {"artifact_path", "flavors", "utc_time_created", "run_id"} - model.keys()
    if absent:
        raise invalid(f"Model json is missing mandatory fields: {absent}")
    entry = _history_entry(model)

    def appended(held: str) -> str:
        # Not cut at a tag's limit, as MLflow's store does not: a JSON list that is cut is none.
        return json.dumps([*_list(held), entry])

    scope.store.runs.append_to_history_tag(request.run_id, appended)
    return {}


def _list(held: str) -> list[Any]:
    if not held:
        return []
    try:
        models = json.loads(held)
    except ValueError:
        models = None
    if not isinstance(models, list):
        # A tag that somebody set by hand.
        raise invalid(
            "The run's tag 'mlflow.log-model.history' is not a JSON list, so it cannot be added to."
        )
    return models


def _history_entry(model: dict[str, Any]) -> dict[str, Any]:
    """What MLflow keeps of a model (``mlflow/models/model.py``, get_tags_dict)."""
    kept = ("run_id", "utc_time_created", "artifact_path")
    flavors = model["flavors"] if isinstance(model["flavors"], dict) else {}
    entry = {key: value for key, value in model.items() if key in kept}
    entry["model_uuid"] = model.get("model_uuid")
    entry["flavors"] = {
        flavor: {k: v for k, v in config.items() if k != "config"} if isinstance(config, dict) else config
        for flavor, config in flavors.items()
    }
    return entry
