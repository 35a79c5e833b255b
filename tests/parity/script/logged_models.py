"""Logged models: made, finalized, tagged, deleted, registered, their artifacts, every refusal."""

from tests.parity.scenes import AJAX, API, FILES, Call, Scene, experiment, get, post, run

UNKNOWN = "m-0123456789abcdef0123456789abcdef"


def model(name: str = "model", /, **fields: object) -> Call:
    """Creates a logged model in ``{experiment}`` and saves its id as ``name``."""
    body = {"experiment_id": "{experiment}", "name": f"the {name}", **fields}
    return Call("POST", "logged-models", body, saves={name: "model.info.model_id"})


def create(name: str = "", /, **fields: object) -> Call:
    return Call("POST", "logged-models", {"experiment_id": "{experiment}", **fields}, name=name)


def of(path: str = "", /, **query: object) -> Call:
    return get(f"logged-models/{{model}}{path}", **query)


def finalize(status: object, name: str = "", model_id: object = "{model}") -> Call:
    return Call("PATCH", "logged-models/{model}", {"model_id": model_id, "status": status}, name=name)


def tag(*tags: object, name: str = "") -> Call:
    return Call("PATCH", "logged-models/{model}/tags", {"tags": list(tags)}, name=name)


def param(*params: object, name: str = "", **fields: object) -> Call:
    body = {"model_id": "{model}", "params": list(params), **fields}
    return Call("POST", "logged-models/{model}/params", body, name=name)


def delete(path: str) -> Call:
    return Call("DELETE", path)


def pair(key: object, value: object) -> dict[str, object]:
    return {"key": key, "value": value}


def of_version(**query: object) -> Call:
    return Call("GET", VERSION_FILE, query={**VERSION, **query})


VERSION_FILE = "/model-versions/get-artifact"
VERSION = {"name": "{scene}", "version": "1"}
ALL = of(allow_deleted="true")
FOLDERS = "/artifacts/directories"
FILE = AJAX + "logged-models/{model}/artifacts/files"
ROOT = FILES + "/{experiment}/models/{model}/artifacts"

SCENES = [
    Scene(
        "logged model create",
        [
            experiment(),
            model(),
            of(),
            Call("GET", AJAX + "logged-models/{model}"),
            run(),
            model("full", model_type="Agent", source_run_id="{run}", tags=[pair("a", "1"), pair("b.c$", "")]),
            get("logged-models/{full}"),
            model(
                "filled", params=[pair("p", "1"), pair("q/r?", "x" * 7000)], tags=[pair("long", "v" * 9000)]
            ),
            get("logged-models/{filled}"),
            create(),
            create(name=""),
            create(name=None, tags=None, params=None, model_type=None, source_run_id=None),
            create(name=" "),
            create(name="the model"),
            create(name="größe 🙂", tags=[pair("größe", "🙂")]),
            create(name="x" * 600),
            create(model_type="no run", source_run_id="no-such-run"),
            create(tags=[], params=[]),
            create(tags=[{"key": "only"}], params=[{"key": "only"}]),
            create(modelType="camel", sourceRunId="case", name="camel"),
            Call("POST", AJAX + "logged-models", {"experiment_id": "{experiment}", "name": "ui"}),
            experiment("s3", name="{scene} s3", artifact_location="s3://bucket/path?a=b"),
            create(experiment_id="{s3}", name="far"),
            experiment("local", name="{scene} local", artifact_location="/some/folder/"),
            create(experiment_id="{local}", name="near"),
            create(experiment_id=" {experiment} ", name="spaces"),
        ],
    ),
    Scene(
        "logged model create: refused",
        [
            experiment(),
            *(create(name=name) for name in ("a/b", "a:b", "a.b", "100%", 'a"b', "a'b", "models:/m")),
            create(name=5),
            create(name=["x"]),
            create(model_type=5),
            create(source_run_id=5),
            create(experiment_id=""),
            create(experiment_id=None),
            create(experiment_id=5),
            create(experiment_id="abc"),
            create(experiment_id="987654321"),
            create(experiment_id="987654321", name="a/b"),
            post("logged-models"),
            post("logged-models", experimentId="{experiment}"),
            create(tags="x"),
            create(tags={"a": "b"}),
            create(params="x"),
            create(tags=[pair("a", "1"), pair("a", "2")]),
            create(params=[pair("a", "1"), pair("a", "1")]),
            Call("POST", "logged-models", raw="{", headers={"content-type": "application/json"}),
            Call("POST", "logged-models", raw="{}", headers={"content-type": "text/plain"}),
            Call("PUT", "logged-models", {"experiment_id": "{experiment}"}),
            Call("POST", "logged-models/search", {"experiment_ids": ["{experiment}"]}),
            create("tag is text", tags=["x"]),
            create("tag value is a number", tags=[pair("a", 1)]),
            create("tag key is empty", tags=[pair("", "1")]),
            create("param is text", params=["x"]),
            create("param value is a number", params=[pair("a", 1)]),
            create("param key is empty", params=[pair("", "1")]),
        ],
    ),
    Scene(
        "logged model finalize",
        [
            experiment(),
            model(params=[pair("p", "1")]),
            finalize("LOGGED_MODEL_READY"),
            of(),
            finalize("LOGGED_MODEL_UPLOAD_FAILED"),
            finalize("LOGGED_MODEL_PENDING"),
            finalize("LOGGED_MODEL_STATUS_UNSPECIFIED"),
            finalize(0),
            finalize(1),
            finalize(3),
            finalize(2),
            finalize("3"),
            Call("PATCH", AJAX + "logged-models/{model}", {"model_id": "{model}", "status": 2}),
            of(),
            finalize(""),
            finalize(None),
            finalize([1]),
            finalize(4, "number of no status"),
            finalize(-1, "negative number"),
            finalize("READY", "status of another name"),
            finalize("logged_model_ready", "status in lower case"),
            finalize("soon", "unknown status"),
            finalize(1.5, "fractional status"),
            finalize(True, "boolean status"),
            Call("PATCH", "logged-models/{model}"),
            Call("PATCH", "logged-models/{model}", {}),
            Call("PATCH", "logged-models/{model}", {"status": 2}),
            Call("PATCH", "logged-models/{model}", {"model_id": "{model}"}),
            Call("PATCH", "logged-models/{model}", {"modelId": "{model}", "status": 2}),
            finalize(2, model_id=""),
            finalize(2, model_id=None),
            finalize(2, model_id=5),
            Call("PATCH", f"logged-models/{UNKNOWN}", {"model_id": UNKNOWN, "status": 2}),
            Call("PATCH", "logged-models/x", {"model_id": "x", "status": "LOGGED_MODEL_READY"}),
            Call(
                "PATCH", f"logged-models/{UNKNOWN}", {"model_id": "{model}", "status": 3}, name="two models"
            ),
            Call("POST", "logged-models/{model}", {"model_id": "{model}", "status": 3}),
        ],
    ),
    Scene(
        "logged model get",
        [
            get(f"logged-models/{UNKNOWN}"),
            get("logged-models/no-such-model"),
            get("logged-models/with%20space"),
            get("logged-models/gr%C3%B6%C3%9Fe"),
            get(f"logged-models/{UNKNOWN}", allow_deleted="true"),
            get("logged-models"),
            get("logged-models/"),
            get(f"logged-models/{UNKNOWN}/more"),
        ],
    ),
    Scene(
        "logged model tags",
        [
            experiment(),
            model(tags=[pair("a", "1"), pair("keep", "it")]),
            tag(pair("a", "2"), pair("b", "new")),
            of(),
            tag(),
            tag(pair("twice", "1"), pair("twice", "2")),
            tag({"key": "only"}),
            tag(pair("a.b$c", ""), pair("größe", "🙂"), pair("k" * 300, "v" * 9000)),
            Call("PATCH", AJAX + "logged-models/{model}/tags", {"tags": [pair("ui", "1")]}),
            Call("PATCH", "logged-models/{model}/tags", {}),
            Call("PATCH", "logged-models/{model}/tags", {"tags": None}),
            Call("PATCH", "logged-models/{model}/tags", {"model_id": "other", "tags": [pair("x", "y")]}),
            of(),
            Call("PATCH", "logged-models/{model}/tags", {"tags": "x"}),
            Call("PATCH", "logged-models/{model}/tags", {"tags": {"key": "a"}}),
            Call("PATCH", f"logged-models/{UNKNOWN}/tags", {"tags": [pair("a", "1")]}),
            Call("PATCH", f"logged-models/{UNKNOWN}/tags", {}),
            Call("POST", "logged-models/{model}/tags", {"tags": [pair("a", "1")]}),
            delete("logged-models/{model}/tags/a"),
            delete("logged-models/{model}/tags/a"),
            delete("logged-models/{model}/tags/a.b$c"),
            delete("logged-models/{model}/tags/gr%C3%B6%C3%9Fe"),
            delete(AJAX + "logged-models/{model}/tags/ui"),
            delete("logged-models/{model}/tags/it%27s"),
            delete("logged-models/{model}/tags/no%20such"),
            delete("logged-models/{model}/tags/"),
            delete("logged-models/{model}/tags/a/b"),
            delete(f"logged-models/{UNKNOWN}/tags/a"),
            Call("DELETE", "logged-models/{model}/tags/b", {"model_id": "other", "tag_key": "keep"}),
            get("logged-models/{model}/tags/keep"),
            of(),
            tag("x", name="tag is text"),
            tag(pair("a", 5), name="tag value is a number"),
            tag(pair("", "v"), name="tag key is empty"),
            tag({"value": "v"}, name="tag without key"),
        ],
    ),
    Scene(
        "logged model params",
        [
            experiment(),
            model(params=[pair("p", "1")]),
            param(pair("q", "2"), pair("r.s$", "")),
            of(),
            param(),
            param(params=None),
            param({"key": "only"}),
            Call("POST", "logged-models/{model}/params", {"model_id": "{model}"}),
            Call(
                "POST",
                AJAX + "logged-models/{model}/params",
                {"model_id": "{model}", "params": [pair("ui", "1")]},
            ),
            of(),
            param(pair("p", "1")),
            param(pair("p", "other")),
            param(pair("new", "1"), pair("q", "2")),
            param(pair("d", "1"), pair("d", "2")),
            param(params="x"),
            param(params={"key": "x"}),
            Call("POST", "logged-models/{model}/params", {"params": [pair("new", "1")]}),
            Call("POST", "logged-models/{model}/params"),
            param(pair("new", "1"), model_id=""),
            param(pair("new", "1"), model_id=5),
            Call(
                "POST", f"logged-models/{UNKNOWN}/params", {"model_id": UNKNOWN, "params": [pair("a", "1")]}
            ),
            Call("POST", f"logged-models/{UNKNOWN}/params", {"model_id": UNKNOWN}),
            Call("POST", "logged-models/{model}/params", {"model_id": "other"}, name="two models"),
            of(),
            param("x", name="param is text"),
            param(pair("k", 5), name="param value is a number"),
            param(pair("", "v"), name="param key is empty"),
        ],
    ),
    Scene(
        "logged model delete",
        [
            experiment(),
            model(),
            delete("logged-models/{model}"),
            of(),
            of(allow_deleted="false"),
            of(allow_deleted="1"),
            of(allow_deleted=""),
            ALL,
            of(allow_deleted="TRUE"),
            delete("logged-models/{model}"),
            post("logged-models/search", experiment_ids=["{experiment}"]),
            finalize(2),
            tag(pair("after", "1")),
            param(pair("after", "1")),
            ALL,
            delete("logged-models/{model}/tags/after"),
            delete("logged-models/{model}/tags/after"),
            of(FOLDERS),
            Call("GET", FILE, query={"artifact_file_path": "x"}),
            delete(f"logged-models/{UNKNOWN}"),
            delete("logged-models/x"),
            delete(AJAX + f"logged-models/{UNKNOWN}"),
            ALL,
        ],
    ),
    Scene(
        "logged models of what is deleted",
        [
            experiment(),
            run(),
            model(source_run_id="{run}"),
            model("gone"),
            delete("logged-models/{gone}"),
            post("runs/log-inputs", run_id="{run}", models=[{"model_id": "{model}"}]),
            post("runs/outputs", run_id="{run}", models=[{"model_id": "{model}", "step": 3}]),
            get("runs/get", run_id="{run}"),
            post("runs/search", experiment_ids=["{experiment}"]),
            post("runs/delete", run_id="{run}"),
            of(),
            post("runs/restore", run_id="{run}"),
            post("experiments/delete", experiment_id="{experiment}"),
            of(),
            create(name="late"),
            create(name="a/b"),
            post("logged-models/search", experiment_ids=["{experiment}"]),
            finalize(2),
            tag(pair("while", "deleted")),
            param(pair("while", "deleted")),
            of(FOLDERS),
            delete("logged-models/{model}"),
            post("experiments/restore", experiment_id="{experiment}"),
            of(),
            ALL,
            get("logged-models/{gone}", allow_deleted="true"),
            get("runs/get", run_id="{run}"),
            post("logged-models/search", experiment_ids=["{experiment}"]),
        ],
    ),
    Scene(
        "logged model artifacts",
        [
            experiment(),
            model(),
            of(FOLDERS),
            Call("PUT", ROOT + "/MLmodel", raw="flavors: {{}}"),
            Call("PUT", ROOT + "/data/model.pkl", raw=b"\x80pickle"),
            Call("PUT", ROOT + "/data/with%20space.json", raw="{{}}"),
            of(FOLDERS),
            Call("GET", AJAX + "logged-models/{model}/artifacts/directories"),
            of(FOLDERS, artifact_directory_path="data"),
            of(FOLDERS, artifact_directory_path="data/"),
            of(FOLDERS, artifact_directory_path=""),
            of(FOLDERS, artifact_directory_path="nowhere"),
            of(FOLDERS, artifact_directory_path="MLmodel"),
            of(FOLDERS, artifact_directory_path="no such"),
            of(FOLDERS, path="data"),
            of(FOLDERS, page_token="x"),
            of(FOLDERS, artifact_directory_path="../other"),
            of(FOLDERS, artifact_directory_path="/etc"),
            of(FOLDERS, artifact_directory_path="%2e%2e"),
            of(FOLDERS, artifact_directory_path="data/../.."),
            get(f"logged-models/{UNKNOWN}/artifacts/directories"),
            get(f"logged-models/{UNKNOWN}/artifacts/directories", artifact_directory_path="../x"),
            Call("GET", FILE, query={"artifact_file_path": "MLmodel"}),
            Call("GET", FILE, query={"artifact_file_path": "data/model.pkl"}),
            Call("GET", FILE, query={"artifact_file_path": "data/with space.json"}),
            Call("GET", FILE, query={"artifact_file_path": "data/model.pkl"}, headers={"range": "bytes=0-2"}),
            Call("HEAD", FILE, query={"artifact_file_path": "MLmodel"}),
            Call("GET", FILE),
            Call("GET", FILE, query={"artifact_file_path": ""}),
            Call("GET", FILE, query={"path": "MLmodel"}),
            Call("GET", FILE, query={"artifact_file_path": "nowhere"}),
            Call("GET", FILE, query={"artifact_file_path": "data"}),
            Call("GET", FILE, query={"artifact_file_path": "../x"}),
            Call("GET", FILE, query={"artifact_file_path": "/etc/passwd"}),
            Call("GET", FILE, query={"artifact_file_path": "data/../../x"}),
            Call(
                "GET",
                AJAX + f"logged-models/{UNKNOWN}/artifacts/files",
                query={"artifact_file_path": "MLmodel"},
            ),
            Call("GET", AJAX + f"logged-models/{UNKNOWN}/artifacts/files"),
            Call(
                "GET", API + "logged-models/{model}/artifacts/files", query={"artifact_file_path": "MLmodel"}
            ),
            experiment("s3", name="{scene} s3", artifact_location="s3://bucket/path"),
            model("far", experiment_id="{s3}"),
            get("logged-models/{far}/artifacts/directories"),
            Call("GET", AJAX + "logged-models/{far}/artifacts/files", query={"artifact_file_path": "x"}),
        ],
    ),
    Scene(
        "model version artifact",
        [
            experiment(),
            model(),
            Call("PUT", ROOT + "/MLmodel", raw="flavors: {{}}"),
            Call("PUT", ROOT + "/data/model.pkl", raw=b"\x80pickle"),
            post("registered-models/create", name="{scene}"),
            post(
                "model-versions/create",
                name="{scene}",
                source="models:/{model}",
                model_id="{model}",
            ),
            of(),
            of_version(path="MLmodel"),
            of_version(path="data/model.pkl"),
            Call(
                "GET",
                VERSION_FILE,
                query={**VERSION, "path": "data/model.pkl"},
                headers={"range": "bytes=1-2"},
            ),
            of_version(path="nowhere"),
            of_version(path="data"),
            of_version(path="../x"),
            of_version(path="/etc/passwd"),
            Call("GET", VERSION_FILE, query=VERSION),
            of_version(path="MLmodel", version="2"),
            of_version(path="MLmodel", version="x"),
            of_version(path="MLmodel", version=""),
            of_version(path="MLmodel", name="no such model"),
            of_version(path="MLmodel", name=""),
            Call("GET", VERSION_FILE, query={"path": "MLmodel"}),
            Call("GET", VERSION_FILE, query={"path": "../x"}),
            Call("GET", AJAX + "model-versions/get-artifact", query={**VERSION, "path": "MLmodel"}),
            Call("DELETE", "model-versions/delete", {"name": "{scene}", "version": "1"}),
            of_version(path="MLmodel"),
            of(),
        ],
    ),
]
