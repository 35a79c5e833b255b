"""Azurite's blob service: the real REST protocol of Azure Storage, from npm, installed once."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from tests.servers import Server, free_port
from tests.servers.certificate import Certificate

VERSION = "3.37.0"
REPOSITORY = Path(__file__).parents[2]
ENTRY = Path("azurite/dist/src/blob/main.js")


def azurite(folder: Path, certificate: Certificate | None = None) -> Server:
    """A blob service that keeps its data in ``folder``; its one account is ``devstoreaccount1``.

    With a certificate it speaks TLS and takes the tokens of Azure's identities, none of which it verifies.
    """
    port = free_port()
    node = shutil.which("node")
    if node is None:
        raise RuntimeError("Azurite needs Node.js: install node and npm, or deselect tests/artifacts.")
    options = f"--blobHost 127.0.0.1 --blobPort {port} --silent --skipApiVersionCheck --disableTelemetry"
    tls: list[str] = []
    if certificate is not None:
        tls = ["--oauth", "basic", "--cert", str(certificate.file), "--key", str(certificate.key)]
    return Server([node, str(_installed()), *options.split(), *tls, "--location", str(folder)], port=port)


def _installed() -> Path:
    home = Path(os.environ.get("AZURITE_HOME") or REPOSITORY / ".cache" / "azurite").absolute()
    program = home / "node_modules" / ENTRY
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        # Test processes that run in parallel wait here for the first one to install it.
        with (home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not program.exists():
                _install(home)
    return program


def _install(home: Path) -> None:
    # Moved into place when complete: an installation that was interrupted must not look like one.
    partial = home / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    options = ["--no-audit", "--no-fund", "--loglevel=error", f"--prefix={partial}"]
    command = ["npm", "install", *options, f"azurite@{VERSION}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=600)
    shutil.rmtree(home / "node_modules", ignore_errors=True)
    (partial / "node_modules").rename(home / "node_modules")
    shutil.rmtree(partial)
