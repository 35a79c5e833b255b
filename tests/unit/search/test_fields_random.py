"""Random filters and orders: read as MLflow reads them, or refused where it refuses."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis.errors import GenesisError
from genesis.search.experiments import EXPERIMENTS
from genesis.search.runs import RUNS
from tests.unit.search import mlflow_oracle as oracle


def ours(read: Callable[[], object]) -> object:
    """What we read; None where we refuse."""
    try:
        return read()
    except GenesisError as error:
        assert error.status == 400
        return None


def is_refused(read: Callable[[], object]) -> bool:
    """Whether MLflow does not take it, be it with an error of its own."""
    try:
        read()
    except (oracle.Refused, oracle.Broken):
        return True
    return False


PIECES = (
    *(
        "metrics.m",
        "params.p",
        "tags.t",
        "status",
        "run_id",
        "start_time",
        "dataset.name",
        "name",
        "experiment_id",
    ),
    *(
        "metrics.`a b`",
        'tags."a.b"',
        "attributes.run_name",
        "creation_time",
        "timestamp",
        "x",
        "`",
        "'",
        '"',
        ".",
    ),
    *(
        "=",
        "!=",
        ">",
        "<",
        ">=",
        "<=",
        "LIKE",
        "ilike",
        "IN",
        "NOT",
        "NOT IN",
        "IS",
        "NULL",
        "IS NULL",
        "IS NOT NULL",
    ),
    *(
        "'a'",
        '"a"',
        "5",
        "-1.5",
        "1e3",
        "('a', 'b')",
        "('a')",
        "(1)",
        "()",
        "(",
        ")",
        ",",
        ";",
        "AND",
        "and",
        "OR",
    ),
    *(
        "ASC",
        "DESC",
        "--",
        "/*",
        "*/",
        "*",
        "%",
        "\n",
        "\t",
        "\\",
        "ä",
        "🙂",
        "SELECT",
        "CASE",
        "END",
        "BETWEEN",
    ),
)
COMPARISONS = st.builds(
    "{} {} {}".format,
    st.sampled_from(PIECES[:14]),
    st.sampled_from(["=", "!=", ">", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL", "<="]),
    st.sampled_from(["'a'", '"b"', "5", "-1.5", "('a', 'b')", "('5')", "", "'5'", "x"]),
)
FILTERS = st.one_of(
    st.lists(COMPARISONS, min_size=1, max_size=4).map(" AND ".join),
    st.lists(st.one_of(COMPARISONS, st.sampled_from(PIECES)), min_size=1, max_size=7).map(" ".join),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join),
    st.text(max_size=12),
)
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(text=FILTERS)
def test_any_filter_of_runs_is_read_or_refused_as_mlflow_does(text: str) -> None:
    mine = ours(lambda: RUNS.where(text))
    if mine is None:
        assert is_refused(lambda: oracle.run_clauses(text))
    else:
        assert mine == oracle.run_clauses(text)


@MANY
@given(text=FILTERS)
def test_any_filter_of_experiments_is_read_or_refused_as_mlflow_does(text: str) -> None:
    mine = ours(lambda: EXPERIMENTS.where(text))
    if mine is None:
        assert is_refused(lambda: oracle.experiment_clauses(text))
    else:
        assert mine == oracle.experiment_clauses(text)


@MANY
@given(text=FILTERS)
def test_any_order_of_runs_is_read_or_refused_as_mlflow_does(text: str) -> None:
    mine = ours(lambda: RUNS.orders([text])[0])
    if mine is None:
        assert is_refused(lambda: oracle.run_order(text))
    else:
        assert mine == oracle.run_order(text)
