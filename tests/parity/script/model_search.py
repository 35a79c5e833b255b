"""Searching registered models and model versions."""

from typing import Any

from tests.parity.scenes import AJAX, Call, Scene, get, post
from tests.parity.script.registered_models import model, moved, named, patch, version


def models(filter: str, /, **query: Any) -> Call:
    return get("registered-models/search", filter=f"name LIKE 'ms-%' AND {filter}", **query)


def bare_models(filter: str, /) -> Call:
    return get("registered-models/search", filter=filter)


def versions(filter: str, /, **query: Any) -> Call:
    return get("model-versions/search", filter=f"name LIKE 'vq-%' AND {filter}", **query)


def bare_versions(filter: str, /) -> Call:
    return get("model-versions/search", filter=filter)


TAGS = [{"key": "team", "value": "blue"}, {"key": "a b", "value": "It"}]

SCENES = [
    Scene(
        "model search",
        [
            model("ms-b", tags=[{"key": "team", "value": "red"}], description="second"),
            model("ms-a", tags=TAGS),
            model("ms-C", tags=[{"key": "team", "value": "Blue"}, {"key": "empty", "value": ""}]),
            model("ms-100%"),
            model("ms-it's"),
            version("ms-b"),
            moved("ms-b", 1, "Staging"),
            version("ms-b"),
            get("registered-models/search", filter="name LIKE 'ms-%'"),
            Call(
                "GET",
                AJAX + "registered-models/search",
                query={"filter": "name LIKE 'ms-%'", "max_results": 25, "order_by": "name ASC"},
            ),
            *[
                models(filter)
                for filter in (
                    "name = 'ms-a'",
                    "name != 'ms-a'",
                    "name LIKE '%-c'",
                    "name ILIKE '%-c'",
                    "name LIKE 'ms-_'",
                    "name IN ('ms-a', 'ms-b', 'none')",
                    "name NOT IN ('ms-a', 'ms-b')",
                    'name = "ms-a"',
                    'name = "ms-it\'s"',
                    "`name` = 'ms-a'",
                    "\"name\" = 'ms-a'",
                    "attribute.name = 'ms-a'",
                    "tags.team = 'blue'",
                    "tag.team = 'blue'",
                    "tags.team != 'blue'",
                    "tags.team ILIKE 'blue'",
                    "tags.team LIKE 'b%'",
                    "tags.`a b` = 'It'",
                    "tags.\"a b\" = 'It'",
                    "tags.'a b' = 'It'",
                    "tags.empty = ''",
                    "tags.none = 'x'",
                    "tags.none != 'x'",
                    "tags.team = 'blue' AND tags.`a b` = 'It'",
                    "tags.team = 'blue' and name = 'ms-b'",
                    "tags.team LIKE 'b%' AND tags.team LIKE '%e'",
                    "tags.team LIKE 'b%' AND tags.team LIKE 'r%'",
                )
            ],
            *[
                models("name != ''", order_by=order)
                for order in (
                    ["name"],
                    ["name DESC"],
                    ["name ASC"],
                    ["timestamp"],
                    ["timestamp DESC"],
                    ["last_updated_timestamp DESC"],
                    ["last_updated_timestamp", "name DESC"],
                    ["`name` DESC"],
                    ["attribute.name"],
                )
            ],
            models("name != ''", max_results=2),
            models("name != ''", max_results="3"),
            models("name != ''", max_results=5),
            models("name != ''", max_results=1000),
        ],
    ),
    Scene(
        "model search: refused",
        [
            *[
                bare_models(filter)
                for filter in (
                    "name",
                    "name =",
                    "name = ms-a",
                    "name = 5",
                    "name > 'a'",
                    "name == 'a'",
                    "name <> 'a'",
                    "name IS NULL",
                    "name IN 'a'",
                    "name IN ()",
                    "name IN (5)",
                    "name = 'a' OR name = 'b'",
                    "NOT name = 'a'",
                    "(name = 'a')",
                    "name = 'a' AND",
                    "name = 'a' name = 'b'",
                    "nope = 'a'",
                    "description = 'a'",
                    "creation_timestamp > 5",
                    "last_updated_timestamp > 5",
                    "run_id = 'x'",
                    "tags.team",
                    "tags.team = blue",
                    "tags.team = 5",
                    "tags.team > 'a'",
                    "tags.team IN ('a')",
                    "tags.team IS NULL",
                    "tags.team IS NOT NULL",
                    "params.x = '1'",
                    "metrics.x = 1",
                    "attributes.name = 'a'",
                    "attr.name = 'a'",
                    ";",
                    "name = 'a'; name = 'b'",
                    "name = 'ms''a'",
                )
            ],
            named("a list and =", bare_models("name = ('a')")),
            *[
                get("registered-models/search", filter="name = 'ms-none'", order_by=order)
                for order in (
                    ["nope"],
                    ["creation_timestamp"],
                    ["name ASC DESC"],
                    ["name sideways"],
                    ["name", "name"],
                    ["name", "name DESC"],
                    ["timestamp", "last_updated_timestamp"],
                    ["tags.team"],
                    ["version_number"],
                    [""],
                    ["name desc"],
                )
            ],
            get("registered-models/search", max_results=1001),
            get("registered-models/search", max_results="x"),
            get("registered-models/search", max_results=1.5),
            Call("GET", "registered-models/search", query={"max_results": 0}, name="max_results is 0"),
            Call("GET", "registered-models/search", query={"max_results": -1}, name="max_results is -1"),
            Call("GET", "registered-models/search", query={"page_token": "x"}, name="token of one letter"),
            Call(
                "GET",
                "registered-models/search",
                query={"page_token": "bm8ganNvbg=="},
                name="token without JSON",
            ),
            Call(
                "GET", "registered-models/search", query={"page_token": "e30="}, name="token without offset"
            ),
            Call("GET", "registered-models/search", {"filter": 5}),
            Call("GET", "registered-models/search", {"order_by": "name"}),
            post("registered-models/search", filter="name = 'a'"),
        ],
    ),
    Scene(
        "model search: pages",
        [
            *[model(f"mp-{n}") for n in (3, 1, 5, 2, 4)],
            Call(
                "GET",
                "registered-models/search",
                query={"filter": "name LIKE 'mp-%'", "max_results": 2},
                saves={"next": "next_page_token"},
            ),
            Call(
                "GET",
                "registered-models/search",
                query={"filter": "name LIKE 'mp-%'", "max_results": 2, "page_token": "{next}"},
                saves={"next": "next_page_token"},
            ),
            get("registered-models/search", filter="name LIKE 'mp-%'", max_results=2, page_token="{next}"),
            patch("registered-models/update", name="mp-4", description="touched"),
            Call(
                "GET",
                "registered-models/search",
                query={"filter": "name LIKE 'mp-%'", "max_results": 3, "order_by": ["timestamp DESC"]},
                saves={"next": "next_page_token"},
            ),
            get(
                "registered-models/search",
                filter="name LIKE 'mp-%'",
                max_results=3,
                order_by=["timestamp DESC"],
                page_token="{next}",
            ),
        ],
    ),
    Scene(
        "version search",
        [
            model("vq-a"),
            model("vq-B"),
            version("vq-a", run_id="run-1", tags=TAGS, description="first"),
            version("vq-B", run_id="run-2", source="gs://b/x", tags=[{"key": "team", "value": "red"}]),
            version("vq-a", run_id="run-2", source="s3://b/It's"),
            version("vq-a"),
            moved("vq-a", 1, "Production"),
            post("registered-models/alias", name="vq-a", alias="champion", version="1"),
            get("model-versions/search", filter="name LIKE 'vq-%'"),
            Call(
                "GET",
                AJAX + "model-versions/search",
                query={"filter": "name='vq-a'", "order_by": "creation_timestamp DESC"},
            ),
            *[
                versions(filter)
                for filter in (
                    "name = 'vq-a'",
                    "name != 'vq-a'",
                    "name ILIKE '%-b'",
                    "name IN ('vq-a', 'none')",
                    "name NOT IN ('vq-a')",
                    "run_id = 'run-2'",
                    "run_id != 'run-2'",
                    "run_id LIKE 'run-%'",
                    "run_id IN ('run-1', 'run-2')",
                    "run_id NOT IN ('run-1')",
                    "run_id = ''",
                    "source_path = 's3://bucket/model'",
                    "source_path LIKE 'S3%'",
                    "source_path ILIKE 'S3%'",
                    'source_path = "s3://b/It\'s"',
                    "version_number = 1",
                    "version_number != 1",
                    "version_number > 1",
                    "version_number <= 2",
                    "version_number >= 2 AND version_number < 3",
                    "version_number = '1'",
                    "attribute.version_number = 1",
                    "`version_number` = 1",
                    "tags.team = 'blue'",
                    "tag.team != 'blue'",
                    "tags.`a b` = 'It'",
                    "tags.team ILIKE 'R%'",
                    "tags.none = 'x'",
                    "tags.team = 'blue' AND name = 'vq-a' AND run_id = 'run-1'",
                )
            ],
            *[
                versions("name != ''", order_by=order)
                for order in (
                    ["name"],
                    ["name DESC"],
                    ["version_number"],
                    ["version_number DESC", "name DESC"],
                    ["creation_timestamp"],
                    ["creation_timestamp DESC"],
                    ["last_updated_timestamp"],
                    ["last_updated_timestamp DESC"],
                    ["`version_number` ASC"],
                    ["attribute.version_number"],
                )
            ],
            Call(
                "GET",
                "model-versions/search",
                query={"filter": "name LIKE 'vq-%'", "max_results": 3},
                saves={"next": "next_page_token"},
            ),
            get("model-versions/search", filter="name LIKE 'vq-%'", max_results=3, page_token="{next}"),
            Call(
                "GET",
                "model-versions/search",
                query={"filter": "name LIKE 'vq-%'", "max_results": 2, "order_by": ["version_number"]},
                saves={"next": "next_page_token"},
            ),
            get(
                "model-versions/search",
                filter="name LIKE 'vq-%'",
                max_results=2,
                order_by=["version_number"],
                page_token="{next}",
            ),
            get("model-versions/search", filter="name LIKE 'vq-%'", max_results=200_000),
        ],
    ),
    Scene(
        "version search: refused",
        [
            *[
                bare_versions(filter)
                for filter in (
                    "name",
                    "name = a",
                    "name > 'a'",
                    "name IS NULL",
                    "name = 'a' OR name = 'b'",
                    "nope = 'a'",
                    "version = 1",
                    "current_stage = 'None'",
                    "stage = 'None'",
                    "alias = 'x'",
                    "source = 'x'",
                    "creation_timestamp > 5",
                    "last_updated_timestamp > 5",
                    "run_id > 'a'",
                    "run_id = 5",
                    "run_id IN ()",
                    "run_id IN (5)",
                    "source_path IN ('a')",
                    "source_path > 'a'",
                    "version_number = 1.5",
                    "version_number = 'one'",
                    "version_number LIKE '1%'",
                    "version_number IN ('1')",
                    "version_number IN (1)",
                    "version_number IS NULL",
                    "tags.team > 'a'",
                    "tags.team = 5",
                    "tags.team IN ('a')",
                    "tags.team IS NULL",
                    "params.x = '1'",
                    "metrics.x = 1",
                    "attributes.name = 'a'",
                    "models.name = 'a'",
                )
            ],
            *[
                named(filter, bare_versions(filter))
                for filter in (
                    "version_number = 99999999999999999999999",
                    "version_number < '99999999999999999999999' AND name = 'vq-none'",
                )
            ],
            *[
                get("model-versions/search", filter="name = 'vq-none'", order_by=order)
                for order in (
                    ["nope"],
                    ["version"],
                    ["run_id"],
                    ["source_path"],
                    ["tags.team"],
                    ["timestamp"],
                    ["name sideways"],
                    ["name", "name"],
                    ["version_number", "version_number DESC"],
                    [""],
                )
            ],
            get("model-versions/search", max_results=200_001),
            get("model-versions/search", max_results=0),
            get("model-versions/search", max_results=-1),
            get("model-versions/search", max_results="x"),
            Call("GET", "model-versions/search", query={"page_token": "x"}, name="token of one letter"),
            Call(
                "GET",
                "model-versions/search",
                query={"page_token": "bm8ganNvbg=="},
                name="token without JSON",
            ),
            Call("GET", "model-versions/search", query={"page_token": "e30="}, name="token without offset"),
            Call("GET", "model-versions/search", {"filter": 5}),
            Call("GET", "model-versions/search", {"order_by": "name"}),
        ],
    ),
]
