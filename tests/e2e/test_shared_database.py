"""Two servers on one database file: whatever either acknowledged is there, and neither fails."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.e2e.rest import Rest, at_once
from tests.servers.serve import genesis_serve

WRITERS = 4
EACH = 30


def test_writers_at_two_servers_do_each_other_no_harm(tmp_path: Path) -> None:
    with genesis_serve(tmp_path) as one, genesis_serve(tmp_path) as other:
        servers = [Rest(one.url), Rest(other.url)]
        run_id = servers[0].new_run()

        def write(writer: int) -> list[int]:
            rest = servers[writer % 2]
            statuses = []
            for i in range(EACH):
                metric = {"key": "shared", "value": i, "timestamp": i, "step": i * 10 + writer}
                own = {"key": f"p{writer}.{i}", "value": str(i)}
                tag = {"key": f"t{writer}", "value": str(i)}
                for path, fields in (
                    ("log-metric", metric),
                    ("log-parameter", own),
                    ("set-tag", tag),
                    ("log-batch", {"metrics": [{**own, "value": i, "timestamp": 1, "step": 1}]}),
                ):
                    statuses.append(rest.post(f"runs/{path}", run_id=run_id, **fields).status)
            return statuses

        statuses = Counter(status for some in at_once(2 * WRITERS, write) for status in some)

        assert statuses == {200: 2 * WRITERS * EACH * 4}
        for rest in servers:
            data = rest.get("runs/get", run_id=run_id).json()["run"]["data"]
            history = rest.get("metrics/get-history", run_id=run_id, metric_key="shared").json()["metrics"]
            metrics = {metric["key"]: metric["value"] for metric in data["metrics"]}
            names = {f"p{writer}.{i}": i for writer in range(2 * WRITERS) for i in range(EACH)}
            assert {point["step"] for point in history} == {
                i * 10 + writer for writer in range(2 * WRITERS) for i in range(EACH)
            }
            assert metrics == {**names, "shared": EACH - 1}
            assert {param["key"]: int(param["value"]) for param in data["params"]} == names
            tags = {tag["key"]: tag["value"] for tag in data["tags"] if tag["key"].startswith("t")}
            assert tags == {f"t{writer}": str(EACH - 1) for writer in range(2 * WRITERS)}


def test_servers_that_start_at_once_on_no_database_both_answer(tmp_path: Path) -> None:
    servers = [genesis_serve(tmp_path) for _ in range(4)]
    try:
        at_once(4, lambda i: servers[i].start())

        ids = at_once(4, lambda i: Rest(servers[i].url).new_experiment())
        assert len(set(ids)) == 4
    finally:
        for server in servers:
            server.stop()
