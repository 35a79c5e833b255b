"""Runs over any engine: a run is one document, so reading one or a page of them touches one collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from genesis.entities.experiments import ACTIVE, DELETED
from genesis.entities.runs import (
    CONTEXT_TAG,
    HISTORY_TAG,
    NAME_TAG,
    Dataset,
    DatasetInput,
    DatasetSummary,
    LatestValues,
    Metric,
    Run,
    not_active,
    not_found,
)
from genesis.errors import missing, unavailable
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.store.each import Each
from genesis.store.engine import Change, Document, Engine, Missing, Query, Refused, Updated
from genesis.store.histories import Histories
from genesis.store.pages import IS_ACTIVE, LIFECYCLE, STAGES, completed, fixed, page, timed, walk
from genesis.store.points import Point, Points
from genesis.store.schema import DATASETS, RUNS, key, name

LAST_MS = 2**63 - 1
TRIES = 16
"""Rounds of read and guarded write before a run that others keep changing is given up (503)."""


class Runs:
    """The runs of one workspace."""

    def __init__(self, engine: Engine, workspace: str, histories: Histories) -> None:
        self._engine = engine
        self._workspace = workspace
        self._histories = histories

    def _key(self, run_id: str) -> str:
        return key(self._workspace, run_id)

    def create(self, run: Run) -> None:
        self._engine.insert(RUNS, self._new(run))

    def _new(self, run: Run) -> Document:
        return {
            "id": self._key(run.run_id),
            "workspace": self._workspace,
            "experiment": key(self._workspace, run.experiment_id),
            "run_id": run.run_id,
            "lifecycle": run.lifecycle_stage,
            # Falls as the start time rises, then rises with the id: MLflow's default order.
            "newest": f"{LAST_MS - run.start_time:020d}|{run.run_id}",
            "user_id": run.user_id,
            "status": run.status,
            "start_time": run.start_time,
            "artifact_uri": run.artifact_uri,
            "name": run.name,
            "params": run.params,
            "tags": run.tags,
            "metrics": {},
        }

    def write(self, run: Run) -> bool:
        """Bring a run from elsewhere as it is, but for its histories; False where there is one of its id."""
        document = self._new(run)
        document["metrics"] = {k: _entry(Point(m.timestamp, m.step, m.value)) for k, m in run.metrics.items()}
        for field in ("end_time", "deleted_time"):
            if getattr(run, field) is not None:
                document[field] = getattr(run, field)
        elements = [self._element(document["experiment"], _dataset_id(i.dataset), i) for i in run.inputs]
        links = {
            "inputs": elements,
            "model_inputs": [{"model_id": model} for model in run.model_inputs],
            "model_outputs": [{"model_id": model, "step": step} for model, step in run.model_outputs],
        }
        return self._engine.insert(RUNS, {**document, **{k: v for k, v in links.items() if v}})

    def add_points(self, run_id: str, points: Mapping[str, Sequence[Point]]) -> None:
        """Append to the histories of a run of any stage; its latest values stay as they are."""
        packed = {metric: Points.pack(found) for metric, found in points.items() if found}
        if packed:
            outcome = self._engine.update(RUNS, self._key(run_id), Change(), (), packed)
            if isinstance(outcome, Missing):
                raise not_found(run_id)

    def drop_points(self, run_id: str) -> None:
        """Remove all histories of a run, to add them anew."""
        self._engine.delete_points(self._key(run_id))

    def walk(self, experiment_id: str) -> Iterator[Run]:
        """All runs of an experiment, deleted ones too."""
        where = (fixed("experiment", [key(self._workspace, experiment_id)]), STAGES)
        return map(self._entity, walk(self._engine, RUNS, where))

    def get(self, run_id: str) -> Run:
        """Raises RESOURCE_DOES_NOT_EXIST."""
        return self._entity(self._document(run_id))

    def _document(self, run_id: str) -> Document:
        document = self._engine.get(RUNS, self._key(run_id))
        if document is None:
            raise not_found(run_id)
        return document

    def search(
        self,
        experiment_ids: Sequence[str],
        where: Where,
        stages: Sequence[str],
        order: tuple[Order, ...],
        at: tuple[str, int],
    ) -> tuple[Sequence[Run], str]:
        """A page and the next token; ties end in MLflow's default order: last started first, then by id."""
        if not experiment_ids:
            return [], ""
        order = completed(order, "start_time", "run_id")
        scope = (
            fixed("experiment", [key(self._workspace, id) for id in experiment_ids]),
            fixed("lifecycle", stages),
        )
        where = (*scope, *timed(where, "start_time", LAST_MS))
        documents, token = page(self._engine, RUNS, where, order, at)
        return Each(documents, self._entity), token

    def update(self, run_id: str, values: Mapping[str, Any]) -> Run:
        """Set some of status, end_time and name of an active run; the name is a tag, too."""
        change: dict[Path, Any] = {Path(field): value for field, value in values.items()}
        if "name" in values:
            change[Path("tags", NAME_TAG)] = values["name"]
        self._change(run_id, Change(set=change))
        return self.get(run_id)

    def delete(self, run_id: str, now: int) -> None:
        change = Change(set={LIFECYCLE: DELETED, Path("deleted_time"): now})
        self._turn(run_id, change)

    def restore(self, run_id: str) -> None:
        self._turn(run_id, Change(set={LIFECYCLE: ACTIVE}, unset=(Path("deleted_time"),)))

    def _turn(self, run_id: str, change: Change) -> None:
        if isinstance(self._engine.update(RUNS, self._key(run_id), change), Missing):
            raise not_found(run_id)

    def log(
        self,
        run_id: str,
        metrics: Iterable[Metric] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Document | None:
        """Log all of it, or nothing; returns the run as it stands if one of ``params`` has another value.

        Points go before latest values, so a crash between the two is repaired by the client's retry.
        """
        params = params or {}
        latest: dict[Path, dict[str, Any]] = {}
        points: dict[str, list[Point]] = {}
        for metric_key, number, timestamp, step in metrics:
            points.setdefault(metric_key, []).append(Point(timestamp, step, number))
        for metric_key, logged in points.items():
            latest[Path("metrics", metric_key)] = _entry(_last(logged))
        values: dict[Path, Any] = {Path("params", k): v for k, v in params.items()}
        for tag, value in (tags or {}).items():
            if tag != NAME_TAG:
                values[Path("tags", tag)] = value
            elif value:
                # The name's tag is the name; an empty one changes neither, as with MLflow.
                values[Path("tags", tag)] = values[Path("name")] = value
        change = Change(set=values, greatest=latest)
        unchanged = tuple(Clause(Path("params", k), Op.ABSENT_OR_EQ, v) for k, v in params.items())
        packed = {k: Points.pack(logged) for k, logged in points.items()}
        outcome = self._engine.update(RUNS, self._key(run_id), change, (IS_ACTIVE, *unchanged), packed)
        if not isinstance(outcome, Updated):
            return _explained(run_id, outcome)
        self._histories.appended(self._key(run_id), packed)
        return None

    def _change(self, run_id: str, change: Change, *guard: Clause) -> Document | None:
        """Change an active run; returns it as it stands if ``guard`` did not hold."""
        outcome = self._engine.update(RUNS, self._key(run_id), change, (IS_ACTIVE, *guard))
        return None if isinstance(outcome, Updated) else _explained(run_id, outcome)

    def delete_tag(self, run_id: str, tag: str) -> None:
        path = Path("tags", tag)
        present = Clause(path, Op.IS_NOT_NULL)
        if self._change(run_id, Change(unset=(path,)), present) is not None:
            raise missing(f"No tag with name: {tag} in run with id {run_id}")

    def append_to_history_tag(self, run_id: str, rewrite: Any) -> None:
        """Replace the tag of logged models by ``rewrite(its value or "")``, safe against other writers."""
        path = Path("tags", HISTORY_TAG)
        for _ in range(TRIES):
            held = self._document(run_id)["tags"].get(HISTORY_TAG)
            same = (
                Clause(path, Op.EQ, held) if held is not None else Clause(path, Op.ABSENT_OR_EQ, rewrite(""))
            )
            if self._change(run_id, Change(set={path: rewrite(held or "")}), same) is None:
                return
        raise unavailable("The run is being changed by many requests at once; try again.")

    def add_inputs(self, run_id: str, inputs: Sequence[DatasetInput], models: Sequence[str]) -> None:
        """Link data sets and models the run reads; what is linked already stays as it is."""
        for _ in range(TRIES):
            document = self._document(run_id)
            if document["lifecycle"] != ACTIVE:
                # Found out now, so that no data set is described, or in a context, for nothing.
                raise not_active(run_id, document["lifecycle"])
            held = {element["id"] for element in document.get("inputs", ())}
            new = {_dataset_id(i.dataset): i for i in reversed(inputs)}
            elements = [
                self._element(document["experiment"], id, new[id])
                for id in dict.fromkeys(_dataset_id(i.dataset) for i in inputs)
                if id not in held
            ]
            linked = {m["model_id"] for m in document.get("model_inputs", ())}
            links = [{"model_id": m} for m in dict.fromkeys(models) if m not in linked]
            added = {k: v for k, v in (("inputs", elements), ("model_inputs", links)) if v}
            guard = [Clause(Path("inputs", "id"), Op.ABSENT, e["id"]) for e in elements]
            guard += [Clause(Path("model_inputs", "model_id"), Op.ABSENT, m["model_id"]) for m in links]
            if self._change(run_id, Change(add=added), *guard) is None:
                return
        raise unavailable("The run is being changed by many requests at once; try again.")

    def _element(self, experiment: str, id: str, given: DatasetInput) -> Document:
        """A data set as a run keeps it: described as the first run of the experiment described it."""
        dataset = vars(given.dataset)
        within = {"workspace": self._workspace, "experiment": experiment}
        context = {"name": given.tags.get(CONTEXT_TAG, "")}
        described = {"id": key(experiment, id), **within, **dataset, "contexts": [context]}
        if not self._engine.insert(DATASETS, described):
            described = self._engine.get(DATASETS, described["id"]) or described
            if context not in described.get("contexts", ()):
                unless = Clause(Path("contexts", "name"), Op.ABSENT, context["name"])
                change = Change(add={"contexts": [context]})
                self._engine.update(DATASETS, described["id"], change, (unless,))
        element = {"id": id, **{field: described[field] for field in dataset if described[field] != ""}}
        if CONTEXT_TAG in given.tags:
            element["context"] = given.tags[CONTEXT_TAG]
        return {**element, "tags": [{"key": k, "value": v} for k, v in given.tags.items()]}

    def datasets(self, experiment_ids: Sequence[str], most: int) -> list[DatasetSummary]:
        """The data sets that runs of these experiments read, once for each context."""
        scope = fixed("experiment", [key(self._workspace, id) for id in experiment_ids])
        found = self._engine.find(DATASETS, Query((scope,), limit=most))
        summaries = (
            DatasetSummary(
                document["experiment"].partition("|")[2],
                document["name"],
                document["digest"],
                context["name"],
            )
            for document in found
            for context in document.get("contexts", ())
        )
        return list(islice(summaries, most))

    def add_outputs(self, run_id: str, models: Sequence[tuple[str, int]]) -> None:
        """Link models the run wrote, each with its step; a model is linked once."""
        for _ in range(TRIES):
            held = {m["model_id"] for m in self._document(run_id).get("model_outputs", ())}
            new = [{"model_id": m, "step": step} for m, step in dict(models).items() if m not in held]
            guard = [Clause(Path("model_outputs", "model_id"), Op.ABSENT, m["model_id"]) for m in new]
            if self._change(run_id, Change(add={"model_outputs": new} if new else {}), *guard) is None:
                return
        raise unavailable("The run is being changed by many requests at once; try again.")

    def _entity(self, document: Document) -> Run:
        return Run(
            run_id=document["run_id"],
            name=document["name"],
            experiment_id=document["experiment"].partition("|")[2],
            user_id=document["user_id"],
            start_time=document["start_time"],
            artifact_uri=document["artifact_uri"],
            status=document["status"],
            end_time=document.get("end_time"),
            lifecycle_stage=document["lifecycle"],
            params=document["params"],
            tags=document["tags"],
            metrics=LatestValues(document["metrics"]),
            inputs=[_input(element) for element in document.get("inputs", ())],
            model_inputs=[m["model_id"] for m in document.get("model_inputs", ())],
            model_outputs=[(m["model_id"], m["step"]) for m in document.get("model_outputs", ())],
            deleted_time=document.get("deleted_time"),
        )


def _explained(run_id: str, outcome: Refused | Missing) -> Document:
    if isinstance(outcome, Missing):
        raise not_found(run_id)
    if outcome.document["lifecycle"] != ACTIVE:
        raise not_active(run_id, outcome.document["lifecycle"])
    return outcome.document


def _recency(point: Point) -> tuple[int, int, float, bool]:
    """Which of two values is the later one for MLflow: step, then timestamp, then value, NaN as 0."""
    timestamp, step, value, nan = point.rank()
    return (step, timestamp, value, nan)


def _last(points: Sequence[Point]) -> Point:
    """The most recent of them."""
    step, timestamp = max((point.step, point.timestamp) for point in points)
    return max((p for p in points if p.step == step and p.timestamp == timestamp), key=_recency)


def _entry(point: Point) -> dict[str, Any]:
    step, timestamp, value, nan = _recency(point)
    entry: dict[str, Any] = {"step": step, "timestamp": timestamp, "value": value}
    if nan:
        entry["nan"] = True
    return entry


def _dataset_id(dataset: Dataset) -> str:
    return name(f"{dataset.name}\0{dataset.digest}")


def _input(element: Mapping[str, Any]) -> DatasetInput:
    dataset = Dataset(
        name=element.get("name", ""),
        digest=element.get("digest", ""),
        source_type=element.get("source_type", ""),
        source=element.get("source", ""),
        schema=element.get("schema", ""),
        profile=element.get("profile", ""),
    )
    return DatasetInput(dataset, {tag["key"]: tag["value"] for tag in element["tags"]})
