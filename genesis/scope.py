"""What a verb may use: one workspace's store and artifacts, and the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from genesis.artifacts import ArtifactStore
from genesis.entities.logged_models import LoggedModel
from genesis.store import Store
from genesis.ui.site import Site

NO_SITE = Site(None)


@dataclass(frozen=True)
class Scope:
    """One request's reach; nothing outside ``workspace`` can be got at through it.

    Database and artifacts are opened when a verb asks for them. (Properties that remember would share one
    lock among all requests on Python 3.11.)
    """

    workspace: str
    artifact_root: str
    """URI that ends in `/`, under which new experiments put their artifacts."""
    open_store: Callable[[], Store]
    open_artifacts: Callable[[], ArtifactStore]
    principal: str = ""
    """Who asks, by the name that people know; empty where nobody has to say it."""
    base_url: str = ""
    """This server as the client reaches it: scheme and host, no `/` at the end."""
    redirects: bool = False
    """The host cannot stream: large files are better had from the storage itself."""
    largest_body: int | None = None
    """Bytes of an upload that may pass through the host; None: as many as come."""

    trusted: bool = False
    """Who asks holds the database itself, and reads artifacts with rights of their own: URIs are taken as
    they are given."""
    elsewhere: Callable[[str], LoggedModel] | None = None
    """Finds logged models where this database keeps only the registry, and another one the runs."""

    site: Site = NO_SITE
    """The web UI that this server shows."""

    ready: Callable[[], Mapping[str, str]] = dict
    """What each thing that the server stands on says when it is asked whether it is ready."""

    @property
    def store(self) -> Store:
        return self.open_store()

    @property
    def artifacts(self) -> ArtifactStore:
        return self.open_artifacts()

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000
