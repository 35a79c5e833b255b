"""What Cosmos DB RU is estimated to charge, by what Microsoft has published; nothing of it is measured.

The service itself says what a command cost (``getLastRequestStatistics``); Microsoft calls its own figures
illustrative, and changes them.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple


class Source(NamedTuple):
    """Where a figure was read, and the date that the page bears."""

    what: str
    url: str
    dated: str


LEARN = "https://learn.microsoft.com/azure/cosmos-db"
SOURCES = (
    Source("charges by size; terms; updates", f"{LEARN}/understand-request-unit-consumption", "2026-04-21"),
    Source("queries; reads doubled", f"{LEARN}/optimize-cost-reads-writes", "2021-08-26"),
    Source("key and shard key are indexed", f"{LEARN}/mongodb/indexing", "2022-12-02"),
    Source("limits of partitions and accounts", f"{LEARN}/concepts-limits", "2023-04-15"),
    Source("serverless RU/s", f"{LEARN}/serverless-performance", "2022-12-01"),
    Source("prices of RU, RU/s and storage", f"{LEARN}/understand-your-bill", "2022-03-31"),
    Source("writes are of one shard key", f"{LEARN}/mongodb/error-codes-solutions", "2020-07-15"),
    Source("shard keys", f"{LEARN}/mongodb/custom-commands", "2023-02-27"),
)
READ_ON = "2026-11-27"

KB = 1024
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
"""Kilobytes of a document, for which the next two are published."""
READS = (1.00, 1.04, 1.14, 1.33, 1.67, 2.19, 4.76, 9.95, 20.28, 40.95, 145.90, 291.80)
WRITES = (4.95, 6.29, 6.67, 7.04, 9.52, 11.23, 22.67, 48.19, 98.29, 184.57, 625.00, 1250.00)
TERM = 0.2
"""An index term that is added or removed."""
STRONG = 2
"""Reads cost so many times more at the consistency that infra/bicep asks for."""
QUERY = 3.19 - (READS[3] + (READS[4] - READS[3]) * 1.75 / 8)
"""A query beside the documents it loads: of the one that is published, 3.19 for one of 9.75 KB."""


def read(size: float) -> float:
    """Loading a document of so many bytes, at session consistency."""
    return _charge(READS, size)


def write(size: float, terms: int) -> float:
    """Inserting or removing a document of so many bytes and index terms."""
    return _charge(WRITES, size) + TERM * terms


def update(size: float, changed: int) -> float:
    """Replacing one, ``changed`` terms of which change: the old one goes, the new one comes."""
    return 2 * (_charge(WRITES, size) + TERM * changed)


def _charge(published: tuple[float, ...], size: float) -> float:
    """Between two sizes on the line between them, beyond the last on the line through the origin."""
    kilobytes = size / KB
    if kilobytes <= SIZES[0]:
        return published[0]
    if kilobytes >= SIZES[-1]:
        return published[-1] * kilobytes / SIZES[-1]
    at = bisect_left(SIZES, kilobytes)
    low, high = SIZES[at - 1], SIZES[at]
    share = (kilobytes - low) / (high - low)
    return published[at - 1] + share * (published[at] - published[at - 1])
