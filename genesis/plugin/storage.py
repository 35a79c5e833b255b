"""Requests to the storage: repeated when it falters; their failures are told without their URLs."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from os import getpid
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
import urllib3
from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR,
    MLFLOW_HTTP_REQUEST_BACKOFF_JITTER,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    MLFLOW_HTTP_REQUEST_TIMEOUT,
)
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    INVALID_PARAMETER_VALUE,
    PERMISSION_DENIED,
    TEMPORARILY_UNAVAILABLE,
)

from genesis.plugin.connections import session
from genesis.plugin.server import Server
from genesis.plugin.signed import Signatures, Signed

NO_REPLY = 0
EXPIRED = (401, 403)
TRY_AGAIN = (NO_REPLY, 408, 429, 500, 502, 503, 504)
CHANGED = (404, 412, 416)
"""What a file that was there when its URL was signed answers when it has gone or become another."""
LONGEST_WAIT = 120
"""Seconds, as in urllib3."""


class Changed(Exception):
    """The file is not the one any more that the URL was signed for."""


@dataclass(frozen=True)
class Failure:
    """Why a request failed, in words that have nothing of its URL but the host."""

    status: int
    text: str
    retry_after: float = 0.0
    """Seconds."""


class Storage:
    """PUTs and GETs of one transfer; ``stop`` ends the waiting of all its threads.

    Raises MlflowException when repetition does not help, Changed for a file that was replaced.
    """

    def __init__(self, server: Server) -> None:
        self.stop = threading.Event()
        self._server = server
        self._retries: int = MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()
        self._timeout: float = MLFLOW_HTTP_REQUEST_TIMEOUT.get()

    def put(self, what: str, signatures: Signatures, index: int, data: bytes, md5: str) -> None:
        """Send ``data``, whose base64 MD5 the storage checks; ``what`` names it in an error."""

        def send(signed: Signed) -> Failure | None:
            headers = {**signed.headers, "Content-MD5": md5}
            reply = self._request("PUT", signed, headers=headers, data=data)
            if isinstance(reply, Failure):
                return reply
            with reply:
                return None if reply.status_code in (200, 201) else _refusal(reply)

        self._insist(what, signatures, index, send)

    def get(
        self, what: str, signatures: Signatures, index: int, span: tuple[int, int] | None, etag: str
    ) -> bytes:
        """The bytes from the first to the last of ``span`` (None: all) of the file with this ``etag``."""
        received = b""

        def read(signed: Signed) -> Failure | None:
            nonlocal received
            headers = dict(signed.headers)
            if span:
                headers["Range"] = f"bytes={span[0]}-{span[1]}"
            reply = self._request("GET", signed, headers=headers)
            if isinstance(reply, Failure):
                return reply
            with reply:
                if reply.status_code in CHANGED:
                    raise Changed
                if reply.status_code != (206 if span else 200):
                    return _refusal(reply)
                if _bare(reply.headers.get("ETag", etag)) != _bare(etag):
                    raise Changed
                try:
                    received = reply.raw.read(decode_content=False)
                except urllib3.exceptions.HTTPError as error:
                    return Failure(NO_REPLY, f"broke off ({type(error).__name__})")
            return None

        self._insist(what, signatures, index, read)
        return received

    def _request(self, method: str, signed: Signed, **options: Any) -> requests.Response | Failure:
        url = urlsplit(signed.url)
        if url.netloc == urlsplit(self._server.url).netloc:
            # The server is its own storage: what MLflow was told about its certificate holds here, too.
            credentials = self._server.credentials
            options |= {"verify": credentials.verify, "cert": credentials.client_cert_path}
        options |= {"timeout": self._timeout, "stream": True, "allow_redirects": False}
        try:
            return session(getpid()).request(method, signed.url, **options)
        except requests.RequestException as error:
            return Failure(NO_REPLY, f"could not be reached or hung up ({type(error).__name__})")

    def _insist(
        self, what: str, signatures: Signatures, index: int, once: Callable[[Signed], Failure | None]
    ) -> None:
        """Repeat ``once`` as MLflow repeats its requests; a URL that was refused is signed again first."""
        failures, renewed = 0, False
        while not self.stop.is_set():
            signed = signatures[index]
            failure = once(signed)
            if failure is None:
                return
            if failure.status in EXPIRED and not renewed:
                renewed = True
                signatures.renew(index, signed)
                continue
            if failure.status not in TRY_AGAIN or failures >= self._retries:
                _give_up(what, signed, failure)
            failures, renewed = failures + 1, False
            self.stop.wait(_pause(failures, failure))
        raise MlflowException(f"{what}: given up because another part of the transfer failed.")


def _pause(failures: int, failure: Failure) -> float:
    """Seconds until the next attempt; urllib3's, which MLflow's own requests have."""
    backoff: float = MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR.get() * (2 ** (failures - 1)) if failures > 1 else 0
    jitter: float = MLFLOW_HTTP_REQUEST_BACKOFF_JITTER.get()
    if jitter and backoff:
        backoff += random.random() * jitter  # noqa: S311 (spreads requests in time)
    return min(LONGEST_WAIT, max(backoff, failure.retry_after))


def _refusal(reply: requests.Response) -> Failure:
    wait = reply.headers.get("Retry-After", "")
    return Failure(
        reply.status_code,
        f"answered {reply.status_code}{_reason(reply)}",
        float(wait) if wait.isdigit() else 0.0,
    )


def _reason(reply: requests.Response) -> str:
    """The storage's error code; never its text, which may quote the request."""
    code = reply.headers.get("x-ms-error-code") or ""
    if not code and "json" in reply.headers.get("Content-Type", ""):
        try:
            answer = reply.json()
        except ValueError:
            answer = None
        code = answer.get("error_code") if isinstance(answer, dict) else ""
    return f" {code}" if re.fullmatch(r"\w{1,80}", str(code)) else ""


def _give_up(what: str, signed: Signed, failure: Failure) -> NoReturn:
    text = f"{what}: the storage at {urlsplit(signed.url).netloc} {failure.text}."
    if failure.status in EXPIRED:
        advice = (
            "It refused a URL signed a moment ago: check its network rules, whether this machine's way to it "
            "changes the request, and the clocks. GENESIS_DIRECT_ARTIFACTS=false sends through the server."
        )
        raise MlflowException(f"{text} {advice}", PERMISSION_DENIED)
    if failure.status in TRY_AGAIN:
        advice = (
            "It was asked again, MLFLOW_HTTP_REQUEST_MAX_RETRIES times; try once more when it can be reached."
        )
        raise MlflowException(f"{text} {advice}", TEMPORARILY_UNAVAILABLE)
    raise MlflowException(text, INVALID_PARAMETER_VALUE)


def _bare(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')
