"""Requests are read with MLflow's quirks, once, for every endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, get_origin

import pytest
from pydantic import ValidationError

import genesis.routes  # noqa: F401 (which knows all messages)
from genesis.errors import GenesisError
from genesis.http import BytesBody, Request
from genesis.wire.base import Int64, Message, Raw, double, encode, one_of
from genesis.wire.metrics import GetMetricHistoryBulkInterval, LogBatch, LogMetric
from genesis.wire.runs import CreateRun, SearchRuns, UpdateRun

JSON = {"content-type": "application/json"}
DOCS = " See the API docs for more information about request parameters."


class Sample(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("name",)
    name: str = ""
    how_many: Int64 = 0
    is_on: bool = False
    parts: list[str] = []


def post(body: bytes, headers: dict[str, str] | None = None) -> Request:
    return Request("POST", "/", headers=JSON if headers is None else headers, body=BytesBody(body))


def refusal(message: type[Message], request: Request) -> str:
    with pytest.raises(GenesisError) as caught:
        message.decode(request, {})
    assert caught.value.status == 400
    return caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "n", "how_many": 3, "unknown": {"x": 1}}',
        b'{"name": "n", "howMany": "3"}',
        b'{"name": "n", "how_many": 3.0, "is_on": null, "parts": null}',
        b'"{\\"name\\": \\"n\\", \\"how_many\\": 3}"',
    ],
    ids=["unknown fields", "camelCase and text for an integer", "null means absent", "encoded twice"],
)
def test_a_body_may_be_written_in_several_ways(body: bytes) -> None:
    read = Sample.decode(post(body), {})
    assert (read.name, read.how_many, read.is_on, read.parts) == ("n", 3, False, [])


def test_a_charset_beside_the_content_type_does_no_harm() -> None:
    request = post(b'{"name": "n"}', {"content-type": "application/json; charset=utf-8"})
    assert Sample.decode(request, {}).name == "n"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Bad Request. Content-Type header is missing."),
        ({"content-type": "text/plain"}, "Bad Request. Content-Type must be one of ['application/json']."),
    ],
)
def test_a_post_must_be_json(headers: dict[str, str], message: str) -> None:
    assert refusal(Sample, post(b'{"name": "n"}', headers)) == message


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"{}", b'{"name": ""}', b'{"name": null}', b"\xff"])
def test_what_is_not_there_or_unreadable_is_missing(body: bytes) -> None:
    assert refusal(Sample, post(body)) == "Missing value for required parameter 'name'." + DOCS


def test_a_body_that_no_message_needs_is_refused_before_it_is_read() -> None:
    body = BytesBody(b"{}")
    body.length = 65 * 1024 * 1024
    with pytest.raises(GenesisError) as caught:
        Sample.decode(Request("POST", "/", headers=JSON, body=body), {})
    assert caught.value.status == 413
    assert body.read() == b"{}"


@pytest.mark.parametrize("body", [b"[1]", b"5", b"true"])
def test_a_body_that_is_no_object_is_told_so(body: bytes) -> None:
    assert refusal(Sample, post(body)).startswith("The request body must be a JSON object")


def test_half_a_surrogate_pair_is_refused() -> None:
    assert "surrogate" in refusal(Sample, post(b'{"name": "\\ud83d"}'))


@pytest.mark.parametrize("depth", [100, 990, 1020])
def test_a_value_nested_too_deep_to_be_shown_is_refused_all_the_same(depth: int) -> None:
    assert "'name'" in refusal(Sample, post(b'{"name": ' + b"[" * depth + b"]" * depth + b"}"))


def test_a_wrong_value_is_not_repeated_without_end() -> None:
    assert len(refusal(Sample, post(b'{"name": ["' + b"x" * 1_000_000 + b'"]}'))) < 11_000


def test_deep_nesting_is_an_unreadable_body() -> None:
    assert "Missing value" in refusal(Sample, post(b"[" * 100_000))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"name": 5}', "Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'."),
        (
            b'{"name": "n", "how_many": "x"}',
            "Invalid value \"x\" for parameter 'how_many' supplied:  Hint: Value was of type 'str'.",
        ),
        (
            b'{"name": "n", "how_many": true}',
            "Invalid value true for parameter 'how_many' supplied:  Hint: Value was of type 'bool'.",
        ),
        (
            b'{"name": "n", "parts": [1]}',
            "Invalid value [1] for parameter 'parts' supplied:  Hint: Value was of type 'list'.",
        ),
    ],
)
def test_a_wrong_type_is_named_in_mlflow_s_words(body: bytes, message: str) -> None:
    assert refusal(Sample, post(body)) == message + DOCS


def test_an_earlier_field_s_absence_is_told_before_a_later_one_s_type() -> None:
    assert "'name'" in refusal(Sample, post(b'{"how_many": "x"}'))


def test_two_spellings_of_one_field_are_refused_at_any_depth() -> None:
    top = b'{"name": "n", "how_many": 1, "howMany": 2}'
    assert "both 'how_many' and 'howMany'" in refusal(Sample, post(top))
    nested = b'{"run_id": "r", "metrics": [{"key": "k", "model_id": "", "modelId": ""}]}'
    assert "both 'model_id' and 'modelId'" in refusal(LogBatch, post(nested))


@pytest.mark.parametrize(("given", "status"), [("KILLED", "KILLED"), (3, "FINISHED"), ("1", "RUNNING")])
def test_an_enum_may_be_a_name_or_a_number(given: Any, status: str) -> None:
    assert UpdateRun.parse({"run_id": "r", "status": given}).status == status


@pytest.mark.parametrize("given", ["BOGUS", 0, 6, "", True, [], {}])
def test_an_unknown_enum_is_refused(given: Any) -> None:
    with pytest.raises(GenesisError, match="'status'"):
        UpdateRun.parse({"run_id": "r", "status": given})


def test_a_query_is_read_by_name_with_repetitions_for_lists_only() -> None:
    request = Request("GET", "/", "run_ids=a&run_ids=b&metric_key=k&metric_key=z&max_results=7&nothing=1")
    read = GetMetricHistoryBulkInterval.decode(request, {})
    assert (read.run_ids, read.metric_key, read.max_results) == (["a", "b"], "k", 7)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("FALSE", False)])
def test_a_query_s_boolean_is_true_or_false(text: str, value: bool) -> None:
    assert Sample.decode(Request("GET", "/", f"name=n&is_on={text}"), {}).is_on is value


def test_another_boolean_in_a_query_is_refused() -> None:
    message = refusal(Sample, Request("GET", "/", "name=n&is_on=1"))
    assert message == "Invalid boolean value: 1, must be 'true' or 'false'."


def test_a_get_without_a_query_is_read_from_its_body() -> None:
    request = Request("GET", "/", body=BytesBody(b'{"name": "n"}'))
    assert Sample.decode(request, {}).name == "n"


def test_a_limit_with_words_of_its_own_is_told_in_them() -> None:
    request = Request("GET", "/", "&".join(f"run_ids={i}" for i in range(101)) + "&metric_key=k")
    assert refusal(GetMetricHistoryBulkInterval, request) == (
        "GetMetricHistoryBulkInterval request must specify at most 100 run_ids. Received 101 run_ids." + DOCS
    )


@pytest.mark.parametrize("value", [1.5, "1.5", 7, "NaN", "Infinity", "-Infinity"])
def test_a_double_may_be_a_number_or_a_text(value: Any) -> None:
    read = LogMetric.parse({"run_id": "r", "key": "k", "value": value, "timestamp": 1})
    assert read.value == float(value) or read.value != read.value


def test_a_bare_nan_is_the_nan_that_was_meant() -> None:
    body = b'{"run_id": "r", "key": "k", "value": NaN, "timestamp": 1}'
    value = LogMetric.decode(post(body), {}).value
    assert value != value


@pytest.mark.parametrize("start", [2**63, -(2**63) - 1, 10**30, 1.5])
def test_an_integer_must_fit(start: Any) -> None:
    with pytest.raises(GenesisError, match="'start_time'"):
        CreateRun.parse({"start_time": start})


def test_a_page_may_not_be_larger_than_mlflow_s() -> None:
    with pytest.raises(GenesisError, match="Invalid value 50001 for parameter 'max_results'"):
        SearchRuns.parse({"max_results": 50_001})


def test_a_batch_names_what_is_missing_and_where() -> None:
    fields: dict[str, Any] = {
        "run_id": "r",
        "metrics": [{"key": "a", "value": 1, "timestamp": 1}, {"key": "b"}],
    }
    with pytest.raises(GenesisError, match=r"required parameter 'metrics\[1\]\.value'"):
        LogBatch.parse(fields)


def test_numbers_of_an_enum_count_from_one() -> None:
    assert one_of("A", "B").func(2) == "B"  # type: ignore[call-arg]


def test_nan_is_written_as_text() -> None:
    assert double(float("nan")) == "NaN"
    assert double(1.5) == 1.5


def test_a_raw_reply_keeps_its_bytes_and_headers() -> None:
    response = encode(Raw(b"x", {"Content-Type": "a/b"}, 206))
    assert (response.status, response.headers, response.whole()) == (206, {"Content-Type": "a/b"}, b"x")


def every_message(of: type[Message] = Message) -> Iterator[type[Message]]:
    for message in of.__subclasses__():
        yield message
        yield from every_message(message)


LISTS = [
    (message, name)
    for message in every_message()
    if message.__module__.startswith("genesis.")
    for name, field in message.model_fields.items()
    if get_origin(field.annotation) is list
]


@pytest.mark.parametrize(("message", "name"), LISTS, ids=lambda value: getattr(value, "__name__", value))
def test_of_many_wrong_items_only_the_first_is_told(message: type[Message], name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        message.model_validate({name: [object()] * 1000})
    assert [error["loc"] for error in caught.value.errors() if error["loc"][0] == name] == [(name, 0)]
