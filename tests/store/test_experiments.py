"""Experiments on each engine: names are unique, and stay so when requests race or die half-way."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from genesis.entities.experiments import ACTIVE, DELETED, Experiment
from genesis.errors import GenesisError
from genesis.search.clauses import Clause, Op, Order, Path
from genesis.store import Store, store_of
from genesis.store.engine import Engine
from genesis.store.experiments import Experiments, Location
from genesis.store.histories import Piles
from genesis.store.schema import EXPERIMENTS

NOW = 1_700_000_000_000
ROOT = Location("root/")
BOTH = (ACTIVE, DELETED)


@pytest.fixture
def experiments(store: Store) -> Experiments:
    return store.experiments


def create(experiments: Experiments, name: str, now: int = NOW) -> str:
    return experiments.create(name, ROOT, {}, now)


def held(experiments: Experiments, id: str) -> Experiment:
    experiment = experiments.get(id)
    assert experiment is not None
    return experiment


def names(experiments: Experiments, *where: Clause, stages: tuple[str, ...] = (ACTIVE,)) -> list[str]:
    found, _ = experiments.search(where, stages, (), ("", 100))
    return [experiment.name for experiment in found]


class Died(Exception):
    """Stands for a process that is gone at this point."""


def dying_at(experiments: Experiments, engine: Engine, method: str, collection: str) -> Experiments:
    """The same experiments to a request whose process dies where it would call the engine's method."""

    class Dying:
        def __getattr__(self, name: str) -> Any:
            real: Callable[..., Any] = getattr(engine, name)

            def call(*arguments: Any) -> Any:
                if name == method and getattr(arguments[0], "name", "") == collection:
                    raise Died
                return real(*arguments)

            return call

    return Experiments(Dying(), "default")  # type: ignore[arg-type]


def refused(act: Callable[[], object]) -> bool:
    try:
        act()
    except GenesisError:
        return True
    return False


def test_a_new_experiment_is_found_by_its_id(experiments: Experiments) -> None:
    id = experiments.create("x", Location("root/"), {"k.v": "1"}, NOW)
    expected = Experiment(id, "x", f"root/{id}", NOW, NOW, "default", ACTIVE, {"k.v": "1"})
    assert experiments.get(id) == expected


def test_a_location_that_is_given_stays_as_it_is(experiments: Experiments) -> None:
    id = experiments.create("x", Location("root/", "s3://bucket/"), {}, NOW)
    assert held(experiments, id).artifact_location == "s3://bucket/"


def test_a_new_experiment_is_found_by_its_name(experiments: Experiments) -> None:
    id = create(experiments, "x")
    found = experiments.get_by_name("x")
    assert found is not None
    assert found.experiment_id == id


@pytest.mark.parametrize("name", ["x" * 500, "a/b", "ü|x", "$a.b", " ", "損失", "a\nb"])
def test_any_name_can_be_borne(experiments: Experiments, name: str) -> None:
    create(experiments, name)
    found = experiments.get_by_name(name)
    assert found is not None
    assert found.name == name


def test_ids_are_never_given_twice(experiments: Experiments) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda i: create(experiments, str(i)), range(24)))
    assert len(set(made)) == 24


def test_a_name_is_taken_once(experiments: Experiments) -> None:
    create(experiments, "x")
    assert refused(lambda: create(experiments, "x"))


def test_the_name_of_a_deleted_experiment_stays_taken(experiments: Experiments) -> None:
    experiments.delete(create(experiments, "x"), NOW)
    assert refused(lambda: create(experiments, "x"))


def test_names_that_differ_in_case_are_different(experiments: Experiments) -> None:
    create(experiments, "x")
    create(experiments, "X")
    assert sorted(names(experiments)) == ["X", "x"]


def test_of_eight_requests_that_create_one_name_one_wins(experiments: Experiments) -> None:
    with ThreadPoolExecutor(8) as threads:
        lost = list(threads.map(lambda _: refused(lambda: create(experiments, "x")), range(8)))
    assert (lost.count(False), names(experiments)) == (1, ["x"])


def test_who_loses_the_race_for_a_name_finds_the_winner_by_it(experiments: Experiments) -> None:
    def lose_or_win(_: int) -> bool:
        refused(lambda: create(experiments, "x"))
        return experiments.get_by_name("x") is not None

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lose_or_win, range(16)))


def test_a_creation_that_died_is_finished_by_the_next_that_wants_the_name(
    experiments: Experiments, engine: Engine
) -> None:
    with pytest.raises(Died):
        create(dying_at(experiments, engine, "insert", "experiments"), "x")
    assert refused(lambda: create(experiments, "x"))
    found = experiments.get_by_name("x")
    assert found is not None
    assert held(experiments, found.experiment_id) == found


def test_an_experiment_that_was_made_is_not_made_again_by_its_claim(
    experiments: Experiments, engine: Engine
) -> None:
    id = create(experiments, "x")
    engine.delete(EXPERIMENTS, f"default|{id}")
    create(experiments, "x")
    assert len(names(experiments)) == 1


def test_of_eight_requests_that_finish_a_creation_that_died_none_makes_another(
    experiments: Experiments, engine: Engine
) -> None:
    with pytest.raises(Died):
        create(dying_at(experiments, engine, "insert", "experiments"), "x")
    with ThreadPoolExecutor(8) as threads:
        lost = list(threads.map(lambda _: refused(lambda: create(experiments, "x")), range(8)))
    assert (lost.count(False), names(experiments)) == (0, ["x"])


def test_a_renamed_experiment_bears_its_new_name(experiments: Experiments) -> None:
    id = create(experiments, "x")
    experiments.rename(held(experiments, id), "y", NOW + 5)
    assert (held(experiments, id).name, held(experiments, id).last_update_time) == ("y", NOW + 5)


def test_the_old_name_of_a_renamed_experiment_is_free_at_once(experiments: Experiments) -> None:
    experiments.rename(held(experiments, create(experiments, "x")), "y", NOW)
    create(experiments, "x")
    assert sorted(names(experiments)) == ["x", "y"]


def test_the_new_name_of_a_renamed_experiment_is_taken(experiments: Experiments) -> None:
    experiments.rename(held(experiments, create(experiments, "x")), "y", NOW)
    assert refused(lambda: create(experiments, "y"))


def test_renaming_to_a_taken_name_is_refused(experiments: Experiments) -> None:
    id = create(experiments, "x")
    create(experiments, "y")
    assert refused(lambda: experiments.rename(held(experiments, id), "y", NOW))
    assert held(experiments, id).name == "x"


def test_renaming_to_its_own_name_is_no_error(experiments: Experiments) -> None:
    id = create(experiments, "x")
    experiments.rename(held(experiments, id), "x", NOW + 5)
    assert refused(lambda: create(experiments, "x"))


def test_renaming_there_and_back_keeps_the_name(experiments: Experiments) -> None:
    id = create(experiments, "x")
    experiments.rename(held(experiments, id), "y", NOW)
    experiments.rename(held(experiments, id), "x", NOW)
    assert refused(lambda: create(experiments, "x"))
    create(experiments, "y")


def test_of_two_experiments_renamed_to_one_name_one_wins(experiments: Experiments) -> None:
    both = [held(experiments, create(experiments, name)) for name in ("a", "b")]
    with ThreadPoolExecutor(2) as threads:
        lost = list(threads.map(lambda e: refused(lambda: experiments.rename(e, "x", NOW)), both))
    assert (sorted(lost), names(experiments).count("x")) == ([False, True], 1)


def test_an_experiment_renamed_to_many_names_at_once_bears_one_and_frees_the_others(
    experiments: Experiments,
) -> None:
    experiment = held(experiments, create(experiments, "a"))
    wanted = [f"x{i}" for i in range(6)]
    with ThreadPoolExecutor(6) as threads:
        lost = list(
            threads.map(lambda name: refused(lambda: experiments.rename(experiment, name, NOW)), wanted)
        )
    borne = held(experiments, experiment.experiment_id).name
    assert lost.count(False) == 1
    assert [name for name in ("a", *wanted) if refused(lambda name=name: create(experiments, name))] == [
        borne
    ]


def test_one_renaming_asked_for_many_times_at_once_keeps_the_name_taken(experiments: Experiments) -> None:
    experiment = held(experiments, create(experiments, "a"))
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: refused(lambda: experiments.rename(experiment, "x", NOW)), range(6)))
    assert held(experiments, experiment.experiment_id).name == "x"
    assert refused(lambda: create(experiments, "x"))


def test_a_renaming_that_knew_an_older_name_is_refused(experiments: Experiments) -> None:
    old = held(experiments, create(experiments, "x"))
    experiments.rename(old, "y", NOW)
    assert refused(lambda: experiments.rename(old, "z", NOW))
    create(experiments, "z")


def test_a_renaming_that_died_before_the_new_name_can_be_repeated_at_once(
    experiments: Experiments, engine: Engine
) -> None:
    experiment = held(experiments, create(experiments, "x"))
    with pytest.raises(Died):
        dying_at(experiments, engine, "update", "experiments").rename(experiment, "y", NOW)
    experiments.rename(experiment, "y", NOW + 1)
    assert refused(lambda: create(experiments, "y"))


def test_a_renaming_that_died_is_finished_by_the_next_that_wants_the_name(
    experiments: Experiments, engine: Engine
) -> None:
    experiment = held(experiments, create(experiments, "x"))
    with pytest.raises(Died):
        dying_at(experiments, engine, "update", "experiments").rename(experiment, "y", NOW)
    assert refused(lambda: create(experiments, "y"))
    assert held(experiments, experiment.experiment_id).name == "y"


def test_a_renaming_that_died_and_can_be_finished_no_more_leaves_the_name_free(
    experiments: Experiments, engine: Engine
) -> None:
    experiment = held(experiments, create(experiments, "x"))
    with pytest.raises(Died):
        dying_at(experiments, engine, "update", "experiments").rename(experiment, "y", NOW)
    experiments.delete(experiment.experiment_id, NOW)
    create(experiments, "y")
    assert held(experiments, experiment.experiment_id).name == "x"


def test_the_old_name_of_a_renaming_that_died_last_of_all_is_free(
    experiments: Experiments, engine: Engine
) -> None:
    experiment = held(experiments, create(experiments, "x"))
    with pytest.raises(Died):
        dying_at(experiments, engine, "update", "names").rename(experiment, "y", NOW)
    assert held(experiments, experiment.experiment_id).name == "y"
    create(experiments, "x")


def test_a_deleted_experiment_is_not_renamed(experiments: Experiments) -> None:
    experiment = held(experiments, create(experiments, "x"))
    experiments.delete(experiment.experiment_id, NOW)
    assert refused(lambda: experiments.rename(experiment, "y", NOW))
    create(experiments, "y")


def test_the_newest_experiment_comes_first(experiments: Experiments) -> None:
    for name, now in (("b", NOW + 1), ("c", NOW + 2), ("a", NOW)):
        create(experiments, name, now)
    assert names(experiments) == ["c", "b", "a"]


def test_experiments_of_one_moment_come_by_their_number(experiments: Experiments) -> None:
    for i in range(11):
        create(experiments, str(i))
    assert names(experiments) == [str(i) for i in range(11)]


def test_ties_of_an_order_come_by_falling_number(experiments: Experiments) -> None:
    made = [create(experiments, str(i)) for i in range(11)]
    found, _ = experiments.search((), (ACTIVE,), (Order(Path("created")),), ("", 100))
    assert [experiment.experiment_id for experiment in found] == made[::-1]


def test_stages_are_searched_apart(experiments: Experiments) -> None:
    experiments.delete(create(experiments, "gone"), NOW)
    create(experiments, "there", NOW + 1)
    assert names(experiments) == ["there"]
    assert names(experiments, stages=(DELETED,)) == ["gone"]
    assert names(experiments, stages=BOTH) == ["there", "gone"]


def test_a_tag_can_be_set_searched_and_deleted(experiments: Experiments) -> None:
    id = create(experiments, "x")
    experiments.set_tag(id, "team.x", "red")
    is_red = Clause(Path("tags", "team.x"), Op.EQ, "red")
    assert names(experiments, is_red) == ["x"]
    experiments.delete_tag(id, "team.x")
    assert names(experiments, is_red) == []


@pytest.mark.parametrize(
    "act",
    [
        lambda experiments, id: experiments.set_tag(id, "k", "v"),
        lambda experiments, id: experiments.delete_tag(id, "kept"),
        lambda experiments, id: experiments.delete(id, NOW),
    ],
    ids=["set tag", "delete tag", "delete"],
)
def test_a_deleted_experiment_is_not_changed(
    experiments: Experiments, act: Callable[[Experiments, str], None]
) -> None:
    id = experiments.create("x", ROOT, {"kept": "1"}, NOW)
    experiments.delete(id, NOW)
    before = held(experiments, id)
    assert refused(lambda: act(experiments, id))
    assert held(experiments, id) == before


def test_a_restored_experiment_is_as_it_was(experiments: Experiments) -> None:
    id = create(experiments, "x")
    before = held(experiments, id)
    experiments.delete(id, NOW + 1)
    experiments.restore(id, NOW + 2)
    assert held(experiments, id) == replace(before, last_update_time=NOW + 2)


def test_an_active_experiment_is_not_restored(experiments: Experiments) -> None:
    id = create(experiments, "x")
    assert refused(lambda: experiments.restore(id, NOW))


def test_the_default_experiment_is_made_once(experiments: Experiments) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: experiments.ensure_default("root/", NOW), range(4)))
    assert [e.experiment_id for e in experiments.search((), BOTH, (), ("", 9))[0]] == ["0"]


def test_a_default_experiment_that_was_left_unfinished_is_finished_at_once(
    experiments: Experiments, engine: Engine
) -> None:
    with pytest.raises(Died):
        dying_at(experiments, engine, "insert", "experiments").ensure_default("root/", NOW)
    experiments.ensure_default("root/", NOW + 1)
    assert held(experiments, "0").name == "Default"


def test_a_renamed_default_experiment_is_not_made_again(experiments: Experiments) -> None:
    experiments.ensure_default("root/", NOW)
    experiments.rename(held(experiments, "0"), "mine", NOW)
    experiments.ensure_default("root/", NOW)
    assert names(experiments) == ["mine"]


def test_workspaces_have_names_and_numbers_of_their_own(engine: Engine, experiments: Experiments) -> None:
    other = store_of(engine, "other", Piles()).experiments
    assert create(experiments, "x") == create(other, "x")


def test_another_workspace_reaches_no_experiment_by_its_id(engine: Engine, experiments: Experiments) -> None:
    other = store_of(engine, "other", Piles()).experiments
    id = create(experiments, "x")
    assert other.get(id) is None
    assert other.get_by_name("x") is None
    assert names(other, stages=BOTH) == []
    assert refused(lambda: other.set_tag(id, "k", "v"))
    assert refused(lambda: other.delete(id, NOW))
    assert engine.get(EXPERIMENTS, f"default|{id}") is not None
