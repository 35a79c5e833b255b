"""Searches in pages: stages, tie-breaks and tokens, the same for every resource."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from genesis.entities.experiments import ACTIVE, DELETED
from genesis.errors import invalid
from genesis.search.clauses import Clause, Op, Order, Path, Where
from genesis.search.paging import sort_position, token
from genesis.store.engine import Document, Engine, Query, SortKey, sort_key
from genesis.store.schema import Collection

LIFECYCLE = Path("lifecycle")
IS_ACTIVE = Clause(LIFECYCLE, Op.EQ, ACTIVE)
NEWEST = (Order(Path("newest")),)
WALKED = 1000
"""Documents that a walk fetches at once."""


def fixed(field: str, values: Sequence[str]) -> Clause:
    """A field has one of these values."""
    if len(values) == 1:
        return Clause(Path(field), Op.EQ, values[0])
    return Clause(Path(field), Op.IN, tuple(values))


def page(
    engine: Engine,
    collection: Collection,
    where: Where,
    order: tuple[Order, ...],
    at: tuple[str, int],
    only: tuple[str, ...] = (),
) -> tuple[Sequence[Document], str]:
    """One page and the token of the next (empty on the last); ``at`` is the page's own token and its size.

    Commands: one for each page in the default order, two in any other, of which ``only`` saves the second.
    """
    page_token, size = at
    after = sort_position(page_token, len(order))
    if after is not None:
        _check(collection, order, after)
    found = engine.find(collection, Query(where, order, after, size + 1, only))
    if len(found) <= size:
        return found, ""
    found = found[:size]
    return found, token(sort_key(collection, order, found[-1]))


def completed(order: tuple[Order, ...], time: str, id: str) -> tuple[Order, ...]:
    """``order`` with MLflow's at its end: falling ``time``, then ``id``, which the default order is."""
    fields = [item.path for item in order]
    if Path(time) not in fields:
        return (*order, *NEWEST)
    at = fields.index(Path(time))
    if not order[at].ascending and order[at + 1 : at + 2] in ((), (Order(Path(id)),)):
        return (*order[:at], *NEWEST)
    return order if Path(id) in fields else (*order, Order(Path(id)))


def timed(where: Where, time: str, last: int) -> Where:
    """``where``, its ranges of ``time`` (ms) said also of the default order, whose index finds them.

    That begins with ``last - time`` in as many digits as ``last`` can have and more, and falls as time rises.
    """
    return (
        *where,
        *(bound for clause in where if clause.path == Path(time) for bound in _bounds(clause, last)),
    )


def _bounds(clause: Clause, last: int) -> Iterator[Clause]:
    op, value = clause.op, clause.value
    if not isinstance(value, int) or not 0 <= value < last:
        return
    if op in (Op.GE, Op.EQ):
        yield Clause(Path("newest"), Op.LT, f"{last - value + 1:020d}")
    if op is Op.GT:
        yield Clause(Path("newest"), Op.LT, f"{last - value:020d}")
    if op in (Op.LE, Op.EQ):
        yield Clause(Path("newest"), Op.GE, f"{last - value:020d}")
    if op is Op.LT:
        yield Clause(Path("newest"), Op.GE, f"{last - value + 1:020d}")


STAGES = fixed("lifecycle", (ACTIVE, DELETED))


def walk(engine: Engine, collection: Collection, where: Where) -> Iterator[Document]:
    """Every document that matches, in the default order, some at a time."""
    after = None
    while True:
        found = engine.find(collection, Query(where, NEWEST, after, WALKED))
        yield from found
        if len(found) < WALKED:
            return
        after = sort_key(collection, NEWEST, found[-1])


def _check(collection: Collection, order: tuple[Order, ...], after: SortKey) -> None:
    """Every document has a text in the field of the default order, so a token without one is made up."""
    for item, (_, value) in zip(order, after[:-1], strict=True):
        if item.path == Path(collection.newest) and not isinstance(value, str):
            raise invalid("Invalid page token")
