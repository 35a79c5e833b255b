"""Hostile paths are refused in MLflow's words; harmless ones come out in one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.utils.uri import validate_path_is_safe

from genesis.artifacts import paths
from genesis.errors import Code, GenesisError

TRAVERSALS = [
    "..",
    "../a",
    "a/../b",
    "a/..",
    "a/../../b",
    "%2e%2e/a",
    "%2E%2E/a",
    "a/%2e./b",
    "..%2fa",
    "%252e%252e/a",
    "..%252fa",
    "%25252e%25252e%25252fa",
]
ABSOLUTE = [
    "/a",
    "//a",
    "/",
    "%2fa",
    "%252fa",
    "C:/a",
    "C:\\a",
    "c%3A/a",
    "file:///etc/passwd",
    "FILE:/a",
    "file:a",
]
FOREIGN = ["a\\b", "a%5cb", "..\\a", "a%255cb", "\\\\host\\share", "a#b", "a%23b", "a%2523b"]
CONTROLS = ["a\0b", "a%00b", "a%2500b", "a\nb", "a%0ab", "a\tb", "a\x7fb", "a\x1f", "a\x85b", "\x01/a"]
UNSTORABLE = [
    "\ud800",
    "a\ufffe",
    "a\uffffb",
    "a" * 256,
    "é" * 128,
    "/".join("a" * 1024),
    "a/" * 251,
    "b" * 1025,
]
DEEP = ["%" + "25" * 11 + "41"]
REFUSED = TRAVERSALS + ABSOLUTE + FOREIGN + CONTROLS + UNSTORABLE + DEEP
ROOTS = ["", ".", "./", "././.", "%2e"]


@pytest.mark.parametrize("path", REFUSED)
@pytest.mark.parametrize("check", [paths.safe, paths.safe_file, paths.safe_folder])
def test_a_hostile_path_is_refused_in_mlflows_words(check, path):
    with pytest.raises(GenesisError) as refusal:
        check(path)
    assert (refusal.value.code, refusal.value.message) == (Code.INVALID_PARAMETER_VALUE, "Invalid path")


@pytest.mark.parametrize("path", [*TRAVERSALS, "/a", "C:/a", "a#b", "file:a"])
def test_a_stock_server_refuses_it_with_the_same_message(path):
    with pytest.raises(MlflowException, match=r"^Invalid path$"):
        validate_path_is_safe(path)


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("a", "a"),
        ("a/b.txt", "a/b.txt"),
        ("a//b", "a/b"),
        ("./a/./b", "a/b"),
        ("a%2Fb", "a/b"),
        ("a%20b+é ü.txt", "a b+é ü.txt"),
        ("a%2520b", "a b"),
        ("a?b;c=d&e", "a?b;c=d&e"),
        ("...", "..."),
        ("..a/b..", "..a/b.."),
        ("~/.ssh", "~/.ssh"),
        ("a:b/c", "a:b/c"),
        ("mlflow-artifacts:/a", "mlflow-artifacts:/a"),
        ("日本語/模型.pkl", "日本語/模型.pkl"),
        ("é" * 127, "é" * 127),
        ("a" * 255, "a" * 255),
        ("a" + "/b" * 249, "a" + "/b" * 249),
    ],
)
def test_a_harmless_path_is_normalised(path, normal):
    assert paths.safe(path) == paths.safe_folder(path) == normal


@pytest.mark.parametrize("path", ["100%", "100%.txt", "a%zz", "50%/a", "%", "a%2"])
def test_a_bare_percent_sign_stays_as_on_a_stock_server(path):
    assert paths.safe(path) == validate_path_is_safe(path) == path


@pytest.mark.parametrize("path", ROOTS)
def test_the_root_is_a_folder_and_not_an_artifact(path):
    assert paths.safe_folder(path) == paths.safe_folder(None) == ""
    with pytest.raises(GenesisError, match=r"^Invalid path$"):
        paths.safe(path)


@pytest.mark.parametrize("path", ["a/", "a/b//", "a%2f"])
def test_a_trailing_slash_names_a_folder_and_no_file_to_write(path):
    assert paths.safe(path) == path.replace("%2f", "/").rstrip("/")
    with pytest.raises(GenesisError, match="must include a filename") as refusal:
        paths.safe_file(path)
    assert refusal.value.status == 400


@given(st.text(alphabet=st.sampled_from("a.%/\\25feE:# ~\0é"), max_size=30))
def test_whatever_is_let_through_stays_below_the_root_and_is_its_own_normal_form(path):
    try:
        normal = paths.safe(path)
    except GenesisError:
        return
    assert not normal.startswith("/")
    assert not {"", ".", ".."} & set(normal.split("/"))
    assert paths.safe(normal) == normal


@given(st.text(max_size=30))
def test_whatever_a_stock_server_refuses_is_refused(path):
    try:
        validate_path_is_safe(path)
    except MlflowException:
        with pytest.raises(GenesisError):
            paths.safe_folder(path)
    except ValueError:
        pass  # Its urlparse stumbles over "//[": a 500 there.


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("mlflow-artifacts:/1/abc/artifacts", "1/abc/artifacts"),
        ("mlflow-artifacts:///1/abc/artifacts", "1/abc/artifacts"),
        ("mlflow-artifacts://host:5000/1/abc/artifacts", "1/abc/artifacts"),
        ("mlflow-artifacts:/", ""),
        ("mlflow-artifacts:/1/abc/artifacts/", "1/abc/artifacts"),
        ("mlflow-artifacts:/my%20team/1", "my team/1"),
        ("http://h:5000/api/2.0/mlflow-artifacts/artifacts/1/abc", "1/abc"),
        ("https://h/prefix/api/2.0/mlflow-artifacts/artifacts/1/abc", "1/abc"),
        ("https://h/api/2.0/mlflow-artifacts/artifacts", ""),
        ("https://h/api/2.0/mlflow-artifacts/artifactsX/1", None),
        ("https://h/1/abc", None),
        ("http://[::1", None),
        ("s3://bucket/1", None),
        ("wasbs://c@a.blob.core.windows.net/1", None),
        ("file:///mlruns/1", None),
        ("/mlruns/1", None),
        ("", None),
    ],
)
def test_a_location_is_served_here_when_it_is_proxied(location, path):
    assert paths.within(location) == path


@pytest.mark.parametrize(
    "location", ["mlflow-artifacts:/../../etc", "https://h/api/2.0/mlflow-artifacts/artifacts/%2e%2e/a"]
)
def test_a_proxied_location_cannot_leave_the_store(location):
    with pytest.raises(GenesisError, match=r"^Invalid path$"):
        paths.within(location)


@pytest.mark.parametrize(
    ("path", "workspace", "stored"),
    [
        ("1/a", "default", "1/a"),
        ("", "default", ""),
        ("workspaces/default/1", "default", "workspaces/default/1"),
        ("workspaces2/a", "default", "workspaces2/a"),
        ("1/a", "red", "workspaces/red/1/a"),
        ("", "red", "workspaces/red"),
        ("workspaces/red/1", "red", "workspaces/red/1"),
        ("workspaces/red", "red", "workspaces/red"),
        ("a/workspaces/blue", "red", "workspaces/red/a/workspaces/blue"),
    ],
)
def test_a_workspaces_paths_lie_in_its_own_folder(path, workspace, stored):
    assert paths.scoped(path, workspace) == stored


@pytest.mark.parametrize(
    ("path", "workspace"), [("workspaces/blue/1", "red"), ("workspaces/blue", "default")]
)
def test_another_workspaces_path_is_refused(path, workspace):
    with pytest.raises(GenesisError) as refusal:
        paths.scoped(path, workspace)
    assert refusal.value.status == 400
    assert refusal.value.message == (
        f"Artifact path targets workspace 'blue' but the workspace specified in the request is '{workspace}'."
    )


ALIKE = ["Workspaces", "work\u017fpaces", "workspaces.", "workspaces ", "work\u200cspaces", "\uff37orkspaces"]


@pytest.mark.parametrize("folder", [*ALIKE, "workspaces::$INDEX_ALLOCATION"])
def test_what_a_file_system_may_take_for_the_folder_of_workspaces_is_as_closed(folder):
    with pytest.raises(GenesisError, match="targets workspace 'blue'"):
        paths.scoped(f"{folder}/blue/1", "default")


@pytest.mark.parametrize("workspace", ["red", "default"])
def test_the_folder_of_all_workspaces_belongs_to_none(workspace):
    with pytest.raises(GenesisError, match="must include a workspace name"):
        paths.scoped("workspaces", workspace)
