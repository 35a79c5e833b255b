"""Model versions on each engine: numbers, stages, what a model shows of them, searches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from genesis.entities.registry import PROMPT_TAG, PROMPT_VERSION, VERSION, ModelVersion, NewVersion
from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store import Store, store_of
from genesis.store.engine import Engine
from genesis.store.histories import Piles
from genesis.store.model_versions import ModelVersions
from tests.store.models import (
    NOW,
    PLAIN,
    everything,
    found_versions,
    is_named,
    is_tagged,
    latest,
    new_model,
    new_version,
    refusal,
)

MISSING = "RESOURCE_DOES_NOT_EXIST"
TEXTS = ["x" * 500, "a.b", "$a.$b", "ü|x", "'\"`%", "a\0b", "0", "🦆"]
NOBODY = [0, -1, 3, 2**31, 2**63, 10**30]
"""Numbers of no version of a model that has two."""


@pytest.fixture
def versions(store: Store) -> ModelVersions:
    return store.model_versions


@pytest.fixture
def name(store: Store) -> str:
    """A model with two versions, the first of which is in production and has an alias."""
    name = new_model(store, versions=2)
    store.registered_models.set_alias(name, "a", 1)
    store.model_versions.transition(name, 1, "Production", archive=False, now=NOW)
    return name


def promote(store: Store, number: int, stage: str, now: int = NOW, archive: bool = False) -> ModelVersion:
    return store.model_versions.transition("m", number, stage, archive, now)


def stages(store: Store) -> dict[int, str]:
    """The stage of each version, as readers by name and searches agree."""
    page, _ = store.model_versions.search((), (VERSION,), (), ("", 1000))
    found = {version.number: version.stage for version in page}
    assert found == {number: store.model_versions.get("m", number).stage for number in found}
    return dict(sorted(found.items()))


def test_a_version_comes_back_as_it_was_made(store: Store) -> None:
    new_model(store)
    new = NewVersion("models:/m-1", "s3://b/k", "run", "http://run", "what it is", {"k.v": "1"})
    made = store.model_versions.create("m", new, NOW + 5)
    expected = ModelVersion(
        "m", 1, NOW + 5, NOW + 5, "what it is", "models:/m-1", "s3://b/k", "run", "http://run"
    )
    assert made == replace(expected, tags={"k.v": "1"})
    assert store.model_versions.get("m", 1) == made
    assert store.registered_models.get("m").latest == [made]
    assert store.registered_models.get("m").last_update_time == NOW + 5


def test_versions_are_numbered_from_one(store: Store) -> None:
    new_model(store, "other", versions=3)
    new_model(store)
    assert [new_version(store) for _ in range(3)] == [1, 2, 3]


def test_the_number_of_a_deleted_version_is_never_given_again(store: Store, name: str) -> None:
    store.model_versions.delete(name, 2, NOW)
    assert new_version(store) == 3
    store.model_versions.delete(name, 1, NOW)
    assert new_version(store) == 4


def test_a_version_of_a_model_that_is_not_there_is_not_made(store: Store) -> None:
    assert refusal(lambda: new_version(store, "none")) == MISSING
    assert found_versions(store) == []


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_can_be_a_tag(store: Store, text: str) -> None:
    new_model(store)
    new_version(store, "m", NOW, **{text: text})
    new_version(store)
    store.model_versions.set_tag("m", 2, text, text)
    assert [store.model_versions.get("m", number).tags for number in (1, 2)] == [{text: text}] * 2
    assert found_versions(store, is_tagged(text, text)) == [("m", 2), ("m", 1)]
    store.model_versions.delete_tag("m", 1, text)
    assert store.model_versions.get("m", 1).tags == {}
    assert found_versions(store, is_tagged(text, text)) == [("m", 2)]


ACTS: dict[str, Callable[[ModelVersions, str, int], object]] = {
    "get": lambda versions, name, number: versions.get(name, number),
    "update": lambda versions, name, number: versions.update(name, number, "d", NOW),
    "delete": lambda versions, name, number: versions.delete(name, number, NOW),
    "transition": lambda versions, name, number: versions.transition(name, number, "Staging", True, NOW),
    "set tag": lambda versions, name, number: versions.set_tag(name, number, "k", "v"),
    "delete tag": lambda versions, name, number: versions.delete_tag(name, number, "k"),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_a_version_that_is_not_there_is_told_and_nothing_changes(
    store: Store, name: str, act: Callable[[ModelVersions, str, int], object]
) -> None:
    before = everything(store, name)
    for model, numbers in ((name, NOBODY), ("none", [1])):
        for number in numbers:
            assert refusal(lambda m=model, n=number: act(store.model_versions, m, n)) == MISSING
    assert everything(store, name) == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_a_deleted_version_is_not_there(
    store: Store, name: str, act: Callable[[ModelVersions, str, int], object]
) -> None:
    store.model_versions.delete(name, 1, NOW)
    before = everything(store, name)
    assert refusal(lambda: act(store.model_versions, name, 1)) == MISSING
    assert everything(store, name) == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_versions_of_models_of_one_name_in_two_workspaces_have_nothing_in_common(
    store: Store, engine: Engine, name: str, act: Callable[[ModelVersions, str, int], object]
) -> None:
    other = store_of(engine, "other", Piles())
    new_model(other, versions=3)
    act(other.model_versions, name, 3)
    before = everything(store, name)
    act(other.model_versions, name, 1)
    assert refusal(lambda: act(store.model_versions, name, 3)) == MISSING
    assert everything(store, name) == before


def test_an_update_sets_or_takes_away_the_description(versions: ModelVersions, name: str) -> None:
    assert versions.update(name, 1, "new", NOW + 5) == versions.get(name, 1)
    assert (versions.get(name, 1).description, versions.get(name, 1).last_update_time) == ("new", NOW + 5)
    assert versions.update(name, 1, None, NOW + 6).description is None
    assert versions.get(name, 1).description is None


def test_a_version_is_of_a_prompt_as_long_as_its_tag_says_so(store: Store) -> None:
    def kinds() -> list[str]:
        return [kind for kind in (VERSION, PROMPT_VERSION) if found_versions(store, kinds=(kind,))]

    new_model(store)
    new_version(store, "m", NOW, **{PROMPT_TAG: "true"})
    assert kinds() == [PROMPT_VERSION]
    store.model_versions.set_tag("m", 1, "another", "false")
    store.model_versions.delete_tag("m", 1, "another")
    assert kinds() == [PROMPT_VERSION]
    store.model_versions.set_tag("m", 1, PROMPT_TAG, "no")
    assert kinds() == [VERSION]
    store.model_versions.set_tag("m", 1, PROMPT_TAG, "true")
    assert kinds() == [PROMPT_VERSION]
    store.model_versions.delete_tag("m", 1, PROMPT_TAG)
    assert kinds() == [VERSION]


def test_a_transition_changes_the_stage_and_the_times(store: Store) -> None:
    new_model(store, versions=2)
    moved = promote(store, 1, "Staging", NOW + 5)
    assert moved == store.model_versions.get("m", 1)
    assert (moved.stage, moved.last_update_time) == ("Staging", NOW + 5)
    assert store.registered_models.get("m").last_update_time == NOW + 5
    assert store.model_versions.get("m", 2).last_update_time == NOW
    assert stages(store) == {1: "Staging", 2: "None"}


def test_without_archiving_a_stage_holds_many(store: Store) -> None:
    new_model(store, versions=3)
    for number in (1, 2, 3):
        promote(store, number, "Production")
    assert stages(store) == {1: "Production", 2: "Production", 3: "Production"}
    assert latest(store.registered_models.get("m")) == {"Production": 3}


def test_with_archiving_the_others_of_the_stage_alone_are_archived(store: Store) -> None:
    new_model(store, versions=5)
    for number, stage in ((1, "Production"), (2, "Production"), (3, "Staging")):
        promote(store, number, stage)
    promote(store, 5, "Production", NOW + 5, archive=True)
    assert stages(store) == {1: "Archived", 2: "Archived", 3: "Staging", 4: "None", 5: "Production"}
    times = [store.model_versions.get("m", number).last_update_time - NOW for number in range(1, 6)]
    assert times == [5, 5, 0, 0, 5]


def test_a_version_that_goes_back_to_no_stage_is_as_if_it_had_never_left(store: Store) -> None:
    new_model(store, versions=2)
    promote(store, 2, "Production")
    promote(store, 2, "None")
    assert stages(store) == {1: "None", 2: "None"}
    assert latest(store.registered_models.get("m")) == {"None": 2}


@pytest.mark.parametrize("many", [4, 9, 17])
def test_a_model_shows_the_highest_version_of_each_stage(store: Store, many: int) -> None:
    new_model(store, versions=many)

    def shown() -> dict[str, int]:
        model = store.registered_models.get("m")
        assert [version.number for version in model.latest] == sorted(latest(model).values())
        return latest(model)

    promote(store, 1, "Staging")
    promote(store, many, "Production")
    assert shown() == {"Staging": 1, "None": many - 1, "Production": many}
    promote(store, 2, "Production", archive=True)
    assert shown() == {"Staging": 1, "None": many - 1, "Archived": many, "Production": 2}
    store.model_versions.delete("m", many, NOW)
    assert shown() == {"Staging": 1, "None": many - 1, "Production": 2}
    store.model_versions.delete("m", many - 1, NOW)
    promote(store, 1, "Production")
    assert shown() == ({"None": many - 2, "Production": 2} if many > 4 else {"Production": 2})
    for number in range(1, many - 1):
        store.model_versions.delete("m", number, NOW)
    assert shown() == {}


def test_a_deleted_version_takes_its_aliases_with_it_and_no_others(store: Store, name: str) -> None:
    for alias, number in (("b", 1), ("c", 2)):
        store.registered_models.set_alias(name, alias, number)
    store.model_versions.delete(name, 1, NOW + 5)
    assert store.registered_models.get(name).aliases == {"c": 2}
    assert store.registered_models.get(name).last_update_time == NOW + 5
    assert refusal(lambda: store.model_versions.get_by_alias(name, "a")) == "INVALID_PARAMETER_VALUE"
    assert found_versions(store) == [(name, 2)]


def test_a_version_has_all_its_aliases_in_order(store: Store, name: str) -> None:
    for alias in ("c", "b"):
        store.registered_models.set_alias(name, alias, 1)
    assert store.model_versions.get(name, 1).aliases == ["a", "b", "c"]
    assert store.registered_models.get(name).latest[0].aliases == []


def test_many_versions_lose_nothing_that_is_shown_or_has_an_alias(store: Store) -> None:
    new_model(store)
    expected: dict[str, int] = {}
    for number in range(1, 42):
        new_version(store)
        if number % 5 == 0:
            store.registered_models.set_alias("m", f"a{number}", number - 4)
            expected[f"a{number}"] = number - 4
        if number in (3, 19):
            promote(store, number - 2, "Production", archive=True)
        model = store.registered_models.get("m")
        assert model.aliases == expected
        assert latest(model)["None"] == number
        for alias, pointed in expected.items():
            assert store.model_versions.get_by_alias("m", alias).number == pointed
    assert latest(store.registered_models.get("m")) == {"Archived": 1, "Production": 17, "None": 41}
    assert [store.model_versions.get("m", n).number for n in range(1, 42)] == list(range(1, 42))


def searched(store: Store) -> None:
    for name in ("b", "a"):
        new_model(store, name)
        for i in range(3):
            new = replace(PLAIN, run_id=f"run{i}", source=f"s3://{name}/{i}")
            store.model_versions.create(name, new, NOW + i % 2)
    new_model(store, "p")
    new_version(store, "p", NOW + 9, **{PROMPT_TAG: "true"})


NAME, NUMBER, CREATED = Path("name"), Path("number"), Path("created")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((), "a2 b2 a3 a1 b3 b1"),
        ((Order(NAME, ascending=False),), "b3 b2 b1 a3 a2 a1"),
        ((Order(NUMBER),), "a1 b1 a2 b2 a3 b3"),
        ((Order(NUMBER, ascending=False), Order(NAME, ascending=False)), "b3 a3 b2 a2 b1 a1"),
        ((Order(CREATED),), "a3 a1 b3 b1 a2 b2"),
        ((Order(Path("updated"), ascending=False), Order(NUMBER)), "a2 b2 a1 b1 a3 b3"),
    ],
)
@pytest.mark.parametrize("size", [1, 4])
def test_pages_in_any_order_visit_every_version_once(
    store: Store, order: tuple[Order, ...], expected: str, size: int
) -> None:
    searched(store)
    visited, at = [], ""
    while True:
        page, at = store.model_versions.search((), (VERSION,), order, (at, size))
        visited += [f"{version.name}{version.number}" for version in page]
        if not at:
            break
        assert len(page) == size
    assert " ".join(visited) == expected


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (is_named("a"), "a2 a3 a1"),
        (Clause(Path("run_id"), Op.EQ, "run1"), "a2 b2"),
        (Clause(Path("run_id"), Op.IN, ("run1", "run2")), "a2 b2 a3 b3"),
        (Clause(Path("source"), Op.LIKE, "s3://a/%"), "a2 a3 a1"),
        (Clause(NUMBER, Op.GT, 2), "a3 b3"),
        (Clause(NUMBER, Op.NE, 1), "a2 b2 a3 b3"),
        (Clause(NAME, Op.NOT_IN, ("a",)), "b2 b3 b1"),
        (Clause(NUMBER, Op.LE, 0), ""),
    ],
)
def test_versions_are_searched_by_what_they_have(store: Store, clause: Clause, expected: str) -> None:
    searched(store)
    assert [f"{name}{number}" for name, number in found_versions(store, clause)] == expected.split()


def test_what_changed_last_comes_first(store: Store) -> None:
    new_model(store, versions=4)
    store.model_versions.update("m", 2, "d", NOW + 2)
    promote(store, 1, "Staging", NOW + 1)
    promote(store, 3, "Production", NOW + 3)
    assert [number for _, number in found_versions(store)] == [3, 2, 1, 4]


def test_kinds_are_searched_together_in_one_order(store: Store) -> None:
    searched(store)
    assert found_versions(store, kinds=(VERSION, PROMPT_VERSION))[:2] == [("p", 1), ("a", 2)]
    assert found_versions(store, kinds=(PROMPT_VERSION,)) == [("p", 1)]
