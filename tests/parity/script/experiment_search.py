"""Searching experiments: filters, order, pages, views, and every refusal."""

from tests.parity.scenes import AJAX, Call, Scene, experiment, get, post

MINE = "name LIKE '{scene} %'"


def search(filter: str = "", **fields: object) -> Call:
    """The scene's own experiments that match ``filter``."""
    both = f"{MINE} AND {filter}" if filter else MINE
    body = {"max_results": 100, "filter": both, **fields}
    return Call("POST", "experiments/search", body, name=str(filter or fields))


def refused(filter: str) -> Call:
    return Call("POST", "experiments/search", {"max_results": 100, "filter": filter}, name=filter)


def page(token: str, **fields: object) -> Call:
    """The page after ``token``, saving the token of the one after it."""
    body = {"max_results": 2, "filter": MINE, "page_token": token, **fields}
    return Call("POST", "experiments/search", body, saves={"token": "next_page_token"})


FIVE = [
    experiment("alpha", name="{scene} alpha", tags=[{"key": "team", "value": "red"}]),
    experiment(
        "beta", name="{scene} Beta", tags=[{"key": "team", "value": "Red"}, {"key": "a.b", "value": "x y"}]
    ),
    experiment(
        "gamma", name="{scene} gamma", tags=[{"key": "team", "value": "blue"}, {"key": "empty", "value": ""}]
    ),
    experiment("delta", name="{scene} it's", tags=[{"key": "with space", "value": "100%_sure"}]),
    experiment("gone", name="{scene} gone", tags=[{"key": "team", "value": "red"}]),
    post("experiments/delete", experiment_id="{gone}"),
]

SCENES = [
    Scene(
        "experiment search",
        [
            *FIVE,
            search(),
            *(
                search(filter)
                for filter in (
                    "name = '{scene} alpha'",
                    "name != '{scene} alpha'",
                    "attribute.name = '{scene} alpha'",
                    "name LIKE '%beta'",
                    "name LIKE '%Beta'",
                    "name ILIKE '%BETA'",
                    "name LIKE '%_lph_'",
                    'name = "{scene} it\'s"',
                    'name LIKE "%it\'s%"',
                    "experiment_id = '{alpha}'",
                    "experiment_id != '{alpha}'",
                    "experiment_id IN ('{alpha}', '{gamma}')",
                    "experiment_id NOT IN ('{alpha}', '{gamma}')",
                    "experiment_id IN ('{alpha}')",
                    "attribute.experiment_id = '{beta}'",
                    "experiment_id = '987654321'",
                    "creation_time > 0",
                    "creation_time < 1000",
                    "last_update_time >= 0",
                    "last_update_time != 5",
                    "creation_time <= 9999999999999",
                    "tags.team = 'red'",
                    "tag.team = 'red'",
                    "tags.team != 'red'",
                    "tags.team LIKE 'r%'",
                    "tags.team ILIKE 'R%'",
                    "tags.team LIKE '%e%'",
                    "tags.team IS NULL",
                    "tags.team IS NOT NULL",
                    "tags.team is not null",
                    "tags.empty = ''",
                    "tags.empty != 'x'",
                    "tags.`a.b` = 'x y'",
                    "tags.a.b = 'x y'",
                    'tags."a.b" = "x y"',
                    "tags.`with space` LIKE '100%'",
                    "tags.`with space` LIKE '100%_s%'",
                    "tags.nobody = 'x'",
                    "tags.nobody != 'x'",
                    "tags.team = 'red' AND name = '{scene} alpha'",
                    "tags.team = 'red' and tags.team != 'blue'",
                    "tags.team = 'red' AND tags.`a.b` = 'x y'",
                )
            ),
        ],
    ),
    Scene(
        "experiment search: views and order",
        [
            *FIVE,
            search(view_type="ACTIVE_ONLY"),
            search(view_type="DELETED_ONLY"),
            search(view_type="ALL"),
            search(view_type=1),
            search(view_type=2),
            search(view_type=3),
            search(view_type="2"),
            search(viewType="ALL"),
            search(view_type="ALL", order_by=["name"]),
            search(order_by=["name ASC"]),
            search(order_by=["name DESC"]),
            search(order_by=["name desc"]),
            search(order_by=["attribute.name DESC"]),
            search(order_by=["creation_time"]),
            search(order_by=["creation_time DESC"]),
            search(order_by=["last_update_time"]),
            search(order_by=["experiment_id"]),
            search(order_by=["experiment_id DESC"]),
            search(order_by=["creation_time ASC", "name DESC"]),
            search(order_by=["`name` DESC"]),
            search(order_by=["name", "name DESC"]),
            search(order_by=[]),
            post("experiments/update", experiment_id="{alpha}", new_name="{scene} zeta"),
            search(order_by=["last_update_time DESC"]),
            search(order_by=["name"]),
            get("experiments/search", max_results=100, filter=MINE),
            get("experiments/search", max_results=100, filter=MINE, view_type="ALL", order_by="name"),
            get("experiments/search", max_results=100, filter=MINE, order_by=["creation_time DESC", "name"]),
            get("experiments/search", max_results=100, filter=MINE, view_type="2"),
            get(AJAX + "experiments/search", max_results=100, filter=MINE),
            Call("POST", AJAX + "experiments/search", {"max_results": 100, "filter": MINE}),
            *(
                Call(
                    "POST",
                    "experiments/search",
                    {"max_results": 100, "filter": MINE, "order_by": order},
                    name=str(order),
                )
                for order in (
                    ["nope"],
                    ["tags.team"],
                    ["metrics.m"],
                    ["name sideways"],
                    ["name ASC DESC"],
                    ["name, creation_time"],
                    [""],
                    ["'name"],
                    "name",
                    [5],
                    ["timestamp"],
                )
            ),
            search(view_type="BOGUS"),
            search(view_type=9),
        ],
    ),
    Scene(
        "experiment search: pages",
        [
            *FIVE,
            experiment("fifth", name="{scene} fifth"),
            page("", order_by=["name"]),
            page("{token}", order_by=["name"]),
            Call(
                "POST",
                "experiments/search",
                {"max_results": 2, "filter": MINE, "page_token": "{token}", "order_by": ["name"]},
            ),
            page(""),
            page("{token}"),
            Call("POST", "experiments/search", {"max_results": 2, "filter": MINE, "page_token": "{token}"}),
            page("", order_by=["name DESC"], view_type="ALL"),
            page("{token}", order_by=["name DESC"], view_type="ALL"),
            Call(
                "POST",
                "experiments/search",
                {
                    "max_results": 2,
                    "filter": MINE,
                    "page_token": "{token}",
                    "order_by": ["name DESC"],
                    "view_type": "ALL",
                },
            ),
            search(max_results=5),
            search(max_results=4, order_by=["experiment_id"]),
            search(max_results=1, order_by=["experiment_id"]),
            search("name = '{scene} no such'"),
            Call(
                "GET",
                "experiments/search",
                query={"max_results": 4, "filter": MINE, "order_by": "name"},
                saves={"token": "next_page_token"},
            ),
            get("experiments/search", max_results=4, filter=MINE, order_by="name", page_token="{token}"),
            search(max_results=0),
            search(max_results=-1),
            search(max_results=50000),
            search(max_results=50001),
            search(max_results="4"),
            search(max_results="many"),
            search(max_results=1.5),
            search(max_results=None),
            search(max_results=[1]),
            post("experiments/search"),
            get("experiments/search"),
            get("experiments/search", max_results="many"),
            get("experiments/search", max_results="0"),
            search(page_token=""),
            search(page_token="abc"),
            search(page_token="bm8ganNvbg=="),
            search(page_token="e30="),
            search(page_token=5),
        ],
    ),
    Scene(
        "experiment search: refused filters",
        [
            *(
                refused(filter)
                for filter in (
                    "nope = 'x'",
                    "attribute.nope = 'x'",
                    "attributes.name = 'x'",
                    "attr.name = 'x'",
                    "experiment.name = 'x'",
                    "params.a = 'x'",
                    "metrics.a > 1",
                    "lifecycle_stage = 'active'",
                    "artifact_location = 'x'",
                    "name",
                    "name =",
                    "= 'x'",
                    "name = x",
                    "name = 5",
                    "name = 'x",
                    "name == 'x'",
                    "name <> 'x'",
                    "name > 'x'",
                    "name IN ('x')",
                    "name IS NULL",
                    "name IS NOT NULL",
                    "name = 'x' OR name = 'y'",
                    "NOT name = 'x'",
                    "(name = 'x')",
                    "name BETWEEN 'a' AND 'b'",
                    "name = 'x', name = 'y'",
                    "name = 'x'; name = 'y'",
                    "name = 'x' name = 'y'",
                    "name = 'x' AND",
                    "AND name = 'x'",
                    "name like 'x'",
                    "name ilike 'x'",
                    "name RLIKE 'x'",
                    "experiment_id = 'abc'",
                    "experiment_id = 5",
                    "experiment_id > '5'",
                    "experiment_id LIKE '5'",
                    "experiment_id IN ('abc')",
                    "experiment_id IN (5)",
                    "experiment_id IN ()",
                    "experiment_id IN '5'",
                    "creation_time = 'x'",
                    "creation_time > 1.5",
                    "creation_time LIKE 5",
                    "creation_time IS NULL",
                    "last_update_time IN (5)",
                    "tags.team",
                    "tags.team = 5",
                    "tags.team = red",
                    "tags.team > 'red'",
                    "tags.team IN ('red')",
                    "tags.team like 'red'",
                    "tags. = 'x'",
                    "tags.a b = 'x'",
                    "1 = 1",
                    "'name' = 'x'",
                    "'x' = name",
                    "   ",
                    "-- comment",
                )
            ),
            Call("POST", "experiments/search", {"max_results": 5, "filter": 5}),
            Call("POST", "experiments/search", {"max_results": 5, "filter": ["x"]}),
        ],
    ),
]
