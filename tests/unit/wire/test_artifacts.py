"""Names, types and ranges of files, as a stock server sends them."""

from __future__ import annotations

import pytest
from mlflow.utils.mime_type_utils import _guess_mime_type, get_text_extensions

from genesis.artifacts import ArtifactInfo
from genesis.wire.artifacts import Span, attachment, content_type, file, span

NAMES = [
    "a.txt", "MLmodel", "MLproject", "model.pkl", "conda.yaml", "plot.png", "page.html", "data.CSV", ".json",
    "noextension", "two.dots.json", "ünïcode.md", "x.tar.gz", "a b.txt", 'quo"te.txt', "日本語.txt", "日本語",
    "semi;colon", "back\\slash.txt", "x.ipynb", "e=f,g.bin",
]  # fmt: skip


@pytest.mark.parametrize("name", [*NAMES, *(f"x.{e}" for e in get_text_extensions())])
def test_a_file_has_the_type_that_mlflow_gives_it(name: str) -> None:
    assert content_type(f"some/folder/{name}") == _guess_mime_type(name)


@pytest.mark.parametrize(
    ("name", "header"),
    # What _content_disposition_attachment of mlflow/server/handlers.py (3.17.2) makes of these names.
    [
        ("a.txt", "attachment; filename=a.txt"),
        ("a b.txt", 'attachment; filename="a b.txt"'),
        ('quo"te.txt', 'attachment; filename="quo\\"te.txt"'),
        ("ünïcode.md", "attachment; filename=unicode.md; filename*=UTF-8''%C3%BCn%C3%AFcode.md"),
        ("日本語.txt", "attachment; filename=.txt; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.txt"),
        ("日本語", "attachment; filename=download; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E"),
        ("semi;colon", 'attachment; filename="semi;colon"'),
        ("back\\slash.txt", 'attachment; filename="back\\\\slash.txt"'),
        ("e=f,g.bin", 'attachment; filename="e=f,g.bin"'),
    ],
)
def test_a_file_is_saved_under_its_own_name(name: str, header: str) -> None:
    assert attachment(f"some/folder/{name}") == header


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-4", (0, 4)),
        ("bytes=5-", (5, None)),
        ("bytes=-3", (None, 3)),
        ("bytes = 1 - 2", (1, 2)),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 40 + "-", None),
    ],
)
def test_one_byte_range_is_understood_and_anything_else_ignored(header: str, expected: Span | None) -> None:
    assert span(header) == expected


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (None, {"path": "p", "is_dir": True}),
        (0, {"path": "p", "is_dir": False}),
        (7, {"path": "p", "is_dir": False, "file_size": 7}),
    ],
)
def test_a_listing_leaves_out_the_size_of_folders_and_empty_files(
    size: int | None, shown: dict[str, object]
) -> None:
    assert file(ArtifactInfo("x/p", size), "p") == shown
