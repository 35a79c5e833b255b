"""The prompt registry, which keeps its prompts among the registered models and shows them apart."""

from __future__ import annotations

import uuid

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

CHAT = [
    {"role": "system", "content": "You are a {{style}} assistant."},
    {"role": "user", "content": "{{question}}"},
]
ANSWER = {"type": "object", "properties": {"answer": {"type": "string"}}}

pytestmark = pytest.mark.usefixtures("client")


@pytest.fixture
def name() -> str:
    return f"prompt-{uuid.uuid4().hex}"


@pytest.fixture
def prompt(client: MlflowClient, name: str) -> str:
    """The name of a text prompt of two versions; the first is in production."""
    mlflow.genai.register_prompt(name, "Hello {{who}}!", "The first.", {"language": "en", "tone": "curt"})
    mlflow.genai.register_prompt(name, "Good morning, {{who}}.", "More polite.", {"language": "en"})
    mlflow.genai.set_prompt_alias(name, "production", 1)
    return name


def text(uri: str) -> str:
    """As it is on the server, not as this process remembers it."""
    template: str = mlflow.genai.load_prompt(uri, cache_ttl_seconds=0).template
    return template


def test_a_prompt_is_loaded_by_version_and_alias(prompt: str) -> None:
    assert text(f"prompts:/{prompt}/1") == "Hello {{who}}!"
    assert text(f"prompts:/{prompt}/2") == "Good morning, {{who}}."
    assert text(f"prompts:/{prompt}@production") == "Hello {{who}}!"
    assert text(f"prompts:/{prompt}@latest") == "Good morning, {{who}}."


def test_a_prompt_is_filled_in(prompt: str) -> None:
    first = mlflow.genai.load_prompt(prompt, version=1, cache_ttl_seconds=0)

    assert first.format(who="Ada") == "Hello Ada!"
    assert (first.version, first.commit_message, first.variables) == (1, "The first.", {"who"})
    assert first.tags == {"language": "en", "tone": "curt"}
    assert first.is_text_prompt


def test_a_chat_prompt_keeps_its_messages_its_format_and_its_models_settings(name: str) -> None:
    settings = {"model_name": "any", "temperature": 0.5}
    mlflow.genai.register_prompt(name, CHAT, response_format=ANSWER, model_config=settings)

    loaded = mlflow.genai.load_prompt(name, version=1, cache_ttl_seconds=0)

    assert loaded.template == CHAT
    assert loaded.response_format == ANSWER
    assert {key: loaded.model_config[key] for key in settings} == settings
    filled = loaded.format(style="terse", question="Why?")
    assert [message["content"] for message in filled] == ["You are a terse assistant.", "Why?"]


def test_a_text_prompt_may_become_a_chat_with_its_next_version(prompt: str) -> None:
    third = mlflow.genai.register_prompt(prompt, CHAT)

    assert third.version == 3
    assert mlflow.genai.load_prompt(prompt, cache_ttl_seconds=0).template == CHAT
    assert text(f"prompts:/{prompt}/2") == "Good morning, {{who}}."


def test_a_version_that_is_not_there_is_missing(prompt: str) -> None:
    with pytest.raises(MlflowException) as refused:
        mlflow.genai.load_prompt(prompt, version=3)

    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert mlflow.genai.load_prompt(f"{prompt}-not", version=1, allow_missing=True) is None


def test_an_alias_of_a_prompt_moves_and_goes(prompt: str) -> None:
    mlflow.genai.set_prompt_alias(prompt, "production", 2)
    assert text(f"prompts:/{prompt}@production") == "Good morning, {{who}}."

    mlflow.genai.delete_prompt_alias(prompt, "production")
    with pytest.raises(MlflowException):
        text(f"prompts:/{prompt}@production")
    assert mlflow.genai.load_prompt(f"prompts:/{prompt}@production", allow_missing=True) is None


def test_tags_of_prompts_and_of_their_versions_are_set_and_deleted(client: MlflowClient, prompt: str) -> None:
    mlflow.genai.set_prompt_tag(prompt, "owner", "support")
    mlflow.genai.set_prompt_version_tag(prompt, 1, "tone", "friendly")
    mlflow.genai.set_prompt_model_config(prompt, 1, {"temperature": 0.25})

    assert mlflow.genai.get_prompt_tags(prompt)["owner"] == "support"
    first = client.get_prompt_version(prompt, 1)
    assert (first.tags["tone"], first.model_config["temperature"]) == ("friendly", 0.25)

    mlflow.genai.delete_prompt_tag(prompt, "owner")
    mlflow.genai.delete_prompt_version_tag(prompt, 1, "tone")
    mlflow.genai.delete_prompt_model_config(prompt, 1)

    assert "owner" not in mlflow.genai.get_prompt_tags(prompt)
    first = client.get_prompt_version(prompt, 1)
    assert (first.tags, first.model_config) == ({"language": "en"}, None)


def test_prompts_are_found_by_name_and_tag_over_pages(client: MlflowClient, name: str) -> None:
    for number in range(5):
        mlflow.genai.register_prompt(f"{name}-{number}", "{{x}}")
        mlflow.genai.set_prompt_tag(f"{name}-{number}", "parity", str(number % 2))
    which = f"name LIKE '{name}%' AND tags.parity = '0'"

    assert [found.name for found in mlflow.genai.search_prompts(which)] == [f"{name}-{n}" for n in (0, 2, 4)]
    first = client.search_prompts(which, max_results=2)
    last = client.search_prompts(which, max_results=2, page_token=first.token)
    assert [[found.name for found in page] for page in (first, last)] == [
        [f"{name}-0", f"{name}-2"],
        [f"{name}-4"],
    ]


def test_prompts_and_models_are_shown_apart(client: MlflowClient, prompt: str) -> None:
    model = prompt.replace("prompt", "model")
    client.create_registered_model(model)
    client.create_model_version(model, "s3://bucket/model")
    both = f"name LIKE '%{prompt.removeprefix('prompt')}'"

    assert [found.name for found in client.search_registered_models(both)] == [model]
    assert [found.name for found in client.search_model_versions(both)] == [model]
    assert [found.name for found in client.search_prompts(both)] == [prompt]
    with pytest.raises(MlflowException):
        client.get_prompt_version(model, 1)


def test_a_model_and_a_prompt_cannot_have_one_name(client: MlflowClient, prompt: str) -> None:
    with pytest.raises(MlflowException, match="already") as refused:
        client.create_registered_model(prompt)
    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"

    model = f"{prompt}-model"
    client.create_registered_model(model)
    with pytest.raises(MlflowException):
        mlflow.genai.register_prompt(model, "{{x}}")


def test_a_run_keeps_the_prompts_it_loaded(client: MlflowClient, prompt: str) -> None:
    mlflow.set_experiment(f"prompts {uuid.uuid4().hex}")
    with mlflow.start_run() as run:
        mlflow.genai.load_prompt(f"prompts:/{prompt}@production", cache_ttl_seconds=0)

    linked = client.get_run(run.info.run_id).data.tags["mlflow.linkedPrompts"]
    assert prompt in linked


def test_a_deleted_version_and_a_deleted_prompt_are_gone(client: MlflowClient, prompt: str) -> None:
    client.delete_prompt_version(prompt, "1")
    with pytest.raises(MlflowException):
        text(f"prompts:/{prompt}/1")
    assert text(f"prompts:/{prompt}@latest") == "Good morning, {{who}}."

    client.delete_prompt(prompt)
    assert client.search_prompts(f"name = '{prompt}'") == []
    assert client.get_prompt(prompt) is None
    assert mlflow.genai.register_prompt(prompt, "Anew {{x}}").version == 1
