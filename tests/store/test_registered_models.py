"""Registered models on each engine: names, tags, aliases, and the versions they are shown with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from genesis.entities.registry import MODEL, PROMPT, PROMPT_TAG, RegisteredModel
from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store import Store, store_of
from genesis.store.engine import Engine
from genesis.store.histories import Piles
from genesis.store.registered_models import RegisteredModels
from tests.store.models import (
    NOW,
    everything,
    found_models,
    found_versions,
    is_named,
    is_tagged,
    latest,
    new_model,
    new_version,
    refusal,
    told,
)

MISSING, TAKEN = "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"

TEXTS = ["x" * 500, "a.b", "$a.$b", "ü|x", " a", "損失", "a\nb", "'\"`%", "a\0b", "a\x01b", "0", "🦆"]
NAMES = ["x" * 256, *TEXTS[1:]]
ALIASES = ["x" * 255, "損失", "0", "-", "_a-B", "a\n"]


@pytest.fixture
def models(store: Store) -> RegisteredModels:
    return store.registered_models


@pytest.fixture
def other(engine: Engine) -> Store:
    """Another workspace of the same database."""
    return store_of(engine, "other", Piles())


def test_a_new_model_is_found_by_its_name(models: RegisteredModels) -> None:
    made = models.create("m", "what it is", {"k.v": "1"}, NOW)
    assert made == RegisteredModel("m", NOW, NOW, "what it is", "default", {"k.v": "1"})
    assert models.get("m") == made


def test_no_description_is_another_thing_than_an_empty_one(models: RegisteredModels) -> None:
    models.create("none", None, {}, NOW)
    models.create("empty", "", {}, NOW)
    assert (models.get("none").description, models.get("empty").description) == (None, "")


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_borne(store: Store, name: str) -> None:
    new_model(store, name, versions=1)
    store.registered_models.set_alias(name, "a", 1)
    model = store.registered_models.get(name)
    assert (model.name, latest(model), model.aliases) == (name, {"None": 1}, {"a": 1})
    assert store.model_versions.get(name, 1) == store.model_versions.get_by_alias(name, "a")
    assert found_models(store, is_named(name)) == [name]
    assert found_versions(store, is_named(name)) == [(name, 1)]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_given_and_taken_in_a_renaming(store: Store, name: str) -> None:
    new_model(store, versions=2)
    assert store.registered_models.rename("m", name, NOW).name == name
    assert found_versions(store) == [(name, 2), (name, 1)]
    store.registered_models.rename(name, "m", NOW)
    assert found_versions(store) == [("m", 2), ("m", 1)]


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_can_be_a_tag(store: Store, text: str) -> None:
    models = store.registered_models
    new_model(store, "made", **{text: text})
    new_model(store, "set")
    new_model(store, "other", **{text: text + "."})
    models.set_tag("set", text, text)
    assert models.get("made").tags == models.get("set").tags == {text: text}
    assert found_models(store, is_tagged(text, text)) == ["made", "set"]
    models.delete_tag("made", text)
    assert models.get("made").tags == {}
    assert found_models(store, is_tagged(text, text)) == ["set"]


@pytest.mark.parametrize("alias", ALIASES)
def test_any_alias_can_be_set_moved_and_deleted(store: Store, alias: str) -> None:
    models, versions = store.registered_models, store.model_versions
    new_model(store, versions=2)
    for number in (1, 2):
        models.set_alias("m", alias, number)
        assert models.get("m").aliases == {alias: number}
        assert versions.get_by_alias("m", alias) == versions.get("m", number)
        assert [versions.get("m", n).aliases for n in (number, 3 - number)] == [[alias], []]
    models.delete_alias("m", alias)
    assert models.get("m").aliases == {}
    assert refusal(lambda: versions.get_by_alias("m", alias)) == "INVALID_PARAMETER_VALUE"


ACTS: dict[str, Callable[[RegisteredModels, str], object]] = {
    "get": lambda models, name: models.get(name),
    "update": lambda models, name: models.update(name, "d", NOW),
    "rename": lambda models, name: models.rename(name, "x", NOW),
    "rename to itself": lambda models, name: models.rename(name, name, NOW),
    "delete": lambda models, name: models.delete(name),
    "set tag": lambda models, name: models.set_tag(name, "k", "v"),
    "delete tag": lambda models, name: models.delete_tag(name, "k"),
    "set alias": lambda models, name: models.set_alias(name, "a", 1),
    "delete alias": lambda models, name: models.delete_alias(name, "a"),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_a_model_that_is_not_there_is_told_and_not_made(
    store: Store, act: Callable[[RegisteredModels, str], object]
) -> None:
    new_model(store, versions=1)
    before = everything(store, "m")
    assert refusal(lambda: act(store.registered_models, "none")) == MISSING
    assert everything(store, "m") == before
    assert refusal(lambda: store.registered_models.get("none")) == MISSING


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_a_model_of_another_workspace_is_not_there(
    store: Store, other: Store, act: Callable[[RegisteredModels, str], object]
) -> None:
    new_model(other, "m", versions=1)
    other.registered_models.set_alias("m", "a", 1)
    other.registered_models.set_tag("m", "k", "1")
    before = everything(other, "m")
    assert refusal(lambda: act(store.registered_models, "m")) == MISSING
    assert refusal(lambda: store.model_versions.get_by_alias("m", "a")) == MISSING
    assert everything(other, "m") == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_models_of_one_name_in_two_workspaces_have_nothing_in_common(
    store: Store, other: Store, act: Callable[[RegisteredModels, str], object]
) -> None:
    for each in (store, other):
        new_model(each, "m", versions=2, k="1")
        each.registered_models.set_alias("m", "a", 2)
    before = everything(other, "m", "x")
    act(store.registered_models, "m")
    assert everything(other, "m", "x") == before
    assert other.registered_models.get("m").workspace == "other"


def test_a_name_is_taken_once(store: Store) -> None:
    new_model(store)
    assert refusal(lambda: new_model(store)) == TAKEN
    assert found_models(store) == ["m"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ({}, {}, "Registered Model (name=m) already exists."),
        ({PROMPT_TAG: "true"}, {PROMPT_TAG: "true"}, "Prompt (name=m) already exists."),
        ({PROMPT_TAG: "true"}, {}, "already taken by a prompt"),
        ({}, {PROMPT_TAG: "false"}, "already taken by a registered model"),
    ],
)
def test_who_wants_a_taken_name_is_told_what_has_it(
    models: RegisteredModels, old: dict[str, str], new: dict[str, str], message: str
) -> None:
    models.create("m", None, old, NOW)
    assert message in str(told(lambda: models.create("m", None, new, NOW)))


def test_names_that_differ_in_case_are_different(store: Store) -> None:
    new_model(store, "m")
    new_model(store, "M")
    assert found_models(store) == ["M", "m"]


def test_an_update_sets_the_description_and_the_time(models: RegisteredModels) -> None:
    models.create("m", "old", {}, NOW)
    assert models.update("m", "new", NOW + 5) == models.get("m")
    assert (models.get("m").description, models.get("m").last_update_time) == ("new", NOW + 5)


def test_an_update_without_a_description_takes_it_away(models: RegisteredModels) -> None:
    models.create("m", "old", {}, NOW)
    assert models.update("m", None, NOW).description is None
    assert models.get("m").description is None


def test_tags_and_aliases_leave_the_time_of_change_alone(store: Store) -> None:
    models = store.registered_models
    new_model(store, versions=1)
    models.set_tag("m", "k", "v")
    models.set_alias("m", "a", 1)
    models.delete_tag("m", "k")
    models.delete_alias("m", "a")
    assert models.get("m").last_update_time == NOW


def test_what_is_not_there_can_be_deleted(store: Store) -> None:
    new_model(store)
    store.registered_models.delete_tag("m", "k")
    store.registered_models.delete_alias("m", "a")


@pytest.mark.parametrize("number", [0, -1, 2, 2**31, 2**63, 10**30])
def test_an_alias_is_set_only_to_a_version_that_is_there(store: Store, number: int) -> None:
    new_model(store, versions=1)
    store.registered_models.set_alias("m", "a", 1)
    for alias in ("a", "b"):
        assert refusal(lambda alias=alias: store.registered_models.set_alias("m", alias, number)) == MISSING
    assert store.registered_models.get("m").aliases == {"a": 1}


def test_an_alias_is_not_set_to_a_deleted_version(store: Store) -> None:
    new_model(store, versions=2)
    store.model_versions.delete("m", 1, NOW)
    assert refusal(lambda: store.registered_models.set_alias("m", "a", 1)) == MISSING


def test_a_deleted_model_is_gone_with_its_versions(store: Store) -> None:
    new_model(store, versions=10)
    store.registered_models.delete("m")
    assert refusal(lambda: store.registered_models.get("m")) == MISSING
    assert refusal(lambda: store.model_versions.get("m", 1)) == MISSING
    assert refusal(lambda: new_version(store)) == MISSING
    assert (found_models(store), found_versions(store)) == ([], [])


def test_the_name_of_a_deleted_model_is_free_for_one_that_begins_at_nothing(store: Store) -> None:
    new_model(store, versions=3, k="1")
    store.registered_models.set_alias("m", "a", 3)
    store.registered_models.delete("m")
    new_model(store)
    model = store.registered_models.get("m")
    assert (model.tags, model.aliases, model.latest) == ({}, {}, [])
    assert new_version(store) == 1
    assert found_versions(store) == [("m", 1)]


def test_a_renamed_model_takes_everything_with_it(store: Store) -> None:
    models, versions = store.registered_models, store.model_versions
    models.create("m", "d", {"k": "1"}, NOW)
    for _ in range(10):
        new_version(store, "m", NOW, k="2")
    models.set_alias("m", "a", 3)
    versions.transition("m", 2, "Production", archive=False, now=NOW)
    before = everything(store, "m")["m"]
    assert models.rename("m", "x", NOW + 5) == models.get("x")
    assert str(everything(store, "x")["x"]) == str(before).replace("'m'", "'x'").replace("=m", "=x")
    assert (found_models(store), found_versions(store)) == (["x"], [("x", n) for n in range(10, 0, -1)])
    assert {versions.get("x", n).last_update_time for n in range(1, 11)} == {NOW + 5}
    assert models.get("x").last_update_time == NOW + 5
    assert new_version(store, "x") == 11


def test_the_old_name_of_a_renamed_model_is_free_at_once(store: Store) -> None:
    new_model(store, versions=2)
    store.registered_models.rename("m", "x", NOW)
    new_model(store, versions=1)
    assert latest(store.registered_models.get("m")) == {"None": 1}
    assert latest(store.registered_models.get("x")) == {"None": 2}
    store.registered_models.set_alias("x", "a", 1)
    store.registered_models.delete("m")
    assert found_versions(store) == [("x", 2), ("x", 1)]
    assert store.model_versions.get("x", 1).aliases == ["a"]


def test_renaming_to_a_taken_name_is_refused(store: Store) -> None:
    new_model(store, "m", versions=1)
    new_model(store, "x", versions=2)
    before = everything(store, "m", "x")
    assert refusal(lambda: store.registered_models.rename("m", "x", NOW)) == TAKEN
    assert everything(store, "m", "x") == before


def test_renaming_to_its_own_name_changes_the_time_only(store: Store) -> None:
    new_model(store, versions=1)
    before = everything(store, "m")
    assert store.registered_models.rename("m", "m", NOW + 5).last_update_time == NOW + 5
    assert everything(store, "m") == before


def test_renaming_there_and_back_keeps_the_name(store: Store) -> None:
    new_model(store, versions=2)
    for old, new in (("m", "x"), ("x", "y"), ("y", "x"), ("x", "m")):
        store.registered_models.rename(old, new, NOW)
    assert refusal(lambda: new_model(store)) == TAKEN
    for name in ("x", "y"):
        new_model(store, name, versions=1)
    assert found_versions(store) == [("m", 2), ("m", 1), ("x", 1), ("y", 1)]


@pytest.mark.parametrize("value", ["true", "false", "True", ""])
def test_a_model_is_a_prompt_as_long_as_its_tag_says_so(store: Store, value: str) -> None:
    models = store.registered_models

    def kinds() -> list[str]:
        return [kind for kind in (MODEL, PROMPT) if found_models(store, kinds=(kind,))]

    expected = [PROMPT if value == "true" else MODEL]
    models.create("m", None, {PROMPT_TAG: value}, NOW)
    assert kinds() == expected
    models.delete_tag("m", PROMPT_TAG)
    assert kinds() == [MODEL]
    models.set_tag("m", PROMPT_TAG, value)
    models.set_tag("m", "another", "true")
    models.delete_tag("m", "another")
    assert kinds() == expected
    models.set_tag("m", PROMPT_TAG, "no")
    assert kinds() == [MODEL]


def searched(store: Store) -> None:
    for i, name in enumerate(["b", "d", "a", "e", "c"]):
        store.registered_models.create(name, None, {"t": str(i % 2)}, NOW + i % 3)
        new_version(store, name, NOW + i % 3)


BY_NAME, UPDATED = Order(Path("name")), Path("updated")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((), "abcde"),
        ((BY_NAME,), "abcde"),
        ((BY_NAME._replace(ascending=False),), "edcba"),
        ((Order(UPDATED),), "becda"),
        ((Order(UPDATED, ascending=False),), "acdbe"),
        ((Order(UPDATED, ascending=False), BY_NAME._replace(ascending=False)), "adceb"),
    ],
)
@pytest.mark.parametrize("size", [2, 5])
def test_pages_in_any_order_visit_every_model_once_with_its_versions(
    store: Store, order: tuple[Order, ...], expected: str, size: int
) -> None:
    searched(store)
    visited, at = "", ""
    while True:
        page, at = store.registered_models.search((), (MODEL,), order, (at, size))
        assert [latest(model) for model in page] == [{"None": 1}] * len(page)
        visited += "".join(model.name for model in page)
        if not at:
            break
        assert len(page) == size
    assert visited == expected


@pytest.mark.parametrize("order", [(), (Order(UPDATED),)], ids=["default order", "by time"])
def test_a_model_is_searched_as_it_is_got(store: Store, order: tuple[Order, ...]) -> None:
    searched(store)
    for _ in range(9):
        new_version(store, "a")
    store.registered_models.set_alias("a", "x", 2)
    store.model_versions.transition("a", 3, "Staging", archive=True, now=NOW)
    store.model_versions.delete("a", 10, NOW)
    found, _ = store.registered_models.search((), (MODEL,), order, ("", 10))
    assert [store.registered_models.get(model.name) for model in found] == found


def test_kinds_are_searched_together_in_one_order(store: Store) -> None:
    for name, value in (("b", "true"), ("a", "false"), ("c", "true")):
        new_model(store, name, **{PROMPT_TAG: value})
    assert found_models(store, kinds=(MODEL, PROMPT)) == ["a", "b", "c"]
    is_prompt = is_tagged(PROMPT_TAG, "true")
    assert found_models(store, is_prompt, kinds=(MODEL, PROMPT)) == ["b", "c"]


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (Clause(Path("name"), Op.LIKE, "m%"), "m1 m2"),
        (Clause(Path("name"), Op.ILIKE, "M_"), "m1 m2"),
        (Clause(Path("name"), Op.NE, "m1"), "m2 x"),
        (Clause(Path("name"), Op.IN, ("x", "m2")), "m2 x"),
        (Clause(Path("name"), Op.NOT_IN, ("x", "m2")), "m1"),
        (Clause(Path("tags", "t"), Op.NE, "1"), "m2"),
    ],
)
def test_clauses_are_about_models_only(store: Store, clause: Clause, expected: str) -> None:
    for name, tags in (("m1", {"t": "1"}), ("m2", {"t": "2"}), ("x", {})):
        store.registered_models.create(name, None, tags, NOW)
        new_version(store, name, NOW, t="2")
    assert found_models(store, clause) == expected.split()
