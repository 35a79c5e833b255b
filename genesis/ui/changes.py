"""What is changed in the build: two expressions, and a page of ours beside it.

**HTML artifacts** are shown in a frame whose scripts run, and reach nothing. MLflow's page shows them by a
blob: URL, in which its own policy holds: one that lets artifacts' scripts run would let them run in the page,
too. So the frame loads a page of ours, which has a policy of its own and no origin, and is handed what the
page has fetched.

**The assistant**, programs of MLflow's on the machine of a server, is not offered: there is none here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from genesis.ui import pinned

FRAME = "artifact-frame.html"


class Change(NamedTuple):
    """An expression of one file of the build, which is there once, and what it becomes."""

    path: str
    old: bytes
    new: bytes
    said: bytes
    """In the file's first line, as its licence asks."""


CHANGES = (
    Change(
        "static/js/930.7554884c.chunk.js",
        b'src:this.getBlobURL(this.state.html,"text/html")',
        # Whatever is shown next is shown in a new frame. One of no origin is of any ("*").
        b'src:"static-files/' + FRAME.encode() + b'",'
        b'onLoad:e=>e.target.contentWindow.postMessage({html:this.state.html},"*")',
        b"HTML artifacts are shown in a frame of their own.",
    ),
    Change(
        "static/js/main.c2f5f8d4.js",
        b'const e=window.location.hostname;return"localhost"===e||"127.0.0.1"===e||"::1"===e',
        # Elsewhere the server is asked, and says no.
        b"return!1",
        b"The assistant is not offered on the server's machine either.",
    ),
)

# The page shows nothing to whoever opens it, or frames it from elsewhere. Writing ends its listener.
PAGE = b"""<!doctype html>
<meta charset="utf-8">
<title>HTML artifact</title>
<script>
addEventListener("message", ({data, origin, source}) => {
  if (source !== parent || parent === window || origin !== location.origin) return;
  document.open();
  document.write(data.html);
  document.close();
}, {once: true});
</script>
"""

SHA256 = hashlib.sha256(repr((CHANGES, FRAME, PAGE)).encode()).hexdigest()
"""Of all that is changed: a build with other changes is another one."""


def changed(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The files with our changes; raises WrongBuild after the last one unless there was what to change."""
    wanted = {pinned.BUILD + change.path: change for change in CHANGES}
    for name, content in files:
        change = wanted.get(name)
        if change is not None and content.count(change.old) == 1:
            content = notice(change) + content.replace(change.old, change.new)
            del wanted[name]
        yield name, content
    if wanted:
        path = next(iter(wanted.values())).path
        raise pinned.WrongBuild(f"{path} lacks what is changed in that of MLflow {pinned.VERSION}.")
    yield pinned.BUILD + FRAME, PAGE


def notice(change: Change) -> bytes:
    return b"/* Changed by Genesis-Flow: " + change.said + b" */\n"
