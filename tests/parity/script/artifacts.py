"""Artifact bytes through the server, and what is listed of them."""

from tests.parity.scenes import AJAX, AJAX_FILES, FILES, Call, Scene, experiment, get, run

ROOT = FILES + "/{experiment}/{run}/artifacts"


def put(path: str, content: str | bytes = "content", **headers: str) -> Call:
    return Call("PUT", path, raw=content, headers={"content-type": "text/plain", **headers})


def listing(path: str) -> Call:
    return get(FILES, path=path)


def ranged(path: str, bytes: str) -> Call:
    return Call("GET", path, headers={"range": bytes})


NAMES = (
    "model.pkl",
    "MLmodel",
    "conda.yaml",
    "data.json",
    "page.html",
    "script.js",
    "image.png",
    "picture.svg",
    "table.csv",
    "table.parquet",
    "notes.md",
    "archive.tar.gz",
    "no_extension",
    ".hidden",
)

SCENES = [
    Scene(
        "artifact bytes",
        [
            experiment(),
            run(),
            put(ROOT + "/a.txt", "hello"),
            get(ROOT + "/a.txt"),
            put(ROOT + "/a.txt", "replaced"),
            get(ROOT + "/a.txt"),
            put(ROOT + "/empty.txt", b""),
            get(ROOT + "/empty.txt"),
            put(ROOT + "/sub/dir/b.bin", bytes(range(256)) * 40),
            get(ROOT + "/sub/dir/b.bin"),
            put(ROOT + "/a%20b.txt", "space"),
            get(ROOT + "/a%20b.txt"),
            put(ROOT + "/Gr%C3%BC%C3%9Fe%20%E6%97%A5%E6%9C%AC.txt", "unicode"),
            get(ROOT + "/Gr%C3%BC%C3%9Fe%20%E6%97%A5%E6%9C%AC.txt"),
            put(ROOT + "/quote%22%27s;%20x=1.txt", "quotes"),
            get(ROOT + "/quote%22%27s;%20x=1.txt"),
            put(ROOT + "/plus+and&=.txt", "plus"),
            get(ROOT + "/plus+and&=.txt"),
            Call("PUT", AJAX_FILES + "/{experiment}/{run}/artifacts/ajax", raw="x"),
            get(AJAX_FILES + "/{experiment}/{run}/artifacts/ajax"),
            *(
                call
                for name in NAMES
                for call in (put(f"{ROOT}/types/{name}", "t"), get(f"{ROOT}/types/{name}"))
            ),
            get("artifacts/list", run_id="{run}"),
            get("artifacts/list", run_id="{run}", path="types"),
        ],
    ),
    Scene(
        "artifact ranges",
        [
            experiment(),
            run(),
            put(ROOT + "/digits", "0123456789"),
            put(ROOT + "/nothing", b""),
            ranged(ROOT + "/digits", "bytes=0-3"),
            ranged(ROOT + "/digits", "bytes=4-"),
            ranged(ROOT + "/digits", "bytes=-2"),
            ranged(ROOT + "/digits", "bytes=9-9"),
            ranged(ROOT + "/digits", "bytes=5-500"),
            ranged(ROOT + "/digits", "bytes=0-"),
            ranged(ROOT + "/digits", "bytes=10-"),
            ranged(ROOT + "/digits", "bytes=50-60"),
        ],
    ),
    Scene(
        "artifact listing",
        [
            experiment(),
            run(),
            get("artifacts/list", run_id="{run}"),
            listing("{experiment}/{run}/artifacts"),
            put(ROOT + "/b.txt", "22"),
            put(ROOT + "/a.txt", "1"),
            put(ROOT + "/zero", b""),
            put(ROOT + "/model/MLmodel", "333"),
            put(ROOT + "/model/data/x.bin", "4444"),
            put(ROOT + "/model.txt", "m"),
            get("artifacts/list", run_id="{run}"),
            get("artifacts/list", run_uuid="{run}"),
            get(AJAX + "artifacts/list", run_id="{run}"),
            get("artifacts/list", run_id="{run}", path="model"),
            get("artifacts/list", run_id="{run}", path="model/"),
            get("artifacts/list", run_id="{run}", path="model/data"),
            get("artifacts/list", run_id="{run}", path="model/MLmodel"),
            get("artifacts/list", run_id="{run}", path="nobody"),
            get("artifacts/list", run_id="{run}", path=""),
            get("artifacts/list", run_id="{run}", path="../../x"),
            get("artifacts/list", run_id="{run}", path="/etc"),
            get("artifacts/list", run_id="{run}", path="model/../model"),
            get("artifacts/list", run_id="{run}", path="%2e%2e/x"),
            get("artifacts/list", run_id="{run}", path="a#b"),
            get("artifacts/list", run_id="{run}", path="file:///etc"),
            get("artifacts/list", run_id="{run}", path="C:\\x"),
            get("artifacts/list"),
            get("artifacts/list", run_id=""),
            get("artifacts/list", run_id="no-such-run"),
            get("artifacts/list", run_id="no-such-run", path="../x"),
            get("artifacts/list", path="model"),
            listing("{experiment}/{run}/artifacts"),
            listing("{experiment}/{run}/artifacts/model"),
            listing("{experiment}/{run}/artifacts/model/data"),
            listing("{experiment}/{run}/artifacts/model/MLmodel"),
            listing("{experiment}/{run}/artifacts/nobody"),
            listing("{experiment}/{run}"),
            listing("../x"),
            listing("/etc"),
            listing("a/%2e%2e/b"),
            listing("a#b"),
            listing("C:\\x"),
            listing("file:///etc"),
            get(AJAX_FILES, path="{experiment}/{run}/artifacts"),
        ],
    ),
    Scene(
        "artifact delete",
        [
            experiment(),
            run(),
            put(ROOT + "/a.txt", "1"),
            put(ROOT + "/model/MLmodel", "2"),
            put(ROOT + "/model/data/x", "3"),
            put(ROOT + "/model2", "4"),
            Call("DELETE", ROOT + "/a.txt"),
            get(ROOT + "/a.txt"),
            Call("DELETE", ROOT + "/a.txt"),
            Call("DELETE", ROOT + "/model"),
            get("artifacts/list", run_id="{run}"),
            get(ROOT + "/model/data/x"),
            get(ROOT + "/model2"),
            Call("DELETE", ROOT + "/nobody/at/all"),
            Call("DELETE", ROOT + "/%2e%2e/%2e%2e/x"),
            Call("DELETE", ROOT + "/a%23b"),
            Call("DELETE", ROOT + "/dir/..%2Fx"),
        ],
    ),
    Scene(
        "artifact paths: refused",
        [
            experiment(),
            run(),
            put(ROOT + "/a.txt", "1"),
            put(ROOT + "/dir/b.txt", "2"),
            get(ROOT + "/nobody.txt"),
            get(ROOT + "/dir"),
            get(ROOT + "/a.txt/x"),
            *(
                call
                for path in (
                    "/../../x",
                    "/%2e%2e/x",
                    "/%252e%252e/x",
                    "/dir/..%2Fa.txt",
                    "/dir/../a.txt",
                    "/a%23b",
                    "/a%2523b",
                )
                for call in (get(ROOT + path), put(ROOT + path))
            ),
            get(FILES + "/%2Fetc%2Fpasswd"),
            get(FILES + "//etc/passwd"),
            get(FILES + "/C:%5Cx"),
            get(FILES + "/file:/etc/passwd"),
            get(FILES + "/file:%2F%2F%2Fetc%2Fpasswd"),
            put(FILES + "/%2Fetc%2Fx"),
            put(FILES + "/C:%5Cx"),
            put(ROOT + "/dir/"),
            Call("GET", ROOT + "/a%00b", name="control character"),
            put(ROOT + "/100%25.txt", "percent"),
            get(ROOT + "/100%25.txt"),
            put(ROOT + "/dir", "a file where a folder is"),
            put(ROOT + "/a.txt/x", "below a file"),
            get("artifacts/list", run_id="{run}"),
        ],
    ),
    Scene(
        "artifact of a run, for the UI",
        [
            experiment(),
            run(),
            put(ROOT + "/a.txt", "hello"),
            put(ROOT + "/page.html", "<b>x</b>"),
            put(ROOT + "/dir/Gr%C3%BC%C3%9Fe.txt", "unicode"),
            get("/get-artifact", run_id="{run}", path="a.txt"),
            get("/get-artifact", run_uuid="{run}", path="a.txt"),
            get("/get-artifact", run_id="{run}", path="page.html"),
            get("/get-artifact", run_id="{run}", path="dir/Grüße.txt"),
            ranged("/get-artifact?run_id={run}&path=a.txt", "bytes=1-3"),
            get("/get-artifact", run_id="{run}", path="nobody"),
            get("/get-artifact", run_id="{run}", path="dir"),
            get("/get-artifact", run_id="{run}", path="../../x"),
            get("/get-artifact", run_id="{run}", path="/etc/passwd"),
            get("/get-artifact", run_id="no-such-run", path="a.txt"),
            get("/get-artifact", run_id="{run}"),
            Call("GET", "/get-artifact", query={"path": "a.txt"}, name="no run"),
            get("/get-artifact"),
        ],
    ),
]
