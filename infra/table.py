"""The tables of docs/deployment.md: what is deployed when, the parameters and the costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from infra import costs
from tests.infra.bicep import File
from tests.infra.combinations import COMBINATIONS, MAIN, ROLE, conditions, made

PAGE = Path(__file__).parents[1] / "docs" / "deployment.md"
BEGIN, END = "<!-- table: make picture -->\n", "<!-- /table -->\n"
PARAMETERS = ("<!-- parameters: make picture -->\n", "<!-- /parameters -->\n")


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


def parameters() -> str:
    """Markdown: every parameter of main.bicep, as it describes itself."""
    lines = ["| Parameter | Meaning |", "|---|---|"]
    for name, parameter in File(MAIN).parameters.items():
        [meaning] = parameter.decorators["description"]
        lines.append(f"| `{name}` | {str(meaning).removeprefix('Optional. ')} |")
    return "\n".join(lines) + "\n"


def made_anew(page: str) -> str:
    """``page`` with its three tables as they must be."""
    page = replaced(page, BEGIN, END, table)
    page = replaced(page, *PARAMETERS, parameters)
    return replaced(page, costs.BEGIN, costs.END, costs.table)


def replaced(page: str, begin: str, end: str, make: Callable[[], str]) -> str:
    """``page`` with what stands between the two marks made anew."""
    before, mark, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (mark and closed):
        raise LookupError(f"The page has not the marks {begin.strip()} and {end.strip()}")
    return f"{before}{begin}{make()}{end}{after}"


def _rank(words: str) -> tuple[int, str]:
    return (0 if words == "always" else 1 + words.count(","), words)


if __name__ == "__main__":
    PAGE.write_text(made_anew(PAGE.read_text()))
