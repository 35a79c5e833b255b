"""Draws docs/architecture.svg: what is deployed when, and who may do what, read from the Bicep files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tests.infra.bicep import File
from tests.infra.combinations import MAIN, ROLE, Part, conditions

PICTURE = Path(__file__).parents[1] / "docs" / "architecture.svg"
LINE, HEAD, PADDING = 16, 30, 10
WIDEST = 36
"""Characters of names on one line."""
ALWAYS, SOMETIMES = "#1f6feb", "#8250df"


@dataclass(frozen=True)
class Box:
    """What belongs together: resources whose types begin with one of ``types``."""

    title: str
    x: int
    y: int
    width: int
    types: tuple[str, ...]

    def holds(self, part: Part) -> bool:
        return part.type.removeprefix("Microsoft.").startswith(self.types)


CLIENTS = Box("MLflow clients", 20, 20, 170, ())
IDENTITY = Box("Identity of the app", 290, 70, 330, ("ManagedIdentity/",))
APP = Box("Function app, Flex Consumption", 290, 190, 330, ("Web/",))
MONITORING = Box("Azure Monitor", 290, 330, 330, ("OperationalInsights/", "Insights/", "Consumption/"))
STORAGE = Box("Blob Storage", 830, 20, 380, ("Storage/",))
DATABASE = Box("Cosmos DB for MongoDB: one of two", 830, 180, 380, ("DocumentDB/",))
VAULT = Box("Key Vault", 830, 330, 380, ("KeyVault/",))
NETWORK = Box("Private network [private]", 830, 440, 380, ("Network/",))
BOXES = (IDENTITY, APP, MONITORING, STORAGE, DATABASE, VAULT, NETWORK)
PLUMBING = {
    "basicPublishingCredentialsPolicies",
    "blobServices",
    "diagnosticSettings",
    "privateDnsZoneGroups",
    "serverfarms",
    "virtualNetworkLinks",
}
"""Kinds of resources that belong to another one, and would only fill the picture."""
SCOPES = {"vaults": VAULT, "components": MONITORING, "storageAccounts": STORAGE, "containers": STORAGE}
"""Where the scope of a role is drawn, by the kind that its id ends with."""


def picture() -> str:
    """SVG; raises LookupError for a resource that has no place in it."""
    drawn = [*(_box(box, list(_lines(box))) for box in BOXES), _box(CLIENTS, _who())]
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1230 620" font-family="sans-serif" '
        'font-size="12">',
        "<title>What Genesis-Flow deploys</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#57606a"/></marker></defs>',
        '<rect width="1230" height="620" fill="#ffffff"/>',
        *_arrows(),
        *drawn,
        f'<text x="20" y="600" fill="{SOMETIMES}">Violet: only where the parameters say so.</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _place(part: Part) -> Box:
    for box in BOXES:
        if box.holds(part):
            return box
    raise LookupError(f"{part} has no place in the picture")


def _lines(box: Box) -> Iterator[tuple[str, str]]:
    """The resources of a box, those of one kind and one condition on one line, and that condition."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for part, when in conditions().items():
        kind = part.type.rpartition("/")[2]
        if part.type != ROLE and _place(part) is box and kind not in PLUMBING:
            kinds.setdefault((kind, when), []).append(_short(part.name))
    for (kind, when), names in kinds.items():
        own = when.replace(", private", "") if box is NETWORK else when
        together = ", ".join(names)
        for text in [together] if len(together) < WIDEST else names:
            yield f"{kind}: {text}", own


def _short(name: str) -> str:
    """The end of a name that tells it from others of its kind."""
    return name.rpartition("/")[2].removeprefix("privatelink.").removeprefix("genesis-…-")


def _who() -> list[tuple[str, str]]:
    """How clients prove themselves: what the parameter takes."""
    [modes] = File(MAIN).parameters["auth"].decorators["allowed"]
    return [(f"auth: {mode}", "always") for mode in modes]  # type: ignore[union-attr]


def _height(lines: int) -> int:
    return HEAD + lines * LINE + PADDING


def _box(box: Box, lines: list[tuple[str, str]]) -> str:
    always = any(when == "always" for _, when in lines)
    colour = ALWAYS if always else SOMETIMES
    dash = "" if always else ' stroke-dasharray="6 4"'
    texts = [
        f'<text x="{box.x + PADDING}" y="{box.y + HEAD + 12 + row * LINE}" '
        f'fill="{"#24292f" if when == "always" else SOMETIMES}">{escape(_marked(text, when))}</text>'
        for row, (text, when) in enumerate(lines)
    ]
    frame = (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{_height(len(lines))}" rx="6" '
        f'fill="#f6f8fa" stroke="{colour}"{dash}/>'
    )
    title = (
        f'<text x="{box.x + PADDING}" y="{box.y + 20}" font-weight="bold" fill="{colour}">{box.title}</text>'
    )
    return "\n".join(["<g>", frame, title, *texts, "</g>"])


def _marked(text: str, when: str) -> str:
    return text if when in ("always", "private") else f"{text} [{when}]"


def _arrows() -> Iterator[str]:
    """Who calls whom, and with which role."""
    roles: dict[Box, list[str]] = {}
    for part in conditions():
        if part.type == ROLE:
            roles.setdefault(SCOPES[part.scope.split("/")[0]], []).append(part.name)
    yield _arrow(["artifacts, by signed URLs"], (500, 30), (190, 35), (STORAGE.x, 35))
    yield _arrow(["MLflow's REST API"], (195, 234), (105, 108), (105, 240), (APP.x, 240))
    yield _arrow(["runs as"], (480, 162), (455, APP.y), (455, 126))
    yield _arrow(["reads and writes"], (705, 234), (620, 240), (DATABASE.x, 240))
    yield _arrow(roles[STORAGE], (725, 84), (620, 90), (STORAGE.x, 90))
    yield _arrow(roles[VAULT], (700, 150), (620, 110), (VAULT.x, 350))
    yield _arrow(roles[MONITORING], (180, 385), (290, 100), (262, 100), (262, 390), (MONITORING.x, 390))


def _arrow(words: list[str], at: tuple[int, int], *points: tuple[int, int]) -> str:
    """A line through ``points`` with a tip, and its words above the place ``at``."""
    through = " ".join(f"{x},{y}" for x, y in points)
    line = f'<polyline points="{through}" fill="none" stroke="#57606a" marker-end="url(#tip)"/>'
    texts = [
        f'<text x="{at[0]}" y="{at[1] - 13 * row}" text-anchor="middle" font-size="11" fill="#57606a">'
        f"{escape(word)}</text>"
        for row, word in enumerate(reversed(words))
    ]
    return "\n".join([line, *texts])


if __name__ == "__main__":
    PICTURE.write_text(picture())
