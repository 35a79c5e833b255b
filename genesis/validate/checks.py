"""Checks of what the server says: alive, ready, which version, how it is protected."""

from __future__ import annotations

import secrets
from email.utils import parsedate_to_datetime

from genesis import MLFLOW_VERSION
from genesis.validate.deployment import API, Deployment
from genesis.validate.results import Result, failed, ok, skipped, warning
from genesis.validate.transport import Reply

SOME_SECONDS, MANY_SECONDS = 60, 240
"""Clocks apart: worth a word; too near to the five minutes that signed URLs allow for."""
HEADERS = {"x-content-type-options": ("nosniff",), "x-frame-options": ("SAMEORIGIN", "DENY")}
SERVER_INFO = "/api/3.0/mlflow/server-info"
PRESIGNED_ONLY = "artifacts_presigned_only"
SEARCH = f"{API}/experiments/search?max_results=1"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
SIGN = "/api/2.0/genesis/artifacts/sign"
LOCKED = "Set GENESIS_AUTH to token, entra or platform: docs/authentication.md tells how to choose."
UPGRADE = "Deploy the current version, or run the validate of the version that is deployed."


def live(d: Deployment) -> Result:
    reply = d.server.get("/health/live")
    if reply.status == 404:
        alive = d.server.get("/health").status == 200
        detail = "There is no /health/live: an older Genesis-Flow, or another server."
        if alive:
            return warning("live", detail, UPGRADE)
        return failed("live", f"{detail} Nor is there a /health.", "See that the URL is the tracking URI.")
    if reply.status != 200:
        return failed("live", f"/health/live says {reply.said}", "Look at the server's log: it cannot start.")
    return ok("live", f"The process lives; it answered in {_milliseconds(reply)} ms.")


def ready(d: Deployment) -> Result:
    d.ready = reply = d.server.get("/health/ready")
    if reply.status == 404:
        return warning(
            "ready", "There is no /health/ready: an older Genesis-Flow, or another server.", UPGRADE
        )
    if reply.status != 200:
        parts = reply.json.get("components") or {}
        wrong = "; ".join(f"{part}: {words}" for part, words in parts.items() if words != "ok")
        return failed(
            "ready",
            f"/health/ready says {reply.status} {wrong}" if wrong else f"/health/ready says {reply.said}",
            "Mend what it names; the server's log says more. Settings: README; roles: docs/artifacts.md.",
        )
    return ok("ready", f"Database and artifacts answer, in {_milliseconds(reply)} ms.")


def version(d: Deployment) -> Result:
    reply = d.server.get("/version")
    found = reply.body.decode(errors="replace").strip()
    if reply.status == 200 and found == MLFLOW_VERSION:
        return ok("version", f"It answers as MLflow {found} does.")
    said = f"It is {found!r}" if reply.status == 200 else f"/version says {reply.said}"
    return failed("version", f"{said}; this Genesis-Flow answers as MLflow {MLFLOW_VERSION}.", UPGRADE)


def server_info(d: Deployment) -> Result:
    reply = d.server.get(SERVER_INFO)
    if reply.status != 200 or "store_type" not in reply.json:
        return failed(
            "server-info",
            f"{SERVER_INFO} says {reply.said}",
            "It must be open to everybody, in front of the app as well: clients choose by it how they work.",
        )
    d.info = reply.json
    flags = ("multipart_uploads_enabled", "multipart_downloads_enabled", PRESIGNED_ONLY)
    announced = {bool(d.info.get(flag)) for flag in flags}
    if len(announced) > 1:
        return failed(
            "server-info",
            "It announces some ways of direct transfers, and others not: no Genesis-Flow of today does.",
            "See that the URL is Genesis-Flow's, and that nothing in front of it answers or changes it.",
        )
    return ok("server-info", f"Direct transfers are {'' if True in announced else 'not '}announced.")


def clock(d: Deployment) -> Result:
    return compared("clock", d, d.server.get("/health"), "the server's clock")


def compared(name: str, d: Deployment, reply: Reply, whose: str) -> Result:
    """How far a reply's clock is from this machine's."""
    date = reply.headers.get("date", "")
    try:
        there = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return warning(
            name,
            f"The reply has no Date header, so nothing can be said of {whose}.",
            "Let what stands in front of the server pass Date on.",
        )
    # A Date has no fractions, and is of some moment between request and reply.
    ahead = there - reply.received if there > reply.received else min(0.0, there + 1 - reply.sent)
    if name == "clock":
        d.offset = ahead
    detail = f"{whose.capitalize()} is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} ours."
    fix = "Set this machine's clock by NTP, and the server's where it is not Azure's: signed URLs fail "
    fix += "when clocks are five minutes apart."
    if abs(ahead) > MANY_SECONDS:
        return failed(name, detail, fix)
    return warning(name, detail, fix) if abs(ahead) > SOME_SECONDS else ok(name, detail)


def headers(d: Deployment) -> Result:
    found = d.server.get("/health").headers
    missing = [name for name, values in HEADERS.items() if found.get(name) not in values]
    if missing:
        return failed(
            "headers",
            f"Replies lack {' and '.join(missing)}.",
            "Genesis-Flow sends them: let what stands in front of it pass them on.",
        )
    return ok("headers", f"Replies have {' and '.join(HEADERS)}.")


def anonymous(d: Deployment) -> Result:
    reply = d.server.send("GET", SEARCH)
    d.is_open = reply.status == 200
    if reply.status == 401:
        return ok("anonymous", "Who does not say who they are gets a 401.")
    if d.is_open and d.is_loopback:
        return ok("anonymous", "Anybody may call, which is fine on this machine's own address.")
    if d.is_open:
        return failed("anonymous", "Anybody may read, change and delete everything.", LOCKED)
    if 300 <= reply.status < 400:
        return warning(
            "anonymous",
            "Who does not say who they are is sent to a sign-in page, which no MLflow client understands.",
            "In App Service's authentication, choose 401 for requests without a sign-in.",
        )
    return failed(
        "anonymous", f"Instead of a 401 there came {reply.said}", "Look at the server's log; try again."
    )


def anonymous_artifacts(d: Deployment) -> Result:
    asked = {
        "artifacts": d.server.send("GET", f"{ARTIFACTS}?path="),
        "sign": d.server.send("POST", SIGN, b'{"uploads": []}', {"Content-Type": "application/json"}),
    }
    let_in = [name for name, reply in asked.items() if reply.status < 300 or reply.status == 400]
    if let_in and not d.is_loopback:
        return failed("anonymous-artifacts", f"Anybody reaches artifacts ({', '.join(let_in)}).", LOCKED)
    if let_in and not d.is_open:
        return failed(
            "anonymous-artifacts",
            f"Runs ask for a credential, but artifacts do not ({', '.join(let_in)}).",
            "Let what stands in front of the server pass all its paths on unchanged.",
        )
    return ok("anonymous-artifacts", "As with runs." if let_in else "Artifacts and signed URLs are refused.")


def wrong_credential(d: Deployment) -> Result:
    if d.is_open and d.is_loopback:
        return skipped("wrong-credential", "Nobody has to have one.")
    wrong = {"Authorization": f"Bearer gf_{'a' * 12}_{secrets.token_hex(16)}"}
    reply = d.server.send("GET", SEARCH, headers=wrong)
    if reply.status in (401, 403):
        return ok("wrong-credential", "A made-up credential is refused.")
    if reply.status == 200:
        return failed("wrong-credential", "A made-up credential is taken for good.", LOCKED)
    return failed(
        "wrong-credential",
        f"A made-up credential is answered with {reply.said}",
        "Look at the server's log: credentials cannot be checked.",
    )


def credential(d: Deployment) -> Result:
    if d.is_open:
        return ok("credential", "None is needed.")
    if not d.caller.headers:
        return failed(
            "credential",
            "The server wants one, and none was given.",
            "Set MLFLOW_TRACKING_TOKEN (or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD), as for "
            "any client.",
        )
    if not d.is_private:
        return skipped("credential", "Yours is not sent without TLS.")
    reply = d.server.get(SEARCH)
    if reply.status == 200:
        return ok("credential", "Yours is good.")
    return failed(
        "credential",
        f"Yours is not taken: {reply.said}",
        "See that it is whole, not revoked and not expired, and of the kind that GENESIS_AUTH names.",
    )


def _milliseconds(reply: Reply) -> int:
    return round((reply.received - reply.sent) * 1000)
