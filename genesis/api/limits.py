"""What MLflow accepts as names and values (``mlflow/utils/validation.py``), in its own words."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache

from genesis.entities.registry import LATEST, PROMPT_TEXT_TAG, version_not_found
from genesis.errors import invalid
from genesis.wire.runs import MAX_SEARCHED

MAX_KEY = 250
MAX_PARAM_VALUE = 6000
MAX_TAG_VALUE = 8000
MAX_EXPERIMENT_NAME = 500
MAX_EXPERIMENT_TAG_VALUE = 20_000
MAX_ARTIFACT_LOCATION = 2048
MAX_BATCH_METRICS = 1000
MAX_BATCH_OTHERS = 100
MAX_MODEL_NAME = 256
"""What MLflow's column holds; of its databases SQLite alone does not mind longer ones."""
MAX_REGISTRY_TAG_VALUE = 100_000
MAX_ALIAS = 255
MAX_SOURCE = 4096
"""MLflow's column holds 500 characters, which SQLite does not mind either. Some limit there must be:
checking what a source looks like decoded takes time that grows with the square of its length."""

NAME = re.compile(r"^[/\w.\- :]*$")
RUN_ID = re.compile(r"^[a-zA-Z0-9][\w\-]{0,255}$")
ALIAS = re.compile(r"^[\w\-]*$")
VERSION_ALIAS = re.compile(r"^[vV]\d+$")


def refused(path: str, value: object, why: str = "") -> str:
    """MLflow's sentence about a value it does not take."""
    shown = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return f"Invalid value {shown} for parameter '{path}' supplied" + (f": {why}" if why else ".")


def check_name(name: str, path: str) -> None:
    """A name of a metric, parameter or tag, which may become a file's name."""
    why = _objection(name)
    if why:
        raise invalid(refused(path, name, why))


# A training run logs the same few names over and over.
@lru_cache(maxsize=4096)
def _objection(name: str) -> str:
    if not NAME.match(name):
        return (
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.),"
            " spaces ( ), colon(:) and slashes (/)."
        )
    return _objection_to_path(name)


def _objection_to_path(name: str) -> str:
    normal = posixpath.normpath(name)
    if normal != name or normal == "." or normal.startswith(("..", "/")):
        return (
            "Names may be treated as files in certain cases, and must not resolve to other names"
            f" when treated as such. This name would resolve to {normal!r}"
        )
    return ""


def check_length(what: str, limit: int, value: str) -> None:
    if len(value) > limit:
        raise invalid(f"'{what}' exceeds the maximum length of {limit} characters")


def check_metric(key: str, timestamp: int, value: float, path: str = "") -> None:
    """A metric's name and time in ms; ``path`` is where it stands in a batch."""
    at = f"{path}." if path else ""
    check_name(key, f"{at}name")
    if timestamp < 0:
        why = f"metric '{key}' (value={value}). Timestamp must be a nonnegative long (64-bit integer) "
        raise invalid(refused(f"{at}timestamp", timestamp, why))
    check_length("Metric name", MAX_KEY, key)


def param(key: str, value: str, path: str = "") -> str:
    """The value as it is stored: MLflow cuts long ones rather than refuse them."""
    check_name(key, f"{path}.key" if path else "key")
    check_length("Param key", MAX_KEY, key)
    return value[:MAX_PARAM_VALUE]


def run_tag(key: str, value: str, path: str = "") -> str:
    """The value as it is stored, cut like a parameter's."""
    at = f"{path}.key" if path else "key"
    check_name(key, at)
    check_length(at, MAX_KEY, key)
    return value[:MAX_TAG_VALUE]


def check_experiment_tag(key: str, value: str) -> None:
    check_name(key, "key")
    check_length("key", MAX_KEY, key)
    check_length("value", MAX_EXPERIMENT_TAG_VALUE, value)


def check_experiment_name(name: str) -> None:
    check_length("name", MAX_EXPERIMENT_NAME, name)


def check_run_id(run_id: str) -> None:
    if not RUN_ID.match(run_id):
        raise invalid(refused("run_id", run_id))


def check_max_results(max_results: int) -> None:
    """A page's size, where MLflow's store has the word (``_validate_max_results_param``)."""
    if max_results < 1:
        raise invalid(
            f"Invalid value {max_results} for parameter 'max_results' supplied. It must be a positive integer"
        )
    if max_results > MAX_SEARCHED:
        raise invalid(
            f"Invalid value {max_results} for parameter 'max_results' supplied. "
            f"It must be at most {MAX_SEARCHED}"
        )


def check_batch(metrics: Sequence[object], params: Sequence[object], tags: Sequence[object]) -> None:
    """How much one log-batch may hold."""
    everything = len(metrics) + len(params) + len(tags)
    for what, limit, count in (
        ("metrics", MAX_BATCH_METRICS, len(metrics)),
        ("params", MAX_BATCH_OTHERS, len(params)),
        ("tags", MAX_BATCH_OTHERS, len(tags)),
        ("metrics, params, and tags", MAX_BATCH_METRICS, everything),
    ):
        if count > limit:
            raise invalid(
                f"A batch logging request can contain at most {limit} {what}. Got {count} {what}. "
                f"Please split up {what} across multiple requests and try again."
            )


def check_model_name(name: str) -> None:
    """A name by which a registered model is looked for."""
    if not name.strip():
        raise invalid("Missing value for required parameter 'name'.")
    if "/" in name or ":" in name:
        raise invalid(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")
    why = _objection_to_path(name)
    if why:
        raise invalid(refused("name", name, why))


def check_new_model_name(name: str, path: str = "name") -> None:
    """A name that a registered model is to have."""
    if not name.strip():
        raise invalid(f"Missing value for required parameter '{path}'.")
    check_model_name(name)
    check_length(path, MAX_MODEL_NAME, name)


def check_page_size(max_results: int) -> None:
    """A page's size, where the registry's store has the word."""
    if max_results < 1:
        raise invalid(f"Invalid value for max_results. It must be a positive integer, but got {max_results}")


def version_number(version: str) -> int:
    """A model version's number, whether or not there is such a version."""
    try:
        return int(version)
    except ValueError:
        raise invalid(f"Parameter 'version' must be an integer, got '{version}'.") from None


def existing_number(name: str, version: str) -> int:
    """The number of a version that may exist; raises RESOURCE_DOES_NOT_EXIST where none can."""
    number = version_number(version)
    if not 0 < number < 2**63:
        raise version_not_found(name, number)
    return number


def check_registry_tag(key: str, value: str) -> None:
    """A tag of a registered model or a model version."""
    check_name(key, "key")
    check_length("key", MAX_KEY, key)
    check_length("value", MAX_REGISTRY_TAG_VALUE, value)


def check_version_tag(key: str, value: str) -> None:
    if key == PROMPT_TEXT_TAG and len(value) > MAX_REGISTRY_TAG_VALUE:
        raise invalid(f"Prompt text exceeds max length of {MAX_REGISTRY_TAG_VALUE} characters.")
    check_registry_tag(key, value)


def check_alias(alias: str) -> None:
    """An alias that is looked for or deleted."""
    if not ALIAS.match(alias):
        raise invalid(
            f"Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and "
            "dashes (-)."
        )
    check_length("Registered model alias name", MAX_ALIAS, alias)


def check_new_alias(alias: str) -> None:
    """An alias that is to be set."""
    check_alias(alias)
    if alias.lower() == LATEST:
        raise invalid("'latest' alias name (case insensitive) is reserved.")
    if VERSION_ALIAS.match(alias):
        raise invalid(f"Version alias name '{alias}' is reserved.")
