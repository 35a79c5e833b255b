"""``genesis ui build``."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from genesis.__main__ import main
from genesis.ui import build, fetching, pinned, sources
from tests.unit.ui.conftest import PackageIndex
from tests.unit.ui.wheels import BUILT, IMAGE, LICENCE, SCRIPT, members, pin, write_wheel


def run(*arguments: str | Path, **environment: str) -> Result:
    names = ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "GENESIS_UI", "GENESIS_DATA", "http_proxy")
    cleared: dict[str, str | None] = {name: None for name in names}
    return CliRunner().invoke(main, ["ui", "build", *map(str, arguments)], env={**cleared, **environment})


def content(folder: Path) -> dict[str, bytes]:
    """The files of a build as they were in the wheel."""
    manifest = json.loads((folder / "genesis-ui.json").read_bytes())
    return {
        path: (folder / "files" / path).read_bytes()
        if entry["gzip"] is None
        else gzip.decompress((folder / "files" / f"{path}.gz").read_bytes())
        for path, entry in manifest["files"].items()
    }


def left_beside(folder: Path) -> list[str]:
    return [one.name for one in folder.parent.iterdir() if one.name.startswith(".genesis-ui")]


def test_the_build_of_a_wheel_is_kept_with_its_licence(tmp_path: Path, wheel: Path) -> None:
    done = run("--into", tmp_path / "ui", "--wheel", wheel)

    assert done.exit_code == 0, done.output
    assert content(tmp_path / "ui") == BUILT
    assert (tmp_path / "ui" / "licences" / "LICENSE.txt").read_bytes() == LICENCE
    assert not (tmp_path / "ui" / "files" / "__init__.py").exists()
    assert left_beside(tmp_path / "ui") == []


def test_what_gzip_makes_smaller_is_kept_so_alone(tmp_path: Path, wheel: Path) -> None:
    run("--into", tmp_path / "ui", "--wheel", wheel)

    files = tmp_path / "ui" / "files" / "static"
    assert gzip.decompress((files / "js" / "main.0123abcd.js.gz").read_bytes()) == SCRIPT
    assert not (files / "js" / "main.0123abcd.js").exists()
    assert (files / "media" / "logo.0123456789abcdef.png").read_bytes() == IMAGE


def test_the_manifest_names_each_file(tmp_path: Path, wheel: Path) -> None:
    run("--into", tmp_path / "ui", "--wheel", wheel)

    manifest = json.loads((tmp_path / "ui" / "genesis-ui.json").read_bytes())
    script = manifest["files"]["static/js/main.0123abcd.js"]
    packed = tmp_path / "ui" / "files" / "static" / "js" / "main.0123abcd.js.gz"
    assert manifest["mlflow"] == pinned.VERSION
    assert len(script.pop("etag")) == 32
    assert script == {
        "type": "text/javascript; charset=utf-8",
        "size": len(SCRIPT),
        "gzip": packed.stat().st_size,
    }


def test_another_wheel_is_refused_before_anything_is_kept(tmp_path: Path, wheel: Path) -> None:
    other = write_wheel(tmp_path / "other.whl", {"mlflow/another.py": b"the UI is the same"})

    done = run("--into", tmp_path / "ui", "--wheel", other)

    assert done.exit_code == 1
    assert "other.whl is not the" in done.stderr and "SHA-256" in done.stderr
    assert not (tmp_path / "ui").exists()
    assert left_beside(tmp_path / "ui") == []


def test_names_that_lead_out_of_the_folder_are_left_out(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    escaping = write_wheel(tmp_path / "other.whl", {f"{pinned.BUILD}../../../../../escaped": b"out"})
    pin(monkeypatch, escaping)

    done = run("--into", tmp_path / "a" / "ui", "--wheel", escaping)

    assert done.exit_code == 0, done.output
    assert content(tmp_path / "a" / "ui") == BUILT
    assert not list(tmp_path.rglob("escaped"))


def test_the_wheel_comes_from_the_index_that_pip_is_told_of(
    tmp_path: Path, package_index: PackageIndex
) -> None:
    done = run("--into", tmp_path / "ui", PIP_INDEX_URL=f"{package_index.url}/simple")

    assert done.exit_code == 0, done.output
    assert content(tmp_path / "ui") == BUILT


def test_it_reports_in_json(tmp_path: Path, package_index: PackageIndex) -> None:
    done = run("--into", tmp_path / "ui", "--json", UV_DEFAULT_INDEX=f"{package_index.url}/simple/")

    report = json.loads(done.stdout)
    kept = report.pop("kept")
    assert report == {
        "folder": str(tmp_path / "ui"),
        "source": f"{package_index.url}/files/{pinned.WHEEL}",
        "files": len(BUILT),
        "bytes": sum(map(len, BUILT.values())),
        "mlflow": pinned.VERSION,
    }
    assert kept == sum(one.stat().st_size for one in (tmp_path / "ui" / "files").rglob("*") if one.is_file())


def test_a_build_that_is_there_is_left_alone(tmp_path: Path, package_index: PackageIndex) -> None:
    settings = {"PIP_INDEX_URL": f"{package_index.url}/simple"}
    run("--into", tmp_path / "ui", **settings)
    asked = len(package_index.asked)
    inode = (tmp_path / "ui").stat().st_ino

    done = run("--into", tmp_path / "ui", **settings)

    assert done.exit_code == 0 and "already" in done.output
    assert (len(package_index.asked), (tmp_path / "ui").stat().st_ino) == (asked, inode)


def test_an_older_build_is_replaced(tmp_path: Path, wheel: Path) -> None:
    old = tmp_path / "ui"
    build.write([(f"{pinned.BUILD}old.js", b"old")], old)
    manifest = json.loads((old / build.MANIFEST).read_bytes())
    (old / build.MANIFEST).write_text(json.dumps({**manifest, "sha256": "of another version"}))

    done = run("--into", old, "--wheel", wheel)

    assert done.exit_code == 0, done.output
    assert content(old) == BUILT
    assert not (old / "files" / "old.js").exists()
    assert left_beside(old) == []


def test_a_build_with_other_changes_of_ours_is_replaced(tmp_path: Path, wheel: Path) -> None:
    old = tmp_path / "ui"
    build.write(sorted(members().items()), old)
    manifest = json.loads((old / build.MANIFEST).read_bytes())
    del manifest["changes"]
    (old / build.MANIFEST).write_text(json.dumps(manifest))

    assert run("--into", old, "--wheel", wheel).exit_code == 0
    assert content(old) == BUILT


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")

    done = run("--into", tmp_path / "mine", "--wheel", wheel)

    assert done.exit_code == 1 and "another folder" in done.stderr
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "ui").mkdir()

    assert run("--into", tmp_path / "ui", "--wheel", wheel).exit_code == 0
    assert content(tmp_path / "ui") == BUILT


def test_an_interrupted_build_leaves_nothing_and_is_done_anew(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(files: sources.Files, folder: Path) -> Any:
        def some() -> Iterator[tuple[str, bytes]]:
            yield next(iter(files))
            raise KeyboardInterrupt

        return build.write(some(), folder)

    with monkeypatch.context() as patched:
        patched.setattr(fetching, "write", broken)
        assert run("--into", tmp_path / "ui", "--wheel", wheel).exit_code != 0
    assert not (tmp_path / "ui").exists()
    assert left_beside(tmp_path / "ui") == []

    assert run("--into", tmp_path / "ui", "--wheel", wheel).exit_code == 0
    assert content(tmp_path / "ui") == BUILT


def test_what_a_killed_build_left_is_removed_when_it_is_old(tmp_path: Path, wheel: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / f".genesis-ui-{name}").mkdir()
    os.utime(tmp_path / ".genesis-ui-old", (0, 0))

    run("--into", tmp_path / "ui", "--wheel", wheel)

    assert left_beside(tmp_path / "ui") == [".genesis-ui-new"]


def test_two_builds_at_once_do_no_harm(tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = threading.Barrier(2)

    def together(files: sources.Files, folder: Path) -> Any:
        counts = build.write(files, folder)
        written.wait(30)
        return counts

    monkeypatch.setattr(fetching, "write", together)

    def fetched(_: int) -> fetching.Report:
        return fetching.fetch(tmp_path / "ui", {}, lambda *_: None, str(wheel))

    with ThreadPoolExecutor(2) as threads:
        assert len(list(threads.map(fetched, range(2)))) == 2

    assert content(tmp_path / "ui") == BUILT
    assert left_beside(tmp_path / "ui") == []


def test_a_build_that_somebody_else_put_there_meanwhile_is_as_good(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def after_another(old: Path, new: Path) -> None:
        shutil.copytree(old, new)
        os.replace(old, new)

    monkeypatch.setattr(build.os, "rename", after_another)

    assert run("--into", tmp_path / "ui", "--wheel", wheel).exit_code == 0
    assert content(tmp_path / "ui") == BUILT


def test_what_somebody_puts_there_meanwhile_is_not_removed(tmp_path: Path, wheel: Path) -> None:
    build.write(sorted(members().items()), tmp_path / "new")
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui" / "thesis.txt").write_text("years of work")

    with pytest.raises(build.NotOurs):
        build.put_in_place(tmp_path / "new", tmp_path / "ui")
    assert (tmp_path / "ui" / "thesis.txt").exists()


def test_the_mlflow_that_is_installed_saves_the_download(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "installed", lambda: sorted(members().items()))

    done = run("--into", tmp_path / "ui", PIP_INDEX_URL="http://127.0.0.1:1/simple")

    assert done.exit_code == 0 and fetching.INSTALLED in done.output
    assert content(tmp_path / "ui") == BUILT


def test_an_installed_mlflow_that_somebody_changed_is_refused(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {**members(), f"{pinned.BUILD}index.html": b"<script>evil()</script>"}
    monkeypatch.setattr(fetching, "installed", lambda: sorted(changed.items()))

    done = run("--into", tmp_path / "ui")

    assert done.exit_code == 1 and "list has another SHA-256" in done.stderr
    assert not (tmp_path / "ui").exists()


def test_the_mlflow_of_these_tests_has_the_pinned_build() -> None:
    files = sources.installed()

    assert files is not None
    assert sum(1 for _ in sources.checked(files)) > 400


def test_a_missing_wheel_is_told_in_one_line(tmp_path: Path, wheel: Path) -> None:
    done = run("--into", tmp_path / "ui", "--wheel", tmp_path / "nowhere.whl")

    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert "nowhere.whl" in done.stderr


def test_it_goes_where_settings_say(tmp_path: Path, wheel: Path) -> None:
    assert run("--wheel", wheel, GENESIS_DATA=str(tmp_path / "data")).exit_code == 0
    assert content(tmp_path / "data" / "ui") == BUILT
    assert run("--wheel", wheel, GENESIS_UI=str(tmp_path / "own")).exit_code == 0
    assert content(tmp_path / "own") == BUILT


def test_where_no_ui_is_wanted_a_folder_must_be_named(tmp_path: Path, wheel: Path) -> None:
    done = run("--wheel", wheel, GENESIS_UI="none")

    assert done.exit_code == 2 and "--into" in done.output
    assert run("--wheel", wheel, "--into", tmp_path / "ui", GENESIS_UI="none").exit_code == 0
    shutil.rmtree(tmp_path / "ui")
