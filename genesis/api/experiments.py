"""Verbs on experiments (``mlflow/store/tracking/sqlalchemy_store.py`` is what they answer like)."""

from __future__ import annotations

from genesis.api import limits, locations
from genesis.entities.experiments import ACTIVE, STAGES, Experiment, not_found, parse_id
from genesis.errors import Code, GenesisError, invalid, missing
from genesis.scope import Scope
from genesis.search.experiments import EXPERIMENTS
from genesis.store.experiments import Location
from genesis.wire import experiments as w
from genesis.wire.base import Reply

VIEW_TAG = "mlflow.customView.view"
MAX_VIEWS = 50
MAX_SEARCHED_EXPERIMENTS = 20
MAX_DATASETS = 1000


def create(request: w.CreateExperiment, scope: Scope) -> w.CreateExperimentReply:
    """Names are unique within a workspace, deleted experiments included."""
    location = request.artifact_location
    if location:
        locations.check(location, trusted=scope.trusted)
    limits.check_experiment_name(request.name)
    for tag in request.tags:
        limits.check_experiment_tag(tag.key, tag.value)
    tags: dict[str, str] = {}
    for tag in request.tags:
        if tag.key in tags:
            raise GenesisError(Code.BAD_REQUEST, f"The tag '{tag.key}' is given more than once.")
        tags[tag.key] = tag.value
    at = Location(scope.artifact_root, location)
    return {"experiment_id": scope.store.experiments.create(request.name, at, tags, scope.now())}


def get(request: w.GetExperiment, scope: Scope) -> w.GetExperimentReply:
    return {"experiment": w.experiment(find(request.experiment_id, scope))}


def find(experiment_id: str, scope: Scope) -> Experiment:
    """The experiment, whatever its stage; raises RESOURCE_DOES_NOT_EXIST."""
    parsed = parse_id(experiment_id)
    experiment = scope.store.experiments.get(parsed)
    if experiment is None:
        raise not_found(parsed)
    return experiment


def get_by_name(request: w.GetExperimentByName, scope: Scope) -> w.GetExperimentReply:
    experiment = scope.store.experiments.get_by_name(request.experiment_name)
    if experiment is None:
        raise missing(f"Could not find experiment with name '{request.experiment_name}'")
    return {"experiment": w.experiment(experiment)}


def search(request: w.SearchExperiments, scope: Scope) -> w.SearchExperimentsReply:
    """MLflow has no default page size here: one that is not given counts as 0, which is refused."""
    limits.check_max_results(request.max_results)
    found, token = scope.store.experiments.search(
        EXPERIMENTS.where(request.filter),
        STAGES[request.view_type],
        EXPERIMENTS.orders(request.order_by),
        (request.page_token, request.max_results),
    )
    reply = w.SearchExperimentsReply()
    if found:
        reply["experiments"] = [w.experiment(experiment) for experiment in found]
    if token:
        reply["next_page_token"] = token
    return reply


def update(request: w.UpdateExperiment, scope: Scope) -> Reply:
    limits.check_experiment_name(request.new_name)
    experiment = find(request.experiment_id, scope)
    if experiment.lifecycle_stage != ACTIVE:
        # MLflow answers INVALID_STATE, whose status 500 makes its clients retry for minutes.
        raise invalid("Cannot rename a non-active experiment.")
    scope.store.experiments.rename(experiment, request.new_name, scope.now())
    return {}


def delete(request: w.DeleteExperiment, scope: Scope) -> Reply:
    """Deletes its runs, too; an experiment that is deleted already does not exist."""
    scope.store.experiments.delete(parse_id(request.experiment_id), scope.now())
    return {}


def restore(request: w.RestoreExperiment, scope: Scope) -> Reply:
    """Restores every run of it, those deleted one by one before included."""
    scope.store.experiments.restore(parse_id(request.experiment_id), scope.now())
    return {}


def set_tag(request: w.SetExperimentTag, scope: Scope) -> Reply:
    if request.key.startswith(VIEW_TAG):
        _check_views(find(request.experiment_id, scope), request.key)
    limits.check_experiment_tag(request.key, request.value)
    scope.store.experiments.set_tag(parse_id(request.experiment_id), request.key, request.value)
    return {}


def _check_views(experiment: Experiment, key: str) -> None:
    views = [tag for tag in experiment.tags if tag.startswith(VIEW_TAG)]
    if key not in views and len(views) >= MAX_VIEWS:
        raise invalid(
            f"Unable to create another custom view for experiment {experiment.experiment_id}; the maximum "
            f"number of custom views per experiment is {MAX_VIEWS}. Delete an existing custom view before "
            "creating a new one."
        )


def delete_tag(request: w.DeleteExperimentTag, scope: Scope) -> Reply:
    scope.store.experiments.delete_tag(parse_id(request.experiment_id), request.key)
    return {}


def search_datasets(request: w.SearchDatasets, scope: Scope) -> w.SearchDatasetsReply:
    """Of experiments and runs of any stage, and of unknown ones none."""
    ids = request.experiment_ids
    if not ids:
        raise invalid("SearchDatasets request must specify at least one experiment_id.")
    if len(ids) > MAX_SEARCHED_EXPERIMENTS:
        raise invalid(
            f"SearchDatasets request cannot specify more than {MAX_SEARCHED_EXPERIMENTS} experiment_ids. "
            f"Received {len(ids)} experiment_ids."
        )
    found = scope.store.runs.datasets(list(dict.fromkeys(map(parse_id, ids))), MAX_DATASETS)
    return {"dataset_summaries": [w.summary(dataset) for dataset in found]} if found else {}
