"""Asks what takes tokens of Entra ID, as a request does."""

from __future__ import annotations

import pytest

from genesis.auth.attempts import Attempts
from genesis.auth.entra import Entra
from genesis.errors import GenesisError
from genesis.settings import Settings
from tests.servers.directory import AUDIENCE, TENANT, Directory
from tests.unit.auth.clocks import Hands

HERE = "192.0.2.1"


V1 = f"https://sts.windows.net/{TENANT}/"


def entra(directory: Directory, hands: Hands, **given: str) -> Entra:
    settings = Settings(
        auth="entra",
        entra_tenant=TENANT.upper(),
        entra_audience=given.pop("audience", AUDIENCE),
        entra_authority=directory.url + "/",
        **{f"entra_{name}": value for name, value in given.items()},
    )
    return Entra(settings, Attempts(hands.clock), hands.clock)


def ask(check: Entra, token: str, address: str = HERE) -> str:
    return check.principal({"authorization": f"Bearer {token}"}, address)


def refused(check: Entra, token: str, address: str = HERE) -> GenesisError:
    with pytest.raises(GenesisError) as raised:
        ask(check, token, address)
    return raised.value
