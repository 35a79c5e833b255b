"""What a registered model and a model version are, and what they may be refused for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from genesis.errors import Code, GenesisError, invalid, missing

NO_STAGE = "None"
STAGING = "Staging"
PRODUCTION = "Production"
ARCHIVED = "Archived"

STAGES = (NO_STAGE, STAGING, PRODUCTION, ARCHIVED)
"""Where a model version can be; the first is where it begins."""

ACTIVE_STAGES = (STAGING, PRODUCTION)
"""Stages whose other versions a transition may archive."""

PROMPT_TAG = "mlflow.prompt.is_prompt"
PROMPT_TEXT_TAG = "mlflow.prompt.text"

MODEL = "model"
PROMPT = "prompt"
VERSION = "version"
PROMPT_VERSION = "prompt version"

LATEST = "latest"
"""An alias nobody can set: the version with the highest number."""


@dataclass(frozen=True)
class ModelVersion:
    """One version of a registered model, ready as soon as it exists; times in ms since the epoch."""

    name: str
    number: int
    creation_time: int
    last_update_time: int
    description: str | None
    source: str
    storage: str
    """Where the artifacts lie, which ``source`` may name indirectly."""
    run_id: str
    run_link: str
    stage: str = NO_STAGE
    tags: dict[str, str] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RegisteredModel:
    """A named line of model versions, or of a prompt's; times in ms since the epoch."""

    name: str
    creation_time: int
    last_update_time: int
    description: str | None
    workspace: str
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    """Version number of each alias."""
    latest: list[ModelVersion] = field(default_factory=list)
    """The highest version of each stage that has one, as MLflow shows them: without aliases."""


@dataclass(frozen=True)
class ModelLine:
    """A registered model with every version that it has, and the last number that a version was given."""

    model: RegisteredModel
    versions: list[ModelVersion]
    last: int


@dataclass(frozen=True)
class NewVersion:
    """What the creator of a model version says about it."""

    source: str
    storage: str
    run_id: str = ""
    run_link: str = ""
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


def kind_of(tags: Mapping[str, str], number: int = 0) -> str:
    """What a document of the registry is; ``number`` 0 stands for the registered model itself."""
    is_prompt = tags.get(PROMPT_TAG) == "true"
    if number:
        return PROMPT_VERSION if is_prompt else VERSION
    return PROMPT if is_prompt else MODEL


def stage_of(text: str) -> str:
    """The stage in its one spelling; clients may write it in any case."""
    for stage in STAGES:
        if stage.lower() == text.lower():
            return stage
    raise invalid(f"Invalid Model Version stage: {text}. Value must be one of {', '.join(STAGES)}.")


def newest(model: RegisteredModel) -> ModelVersion:
    """The version that the alias ``latest`` means, with its aliases."""
    if not model.latest:
        raise missing(f"Latest version not found for model {model.name}.")
    return with_aliases(max(model.latest, key=lambda version: version.number), model)


def with_aliases(version: ModelVersion, model: RegisteredModel) -> ModelVersion:
    """One of the versions that ``model`` is shown with, as it is shown itself."""
    aliases = [alias for alias, number in model.aliases.items() if number == version.number]
    return replace(version, aliases=aliases)


def not_found(name: str) -> GenesisError:
    return missing(f"Registered Model with name={name} not found")


def version_not_found(name: str, number: int) -> GenesisError:
    return missing(f"Model Version (name={name}, version={number}) not found")


def alias_not_found(alias: str) -> GenesisError:
    return invalid(f"Registered model alias {alias} not found.")


def already_exists(name: str, existing_is_prompt: bool, new_is_prompt: bool) -> GenesisError:
    """The name is taken; either counts as a prompt's if it has the prompts' tag, whatever its value."""
    old = "Prompt" if existing_is_prompt else "Registered Model"
    new = "Prompt" if new_is_prompt else "Registered Model"
    message = f"{new} (name={name}) already exists."
    if old != new:
        message = (
            f"Tried to create a {new.lower()} with name {name!r}, but the name is already taken by a "
            f"{old.lower()}. MLflow does not allow creating a model and a prompt with the same name."
        )
    return GenesisError(Code.RESOURCE_ALREADY_EXISTS, message)


def rename_taken(new_name: str) -> GenesisError:
    return GenesisError(Code.RESOURCE_ALREADY_EXISTS, f"Registered Model (name={new_name}) already exists.")
