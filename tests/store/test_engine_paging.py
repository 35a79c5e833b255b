"""Pages of a search: every document once, in order, whatever is written meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random

import pytest

from genesis.errors import GenesisError
from genesis.search.clauses import Order, Path
from genesis.search.paging import token
from genesis.store import open_engine
from genesis.store.engine import Document, Engine, Query, sort_key
from genesis.store.pages import page
from genesis.store.schema import RUNS
from tests.conftest import unused_database
from tests.store import reference
from tests.store.documents import NEWEST, SCOPE, fill, metric, run

START = Path("start_time")
METRIC = Path("metrics", "m")
PARAM = Path("params", "p.q")
ORDERS = {
    "newest": (NEWEST,),
    "start": (Order(START), Order(Path("run_id"))),
    "start, falling": (Order(START, ascending=False),),
    "metric": (Order(METRIC), NEWEST),
    "metric, falling": (Order(METRIC, ascending=False), NEWEST),
    "param, then metric": (Order(PARAM, ascending=False), Order(METRIC), NEWEST),
    "what none has": (Order(Path("tags", "none")), NEWEST),
}


def runs(count: int, seed: int = 1) -> list[Document]:
    """Runs with many ties, missing values and NaN, keys and places in no particular order."""
    random = Random(seed)
    made: list[Document] = []
    for i in random.sample(range(count), count):
        document = run(f"{random.randrange(10**6):06d}-{i}", newest=f"{i:04d}")
        if random.random() < 0.8:
            document["start_time"] = random.randrange(5)
        if random.random() < 0.7:
            document["params"]["p.q"] = random.choice("aAbBä")
        if random.random() < 0.7:
            document["metrics"]["m"] = metric(random.choice([1.0, 2.0, -1.0, 1e300, math.nan]))
        made.append(document)
    return made


def pages(engine: Engine, order: tuple[Order, ...], size: int) -> Iterator[list[str]]:
    """Each page as it is asked for, by the token of the one before."""
    at = ""
    while True:
        found, at = page(engine, RUNS, (SCOPE,), order, (at, size))
        yield [document["id"] for document in found]
        if not at:
            return


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, list[Document]]]:
    """Five hundred runs, read by several tests."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('filled') / 'genesis.db'}"
    if request.param == "mongo":
        uri = unused_database(request.getfixturevalue("mongodb_server_uri"))
    engine = open_engine(uri)
    documents = runs(500)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(partial(fill, engine), documents))
    yield engine, documents
    engine.close()


@pytest.mark.parametrize("size", [60, 250, 501])
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_pages_visit_five_hundred_documents_once_in_order(
    filled: tuple[Engine, list[Document]], order: tuple[Order, ...], size: int
) -> None:
    engine, documents = filled
    visited = [id for found in pages(engine, order, size) for id in found]
    assert visited == reference.ordered(documents, order)


def test_the_last_page_has_no_token_even_when_it_is_full(filled: tuple[Engine, list[Document]]) -> None:
    engine, _ = filled
    assert [len(found) for found in pages(engine, (NEWEST,), 250)] == [250, 250]


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_documents_inserted_while_paging_repeat_none(engine: Engine, order: tuple[Order, ...]) -> None:
    documents = runs(30)
    fill(engine, *documents[:20])
    visited: list[str] = []
    late = iter(documents[20:])
    for found in pages(engine, order, 4):
        visited += found
        fill(engine, *(document for document, _ in zip(late, range(2), strict=False)))
    assert len(set(visited)) == len(visited)
    assert {document["id"] for document in documents[:20]} <= set(visited)


def test_a_document_deleted_while_paging_ends_nothing(engine: Engine) -> None:
    documents = sorted(runs(12), key=lambda document: document["newest"])
    fill(engine, *documents)
    visited: list[str] = []
    for found in pages(engine, (NEWEST,), 4):
        visited += found
        engine.delete(RUNS, found[-1])
    assert visited == [document["id"] for document in documents]


def test_a_sort_key_says_where_a_document_stands() -> None:
    document = run("a", start_time=5, metrics={"m": metric(math.nan)})
    order = (Order(START), Order(METRIC), Order(PARAM))
    assert sort_key(RUNS, order, document) == [[0, 5], [1, None], [2, None], "a"]


FORGED = {
    "no base64": "§",
    "no JSON": "bm90IGpzb24=",
    "no object": "WzFd",
    "too few keys": token(["a"]),
    "too many keys": token([[0, 1], [0, 2], "a"]),
    "no id": token([[0, "a"], 5]),
    "an unknown rank": token([[3, None], "a"]),
    "no rank": token([["0", "a"], "a"]),
    "a rank that needs no value": token([[2, "a"], "a"]),
    "a rank without its value": token([[0, None], "a"]),
    "a list as value": token([[0, ["a"]], "a"]),
    "an object as value": token([[0, {"$gt": ""}], "a"]),
    "a truth value": token([[0, True], "a"]),
    "a number that no database holds": token([[0, 2**64 - 1], "a"]),
    "no place": token([5, "a"]),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("order", [NEWEST, Order(START)], ids=["newest", "start"])
def test_a_forged_token_is_refused(engine: Engine, order: Order, forged: str) -> None:
    with pytest.raises(GenesisError) as refused:
        page(engine, RUNS, (SCOPE,), (order,), (forged, 5))
    assert refused.value.status == 400


@pytest.mark.parametrize("place", [[0, 5], [1, None], [2, None]])
def test_a_token_of_another_order_is_refused_by_the_default_order(
    engine: Engine, place: list[object]
) -> None:
    fill(engine, run("a"))
    with pytest.raises(GenesisError) as refused:
        page(engine, RUNS, (SCOPE,), (NEWEST,), (token([place, "a"]), 5))
    assert refused.value.status == 400


@pytest.mark.parametrize("value", [5, "text", -1.5, 2**63 - 1])
@pytest.mark.parametrize("path", [START, METRIC, PARAM], ids=["start", "metric", "param"])
def test_a_token_with_a_value_of_another_type_breaks_nothing(
    engine: Engine, path: Path, value: object
) -> None:
    fill(engine, *runs(5))
    try:
        page(engine, RUNS, (SCOPE,), (Order(path), NEWEST), (token([[0, value], [0, "0"], "a"]), 5))
    except GenesisError as refused:
        assert refused.status == 400


def test_a_page_begins_behind_the_last_document_even_when_that_is_gone(engine: Engine) -> None:
    documents = [run("a", newest="1"), run("b", newest="2"), run("c", newest="3")]
    fill(engine, *documents)
    after = sort_key(RUNS, (NEWEST,), documents[1])
    engine.delete(RUNS, "b")
    assert list(engine.find(RUNS, Query((SCOPE,), (NEWEST,), after))) == [documents[2]]
