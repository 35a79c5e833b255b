"""What tests of direct transfers with Blob Storage share."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from genesis.artifacts.sas import utc_now
from genesis.errors import Code, GenesisError
from tests.artifacts.client import get

TEXT = "text/plain"


def at(direct, seconds):
    """The same, on a server whose clock is so many seconds ahead."""
    return replace(direct, signer=replace(direct.signer, now=lambda: utc_now() + timedelta(seconds=seconds)))


def downloaded(direct, path="a"):
    return get(direct.download(path, TEXT, "inline").signed.url)


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).digest()


def refusal(call, *arguments):
    with pytest.raises(GenesisError) as refused:
        call(*arguments)
    assert (refused.value.code, refused.value.status) == (Code.INVALID_PARAMETER_VALUE, 400)
    return refused.value.message
