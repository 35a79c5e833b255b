"""Expressions are evaluated as Bicep does it, also where the grammar groups them otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.infra.bicep import File
from tests.infra.evaluate import Template, deploy, given
from tests.infra.functions import Failed

DECLARED = """
param yes bool = true
param no bool = false
param one object = { a: { b: 'one' } }
param two object = { a: { b: 'two' } }
param list array = [1, 2, 3]
param word string = 'it\\'s'
"""
EXPRESSIONS = [
    ("yes ? one.a.b : two.a.b", "one"),
    ("no ? one.a.b : two.a.b", "two"),
    ("(yes ? one : two).a.b", "one"),
    ("no ? one!.a.b : two!.a.b", "two"),
    ("'one' == one.a.b", True),
    ("!empty(list) && one.a.b == 'one'", True),
    ("no || !yes", False),
    ("yes && no ? 1 : 2", 2),
    ("one.a.b == 'one' && two.a.b == 'two'", True),
    ("no && no || yes", True),
    ("yes || no && no", True),
    ("1 + 2 * 3 == 7", True),
    ("10 - 3 - 2", 5),
    ("1 < 2 && 2 > 3 || !no", True),
    ("{ deep: no && one.a.b == 'one' }", {"deep": False}),
    ("' a ${word}  '", " a it's  "),
    ("' '", " "),
    ("'${word} ${yes ? 'a' : 'b'} ${yes} ${1 + 2}'", "it's a true 3"),
    ("{ '${word}': list[0], plain: null }", {"it's": 1, "plain": None}),
    ("[for item in list: item * 2]", [2, 4, 6]),
    ("[for item in list: { n: item, of: [for other in list: other - item] }][1].of", [-1, 0, 1]),
    ("reduce(list, 10, (sum, item) => sum + item)", 16),
    ("items(one)[0].value.b", "one"),
    ("union({ a: 1, b: 1 }, { b: 2 })", {"a": 1, "b": 2}),
    ("union([1, 2], [2, 3])", [1, 2, 3]),
    ("concat(list, [4])", [1, 2, 3, 4]),
    ("concat('a', 'b')", "ab"),
    ("last(split('a/b/c', '/'))", "c"),
    ("cidrSubnet('10.80.0.0/24', 26, 2)", "10.80.0.128/26"),
    ("utcNow('yyyy-MM-01')", "2030-01-01"),
    ("uri('https://login.example/', 't/v2.0')", "https://login.example/t/v2.0"),
    ("null ?? 'b'", "b"),
    ("uniqueString('a') == uniqueString('b')", False),
    ("yes ? 'a' : fail('never')", "a"),
]


def template(source: str, **parameters: Any) -> Template:
    return Template(File(Path("test.bicep"), source), parameters)


@pytest.mark.parametrize(("expression", "value"), EXPRESSIONS)
def test_an_expression_has_the_value_that_bicep_gives_it(expression: str, value: object) -> None:
    assert template(f"{DECLARED}var it = {expression}\n").name("it") == value


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("output x string = fail('no')", "no"),
        ("param x string", "needs x"),
        ("@allowed(['a'])\nparam x string = 'b'", "none of"),
        ("@minValue(1)\nparam x int = 0", "minValue"),
        ("@maxValue(1)\nparam x int = 2", "maxValue"),
        ("@minLength(1)\nparam x string[] = []", "minLength"),
        ("@maxLength(1)\nparam x string = 'ab'", "maxLength"),
        ("output x string = unknown", "unknown is not declared"),
        ("resource a 'A/b@1' = if (false) { name: 'a' }\noutput x string = a.id", "not deployed"),
        (
            "resource a 'A/b@1' = if (false) { name: 'a' }\nresource c 'A/b/c@1' = { parent: a, name: 'c' }",
            "a part of a, which is not deployed",
        ),
    ],
)
def test_what_azure_would_refuse_is_an_error(source: str, reason: str) -> None:
    with pytest.raises(Failed, match=reason):
        list(template(source + "\n").made())


def test_a_loop_makes_one_for_each_and_a_condition_none() -> None:
    source = """
resource each 'A/b@1' = [for name in ['x', 'y']: { name: name }]
resource none 'A/b@1' = if (1 > 2) { name: 'z' }
resource child 'A/b/c@1' = { parent: one, name: 'd' }
resource one 'A/b@1' = { name: 'one' }
resource there 'A/b@1' existing = { name: 'there' }
resource on 'C/d@1' = { name: 'e', scope: there }
"""
    assert [made.id for made in template(source).made()] == [
        "/A/b/x",
        "/A/b/y",
        "/A/b/one/c/d",
        "/A/b/one",
        "/A/b/there/C/d/e",
    ]


def test_a_module_gets_its_parameters_and_gives_its_outputs(tmp_path: Path) -> None:
    (tmp_path / "inner.bicep").write_text(
        "param name string\nresource it 'A/b@1' = { name: name }\noutput id string = it.id\n"
    )
    (tmp_path / "outer.bicep").write_text(
        "module first 'inner.bicep' = { name: 'first', params: { name: 'a' } }\n"
        "module off 'inner.bicep' = if (false) { name: 'off', params: { name: 'b' } }\n"
        "resource after 'A/c@1' = { name: 'c', of: first.outputs.id }\n"
    )
    after, inner = deploy(tmp_path / "outer.bicep")
    assert (after.body["of"], inner.id) == ("/A/b/a", "/A/b/a")


def test_what_is_made_twice_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "twice.bicep").write_text(
        "resource a 'A/b@1' = { name: 'x' }\nresource b 'A/b@1' = { name: 'X' }\n"
    )
    with pytest.raises(Failed, match="made twice"):
        deploy(tmp_path / "twice.bicep")


def test_a_parameter_that_is_unknown_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "none.bicep").write_text("param a string = ''\n")
    with pytest.raises(Failed, match="no parameter"):
        deploy(tmp_path / "none.bicep", b="")


def test_a_parameter_file_reads_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "x.bicepparam"
    path.write_text("param a = readEnvironmentVariable('A')\nparam b = readEnvironmentVariable('B', 'c')\n")
    assert given(path, {"A": "a"}) == {"a": "a", "b": "c"}
    with pytest.raises(Failed, match="A is not set"):
        given(path, {})
