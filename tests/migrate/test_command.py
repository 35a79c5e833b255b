"""The command as a user has it: what it says first, what is in its way, and a real kill -9."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from genesis.entities.experiments import Experiment
from genesis.entities.runs import Run
from genesis.store import open_engine, store_of
from genesis.store.experiments import Location
from genesis.store.histories import Piles
from tests.migrate.conftest import Genesis, document
from tests.migrate.rows import rows
from tests.servers.serve import REPOSITORY, genesis_command, genesis_environment


def test_an_analysis_counts_and_changes_nothing(
    genesis: Genesis, stock: str, database_uri: str, tmp_path: Path
) -> None:
    move = ("migrate", stock, database_uri, "--work", str(tmp_path / "work"), "--json")
    found = document(genesis(*move, "--analyze"))
    counts = found["there_is"]
    assert {name: counts[name] for name in ("experiments", "runs", "runs deleted", "points", "files")} == {
        "experiments": 3,
        "runs": 12,
        "runs deleted": 5,
        "points": 606,
        "files": 12,
    }
    assert counts["bytes"] > 2000
    assert found["estimate"]["request units"] > 500
    assert (found["collisions"], found["would_not_fit"]) == ([], [])
    with closing(open_engine(database_uri)) as engine:
        assert list(store_of(engine, "default", Piles()).experiments.walk()) == []
    assert (tmp_path / "work" / "analysis.md").read_text().startswith("# What would be moved")
    # What was looked at before may be moved elsewhere.
    genesis(*move[:2], f"sqlite:///{tmp_path / 'other.db'}", *move[3:])


@pytest.fixture
def occupied(database_uri: str, stock: str) -> str:
    """A database in which others have a name, an id and a registered model's name of the source's."""
    with closing(open_engine(database_uri)) as engine:
        store = store_of(engine, "default", Piles())
        store.experiments.ensure_default("mlflow-artifacts:/", 1)
        store.experiments.create("mine", Location("mlflow-artifacts:/"), {}, 1)
        store.experiments.write(
            Experiment("9", "experiment 2/ü", "mlflow-artifacts:/9", 1, 1, "default", tags={"mine": "1"})
        )
        store.registered_models.create("model.1 ü", "mine", {}, 1)
    return database_uri


def test_what_is_in_the_way_is_told_first_and_nobody_elses_is_touched(
    genesis: Genesis, stock: str, occupied: str, tmp_path: Path
) -> None:
    move = ("migrate", stock, occupied, "--work", str(tmp_path / "work"), "--json")
    found = document(genesis(*move, "--analyze", code=1))
    collisions = [(one["kind"], one["id"]) for one in found["collisions"]]
    assert collisions == [("experiment", "2"), ("registered model", "model.1 ü")]
    assert [(one["kind"], one["id"]) for one in found["not_as_it_was"]] == [("experiment", "1")]
    moved = document(genesis(*move, code=1))
    assert [(one["kind"], one["id"]) for one in moved["problems"]] == collisions
    assert {"kind": "experiment", "id": "1", "there": "3"} in moved["ids_that_changed"]
    with closing(open_engine(occupied)) as engine:
        store = store_of(engine, "default", Piles())
        named = {e.name: e.experiment_id for e in store.experiments.walk()}
        assert named == {"Default": "0", "mine": "1", "experiment 2/ü": "9", "experiment 1/ü": "3"}
        assert store.registered_models.get("model.1 ü").description == "mine"
    differing = document(genesis(*move, "--verify", code=1))
    assert {(one["kind"], one["id"]) for one in differing["differences"]} == set(collisions)


def test_with_a_suffix_what_collides_is_there_beside_the_others(
    genesis: Genesis, stock: str, occupied: str, tmp_path: Path
) -> None:
    move = ("migrate", stock, occupied, "--work", str(tmp_path / "work"), "--suffix", " (old)", "--json")
    assert document(genesis(*move))["problems"] == []
    assert document(genesis(*move, "--verify"))["differences"] == []
    with closing(open_engine(occupied)) as engine:
        store = store_of(engine, "default", Piles())
        assert store.experiments.get_by_name("experiment 2/ü (old)") is not None
        assert store.registered_models.line("model.1 ü (old)") is not None


def test_a_run_that_another_has_the_id_of_is_told_and_its_files_stay(
    genesis: Genesis, stock: str, stock_folder: Path, sqlite_uri: str, tmp_path: Path
) -> None:
    run_id = rows(stock_folder / "mlflow.db", "/nowhere")["runs"][0]["run_uuid"]
    with closing(open_engine(sqlite_uri)) as engine:
        store = store_of(engine, "default", Piles())
        store.runs.write(Run(run_id, "mine", "0", "me", 1, f"mlflow-artifacts:/0/{run_id}/artifacts"))
    move = ("migrate", stock, sqlite_uri, "--work", str(tmp_path / "work"), "--json")
    moved = document(genesis(*move, code=1))
    assert [(one["kind"], one["id"]) for one in moved["problems"]] == [("run", run_id)]
    again = document(genesis(*move, code=1))
    assert [(one["kind"], one["id"]) for one in again["problems"]] == [("run", run_id)]
    with closing(open_engine(sqlite_uri)) as engine:
        assert store_of(engine, "default", Piles()).runs.get(run_id).name == "mine"
    assert not (tmp_path / "store" / "0" / run_id).exists()


def test_without_the_journal_what_is_there_already_is_known_again(
    genesis: Genesis, stock: str, database_uri: str, tmp_path: Path
) -> None:
    genesis("migrate", stock, database_uri, "--work", str(tmp_path / "one"))
    move = ("migrate", stock, database_uri, "--work", str(tmp_path / "two"), "--json")
    again = document(genesis(*move))
    assert again["problems"] == []
    assert not [what for what in again["moved_now"] if what.endswith(" written")]
    assert document(genesis(*move, "--verify"))["differences"] == []


def test_files_can_stay_where_they_are(
    genesis: Genesis, stock: str, stock_folder: Path, sqlite_uri: str, tmp_path: Path
) -> None:
    move = ("migrate", stock, sqlite_uri, "--work", str(tmp_path / "work"), "--no-artifacts", "--json")
    moved = document(genesis(*move))
    assert "files" not in moved["moved_now"]
    assert moved["not_as_it_was"][0]["why"] == f"artifacts stay at {stock_folder}/mlruns/0"
    assert document(genesis(*move, "--verify"))["differences"] == []


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("sqlite:////nowhere/x.db", "sqlite:///{tmp}/g.db", "There is no database"),
        ("{tmp}/nothing", "sqlite:///{tmp}/g.db", "There is no folder"),
        ("{tmp}", "sqlite:///{tmp}/g.db", "holds no experiments"),
        ("redis://x", "sqlite:///{tmp}/g.db", "of no kind"),
        ("http://127.0.0.1:9", "sqlite:///{tmp}/g.db", "127.0.0.1:9"),
    ],
)
def test_a_place_that_cannot_be_read_is_told_in_one_sentence(
    genesis: Genesis, source: str, target: str, words: str, tmp_path: Path
) -> None:
    names = {"tmp": str(tmp_path)}
    work = ("--work", str(tmp_path / "work"))
    done = genesis(
        *("migrate", source.format(**names), target.format(**names), *work),
        code=1,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
    )
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_schema_of_another_mlflow_is_not_touched_but_told_how_to_copy(
    genesis: Genesis, stock_folder: Path, sqlite_uri: str, tmp_path: Path
) -> None:
    old = tmp_path / "old.db"
    old.write_bytes((stock_folder / "mlflow.db").read_bytes())
    with closing(sqlite3.connect(old)) as database:
        database.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
        database.commit()
    before = old.read_bytes()
    done = genesis("migrate", f"sqlite:///{old}", sqlite_uri, "--work", str(tmp_path / "work"), code=1)
    assert "mlflow db upgrade" in done.stderr
    assert old.read_bytes() == before


def test_a_move_that_is_killed_three_times_is_whole_in_the_end(
    genesis: Genesis, stock: str, stock_folder: Path, sqlite_uri: str, tmp_path: Path
) -> None:
    move = ["migrate", stock, sqlite_uri, "--work", str(tmp_path / "work")]
    environment = genesis_environment({"GENESIS_ARTIFACTS_URI": (tmp_path / "store").as_uri()})
    drawn = random.Random(7)
    for _ in range(3):
        process = subprocess.Popen(
            genesis_command(*move), cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE
        )
        try:
            process.wait(1.5 + drawn.random())
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
    genesis(*move)
    assert json.loads((tmp_path / "work" / "report.json").read_text())["problems"] == []
    genesis(
        "export", sqlite_uri, f"sqlite:///{tmp_path / 'back' / 'mlflow.db'}", "--work", str(tmp_path / "out")
    )
    back = rows(tmp_path / "back" / "mlflow.db", str(tmp_path / "back" / "mlartifacts"))
    assert back == rows(stock_folder / "mlflow.db", str(stock_folder / "mlruns"))


def test_an_import_moves_into_the_database_of_the_settings(
    genesis: Genesis, stock: str, database_uri: str, tmp_path: Path
) -> None:
    imported = genesis(
        *("import", stock, "--work", str(tmp_path / "work"), "--json"), GENESIS_DATABASE_URI=database_uri
    )

    assert document(imported)["moved_in_all"]["run"] == 12
    with closing(open_engine(database_uri)) as engine:
        assert len(list(store_of(engine, "default", Piles()).experiments.walk())) == 3
