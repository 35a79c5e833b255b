"""How a request becomes a message and a reply becomes JSON; knows no resource.

Every quirk of MLflow's own reading of requests (``mlflow/server/handlers.py``, ``_get_request_message``)
lives here, so that no endpoint repeats one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import (
    Annotated,
    Any,
    ClassVar,
    NamedTuple,
    Self,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field, ValidationError
from pydantic.alias_generators import to_camel
from typing_extensions import is_typeddict

from genesis.errors import Code, GenesisError, invalid
from genesis.http import Body, Request, Response

MAX_JSON = 64 * 1024 * 1024
"""Bytes of a JSON body: the largest that MLflow's own limits make sense of is a run's data sets."""

MAX_SHOWN = 10_000
"""Characters of a wrong value that its refusal repeats."""

SEE_DOCS = " See the API docs for more information about request parameters."


def _not_a_boolean(value: Any) -> Any:
    if value is True or value is False:
        raise ValueError("a boolean is no number")
    return value


def _or_empty(value: Any) -> Any:
    return "" if value is None else value


# The bounds stand first: behind a validator in Python they would be checked in Python, too.
Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1), BeforeValidator(_not_a_boolean)]
Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1), BeforeValidator(_not_a_boolean)]
Text = Annotated[str, BeforeValidator(_or_empty)]
"""A text within a message; null means absent there, too."""

Item = TypeVar("Item")
Many = Annotated[list[Item], FailFast()]
"""A list within a message, read up to its first wrong item: to tell of a million takes a minute."""


def one_of(*names: str, first: int = 1) -> BeforeValidator:
    """An enum of protobuf's: its name, or its number, which MLflow mostly counts from 1."""

    def name_of(value: Any) -> Any:
        if value in names:
            return value
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number - first < len(names):
            return names[number - first]
        raise ValueError("not a value of this enum")

    return BeforeValidator(name_of)


class Message(BaseModel):
    """A request of MLflow's; fields stand in the order in which MLflow checks them.

    ``REQUIRED`` names the fields that must be present and not empty. Unknown fields are ignored,
    null means absent, and a field may be spelled in snake_case or camelCase, as protobuf allows.
    """

    model_config = ConfigDict(
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        # Built when it is first used: a cold start answers one request, not all kinds of them.
        defer_build=True,
    )

    REQUIRED: ClassVar[tuple[str, ...]] = ()
    TYPE_FIRST: ClassVar[tuple[str, ...]] = ()
    """Required fields whose type MLflow checks before it asks whether they are there."""

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        """The message in a request's query string (GET) or JSON body; raises GenesisError as MLflow does."""
        if request.method in ("GET", "HEAD") and request.query:
            fields = _query_fields(cls, request.parameters())
        else:
            fields = json_object(request)
        fields.update(parameters)
        return cls.parse(fields)

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> Self:
        """The message with the values ``fields``; raises the error of the first field that is wrong."""
        _refuse_double_spelling(cls, fields)
        given = {name: value for name, value in fields.items() if value is not None}
        try:
            message = cls.model_validate(given)
        except ValidationError as error:
            raise _first_refusal(cls, fields, error) from None
        for name in cls.REQUIRED:
            _require(name, fields)
        return message


class Nothing(Message):
    """No fields, whose body is not read: a stranger could have it held in memory, or a thread wait for it."""

    @classmethod
    def decode(cls, request: Request, parameters: Mapping[str, str]) -> Self:
        return cls()


def json_object(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body; an absent or unreadable body counts as an empty object."""
    _check_content_type(request)
    body = _whole(request.body)
    value: Any = _json(body) if body else None
    if isinstance(value, str):
        # Old clients encode the JSON twice.
        value = _json(value.encode())
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"The request body must be a JSON object, but it is of type {type(value).__name__}.")
    return value


def _whole(body: Body) -> bytes:
    """The body in one piece; one that no message could need is refused while it is still arriving."""
    if (body.length or 0) > MAX_JSON:
        raise _too_large()
    pieces: list[bytes] = []
    size = 0
    for piece in body.chunks():
        size += len(piece)
        if size > MAX_JSON:
            raise _too_large()
        pieces.append(piece)
    return b"".join(pieces)


def _too_large() -> GenesisError:
    message = f"The request's JSON is larger than {MAX_JSON >> 20} MiB; send less at once."
    return GenesisError(Code.INVALID_PARAMETER_VALUE, message, status=413)


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        # NaN and Infinity, which orjson refuses, are what some clients write for such a metric.
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        return None
    except UnicodeEncodeError:
        raise invalid("The request body contains half of a surrogate pair, which is no text.") from None
    return value


def _check_content_type(request: Request) -> None:
    if request.method not in ("POST", "PUT"):
        return
    content_type = request.headers.get("content-type")
    if not content_type:
        raise invalid("Bad Request. Content-Type header is missing.")
    if content_type.split(";")[0] != "application/json":
        raise invalid("Bad Request. Content-Type must be one of ['application/json'].")


def _query_fields(message: type[Message], parameters: dict[str, list[str]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, info in message.model_fields.items():
        if name not in parameters:
            continue
        values = parameters[name]
        if _is_list(info.annotation):
            fields[name] = values
        elif info.annotation is bool:
            fields[name] = _boolean(values[0])
        else:
            fields[name] = values[0]
    return fields


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise invalid(f"Invalid boolean value: {text}, must be 'true' or 'false'.")
    return text.lower() == "true"


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list


class _Spelling(NamedTuple):
    """A message's fields that have two spellings, and those that hold messages themselves."""

    aliases: dict[str, str]
    """camelCase → snake_case."""
    nested: tuple[tuple[str, str, type], ...]


@cache
def _spelling(message: type) -> _Spelling:
    aliases: dict[str, str] = {}
    nested: list[tuple[str, str, type]] = []
    for name, alias, annotation in _fields(message):
        if alias != name:
            aliases[alias] = name
        for inner in (annotation, *get_args(annotation)):
            if is_typeddict(inner) or (isinstance(inner, type) and issubclass(inner, Message)):
                nested.append((name, alias, inner))
    return _Spelling(aliases, tuple(nested))


def _fields(message: type) -> Iterator[tuple[str, str, Any]]:
    """Name, alias and type of each field of a message, or of a typed dict within one."""
    if issubclass(message, Message):
        for name, info in message.model_fields.items():
            yield name, info.alias or name, info.annotation
    else:
        for name, annotation in get_type_hints(message).items():
            yield name, to_camel(name), annotation


def _refuse_double_spelling(message: type, fields: Mapping[str, Any]) -> None:
    aliases, nested = _spelling(message)
    if not aliases.keys().isdisjoint(fields):
        for alias, name in aliases.items():
            if alias in fields and name in fields:
                raise invalid(f"Request specifies both '{name}' and '{alias}'; provide only one of them.")
    for name, alias, inner in nested:
        value = fields.get(name, fields.get(alias))
        camel, deeper = _spelling(inner)
        for item in value if isinstance(value, list) else (value,):
            # Asked here as well, as there may be a thousand items, and few clients write camelCase.
            if isinstance(item, dict) and (deeper or not camel.keys().isdisjoint(item)):
                _refuse_double_spelling(inner, item)


def _require(name: str, fields: Mapping[str, Any]) -> None:
    value = fields.get(name)
    if value is None and name == "run_id":
        value = fields.get("run_uuid")
    if value is None or value == "":
        raise invalid(f"Missing value for required parameter '{name}'." + SEE_DOCS)


def _first_refusal(message: type[Message], fields: Mapping[str, Any], error: ValidationError) -> GenesisError:
    """The error of the first wrong field, in MLflow's order and words."""
    problems = {problem["loc"][0]: problem for problem in reversed(error.errors(include_url=False))}
    for name, info in message.model_fields.items():
        problem = problems.get(name) or problems.get(info.alias or name)
        if name in message.TYPE_FIRST and (problem is not None or fields.get(name) is None):
            return invalid(_invalid_value((name,), fields.get(name), "type"))
        if name in message.REQUIRED:
            try:
                _require(name, fields)
            except GenesisError as refusal:
                return refusal
        if problem is None:
            continue
        if problem["type"] == "mlflow":
            return invalid(problem["msg"] + SEE_DOCS)
        if len(problem["loc"]) == 2:
            # An item of a plain list: MLflow shows the whole list.
            return invalid(_invalid_value((name,), fields.get(name), problem["type"]))
        return invalid(_invalid_value(problem["loc"], problem["input"], problem["type"]))
    return invalid("The request is not valid." + SEE_DOCS)


def _invalid_value(location: Sequence[int | str], value: Any, kind: str) -> str:
    path = re.sub(r"\.\[", "[", ".".join(f"[{p}]" if isinstance(p, int) else p for p in location))
    if kind == "missing" or (len(location) > 1 and value in (None, "")):
        return f"Missing value for required parameter '{path}'." + SEE_DOCS
    shown = _shown(value)
    hint = f" Hint: Value was of type '{type(value).__name__}'."
    return f"Invalid value {shown} for parameter '{path}' supplied: {hint}" + SEE_DOCS


def _shown(value: Any) -> str:
    try:
        shown = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    except (RecursionError, TypeError, ValueError):
        # Nested too deep to be written again, or a number with too many digits.
        return "…"
    return shown if len(shown) <= MAX_SHOWN else shown[:MAX_SHOWN] + "…"


@dataclass(frozen=True)
class Page:
    """A reply that is text, not JSON."""

    text: str


@dataclass(frozen=True)
class Raw:
    """A reply whose bytes and headers the message decided, such as an artifact."""

    body: bytes | Iterator[bytes] = b""
    headers: Mapping[str, str] | None = None
    status: int = 200


Reply = Mapping[str, Any] | Page | Raw


Part = TypeVar("Part", bound=Mapping[str, Any])


def written(message: Part) -> Part:
    """The message as its JSON already, which is what a long list holds: what one was made of goes before
    the next is made, and the memory of few serves all.
    """
    return cast(Part, orjson.Fragment(orjson.dumps(message)))


@dataclass(frozen=True)
class Parts:
    """A list too long to be held as messages, or as their JSON: each part is made when it is sent."""

    parts: Iterator[Sequence[Mapping[str, Any]]]

    def json(self) -> Iterator[bytes]:
        before = b"["
        for part in self.parts:
            yield before + orjson.dumps(part)[1:-1]
            before = b","
        yield b"]"


def in_parts(parts: Iterator[list[Part]]) -> list[Part]:
    """A list as it stands in a reply; its parts, of which there are some, are lists that are not empty."""
    return cast(list[Part], Parts(parts))


def _streamed(reply: Mapping[str, Any]) -> Iterator[bytes]:
    before = b"{"
    for name, value in reply.items():
        yield before + orjson.dumps(name) + b":"
        if isinstance(value, Parts):
            yield from value.json()
        else:
            yield orjson.dumps(value)
        before = b","
    yield b"}"


def encode(reply: Reply) -> Response:
    """A handler's reply as HTTP: mappings become JSON, which is streamed where a list comes in parts."""
    if isinstance(reply, Page):
        return Response(200, {"Content-Type": "text/html; charset=utf-8"}, reply.text.encode())
    if isinstance(reply, Raw):
        return Response(reply.status, dict(reply.headers or {}), reply.body)
    headers = {"Content-Type": "application/json"}
    if any(isinstance(value, Parts) for value in reply.values()):
        return Response(200, headers, _streamed(reply))
    return Response(200, headers, orjson.dumps(reply))


def encode_error(error: GenesisError) -> Response:
    """A refusal as MLflow's clients read it."""
    headers = {"Content-Type": "application/json", **error.headers}
    return Response(error.status, headers, orjson.dumps(error.body()))


def double(value: float) -> float | str:
    """A float as protobuf's JSON writes it: NaN has no JSON number."""
    return value if value == value else "NaN"
