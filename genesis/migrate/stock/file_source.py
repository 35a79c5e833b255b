"""A stock MLflow's folder (``mlruns``), through MLflow's own reader of it; nothing is written."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mlflow.entities import ViewType
from mlflow.entities.logged_model import LoggedModel as MlflowModel
from mlflow.exceptions import MissingConfigException, MlflowException
from mlflow.store.model_registry import file_store as registry
from mlflow.store.tracking import file_store as tracking

from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import ModelLine
from genesis.entities.runs import Run
from genesis.migrate.ends import (
    BATCH,
    EXPERIMENT,
    LOGGED_MODEL,
    PIECE,
    REGISTERED_MODEL,
    RUN,
    File,
    Files,
    Loss,
)
from genesis.migrate.genesis import in_batches
from genesis.migrate.locations import local_path
from genesis.migrate.stock.artifacts import SourceFiles
from genesis.migrate.stock.entities import (
    experiment_of,
    logged_model_of,
    points_of,
    registered_model_of,
    run_of,
    version_of,
)
from genesis.migrate.stock.tables import DELETED_VERSION
from genesis.store.points import Point

Found = TypeVar("Found")

# It says of each folder that is no run that it is none.
logging.getLogger("mlflow.store.tracking.file_store").setLevel(logging.ERROR)


class Tracking(tracking.FileStore):
    """As MLflow's, but that it makes no folder and no experiment where they lack."""

    def __init__(self, folder: Path) -> None:
        self.root_directory = str(folder)
        self.artifact_root_uri = folder.as_uri()
        self.trash_folder = str(folder / tracking.FileStore.TRASH_FOLDER_NAME)

    def _get_deleted_experiments(self, full_path: bool = False) -> Any:
        return super()._get_deleted_experiments(full_path) if os.path.isdir(self.trash_folder) else []

    @staticmethod
    def _get_model_metrics_from_file(model_id: str, parent_path: str, metric_name: str) -> Any:
        """All that is in the file, not only the last of each data set."""
        lines = tracking.read_file_lines(parent_path, metric_name)
        read = tracking.FileStore._get_model_metric_from_line
        return [read(model_id, metric_name, line) for line in lines]

    def _get_all_model_metrics(self, model_id: str, model_dir: str) -> Any:
        parent_path, names = self._get_resource_files(model_dir, self.METRICS_FOLDER_NAME)
        return [
            metric
            for name in names
            for metric in self._get_model_metrics_from_file(model_id, parent_path, name)
        ]


class Registry(registry.FileStore):
    """As MLflow's, but that it makes no folder, and asks no other store about a version's metrics."""

    def __init__(self, folder: Path) -> None:
        self.root_directory = str(folder)

    def _get_file_model_version_from_dir(self, directory: str) -> Any:
        meta = registry.FileStore._read_yaml(directory, registry.FileStore.META_DATA_FILE_NAME)
        meta["tags"] = self._get_model_version_tags_from_dir(directory)
        meta["aliases"] = self._get_model_version_aliases(directory)
        return registry.FileModelVersion.from_dictionary(meta)


class At:
    """``Files`` that lie at another place than they are looked for."""

    def __init__(self, files: Files, place: str) -> None:
        self._files = files
        self._place = place

    def walk(self, uri: str) -> Iterator[File]:
        return self._files.walk(self._place)

    def read(self, uri: str, path: str) -> Iterator[bytes]:
        return self._files.read(self._place, path)


class FileSource:
    """All of a folder."""

    def __init__(self, uri: str, workspace: str, files: SourceFiles) -> None:
        folder = local_path(uri)
        if folder is None or not folder.is_dir():
            raise ValueError(f"There is no folder {uri}.")
        if not any((folder / name / "meta.yaml").is_file() for name in os.listdir(folder)):
            raise ValueError(f"{uri} holds no experiments: the folder is mostly called mlruns.")
        self.shown = str(folder)
        self._workspace = workspace
        self._files = files
        self._tracking = Tracking(folder)
        self._registry = Registry(folder)
        self._unreadable: dict[tuple[str, str], Loss] = {}

    def _read(self, kind: str, id: str, read: Callable[[], Found]) -> Found | None:
        """None for what is broken, which is noted."""
        try:
            return read()
        except (MlflowException, MissingConfigException, ValueError, KeyError, TypeError, OSError) as error:
            self._unreadable[kind, id] = Loss(kind, id, f"it cannot be read: {error}")
            return None

    def experiments(self) -> Iterator[Experiment]:
        store = self._tracking
        ids = {*store._get_active_experiments(), *store._get_deleted_experiments()}
        for id in sorted(ids - {registry.FileStore.MODELS_FOLDER_NAME}, key=lambda id: (len(id), id)):
            found = self._read(EXPERIMENT, id, partial(store._get_experiment, id))
            if found is not None:
                yield experiment_of(found, self._workspace)

    def runs(self, experiment_id: str) -> Iterator[list[Run]]:
        found = self._tracking._list_run_infos(experiment_id, ViewType.ALL)
        runs = (self._read(RUN, info.run_id, partial(self._run, info)) for info in found)
        yield from in_batches((run for run in runs if run is not None), BATCH)

    def _run(self, info: Any) -> Run:
        store = self._tracking
        folder = store._get_run_dir(info.experiment_id, info.run_id)
        meta = store._read_yaml(folder, store.META_DATA_FILE_NAME)
        return run_of(store._get_run_from_info(info), meta.get("deleted_time"))

    def runs_by_id(self, ids: Sequence[str]) -> dict[str, Run]:
        found = (self._read(RUN, id, partial(self._run_by_id, id)) for id in ids)
        return {run.run_id: run for run in found if run is not None}

    def _run_by_id(self, id: str) -> Run:
        return self._run(self._tracking._get_run_info(id))

    def histories(self, runs: Sequence[Run]) -> Iterator[tuple[str, str, list[Point]]]:
        for run in runs:
            for metric in run.metrics:
                points = points_of(self._tracking.get_metric_history(run.run_id, metric))
                for piece in in_batches(points, PIECE):
                    yield run.run_id, metric, piece

    def logged_models(self, experiment_id: str) -> Iterator[list[LoggedModel]]:
        folder = Path(self._tracking._get_experiment_path(experiment_id)) / self._tracking.MODELS_FOLDER_NAME
        places = sorted(place for place in folder.glob("*") if (place / "meta.yaml").is_file())
        yield from in_batches(self._models(places), BATCH)

    def _models(self, places: Iterable[Path]) -> Iterator[LoggedModel]:
        for place in places:
            found = self._read(LOGGED_MODEL, place.name, partial(self._model, place))
            if found is not None:
                yield found

    def _model(self, place: Path) -> LoggedModel:
        meta = self._tracking._get_model_info_from_dir(str(place))
        stage = meta.get("lifecycle_stage") or "active"
        return logged_model_of(MlflowModel.from_dictionary(meta), stage)

    def logged_models_by_id(self, ids: Sequence[str]) -> dict[str, LoggedModel]:
        places = (self._tracking._find_model_root(id)[1] for id in ids)
        return {found.model_id: found for found in self._models(Path(place) for place in places if place)}

    def lines(self) -> Iterator[ModelLine]:
        if os.path.isdir(self._registry.models_directory):
            for path in sorted(self._registry._get_all_registered_model_paths()):
                id = os.path.basename(path)
                line = self._read(REGISTERED_MODEL, id, partial(self._line, path))
                if line is not None:
                    yield line

    def line(self, name: str) -> ModelLine | None:
        path = self._registry._get_registered_model_path(name)
        return self._line(path) if os.path.isdir(path) else None

    def _line(self, path: str) -> ModelLine:
        model = registered_model_of(self._registry._get_registered_model_from_path(path), self._workspace)
        found = self._registry._list_file_model_versions_under_path(path)
        versions = [
            version_of(version, version.storage_location, model.aliases)
            for version in found
            if version.current_stage != DELETED_VERSION
        ]
        versions.sort(key=lambda version: version.number)
        return ModelLine(model, versions, max((int(version.version) for version in found), default=0))

    def losses(self) -> Iterator[Loss]:
        yield from self._unreadable.values()
        traces = sum(1 for _ in Path(self.shown).glob("*/traces/*/trace_info.yaml"))
        if traces:
            yield Loss("traces", self.shown, f"its {traces} traces stay: Genesis-Flow does not serve them")

    def points(self) -> int | None:
        return None

    def files(self, uri: str) -> Files | None:
        reader, place = self._files.of(uri), local_path(uri)
        if reader is not None and place is not None and place.is_relative_to(self.shown):
            # A deleted experiment lies there with all its artifacts, which are called as before.
            trash = Path(self._tracking.trash_folder, place.relative_to(self.shown))
            if not place.exists() and trash.exists():
                return At(reader, str(trash))
        return reader

    def close(self) -> None:
        """Nothing is open."""
