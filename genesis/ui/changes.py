"""What is changed in the build: HTML artifacts are shown in a frame whose scripts run, and reach nothing.

MLflow's page shows them by a blob: URL, in which its own policy holds: one that lets artifacts' scripts run
would let them run in the page, too. So the frame loads a page of ours, which has a policy of its own and no
origin, and is handed what the page has fetched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from genesis.ui import pinned

FRAME = "artifact-frame.html"
VIEWER = "static/js/930.7554884c.chunk.js"
"""The file that shows HTML artifacts."""
BY_BLOB = b'src:this.getBlobURL(this.state.html,"text/html")'
# Whatever is shown next is shown in a new frame. One of no origin is of any ("*").
BY_FRAME = (
    b'src:"static-files/' + FRAME.encode() + b'",'
    b'onLoad:e=>e.target.contentWindow.postMessage({html:this.state.html},"*")'
)
NOTICE = b"/* Changed by Genesis-Flow: HTML artifacts are shown in static-files/" + FRAME.encode() + b". */\n"

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

SHA256 = hashlib.sha256(b"\0".join((VIEWER.encode(), BY_BLOB, BY_FRAME, NOTICE, PAGE))).hexdigest()
"""Of all that is changed: a build with other changes is another one."""


def changed(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The files with our changes; raises WrongBuild after the last one unless there was what to change."""
    is_changed = False
    for name, content in files:
        if name == pinned.BUILD + VIEWER and content.count(BY_BLOB) == 1:
            content, is_changed = NOTICE + content.replace(BY_BLOB, BY_FRAME), True
        yield name, content
    if not is_changed:
        raise pinned.WrongBuild(
            f"{VIEWER} does not show HTML artifacts as that of MLflow {pinned.VERSION} does."
        )
    yield pinned.BUILD + FRAME, PAGE
