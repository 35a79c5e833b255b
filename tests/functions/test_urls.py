"""The stand-in host's own reading of URLs; each row is what the real host's source says."""

from __future__ import annotations

import pytest

from tests.functions import urls


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("/a%20b/%C3%BC", "/a%20b/%C3%BC"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a%2541", "/a%41"),
        ("/50%25.txt", "/50%25.txt"),
        ("/a/./b/../c", "/a/c"),
        ("/a/%2e%2e/b/", "/b/"),
        ("/1+1=2;x@y:(z)", "/1+1=2;x@y:(z)"),
        ("/", "/"),
    ],
)
def test_a_path_is_decoded_and_encoded_again_on_its_way(sent: str, received: str) -> None:
    assert urls.encoded(urls.decoded(sent)) == received


def test_repeated_query_values_are_joined_and_blank_ones_dropped() -> None:
    assert urls.query("run_id=a&run_id=b&blank=&plus=1+1") == {"run_id": "a,b", "plus": "1 1"}


@pytest.mark.parametrize(
    ("template", "prefix", "path", "values"),
    [
        ("{*path}", "", "/", {}),
        ("{*path}", "", "/api/2.0/x", {"path": "api/2.0/x"}),
        ("runs/{id}", "api", "/API/Runs/7", {"id": "7"}),
    ],
)
def test_a_route_takes(template: str, prefix: str, path: str, values: dict[str, str]) -> None:
    match = urls.route(template, prefix).fullmatch(path)
    assert match is not None
    assert urls.parameters(match) == values
