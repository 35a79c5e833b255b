"""The table of docs/deployment.md: what is deployed when, evaluated from the Bicep files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.infra.combinations import COMBINATIONS, ROLE, conditions, made

PAGE = Path(__file__).parents[1] / "docs" / "deployment.md"
BEGIN, END = "<!-- table: make picture -->\n", "<!-- /table -->\n"


def table() -> str:
    """Markdown: how many resources and roles each combination yields, then all of them, by when they are."""
    lines = ["| Database | Network | Who may call | Resources | Roles |", "|---|---|---|---|---|"]
    for combination in COMBINATIONS:
        kinds = [resource.type for resource in made(combination)]
        roles = kinds.count(ROLE)
        lines.append(f"| {' | '.join(combination.words.split(', '))} | {len(kinds) - roles} | {roles} |")
    lines += ["", "| When | Resource or role | Name |", "|---|---|---|"]
    order = sorted(conditions().items(), key=lambda pair: (_rank(pair[1]), pair[0]))
    for part, words in order:
        on = f" on `{part.scope}`" if part.scope else ""
        lines.append(f"| {words} | {part.type.removeprefix('Microsoft.')} | `{part.name}`{on} |")
    return "\n".join(lines) + "\n"


def replaced(page: str, begin: str, end: str, make: Callable[[], str]) -> str:
    """``page`` with what stands between the two marks made anew."""
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}{make()}{end}{after}"


def _rank(words: str) -> tuple[int, str]:
    return (0 if words == "always" else 1 + words.count(","), words)


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text(), BEGIN, END, table))
