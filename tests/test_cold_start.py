"""What a function app pays before its first answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

HEAVY = (
    "mlflow",
    "pymongo",
    "azure.identity",
    "azure.storage",
    "azure.core",
    "sqlparse",
    "uvicorn",
    "click",
    "asyncio",
    "argon2",
    "jwt",
    "cryptography",
    "graphql",
    "opentelemetry",
)
BUDGET_SECONDS = 0.25
"""Processor time, not the clock's: the machine that runs the tests may be busy."""

LOADED = f"""
import sys
import genesis.app
print(*[name for name in {HEAVY} if name in sys.modules])
"""

ANSWERED = f"""
import sys, tempfile
from genesis.app import App
from genesis.http import Request
from genesis.settings import Settings
app = App(Settings(data=tempfile.mkdtemp()))
assert app.handle(Request("GET", "/health")).status == 200
assert app.handle(Request("GET", "/api/2.0/mlflow/experiments/get", "experiment_id=0")).status == 200
app.close()
print(*[name for name in {HEAVY} if name in sys.modules])
"""

OPEN_TO_ALL = f"""
import sys
from genesis import app
from genesis.http import Request
from genesis.settings import Settings
before = set(sys.modules)
def opened(*_):
    raise AssertionError("the database was opened")
app.open_engine = opened
azure = app.App(Settings.read({{
    "WEBSITE_SITE_NAME": "app",
    "GENESIS_AUTH": "token",
    "GENESIS_TOKEN": "t" * 32,
    "GENESIS_DATABASE_URI": "mongodb+srv://c.example/genesis?authMechanism=MONGODB-OIDC",
    "GENESIS_ARTIFACTS_URI": "https://account.blob.core.windows.net/artifacts",
}}))
for path in ("/health", "/health/live", "/version", "/api/3.0/mlflow/server-info"):
    assert azure.handle_whole(Request("GET", path, headers={{"host": "app.example"}})).status == 200, path
print(*[name for name in {HEAVY} if name in sys.modules])
"""

COST = """
import time
import genesis.app
everything = set(__import__("sys").modules)
ours = [name for name in everything if name.partition(".")[0] == "genesis"]
for name in ours:
    del __import__("sys").modules[name]
began = time.process_time()
import genesis.app
print(time.process_time() - began)
"""


def output(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_importing_the_app_imports_nothing_heavy() -> None:
    assert output(LOADED) == ""


def test_a_first_answer_on_sqlite_needs_nothing_heavy() -> None:
    assert output(ANSWERED) == ""


def test_what_anybody_may_ask_needs_nothing_heavy_in_azure_and_no_database() -> None:
    assert output(OPEN_TO_ALL) == ""


def test_our_own_modules_import_within_their_budget() -> None:
    assert min(float(output(COST)) for _ in range(3)) < BUDGET_SECONDS
