"""What the Functions host and azd are told, and what is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.infra.bicep import File

ROOT = Path(__file__).parents[2]
HOST: dict[str, Any] = json.loads((ROOT / "host.json").read_text())


def test_paths_begin_at_the_root() -> None:
    assert HOST["extensions"]["http"]["routePrefix"] == ""


def test_no_bundle_of_extensions_is_loaded_at_a_cold_start() -> None:
    assert "extensionBundle" not in HOST


def test_requests_are_counted_all_and_the_rest_is_sampled() -> None:
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]
    assert sampling["isEnabled"] is True
    assert sampling["excludedTypes"] == "Request"


def test_a_function_ends_only_after_azure_has_given_its_request_up() -> None:
    hours, minutes, seconds = map(int, HOST["functionTimeout"].split(":"))
    assert 230 < (hours * 60 + minutes) * 60 + seconds <= 600


def test_azd_deploys_the_wrapper_to_the_app_that_bicep_tags() -> None:
    azd = yaml.safe_load((ROOT / "azure.yaml").read_text())
    [(service, is_told)] = azd["services"].items()
    hooks = is_told.pop("hooks")
    template = ROOT / azd["infra"]["path"] / f"{azd['infra']['module']}.bicep"

    assert is_told == {"project": ".", "language": "python", "host": "function"}
    assert File(template).modules["genesis"].file.resolve() == ROOT / "infra" / "bicep" / "main.bicep"
    assert all(
        "genesis ui build --into ui" in hooks["prepackage"][system]["run"] for system in ("posix", "windows")
    )
    assert f"'azd-service-name': '{service}'" in (ROOT / "infra/bicep/modules/functions.bicep").read_text()
    assert "'azd-env-name': environmentName" in template.read_text()


def test_nothing_is_published_that_the_app_does_not_run() -> None:
    ignored = (ROOT / ".funcignore").read_text().split()
    assert {"tests", "infra", "docs", "bench", ".azure", ".git*", ".venv*", "local.settings*.json"} <= set(
        ignored
    )
    assert not {"host.json", "function_app.py", "requirements.txt", "genesis", "ui"} & set(ignored)
