"""Makes the experiment that everything is tried in, and removes it again with all that is in it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from genesis.validate.checks import ARTIFACTS
from genesis.validate.deployment import API, Deployment
from genesis.validate.results import Result, failed, ok, warning
from genesis.validate.transport import Reply, Unreachable

Deletion = tuple[str, str, dict[str, str]]
"""Method, path and fields of a call."""

ROOT = "mlflow-artifacts:/"
ROUNDS = 3
"""Of looking for what a client that was interrupted may have made since."""
ATTEMPTS = 4
BUSY = (429, 502, 503, 504)
LONGEST_WAIT = 5.0
"""Seconds between attempts of a removal, whatever the server asks for."""


def experiment(d: Deployment) -> Result:
    made = d.throwaway
    made.begun = True
    reply = d.server.call("POST", f"{API}/experiments/create", name=made.name)
    if reply.status == 200:
        made.experiment_id = reply.json["experiment_id"]
        now = int(time.time() * 1000)
        reply = d.server.call(
            "POST",
            f"{API}/runs/create",
            experiment_id=made.experiment_id,
            run_name="validate",
            start_time=now,
        )
    if reply.status != 200:
        return failed(
            "experiment",
            f"No experiment with a run can be made: {reply.said}",
            "The database refuses writes, or the caller may not write: look at the server's log.",
        )
    info = reply.json["run"]["info"]
    made.run_id = info["run_id"]
    if info["artifact_uri"].startswith(ROOT):
        made.folder = info["artifact_uri"][len(ROOT) :].strip("/")
    return ok("experiment", f"Everything is tried in '{made.name}' ({made.experiment_id}).")


def removal(d: Deployment) -> Result:
    """Deletes as the API allows; never raises but KeyboardInterrupt."""
    made = d.throwaway
    are_files_gone = False
    try:
        left = _removed(d)
        are_files_gone = _are_files_gone(d)
    except (Unreachable, KeyError) as error:
        left = [f"the server did not answer ({error})"]
    if left:
        return failed(
            "removal",
            f"'{made.name}' and the model '{made.model}' are not removed: {'; '.join(left)}.",
            "Delete both yourself, in MLflow's client or UI, once the server works.",
        )
    if not made.experiment_id:
        return ok("removal", "Nothing was made, and so nothing is left.")
    collect = f"python -m genesis gc --experiment {made.experiment_id} --yes"
    if not are_files_gone:
        return warning(
            "removal",
            f"Experiment {made.experiment_id} is deleted, its files could not be.",
            f"Beside the server, run: {collect}",
        )
    return ok(
        "removal",
        f"Experiment {made.experiment_id} with all in it, and its files, are deleted; the API hides records "
        f"only. For good: {collect}",
    )


def _removed(d: Deployment) -> list[str]:
    """Why something is left; empty where nothing is."""
    made = d.throwaway
    left: list[str] = []
    _gone(d, ("DELETE", "registered-models/delete", {"name": made.model}), left)
    if not made.experiment_id:
        # Its creation may have succeeded without a reply.
        found = _patient(d, "GET", f"{API}/experiments/get-by-name?experiment_name={quote(made.name)}")
        made.experiment_id = found.json.get("experiment", {}).get("experiment_id", "")
        if found.status not in (200, 404):
            left.append(found.said)
    if made.experiment_id:
        for _ in range(ROUNDS):
            inside = list(_inside(d, left))
            for deletion in inside:
                _gone(d, deletion, left)
            if not inside:
                break
        _gone(d, ("POST", "experiments/delete", {"experiment_id": made.experiment_id}), left)
    return left


def _inside(d: Deployment, left: list[str]) -> Iterator[Deletion]:
    """What deletes each logged model and run that is there."""
    ids = [d.throwaway.experiment_id]
    models = _patient(d, "POST", f"{API}/logged-models/search", experiment_ids=ids)
    for model in models.json.get("models", []):
        yield "DELETE", f"logged-models/{model['info']['model_id']}", {}
    runs = _patient(d, "POST", f"{API}/runs/search", experiment_ids=ids)
    for run in runs.json.get("runs", []):
        yield "POST", "runs/delete", {"run_id": run["info"]["run_id"]}
    left.extend(reply.said for reply in (models, runs) if reply.status not in (200, 404))


def _gone(d: Deployment, deletion: Deletion, left: list[str]) -> None:
    """Delete something; one that is not there (any more) is no failure."""
    method, path, fields = deletion
    reply = _patient(d, method, f"{API}/{path}", **fields)
    if reply.status not in (200, 404):
        left.append(reply.said)


def _are_files_gone(d: Deployment) -> bool:
    """Deletes the folder of the whole experiment, if it is the server's."""
    made = d.throwaway
    folder = made.folder.partition(f"/{made.run_id}")[0]
    # Nothing but the folder that is called as the experiment: whatever else it may be, it is not ours.
    if not made.experiment_id or folder.rpartition("/")[2] != made.experiment_id:
        return not made.run_id
    try:
        return _patient(d, "DELETE", f"{ARTIFACTS}/{quote(folder)}").status in (200, 204, 404)
    except Unreachable:
        return False


def _patient(d: Deployment, method: str, path: str, **fields: object) -> Reply:
    """The reply; asked again while the server is busy or away. Raises Unreachable."""
    for attempt in range(1, ATTEMPTS):
        wait = float(attempt)
        try:
            reply = _asked(d, method, path, fields)
        except Unreachable:
            pass
        else:
            if reply.status not in BUSY:
                return reply
            given = reply.headers.get("retry-after", "")
            wait = float(given) if given.isdecimal() else wait
        time.sleep(min(wait, LONGEST_WAIT))
    return _asked(d, method, path, fields)


def _asked(d: Deployment, method: str, path: str, fields: Mapping[str, object]) -> Reply:
    return d.server.get(path) if method == "GET" else d.server.call(method, path, **fields)
