"""The cost table of docs/deployment.md: its arithmetic, on prices and habits that are assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

BEGIN, END = "<!-- costs: make picture -->\n", "<!-- /costs -->\n"


class Team(NamedTuple):
    """A month of it."""

    name: str
    people: int
    requests: float
    """REST requests."""
    at_once: int
    """Requests that an instance answers at the same time, on average, while it answers any."""
    units: float
    """Request units of one request, on average."""
    metadata: float
    """Gigabytes in the database."""
    artifacts: float
    """Gigabytes in Blob Storage."""
    transfers: float
    """Blobs written and read."""
    logs: float
    """Gigabytes of logs."""


TEAMS = (
    Team("5 people", 5, 200_000, 1, 15, 2, 100, 20_000, 0.5),
    Team("30 people", 30, 4_000_000, 4, 15, 20, 2_000, 400_000, 8),
    Team("150 people", 150, 40_000_000, 10, 15, 150, 20_000, 4_000_000, 60),
)


@dataclass(frozen=True)
class Price:
    """Dollars for ``per`` of what is counted, of which ``free`` cost nothing."""

    dollars: float
    per: float
    free: float = 0

    def of(self, quantity: float) -> float:
        return max(quantity - self.free, 0) / self.per * self.dollars


GIGABYTE_SECONDS = Price(0.000026, 1, 100_000)
EXECUTIONS = Price(0.40, 1_000_000, 250_000)
UNITS = Price(0.25, 1_000_000)
METADATA = Price(0.25, 1)
ARTIFACTS = Price(0.018, 1)
TRANSFERS = Price(0.05, 10_000)
LOGS = Price(2.30, 1, 5)
ALERTS = Price(1.20, 1)
MEMORY = 2
"""Gigabytes of an instance."""
BUSY = 1
"""Seconds: no execution is billed for less."""
PRIVATE = 4 * 7.30 + 4 * 0.50
"""Four endpoints, an hour at 0.01 each, and four DNS zones."""

ROWS = (
    ("Functions: GB-s", GIGABYTE_SECONDS, lambda t: t.requests / t.at_once * BUSY * MEMORY),
    ("Functions: executions", EXECUTIONS, lambda t: t.requests),
    ("Database: request units", UNITS, lambda t: t.requests * t.units),
    ("Database: GB", METADATA, lambda t: t.metadata),
    ("Blob Storage: GB", ARTIFACTS, lambda t: t.artifacts),
    ("Blob Storage: writes and reads", TRANSFERS, lambda t: t.transfers),
    ("Logs: GB", LOGS, lambda t: t.logs),
    ("Alerts (with `alertEmails`): sets", ALERTS, lambda t: 1),
)


def table() -> str:
    """Markdown: quantity and dollars a month of each row and team, and their sums."""
    lines = [
        f"| A month, in US dollars | Price | {' | '.join(team.name for team in TEAMS)} |",
        "|---|---|" + "---|" * len(TEAMS),
    ]
    for title, price, quantity in ROWS:
        cells = [f"{quantity(team):,.10g}: **{price.of(quantity(team)):,.2f}**" for team in TEAMS]
        lines.append(f"| {title} | {_price(price)} | {' | '.join(cells)} |")
    lines.append(f"| **Sum** | | {' | '.join(f'**{_sum(team):,.2f}**' for team in TEAMS)} |")
    private = " | ".join(f"**{_sum(team) + PRIVATE:,.2f}**" for team in TEAMS)
    return "\n".join([*lines, f"| Sum with `isPrivate` | +{PRIVATE:.2f} | {private} |"]) + "\n"


def _sum(team: Team) -> float:
    return sum(price.of(quantity(team)) for _, price, quantity in ROWS)


def _price(price: Price) -> str:
    free = f", {price.free:,.10g} free" if price.free else ""
    return f"{price.dollars:.6f}".rstrip("0").rstrip(".") + f" / {price.per:,.10g}{free}"
