"""Replies without what a server is free to choose, so that those of two servers can be compared.

Ids become the names the script saved them under (or are numbered by first appearance), times, tokens and
generated names become words, and lists whose order says nothing are sorted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.parity.scenes import Played

HEX_ID = re.compile(r"\b[0-9a-f]{32}\b")
GENERATED_NAME = re.compile(r"[a-z]+-[a-z]+-(?:\d{1,3}|1000)")
PYTHON_SET = re.compile(r"\{('[^']*'(?:, '[^']*')*)\}'?")  # Stock forgets the last quote in places.
DATABASE_ERROR = re.compile(r"^\(sqlite3\.\w+Error\)", re.MULTILINE)
EXPERIMENT_IN_MESSAGE = re.compile(r"(\bid[= ]|\bexperiment )'?(\d+)\b")
ARTIFACT_ROOT = re.compile(r"(^mlflow-artifacts:/)(\d+)$")
RUN_FOLDER = re.compile(r"()\b(\d+)(?=/(?:models/m-)?[0-9a-f]{32}\b)")
CAMEL = re.compile(r"(?<=[a-z])([A-Z])")
"""Where GraphQL's names of fields have no `_`."""
TIMES = {
    "last_update_time": "creation_time",
    "last_updated_timestamp": "creation_timestamp",
    "last_updated_timestamp_ms": "creation_timestamp_ms",
}
"""Times of changes, and of what was made then."""

UNORDERED = {
    "params",
    "tags",
    "dataset_inputs",
    "model_inputs",
    "model_outputs",
    "dataset_summaries",
    "latest_versions",
    "aliases",
}
"""Lists of these names have no order; ``metrics`` has one only outside a run's data."""


def normal(played: Played) -> dict[str, Any]:
    """What of the reply must be equal on every server."""
    reply = played.reply
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    shown: dict[str, Any] = {"status": reply.status, "type": kind}
    for header in ("content-disposition", "content-range"):
        if header in reply.headers:
            shown[header] = reply.headers[header]
    if kind == "application/json":
        shown["json"] = _Normal(played).value(json.loads(reply.body or b"null", parse_constant=str))
    else:
        shown["bytes"] = reply.body.decode("latin-1")
    return shown


class _Normal:
    """The rules, with the names of one scene's ids."""

    def __init__(self, played: Played) -> None:
        self.any_order = played.call.any_order
        ids = {name: value.removeprefix("m-") for name, value in played.saved.items()}
        self.names = {value: f"<{name}>" for name, value in ids.items() if HEX_ID.fullmatch(value)}
        self.experiments = {value: f"<{name}>" for name, value in played.saved.items() if value.isdigit()}

    def value(self, value: Any, key: str = "", inside: str = "") -> Any:
        """``value``, found under ``key`` of an object that was itself found under ``inside``."""
        key = CAMEL.sub(lambda found: f"_{found[1].lower()}", key)
        if isinstance(value, Mapping):
            return self._object(value, key)
        if isinstance(value, list):
            items = [self.value(item, key, inside) for item in value]
            if key in UNORDERED or (key == "metrics" and inside == "data") or self.any_order:
                items.sort(key=lambda item: json.dumps(item, sort_keys=True))
            return items
        if key in TIMES or key in TIMES.values():
            return "<time>" if str(value).isdecimal() else value
        return self._text(value, key) if isinstance(value, str) else value

    def _object(self, value: Mapping[str, Any], key: str) -> dict[str, Any]:
        shown = {name: self.value(item, name, key) for name, item in value.items()}
        for changed, made in TIMES.items():
            if value.get(changed, 0) > value.get(made, 0):
                shown[changed] = "<later>"
        if value.get("key") == "mlflow.runName" and GENERATED_NAME.fullmatch(str(value.get("value"))):
            shown["value"] = "<name>"
        if value.get("key") == "mlflow.log-model.history":
            shown["value"] = json.loads(shown["value"])
        return shown

    def _text(self, text: str, key: str) -> str:
        if key == "next_page_token":
            return text and "<token>"
        if key in ("run_name", "name") and GENERATED_NAME.fullmatch(text):
            return "<name>"
        if key == "experiment_id":
            return self._experiment(text, f"<experiment {len(self.experiments)}>")
        for folder in (ARTIFACT_ROOT, RUN_FOLDER):
            text = folder.sub(lambda match: match[1] + self._experiment(match[2]), text)
        if key in ("message", "errors"):
            text = self._message(text)
        return HEX_ID.sub(lambda match: self.names.setdefault(match[0], f"<id {len(self.names)}>"), text)

    def _experiment(self, number: str, unknown: str = "") -> str:
        """The name of an experiment's id; the default experiment is 0 everywhere."""
        if unknown and number != "0":
            self.experiments.setdefault(number, unknown)
        return self.experiments.get(number, number)

    def _message(self, text: str) -> str:
        if DATABASE_ERROR.search(text):
            return "<the database's words>"
        text = re.sub(r"(already exists\.).*", r"\1", text, flags=re.DOTALL)
        text = EXPERIMENT_IN_MESSAGE.sub(
            lambda match: match[0].removesuffix(match[2]) + self._experiment(match[2]), text
        )
        return PYTHON_SET.sub(lambda match: "{" + ", ".join(sorted(match[1].split(", "))) + "}", text)
