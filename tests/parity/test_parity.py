"""The same calls, a stock MLflow server and ours: the same replies, up to ids, times and ``deviations``.

And a third time a stock server, but on our store. All in one file: each worker has a stock server of its own.
"""

from __future__ import annotations

import json
from difflib import unified_diff

import pytest

from tests.parity.conftest import Stock
from tests.parity.deviations import DEVIATIONS, Deviation, deviation
from tests.parity.normal import normal
from tests.parity.scenes import Played, Scene, Transport, play
from tests.parity.script import SCENES
from tests.parity.stores import difference_on_our_store

SHOWN = 5
"""Differences that a failing scene prints; later ones are mostly their consequences."""

LEAKS = ("Traceback", "site-packages", 'File "', "sqlite3.", "pymongo", "/tmp/")  # noqa: S108


each_scene = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)


@each_scene
def test_scene(scene: Scene, stock: Stock, genesis: Transport) -> None:
    theirs = stock.played(scene)
    ours = play(scene, genesis)
    differences = [text for pair in zip(theirs, ours, strict=False) if (text := difference(scene, *pair))]
    if len(ours) < len(theirs):
        differences.append(
            f"Our reply to call {len(ours)} lacks {set(ours[-1].call.saves)}, so we stopped there."
        )
    fail_of(differences, theirs)


@each_scene
def test_scene_on_our_store(scene: Scene, stock: Stock, on_our_store: Stock) -> None:
    theirs, ours = stock.played(scene), on_our_store.played(scene)
    pairs = zip(theirs, ours, strict=True)
    fail_of([text for pair in pairs if (text := difference_on_our_store(scene, *pair))], theirs)


def fail_of(differences: list[str], played: list[Played]) -> None:
    if differences:
        head = f"{len(differences)} of {len(played)} replies differ"
        pytest.fail("\n\n".join([head, *differences[:SHOWN]]))


def test_the_script_covers_what_it_must(stock: Stock) -> None:
    played = [one for scene in SCENES for one in stock.played(scene)]
    errors = [one for one in played if one.reply.status >= 400]
    assert len(played) == sum(len(scene.calls) for scene in SCENES), "a scene ended early on the stock server"
    assert len(played) >= 300
    assert len(errors) >= 100


def test_scenes_have_names_of_their_own() -> None:
    names = [scene.name for scene in SCENES]
    assert sorted(names) == sorted(set(names))


def test_each_deviation_names_one_call_of_the_script() -> None:
    named = [(scene.name, call.name) for scene in SCENES for call in scene.calls if call.name]
    assert {key: named.count(key) for key in DEVIATIONS} == dict.fromkeys(DEVIATIONS, 1)


def difference(scene: Scene, theirs: Played, ours: Played) -> str:
    """What is wrong with our reply, if anything."""
    wrong = unsound(ours)
    wanted = deviation(scene.name, theirs)
    if wanted is not None:
        wrong = wrong or differs_wrongly(wanted, theirs, ours)
    else:
        lines = unified_diff(shown(theirs), shown(ours), "stock", "genesis", lineterm="", n=8)
        wrong = wrong or "\n".join(lines)
    if not wrong:
        return ""
    sent = ours.sent
    return f"{sent.method} {sent.target[:300]}\n{sent.body[:600].decode(errors='replace')}\n{wrong[:4000]}"


def differs_wrongly(wanted: Deviation, theirs: Played, ours: Played) -> str:
    """Whether our reply is the intended one where it should not be stock's."""
    reply = ours.reply
    error = json.loads(reply.body or b"null") if is_json(ours) else None
    if reply.status in wanted.statuses and isinstance(error, dict):
        answered = error == wanted.body or error.keys() == wanted.fields
        code = error.get("error_code")
        refused = bool(code and error.get("message")) and (wanted.codes is None or code in wanted.codes)
        if answered or refused:
            return ""
    return "\n".join(
        [
            f"intended: {wanted}",
            *(f"stock    {line}" for line in shown(theirs)),
            *(f"genesis  {line}" for line in shown(ours)),
        ]
    )


def unsound(ours: Played) -> str:
    """What no reply of ours may be, whatever stock does."""
    if not is_json(ours) or not ours.reply.body:
        return ""
    text = ours.reply.body.decode()
    try:
        body = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        return f"our reply is not JSON: {error}\n{text[:1000]}"
    told = [leak for leak in LEAKS if ours.reply.status >= 400 and leak in str(body.get("message"))]
    return f"our error tells {told}: {text}" if told else ""


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def is_json(one: Played) -> bool:
    return one.reply.headers.get("content-type", "").startswith("application/json")


def shown(one: Played) -> list[str]:
    """What must be equal, as lines: 1 and 1.0 differ, the order of an object's fields does not."""
    return json.dumps(normal(one), indent=1, sort_keys=True, ensure_ascii=False).splitlines()
