"""Requests and replies about registered models and their aliases."""

from __future__ import annotations

from typing import Annotated, ClassVar, NotRequired, TypedDict

from pydantic import Field

from genesis.entities.registry import RegisteredModel
from genesis.wire.base import Int64, Many, Message
from genesis.wire.experiments import Tag, TagReply, tags
from genesis.wire.model_versions import ModelVersionReply, version

MAX_SEARCHED = 1000


class ModelMessage(Message):
    """About one registered model."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("name",)
    name: str = ""


class CreateRegisteredModel(ModelMessage):
    tags: Many[Tag] = []
    description: str = ""


class GetRegisteredModel(ModelMessage):
    pass


class DeleteRegisteredModel(ModelMessage):
    pass


class UpdateRegisteredModel(ModelMessage):
    description: str = ""


class RenameRegisteredModel(ModelMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "new_name")
    new_name: str = ""


class SearchRegisteredModels(Message):
    filter: str = ""
    max_results: Annotated[Int64, Field(le=MAX_SEARCHED)] = 100
    order_by: Many[str] = []
    page_token: str = ""


class GetLatestVersions(ModelMessage):
    stages: Many[str] = []


class SetRegisteredModelTag(ModelMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "key")
    key: str = ""
    value: str = ""


class DeleteRegisteredModelTag(ModelMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "key")
    key: str = ""


class AliasMessage(ModelMessage):
    """About one alias of one registered model."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "alias")
    alias: str = ""


class GetModelVersionByAlias(AliasMessage):
    pass


class DeleteRegisteredModelAlias(AliasMessage):
    pass


class SetRegisteredModelAlias(AliasMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "alias", "version")
    version: str = ""


class AliasReply(TypedDict):
    alias: str
    version: str


class RegisteredModelReply(TypedDict):
    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: NotRequired[str]
    latest_versions: NotRequired[list[ModelVersionReply]]
    tags: NotRequired[list[TagReply]]
    aliases: NotRequired[list[AliasReply]]


class GetRegisteredModelReply(TypedDict):
    registered_model: RegisteredModelReply


class SearchRegisteredModelsReply(TypedDict, total=False):
    registered_models: list[RegisteredModelReply]
    next_page_token: str


class GetLatestVersionsReply(TypedDict, total=False):
    model_versions: list[ModelVersionReply]


def model(entity: RegisteredModel) -> RegisteredModelReply:
    """A model as MLflow's ``RegisteredModel`` message; its versions there are without aliases."""
    reply = RegisteredModelReply(
        name=entity.name,
        creation_timestamp=entity.creation_time,
        last_updated_timestamp=entity.last_update_time,
    )
    if entity.description:
        reply["description"] = entity.description
    if entity.latest:
        reply["latest_versions"] = [version(v, aliases=False) for v in entity.latest]
    if entity.tags:
        reply["tags"] = tags(entity.tags)
    if entity.aliases:
        reply["aliases"] = [{"alias": a, "version": str(number)} for a, number in entity.aliases.items()]
    return reply
