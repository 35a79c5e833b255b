"""Requests on the registry that die at any of their steps: repeated, or met by another request."""

from __future__ import annotations

import pytest

from genesis.store import Store
from genesis.store.engine import Engine
from tests.store.interrupted import ACTS, NAMES, Act, deaths, prepared
from tests.store.models import (
    by_name,
    everything,
    found_models,
    found_versions,
    latest,
    new_version,
    refusal,
    told,
)


def after(engine: Engine, *acts: Act) -> dict[str, object]:
    """What readers are told when these requests are done one after the other."""
    store = prepared(engine, f"after-{len(acts)}")
    for act in acts:
        told(lambda act=act: act(store))
    return everything(store, *NAMES)


CHANGES = [
    "create n",
    "rename m to n",
    "delete m",
    "promote m 3",
    "demote m 1",
    "delete m 1",
    "delete m 3",
    "alias m 3",
    "new alias m 3",
    "describe m 1",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_request_that_died_anywhere_can_be_repeated(engine: Engine, change: str) -> None:
    done = after(engine, ACTS[change])
    for at, store in deaths(engine, ACTS[change]):
        told(lambda store=store: ACTS[change](store))
        assert everything(store, *NAMES) == done, at


@pytest.mark.parametrize("change", CHANGES)
def test_of_a_request_that_died_anywhere_readers_by_name_see_all_or_nothing(
    engine: Engine, change: str
) -> None:
    store = prepared(engine, "whole")
    before = by_name(store, *NAMES)
    told(lambda: ACTS[change](store))
    whole = by_name(store, *NAMES)
    for at, died in deaths(engine, ACTS[change]):
        assert by_name(died, *NAMES) in (before, whole), at


MEETINGS = [
    ("create n", "create n"),
    ("create n", "rename m to n"),
    ("create n", "rename other to n"),
    ("rename m to n", "create m"),
    ("rename m to n", "create n"),
    ("rename m to n", "rename n to m"),
    ("rename m to n", "rename other to n"),
    ("rename m to n", "rename other to m"),
    ("rename m to n", "delete n"),
    ("rename m to n", "new version of n"),
    ("rename m to n", "archive n 2"),
    ("rename m to n", "tag n 1"),
    ("delete m", "create m"),
    ("delete m", "rename other to m"),
    ("promote m 3", "promote m 2"),
    ("promote m 3", "demote m 1"),
    ("promote m 3", "describe m 1"),
    ("promote m 3", "delete m 1"),
    ("delete m 1", "rename m to n"),
    ("delete m 1", "delete m"),
    ("alias m 3", "delete m 3"),
    ("describe m 1", "rename m to n"),
]


@pytest.mark.parametrize(("change", "other"), MEETINGS, ids=[f"{a}, then {b}" for a, b in MEETINGS])
def test_who_meets_what_a_request_left_that_died_anywhere_ends_it_or_finds_nothing_of_it(
    engine: Engine, change: str, other: str
) -> None:
    outcomes = (after(engine, ACTS[other]), after(engine, ACTS[change], ACTS[other]))
    for at, store in deaths(engine, ACTS[change]):
        told(lambda store=store: ACTS[other](store))
        assert everything(store, *NAMES) in outcomes, at


def check_versions(store: Store, name: str) -> list[int]:
    """The numbers of a model's versions, which searches and readers by name agree about."""
    numbers = [
        number for number in range(1, 12) if not refusal(lambda n=number: store.model_versions.get(name, n))
    ]
    assert sorted(found_versions(store)) == sorted([(name, number) for number in numbers] + [("other", 1)])
    return numbers


def test_a_creation_that_died_anywhere_leaves_a_version_or_a_number_that_nobody_gets(engine: Engine) -> None:
    for at, store in deaths(engine, ACTS["new version of m"]):
        numbers = check_versions(store, "m")
        assert numbers in ([1, 2, 3], [1, 2, 3, 4]), at
        given = new_version(store)
        assert given not in numbers
        assert check_versions(store, "m") == [*numbers, given]
        assert latest(store.registered_models.get("m"))["None"] == given


@pytest.mark.parametrize("change", ["rename m to n", "delete m"])
def test_what_a_creation_that_died_left_hinders_nobody_later(engine: Engine, change: str) -> None:
    for _, store in deaths(engine, ACTS["new version of m"]):
        ACTS[change](store)
        ACTS["create m"](store)
        assert new_version(store, "m") == 1
        assert latest(store.registered_models.get("m")) == {"None": 1}
        store.registered_models.delete("m")
        if change == "delete m":
            assert found_versions(store) == [("other", 1)]
        else:
            given = new_version(store, "n")
            assert check_versions(store, "n")[-1] == given
            store.registered_models.delete("n")
            assert found_versions(store) == [("other", 1)]


def test_a_renaming_back_that_died_does_not_bring_the_first_renaming_about_again(engine: Engine) -> None:
    back = ACTS["rename n to m"]
    for at, store in deaths(engine, back, ACTS["rename m to n"]):
        told(lambda store=store: back(store))
        before = by_name(store, "m")
        ACTS["create n"](store)
        assert by_name(store, "m") == before, at
        assert found_models(store) == ["m", "n", "other"]
