"""The other end of signed URLs, where this server is the storage: who holds one may use it, without more."""

from __future__ import annotations

from genesis.api.artifacts import send
from genesis.artifacts import Receiver
from genesis.errors import Code, GenesisError
from genesis.scope import Scope
from genesis.wire import transfers as w
from genesis.wire.base import Raw


def put(request: w.SignedPut, scope: Scope) -> Raw:
    _receiver(scope).put(request.path, request.grant, request.body.chunks(), request.md5)
    return Raw()


def get(request: w.SignedGet, scope: Scope) -> Raw:
    _receiver(scope).check(request.path, request.grant)
    return send(request.path, request, scope)


def _receiver(scope: Scope) -> Receiver:
    receiver = scope.artifacts.receiver()
    if receiver is None:
        raise GenesisError(Code.ENDPOINT_NOT_FOUND, "This server has no such endpoint.")
    return receiver
