"""Entities of the source as the target is to have them: places that move, and ids that change."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import PROMPT_TAG, ModelLine, ModelVersion
from genesis.entities.runs import Run
from genesis.migrate.ends import EXPERIMENT, LOGGED_MODEL, REGISTERED_MODEL, RUN, Loss, Source, Target
from genesis.migrate.locations import Locations, shown

REFERENCE = re.compile(r"(runs|models):/([^/@]+)(.*)", re.DOTALL)
ID = re.compile(r"\b(?:m-)?[0-9a-f]{32}\b")
"""Ids as MLflow makes them: of a run, and with a prefix of a logged model."""
WITH_IDS = ("mlflow.parentRunId", "mlflow.rootRunId", "mlflow.log-model.history")
"""Tags whose values have ids in them."""


@dataclass(frozen=True)
class Owner:
    """Whose artifacts lie at one place, and where they will."""

    kind: str
    id: str
    old: str
    new: str


class Rewriting:
    """Learns where things are from what was found to be at the target: experiments, runs, models, versions.

    ``there`` knows the id at the target of what is there by another than the source's.
    """

    def __init__(self, source: Source, target: Target, there: Callable[[str, str], str | None]) -> None:
        self._source = source
        self._target = target
        self._there = there
        self._locations = Locations()
        self._owned = Locations()
        self.owners: list[Owner] = []
        self.stay: dict[str, Loss] = {}
        """Places that are named as they were, and not copied."""

    def id(self, kind: str, id: str) -> str:
        return self._there(kind, id) or id

    def _moves(self, uri: str) -> bool:
        return bool(uri) and self._source.files(uri) is not None

    def _where(self, uri: str, elsewhere: str, same_id: bool = True) -> str:
        """Where the artifacts at ``uri`` will be: ``elsewhere`` if in no place that is known to move."""
        if not self._moves(uri):
            return uri
        return (self._locations.moved(uri) if same_id else None) or elsewhere

    def _found(self, kind: str, id: str, uri: str, new: str) -> None:
        """What is at the target has its artifacts there at ``new``."""
        if not uri:
            return
        if not self._moves(uri):
            self.stay.setdefault(f"{kind} {id}", Loss(kind, id, f"artifacts stay at {shown(uri)}"))
            return
        if self._locations.moved(uri) != new:
            self._locations.add(uri, new)
        if self._owned.moved(uri) is None:
            self._owned.add(uri, new)
            self.owners.append(Owner(kind, id, uri, new))

    def experiment(self, experiment: Experiment) -> Experiment:
        """With the location that it will have if it keeps its id."""
        if not self._moves(experiment.artifact_location):
            return experiment
        return replace(experiment, artifact_location=self._target.root + experiment.experiment_id)

    def found_experiment(self, experiment: Experiment, id: str) -> None:
        location = experiment.artifact_location
        if self._moves(location):
            self._locations.add(location, self._target.location(id))
        elif location:
            why = f"artifacts stay at {shown(location)}"
            self.stay[f"{EXPERIMENT} {id}"] = Loss(EXPERIMENT, experiment.experiment_id, why)

    def run(self, run: Run) -> Run:
        experiment_id, id = self.id(EXPERIMENT, run.experiment_id), self.id(RUN, run.run_id)
        elsewhere = f"{self._target.location(experiment_id)}/{id}/artifacts"
        tags = {tag: self._told(value) for tag, value in run.tags.items() if tag in WITH_IDS}
        return replace(
            run,
            run_id=id,
            experiment_id=experiment_id,
            artifact_uri=self._where(run.artifact_uri, elsewhere, id == run.run_id),
            tags={**run.tags, **tags},
            model_inputs=[self.id(LOGGED_MODEL, model) for model in run.model_inputs],
            model_outputs=[(self.id(LOGGED_MODEL, model), step) for model, step in run.model_outputs],
        )

    def found_run(self, run: Run) -> None:
        self._found(RUN, run.run_id, run.artifact_uri, self.run(run).artifact_uri)

    def _told(self, text: str) -> str:
        return ID.sub(
            lambda found: self.id(LOGGED_MODEL if found[0].startswith("m-") else RUN, found[0]), text
        )

    def logged_model(self, model: LoggedModel) -> LoggedModel:
        experiment_id = self.id(EXPERIMENT, model.experiment_id)
        id = self.id(LOGGED_MODEL, model.model_id)
        elsewhere = f"{self._target.location(experiment_id)}/models/{id}/artifacts"
        return replace(
            model,
            model_id=id,
            experiment_id=experiment_id,
            artifact_uri=self._where(model.artifact_uri, elsewhere, id == model.model_id),
            source_run_id=self.id(RUN, model.source_run_id),
            metrics=[row._replace(run_id=self.id(RUN, row.run_id)) for row in model.metrics],
        )

    def found_logged_model(self, model: LoggedModel) -> None:
        self._found(LOGGED_MODEL, model.model_id, model.artifact_uri, self.logged_model(model).artifact_uri)

    def line(self, line: ModelLine) -> ModelLine:
        return replace(line, versions=[self._version(version) for version in line.versions])

    def found_line(self, line: ModelLine) -> None:
        for version in line.versions:
            if _has_place(version):
                id = f"{version.name}/{version.number}"
                self._found(REGISTERED_MODEL, id, version.storage, self._version(version).storage)

    def _version(self, version: ModelVersion) -> ModelVersion:
        if _is_prompt(version):
            return version
        storage = self._reference(version.storage)
        if _has_place(version):
            elsewhere = f"{self._target.root}registry/{quote(version.name, safe='')}/{version.number}"
            storage = self._where(version.storage, elsewhere)
        return replace(
            version,
            source=self._source_of(version, storage),
            storage=storage,
            run_id=self.id(RUN, version.run_id),
        )

    def _source_of(self, version: ModelVersion, storage: str) -> str:
        if version.source == version.storage:
            return storage
        if REFERENCE.fullmatch(version.source):
            return self._reference(version.source)
        return self._locations.moved(version.source) or version.source

    def _reference(self, uri: str) -> str:
        found = REFERENCE.fullmatch(uri)
        if found is None:
            return uri
        scheme, id, rest = found.groups()
        return f"{scheme}:/{self.id(RUN if scheme == 'runs' else LOGGED_MODEL, id)}{rest}"


def _is_prompt(version: ModelVersion) -> bool:
    """Whether its source is of no meaning."""
    return version.tags.get(PROMPT_TAG) == "true"


def _has_place(version: ModelVersion) -> bool:
    """Whether its artifacts are somewhere of their own, not in what it refers to."""
    return not _is_prompt(version) and REFERENCE.fullmatch(version.storage) is None
