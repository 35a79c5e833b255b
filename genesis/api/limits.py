"""What MLflow accepts as names and values (``mlflow/utils/validation.py``), in its own words."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache

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

NAME = re.compile(r"^[/\w.\- :]*$")
RUN_ID = re.compile(r"^[a-zA-Z0-9][\w\-]{0,255}$")


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
