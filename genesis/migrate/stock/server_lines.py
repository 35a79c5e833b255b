"""Registered models made anew on a server, version by version, so that every number is what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag

from genesis.entities.registry import NO_STAGE, ModelLine, ModelVersion

PLACEHOLDER = "s3://gone/model"
"""Source of a version that is made only to be deleted, for numbers are given in order."""


class Lines:
    """Makes models that bear the tags ``mark``."""

    def __init__(self, registry: Any, mark: Mapping[str, str], shown: str) -> None:
        self._registry = registry
        self._mark = mark
        self._shown = shown

    def put(self, line: ModelLine, held: ModelLine | None) -> str:
        """Make what is missing of a model; ``held`` is what an earlier process made of it."""
        name = line.model.name
        if held is None:
            tags = [RegisteredModelTag(k, v) for k, v in {**line.model.tags, **self._mark}.items()]
            self._registry.create_registered_model(name, tags, line.model.description)
        wanted = {version.number: version for version in line.versions}
        there = {version.number for version in held.versions} if held else set()
        while max(there, default=0) < line.last:
            there.add(self._next(name, max(there, default=0) + 1, wanted))
        for version in line.versions:
            if version.stage != NO_STAGE:
                stage = (name, str(version.number), version.stage, False)
                self._registry.transition_model_version_stage(*stage)
        for alias, number in line.model.aliases.items():
            if number in wanted:
                self._registry.set_registered_model_alias(name, alias, str(number))
        # Only now, and the last one last: by the highest number it is known how far an earlier process came.
        for number in sorted(there - wanted.keys()):
            self._registry.delete_model_version(name, str(number))
        return name

    def _next(self, name: str, number: int, wanted: dict[int, ModelVersion]) -> int:
        """The number of one more version, which is that of a wanted one or of none."""
        made = self._create(name, wanted.get(number))
        if made != number and number in wanted:
            self._registry.delete_model_version(name, str(made))
            raise ValueError(
                f"{self._shown} gave version {made} of {name!r} where {number} was awaited: somebody else "
                "makes versions of it at the same time."
            )
        return made

    def _create(self, name: str, version: ModelVersion | None) -> int:
        if version is None:
            return int(self._registry.create_model_version(name, PLACEHOLDER).version)
        made = self._registry.create_model_version(
            name,
            version.source,
            version.run_id or None,
            [ModelVersionTag(k, v) for k, v in version.tags.items()],
            version.run_link or None,
            version.description,
        )
        return int(made.version)
