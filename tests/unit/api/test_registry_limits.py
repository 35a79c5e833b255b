"""The registry's names, numbers, tags and aliases are checked as MLflow's own validation checks them."""

from __future__ import annotations

import pytest
from mlflow.utils import validation

from genesis.api import limits
from genesis.errors import Code, GenesisError
from tests.unit.api.test_limits import KEYS, outcome

NAMES = [
    "a",
    " a ",
    "",
    "  ",
    "\n",
    ".",
    "..",
    "..a",
    "a/b",
    "a:b",
    "/",
    "a\\b",
    "a%2fb",
    "é 🙂",
    "n" * 256,
]
ALIASES = [
    "a",
    "A-b_c",
    "é",
    "1",
    "a b",
    "a.b",
    "a/b",
    "a@b",
    "a\n",
    "latest",
    "LATEST",
    "v1",
    "V22",
    "v",
    "v1x",
]
ALIASES += ["x" * 255, "x" * 256]
VERSIONS = ["1", "01", " 1 ", "+1", "-1", "1_0", "", "one", "1.0", "1e3", "²", "\u0661", "9" * 5000]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_models(name: str) -> None:
    theirs = outcome(lambda: validation._validate_model_name(name))
    assert outcome(lambda: limits.check_model_name(name)) == theirs
    assert outcome(lambda: limits.check_new_model_name(name)) == theirs


@pytest.mark.parametrize("name", NAMES)
def test_new_names_of_models(name: str) -> None:
    ours = outcome(lambda: limits.check_new_model_name(name, "new_name"))
    assert ours == outcome(lambda: validation._validate_model_renaming(name))


def test_a_new_name_has_at_most_256_characters() -> None:
    limits.check_model_name("n" * 257)
    with pytest.raises(GenesisError, match="'name' exceeds the maximum length of 256 characters"):
        limits.check_new_model_name("n" * 257)


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases(alias: str) -> None:
    theirs = outcome(lambda: validation._validate_model_alias_name(alias))
    assert outcome(lambda: limits.check_alias(alias)) == theirs


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases_that_are_to_be_set(alias: str) -> None:
    def theirs() -> None:
        validation._validate_model_alias_name(alias)
        validation._validate_model_alias_name_reserved(alias)

    assert outcome(lambda: limits.check_new_alias(alias)) == outcome(theirs)


@pytest.mark.parametrize("version", VERSIONS)
def test_numbers_of_versions(version: str) -> None:
    ours = outcome(lambda: limits.version_number(version))
    assert ours == outcome(lambda: validation._validate_model_version(version))
    if ours == "well":
        assert limits.version_number(version) == int(version)


@pytest.mark.parametrize("version", ["0", "-1", str(2**63), "9" * 100])
def test_a_number_that_no_version_has_is_not_found(version: str) -> None:
    with pytest.raises(GenesisError, match=rf"^Model Version \(name=a, version={version}\)") as refusal:
        limits.existing_number("a", version)
    assert refusal.value.code is Code.RESOURCE_DOES_NOT_EXIST


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", ["", "v" * 100_000, "v" * 100_001])
def test_tags(key: str, value: str) -> None:
    theirs = outcome(lambda: validation._validate_registered_model_tag(key, value))
    assert outcome(lambda: limits.check_registry_tag(key, value)) == theirs
    theirs = outcome(lambda: validation._validate_model_version_tag(key, value))
    assert outcome(lambda: limits.check_version_tag(key, value)) == theirs


@pytest.mark.parametrize("value", ["v" * 100_000, "v" * 100_001])
def test_a_prompt_s_text_is_a_tag_whose_length_is_told_apart(value: str) -> None:
    ours = outcome(lambda: limits.check_version_tag("mlflow.prompt.text", value))
    assert ours == outcome(lambda: validation._validate_model_version_tag("mlflow.prompt.text", value))


@pytest.mark.parametrize("size", [1, 200_000])
def test_a_page_has_at_least_one_item(size: int) -> None:
    limits.check_page_size(size)
    with pytest.raises(GenesisError, match=f"but got {-size}"):
        limits.check_page_size(-size)
