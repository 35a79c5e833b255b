"""Requests and replies about model versions."""

from __future__ import annotations

from typing import Annotated, ClassVar, NotRequired, TypedDict

from pydantic import Field

from genesis.entities.registry import ModelVersion
from genesis.wire.base import Int64, Many, Message
from genesis.wire.experiments import Tag, TagReply, tags

MAX_SEARCHED = 200_000


class CreateModelVersion(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "source")
    name: str = ""
    source: str = ""
    # Whether these two are given at all matters where the source is another version.
    run_id: str | None = None
    tags: Many[Tag] = []
    run_link: str = ""
    description: str = ""
    model_id: str | None = None


class VersionMessage(Message):
    """About one version of one model."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "version")
    name: str = ""
    version: str = ""


class GetModelVersion(VersionMessage):
    pass


class DeleteModelVersion(VersionMessage):
    pass


class GetModelVersionDownloadUri(Message):
    # The one message of the registry that MLflow's server does not check.
    name: str = ""
    version: str = ""


class UpdateModelVersion(VersionMessage):
    description: str | None = None


class TransitionModelVersionStage(VersionMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "version", "stage")
    stage: str = ""
    archive_existing_versions: Annotated[bool, Field(strict=True)] = False


class SearchModelVersions(Message):
    filter: str = ""
    max_results: Annotated[Int64, Field(le=MAX_SEARCHED)] = MAX_SEARCHED
    order_by: Many[str] = []
    page_token: str = ""


class SetModelVersionTag(VersionMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "version", "key")
    key: str = ""
    value: str = ""


class DeleteModelVersionTag(VersionMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "version", "key")
    key: str = ""


class ModelVersionReply(TypedDict):
    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str
    description: NotRequired[str]
    source: str
    run_id: str
    status: str
    tags: NotRequired[list[TagReply]]
    run_link: str
    aliases: NotRequired[list[str]]


class GetModelVersionReply(TypedDict):
    model_version: ModelVersionReply


class GetModelVersionDownloadUriReply(TypedDict):
    artifact_uri: str


class SearchModelVersionsReply(TypedDict, total=False):
    model_versions: list[ModelVersionReply]
    next_page_token: str


def version(entity: ModelVersion, *, aliases: bool = True) -> ModelVersionReply:
    """A version as MLflow's ``ModelVersion`` message; in most lists it is without its aliases."""
    reply = ModelVersionReply(
        name=entity.name,
        version=str(entity.number),
        creation_timestamp=entity.creation_time,
        last_updated_timestamp=entity.last_update_time,
        current_stage=entity.stage,
        source=entity.source,
        run_id=entity.run_id,
        status="READY",
        run_link=entity.run_link,
    )
    # An empty description is shown, one that was taken away is not.
    if entity.description is not None:
        reply["description"] = entity.description
    if entity.tags:
        reply["tags"] = tags(entity.tags)
    if entity.aliases and aliases:
        reply["aliases"] = entity.aliases
    return reply
