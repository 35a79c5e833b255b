"""What the script is made of, calls in scenes, and how a scene is played against a server."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

API = "/api/2.0/mlflow/"
AJAX = "/ajax-api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
AJAX_FILES = "/ajax-api/2.0/mlflow-artifacts/artifacts"

PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Call:
    """One request. ``{name}`` in its path, query and body stands for what an earlier call saved as ``name``,
    ``{scene}`` for the scene's name.

    A ``path`` without a leading slash continues ``API``. ``body`` is sent as JSON; ``raw`` is sent as it is.
    ``saves`` maps a name to the dotted path of a value of the reply. ``name`` is needed only where
    ``deviations`` speaks of the call. ``any_order``: the order of the reply's lists is not settled.
    """

    method: str
    path: str
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str | bytes | None = None
    saves: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    any_order: bool = False


@dataclass(frozen=True)
class Scene:
    """Calls that are played in order and need nothing of any other scene."""

    name: str
    calls: list[Call]


@dataclass(frozen=True)
class Sent:
    """A call as it goes over the wire: ``target`` is the percent-encoded path with its query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Played:
    """A call, what was sent for it, its reply, and everything saved until then."""

    call: Call
    sent: Sent
    reply: Reply
    saved: Mapping[str, str]


Transport = Callable[[Sent], Reply]


def play(scene: Scene, send: Transport) -> list[Played]:
    """All calls of ``scene``, one after the other; a reply that lacks what it should save ends it."""
    saved = {"scene": scene.name}
    played = []
    for call in scene.calls:
        sent = fill(call, saved)
        reply = send(sent)
        picked = _picked(call, reply)
        saved = {**saved, **picked}
        played.append(Played(call, sent, reply, saved))
        if len(picked) < len(call.saves):
            break
        # No two calls may share one, or what is "later" is up to luck.
        until_the_next_millisecond()
    return played


def until_the_next_millisecond() -> None:
    began = millisecond()
    while millisecond() == began:
        time.sleep(0.0002)


def millisecond() -> int:
    return time.time_ns() // 1_000_000


def fill(call: Call, saved: Mapping[str, str]) -> Sent:
    """The call with its placeholders replaced."""
    path = call.path if call.path.startswith("/") else API + call.path
    target = PLACEHOLDER.sub(lambda match: quote(saved[match[1]]), path)
    if call.query:
        target += "?" + urlencode(_filled(call.query, saved), doseq=True)
    headers = {"accept": "*/*", **call.headers}
    body = b""
    if isinstance(call.raw, bytes):
        body = call.raw
    elif call.raw is not None:
        body = str(_filled(call.raw, saved)).encode()
    elif call.body is not None:
        body = json.dumps(_filled(call.body, saved)).encode()
    if body:
        headers.setdefault("content-type", "application/json")
    if body or call.method != "GET":
        headers["content-length"] = str(len(body))
    return Sent(call.method, target, headers, body)


def _filled(value: Any, saved: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda match: saved[match[1]], value)
    if isinstance(value, Mapping):
        return {_filled(key, saved): _filled(item, saved) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, saved) for item in value]
    return value


def _picked(call: Call, reply: Reply) -> dict[str, str]:
    picked = {}
    with suppress(ValueError, LookupError, TypeError):
        for name, path in call.saves.items():
            value = json.loads(reply.body)
            for step in path.split("."):
                value = value[step]
            picked[name] = str(value)
    return picked


def get(path: str, /, **query: Any) -> Call:
    return Call("GET", path, query=query)


def post(path: str, /, **body: Any) -> Call:
    return Call("POST", path, body)


def experiment(name: str = "experiment", /, **fields: Any) -> Call:
    """Creates an experiment, named after the scene unless told, and saves its id as ``name``."""
    body = {"name": "{scene}", **fields}
    return Call("POST", "experiments/create", body, saves={name: "experiment_id"})


def run(name: str = "run", /, **fields: Any) -> Call:
    """Creates a run in ``{experiment}`` and saves its id as ``name``."""
    body = {"experiment_id": "{experiment}", "run_name": f"the {name}", "start_time": 1000, **fields}
    return Call("POST", "runs/create", body, saves={name: "run.info.run_id"})
