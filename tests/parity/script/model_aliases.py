"""Aliases of registered models."""

from typing import Any

from tests.parity.scenes import AJAX, Call, Scene, get, post
from tests.parity.script.registered_models import model, remove, shown, version


def alias(name: str, alias: str, number: int, /) -> Call:
    return post("registered-models/alias", name=name, alias=alias, version=str(number))


def unalias(name: str, alias: str, /) -> Call:
    return remove("registered-models/alias", name=name, alias=alias)


def by_alias(name: str, alias: str, /) -> Call:
    return get("registered-models/alias", name=name, alias=alias)


def set_alias(**fields: Any) -> Call:
    return post("registered-models/alias", **{"name": "ar-one", "alias": "ok", "version": "1", **fields})


SCENES = [
    Scene(
        "aliases",
        [
            model("al-one"),
            by_alias("al-one", "latest"),
            version("al-one"),
            version("al-one", description="the second"),
            version("al-one"),
            alias("al-one", "champion", 1),
            by_alias("al-one", "champion"),
            Call("GET", AJAX + "registered-models/alias", query={"name": "al-one", "alias": "champion"}),
            get("model-versions/get", name="al-one", version="1"),
            alias("al-one", "champion", 1),
            alias("al-one", "champion", 2),
            by_alias("al-one", "champion"),
            get("model-versions/get", name="al-one", version="1"),
            get("model-versions/get", name="al-one", version="2"),
            alias("al-one", "Champion", 3),
            alias("al-one", "a", 2),
            alias("al-one", "b", 2),
            alias("al-one", "under_score-and-dash", 3),
            alias("al-one", "Grüße", 3),
            alias("al-one", "v1x", 3),
            alias("al-one", "v", 3),
            alias("al-one", "1", 3),
            alias("al-one", "x" * 255, 1),
            shown("al-one"),
            by_alias("al-one", "Grüße"),
            by_alias("al-one", "1"),
            get("model-versions/get", name="al-one", version="3"),
            get("model-versions/search", filter="name = 'al-one'"),
            get("registered-models/search", filter="name = 'al-one'"),
            by_alias("al-one", "latest"),
            by_alias("al-one", "LATEST"),
            unalias("al-one", "a"),
            unalias("al-one", "a"),
            by_alias("al-one", "a"),
            Call("DELETE", AJAX + "registered-models/alias", {"name": "al-one", "alias": "b"}),
            shown("al-one"),
            remove("model-versions/delete", name="al-one", version="3"),
            by_alias("al-one", "Champion"),
            by_alias("al-one", "latest"),
            shown("al-one"),
            alias("al-one", "Champion", 3),
            unalias("al-one", "Champion"),
            alias("al-one", "Champion", 1),
            shown("al-one"),
        ],
    ),
    Scene(
        "aliases: refused",
        [
            model("ar-one"),
            by_alias("ar-one", "latest"),
            version("ar-one"),
            by_alias("ar-one", "nope"),
            by_alias("ar-none", "nope"),
            by_alias("ar-none", "latest"),
            by_alias("ar-one", "v1"),
            by_alias("ar-one", "1"),
            by_alias("ar-one", "a b"),
            by_alias("ar-one", "a.b"),
            by_alias("ar-one", "x" * 256),
            by_alias("a/b", "nope"),
            by_alias("ar-one", ""),
            get("registered-models/alias", name="ar-one"),
            get("registered-models/alias", alias="nope"),
            set_alias(alias="latest"),
            set_alias(alias="Latest"),
            set_alias(alias="v1"),
            set_alias(alias="V22"),
            set_alias(alias="a b"),
            set_alias(alias="a.b"),
            set_alias(alias="a/b"),
            set_alias(alias="a@b"),
            set_alias(alias="x" * 256),
            set_alias(alias=""),
            set_alias(alias=None),
            set_alias(alias=5),
            set_alias(version="2"),
            set_alias(version="0"),
            set_alias(version="-1"),
            set_alias(version="one"),
            set_alias(version="1.0"),
            set_alias(version=""),
            set_alias(version=1),
            set_alias(name="ar-none"),
            set_alias(name="a/b"),
            set_alias(name=""),
            set_alias(alias="v1", version="one"),
            set_alias(version=" 1 "),
            set_alias(version="+1"),
            set_alias(version="01"),
            shown("ar-one"),
            unalias("ar-one", "nope"),
            unalias("ar-one", "latest"),
            unalias("ar-one", "a b"),
            unalias("ar-none", "nope"),
            unalias("a:b", "nope"),
            unalias("ar-one", ""),
            remove("registered-models/alias", name="ar-one"),
            remove("registered-models/alias", name="ar-one", alias=5),
            shown("ar-one"),
        ],
    ),
]
