"""MLflow's server on its own store and on ours: what is allowed to differ between their replies."""

from __future__ import annotations

import json
from difflib import unified_diff
from typing import Any

from tests.parity.deviations import deviation
from tests.parity.normal import normal
from tests.parity.scenes import Played, Scene

EMPTY: tuple[Any, ...] = ("", {}, [], "DEPLOYMENT_JOB_CONNECTION_STATE_UNSPECIFIED")
"""Values of fields that are there or not, as MLflow makes an entity of a message or of a row."""

SEE_DOCS = " See the API docs for more information about request parameters."
OUR_WORDS = (
    "Missing value for required parameter 'name'." + SEE_DOCS,
    "Missing value for required parameter 'run_id'." + SEE_DOCS,
)
"""Refusals of ours whose words are those of MLflow's server, where its store has words of its own."""


def difference_on_our_store(scene: Scene, theirs: Played, ours: Played) -> str:
    """What is wrong with the reply over our store, if anything."""
    wanted, found = shown(theirs), shown(ours)
    if wanted == found:
        return ""
    if is_intended(scene, theirs, ours):
        return ""
    lines = unified_diff(wanted, found, "stock", "on our store", lineterm="", n=8)
    sent = f"{ours.sent.method} {ours.sent.target[:300]}\n{ours.sent.body[:600]!r}\n"
    return sent + "\n".join(lines)[:4000]


def is_intended(scene: Scene, theirs: Played, ours: Played) -> bool:
    """Where we differ over HTTP we may do so here, but MLflow's server refuses some of it first."""
    stock, status = theirs.reply.status, ours.reply.status
    wanted = deviation(scene.name, theirs)
    if wanted is not None:
        is_answer = wanted.body is not None and json.loads(ours.reply.body or b"{}") == wanted.body
        return is_answer or status in range(400, 500) or status == stock or status < 500 <= stock
    return stock == status == 400 and json.loads(ours.reply.body)["message"] in OUR_WORDS


def shown(one: Played) -> list[str]:
    return json.dumps(_lean(normal(one)), indent=1, sort_keys=True, ensure_ascii=False).split("\n")


def _lean(value: Any) -> Any:
    if isinstance(value, dict):
        lean = {name: _lean(member) for name, member in value.items()}
        return {name: member for name, member in lean.items() if member not in EMPTY}
    return [_lean(member) for member in value] if isinstance(value, list) else value
