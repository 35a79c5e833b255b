"""MongoDB failing: what is worth another try is tried again, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from genesis.app import App
from genesis.settings import Settings
from genesis.store.mongo import client, points
from tests.servers.secantus import mongodb_address, secantusdb
from tests.store.calls import create_run, get, post, send
from tests.store.proxy import Connection, Fault, Message, Proxy


@pytest.fixture
def proxy(mongodb_uri: str) -> Iterator[Proxy]:
    address = urlsplit(mongodb_uri)
    assert address.hostname is not None
    with closing(Proxy((address.hostname, address.port or 27017))) as proxy:
        yield proxy


@pytest.fixture
def proxied(proxy: Proxy, mongodb_uri: str, tmp_path: Path) -> Iterator[App]:
    """An App whose database is behind the proxy, with its default experiment in place."""
    with closing(App(Settings(data=str(tmp_path), database_uri=proxy.address(mongodb_uri)))) as app:
        get(app, "experiments/get", experiment_id="0")
        yield app


DATASET = {"name": "iris", "digest": "d", "source_type": "s", "source": "s"}
MODEL = '{"run_id": "r", "artifact_path": "m", "utc_time_created": "t", "flavors": {"f": {}}}'
WRITES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "log a metric: its points": (
        "insert",
        "points",
        "runs/log-metric",
        {"key": "m", "value": 1, "timestamp": 1},
    ),
    "log a metric: its latest value": (
        *("update", "runs", "runs/log-metric"),
        {"key": "m", "value": 1, "timestamp": 1},
    ),
    "log a parameter": ("update", "runs", "runs/log-parameter", {"key": "p", "value": "1"}),
    "set a tag": ("update", "runs", "runs/set-tag", {"key": "t", "value": "1"}),
    "delete a tag": ("update", "runs", "runs/delete-tag", {"key": "old"}),
    "finish": ("update", "runs", "runs/update", {"status": "FINISHED", "end_time": 5}),
    "delete": ("update", "runs", "runs/delete", {}),
    "log inputs: the run": ("update", "runs", "runs/log-inputs", {"datasets": [{"dataset": DATASET}]}),
    "log inputs: the data set": (
        "insert",
        "datasets",
        "runs/log-inputs",
        {"datasets": [{"dataset": DATASET}]},
    ),
    "log a model as input": ("update", "runs", "runs/log-inputs", {"models": [{"model_id": "m"}]}),
    "log an output": ("update", "runs", "runs/outputs", {"models": [{"model_id": "m", "step": 1}]}),
    "log a model": ("update", "runs", "runs/log-model", {"model_json": MODEL}),
}


def outcome(app: App, run_id: str) -> dict[str, Any]:
    """All that can be seen of a run, but for what makes it another run than the one beside it."""
    run = get(app, "runs/get", run_id=run_id)["run"]
    for own in ("run_id", "run_uuid", "artifact_uri"):
        run["info"].pop(own, None)
    history = get(app, "metrics/get-history", run_id=run_id, metric_key="m")
    return {"run": run, "history": history}


@pytest.mark.parametrize(("command", "collection", "path", "fields"), WRITES.values(), ids=WRITES.keys())
def test_a_write_whose_reply_is_lost_is_done_once(
    proxied: App, proxy: Proxy, command: str, collection: str, path: str, fields: dict[str, Any]
) -> None:
    lossy, calm = (prepared_run(proxied) for _ in range(2))
    proxy.lose_reply(command, collection)
    post(proxied, path, run_id=lossy, **fields)
    post(proxied, path, run_id=calm, **fields)
    assert proxy.met == [command]
    assert outcome(proxied, lossy) == outcome(proxied, calm)


@pytest.mark.parametrize("lost", [False, True], ids=["in peace", "its points' reply is lost"])
def test_a_refused_batch_leaves_no_points_and_takes_none_that_were_there(
    proxied: App, proxy: Proxy, lost: bool
) -> None:
    run_id = create_run(proxied)
    there = {"key": "m", "value": 1, "timestamp": 1, "step": 1}
    post(proxied, "runs/log-batch", run_id=run_id, params=[{"key": "p", "value": "1"}], metrics=[there])
    if lost:
        proxy.lose_reply("insert", "points")
    refused = {"params": [{"key": "p", "value": "2"}], "metrics": [there, {**there, "key": "n"}]}
    assert send(proxied, "runs/log-batch", run_id=run_id, **refused).status == 400
    assert proxy.met == ["insert"] * lost
    assert get(proxied, "metrics/get-history", run_id=run_id, metric_key="n") == {}
    assert get(proxied, "metrics/get-history", run_id=run_id, metric_key="m") == {
        "metrics": [{**there, "value": 1.0}]
    }


def test_a_refused_batch_takes_no_points_of_another_that_was_acknowledged(
    proxied: App, proxy: Proxy, mongodb_uri: str, tmp_path: Path
) -> None:
    run_id = create_run(proxied)
    point = {"key": "m", "value": 1.0, "timestamp": 1, "step": 1}
    with closing(App(Settings(data=str(tmp_path), database_uri=mongodb_uri))) as other:

        def after_the_other(connection: Connection, message: Message) -> None:
            won = {"params": [{"key": "p", "value": "2"}], "metrics": [point]}
            post(other, "runs/log-batch", run_id=run_id, **won)
            connection.forward(message)

        proxy.faults.append(Fault("update", after_the_other, collection="runs"))
        refused = {"params": [{"key": "p", "value": "1"}], "metrics": [point]}
        assert send(proxied, "runs/log-batch", run_id=run_id, **refused).status == 400
    assert proxy.met == ["update"]
    assert get(proxied, "metrics/get-history", run_id=run_id, metric_key="m") == {"metrics": [point]}


def prepared_run(app: App) -> str:
    """A run with a tag and a model to add another to."""
    run_id = create_run(app)
    post(app, "runs/set-tag", run_id=run_id, key="old", value="1")
    post(app, "runs/log-model", run_id=run_id, model_json=MODEL.replace('"m"', '"first"'))
    return run_id


@pytest.mark.parametrize("collection", ["names", "experiments"])
def test_an_experiment_whose_creation_gets_no_reply_is_made_once(
    proxied: App, proxy: Proxy, collection: str
) -> None:
    proxy.lose_reply("insert", collection)
    made = post(proxied, "experiments/create", name="x")["experiment_id"]
    assert proxy.met == ["insert"]
    found = post(proxied, "experiments/search", max_results=9, filter="name = 'x'")["experiments"]
    assert [experiment["experiment_id"] for experiment in found] == [made]


def test_an_experiment_whose_number_gets_no_reply_gets_another(proxied: App, proxy: Proxy) -> None:
    proxy.lose_reply("findAndModify")
    first = post(proxied, "experiments/create", name="x")["experiment_id"]
    assert proxy.met == ["findAndModify"]
    assert int(post(proxied, "experiments/create", name="y")["experiment_id"]) > int(first)


def test_a_run_whose_creation_gets_no_reply_is_made_once(proxied: App, proxy: Proxy) -> None:
    proxy.lose_reply("insert", "runs")
    made = create_run(proxied)
    assert proxy.met == ["insert"]
    found = post(proxied, "runs/search", experiment_ids=["0"])["runs"]
    assert [run["info"]["run_id"] for run in found] == [made]


@pytest.mark.parametrize("collection", ["names", "experiments"])
def test_a_renaming_that_gets_no_reply_is_done(proxied: App, proxy: Proxy, collection: str) -> None:
    made = post(proxied, "experiments/create", name="x")["experiment_id"]
    proxy.lose_reply("update", collection)
    post(proxied, "experiments/update", experiment_id=made, new_name="y")
    assert proxy.met == ["update"]
    assert send(proxied, "experiments/create", name="y").status == 400
    assert send(proxied, "experiments/create", name="x").status == 200


def test_a_deletion_of_an_experiment_that_gets_no_reply_is_done(proxied: App, proxy: Proxy) -> None:
    made = post(proxied, "experiments/create", name="x")["experiment_id"]
    proxy.lose_reply("update", "experiments")
    post(proxied, "experiments/delete", experiment_id=made)
    assert proxy.met == ["update"]


@pytest.mark.parametrize("command", ["find", "update", "insert"])
def test_a_connection_that_breaks_is_made_again(proxied: App, proxy: Proxy, command: str) -> None:
    run_id = create_run(proxied)
    proxy.cut(command)
    post(proxied, "runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)
    get(proxied, "runs/get", run_id=run_id)
    assert proxy.met == [command]


def refusal(code: int, message: str = "Error=16500, RetryAfterMs=1, Details=...") -> dict[str, Any]:
    return {"ok": 0.0, "code": code, "errmsg": message, "codeName": "Refused"}


@pytest.mark.parametrize("code", [16500, 50, 112])
@pytest.mark.parametrize("command", ["find", "update", "insert"])
def test_a_busy_database_is_asked_again(proxied: App, proxy: Proxy, command: str, code: int) -> None:
    run_id = create_run(proxied)
    proxy.answer(command, refusal(code), times=2)
    post(proxied, "runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)
    assert outcome(proxied, run_id)["history"]["metrics"][0]["value"] == 1
    assert proxy.met == [command] * 2


@pytest.mark.parametrize("code", [16500, 50, 112])
def test_points_throttled_one_by_one_are_written_again(proxied: App, proxy: Proxy, code: int) -> None:
    run_id = create_run(proxied)
    error = {"index": 0, "code": code, "errmsg": "RetryAfterMs=1"}
    proxy.answer("insert", {"ok": 1.0, "n": 0, "writeErrors": [error]})
    post(proxied, "runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)
    assert proxy.met == ["insert"]
    assert len(get(proxied, "metrics/get-history", run_id=run_id, metric_key="m")["metrics"]) == 1


def test_the_wait_that_the_database_asks_for_is_kept(
    proxied: App, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(client, "time", SimpleNamespace(sleep=waits.append))
    run_id = create_run(proxied)
    proxy.answer("find", refusal(16500, "Request rate is large. RetryAfterMs=300, more text"))
    get(proxied, "runs/get", run_id=run_id)
    assert 0.3 in waits


@pytest.mark.parametrize(
    ("code", "status"), [(16500, 429), (50, 503), (112, 503), (13, 503), (18, 503), (91, 503), (8000, 503)]
)
@pytest.mark.usefixtures("impatient")
def test_what_stays_refused_is_told_with_a_time_to_come_back(
    proxied: App, proxy: Proxy, code: int, status: int
) -> None:
    proxy.answer("find", refusal(code), times=1000)
    response = send(proxied, "runs/search", experiment_ids=["0"])
    assert response.status == status
    assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("fault", ["cut", "lost", 43, 16500])
def test_a_history_whose_reading_breaks_off_is_read_on(
    proxied: App, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, fault: str | int
) -> None:
    run_id = create_run(proxied)
    times = [1, 2, 2, 2, 3, 4]
    for step, timestamp in enumerate(times):
        post(proxied, "runs/log-metric", run_id=run_id, key="m", value=1, timestamp=timestamp, step=step)
    monkeypatch.setattr(points, "BATCH", 2)
    if fault == "cut":
        proxy.cut("getMore")
    elif fault == "lost":
        proxy.lose_reply("getMore")
    else:
        proxy.answer("getMore", refusal(int(fault)))
    found = get(proxied, "metrics/get-history", run_id=run_id, metric_key="m")["metrics"]
    assert [metric["timestamp"] for metric in found] == times
    assert proxy.met == ["getMore"]


@pytest.mark.parametrize("code", [2, 51091, 51156])
def test_a_search_that_the_database_cannot_do_is_a_refusal_not_a_failure(
    proxied: App, proxy: Proxy, code: int
) -> None:
    proxy.answer("find", refusal(code))
    response = send(proxied, "runs/search", experiment_ids=["0"])
    assert (response.status, orjson.loads(response.whole())["message"]) == (
        400,
        "The search is too complex for the database.",
    )


def test_a_long_pattern_is_answered_or_refused_and_is_no_failure(proxied: App) -> None:
    post(proxied, "runs/set-tag", run_id=create_run(proxied), key="t", value="x" * 5000)
    like = "tags.t LIKE '%" + "x" * 4000 + "'"
    assert send(proxied, "runs/search", experiment_ids=["0"], filter=like).status in (200, 400)


def test_what_the_database_refuses_is_told_without_its_documents(
    proxied: App, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = create_run(proxied)
    error = {"index": 0, "code": 8000, "errmsg": "SECRET"}
    proxy.answer("insert", {"ok": 1.0, "n": 0, "writeErrors": [error]})
    response = send(proxied, "runs/log-metric", run_id=run_id, key="PRIVATE", value=1, timestamp=1)
    assert response.status == 503
    assert b"refused an operation" in response.whole()
    assert "8000" in caplog.text
    assert "SECRET" not in caplog.text
    assert "PRIVATE" not in caplog.text


def test_points_too_large_for_the_database_are_a_refusal_not_a_failure(proxied: App, proxy: Proxy) -> None:
    run_id = create_run(proxied)
    error = {"index": 0, "code": 10334, "errmsg": "BSONObj size"}
    proxy.answer("insert", {"ok": 1.0, "n": 0, "writeErrors": [error]})
    assert send(proxied, "runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1).status == 400


def test_points_that_no_majority_has_are_written_again(proxied: App, proxy: Proxy) -> None:
    run_id = create_run(proxied)
    error = {"code": 64, "errmsg": "waiting for replication timed out", "errInfo": {"wtimeout": True}}
    proxy.answer("insert", {"ok": 1.0, "n": 1, "writeConcernError": error})
    post(proxied, "runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)
    assert len(get(proxied, "metrics/get-history", run_id=run_id, metric_key="m")["metrics"]) == 1


def test_a_database_that_has_no_collection_yet_is_begun(
    proxy: Proxy, mongodb_uri: str, tmp_path: Path
) -> None:
    proxy.answer("find", {**refusal(26), "codeName": "NamespaceNotFound"})
    with closing(App(Settings(data=str(tmp_path), database_uri=proxy.address(mongodb_uri)))) as app:
        assert get(app, "experiments/get", experiment_id="0")["experiment"]["name"] == "Default"
    assert proxy.met == ["find"]


@pytest.mark.usefixtures("impatient")
def test_a_database_that_always_hangs_up_is_told_in_time(proxied: App, proxy: Proxy) -> None:
    proxy.cut("find", times=1000)
    response = send(proxied, "runs/search", experiment_ids=["0"])
    assert (response.status, response.headers["Retry-After"]) == (503, "5")


def test_a_document_too_large_for_the_database_is_a_refusal_not_a_failure(proxied: App) -> None:
    run_id = create_run(proxied)
    dataset = {**DATASET, "profile": "x" * 16_777_215}
    assert send(proxied, "runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset}]).status == 400


@pytest.mark.usefixtures("impatient")
def test_a_server_that_stops_is_told_and_one_that_starts_again_is_used(tmp_path: Path) -> None:
    with secantusdb(tmp_path) as server:
        uri = mongodb_address(server).replace("/?", "/test?")
        with closing(App(Settings(data=str(tmp_path), database_uri=uri))) as app:
            run_id = create_run(app)
            server.kill()
            response = send(app, "runs/set-tag", run_id=run_id, key="k", value="v")
            assert (response.status, response.headers["Retry-After"]) == (503, "5")
            server.start()
            post(app, "runs/set-tag", run_id=run_id, key="k", value="v")
            assert len(get(app, "runs/get", run_id=run_id)["run"]["data"]["tags"]) == 2
