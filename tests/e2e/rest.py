"""MLflow's REST API without MLflow's client: one request a call, never retried, from any thread."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3

T = TypeVar("T")
R = TypeVar("R")

SECONDS = 60


class Rest:
    """The API of the server at ``url``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._pool = urllib3.PoolManager(maxsize=64, retries=False, timeout=SECONDS)

    def send(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Any request below the server's root."""
        return self._pool.request(method, self.url + path, **options)

    def post(self, path: str, **fields: Any) -> urllib3.BaseHTTPResponse:
        return self.send("POST", f"/api/2.0/mlflow/{path}", json=fields)

    def get(self, path: str, **query: Any) -> urllib3.BaseHTTPResponse:
        return self.send("GET", f"/api/2.0/mlflow/{path}?{urlencode(query, doseq=True)}")

    def put_artifact(self, path: str, content: bytes) -> urllib3.BaseHTTPResponse:
        return self.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", body=content)

    def get_artifact(self, path: str) -> urllib3.BaseHTTPResponse:
        return self.send("GET", f"/api/2.0/mlflow-artifacts/artifacts/{path}")

    def new_experiment(self) -> str:
        reply = self.post("experiments/create", name=f"e2e {uuid.uuid4().hex}")
        assert reply.status == 200, reply.data
        experiment_id: str = reply.json()["experiment_id"]
        return experiment_id

    def new_run(self, experiment_id: str | None = None) -> str:
        """The id of a new run, in an experiment of its own if none is given."""
        experiment_id = self.new_experiment() if experiment_id is None else experiment_id
        reply = self.post("runs/create", experiment_id=experiment_id, start_time=1)
        assert reply.status == 200, reply.data
        run_id: str = reply.json()["run"]["info"]["run_id"]
        return run_id


def at_once(threads: int, work: Callable[[int], T]) -> list[T]:
    """``work(0)`` to ``work(threads - 1)``, all begun at the same moment; their results in that order."""
    gate = threading.Barrier(threads)

    def begin(number: int) -> T:
        gate.wait(30)
        return work(number)

    return in_threads(threads, begin, range(threads))


def in_threads(threads: int, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """``work`` on each item, on some threads."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))
