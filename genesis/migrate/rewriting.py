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
from genesis.migrate.ends import EXPERIMENT, LOGGED_MODEL, REGISTERED_MODEL, RUN, Loss, Source
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
    """Learns from the experiments, then the runs and the logged models, where things are; in that order.

    ``there`` knows the id at the target of what is there by another than the source's.
    """

    def __init__(self, source: Source, root: str, there: Callable[[str, str], str | None]) -> None:
        self._source = source
        self._root = root
        self._there = there
        self._locations = Locations()
        self._owned = Locations()
        self.owners: list[Owner] = []
        self.stay: dict[str, Loss] = {}
        """Places that are named as they were, and not copied."""

    def id(self, kind: str, id: str) -> str:
        return self._there(kind, id) or id

    def experiment(self, experiment: Experiment) -> Experiment:
        """With the location that it will have if it keeps its id."""
        location = experiment.artifact_location
        if not self._moves(location):
            self._stays(EXPERIMENT, experiment.experiment_id, location)
            return experiment
        return replace(experiment, artifact_location=self._root + experiment.experiment_id)

    def placed(self, experiment: Experiment, id: str) -> None:
        """The source's experiment has this id at the target."""
        if self._moves(experiment.artifact_location):
            self._locations.add(experiment.artifact_location, self._root + id)

    def _moves(self, uri: str) -> bool:
        return bool(uri) and self._source.files(uri) is not None

    def _stays(self, kind: str, id: str, uri: str) -> None:
        if uri:
            self.stay.setdefault(f"{kind} {id}", Loss(kind, id, f"artifacts stay at {shown(uri)}"))

    def _place(self, kind: str, id: str, uri: str, elsewhere: str) -> str:
        """Where the artifacts at ``uri`` will be; ``elsewhere`` if they are in no experiment's place."""
        if not self._moves(uri):
            self._stays(kind, id, uri)
            return uri
        new = self._locations.moved(uri)
        if new is None:
            new = elsewhere
            self._locations.add(uri, elsewhere)
        if self._owned.moved(uri) is None:
            self._owned.add(uri, new)
            self.owners.append(Owner(kind, id, uri, new))
        return new

    def run(self, run: Run) -> Run:
        experiment_id = self.id(EXPERIMENT, run.experiment_id)
        elsewhere = f"{self._root}{experiment_id}/{self.id(RUN, run.run_id)}/artifacts"
        tags = {tag: self._told(value) for tag, value in run.tags.items() if tag in WITH_IDS}
        return replace(
            run,
            run_id=self.id(RUN, run.run_id),
            experiment_id=experiment_id,
            artifact_uri=self._place(RUN, run.run_id, run.artifact_uri, elsewhere),
            tags={**run.tags, **tags},
            model_inputs=[self.id(LOGGED_MODEL, model) for model in run.model_inputs],
            model_outputs=[(self.id(LOGGED_MODEL, model), step) for model, step in run.model_outputs],
        )

    def _told(self, text: str) -> str:
        return ID.sub(
            lambda found: self.id(LOGGED_MODEL if found[0].startswith("m-") else RUN, found[0]), text
        )

    def logged_model(self, model: LoggedModel) -> LoggedModel:
        experiment_id = self.id(EXPERIMENT, model.experiment_id)
        new_id = self.id(LOGGED_MODEL, model.model_id)
        elsewhere = f"{self._root}{experiment_id}/models/{new_id}/artifacts"
        return replace(
            model,
            model_id=new_id,
            experiment_id=experiment_id,
            artifact_uri=self._place(LOGGED_MODEL, model.model_id, model.artifact_uri, elsewhere),
            source_run_id=self.id(RUN, model.source_run_id),
            metrics=[row._replace(run_id=self.id(RUN, row.run_id)) for row in model.metrics],
        )

    def line(self, line: ModelLine) -> ModelLine:
        return replace(line, versions=[self._version(version) for version in line.versions])

    def _version(self, version: ModelVersion) -> ModelVersion:
        if version.tags.get(PROMPT_TAG) == "true":
            # Its source is of no meaning.
            return version
        name = f"{version.name}/{version.number}"
        elsewhere = f"{self._root}registry/{quote(version.name, safe='')}/{version.number}"
        storage = version.storage
        if not REFERENCE.fullmatch(storage):
            storage = self._place(REGISTERED_MODEL, name, storage, elsewhere)
        return replace(
            version,
            source=self._source_of(version, storage),
            storage=self._reference(storage),
            run_id=self.id(RUN, version.run_id),
        )

    def _source_of(self, version: ModelVersion, storage: str) -> str:
        if version.source == version.storage:
            return self._reference(storage)
        if REFERENCE.fullmatch(version.source):
            return self._reference(version.source)
        return self._locations.moved(version.source) or version.source

    def _reference(self, uri: str) -> str:
        found = REFERENCE.fullmatch(uri)
        if found is None:
            return uri
        scheme, id, rest = found.groups()
        return f"{scheme}:/{self.id(RUN if scheme == 'runs' else LOGGED_MODEL, id)}{rest}"
