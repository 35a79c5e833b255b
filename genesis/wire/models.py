"""Requests and replies about logged models."""

from __future__ import annotations

from typing import Any, ClassVar, TypedDict

from genesis.wire.base import Int32, Message


class SearchLoggedModels(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ()
    experiment_ids: list[str] = []
    filter: str = ""
    datasets: list[Any] = []
    max_results: Int32 = 100
    order_by: list[Any] = []
    page_token: str = ""


class SearchLoggedModelsReply(TypedDict, total=False):
    models: list[Any]
    next_page_token: str
