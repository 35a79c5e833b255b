"""How the programs of this folder are run."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.e2e.clients import CLIENT
from tests.servers.serve import REPOSITORY, genesis_environment

SESSIONS = Path(__file__).parent


def said(python: Path | str, folder: Path, script: str, *arguments: str, **settings: str) -> str:
    """The last line of a script that ended well."""
    done = subprocess.run(
        [python, SESSIONS / script, *arguments],
        env=genesis_environment({**CLIENT, "PYTHONPATH": str(REPOSITORY), **settings}),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]
