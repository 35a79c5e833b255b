"""A month of the database for three teams, and what other choices would make of it, on assumed habits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bench import cost_model
from infra.costs import METADATA, UNITS

Units = Mapping[str, float]
"""Request units of a call, by endpoint and note."""

STEPS = 100
"""Steps of a training run, each with five metrics."""
DAYS = 20
"""Working days of a month."""
KEPT = 12
"""Months after which the storage is looked at."""
HOURS = 730
PEAK = 10
"""How many times the average the busiest minute takes."""
AUTOSCALE = 0.012
"""Dollars an hour for 100 RU/s with autoscale: one and a half times what manual ones cost."""
FLOOR = 0.1
"""Of the largest RU/s, what is paid at least."""
CLUSTERS = {"M10": 30 + 4, "M30": 150 + 4, "M30, two nodes": 2 * (150 + 4)}
"""Dollars a month, as docs/deployment.md assumes them: a node, and a disk of 32 GB each."""

RUN = {
    "POST /mlflow/runs/create": 1,
    "POST /mlflow/runs/log-batch 30 metrics, 20 params, 5 tags": 1,
    "POST /mlflow/runs/log-batch 5 metrics of a step": STEPS,
    "POST /mlflow/runs/set-tag": 3,
    "POST /mlflow/runs/log-inputs": 1,
    "POST /mlflow/logged-models": 1,
    "PATCH /mlflow/logged-models/{model_id}": 1,
    "POST /mlflow/runs/outputs": 1,
    "POST /mlflow/runs/update": 1,
}
"""Calls that write a run."""
DAY = {
    "POST /mlflow/experiments/search": 10,
    "POST /mlflow/runs/search newest 10": 40,
    "GET /mlflow/runs/get": 40,
    "GET /mlflow/metrics/get-history 1,000 points logged at once": 100,
    "GET /mlflow/registered-models/get": 5,
    "POST /mlflow/model-versions/create": 1,
}
"""Calls that a person makes on a working day, by whatever shows it."""
FILTERED = 10
"""Searches by a parameter, tag or metric that a person makes on a working day."""


class Team(NamedTuple):
    """A month of it."""

    name: str
    people: int
    runs: int
    experiment: int
    """Runs of the experiment that is searched."""
    served: int
    """Times that something asks for a model by its alias."""


TEAMS = (
    Team("3 people, 200 runs", 3, 200, 100, 10_000),
    Team("20 people, 5,000 runs", 20, 5_000, 1_000, 100_000),
    Team("200 people, 100,000 runs", 200, 100_000, 10_000, 1_000_000),
)


class Sizes(NamedTuple):
    """Bytes that were measured."""

    run: float
    """A run's document."""
    bucket: float
    """A point of a metric that was logged by itself."""


def filtered(runs: int, size: float) -> float:
    """A search by what no index holds: each run of the experiment is loaded."""
    return cost_model.STRONG * (cost_model.QUERY + runs * cost_model.read(size))


def logging(team: Team, units: Units) -> float:
    return team.runs * sum(units[call] * count for call, count in RUN.items())


def reading(team: Team, units: Units) -> float:
    days = team.people * DAYS * sum(units[call] * count for call, count in DAY.items())
    return days + team.served * units["GET /mlflow/registered-models/alias"]


def searching(team: Team, sizes: Sizes) -> float:
    return team.people * DAYS * FILTERED * filtered(team.experiment, sizes.run)


def stored(team: Team, sizes: Sizes) -> float:
    """Gigabytes after ``KEPT`` months, without indexes, and as if no pile of points were merged."""
    points = STEPS * 5 + 30
    return KEPT * team.runs * (sizes.run + points * sizes.bucket) / 1e9


def months(units: Units, sizes: Sizes) -> str:
    """Markdown: a line for each part, a column for each team."""

    def total(team: Team) -> float:
        return logging(team, units) + reading(team, units) + searching(team, sizes)

    def dollars(team: Team) -> float:
        return UNITS.of(total(team)) + METADATA.of(stored(team, sizes))

    lines: tuple[tuple[str, Callable[[Team], str]], ...] = (
        ("writing runs, million RU", lambda t: f"{logging(t, units) / 1e6:,.1f}"),
        ("reading, million RU", lambda t: f"{reading(t, units) / 1e6:,.1f}"),
        ("filtered searches, million RU", lambda t: f"{searching(t, sizes) / 1e6:,.1f}"),
        ("**all, million RU**", lambda t: f"**{total(t) / 1e6:,.1f}**"),
        ("RU/s on average", lambda t: f"{total(t) / HOURS / 3600:,.1f}"),
        (f"RU/s at {PEAK} times the average", lambda t: f"{PEAK * total(t) / HOURS / 3600:,.0f}"),
        ("RU, dollars", lambda t: f"{UNITS.of(total(t)):,.2f}"),
        (f"GB after {KEPT} months", lambda t: f"{stored(t, sizes):,.1f}"),
        ("storage then, dollars", lambda t: f"{METADATA.of(stored(t, sizes)):,.2f}"),
        ("**serverless, dollars**", lambda t: f"**{dollars(t):,.2f}**"),
        ("cheaper as a cluster that runs", lambda t: _cheaper(dollars(t))),
    )
    head = f"| A month of | {' | '.join(team.name for team in TEAMS)} |\n|---|{'---:|' * len(TEAMS)}\n"
    return head + "".join(f"| {name} | {' | '.join(map(cell, TEAMS))} |\n" for name, cell in lines)


def _cheaper(dollars: float) -> str:
    return ", ".join(name for name, price in CLUSTERS.items() if price < dollars) or "none"


def break_even() -> str:
    """Markdown: from how many request units on a cluster is the cheaper one."""
    lines = "| Instead of serverless | Dollars a month | as much as million RU | or RU/s all month |\n"
    lines += "|---|---:|---:|---:|\n"
    fixed = {f"vCore {name}": price for name, price in CLUSTERS.items()}
    for most in (1_000, 5_000, 10_000):
        fixed[f"autoscale, at most {most:,} RU/s, idle"] = most / 100 * FLOOR * AUTOSCALE * HOURS
    for name, price in fixed.items():
        units = price / UNITS.dollars * UNITS.per
        lines += f"| {name} | {price:,.2f} | {units / 1e6:,.0f} | {units / HOURS / 3600:,.0f} |\n"
    return lines


def sizes_of_documents() -> str:
    """Markdown: what a call costs whose run has so many bytes."""
    lines = "| The run's document | read: RU | a log call: RU | log calls a second at 5,000 RU/s |\n"
    lines += "|---|---:|---:|---:|\n"
    for kilobytes in (3, 16, 64, 256, 1024, 2048, 16 * 1024):
        size = kilobytes * cost_model.KB
        load = cost_model.STRONG * cost_model.read(size)
        call = load + cost_model.update(size, 0)
        shown = f"{kilobytes} KB" if kilobytes < 1024 else f"{kilobytes // 1024} MB"
        lines += f"| {shown} | {load:,.1f} | {call:,.0f} | {5000 / call:,.1f} |\n"
    return lines


def wildcard(units: Units, sizes: Sizes) -> str:
    """Markdown: what an index of every field of a run costs its writes, and saves a filtered search."""
    fields, metrics, rest = 12, 30, 25
    made = cost_model.TERM * fields
    filled = 2 * cost_model.TERM * (3 * metrics + rest)
    step = 2 * cost_model.TERM * 3 * 5
    whole = made + filled + STEPS * step
    now = sum(units[call] * count for call, count in RUN.items())
    lines = "| With an index of everything (`$**`) on runs | RU |\n|---|---:|\n"
    lines += f"| a run more, of {now:,.0f} | {whole:,.0f} ({whole / now:.0%}) |\n"
    for runs in (100, 1_000, 10_000):
        scanned = filtered(runs, sizes.run)
        saved = scanned - filtered(10, sizes.run)
        lines += f"| less for a search that finds 10 of {runs:,} runs, of {scanned:,.0f} | {saved:,.0f} |\n"
        lines += f"| such searches for each new run from which on it pays | {whole / saved:.2g} |\n"
    return lines
