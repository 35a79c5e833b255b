"""Every intended difference from a stock server, with its reason: the one table to read or to change."""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Any

from tests.parity.normal import DATABASE_ERROR
from tests.parity.scenes import Played


@dataclass(frozen=True)
class Deviation:
    """We refuse with one of ``statuses`` and ``codes`` (None: any) in our own words, or answer ``body``,
    or any object with just these ``fields``."""

    reason: str
    statuses: Container[int] = (400,)
    codes: Container[str] | None = ("INVALID_PARAMETER_VALUE",)
    body: dict[str, Any] | None = None
    fields: frozenset[str] | None = None


PARTIAL = Deviation(
    "Stock goes on with the fields before one that does not fit the message, "
    "so it stores or answers something that was not asked for."
)
WORDS = Deviation("Stock refuses for another reason: the empty field that a wrong type had left behind.")
TOKENS = Deviation("The message shows the inside of a page token, and our tokens are not stock's.")
NAMELESS = Deviation(
    "Stock stores a tag or parameter whose key is empty; no client can name, filter or delete it."
)
TWO_MODELS = Deviation(
    "Stock takes one of the two models that the path and the body name, here this, there the other."
)
LONG = Deviation("Stock's columns hold less, but its SQLite does not mind; our keys and page tokens do.")
ENDLESS = Deviation("Stock has no limit here; ours is that of other searches, 50,000 a page.")


def direct(*fields: str) -> Deviation:
    """We sign URLs; their values are different each time."""
    return Deviation(
        "Stock signs URLs only where its storage is S3 or the like, and never for runs whose artifacts it "
        "proxies; we sign for every run whose artifacts we keep.",
        statuses=(200,),
        fields=frozenset(fields),
    )


UPLOAD_URL = direct("presigned_url", "headers")
DOWNLOAD_URL = direct("presigned_url", "headers", "file_size")


def queried(reason: str) -> Deviation:
    """A reply of GraphQL, which has the same fields whatever is in it."""
    return Deviation(reason, statuses=(200,), fields=frozenset({"data", "errors"}))


UNREAD = queried("Stock's GraphQL checks nothing of a message; we answer as REST does on both servers.")
SETTING = queried("Stock's words name a setting of its own.")
NOT_LOOKED_UP = Deviation(
    "Stock checks what it would look for; we have nothing to look for.", (200,), body={}
)

DEVIATIONS: dict[tuple[str, str], Deviation] = {
    **{
        ("experiment create: tags", name): WORDS for name in ("tag is text", "tag is a number", "tag is null")
    },
    ("experiment create: tags", "tag value is a number"): PARTIAL,
    ("experiment create: tags", "same tag twice"): Deviation(
        "Stock blames the experiment's name.", codes=("INVALID_PARAMETER_VALUE", "BAD_REQUEST")
    ),
    ("experiment search: views and order", "[5]"): PARTIAL,
    ("experiment search: views and order", "{'view_type': 'BOGUS'}"): PARTIAL,
    ("experiment search: views and order", "{'view_type': 9}"): PARTIAL,
    ("experiment search: pages", "{'max_results': 1.5}"): WORDS,
    ("experiment search: pages", "{'page_token': 'bm8ganNvbg=='}"): TOKENS,
    ("experiment search: pages", "{'page_token': 'e30='}"): TOKENS,
    **{
        ("run create: refused", name): PARTIAL
        for name in (
            "fractional start time",
            "boolean start time",
            "start time beyond 64 bits",
            "user is a number",
            "tags are text",
            "tag is text",
            "tag value is a number",
        )
    },
    ("run create: refused", "tag key is empty"): NAMELESS,
    ("run create: refused", "tag without key"): NAMELESS,
    **{
        ("run update: refused", name): PARTIAL
        for name in (
            "unknown status",
            "status in lower case",
            "empty status",
            "fractional status",
            "fractional end time",
        )
    },
    ("metric NaN beside zero", "zero came first"): Deviation(
        "Of NaN and 0 at one step and time stock shows the one that came first; we show NaN, whoever "
        "comes first, so that writers in a race agree.",
        statuses=(200,),
        body={},
    ),
    ("metric special values", "values that are not JSON"): Deviation(
        "Python clients write NaN and Infinity as bare words and mean them; stock stores 0 at time 0.",
        statuses=(200,),
        body={
            "metrics": [
                {"key": "bare", "value": value, "timestamp": time, "step": step}
                for value, time, step in (
                    ("NaN", 5, 1),
                    (-1.7976931348623157e308, 5, 2),
                    (1.7976931348623157e308, 5, 3),
                    ("NaN", 10, 0),
                )
            ]
        },
    ),
    **{
        ("metric log: refused", name): PARTIAL
        for name in ("fractional timestamp", "fractional step", "timestamp beyond 64 bits")
    },
    **{
        ("batch log: wrong types inside", name): PARTIAL
        for name in (
            "metric value is a word",
            "metric value is a list",
            "metric timestamp is a word",
            "metric timestamp is fractional",
            "metric step is a word",
            "param value is a number",
            "tag value is a number",
        )
    },
    ("batch log: wrong types inside", "metric key is a number"): WORDS,
    ("batch log: wrong types inside", "param key is a number"): WORDS,
    **{
        ("inputs log: refused", name): PARTIAL
        for name in ("dataset is text", "input is text", "name is a number", "model is text")
    },
    **{("outputs log", name): PARTIAL for name in ("output is text", "output step is a word")},
    ("outputs log", "output without id"): Deviation(
        "Stock answers with the database's words.", codes=("INVALID_PARAMETER_VALUE", "BAD_REQUEST")
    ),
    ("history", "max_results is a word"): PARTIAL,
    ("history", "max_results is empty"): PARTIAL,
    ("history", "token without JSON"): TOKENS,
    ("history", "token without offset"): TOKENS,
    **{
        ("run search: views, pages, experiments", name): PARTIAL
        for name in (
            "{'run_view_type': 'BOGUS'}",
            "{'run_view_type': 9}",
            "{'max_results': 1.5}",
            "{'page_token': 5}",
            "{'experiment_ids': [7]}",
        )
    },
    ("run search: views, pages, experiments", "{'page_token': 'bm8ganNvbg=='}"): TOKENS,
    ("run search: views, pages, experiments", "{'page_token': 'e30='}"): TOKENS,
    ("artifact of a run, for the UI", "no run"): Deviation(
        'Stock looks for a run called "None".',
        statuses=(400, 404),
        codes=("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_DOES_NOT_EXIST"),
    ),
    ("artifact paths: refused", "control character"): Deviation(
        "We refuse what stock rewrites and looks for."
    ),
    ("bodies", "half a surrogate pair"): PARTIAL,
    **{
        ("logged model create: refused", name): PARTIAL
        for name in ("tag is text", "tag value is a number", "param is text", "param value is a number")
    },
    **{
        ("logged model finalize", name): PARTIAL
        for name in (
            "number of no status",
            "negative number",
            "status of another name",
            "status in lower case",
            "unknown status",
            "fractional status",
            "boolean status",
        )
    },
    **{("logged model tags", name): PARTIAL for name in ("tag is text", "tag value is a number")},
    **{("logged model params", name): PARTIAL for name in ("param is text", "param value is a number")},
    ("logged model create: refused", "tag key is empty"): NAMELESS,
    ("logged model create: refused", "param key is empty"): NAMELESS,
    ("logged model tags", "tag key is empty"): NAMELESS,
    ("logged model tags", "tag without key"): NAMELESS,
    ("logged model params", "param key is empty"): NAMELESS,
    ("logged model finalize", "two models"): TWO_MODELS,
    ("logged model params", "two models"): TWO_MODELS,
    **{
        ("model metric batch: refused", name): PARTIAL
        for name in ("model id is a number", "dataset name is a number")
    },
    **{("model create: refused", name): WORDS for name in ("tag is text", "tag key is a number")},
    ("model create: refused", "tag value is a number"): PARTIAL,
    ("model create: refused", "name of 257 characters"): LONG,
    ("model rename", "new name of 257 characters"): LONG,
    ("version create: refused", "tag is text"): WORDS,
    ("version create: refused", "tag value is a number"): PARTIAL,
    ("version sources elsewhere", "source of 4097 characters"): LONG,
    ("model search: refused", "a list and ="): Deviation("Stock answers with the database's words."),
    **{
        ("model search: refused", f"max_results is {size}"): Deviation(
            "Stock answers with an empty page and a token that leads to the same page for ever."
        )
        for size in (0, -1)
    },
    **{
        (f"{what} search: refused", name): TOKENS
        for what in ("model", "version")
        for name in ("token without JSON", "token without offset")
    },
    **{
        ("version search: refused", filter): Deviation(
            "Stock fails at numbers that its database has not; no version has one.", (200,), body={}
        )
        for filter in (
            "version_number = 99999999999999999999999",
            "version_number < '99999999999999999999999' AND name = 'vq-none'",
        )
    },
    **{
        ("logged model search: refused orders", name): Deviation(
            "Stock has an error class of its own for this; ours follows from the error's code."
        )
        for name in ("order nope", "order ", "order Name", "order without field")
    },
    ("logged model search: refused orders", "order is text"): WORDS,
    ("logged model search: refused orders", "field is a number"): WORDS,
    ("logged model search: refused orders", "data set is a number"): PARTIAL,
    ("logged model search: pages and experiments", "{'max_results': -1}"): Deviation(
        "Stock answers a page without models and a token for it."
    ),
    ("logged model search: pages and experiments", "{'max_results': 50001}"): ENDLESS,
    ("logged model search: pages and experiments", "{'max_results': 2147483648}"): ENDLESS,
    ("logged model search: pages and experiments", "{'max_results': 1.5}"): PARTIAL,
    ("logged model search: pages and experiments", "{'page_token': 'bm8ganNvbg=='}"): TOKENS,
    ("logged model search: pages and experiments", "{'page_token': 'e30='}"): TOKENS,
    ("multipart uploads", "create"): direct("upload_id", "credentials"),
    ("multipart uploads", "create without number"): direct("upload_id", "credentials"),
    ("presigned downloads", "a file"): direct("url", "headers", "file_size"),
    ("presigned URLs of runs", "upload"): UPLOAD_URL,
    ("presigned URLs of runs", "upload, for the UI"): UPLOAD_URL,
    ("presigned URLs of runs", "upload, dead at once"): Deviation(
        "No client can use a URL that has expired."
    ),
    ("presigned URLs of runs", "download"): DOWNLOAD_URL,
    ("presigned URLs of runs", "download, for a week"): DOWNLOAD_URL,
    ("presigned URLs of runs", "download of what is not there"): Deviation(
        "Stock refuses for another reason: it proxies the run's artifacts.",
        statuses=(404,),
        codes=("RESOURCE_DOES_NOT_EXIST",),
    ),
    ("presigned URLs of deleted runs", "upload"): UPLOAD_URL,
    ("presigned URLs of models", "upload"): UPLOAD_URL,
    ("datasets search", "ids are text"): WORDS,
    ("datasets search", "id is a number"): WORDS,
    **{
        ("what the UI asks and is not there", name): NOT_LOOKED_UP
        for name in ("filter", "unknown metric", "mean of a number")
    },
    ("what the UI asks and is not there", "issues' filter"): replace(
        NOT_LOOKED_UP, body={"next_page_token": ""}
    ),
    ("what the UI asks and is not there", "assistant"): Deviation(
        "Stock's assistants are programs on its machine.", (200,), body={"providers": [], "resolved": None}
    ),
    ("what the UI asks and is not there", "secrets"): Deviation(
        "We have no gateway to keep secrets for.",
        (200,),
        body={"secrets_available": False, "using_default_passphrase": False},
    ),
    ("graphql of the UI", "states of jobs"): queried("Stock's null comes with an error for each."),
    ("graphql: views of runs", "all runs"): queried("Stock fails to read its own enum."),
    ("graphql: views of runs", "larger page"): queried("Ours has 1,000 runs at most in GraphQL."),
    ("graphql: views of runs", "page too large"): UNREAD,
    **{
        ("graphql: refused", name): UNREAD
        for name in (
            "no run",
            "no input",
            "ten aliases",
            "no experiment",
            "no runs",
            "half an interval",
            "no points",
        )
    },
    **{
        ("graphql: refused", name): SETTING
        for name in (
            "too many root fields",
            "too many aliases",
            "too many aliases with those of a fragment",
        )
    },
}
"""By scene and call name."""


def deviation(scene: str, stock: Played) -> Deviation | None:
    """How we are to differ from what stock answered there, if we are."""
    if named := DEVIATIONS.get((scene, stock.call.name)):
        return named
    reply = stock.reply
    if reply.status < 400:
        return None
    if reply.status >= 500:
        return Deviation(
            "A client's mistake is never a 5xx: clients would repeat it for minutes.",
            statuses=range(400, 500),
            codes=("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_DOES_NOT_EXIST"),
        )
    code = _error_code(reply.body)
    if code is None:
        return Deviation(
            "Stock answers in HTML, plain text or FastAPI's shape; we answer every error as MLflow does.",
            statuses=(reply.status,),
            codes=("ENDPOINT_NOT_FOUND",) if reply.status == 404 else None,
        )
    if DATABASE_ERROR.search(json.loads(reply.body)["message"]):
        return Deviation("Stock answers with the database's words.", (reply.status,), (code,))
    return None


def _error_code(body: bytes) -> str | None:
    try:
        code: str = json.loads(body)["error_code"]
    except (ValueError, LookupError, TypeError):
        return None
    return code
