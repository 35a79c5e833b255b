"""What is changed in the build, and that it is there to be changed."""

from __future__ import annotations

import pytest

from genesis.ui import changes, pinned, sources
from genesis.ui.changes import CHANGES, Change
from tests.unit.ui.wheels import BUILT, members


def test_the_pinned_build_has_what_is_changed() -> None:
    files = sources.installed()
    assert files is not None
    paths = {pinned.BUILD + change.path for change in CHANGES}

    found = dict(changes.changed((name, content) for name, content in files if name in paths))

    viewer, page = (found[pinned.BUILD + change.path] for change in CHANGES)
    # Our frame is without an origin, as the frame by blob was.
    assert b'sandbox:"allow-scripts"' in viewer[viewer.index(CHANGES[0].new) :][:400]
    assert b"isLocalServer:n" in page
    for content in (viewer, page):
        assert content.startswith(b"/* Changed by Genesis-Flow: ")


def test_nothing_else_is_changed() -> None:
    found = dict(changes.changed(sorted(members().items())))

    licences = {name: content for name, content in found.items() if not name.startswith(pinned.BUILD)}
    served = {name.removeprefix(pinned.BUILD): found[name] for name in found.keys() - licences.keys()}
    assert served == BUILT
    assert licences == {name: content for name, content in members().items() if name in licences}
    assert len(licences) == 1


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.path)
@pytest.mark.parametrize("times", [0, 2])
def test_a_build_that_does_it_otherwise_is_refused(change: Change, times: int) -> None:
    name = pinned.BUILD + change.path

    with pytest.raises(pinned.WrongBuild, match=change.path):
        list(changes.changed({**members(), name: change.old * times}.items()))
    without = members()
    del without[name]
    with pytest.raises(pinned.WrongBuild, match=change.path):
        list(changes.changed(without.items()))
