"""Prompts are registered models with a tag, and are found only by a filter that asks for them."""

from __future__ import annotations

from genesis.entities.registry import PROMPT_TAG
from genesis.search.clauses import Clause, Op, Path, Where

MARK = Path("tags", PROMPT_TAG)


def prompts(where: Where) -> tuple[Where, bool]:
    """The clauses that are left to search by, and whether prompts are searched as well as models.

    The first clause on the tag decides it. Where it asks for models, those on the tag are done with.
    """
    marks = [clause for clause in where if clause.path == MARK]
    if marks and _asks_for_prompts(marks[0]):
        return where, True
    return tuple(clause for clause in where if clause.path != MARK), False


def _asks_for_prompts(clause: Clause) -> bool:
    return (clause.op, str(clause.value).lower()) in ((Op.EQ, "true"), (Op.NE, "false"))
