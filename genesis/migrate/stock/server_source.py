"""A running tracking server, asked by MLflow's own REST client: what its API shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.store.entities import PagedList
from mlflow.tracking._model_registry.utils import _get_store as registry_store
from mlflow.tracking._tracking_service.utils import _get_store as tracking_store

from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import ModelLine, ModelVersion
from genesis.entities.runs import Run
from genesis.entities.workspaces import DEFAULT_WORKSPACE
from genesis.migrate.ends import BATCH, LOGGED_MODEL, PIECE, REGISTERED_MODEL, Files, Loss
from genesis.migrate.genesis import in_batches
from genesis.migrate.locations import shown
from genesis.migrate.stock.artifacts import SourceFiles
from genesis.migrate.stock.entities import (
    experiment_of,
    logged_model_of,
    points_of,
    registered_model_of,
    run_of,
    told,
    version_of,
)
from genesis.store.points import Point

READERS = 8
PAGE = 1000
HISTORY = 25_000
"""Points of a page of one history, the most that MLflow gives."""
PROMPTS = "tags.`mlflow.prompt.is_prompt` = 'true'"
UNSEEN = Loss(LOGGED_MODEL, "deleted ones", "a server does not show them: give its database as the source")


class ServerSource:
    """One workspace of a server."""

    def __init__(self, uri: str, workspace: str, files: SourceFiles) -> None:
        self.shown = shown(uri)
        self._workspace = workspace
        self._files = files
        if workspace != DEFAULT_WORKSPACE:
            from mlflow.utils.workspace_context import set_workspace

            set_workspace(workspace)

        # By MLflow's registry of stores: a plug-in may know how such a server is spoken to.
        with told(self.shown):
            self._tracking = tracking_store(uri)
            self._registry = registry_store(uri)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="genesis-read")
        self._unready: dict[str, Loss] = {}

    def _pages(self, search: Callable[[str | None], Any]) -> Iterator[Any]:
        token: str | None = None
        while True:
            with told(self.shown):
                page = search(token)
            yield from page
            token = page.token
            if not token:
                return

    def experiments(self) -> Iterator[Experiment]:
        search = self._tracking.search_experiments
        found = self._pages(lambda token: search(ViewType.ALL, max_results=PAGE, page_token=token))
        experiments = [experiment_of(experiment, self._workspace) for experiment in found]
        return iter(sorted(experiments, key=lambda e: (len(e.experiment_id), e.experiment_id)))

    def runs(self, experiment_id: str) -> Iterator[list[Run]]:
        search = self._tracking.search_runs
        found = self._pages(
            lambda token: search([experiment_id], "", ViewType.ALL, max_results=PAGE, page_token=token)
        )
        for batch in in_batches(found, BATCH):
            # A search does not say which models a run read.
            yield list(self.runs_by_id([run.info.run_id for run in batch]).values())

    def runs_by_id(self, ids: Sequence[str]) -> dict[str, Run]:
        found = self._pool.map(self._unless_missing(self._tracking.get_run), ids)
        return {run.info.run_id: run_of(run) for run in found if run is not None}

    def _unless_missing(self, get: Callable[[str], Any]) -> Callable[[str], Any]:
        def found(id: str) -> Any:
            with told(self.shown):
                try:
                    return get(id)
                except MlflowException as error:
                    if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                        raise
                    return None

        return found

    def histories(self, runs: Sequence[Run]) -> Iterator[tuple[str, str, list[Point]]]:
        wanted = [(run.run_id, metric) for run in runs for metric in run.metrics]
        for place, points in zip(
            wanted, self._pool.map(lambda one: self._history(*one), wanted), strict=True
        ):
            for piece in in_batches(points, PIECE):
                yield *place, piece

    def _history(self, run_id: str, metric: str) -> list[Point]:
        get = self._tracking.get_metric_history
        return points_of(
            self._pages(lambda token: get(run_id, metric, max_results=HISTORY, page_token=token))
        )

    def logged_models(self, experiment_id: str) -> Iterator[list[LoggedModel]]:
        def search(token: str | None) -> Any:
            try:
                return self._tracking.search_logged_models(
                    [experiment_id], max_results=BATCH, page_token=token
                )
            except NotImplementedError:
                return PagedList([], None)
            except MlflowException as error:
                # A server that is older than they are.
                if token or " 404 " not in error.message:
                    raise
                return PagedList([], None)

        found = self._pages(search)
        yield from in_batches((logged_model_of(model) for model in found), BATCH)

    def logged_models_by_id(self, ids: Sequence[str]) -> dict[str, LoggedModel]:
        found = self._pool.map(self._unless_missing(self._tracking.get_logged_model), ids)
        return {model.model_id: logged_model_of(model) for model in found if model is not None}

    def lines(self) -> Iterator[ModelLine]:
        for wanted in (None, PROMPTS):
            for found in self._pages(partial(self._registry.search_registered_models, wanted, PAGE, None)):
                yield self._line(found)

    def line(self, name: str) -> ModelLine | None:
        found = self._unless_missing(self._registry.get_registered_model)(name)
        return None if found is None else self._line(found)

    def _line(self, found: Any) -> ModelLine:
        model = registered_model_of(found, self._workspace)
        quote = '"' if "'" in model.name else "'"
        search = self._registry.search_model_versions
        named = f"name = {quote}{model.name}{quote}"
        wanted = f"{named} AND {PROMPTS}" if model.tags.get("mlflow.prompt.is_prompt") == "true" else named
        versions = self._pages(lambda token: search(wanted, max_results=PAGE, page_token=token))
        read = sorted(
            self._pool.map(lambda v: self._version(v, model.aliases), versions), key=lambda v: v.number
        )
        return ModelLine(model, read, read[-1].number if read else 0)

    def _version(self, found: Any, aliases: dict[str, int]) -> ModelVersion:
        name = f"{found.name}/{found.version}"
        if found.status and found.status != "READY":
            self._unready[name] = Loss(REGISTERED_MODEL, name, f"its status {found.status} will be READY")
        storage = found.source
        if str(storage).startswith("models:"):
            with told(self.shown):
                storage = self._registry.get_model_version_download_uri(found.name, found.version)
        return version_of(found, storage, aliases)

    def losses(self) -> Iterator[Loss]:
        yield from self._unready.values()
        yield UNSEEN

    def points(self) -> int | None:
        return None

    def files(self, uri: str) -> Files | None:
        return self._files.of(uri)

    def close(self) -> None:
        self._pool.shutdown()
