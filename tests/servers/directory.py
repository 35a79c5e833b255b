"""A directory of Entra ID, as far as a server sees it: a key server on loopback, and the tokens it signs."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

TENANT = "11111111-2222-3333-4444-abcdefabcdef"
OTHER_TENANT = "99999999-2222-3333-4444-555555555555"
AUDIENCE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
PATH = f"/{TENANT}/discovery/v2.0/keys"


class Directory:
    """A running key server; it answers ``status``, and ``answer`` in place of its keys, if that is set.

    Before the answer come as many spaces as ``drips`` says, a hundred of them a second.
    """

    def __init__(self) -> None:
        self.keys: dict[str, RSAPrivateKey] = {}
        self.status = 200
        self.answer: bytes | None = None
        self.headers: dict[str, str] = {}
        self.fetched = 0
        self.drips = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.new_key("key-1")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        """The authority."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def new_key(self, id: str) -> None:
        self.keys[id] = generate_private_key(65537, 2048)

    def jwks(self) -> bytes:
        """As Microsoft's: no ``alg``, other members besides."""
        keys = [
            {
                **jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True),
                "kid": id,
                "use": "sig",
                "x5t": id,
            }
            for id, key in self.keys.items()
        ]
        for key in keys:
            key.pop("key_ops", None)
        return json.dumps({"keys": keys}).encode()

    def claims(self, now: float, **others: Any) -> dict[str, Any]:
        """Those of a token of version 2 for a user."""
        claims = {
            "iss": f"{self.url}/{TENANT}/v2.0",
            "aud": AUDIENCE,
            "tid": TENANT,
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now) + 3600,
            "oid": "an-object",
            "preferred_username": "ada@example.com",
            "scp": "access",
            "ver": "2.0",
            **others,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: dict[str, Any], id: str = "key-1", **header: Any) -> str:
        return jwt.encode(claims, self.keys[id], algorithm="RS256", headers={"kid": id, **header})

    def token(self, now: float, **others: Any) -> str:
        """A good one, but for the claims that are given; None leaves a claim out."""
        return self.sign(self.claims(now, **others))

    def __enter__(self) -> Directory:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(directory: Directory) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            directory.fetched += 1
            directory.may_answer.wait(30)
            found = self.path == PATH
            body = directory.answer if directory.answer is not None else directory.jwks()
            self.send_response(directory.status if found else 404)
            for name, value in directory.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(directory.drips + len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                for _ in range(directory.drips):
                    self.wfile.write(b" ")
                    time.sleep(0.01)
                self.wfile.write(body)

        def log_message(self, format: str, *values: object) -> None:
            """Not on the terminal."""

    return Handler
