"""The two ends of a move: what is read from one place, and how it is written to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from genesis.entities.experiments import Experiment
from genesis.entities.logged_models import LoggedModel
from genesis.entities.registry import ModelLine
from genesis.entities.runs import Run
from genesis.store.points import Point

BATCH = 100
"""Runs, or logged models, that are read, written and noted in the journal together."""
PIECE = 4096
"""Points of one metric that are handed on together, as many as the fullest bucket of a store has."""
LARGEST = 1.7976931348623157e308
"""What MLflow's SQL store keeps for an infinite value, with its sign."""

EXPERIMENT, RUN, LOGGED_MODEL, REGISTERED_MODEL, FILES = (
    "experiment",
    "run",
    "logged model",
    "registered model",
    "files",
)
"""Kinds of what is moved, each by its id at the source; files by whose they are."""


class Loss(NamedTuple):
    """What the target will not have, or not as it was, and why."""

    kind: str
    id: str
    why: str


class File(NamedTuple):
    """An artifact; ``path`` below the location it was looked for in, ``size`` in bytes."""

    path: str
    size: int


class Files(Protocol):
    """Reads what lies below an artifact location."""

    def walk(self, uri: str) -> Iterator[File]:
        """All files below ``uri``; none where there is nothing."""

    def read(self, uri: str, path: str) -> Iterator[bytes]:
        """The bytes of one of them; raises GenesisError or OSError where it cannot be read."""


class Depot(Files, Protocol):
    """Reads and writes."""

    def put(self, uri: str, path: str, chunks: Iterable[bytes]) -> None:
        """Write a file whole, in place of one that is there."""


class Source(Protocol):
    """What one workspace of a store holds; reading it changes nothing."""

    shown: str
    """Its URI without secrets."""

    def experiments(self) -> Iterator[Experiment]:
        """All of them, deleted ones too, by id."""

    def runs(self, experiment_id: str) -> Iterator[list[Run]]:
        """All runs of an experiment, some at a time; what has no value is ``""``, 0 or None."""

    def runs_by_id(self, ids: Sequence[str]) -> dict[str, Run]:
        """Those of these runs that are there."""

    def histories(self, runs: Sequence[Run]) -> Iterator[tuple[str, str, list[Point]]]:
        """Run id, metric and some of its points; the points of one metric come in MLflow's order."""

    def logged_models(self, experiment_id: str) -> Iterator[list[LoggedModel]]:
        """All logged models of an experiment, some at a time."""

    def logged_models_by_id(self, ids: Sequence[str]) -> dict[str, LoggedModel]:
        """Those of these that are there."""

    def lines(self) -> Iterator[ModelLine]:
        """All registered models and prompts with all their versions."""

    def line(self, name: str) -> ModelLine | None:
        """One of them."""

    def losses(self) -> Iterator[Loss]:
        """What it holds that nobody asks it for here: another kind of thing, or unreadable."""

    def points(self) -> int | None:
        """How many points all histories have; None where that takes as long as reading them."""

    def files(self, uri: str) -> Files | None:
        """What reads the artifacts at a location; None for a place that is reached without the source."""

    def close(self) -> None:
        """Let go of it."""


class How(StrEnum):
    """How an entity came to be at the target."""

    WRITTEN = "written"
    THERE = "there"
    """It was there already, the same in every value."""
    TAKEN = "taken"
    """Another has its id or name: it was not written."""


class Placed(NamedTuple):
    """One that was to be written; ``id`` is the target's, or says who is in the way."""

    id: str
    how: How = How.WRITTEN
    why: str = ""
    """What the target says of one that it does not take."""


class Target(Source, Protocol):
    """Where it goes: idempotent, so that what was in flight when the process died is written again.

    ``resumed`` are ids of which an earlier process may have written something.
    """

    root: str
    """URI, ending in "/", below which artifacts of experiments lie."""
    unkept: frozenset[str]
    """Fields of entities that it cannot have as they were."""
    hidden: frozenset[str]
    """Kinds of which it does not show deleted ones."""

    def location(self, experiment_id: str) -> str:
        """Where artifacts of one of its experiments are, as far as they were moved."""

    def prepare(self, experiments: Sequence[Experiment]) -> None:
        """Before anything is written; raises ValueError for a place that takes nothing of this."""

    def put_experiment(self, experiment: Experiment, resumed: bool) -> Placed:
        """The experiment with the id that the journal, or the source, says."""

    def put_runs(self, runs: Sequence[Run], resumed: set[str]) -> list[Placed]:
        """All of the runs but their histories; old ones of the same run are dropped."""

    def put_points(self, pieces: Sequence[tuple[str, Mapping[str, list[Point]]]]) -> None:
        """Points by metric, of runs by their ids here."""

    def put_logged_models(self, models: Sequence[LoggedModel], resumed: set[str]) -> list[Placed]:
        """Whole logged models."""

    def put_line(self, line: ModelLine, resumed: bool) -> Placed:
        """A registered model with all versions, aliases and stages."""

    def end_runs(self, runs: Sequence[Run]) -> None:
        """After everything else: what could not be so while there was more to write."""

    def end_logged_models(self, models: Sequence[LoggedModel]) -> None:
        """As ``end_runs``."""

    def end_experiments(self, experiments: Sequence[Experiment]) -> None:
        """As ``end_runs``."""

    def depot(self, uri: str) -> Depot:
        """What writes artifacts to a location of the target."""
