"""The table of rows, and how a path finds its row."""

from __future__ import annotations

import pytest

from genesis.errors import GenesisError
from genesis.routes import ROUTES, match


def test_no_two_rows_claim_one_place() -> None:
    places = [(route.method, path) for route in ROUTES for path in route.paths()]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("rest", ["a", "a/b/c", "a b", "ü", "a\nb", "a%2Fb", "/a", "a/"])
def test_the_rest_of_a_path_is_one_parameter(rest: str) -> None:
    route, parameters = match("GET", f"/api/2.0/mlflow-artifacts/artifacts/{rest}")
    assert route.handler.__name__ == "download"
    assert parameters == {"artifact_path": rest}


def test_the_folder_itself_is_listed() -> None:
    assert match("GET", "/api/2.0/mlflow-artifacts/artifacts")[0].handler.__name__ == "list_proxied"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/index.html",
        "/static-files/",
        "/api",
        "/API/2.0/mlflow/runs/get",
        "/api/3.0/mlflow/runs/get",
        "/mlflow/runs/get",
    ],
)
def test_other_paths_are_unknown(path: str) -> None:
    with pytest.raises(GenesisError) as caught:
        match("GET", path)
    assert caught.value.status == 404
