"""Clients that train, search and register all at once, each with a ledger of what was acknowledged."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.functions.calls import Caller, Met, Outcome

BATCH = 20
EXPERIMENTS = MODELS = 8
SOURCE = "s3://bucket/model"
THINK_SECONDS = (0.5, 1.5)
"""Between two calls of a client: 200 of them ask for 200 replies a second at most."""


@dataclass
class LoggedRun:
    """A run that was acknowledged; each value was sent, and some of them acknowledged."""

    run_id: str
    name: str
    params: dict[str, str] = field(default_factory=dict)
    losses: set[int] = field(default_factory=set)
    """Steps of the metric ``loss`` (its values, too) that were acknowledged."""
    sent: set[int] = field(default_factory=set)
    sent_params: set[str] = field(default_factory=set)
    stages: list[tuple[str, bool]] = field(default_factory=list)
    """What the tag ``stage`` was set to, and whether that was acknowledged."""


@dataclass
class Version:
    """A version that a client registered, or tried to."""

    model: str
    description: str
    number: int | None
    failures: int
    repeats: int
    began: float
    ended: float


@dataclass
class Ledger:
    """All that one client did."""

    runs: list[LoggedRun] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    """By the name of a run: how often its creation was tried before the last time, and may have been done."""
    versions: list[Version] = field(default_factory=list)
    aliases: list[tuple[str, int, bool]] = field(default_factory=list)
    """Model, number and whether it was acknowledged, for each time its alias was set."""
    names: dict[str, bool | None] = field(default_factory=dict)
    """Of a contested name whether it was got; None where that cannot be told."""


class Client:
    """One of many; ``wrong`` are replies that no client should get."""

    def __init__(self, caller: Caller, met: Met, experiments: list[str], random: Random) -> None:
        self.ledger = Ledger()
        self._caller = caller
        self._met = met
        self._experiment = experiments[caller.number % len(experiments)]
        self._model = f"model {caller.number % MODELS}"
        self._random = random
        self._rounds = 0

    def work(self, stop: threading.Event) -> None:
        """Rounds until told to stop; the last one is cut short."""
        time.sleep(self._random.random())
        while not stop.is_set():
            for _ in self.steps():
                if stop.wait(self._random.uniform(*THINK_SECONDS)):
                    return

    def last_calls(self) -> None:
        """A run, what is logged to it, and a version, without thinking."""
        self._rounds += 1
        run = self._new_run()
        if run is not None:
            self._batch(run)
            self._get(run)
        self._version()

    def steps(self) -> Any:
        """The calls of a round, one by one."""
        self._rounds += 1
        run = self._new_run()
        yield
        if run is not None:
            for step in (self._metric, self._batch, self._param, self._tag, self._get, self._search):
                step(run)
                yield
        number = self._version()
        yield
        if number is not None:
            self._alias(number)
            yield
        self._contest()
        yield

    def _key(self) -> str:
        return f"c{self._caller.number}.{self._rounds}"

    def _expect(self, outcome: Outcome, what: str) -> bool:
        if outcome.status == 400:
            self._met.failed(f"{what}: 400 {outcome.body}")
        return outcome.is_acknowledged

    def _new_run(self) -> LoggedRun | None:
        name = self._key()
        made = self._caller.post(
            "runs/create", experiment_id=self._experiment, start_time=self._rounds, run_name=name
        )
        self.ledger.tries[name] = made.earlier
        if not self._expect(made, "runs/create"):
            return None
        run = LoggedRun(made.body["run"]["info"]["run_id"], name)
        self.ledger.runs.append(run)
        return run

    def _metric(self, run: LoggedRun) -> None:
        run.sent.add(0)
        point = {"key": "loss", "value": 0, "timestamp": 1, "step": 0}
        if self._expect(self._caller.post("runs/log-metric", run_id=run.run_id, **point), "log-metric"):
            run.losses.add(0)

    def _batch(self, run: LoggedRun) -> None:
        steps = range(1, BATCH + 1)
        run.sent.update(steps)
        metrics = [{"key": "loss", "value": step, "timestamp": step, "step": step} for step in steps]
        params = {f"b{i}": f"{run.name}.{i}" for i in range(3)}
        run.sent_params.update(params)
        outcome = self._caller.post(
            "runs/log-batch",
            run_id=run.run_id,
            metrics=metrics,
            params=[{"key": key, "value": value} for key, value in params.items()],
            tags=[{"key": "client", "value": str(self._caller.number)}],
        )
        if self._expect(outcome, "log-batch"):
            run.losses.update(steps)
            run.params.update(params)

    def _param(self, run: LoggedRun) -> None:
        run.sent_params.add("rate")
        outcome = self._caller.post("runs/log-parameter", run_id=run.run_id, key="rate", value=run.name)
        if self._expect(outcome, "log-parameter"):
            run.params["rate"] = run.name

    def _tag(self, run: LoggedRun) -> None:
        for stage in ("draft", "final"):
            outcome = self._caller.post("runs/set-tag", run_id=run.run_id, key="stage", value=stage)
            run.stages.append((stage, self._expect(outcome, "set-tag")))

    def _get(self, run: LoggedRun) -> None:
        """What was acknowledged is read at once."""
        outcome = self._caller.get("runs/get", run_id=run.run_id)
        if self._expect(outcome, "runs/get"):
            data = outcome.body["run"]["data"]
            params = {entry["key"]: entry["value"] for entry in data.get("params", ())}
            if not run.params.items() <= params.items():
                self._met.failed(f"runs/get: {params} lacks some of {run.params}")

    def _search(self, run: LoggedRun) -> None:
        outcome = self._caller.post(
            "runs/search",
            experiment_ids=[self._experiment],
            filter=f"attributes.run_name = '{run.name}'",
            max_results=20,
        )
        if self._expect(outcome, "runs/search"):
            found = [found["info"]["run_id"] for found in outcome.body.get("runs", ())]
            if run.run_id not in found:
                self._met.failed(f"runs/search: {run.name} is not among {found}")

    def _version(self) -> int | None:
        description = self._key()
        began = time.monotonic()
        made = self._caller.post(
            "model-versions/create", name=self._model, source=SOURCE, description=description
        )
        number = None
        if self._expect(made, "model-versions/create"):
            number = int(made.body["model_version"]["version"])
        ended = time.monotonic()
        self.ledger.versions.append(
            Version(self._model, description, number, made.failures, made.repeats, began, ended)
        )
        return number

    def _alias(self, number: int) -> None:
        alias = f"client{self._caller.number}"
        outcome = self._caller.post(
            "registered-models/alias", name=self._model, alias=alias, version=str(number)
        )
        done = self._expect(outcome, "registered-models/alias")
        self.ledger.aliases.append((self._model, number, done))

    def _contest(self) -> None:
        """Two clients want one name; who is told that it is taken may have got it by an earlier try."""
        name = f"contested {self._caller.number // 2}.{self._rounds}"
        outcome = self._caller.post("registered-models/create", name=name)
        if outcome.is_acknowledged:
            self.ledger.names[name] = True
        elif outcome.status == 400:
            self.ledger.names[name] = None if outcome.earlier else False
            if outcome.body.get("error_code") != "RESOURCE_ALREADY_EXISTS":
                self._met.failed(f"registered-models/create: 400 {outcome.body}")


class Load:
    """So many clients, each on a thread and a connection of its own."""

    def __init__(self, port: int, clients: int, experiments: list[str], seed: int) -> None:
        self.met = Met()
        self._stop, self._over = threading.Event(), threading.Event()
        randoms = [Random(seed + number) for number in range(clients)]
        self._callers = [Caller(n, port, self.met, self._over, random) for n, random in enumerate(randoms)]
        self.clients = [
            Client(caller, self.met, experiments, random)
            for caller, random in zip(self._callers, randoms, strict=True)
        ]
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        self._run("work", self._stop)

    def end(self) -> None:
        """Every client ends its call, and all it had been told to wait for."""
        self._stop.set()
        self._join()

    def last_calls(self) -> None:
        """Every client once more, all at the same time."""
        self._run("last_calls")
        self._join()

    def close(self) -> None:
        self._over.set()
        self.end()
        for caller in self._callers:
            caller.close()

    def _run(self, what: str, *arguments: Any) -> None:
        self._threads = [
            threading.Thread(target=getattr(client, what), args=arguments) for client in self.clients
        ]
        for thread in self._threads:
            thread.start()

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()
