"""What is changed in the build, and that it is there to be changed."""

from __future__ import annotations

import pytest

from genesis.ui import changes, pinned, sources
from tests.unit.ui.wheels import BUILT, VIEWER, members

NAME = pinned.BUILD + changes.VIEWER


def test_the_pinned_build_shows_html_as_what_is_changed_does() -> None:
    files = sources.installed()
    assert files is not None

    found = dict(changes.changed((name, content) for name, content in files if name == NAME))

    script = found[NAME]
    # What our frame is given is what the frame by blob was given, in a frame without an origin.
    assert b"<iframe" not in script and b'sandbox:"allow-scripts"' in script[script.index(changes.BY_FRAME) :]
    assert changes.BY_BLOB not in script
    assert script.startswith(b"/* Changed by Genesis-Flow")


def test_nothing_else_is_changed() -> None:
    found = dict(changes.changed(sorted(members().items())))

    licences = {name for name in found if not name.startswith(pinned.BUILD)}
    served = {name.removeprefix(pinned.BUILD): found[name] for name in found.keys() - licences}
    assert served == BUILT
    assert {name: found[name] for name in licences} == {
        name: members()[name] for name in members() if not name.startswith(pinned.BUILD)
    }


@pytest.mark.parametrize("viewer", [b"", VIEWER * 2, VIEWER.replace(b"html", b"text")])
def test_a_build_that_shows_html_otherwise_is_refused(viewer: bytes) -> None:
    with pytest.raises(pinned.WrongBuild, match="HTML artifacts"):
        list(changes.changed([(NAME, viewer)]))
    with pytest.raises(pinned.WrongBuild):
        list(changes.changed([]))
