"""Whether a filter asks for prompts, and what is left of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.search.clauses import Clause, Op, Path
from genesis.search.prompts import prompts
from genesis.search.registered_models import REGISTERED_MODELS
from tests.unit.search import registry_oracle as oracle

MARK = Path("tags", "mlflow.prompt.is_prompt")
TERMS = st.one_of(
    st.just("name = 'x'"),
    st.builds(
        "tags.`{}` {} '{}'".format,
        st.sampled_from(["mlflow.prompt.is_prompt", "mlflow.prompt.text", "t"]),
        st.sampled_from(["=", "!=", "LIKE", "ILIKE"]),
        st.sampled_from(["true", "True", "false", "FALSE", "", "x"]),
    ),
)


@given(terms=st.lists(TERMS, max_size=4))
def test_a_filter_asks_for_prompts_where_mlflow_says_so(terms: list[str]) -> None:
    text = " AND ".join(terms)
    where = REGISTERED_MODELS.where(text)
    left, asked = prompts(where)
    assert asked == oracle.asks_for_prompts(text)
    assert left == (where if asked else tuple(clause for clause in where if clause.path != MARK))


@pytest.mark.parametrize("text", ["= 'true'", "= 'TRUE'", "!= 'false'"])
def test_prompts_are_asked_for_by_their_tag_which_stays(text: str) -> None:
    where = REGISTERED_MODELS.where(f"tags.`mlflow.prompt.is_prompt` {text} AND name = 'x'")
    assert prompts(where) == (where, True)


@pytest.mark.parametrize("text", ["= 'false'", "!= 'true'", "= 'x'", "LIKE 'true'", "ILIKE 'true'"])
def test_models_need_no_tag_to_be_no_prompts(text: str) -> None:
    where = REGISTERED_MODELS.where(f"tags.`mlflow.prompt.is_prompt` {text} AND name = 'x'")
    assert prompts(where) == ((Clause(Path("name"), Op.EQ, "x"),), False)


def test_the_first_mention_of_the_tag_decides() -> None:
    true = Clause(MARK, Op.EQ, "true")
    false = Clause(MARK, Op.EQ, "false")
    assert prompts((true, false)) == ((true, false), True)
    assert prompts((false, true)) == ((), False)


def test_without_the_tag_no_prompts_are_asked_for() -> None:
    assert prompts(()) == ((), False)
