"""Searching logged models: filters, data sets, orders and pages, and every refusal."""

from tests.parity.scenes import AJAX, Call, Scene, experiment, post, run
from tests.parity.script.logged_models import delete, model, pair


def search(filter: object = "", *, name: str = "", **fields: object) -> Call:
    body = {"experiment_ids": ["{experiment}"], "filter": filter, **fields}
    return Call("POST", "logged-models/search", body, name=name or str(filter or fields))


def by(*orders: object, filter: str = "", **fields: object) -> Call:
    """In an order; a text is a field, ascending unless a minus precedes it."""
    order_by = [
        {"field_name": order.removeprefix("-"), "ascending": order[0] != "-"}
        if isinstance(order, str)
        else order
        for order in orders
    ]
    return Call(
        "POST",
        "logged-models/search",
        {"experiment_ids": ["{experiment}"], "order_by": order_by, "filter": filter, **fields},
    )


def on(*datasets: object, filter: str = "") -> Call:
    return search(filter, name=f"{datasets} {filter}", datasets=list(datasets))


def page(token: str, **fields: object) -> Call:
    body = {"experiment_ids": ["{experiment}"], "max_results": 2, "page_token": token, **fields}
    return Call("POST", "logged-models/search", body, saves={"token": "next_page_token"})


def last_page(**fields: object) -> Call:
    body = {"experiment_ids": ["{experiment}"], "max_results": 2, "page_token": "{token}", **fields}
    return Call("POST", "logged-models/search", body)


def measure(name: str, *metrics: tuple[str, object, int, int, str]) -> Call:
    """Metrics of a model: key, value, timestamp, step, data set (``name digest``, or none)."""
    items = []
    for key, value, timestamp, step, dataset in metrics:
        item = {
            "key": key,
            "value": value,
            "timestamp": timestamp,
            "step": step,
            "model_id": f"{{{name}}}",
        }
        if dataset:
            item["dataset_name"], item["dataset_digest"] = dataset.split()
        items.append(item)
    return post("runs/log-batch", run_id="{run}", metrics=items)


def status(name: str, number: int) -> Call:
    path = f"logged-models/{{{name}}}"
    return Call("PATCH", path, {"model_id": f"{{{name}}}", "status": number})


MODELS = [
    experiment(),
    run(),
    model("ann", name="ann", model_type="Agent", source_run_id="{run}", tags=[pair("team", "red")]),
    model("bob", name="Bob", params=[pair("lr", "0.1"), pair("a b", "x")], tags=[pair("team", "Red")]),
    model("cat", name="cat 100", params=[pair("lr", "0.01")]),
    model("dan", name="dan_x", model_type="Agent", tags=[pair("team", "blue"), pair("it.has dots", "y")]),
    model("eve", name="größe", params=[pair("lr", "0.1")], tags=[pair("team", "red")]),
    model("fay", name="fay"),
    delete("logged-models/{fay}"),
    status("ann", 2),
    status("bob", 3),
    status("cat", 2),
    measure("ann", ("acc", 0.5, 10, 1, "iris d1"), ("acc", 0.7, 20, 1, "wine d2"), ("loss", 1, 10, 0, "")),
    measure("bob", ("acc", 0.9, 10, 1, "iris d1"), ("acc", 0.1, 10, 2, ""), ("a b", 2, 1, 1, "")),
    measure("cat", ("acc", 0.5, 30, 9, "iris d3"), ("loss", "NaN", 1, 1, ""), ("a.b/c", 3, 1, 1, "")),
    measure("dan", ("acc", -1, 10, 1, "wine d2"), ("loss", "Infinity", 1, 1, ""), ("acc", 2, 5, 50, "")),
]

IRIS = {"dataset_name": "iris", "dataset_digest": "d1"}
WINE = {"dataset_name": "wine", "dataset_digest": "d2"}

SCENES = [
    Scene(
        "logged model search: filters",
        [
            *MODELS,
            search(),
            *(
                search(filter)
                for filter in (
                    "name = 'ann'",
                    "name != 'ann'",
                    "name = 'bob'",
                    "name LIKE 'b%'",
                    "name LIKE 'B%'",
                    "name ILIKE 'b%'",
                    "name like '%a%'",
                    "name LIKE 'dan_x'",
                    "name IN ('ann', 'Bob')",
                    "name NOT IN ('ann', 'Bob')",
                    "name IN ('ann')",
                    "name in ('nobody')",
                    "attributes.name = 'ann'",
                    "name = 'größe'",
                    "name = 'fay'",
                    "`name` = 'ann'",
                    "model_id = '{ann}'",
                    "model_id IN ('{ann}', '{cat}', 'm-none')",
                    "attributes.model_id IN ('{bob}')",
                    "model_type = 'Agent'",
                    "model_type != 'Agent'",
                    "model_type = ''",
                    "model_type LIKE 'A%'",
                    "source_run_id = '{run}'",
                    "source_run_id != '{run}'",
                    "creation_timestamp > 0",
                    "creation_time > 0",
                    "creation_timestamp < 5",
                    "creation_timestamp_ms >= 1",
                    "last_updated_timestamp > 5e3",
                    "attributes.creation_timestamp_ms != 5",
                    "metrics.acc > 0.5",
                    "metrics.acc >= 0.5",
                    "metrics.acc = 0.5",
                    "metrics.acc != 0.5",
                    "metrics.acc < 0.5",
                    "metrics.acc <= -1",
                    "metrics.acc > 0 AND metrics.acc < 0.6",
                    "metrics.acc = .5",
                    "metrics.acc = 5e-1",
                    "metrics.nobody > 0",
                    "metrics.nobody != 0",
                    "metrics.loss = 0",
                    "metrics.loss > 1e300",
                    "metrics.`a b` = 2",
                    "metrics.`a.b/c` = 3",
                    "metrics.a.b/c = 3",
                    "params.lr = '0.1'",
                    "params.lr != '0.1'",
                    "params.lr LIKE '0.%'",
                    "params.lr IN ('0.1', '0.01')",
                    "params.`a b` = 'x'",
                    "params.nobody = 'x'",
                    "params.nobody != 'x'",
                    "tags.team = 'red'",
                    "tags.team != 'red'",
                    "tags.team ILIKE 'RED'",
                    "tags.team LIKE '%e%'",
                    "tags.team IN ('red', 'blue')",
                    "tags.team NOT IN ('red', 'blue')",
                    "tags.`it.has dots` = 'y'",
                    "name = 'ann' AND tags.team = 'red' AND metrics.acc > 0.6",
                    "name = 'ann' and params.lr = '0.1'",
                    "params.lr = '0.1' AND tags.team = 'red'",
                    "",
                )
            ),
            search(None, name="no filter"),
            Call("POST", AJAX + "logged-models/search", {"experiment_ids": ["{experiment}"]}),
        ],
    ),
    Scene(
        "logged model search: statuses",
        [
            *MODELS,
            *(
                search(filter)
                for filter in (
                    "status = '2'",
                    "status != '2'",
                    "status = '1'",
                    "status IN ('1', '3')",
                    "status NOT IN ('1', '3')",
                    "status LIKE '2'",
                )
            ),
        ],
    ),
    Scene(
        "logged model search: data sets",
        [
            *MODELS,
            on(IRIS),
            on(WINE),
            on(IRIS, WINE),
            on({"dataset_name": "iris", "dataset_digest": "d2"}),
            on({"dataset_name": "iris"}),
            on({"dataset_name": "nobody", "dataset_digest": "d1"}),
            on({"datasetName": "iris", "datasetDigest": "d3"}),
            on(IRIS, filter="metrics.acc > 0.6"),
            on(IRIS, filter="metrics.acc < 0.6"),
            on(WINE, filter="metrics.acc > 0.6"),
            on(IRIS, WINE, filter="metrics.acc > 0.6"),
            on(WINE, filter="metrics.loss > 0"),
            on(WINE, filter="name = 'ann'"),
            on(WINE, filter="metrics.acc > 0 AND tags.team = 'red'"),
            search(datasets=[]),
            on({}),
            on({"dataset_name": ""}),
            on({"dataset_digest": "d1"}),
            on(IRIS, {}),
            search(datasets="x"),
            search(datasets=IRIS, name="data sets are no list"),
        ],
    ),
    Scene(
        "logged model search: orders",
        [
            *MODELS,
            by("name"),
            by("-name"),
            by("creation_timestamp"),
            by("-creation_timestamp"),
            by("creation_time"),
            by("-creation_timestamp_ms"),
            by("last_updated_timestamp"),
            by("-last_updated_timestamp_ms"),
            by("status"),
            by("-status", "name"),
            by("model_type", "name"),
            by("-model_type", "-name"),
            by("source_run_id"),
            by("status_message"),
            by("artifact_location", filter="name = 'ann'"),
            by("experiment_id"),
            by("metrics.acc"),
            by("-metrics.acc"),
            by("metrics.loss"),
            by("-metrics.loss"),
            by("metrics.a b"),
            by("metrics.nobody"),
            by("-metrics.nobody", "name"),
            by("metrics.a.b/c"),
            by({"field_name": "metrics.acc", **IRIS}),
            by({"field_name": "metrics.acc", "ascending": False, **IRIS}),
            by({"field_name": "metrics.acc", "dataset_name": "iris"}),
            by({"field_name": "metrics.acc", "dataset_digest": "d2"}),
            by({"field_name": "metrics.acc", **WINE}),
            by({"field_name": "metrics.acc", "dataset_name": "nobody"}),
            by({"field_name": "name", **IRIS}),
            by({"fieldName": "name", "ascending": False}),
            by({"field_name": "name"}),
            by({"field_name": "name", "ascending": None}),
            by("model_type", "metrics.acc"),
            by("name", "name"),
            by(filter="tags.team = 'red'"),
            search(order_by=None),
            by("metrics.acc", filter="metrics.acc > 0", datasets=[IRIS]),
        ],
    ),
    Scene(
        "logged model search: refused orders",
        [
            experiment(),
            *(
                search(name=f"order {field}", order_by=[{"field_name": field}])
                for field in (
                    "nope",
                    "",
                    "Name",
                    "tags.team",
                    "params.lr",
                    "attributes.name",
                    "metric.acc",
                    ".",
                )
            ),
            search(order_by=[{}], name="order without field"),
            search(order_by="name"),
            search(order_by={"field_name": "name"}, name="order is no list"),
            search(order_by=["name"], name="order is text"),
            search(order_by=[{"field_name": 5}], name="field is a number"),
            search(order_by=[{"field_name": "name", "ascending": "no"}], name="direction is a word"),
            search(order_by=[{"field_name": "name", "ascending": 0}], name="direction is a number"),
            search(order_by=[{"field_name": "metrics.a", "dataset_name": 5}], name="data set is a number"),
        ],
    ),
    Scene(
        "logged model search: pages and experiments",
        [
            *MODELS,
            page(""),
            page("{token}"),
            last_page(),
            page("", order_by=[{"field_name": "name"}]),
            page("{token}", order_by=[{"field_name": "name"}]),
            last_page(order_by=[{"field_name": "name"}]),
            page("", order_by=[{"field_name": "metrics.acc", "ascending": False}]),
            page("{token}", order_by=[{"field_name": "metrics.acc", "ascending": False}]),
            last_page(order_by=[{"field_name": "metrics.acc", "ascending": False}]),
            page("", order_by=[{"field_name": "metrics.acc", **IRIS}]),
            page("{token}", order_by=[{"field_name": "metrics.acc", **IRIS}]),
            last_page(order_by=[{"field_name": "metrics.acc", **IRIS}]),
            page("", order_by=[{"field_name": "creation_timestamp"}]),
            page("{token}", order_by=[{"field_name": "creation_timestamp"}]),
            last_page(order_by=[{"field_name": "creation_timestamp"}]),
            page("", filter="tags.team = 'red'", max_results=1),
            last_page(filter="tags.team = 'red'", max_results=1),
            search(max_results=5),
            search(max_results=4, filter="name != 'x'"),
            search(max_results=0),
            search(max_results="2"),
            search(maxResults=1),
            search(max_results=None),
            search(max_results="many"),
            search(max_results=[1]),
            search(max_results=-1),
            search(max_results=50001),
            search(max_results=2**31),
            search(max_results=1.5),
            search(page_token=""),
            search(page_token="abc"),
            search(page_token="bm8ganNvbg=="),
            search(page_token="e30="),
            search(page_token=5),
            experiment("second", name="{scene} second"),
            model("zoe", experiment_id="{second}"),
            search(experiment_ids=["{experiment}", "{second}"]),
            search(
                experiment_ids=["{second}", "{experiment}", "{second}"], order_by=[{"field_name": "name"}]
            ),
            search(experiment_ids=["{second}"]),
            search(experiment_ids=["{second}", "987654321"]),
            search(experiment_ids=["987654321"]),
            search(experiment_ids=[]),
            search(experiment_ids=[" {second} "]),
            search(experiment_ids=None),
            search(experiment_ids="7"),
            search(experiment_ids=[7]),
            search(experiment_ids=["abc"]),
            search(experiment_ids=["{second}", ""]),
            search("nope nope", experiment_ids=["abc"]),
            search("experiment_id = '{second}'", experiment_ids=["{experiment}", "{second}"]),
            search("experiment_id != '{second}'", experiment_ids=["{second}"]),
            post("logged-models/search"),
            post("logged-models/search", filter="name = 'ann'"),
            post("logged-models/search", experimentIds=["{second}"]),
            search(5, name="filter is a number"),
            search(["x"], name="filter is a list"),
        ],
    ),
    Scene(
        "logged model search: refused filters",
        [
            experiment(),
            *(
                search(filter)
                for filter in (
                    "nope = 'x'",
                    "attributes.nope = 'x'",
                    "attribute.name = 'x'",
                    "metric.acc > 1",
                    "param.lr = 'x'",
                    "tag.team = 'x'",
                    "Metrics.acc > 1",
                    "bogus.key = 'x'",
                    "metrics.acc",
                    "metrics.acc >",
                    "> 1",
                    "metrics.acc > 'x'",
                    "metrics.acc > x",
                    "metrics.acc LIKE 1",
                    "metrics.acc IN (1)",
                    "metrics.acc IS NULL",
                    "metrics.acc == 1",
                    "metrics.acc <> 1",
                    "creation_timestamp = 'x'",
                    "creation_timestamp LIKE '5'",
                    "name > 'x'",
                    "name IS NULL",
                    "name == 'x'",
                    "name RLIKE 'x'",
                    "name IN",
                    "name BETWEEN 'a' AND 'b'",
                    "params.lr > '1'",
                    "params.lr IS NOT NULL",
                    "tags.team <= 'x'",
                    "name = 'x' OR name = 'y'",
                    "NOT name = 'x'",
                    "(name = 'x')",
                    "name = 'x' AND (name = 'y')",
                    "name = 'x'; name = 'y'",
                    "name = 'x', name = 'y'",
                    "name = 'x' name = 'y'",
                    "name = 'x' AND OR name = 'y'",
                    "name",
                    "*",
                    "1 = 1",
                    "select * from models",
                    "-- comment",
                )
            ),
        ],
    ),
]
