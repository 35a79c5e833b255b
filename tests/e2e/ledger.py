"""What clients write while a server is killed, and what of it must be there afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import urllib3

from tests.e2e.rest import Rest

Reply = urllib3.BaseHTTPResponse


@dataclass
class Ledger:
    """One client's values: each was acknowledged with a 200, or refused with a 400."""

    rest: Rest
    name: str
    run_id: str
    metrics: dict[str, float] = field(default_factory=dict)
    steps: set[int] = field(default_factory=set)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    experiments: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)

    def write(self, stop: threading.Event) -> None:
        """Write until told to stop, or until the server is gone."""
        number = 0
        while not stop.is_set():
            for verb in (self._single, self._batch, self._refusals, self._new, self._artifact):
                try:
                    verb(f"{self.name}.{number}", number)
                except urllib3.exceptions.HTTPError:
                    return
            number += 1

    def _acknowledged(self, reply: Reply) -> bool:
        # 503 is honest while the database is away: nothing was promised.
        if reply.status not in (200, 503):
            self.unexpected.append(f"{reply.status} {reply.data.decode()}")
        return reply.status == 200

    def _single(self, key: str, number: int) -> None:
        run = {"run_id": self.run_id}
        point = {"key": f"m.{key}", "value": number / 8, "timestamp": number, "step": number}
        if self._acknowledged(self.rest.post("runs/log-metric", **run, **point)):
            self.metrics[f"m.{key}"] = number / 8
        if self._acknowledged(self.rest.post("runs/log-parameter", **run, key=f"p.{key}", value=key)):
            self.params[f"p.{key}"] = key
        if self._acknowledged(self.rest.post("runs/set-tag", **run, key=f"t.{key}", value=key)):
            self.tags[f"t.{key}"] = key

    def _batch(self, key: str, number: int) -> None:
        steps = range(number * 50, number * 50 + 50)
        metrics = [{"key": self.name, "value": step, "timestamp": step, "step": step} for step in steps]
        params, tags = [{"key": f"bp.{key}", "value": "b"}], [{"key": f"bt.{key}", "value": "b"}]
        reply = self.rest.post(
            "runs/log-batch", run_id=self.run_id, metrics=metrics, params=params, tags=tags
        )
        if self._acknowledged(reply):
            self.steps.update(steps)
            self.metrics[self.name] = steps[-1]
            self.params[f"bp.{key}"] = self.tags[f"bt.{key}"] = "b"

    def _refusals(self, key: str, _: int) -> None:
        """The second batch changes a parameter, so nothing of it may be kept."""
        first = {"run_id": self.run_id, "params": [{"key": f"rp.{key}", "value": "kept"}]}
        if not self._acknowledged(self.rest.post("runs/log-batch", **first)):
            return
        self.params[f"rp.{key}"] = "kept"
        second = {"run_id": self.run_id, "params": [{"key": f"rp.{key}", "value": "other"}]}
        tags = [{"key": f"refused.{key}", "value": "x"}]
        metrics = [{"key": f"refused.{key}", "value": 1, "timestamp": 1, "step": 1}]
        reply = self.rest.post("runs/log-batch", **second, tags=tags, metrics=metrics)
        if reply.status == 400:
            self.refused.add(f"refused.{key}")
        elif self._acknowledged(reply):
            self.unexpected.append(f"the parameter rp.{key} was changed")

    def _new(self, key: str, _: int) -> None:
        made = self.rest.post("experiments/create", name=f"experiment {key}")
        if self._acknowledged(made):
            self.experiments[made.json()["experiment_id"]] = f"experiment {key}"
        made = self.rest.post("runs/create", experiment_id="0", start_time=1, run_name=key)
        if self._acknowledged(made):
            self.runs[made.json()["run"]["info"]["run_id"]] = key

    def _artifact(self, key: str, number: int) -> None:
        content = f"{key} ".encode() * (number % 50)
        if self._acknowledged(self.rest.put_artifact(f"{self.name}/{key}.txt", content)):
            self.artifacts[f"{self.name}/{key}.txt"] = content

    def check(self) -> None:
        """Everything acknowledged is there, as it was sent, and nothing that was refused."""
        assert self.unexpected == []
        self._check_run()
        runs = self._found("runs", f"attributes.run_name LIKE '{self.name}.%'", experiment_ids=["0"])
        assert self.runs.items() <= {(run["info"]["run_id"], run["info"]["run_name"]) for run in runs}
        experiments = self._found("experiments", f"name LIKE 'experiment {self.name}.%'")
        assert self.experiments.items() <= {(one["experiment_id"], one["name"]) for one in experiments}
        for path, content in self.artifacts.items():
            assert self.rest.get_artifact(path).data == content

    def _found(self, kind: str, filter: str, **more: object) -> Iterator[dict[str, Any]]:
        """All that a search finds: one by one they would be thousands of requests."""
        token: str | None = ""
        while token is not None:
            fields = {"filter": filter, "max_results": 1000, **more}
            page = self.rest.post(
                f"{kind}/search", **fields, **({"page_token": token} if token else {})
            ).json()
            yield from page.get(kind, [])
            token = page.get("next_page_token")

    def _check_run(self) -> None:
        data = self.rest.get("runs/get", run_id=self.run_id).json()["run"]["data"]
        for kept, what in ((self.metrics, "metrics"), (self.params, "params"), (self.tags, "tags")):
            there = {entry["key"]: entry["value"] for entry in data.get(what, [])}
            # A point that was stored but not acknowledged before the end may be the latest one.
            latest = there.pop(self.name, 0)
            assert float(latest) >= float(kept.get(self.name, 0))
            assert {key: value for key, value in kept.items() if key != self.name}.items() <= there.items()
            assert self.refused.isdisjoint(there)
        reply = self.rest.get("metrics/get-history", run_id=self.run_id, metric_key=self.name)
        history = [(point["step"], point["value"]) for point in reply.json().get("metrics", [])]
        assert len(history) == len(set(history)), "a point is there twice"
        assert {(step, step) for step in self.steps} <= set(history)
        for key in self.refused:
            reply = self.rest.get("metrics/get-history", run_id=self.run_id, metric_key=key)
            assert reply.json() == {}

    def count(self) -> int:
        """How much was acknowledged."""
        kinds = (self.metrics, self.params, self.tags, self.runs, self.experiments, self.artifacts)
        return sum(len(kind) for kind in kinds)


def written_by(clients: int, rest: Rest, name: str, during: Callable[[], None]) -> list[Ledger]:
    """What clients, each with a run of its own, wrote while ``during`` happened."""
    ledgers = [Ledger(rest, f"{name}.{client}", rest.new_run()) for client in range(clients)]
    stop = threading.Event()
    threads = [threading.Thread(target=ledger.write, args=[stop]) for ledger in ledgers]
    for thread in threads:
        thread.start()
    try:
        during()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return ledgers
