"""Page tokens: what was put in comes out, and nothing that was made up passes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import GenesisError
from genesis.search.paging import position, sort_position, token

VALUES = st.one_of(
    st.text(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
PLACES = st.one_of(VALUES.map(lambda value: [0, value]), st.sampled_from([[1, None], [2, None]]))


@given(places=st.lists(PLACES, max_size=4), id=st.text())
def test_a_sort_position_comes_back_as_it_was(places: list[list[Any]], id: str) -> None:
    assert sort_position(token([*places, id]), len(places)) == [*places, id]


def test_an_empty_token_is_the_first_page() -> None:
    assert position("", 3) is None
    assert sort_position("", 3) is None


def test_a_token_is_text_that_any_url_or_json_can_carry() -> None:
    assert token([[0, "ä?&="], "id"]).isascii()


@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_token_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(GenesisError, match="Invalid page token") as refused:
        position(token(["a", "b"]), length)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abcde", "could not base64-decode"),
        ("ä", "could not base64-decode"),
        (base64.b64encode(b"no JSON").decode(), "decoded value=b'no JSON'"),
        (base64.b64encode(b"[1]").decode(), "parsed value="),
        (base64.b64encode(b'{"offset": 5}').decode(), "parsed value={'offset': 5}"),
        (base64.b64encode(b'{"after": 5}').decode(), "parsed value={'after': 5}"),
    ],
)
def test_what_is_no_token_is_refused_in_mlflows_words(text: str, message: str) -> None:
    with pytest.raises(GenesisError, match="Invalid page token") as refused:
        position(text, 1)
    assert message in refused.value.message


@pytest.mark.parametrize(
    "after",
    [
        [[0, "a"], 5],
        [[0, "a"], None],
        [[3, None], "id"],
        [["0", "a"], "id"],
        [[2, "a"], "id"],
        [[0, None], "id"],
        [[0, ["a"]], "id"],
        [[0, {"$gt": ""}], "id"],
        [[0, True], "id"],
        [[0, 2**63], "id"],
        [[0], "id"],
        [5, "id"],
    ],
    ids=str,
)
def test_a_token_of_anything_but_sort_keys_and_an_id_is_refused(after: list[Any]) -> None:
    with pytest.raises(GenesisError, match="Invalid page token") as refused:
        sort_position(token(after), 1)
    assert refused.value.status == 400


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(made_up=st.one_of(JSON, st.fixed_dictionaries({"after": JSON})), orders=st.integers(0, 3))
def test_a_made_up_token_is_refused_or_is_a_sort_position(made_up: Any, orders: int) -> None:
    text = base64.b64encode(json.dumps(made_up).encode()).decode()
    try:
        *places, id = sort_position(text, orders) or [""]
    except GenesisError as error:
        assert error.status == 400
        return
    assert isinstance(id, str)
    for rank, value in places:
        assert rank in (0, 1, 2)
        assert (value is None) == (rank != 0)
        assert not isinstance(value, int) or -(2**63) <= value < 2**63


@given(text=st.text())
def test_any_text_is_a_token_or_refused(text: str) -> None:
    try:
        sort_position(text, 1)
    except GenesisError as error:
        assert error.status == 400
