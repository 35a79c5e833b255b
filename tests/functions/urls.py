"""What Kestrel, ASP.NET and the Functions host do to a request's URL before a function sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote

UNTOUCHED = "!$&'()*+,-./:;=@_~"


def decoded(path: str) -> str:
    """The path inside the host: decoded but for ``%2F``, dot segments resolved."""
    plain = "%2F".join(unquote(part) for part in re.split("%2f", path, flags=re.IGNORECASE))
    kept: list[str] = []
    for segment in plain.split("/")[1:]:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if plain.endswith(("/.", "/..")):
        kept.append("")
    return "/" + "/".join(kept)


def encoded(path: str) -> str:
    """The path as the function gets it; what looks encoded already stays, so ``%2541`` arrives as ``%41``."""
    pieces = re.split("(%[0-9A-Fa-f]{2})", path)
    return "".join(piece if i % 2 else quote(piece, safe=UNTOUCHED) for i, piece in enumerate(pieces))


def query(text: str) -> dict[str, str]:
    """``req.params``: repeated values joined, blank ones dropped."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: joined for name, values in found.items() if (joined := ",".join(values))}


def route(template: str, prefix: str) -> re.Pattern[str]:
    """A route template (literals, ``{name}``, ``{*rest}``) as a pattern for a decoded path."""
    pattern = ""
    for segment in f"{prefix}/{template}".strip("/").split("/"):
        if rest := re.fullmatch(r"\{\*(\w+)\}", segment):
            pattern += f"(?:/(?P<{rest[1]}>.*))?"
        elif name := re.fullmatch(r"\{(\w+)\}", segment):
            pattern += f"/(?P<{name[1]}>[^/]+)"
        elif "{" in segment:
            raise ValueError(f"this host does not know the route syntax {segment!r}")
        else:
            pattern += f"/{re.escape(segment)}"
    return re.compile(f"{pattern}/?", re.IGNORECASE | re.DOTALL)


def parameters(match: re.Match[str]) -> Mapping[str, str]:
    """Route values that were filled."""
    return {name: value for name, value in match.groupdict().items() if value}
