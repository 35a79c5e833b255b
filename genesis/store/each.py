"""A sequence of what is made of another's elements, each when it is asked for: long pages stay small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, overload

S = TypeVar("S")
T = TypeVar("T")


class Each(Sequence[T], Generic[S, T]):
    """``made`` of each of ``source``, anew whenever it is asked for."""

    def __init__(self, source: Sequence[S], made: Callable[[S], T]) -> None:
        self._source = source
        self._made = made

    def __len__(self) -> int:
        return len(self._source)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Each[S, T]: ...
    def __getitem__(self, at: int | slice) -> T | Each[S, T]:
        if isinstance(at, slice):
            return Each(self._source[at], self._made)
        return self._made(self._source[at])

    def __iter__(self) -> Iterator[T]:
        return map(self._made, self._source)
