"""What many clients were told is done, compared with what is there afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tests.e2e.rest import Rest
from tests.functions.load import MODELS, Ledger, LoggedRun, Version

PAGE = 1000
RUNS_OF_A_CALL = 100


class Found:
    """What the server has; of each kind one call for a page of a thousand."""

    def __init__(self, rest: Rest, experiments: Sequence[str]) -> None:
        self._rest = rest
        self.runs: dict[str, dict[str, Any]] = {}
        for experiment in experiments:
            for run in self._pages("POST", "runs/search", "runs", experiment_ids=[experiment]):
                self.runs[run["info"]["run_id"]] = run
        self.models: list[str] = [
            model["name"] for model in self._pages("GET", "registered-models/search", "registered_models")
        ]

    def _pages(self, method: str, path: str, what: str, **fields: Any) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            asked = {**fields, "max_results": PAGE, **({"page_token": token} if token else {})}
            reply = self._rest.post(path, **asked) if method == "POST" else self._rest.get(path, **asked)
            assert reply.status == 200, reply.data
            yield from reply.json().get(what, ())
            token = reply.json().get("next_page_token", "")
            if not token:
                return

    def histories(self) -> dict[str, list[tuple[int, float]]]:
        """Steps and values of the metric ``loss``, by run."""
        found: dict[str, list[tuple[int, float]]] = {run_id: [] for run_id in self.runs}
        ids = [*self.runs]
        for begin in range(0, len(ids), RUNS_OF_A_CALL):
            asked = "&".join(f"run_id={run_id}" for run_id in ids[begin : begin + RUNS_OF_A_CALL])
            path = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk?metric_key=loss&{asked}"
            reply = self._rest.send("GET", path)
            assert reply.status == 200, reply.data
            for point in reply.json().get("metrics", ()):
                found[point["run_id"]].append((point["step"], point["value"]))
        return found

    def versions(self, model: str) -> list[tuple[int, str]]:
        """Numbers and descriptions."""
        found = self._pages("GET", "model-versions/search", "model_versions", filter=f"name = '{model}'")
        return [(int(version["version"]), version["description"]) for version in found]

    def aliases(self, model: str) -> dict[str, int]:
        model = self._rest.get("registered-models/get", name=model).json()["registered_model"]
        return {alias["alias"]: int(alias["version"]) for alias in model.get("aliases", ())}


def check_runs(found: Found, ledgers: Sequence[Ledger]) -> None:
    """Every run once, but for those whose creation was tried again; nothing is lost from any."""
    names = Counter(run["info"]["run_name"] for run in found.runs.values())
    histories = found.histories()
    assert names.keys() <= {name for ledger in ledgers for name in ledger.tries}
    for ledger in ledgers:
        made = {run.name for run in ledger.runs}
        for name, earlier in ledger.tries.items():
            assert (name in made) <= names[name] <= (name in made) + earlier, name
        for run in ledger.runs:
            _check_run(run, found.runs[run.run_id], histories[run.run_id])


def _check_run(run: LoggedRun, found: dict[str, Any], history: list[tuple[int, float]]) -> None:
    assert found["info"]["run_name"] == run.name
    params = {entry["key"]: entry["value"] for entry in found["data"].get("params", ())}
    assert run.params.items() <= params.items()
    assert params.keys() <= run.sent_params
    tags = {entry["key"]: entry["value"] for entry in found["data"]["tags"]}
    assert _is_last(tags.get("stage"), run.stages), (tags, run.stages)
    assert len(history) == len(set(history)), "a point is there twice"
    assert {(step, step) for step in run.losses} <= set(history), (run, history)
    assert set(history) <= {(step, step) for step in run.sent}
    latest = {entry["key"]: entry["step"] for entry in found["data"].get("metrics", ())}
    assert max(run.losses, default=0) <= latest.get("loss", 0) <= max(run.sent, default=0)


def _is_last(value: Any, sent: Sequence[tuple[Any, bool]]) -> bool:
    """Whether it is what was acknowledged last, or what was sent since."""
    done = [place for place, (_, acknowledged) in enumerate(sent) if acknowledged]
    allowed = [each for each, _ in sent[done[-1] if done else 0 :]]
    return value in allowed or (value is None and not done)


def check_versions(found: Found, ledgers: Sequence[Ledger], killed: float, lost: int) -> int:
    """Each version once, and numbers without gap but for creations that died; how many gaps there are.

    ``lost`` is how many numbers were given out by a reply that never came, ``killed`` when the database was.
    """
    told = [version for ledger in ledgers for version in ledger.versions]
    gaps = 0
    for model in (f"model {n}" for n in range(MODELS)):
        versions = found.versions(model)
        numbers = [number for number, _ in versions]
        assert len(numbers) == len(set(numbers)), "a number was given twice"
        _check_told(dict(versions), [version for version in told if version.model == model])
        gaps += max(numbers) - len(numbers)
    died = sum(version.failures + (version.began <= killed <= version.ended) for version in told)
    assert gaps <= lost + died
    return gaps


def _check_told(versions: dict[int, str], told: Sequence[Version]) -> None:
    descriptions = Counter(versions.values())
    assert descriptions.keys() <= {version.description for version in told}
    for version in told:
        if version.number is not None:
            assert versions[version.number] == version.description
        made = version.number is not None
        assert made <= descriptions[version.description] <= made + version.failures + version.repeats


def check_aliases(found: Found, ledgers: Sequence[Ledger]) -> None:
    aliases = {model: found.aliases(model) for model in (f"model {n}" for n in range(MODELS))}
    for client, ledger in enumerate(ledgers):
        for model in {model for model, _, _ in ledger.aliases}:
            sent = [(number, done) for of, number, done in ledger.aliases if of == model]
            assert _is_last(aliases[model].get(f"client{client}"), sent), (client, sent)


def check_names(found: Found, ledgers: Sequence[Ledger]) -> None:
    """One of those who wanted a name got it; by a try that failed it may itself have taken it before."""
    assert len(found.models) == len(set(found.models))
    told: dict[str, list[bool | None]] = {}
    for ledger in ledgers:
        for name, got in ledger.names.items():
            told.setdefault(name, []).append(got)
    for name, outcomes in told.items():
        assert name in found.models
        assert outcomes.count(True) <= 1, name
        assert True in outcomes or None in outcomes, name
