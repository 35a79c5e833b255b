"""Microsoft's worker library (azure-functions-runtime) as the host drives it; only for Python 3.13 and newer.

Of the ways to call that library this takes its public one: the requests of its ``__all__`` that Azure's own
worker process forwards to it, so indexing, type checks, decoding, the thread pool and encoding are what runs
in Azure. Left out is the gRPC connection between two processes, which has no say in any of these; what it
carries is in ``messages``. The library's ``native_invocation`` needs none, but is not public.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.functions import messages
from tests.functions.messages import Message, ParameterBinding, RpcHttp, StatusResult, TypedData


class WorkerError(Exception):
    """The worker reported a failure; the text is its message and stack trace."""


@dataclass(frozen=True)
class Function:
    """What the worker's index says about one function, as the host keeps it."""

    id: str
    name: str
    bindings: tuple[dict[str, Any], ...]

    @property
    def trigger(self) -> dict[str, Any]:
        return next(binding for binding in self.bindings if binding["type"].endswith("Trigger"))


class Worker:
    """The functions of one app folder, indexed, loaded and ready to be invoked from any thread."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        # By name: the library is there only under Python 3.13, and mypy looks with the project's own.
        self._library: Any = import_module("azure_functions_runtime")
        self._library.start_threadpool_executor()
        # Azure's worker process sends on what this handler formats; the libraries' lines go the same way.
        logging.getLogger().setLevel(logging.INFO)
        logging.getLogger().addHandler(logging.StreamHandler())
        sys.path[0] = str(folder)  # as in Azure; it also hides the repository that this file came from
        self._ask("worker_init_request", function_app_directory=str(folder), capabilities={})
        index = self._ask("functions_metadata_request").function_metadata_results or []
        self.functions = [
            Function(found.function_id, found.name, tuple(map(json.loads, found.raw_bindings)))
            for found in index
        ]
        for function in self.functions:
            self._ask("function_load_request", function_id=function.id)

    def invoke(self, function: Function, request: RpcHttp) -> RpcHttp:
        """What the function answers; ``WorkerError`` if it raised."""
        response: RpcHttp = self._invoke(function, TypedData(http=request)).return_value.http
        return response

    def warm_up(self, function: Function) -> None:
        """As the host does on an instance that is added; ``WorkerError`` if the function raised."""
        self._invoke(function, TypedData(string="{}"))

    def _invoke(self, function: Function, data: TypedData) -> Any:
        return self._ask(
            "invocation_request",
            invocation_id=str(uuid.uuid4()),
            function_id=function.id,
            input_data=[ParameterBinding(function.trigger["name"], data)],
            trigger_metadata={},
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )

    def _ask(self, kind: str, **fields: Any) -> Any:
        request = Message(
            request=Message(**{kind: Message(**fields)}),
            properties={"host": "127.0.0.1", "protos": messages},
        )
        answering: Coroutine[Any, Any, Any] = getattr(self._library, kind)(request)
        answer = asyncio.run_coroutine_threadsafe(answering, self._loop).result()
        if answer.result.status != StatusResult.Success:
            raise WorkerError(f"{answer.result.exception.message}\n{answer.result.exception.stack_trace}")
        return answer
