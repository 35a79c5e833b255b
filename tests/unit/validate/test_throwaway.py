"""What was made is removed, however the server behaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from genesis.validate import throwaway
from genesis.validate.deployment import API, Deployment
from genesis.validate.results import Status
from genesis.validate.transport import Reply, Unreachable
from tests.unit.validate.scripted import Scripted, deployment, reply

MISSING = reply(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No such thing."})
BUSY = reply(503, {"message": "Busy."}, retry_after="1")
EMPTY = {
    f"DELETE {API}/registered-models/delete": MISSING,
    f"POST {API}/logged-models/search": reply(200, {}),
    f"POST {API}/runs/search": reply(200, {}),
    f"POST {API}/experiments/delete": reply(200, {}),
    "DELETE /api/2.0/mlflow-artifacts/artifacts/7": reply(200, {}),
}


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    # Its own clock alone: threads of the process that sleep in a loop would spin.
    monkeypatch.setattr(throwaway, "time", SimpleNamespace(sleep=waited.append, time=time.time))
    return waited


def made(script: dict[str, Reply | Callable[[], Reply]]) -> tuple[Deployment, Scripted]:
    d = deployment({**EMPTY, **script})
    d.throwaway.experiment_id, d.throwaway.run_id, d.throwaway.folder = "7", "r", "7/r/artifacts"
    server = d.server
    assert isinstance(server, Scripted)
    return d, server


def one_after_another(*replies: Reply | Exception) -> Callable[[], Reply]:
    left: Iterator[Reply | Exception] = iter(replies)

    def answer() -> Reply:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    return answer


def test_model_runs_experiment_and_files_go() -> None:
    runs = reply(200, {"runs": [{"info": {"run_id": "r"}}]})
    models = reply(200, {"models": [{"info": {"model_id": "m-1"}}]})
    d, server = made(
        {
            f"DELETE {API}/registered-models/delete": reply(200, {}),
            f"POST {API}/runs/search": one_after_another(runs, reply(200, {})),
            f"POST {API}/logged-models/search": one_after_another(models, reply(200, {})),
            f"POST {API}/runs/delete": reply(200, {}),
            f"DELETE {API}/logged-models/m-1": reply(200, {}),
        }
    )
    result = throwaway.removal(d)
    assert result.status is Status.OK, result.detail
    assert "python -m genesis gc --experiment 7 --yes" in result.detail
    deleted = [line for line in server.asked if "search" not in line]
    assert deleted == [
        f"DELETE {API}/registered-models/delete",
        f"DELETE {API}/logged-models/m-1",
        f"POST {API}/runs/delete",
        f"POST {API}/experiments/delete",
        "DELETE /api/2.0/mlflow-artifacts/artifacts/7",
    ]


def test_a_busy_server_is_asked_again(waits: list[float]) -> None:
    answers = one_after_another(BUSY, Unreachable("cut"), reply(200, {}))
    d, _ = made({f"POST {API}/experiments/delete": answers})
    assert throwaway.removal(d).status is Status.OK
    assert waits == [1.0, 2.0]


def test_a_server_that_stays_busy_is_given_up(waits: list[float]) -> None:
    d, _ = made({f"POST {API}/experiments/delete": BUSY})
    result = throwaway.removal(d)
    assert result.status is Status.FAILED
    assert d.throwaway.name in result.detail and d.throwaway.model in result.detail
    assert "503 Busy." in result.detail
    assert len(waits) == throwaway.ATTEMPTS - 1


def test_a_server_that_is_gone_is_told() -> None:
    d = deployment({})
    result = throwaway.removal(d)
    assert result.status is Status.FAILED
    assert "the server did not answer" in result.detail


def test_an_experiment_whose_creation_was_not_answered_is_found_by_its_name() -> None:
    found = reply(200, {"experiment": {"experiment_id": "7"}})
    d, server = made({f"GET {API}/experiments/get-by-name": found})
    d.throwaway.experiment_id = ""
    assert throwaway.removal(d).status is Status.OK
    assert f"POST {API}/experiments/delete" in server.asked


def test_where_nothing_was_made_nothing_is_deleted() -> None:
    d, server = made({f"GET {API}/experiments/get-by-name": MISSING})
    d.throwaway.experiment_id = ""
    assert throwaway.removal(d).detail == "Nothing was made, and so nothing is left."
    assert not [line for line in server.asked if "experiments/delete" in line]


def test_without_an_experiment_no_folder_is_deleted_least_of_all_the_root() -> None:
    d = deployment({**EMPTY, f"GET {API}/experiments/get-by-name": MISSING})
    throwaway.removal(d)
    assert isinstance(d.server, Scripted)
    assert not [line for line in d.server.asked if "mlflow-artifacts" in line]


def test_files_that_cannot_be_deleted_are_a_warning() -> None:
    d, _ = made({"DELETE /api/2.0/mlflow-artifacts/artifacts/7": reply(500)})
    assert throwaway.removal(d).status is Status.WARNING


@pytest.mark.parametrize("folder", ["", "elsewhere/r/artifacts", "r/artifacts", "17/r/artifacts", "/r"])
def test_only_the_experiments_own_folder_is_deleted(folder: str) -> None:
    d, server = made({})
    d.throwaway.folder = folder
    assert throwaway.removal(d).status is Status.WARNING
    assert not [line for line in server.asked if "mlflow-artifacts" in line]
