"""What the documents say is so."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from genesis.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FIELDS = Settings.variables()
VARIABLES = list(FIELDS)


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda f: f.name)
def test_the_readme_names_each_setting_with_its_meaning(field) -> None:  # type: ignore[no-untyped-def]
    row = f"| `{field.metadata['variable']}` | {field.metadata['meaning']} |"
    assert row in README


def test_the_readme_names_no_setting_that_is_not_there() -> None:
    tests_own = {"GENESIS_TEST_MONGODB_URI", "GENESIS_PYTHON313"}
    assert set(re.findall(r"GENESIS_[A-Z0-9_]+", README)) - tests_own == set(VARIABLES)


def test_the_example_of_local_settings_has_every_setting() -> None:
    values = json.loads((ROOT / "local.settings.example.json").read_text())["Values"]
    assert {name for name in values if name.startswith("GENESIS_")} == set(VARIABLES)


def test_the_function_app_installs_what_the_package_needs() -> None:
    def names(lines: list[str]) -> set[str]:
        return {re.split(r"[<>=~;\s\[]", line)[0] for line in lines if line and not line.startswith("#")}

    required = names((ROOT / "requirements.txt").read_text().splitlines())
    only_for_commands = {"click", "httptools", "rich", "uvicorn", "uvloop"}
    assert names(PROJECT["dependencies"]) - only_for_commands <= required


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.rglob("docs/**/*.md")), ROOT / "README.md"], ids=lambda p: p.name
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_make_target_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"\.PHONY: (.*)", makefile)
    assert phony is not None
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## ", makefile, re.M), f"make {target} has no line in make help"
