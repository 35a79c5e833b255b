"""Our reading of a text beside MLflow's."""

from __future__ import annotations

from collections.abc import Callable

from genesis.errors import GenesisError
from tests.unit.search import mlflow_oracle as oracle


def agree(mine: Callable[[], object], theirs: Callable[[], object]) -> None:
    """Both read the same, or refuse it in the same words; where MLflow breaks, we refuse it in our own."""
    try:
        read = mine()
    except GenesisError as error:
        assert error.status == 400
        assert oracle.normal(error.message) == _why_not(theirs, oracle.normal(error.message))
    else:
        assert read == theirs()


def _why_not(read: Callable[[], object], broken: str) -> str:
    """Why MLflow refuses it; ``broken`` where it fails instead, which no client should have to read."""
    try:
        read()
    except oracle.Refused as refusal:
        return str(refusal)
    except oracle.Broken:
        return broken
    return "MLflow reads it."
