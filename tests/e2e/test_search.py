"""Search, order and paging through two thousand runs on SQLite, and through fewer on MongoDB's stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from tests.e2e.clients import stock_client
from tests.e2e.rest import Rest, in_threads
from tests.servers import Server

KINDS = ("tree", "forest", "linear", "neural")


@dataclass(frozen=True)
class Many:
    """An experiment of ``count`` runs; the metric ``loss`` is missing in a tenth and the same in many."""

    server: Server
    experiment_id: str
    count: int


@pytest.fixture(
    scope="module", params=[("sqlite_server", 2000), ("mongo_server", 200)], ids=["sqlite", "mongo"]
)
def many(request: pytest.FixtureRequest) -> Many:
    name, count = request.param
    server: Server = request.getfixturevalue(name)
    rest = Rest(server.url)
    new = rest.new_experiment()

    def make(number: int) -> None:
        tags = [{"key": "number", "value": str(number)}]
        made = rest.post("runs/create", experiment_id=new, start_time=1000 + number % 50, tags=tags)
        metrics = [{"key": "accuracy", "value": number / count, "timestamp": 1, "step": 0}]
        if number % 10:
            metrics.append({"key": "loss", "value": number % 7, "timestamp": 1, "step": 0})
        params = [{"key": "kind", "value": KINDS[number % 4]}, {"key": "rank", "value": f"{number:04}"}]
        run_id = made.json()["run"]["info"]["run_id"]
        logged = rest.post("runs/log-batch", run_id=run_id, metrics=metrics, params=params)
        assert logged.status == 200, logged.data

    in_threads(8, make, range(count))
    return Many(server, new, count)


@pytest.fixture
def client(many: Many) -> Iterator[MlflowClient]:
    with stock_client(many.server) as pointed:
        yield pointed


@pytest.fixture
def pages(client: MlflowClient, many: Many) -> Callable[..., Iterator[list[Run]]]:
    """The pages of a search, one after the other."""

    def turned(size: int, **search: object) -> Iterator[list[Run]]:
        token = None
        while True:
            page = client.search_runs([many.experiment_id], max_results=size, page_token=token, **search)
            yield list(page)
            token = page.token
            if not token:
                return

    return turned


def numbers(runs: list[Run]) -> list[int]:
    return [int(run.data.tags["number"]) for run in runs]


@pytest.mark.parametrize(
    "order",
    [[], ["metrics.loss DESC"], ["params.kind ASC", "metrics.accuracy DESC"], ["attributes.end_time"]],
)
def test_pages_show_every_run_once(
    pages: Callable[..., Iterator[list[Run]]], many: Many, order: list[str]
) -> None:
    size = many.count * 3 // 20
    shown = list(pages(size, order_by=order))

    assert [len(page) for page in shown] == [size] * 6 + [many.count - 6 * size]
    assert sorted(number for page in shown for number in numbers(page)) == list(range(many.count))


def test_the_last_page_says_so_when_it_is_full(pages: Callable[..., Iterator[list[Run]]], many: Many) -> None:
    half = many.count // 2
    assert [len(page) for page in pages(half)] == [half, half]


def test_without_an_order_the_youngest_run_comes_first(client: MlflowClient, many: Many) -> None:
    alike = many.count // 50
    found = client.search_runs([many.experiment_id], max_results=2 * alike + 1)

    assert [run.info.start_time for run in found] == [1049] * alike + [1048] * alike + [1047]


def test_runs_are_ordered_by_a_metric_over_all_pages(
    pages: Callable[..., Iterator[list[Run]]], many: Many
) -> None:
    shown = pages(many.count // 3, order_by=["metrics.accuracy DESC"])

    assert [number for page in shown for number in numbers(page)] == list(reversed(range(many.count)))


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_runs_without_the_metric_come_last(
    pages: Callable[..., Iterator[list[Run]]], many: Many, direction: str
) -> None:
    shown = pages(many.count // 3, order_by=[f"metrics.loss {direction}"])

    values = [run.data.metrics.get("loss") for page in shown for run in page]
    having = many.count * 9 // 10
    assert values[having:] == [None] * (many.count // 10)
    assert values[:having] == sorted(values[:having], reverse=direction == "DESC")


def test_runs_are_ordered_by_a_parameter(client: MlflowClient, many: Many) -> None:
    found = client.search_runs([many.experiment_id], max_results=50, order_by=["params.rank DESC"])

    assert numbers(found) == list(range(many.count - 1, many.count - 51, -1))


def test_runs_with_equal_keys_are_ordered_by_the_next(client: MlflowClient, many: Many) -> None:
    order = ["params.kind ASC", "metrics.accuracy ASC"]
    found = client.search_runs([many.experiment_id], max_results=many.count, order_by=order)

    assert numbers(found) == [number for first in (1, 2, 3, 0) for number in range(first, many.count, 4)]


@pytest.mark.parametrize(
    ("which", "matches"),
    [
        ("metrics.accuracy >= 0.98", lambda n, count: n / count >= 0.98),
        ("metrics.loss = 3 and params.kind = 'linear'", lambda n, _: n % 10 and n % 7 == 3 and n % 4 == 2),
        (
            "params.rank LIKE '01_9' and tags.number != '149'",
            lambda n, _: n in {*range(109, 200, 10)} - {149},
        ),
        ("attributes.start_time = 1000 and metrics.accuracy < 0.5", lambda n, c: n % 50 == 0 and n / c < 0.5),
        ("params.absent != 'x'", lambda n, _: False),
    ],
)
def test_a_filter_finds_exactly_what_matches(
    client: MlflowClient, many: Many, which: str, matches: Callable[[int, int], bool]
) -> None:
    found = client.search_runs([many.experiment_id], which)

    assert sorted(numbers(found)) == [n for n in range(many.count) if matches(n, many.count)]


def test_a_filter_holds_on_every_page(pages: Callable[..., Iterator[list[Run]]], many: Many) -> None:
    shown = pages(many.count // 30, filter_string="params.kind = 'tree' and metrics.loss > 3")

    expected = [n for n in range(0, many.count, 4) if n % 10 and n % 7 > 3]
    assert sorted(number for page in shown for number in numbers(page)) == expected


def test_a_search_fills_a_data_frame(client: MlflowClient, many: Many) -> None:
    frame = mlflow.search_runs(
        [many.experiment_id], "params.kind = 'tree'", order_by=["metrics.accuracy ASC"]
    )

    assert frame.shape[0] == many.count // 4
    assert frame["metrics.accuracy"].tolist() == [number / many.count for number in range(0, many.count, 4)]
    assert set(frame["params.kind"]) == {"tree"}
    assert frame["metrics.loss"].isna().sum() == many.count // 20


def test_a_page_token_of_another_search_does_no_harm(client: MlflowClient, many: Many) -> None:
    token = client.search_runs([many.experiment_id], max_results=10, order_by=["metrics.loss"]).token

    try:
        found = client.search_runs([many.experiment_id], "params.kind = 'tree'", page_token=token)
    except mlflow.MlflowException as refused:
        assert refused.error_code == "INVALID_PARAMETER_VALUE"
    else:
        assert {run.data.params["kind"] for run in found} <= {"tree"}
