"""What is asked of each server: the ground the load stands on, and the requests of each operation."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from bench.client import Connection

API = "/api/2.0/mlflow"
STARTED = 1_700_000_000_000
METRICS, PARAMS, TAGS = 30, 20, 5
POINTS = 1000
MODEL = "bench"
Message = dict[str, Any]


class Failed(Exception):
    """A server refused what the load needs before it can begin."""


@dataclass
class Ground:
    """What a server holds before the clock starts: an experiment of filled runs, a history, a model."""

    port: int
    filled: str = ""
    """Experiment of the runs that are searched."""
    scratch: str = ""
    """Experiment of the runs that the load makes."""
    runs: list[str] = field(default_factory=list)
    curve: str = ""
    """A run with ``POINTS`` values of one metric."""
    source: str = ""
    """What the versions of the model are said to be made from."""


class Player:
    """One client: a connection, its own random numbers, and what it may touch."""

    def __init__(self, ground: Ground, number: int, *, quick: bool = False, seconds: float = 1.0) -> None:
        self.ground = ground
        self.connection = Connection(ground.port, quick=quick)
        self.random = random.Random(number)
        self.number = number
        self.seconds = seconds

    def call(self, method: str, path: str, message: Message) -> Any:
        """The JSON of a reply that must be good; raises Failed."""
        plain = Connection(self.ground.port, accepted="")
        if method == "GET":
            reply = plain.ask(plain.get(f"{API}/{path}?{urlencode(message)}"))
        else:
            reply = plain.ask(plain.post(f"{API}/{path}", message))
        plain.close()
        if reply.status != 200:
            raise Failed(f"{path}: {reply.status} {reply.body[:300]!r}")
        return orjson.loads(reply.body)

    def post(self, path: str, message: Message) -> bytes:
        return self.connection.post(f"{API}/{path}", message)

    def get(self, path: str, **query: Any) -> bytes:
        return self.connection.get(f"{API}/{path}?{urlencode(query)}")

    def new_run(self) -> str:
        run: str = self.call("POST", "runs/create", new_run(self.ground.scratch, 0))["run"]["info"]["run_id"]
        return run

    def new_runs(self, most: int) -> list[str]:
        """As many as there is time for, ``most`` at most."""
        last = time.monotonic() + self.seconds
        runs = [self.new_run()]
        while len(runs) < most and time.monotonic() < last:
            runs.append(self.new_run())
        return runs


Requests = Callable[[Player], Iterator[bytes]]
"""The requests of one client, made ready before the clock starts as far as they can be."""


def new_run(experiment: str, i: int) -> Message:
    tags = [{"key": "mlflow.source.name", "value": "train.py"}, {"key": "mlflow.user", "value": "bench"}]
    return {
        "experiment_id": experiment,
        "run_name": f"run-{i}",
        "user_id": "bench",
        "start_time": STARTED + i,
        "tags": tags,
    }


def filling(run: str, i: int) -> Message:
    """What a training run logs at its end; run ``i`` is found by ``params.lr`` and ``metrics.m0``."""
    return {
        "run_id": run,
        "metrics": [
            {"key": f"m{k}", "value": (i * 7 + k) % 100 / 100, "timestamp": STARTED + i, "step": 1}
            for k in range(METRICS)
        ],
        "params": [{"key": "lr", "value": str(i % 20)}]
        + [{"key": f"p{k}", "value": f"value {i} {k}"} for k in range(1, PARAMS)],
        "tags": [{"key": f"t{k}", "value": f"tag {i % 10}"} for k in range(TAGS)],
    }


def points(run: str, key: str, begin: int, count: int) -> Message:
    return {
        "run_id": run,
        "metrics": [
            {"key": key, "value": step / 3, "timestamp": STARTED + step, "step": step}
            for step in range(begin, begin + count)
        ],
    }


def create_run(player: Player) -> Iterator[bytes]:
    for i in itertools.count(player.number * 1_000_000):
        yield player.post("runs/create", new_run(player.ground.scratch, i))


def fill_run(player: Player) -> Iterator[bytes]:
    runs = player.new_runs(2000)
    return (player.post("runs/log-batch", filling(run, i)) for i, run in enumerate(runs))


def log_metric(player: Player) -> Iterator[bytes]:
    runs = player.new_runs(4)
    for i in itertools.count():
        metric = {"key": f"m{i % 10}", "value": i / 7, "timestamp": STARTED + i, "step": i}
        yield player.post("runs/log-metric", {"run_id": runs[i % len(runs)], **metric})


def log_param(player: Player) -> Iterator[bytes]:
    runs = player.new_runs(32)
    for i in itertools.count():
        param = {"key": f"param {i // len(runs)}", "value": f"value {i}"}
        yield player.post("runs/log-parameter", {"run_id": runs[i % len(runs)], **param})


def log_batch_1000(player: Player) -> Iterator[bytes]:
    """100 steps of ten metrics."""
    run = player.new_run()
    for i in itertools.count():
        metrics = [m for k in range(10) for m in points(run, f"m{k}", i * 100, 100)["metrics"]]
        yield player.post("runs/log-batch", {"run_id": run, "metrics": metrics})


def get_run(player: Player) -> Iterator[bytes]:
    while True:
        yield player.get("runs/get", run_id=player.random.choice(player.ground.runs))


def search_filter(player: Player) -> Iterator[bytes]:
    for i in itertools.count(player.number):
        yield _search(player, filter=filtered(i % 20), max_results=100)


def filtered(i: int) -> str:
    return f"params.lr = '{i}' and metrics.m0 > 0.5 and attributes.status = 'RUNNING'"


def search_newest(player: Player) -> Iterator[bytes]:
    while True:
        yield _search(player, max_results=50)


def search_page(player: Player) -> Iterator[bytes]:
    while True:
        yield _search(player, max_results=1000)


def _search(player: Player, **message: Any) -> bytes:
    return player.post("runs/search", {"experiment_ids": [player.ground.filled], **message})


def history(player: Player) -> Iterator[bytes]:
    while True:
        yield player.get("metrics/get-history", run_id=player.ground.curve, metric_key="loss")


def model_version(player: Player) -> Iterator[bytes]:
    message = {"name": MODEL, "source": player.ground.source, "run_id": player.ground.curve}
    while True:
        yield player.post("model-versions/create", message)


def get_by_alias(player: Player) -> Iterator[bytes]:
    while True:
        yield player.get("registered-models/alias", name=MODEL, alias="champion")


OPERATIONS: dict[str, Requests] = {
    operation.__name__: operation
    for operation in (
        create_run,
        fill_run,
        log_metric,
        log_param,
        log_batch_1000,
        get_run,
        search_filter,
        search_newest,
        search_page,
        history,
        model_version,
        get_by_alias,
    )
}
OF_REGISTRY = ("model_version", "get_by_alias")


def lay(ground: Ground, runs: int, *, has_registry: bool) -> None:
    """Put on a server what the operations need; raises Failed."""
    player = Player(ground, 0)
    for name in ("filled", "scratch"):
        made = player.call("POST", "experiments/create", {"name": f"bench {name}"})
        setattr(ground, name, made["experiment_id"])
    for i in range(runs):
        made = player.call("POST", "runs/create", new_run(ground.filled, i))
        ground.runs.append(made["run"]["info"]["run_id"])
        player.call("POST", "runs/log-batch", filling(ground.runs[-1], i))
    ground.curve = player.new_run()
    player.call("POST", "runs/log-batch", points(ground.curve, "loss", 0, POINTS))
    _check(player, runs)
    if has_registry:
        _register(player)


def _check(player: Player, runs: int) -> None:
    """A server that is fast because it finds nothing is not fast."""
    expected = {
        filtered(0): sum(i % 20 == 0 and i * 7 % 100 > 50 for i in range(runs)),
        "": min(runs, 1000),
    }
    for text, count in expected.items():
        message = {"experiment_ids": [player.ground.filled], "filter": text, "max_results": 1000}
        found = player.call("POST", "runs/search", message).get("runs", [])
        if len(found) != count or any(len(run["data"]["metrics"]) != METRICS for run in found):
            raise Failed(f"{text!r} finds {len(found)} runs instead of {count}, or not all of them")
    query = {"run_id": player.ground.curve, "metric_key": "loss"}
    if len(player.call("GET", "metrics/get-history", query)["metrics"]) != POINTS:
        raise Failed("a history is not whole")


def _register(player: Player) -> None:
    ground = player.ground
    run = player.call("GET", "runs/get", {"run_id": ground.curve})["run"]
    ground.source = run["info"]["artifact_uri"] + "/model"
    player.call("POST", "registered-models/create", {"name": MODEL})
    version = {"name": MODEL, "source": ground.source, "run_id": ground.curve}
    player.call("POST", "model-versions/create", version)
    player.call("POST", "registered-models/alias", {"name": MODEL, "alias": "champion", "version": "1"})
