"""The picture of the docs shows what the Bicep files deploy."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from infra import picture
from tests.infra.bicep import File
from tests.infra.combinations import ROLE, Part, conditions
from tests.infra.policy import ROLE_NAMES

SVG = "{http://www.w3.org/2000/svg}"
CHARACTER = 6.6
"""How wide a letter is at most, on average, at the picture's size."""


def test_the_picture_of_the_docs_is_what_the_files_deploy() -> None:
    assert picture.PICTURE.read_text() == picture.picture()


def test_every_kind_of_resource_and_every_role_is_in_it() -> None:
    drawn = picture.PICTURE.read_text()
    kinds = {part.type.rpartition("/")[2] for part in conditions() if part.type != ROLE}

    assert {kind for kind in kinds if f"{kind}:" not in drawn} == picture.PLUMBING
    assert all(f">{role}<" in drawn for role in ROLE_NAMES.values())


def test_a_resource_without_a_place_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    new = Part("Microsoft.Elsewhere/things", "thing", "")
    monkeypatch.setattr(picture, "conditions", lambda: {**conditions(), new: "always"})

    with pytest.raises(LookupError, match="has no place"):
        picture.picture()


def test_the_words_stay_in_their_boxes_and_the_boxes_in_the_picture() -> None:
    root = ElementTree.fromstring(picture.PICTURE.read_text())  # noqa: S314 (our own file)
    _, _, width, height = map(int, root.attrib["viewBox"].split())
    groups = root.findall(f"{SVG}g")

    assert len(groups) == len(picture.BOXES) + 1
    for group in groups:
        [frame] = group.findall(f"{SVG}rect")
        x, y, wide, high = (int(frame.attrib[name]) for name in ("x", "y", "width", "height"))
        assert x + wide <= width and y + high <= height
        for line in group.findall(f"{SVG}text"):
            assert int(line.attrib["x"]) + CHARACTER * len(line.text or "") <= x + wide, line.text
            assert y < int(line.attrib["y"]) < y + high


def test_the_makefile_checks_every_template_there_is() -> None:
    root = Path(__file__).parents[2]
    [templates] = re.findall(r"^TEMPLATES := (.+)$", (root / "Makefile").read_text(), re.M)
    files = [File(path) for path in sorted(root.glob("infra/*/*.bicep"))]

    assert sorted(templates.split()) == [str(file.path.relative_to(root)) for file in files]
