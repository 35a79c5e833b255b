"""What is shown has no secrets."""

from __future__ import annotations

import pytest

from genesis.validate.results import LONGEST, Status, failed, ok, shown, skipped, warning


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("403 for https://a.b/c?se=1&sig=abc%2Fdef%3D&sp=r", "403 for https://a.b/c?se=1&sig=…&sp=r"),
        ("url 'http://x/signed/a?sig=0123'", "url 'http://x/signed/a?sig=…'"),
        ("SIG=abc", "SIG=…"),
        ("two\nlines   and more", "two lines and more"),
        ("design=good", "design=good"),
    ],
)
def test_a_signature_is_never_shown(text: str, clean: str) -> None:
    assert shown(text) == clean


def test_what_the_caller_sent_is_never_shown() -> None:
    result = failed("credential", "Bearer gf_secret is not taken", "not gf_secret").without(["gf_secret", ""])
    assert (result.detail, result.fix) == ("Bearer … is not taken", "not …")


def test_a_page_of_html_is_cut() -> None:
    assert len(shown("x" * 10_000)) == LONGEST


def test_checks_may_build_on_what_is_good() -> None:
    ends = {
        r.status: r.is_good
        for r in (ok("a", ""), warning("a", "", ""), failed("a", "", ""), skipped("a", ""))
    }
    assert ends == {Status.OK: True, Status.WARNING: True, Status.FAILED: False, Status.SKIPPED: False}
