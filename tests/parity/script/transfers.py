"""Direct transfers: a stock server on local storage has none, but refuses what is wrong before it says so."""

from __future__ import annotations

from typing import Any

from tests.parity.scenes import AJAX, FILES, Call, Scene, experiment, get, post, run

MPU = "/api/2.0/mlflow-artifacts/mpu"
DOWNLOADS = "/api/2.0/mlflow-artifacts/presigned"
FOLDER = "/{experiment}/{run}/artifacts"
UPLOAD_URL = "artifacts/presigned-upload-url"
DOWNLOAD_URL = "artifacts/presigned-download-url"


def named(name: str, path: str, /, **body: Any) -> Call:
    """A POST of which ``deviations`` speaks."""
    return Call("POST", path, body, name=name)


SCENES = [
    Scene(
        "multipart uploads",
        [
            experiment(),
            run(),
            named("create", f"{MPU}/create{FOLDER}", path="f.bin", num_parts=2),
            named("create without number", f"{MPU}/create{FOLDER}", path="f.bin"),
            post(f"{MPU}/create{FOLDER}"),
            post(f"{MPU}/create{FOLDER}", path=""),
            post(f"{MPU}/create{FOLDER}", path=None),
            post(f"{MPU}/create{FOLDER}", path=5),
            post(f"{MPU}/create{FOLDER}", path=["f.bin"]),
            post(f"{MPU}/create{FOLDER}", path="f.bin", num_parts="many"),
            post(f"{MPU}/create{FOLDER}", path="f.bin", num_parts=[2]),
            post(f"{MPU}/create/%2e%2e/x", path="f.bin", num_parts=2),
            post(f"{MPU}/create/a%23b", path="f.bin", num_parts=2),
            post(f"{MPU}/create", path="f.bin", num_parts=2),
            Call("PUT", f"{MPU}/create{FOLDER}", {"path": "f.bin", "num_parts": 2}),
            post(f"{MPU}/complete{FOLDER}"),
            post(f"{MPU}/complete{FOLDER}", path="f.bin"),
            post(f"{MPU}/complete{FOLDER}", path="f.bin", upload_id=5, parts=[]),
            post(f"{MPU}/complete{FOLDER}", path="f.bin", upload_id="x", parts=None),
            post(f"{MPU}/complete{FOLDER}", path="f.bin", upload_id="x", parts=[{"part_number": 1}]),
            post(f"{MPU}/complete/%2e%2e/x", path="f.bin", upload_id="x", parts=[{"part_number": 1}]),
            post(f"{MPU}/abort{FOLDER}"),
            post(f"{MPU}/abort{FOLDER}", path=5),
            post(f"{MPU}/abort{FOLDER}", path="f.bin", upload_id=5),
            post(f"{MPU}/abort/%2e%2e/x", path="f.bin", upload_id="x"),
        ],
    ),
    Scene(
        "presigned downloads",
        [
            experiment(),
            run(),
            Call("PUT", FILES + FOLDER + "/f.txt", raw="content"),
            Call("GET", f"{DOWNLOADS}{FOLDER}/f.txt", name="a file"),
            get(f"{DOWNLOADS}{FOLDER}/nobody"),
            get(f"{DOWNLOADS}{FOLDER}"),
            get(f"{DOWNLOADS}/%2e%2e/x"),
            get(f"{DOWNLOADS}/a/..%2F..%2Fx"),
            get(f"{DOWNLOADS}/a%23b"),
            get(DOWNLOADS),
        ],
    ),
    Scene(
        "presigned URLs of runs",
        [
            experiment(),
            run(),
            Call("PUT", FILES + FOLDER + "/f.txt", raw="content"),
            named("upload", UPLOAD_URL, run_id="{run}", path="f.txt"),
            named("upload, for the UI", AJAX + UPLOAD_URL, run_id="{run}", path="f.txt", expiration=60),
            named("upload, dead at once", UPLOAD_URL, run_id="{run}", path="f.txt", expiration=0),
            named("download", DOWNLOAD_URL, run_id="{run}", path="f.txt"),
            named("download, for a week", DOWNLOAD_URL, run_id="{run}", path="f.txt", expiration=604800),
            named("download of what is not there", DOWNLOAD_URL, run_id="{run}", path="nobody"),
            *(
                post(path, **body)
                for path in (UPLOAD_URL, DOWNLOAD_URL)
                for body in (
                    {},
                    {"path": "f.txt"},
                    {"run_id": "{run}"},
                    {"run_id": "{run}", "path": ""},
                    {"run_id": "{run}", "path": 5},
                    {"run_id": 5, "path": "f.txt"},
                    {"run_id": "{run}", "path": "../f.txt"},
                    {"run_id": "{run}", "path": "%2e%2e/f.txt"},
                    {"run_id": "{run}", "path": "/etc/passwd"},
                    {"run_id": "{run}", "path": "a#b"},
                    {"run_id": "{run}", "path": "f.txt", "expiration": "soon"},
                    {"run_id": "{run}", "path": "f.txt", "expiration": [60]},
                    {"run_id": "no-such-run", "path": "f.txt"},
                    {"run_id": "no-such-run", "path": "../f.txt"},
                )
            ),
            post(UPLOAD_URL, run_id="{run}", model_id="m-1", path="f.txt"),
            post(UPLOAD_URL, run_id="", model_id="", path="f.txt"),
            post(UPLOAD_URL, model_id="no-such-model", path="f.txt"),
            post(UPLOAD_URL, model_id=5, path="f.txt"),
            post(DOWNLOAD_URL, run_id="{run}", path="f.txt", expiration=0),
            post(DOWNLOAD_URL, run_id="{run}", path="f.txt", expiration=-1),
            post(DOWNLOAD_URL, run_id="{run}", path="f.txt", expiration=604801),
            post(DOWNLOAD_URL, run_id="no-such-run", path="f.txt", expiration=0),
            get(UPLOAD_URL, run_id="{run}", path="f.txt"),
        ],
    ),
    Scene(
        "presigned URLs of deleted runs",
        [
            experiment(),
            run(),
            post("runs/delete", run_id="{run}"),
            named("upload", UPLOAD_URL, run_id="{run}", path="f.txt"),
        ],
    ),
    Scene(
        "presigned URLs of models",
        [
            experiment(),
            Call(
                "POST",
                "logged-models",
                {"experiment_id": "{experiment}"},
                saves={"model": "model.info.model_id"},
            ),
            named("upload", UPLOAD_URL, model_id="{model}", path="MLmodel"),
            post(UPLOAD_URL, model_id="{model}", path="../MLmodel"),
            Call("DELETE", "logged-models/{model}"),
            post(UPLOAD_URL, model_id="{model}", path="MLmodel"),
        ],
    ),
]
