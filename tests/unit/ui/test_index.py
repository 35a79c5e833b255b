"""How a wheel is had from a package index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genesis.ui import index, pinned
from genesis.ui.index import Index, Unreachable
from tests.unit.ui.conftest import PackageIndex


def unseen(total: int, count: int) -> None: ...


@pytest.mark.parametrize("variable", index.VARIABLES)
def test_each_variable_names_the_index(variable: str) -> None:
    assert Index({variable: "https://packages.example/simple"}).url == "https://packages.example/simple"


def test_without_one_it_is_pypi() -> None:
    assert Index({"PIP_INDEX_URL": ""}).url == "https://pypi.org/simple"


def test_a_file_is_found_in_html_without_its_fragment(package_index: PackageIndex) -> None:
    found = Index({"PIP_INDEX_URL": f"{package_index.url}/simple"}).find("mlflow", pinned.WHEEL)

    assert found == f"{package_index.url}/files/{pinned.WHEEL}"


def test_a_file_is_found_in_json(package_index: PackageIndex) -> None:
    files = [{"url": "https://files.example/a/mlflow-1.whl"}, {"url": f"../{pinned.WHEEL}?x=1"}]
    kind = "application/vnd.pypi.simple.v1+json"
    package_index.replies["/simple/mlflow/"] = (kind, json.dumps({"files": files}).encode())

    found = Index({"PIP_INDEX_URL": f"{package_index.url}/simple"}).find("mlflow", pinned.WHEEL)

    assert found == f"{package_index.url}/simple/{pinned.WHEEL}?x=1"


@pytest.mark.parametrize("reply", [b"<html>sign in</html>", b""])
def test_an_index_that_lacks_it_is_told_by_its_address(package_index: PackageIndex, reply: bytes) -> None:
    package_index.replies["/simple/mlflow/"] = ("text/html", reply)

    with pytest.raises(Unreachable, match=rf"{package_index.host}/simple/mlflow/ has no {pinned.WHEEL}"):
        Index({"PIP_INDEX_URL": f"{package_index.url}/simple"}).find("mlflow", pinned.WHEEL)


@pytest.mark.parametrize("reply", [b"[]", b"{}", b"{", b'{"files": [1]}'])
def test_json_that_is_no_index_is_told(package_index: PackageIndex, reply: bytes) -> None:
    package_index.replies["/simple/mlflow/"] = ("application/json", reply)

    with pytest.raises(Unreachable, match="/simple/mlflow/ cannot be had"):
        Index({"PIP_INDEX_URL": f"{package_index.url}/simple"}).find("mlflow", pinned.WHEEL)


def test_what_the_index_answers_is_told(package_index: PackageIndex) -> None:
    with pytest.raises(Unreachable, match="it answers 404 Not Found"):
        Index({"PIP_INDEX_URL": f"{package_index.url}/other"}).find("mlflow", pinned.WHEEL)


def test_a_password_goes_to_the_index_and_not_where_it_leads(
    package_index: PackageIndex, tmp_path: Path
) -> None:
    other = PackageIndex()
    other.replies["/moved"] = ("application/octet-stream", b"wheel")
    package_index.moved[f"/files/{pinned.WHEEL}"] = f"{other.url}/moved"
    known = Index({"PIP_INDEX_URL": f"http://ada:p%40ss@{package_index.host}/simple"})

    known.download(known.find("mlflow", pinned.WHEEL), tmp_path / "wheel", unseen)
    other.close()

    basic = "Basic YWRhOnBAc3M="
    assert package_index.asked == [("/simple/mlflow/", basic), (f"/files/{pinned.WHEEL}", basic)]
    assert other.asked == [("/moved", None)]
    assert (tmp_path / "wheel").read_bytes() == b"wheel"


def test_a_password_is_in_no_message(package_index: PackageIndex) -> None:
    known = Index({"PIP_INDEX_URL": f"http://ada:secret@{package_index.host}/nothing?token=secret"})

    with pytest.raises(Unreachable) as told:
        known.find("mlflow", pinned.WHEEL)
    assert "secret" not in str(told.value) and "ada" not in str(told.value)


def test_a_download_that_is_cut_off_is_told(package_index: PackageIndex, tmp_path: Path) -> None:
    url = f"{package_index.url}/files/{pinned.WHEEL}"
    package_index.cut.add(f"/files/{pinned.WHEEL}")

    with pytest.raises(Unreachable, match=r"cut off after \d+ of \d+ bytes|IncompleteRead"):
        Index({}).download(url, tmp_path / "wheel", unseen)


def test_bytes_are_told_as_they_come(package_index: PackageIndex, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    url = f"{package_index.url}/files/{pinned.WHEEL}"

    Index({}).download(url, tmp_path / "wheel", lambda total, count: seen.append((total, count)))

    size = (tmp_path / "wheel").stat().st_size
    assert {total for total, _ in seen} == {size} and sum(count for _, count in seen) == size


@pytest.mark.parametrize("url", ["ftp://files.example/a.whl", "data:,x"])
def test_other_schemes_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(Unreachable, match="only https, http and file"):
        Index({}).download(url, tmp_path / "wheel", unseen)
