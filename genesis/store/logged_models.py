"""Logged models over any engine: a model is one document, the metrics that runs logged of it included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from genesis.entities.experiments import ACTIVE, DELETED
from genesis.entities.logged_models import (
    STATUSES,
    VERSIONS_TAG,
    LoggedModel,
    ModelMetric,
    conflict,
    dataset_key,
    has_param,
    no_model_for_metric,
    no_tag,
    not_found,
    with_version,
)
from genesis.errors import unavailable
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.engine import Change, Document, Engine, Missing, Refused, Updated
from genesis.store.pages import LIFECYCLE, STAGES, completed, fixed, page, timed, walk
from genesis.store.runs import LAST_MS, TRIES
from genesis.store.schema import LOGGED_MODELS, key, name

ROWS = Path("rows")
"""How many metrics a model holds."""
THINNED = Path("thinned")
"""How often they were thinned out, so that a count that comes back is not taken for the old one."""
MAX_ROWS = 1000
CHUNK = 100
"""Metrics that one update adds: each costs a condition, and databases take only so many."""


class LoggedModels:
    """The logged models of one workspace."""

    def __init__(self, engine: Engine, workspace: str) -> None:
        self._engine = engine
        self._workspace = workspace

    def _key(self, model_id: str) -> str:
        return key(self._workspace, model_id)

    def create(self, model: LoggedModel) -> None:
        self._engine.insert(LOGGED_MODELS, self._new(model))

    def _new(self, model: LoggedModel) -> Document:
        return {
            "id": self._key(model.model_id),
            "workspace": self._workspace,
            "experiment": key(self._workspace, model.experiment_id),
            "lifecycle": model.lifecycle_stage,
            # Falls as the time of creation rises, then rises with the id: MLflow's default order.
            "newest": f"{LAST_MS - model.creation_time:020d}|{model.model_id}",
            "model_id": model.model_id,
            "name": model.name,
            "model_type": model.model_type,
            "source_run_id": model.source_run_id,
            "status": _stored(model.status),
            "artifact_uri": model.artifact_uri,
            "created": model.creation_time,
            "updated": model.last_update_time,
            "tags": model.tags,
            "params": model.params,
            "metrics": [_element(row) for row in model.metrics],
            "rows": len(model.metrics),
            "thinned": 0,
        }

    def write(self, model: LoggedModel) -> bool:
        """Bring a model from elsewhere as it is; False where there is one of its id.

        Where it has more than ``MAX_ROWS`` metrics, only the latest of each metric, run and data set stay.
        """
        document = self._new(model)
        if model.status_message:
            document["status_message"] = model.status_message
        if len(model.metrics) > MAX_ROWS:
            kept = _latest(document["metrics"])
            document |= {"metrics": kept, "rows": len(kept), "thinned": 1}
        return self._engine.insert(LOGGED_MODELS, document)

    def walk(self, experiment_id: str) -> Iterator[LoggedModel]:
        """All models of an experiment, deleted ones too."""
        where = (fixed("experiment", [key(self._workspace, experiment_id)]), STAGES)
        return map(self._entity, walk(self._engine, LOGGED_MODELS, where))

    def get(self, model_id: str, deleted: bool = False) -> LoggedModel:
        """Raises RESOURCE_DOES_NOT_EXIST, for a deleted model too unless ``deleted``."""
        document = self._engine.get(LOGGED_MODELS, self._key(model_id))
        if document is None or (document["lifecycle"] != ACTIVE and not deleted):
            raise not_found(model_id)
        return self._entity(document)

    def finalize(self, model_id: str, status: str, now: int) -> LoggedModel:
        """Set one of ``STATUSES``, of a deleted model too; any may follow any."""
        self._change(model_id, Change(set={Path("status"): _stored(status), Path("updated"): now}))
        return self.get(model_id, deleted=True)

    def delete(self, model_id: str, now: int) -> None:
        """Deleting a model twice is no error, for MLflow."""
        self._change(model_id, Change(set={LIFECYCLE: DELETED, Path("updated"): now}))

    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        self._change(model_id, Change(set={Path("tags", k): v for k, v in tags.items()}))

    def delete_tag(self, model_id: str, tag: str) -> None:
        path = Path("tags", tag)
        if self._change(model_id, Change(unset=(path,)), Clause(path, Op.IS_NOT_NULL)) is not None:
            raise no_tag(model_id, tag)

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        """All of them, or none where the model has one already, even with the same value."""
        paths = {Path("params", k): v for k, v in params.items()}
        held = self._change(model_id, Change(set=paths), *(Clause(path, Op.IS_NULL) for path in paths))
        if held is not None:
            raise has_param(model_id, next(k for k in params if k in held["params"]))

    def _change(self, model_id: str, change: Change, *guard: Clause) -> Document | None:
        """Change a model of any stage; returns it as it stands if ``guard`` did not hold."""
        outcome = self._engine.update(LOGGED_MODELS, self._key(model_id), change, guard)
        if isinstance(outcome, Missing):
            raise not_found(model_id)
        return outcome.document if isinstance(outcome, Refused) else None

    def add_version(self, model_id: str, model: str, number: int, held: str = "") -> None:
        """Name a model version in the model's tag; ``held`` is that tag's text as it was read last.

        A tag that was set by hand to something else than a list stays as it is.
        """
        path = Path("tags", VERSIONS_TAG)
        for _ in range(TRIES):
            text = with_version(held, model, number)
            if text == held:
                return
            same = Clause(path, Op.EQ, held) if held else Clause(path, Op.ABSENT_OR_EQ, "")
            document = self._change(model_id, Change(set={path: text}), same)
            if document is None:
                return
            held = document["tags"].get(VERSIONS_TAG, "")
        raise unavailable("The model is being changed by many requests at once; try again.")

    def check_metrics(self, model_id: str, rows: Sequence[ModelMetric]) -> None:
        """Raises BAD_REQUEST where ``log_metrics`` would, so that nothing need be half done."""
        document = self._engine.get(LOGGED_MODELS, self._key(model_id))
        if document is None:
            raise no_model_for_metric(model_id)
        _missing_of(_elements(rows), document)

    def log_metrics(self, model_id: str, rows: Sequence[ModelMetric]) -> None:
        """Add what runs measured of a model of any stage; the same again changes nothing."""
        elements = _elements(rows)
        for start in range(0, len(elements), CHUNK):
            self._add(model_id, elements[start : start + CHUNK])

    def _add(self, model_id: str, elements: list[Document]) -> None:
        for _ in range(TRIES):
            change = Change(add={"metrics": elements}, count={ROWS: len(elements)})
            absent = [Clause(Path("metrics", "id"), Op.ABSENT, element["id"]) for element in elements]
            room = Clause(ROWS, Op.LT, MAX_ROWS - len(elements) + 1)
            document = self._try(model_id, change, room, *absent)
            if document is None:
                return
            elements = _missing_of(elements, document)
            if not elements:
                return
            if document["rows"] + len(elements) > MAX_ROWS and self._thin(model_id, elements, document):
                return
        raise unavailable("The model is being changed by many requests at once; try again.")

    def _thin(self, model_id: str, elements: list[Document], document: Document) -> bool:
        """Whether the model now holds ``elements``, and of each metric, run and data set only the latest."""
        kept = _latest((*document["metrics"], *elements))
        change = Change(set={Path("metrics"): kept, ROWS: len(kept), THINNED: document["thinned"] + 1})
        same = (Clause(path, Op.EQ, document[path.field]) for path in (ROWS, THINNED))
        return self._try(model_id, change, *same) is None

    def _try(self, model_id: str, change: Change, *guard: Clause) -> Document | None:
        """As ``_change``, in the words for metrics."""
        outcome = self._engine.update(LOGGED_MODELS, self._key(model_id), change, guard)
        if isinstance(outcome, Missing):
            raise no_model_for_metric(model_id)
        return None if isinstance(outcome, Updated) else outcome.document

    def search(
        self, experiment_ids: Sequence[str], where: Where, order: tuple[Order, ...], at: tuple[str, int]
    ) -> tuple[list[LoggedModel], str]:
        """A page of active models and the next token; ties end in MLflow's: last made first, then by id."""
        if not experiment_ids:
            return [], ""
        order = completed(order, "created", "model_id")
        scope = (
            fixed("experiment", [key(self._workspace, id) for id in experiment_ids]),
            fixed("lifecycle", (ACTIVE,)),
        )
        where = (*scope, *timed(where, "created", LAST_MS))
        documents, token = page(self._engine, LOGGED_MODELS, where, order, at)
        return [self._entity(document) for document in documents], token

    def _entity(self, document: Document) -> LoggedModel:
        return LoggedModel(
            model_id=document["model_id"],
            experiment_id=document["experiment"].partition("|")[2],
            name=document["name"],
            artifact_uri=document["artifact_uri"],
            creation_time=document["created"],
            last_update_time=document["updated"],
            status=STATUSES[int(document["status"])],
            model_type=document["model_type"],
            source_run_id=document["source_run_id"],
            status_message=document.get("status_message", ""),
            lifecycle_stage=document["lifecycle"],
            tags=document["tags"],
            params=document["params"],
            metrics=[_metric(element) for element in document["metrics"]],
        )


def _stored(status: str) -> str:
    """MLflow stores, filters and sorts by a status's number."""
    return str(STATUSES.index(status))


def _elements(rows: Sequence[ModelMetric]) -> list[Document]:
    """Each as it is stored, equal ones once."""
    elements: dict[str, Document] = {}
    for element in map(_element, rows):
        if elements.setdefault(element["id"], element) != element:
            raise conflict(element["key"], element["timestamp"], element["step"])
    return list(elements.values())


def _element(row: ModelMetric) -> Document:
    element: Document = {
        "id": name(f"{row.key}\0{row.timestamp}\0{row.step}\0{row.run_id}"),
        "key": row.key,
        # MLflow keeps 0 for a value that is not a number, and does not tell the two apart.
        "value": row.value if row.value == row.value else 0.0,
        "timestamp": row.timestamp,
        "step": row.step,
        "run_id": row.run_id,
        "dataset": dataset_key(row.dataset_name, row.dataset_digest),
    }
    if row.dataset_name:
        element["dataset_name"] = row.dataset_name
        element["dataset_digest"] = row.dataset_digest
    return element


def _missing_of(elements: list[Document], document: Document) -> list[Document]:
    """Those that a model does not hold yet; raises where it holds one with another value."""
    held = {element["id"]: element for element in document["metrics"]}
    for element in elements:
        if held.get(element["id"], element) != element:
            raise conflict(element["key"], element["timestamp"], element["step"])
    return [element for element in elements if element["id"] not in held]


def _latest(elements: Iterable[Document]) -> list[Document]:
    """Of each metric, run and data set the latest."""
    latest: dict[tuple[str, ...], Document] = {}
    for element in elements:
        place = tuple(element[member] for member in ("key", "run_id", "dataset"))
        held = latest.get(place)
        if held is None or _recency(held) < _recency(element):
            latest[place] = element
    return list(latest.values())


def _recency(element: Mapping[str, Any]) -> tuple[int, int]:
    return element["timestamp"], element["step"]


def _metric(element: Mapping[str, Any]) -> ModelMetric:
    return ModelMetric(
        key=element["key"],
        value=float(element["value"]),
        timestamp=element["timestamp"],
        step=element["step"],
        run_id=element["run_id"],
        dataset_name=element.get("dataset_name", ""),
        dataset_digest=element.get("dataset_digest", ""),
    )
