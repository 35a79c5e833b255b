"""Changes that pages ask for: those of this server's own pages, and no others."""

from __future__ import annotations

import pytest

from genesis.auth.origins import CHANGES, check_origin
from genesis.errors import Code, GenesisError
from genesis.http import Request

HERE = {"host": "mlflow.example:8443"}


def ask(method: str = "POST", **headers: str) -> None:
    check_origin(
        Request(method, "/", headers={**HERE, **{k.replace("_", "-"): v for k, v in headers.items()}})
    )


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://mlflow.example",
        "https://mlflow.example:8443.evil.example",
        "null",
        "https://[",
    ],
)
@pytest.mark.parametrize("method", sorted(CHANGES))
def test_a_page_of_another_site_changes_nothing(method: str, origin: str) -> None:
    with pytest.raises(GenesisError) as refused:
        ask(method, origin=origin)
    assert refused.value.code is Code.PERMISSION_DENIED
    assert "Cross-origin request blocked" in refused.value.message


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_is_believed_that_it_is_another_site(site: str) -> None:
    with pytest.raises(GenesisError):
        ask(sec_fetch_site=site, origin="https://mlflow.example:8443")


def test_our_own_page_changes_what_it_likes() -> None:
    ask(origin="https://mlflow.example:8443")
    ask(origin="https://MLflow.example:8443")


def test_our_own_page_is_known_behind_a_proxy() -> None:
    ask(origin="https://public.example", x_forwarded_host="public.example, inner")
    ask(origin="https://public.example", sec_fetch_site="same-origin")


def test_programs_say_nothing_of_an_origin() -> None:
    ask()


def test_reading_is_left_to_the_browser_s_own_rules() -> None:
    ask("GET", origin="https://evil.example", sec_fetch_site="cross-site")
