"""MLflow's filter and order_by texts, taken apart; knows no entity's fields.

The tokens are sqlparse's, as in MLflow itself (``mlflow/utils/search_utils.py``), since what a
filter means, down to its error messages, is what that library makes of it.
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from genesis.errors import invalid

MAX_LENGTH = 100_000
"""Characters of a filter; beyond that sqlparse takes seconds."""


class Value(NamedTuple):
    """The right side of a comparison as it was written; ``kind`` is text, integer, float, list or other."""

    kind: str
    text: str


class Comparison(NamedTuple):
    """One comparison; ``value`` is None for IS NULL and IS NOT NULL."""

    identifier: str
    operator: str
    value: Value | None


class Triple(NamedTuple):
    """One comparison of logged models, its three parts as they were written."""

    identifier: str
    operator: str
    value: str


T = TypeVar("T")


def comparisons(text: str, quote: str = "'") -> Iterator[Comparison]:
    """The comparisons that a filter ANDs together; ``quote`` is put around what an error names.

    One by one, since MLflow looks at what one compares before it takes the next one apart.
    """
    return _told(_comparisons(text, quote) if _asks(text) else ())


def triples(text: str) -> Iterator[Triple]:
    """The comparisons of a filter of logged models, whose rules of what may stand in one are its own."""
    return _told(_triples(text) if _asks(text) else ())


def _asks(text: str) -> bool:
    """Whether there is anything to take apart; raises where there is too much."""
    if text and len(text) > MAX_LENGTH:
        raise invalid(f"The filter is longer than {MAX_LENGTH} characters.")
    return bool(text)


def _told(read: Iterable[T | str]) -> Iterator[T]:
    """What was read; where that is a text, why it was not."""
    for one in read:
        if isinstance(one, str):
            raise invalid(one)
        yield one


@lru_cache(maxsize=512)
def _comparisons(text: str, quote: str) -> tuple[Comparison | str, ...]:
    try:
        statements = _parsed(text)
    except Exception:
        # sqlparse raises its own and Python's errors (depth of nesting) alike.
        return (f"Error on parsing filter '{text}'",)
    if not statements:
        return (f"Invalid filter '{text}'. Could not be parsed.",)
    if len(statements) > 1:
        return (f"Search filter contained multiple expression {text!r}. Provide AND-ed expression list.",)
    tokens = _joined(statements[0])
    refused = [t for t in tokens if not (_is_comparison(t) or _is_keyword(t, "AND"))]
    if refused:
        shown = ", ".join(f"{quote}{token}{quote}" for token in refused)
        return (f"Invalid clause(s) in filter string: {shown}",)
    return tuple(_comparison(t) for t in tokens if _is_comparison(t))


@lru_cache(maxsize=512)
def _triples(text: str) -> tuple[Triple | str, ...]:
    unreadable = f"Invalid filter string: {text!r}. "
    try:
        statements = _parsed(text)
    except Exception as error:
        return (f"{unreadable}{error!r}",)
    if len(statements) != 1:
        return (f"{unreadable}Expected a single SQL expression.",)
    read: list[Triple | str] = []
    for token in _joined(statements[0]):
        if _is_comparison(token):
            read.append(_triple(token))
        elif token.value.strip().upper() != "AND":
            read.append(
                f"{unreadable}Expected a list of comparisons separated by 'AND' "
                "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01')."
            )
    return tuple(read)


def _triple(token: Any) -> Triple | str:
    parts = [str(t) for t in _flat(token) if not t.is_whitespace]
    if len(parts) != 3:
        return f"Invalid comparison: {token}. Expected a comparison with 3 tokens."
    return Triple(*parts)


def _parsed(text: str) -> list[list[Any]]:
    """The statements in a text, each as its tokens; raises whatever sqlparse does."""
    # Only searches with a filter need sqlparse, and a cold start needs none.
    import sqlparse

    return [statement.tokens for statement in sqlparse.parse(text)]


def _joined(tokens: Sequence[Any]) -> list[Any]:
    """The tokens with ``x IN (…)``, ``x NOT IN (…)``, ``x IS NULL`` and ``x IS NOT NULL`` as comparisons.

    sqlparse leaves these apart. Where MLflow takes three or four tokens that fit none of the
    forms, it passes them on unread, and so does this.
    """
    from sqlparse import sql

    joined: list[Any] = []
    rest = [token for token in tokens if not token.is_whitespace]
    while len(rest) >= 3:
        if not isinstance(rest[0], sql.Identifier):
            joined.append(rest.pop(0))
            continue
        parts, taken = _form(rest)
        joined += [sql.Comparison(sql.TokenList(parts))] if parts else rest[:taken]
        rest = rest[taken:]
    return joined + rest


def _form(tokens: Sequence[Any]) -> tuple[list[Any], int]:
    """Identifier, operator and value of the form that begins here (none: empty), and the tokens it takes."""
    from sqlparse import sql
    from sqlparse import tokens as kinds

    first, second, third = tokens[:3]
    if _is_keyword(second, "IN") and isinstance(third, sql.Parenthesis):
        return [first, second, third], 3
    if _is_keyword(second, "IS") and _is_keyword(third, "NULL"):
        return [first, sql.Token(kinds.Keyword, "IS NULL")], 3
    if _is_keyword(second, "IS") and third.ttype is kinds.Keyword and third.value.upper() == "NOT NULL":
        return [first, sql.Token(kinds.Keyword, "IS NOT NULL")], 3
    negated = _is_keyword(second, "NOT") and _is_keyword(third, "IN")
    if negated and len(tokens) > 3 and isinstance(tokens[3], sql.Parenthesis):
        return [first, sql.Token(kinds.Keyword, "NOT IN"), tokens[3]], 4
    return [], 4


def _is_keyword(token: Any, word: str) -> bool:
    from sqlparse import tokens as kinds

    return bool(token.match(kinds.Keyword, [word]))


def _is_comparison(token: Any) -> bool:
    from sqlparse import sql

    return isinstance(token, sql.Comparison)


def _comparison(token: Any) -> Comparison | str:
    from sqlparse import sql

    parts = [t for t in _flat(token) if not t.is_whitespace]
    null = len(parts) == 2 and parts[1].value.upper() in ("IS NULL", "IS NOT NULL")
    if not null and len(parts) != 3:
        return f"Invalid comparison clause. Expected 3 tokens found {len(parts)}"
    if not isinstance(parts[0], sql.Identifier):
        return f"Invalid comparison clause. Expected 'Identifier' found '{parts[0]}'"
    if null:
        return Comparison(parts[0].value, parts[1].value.upper(), None)
    return Comparison(parts[0].value, parts[1].value, _value(parts[2]))


def _flat(comparison: Any) -> Iterator[Any]:
    """The comparison's tokens, out of the list that ``_joined`` put around them."""
    from sqlparse import sql

    for token in comparison.tokens:
        if type(token) is sql.TokenList:
            yield from token.tokens
        else:
            yield token


def _value(token: Any) -> Value:
    from sqlparse import sql
    from sqlparse import tokens as kinds

    if token.ttype is kinds.Literal.Number.Integer:
        return Value("integer", token.value)
    if token.ttype is kinds.Literal.Number.Float:
        return Value("float", token.value)
    if token.ttype is kinds.Literal.String.Single or isinstance(token, sql.Identifier):
        return Value("text", token.value)
    if isinstance(token, sql.Parenthesis):
        return Value("list", token.value)
    return Value("other", token.value)


def unquoted(text: str) -> str:
    """A text value without its quotes, which it must have."""
    if is_quoted(text, "'") or is_quoted(text, '"'):
        return text[1:-1]
    raise invalid(
        "Parameter value is either not quoted or unidentified quote types used for string value "
        f"{text}. Use either single or double quotes."
    )


def is_quoted(text: str, mark: str) -> bool:
    return len(text) >= 2 and text.startswith(mark) and text.endswith(mark)


def listed(text: str) -> tuple[str, ...]:
    """The texts in a list such as ``('a', "b")``."""
    expected = "While parsing a list in the query, expected "
    parsed = literal(text)
    if parsed is None:
        raise invalid(f"{expected}a non-empty list of string values, but got ill-formed list.")
    values = parsed if isinstance(parsed, tuple) else (parsed,)
    if not values:
        raise invalid(f"{expected}a non-empty list of string values, but got empty list")
    if not all(isinstance(value, str) for value in values):
        raise invalid(
            f"{expected}string value, punctuation, or whitespace, but got different type in list: {values}"
        )
    return values


def literal(text: str) -> Any:
    """What Python makes of a literal; None where it is none, or one that cannot be printed."""
    try:
        read = ast.literal_eval(text)
        # Integers of thousands of digits can be written in hexadecimal, but not be shown.
        return read if repr(read) else None
    except (SyntaxError, TypeError, ValueError, MemoryError, RecursionError):
        return None


@lru_cache(maxsize=512)
def ordering(text: str) -> tuple[str, bool]:
    """The identifier of an order_by item, and whether it ascends."""
    unreadable = invalid(f"Invalid order_by clause '{text}'. Could not be parsed.")
    if len(text) > MAX_LENGTH:
        raise unreadable
    try:
        statements = _parsed(text)
    except Exception:
        raise invalid(f"Error on parsing order_by clause '{text}'") from None
    shown = _ordered(statements[0]) if len(statements) == 1 else ""
    try:
        words = shlex.split(shown.replace("`", '"'))
    except ValueError:
        raise unreadable from None
    if not shown or len(words) > 2:
        raise unreadable
    if len(words) < 2:
        return shown.strip(), True
    if words[1].lower() not in ("asc", "desc"):
        raise invalid(f"Invalid ordering key in order_by clause '{text}'.")
    return words[0].strip(), words[1].lower() == "asc"


def _ordered(tokens: Sequence[Any]) -> str:
    """The part of an order_by item that says what to order by and how; empty where nothing does."""
    from sqlparse import sql
    from sqlparse import tokens as kinds

    first, last = tokens[0], tokens[-1]
    if len(tokens) == 1 and isinstance(first, sql.Identifier):
        return str(first.value)
    # A type's name to sqlparse, and so no identifier.
    if not first.match(kinds.Name.Builtin, ["timestamp"]):
        return ""
    if len(tokens) == 1:
        return "timestamp"
    directed = last.ttype is kinds.Keyword.Order and all(token.is_whitespace for token in tokens[1:-1])
    return f"timestamp {last.value}" if directed else ""
