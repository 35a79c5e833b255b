"""A span for each request, where somebody has set OpenTelemetry up: the Functions worker, or an agent."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from genesis.observed import Observed

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

NOTHING: AbstractContextManager[None] = nullcontext()


class Spans:
    """Loads nothing by itself: without OpenTelemetry in the process there is nobody to tell."""

    def __init__(self) -> None:
        self._tracer: Tracer | None = None

    def span(self, observed: Observed, headers: Mapping[str, str]) -> AbstractContextManager[None]:
        """A request's span, the current one while it is handled; child of the caller's, if it has one."""
        if self._tracer is None:
            self._tracer = _tracer()
        return NOTHING if self._tracer is None else _spanning(self._tracer, observed, headers)


def _tracer() -> Tracer | None:
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry import trace

    provider = trace.get_tracer_provider()
    return None if isinstance(provider, trace.ProxyTracerProvider) else trace.get_tracer("genesis")


@contextmanager
def _spanning(tracer: Tracer, observed: Observed, headers: Mapping[str, str]) -> Iterator[None]:
    from opentelemetry.trace import SpanKind, use_span

    span = tracer.start_span(observed.method, _parent(headers), SpanKind.SERVER)
    try:
        # What failed is in the log; an exception's text has no place in a span.
        with use_span(span, record_exception=False, set_status_on_exception=False):
            yield
    finally:
        if span.is_recording():
            _tell(span, observed)
        span.end()


def _parent(headers: Mapping[str, str]) -> Context | None:
    """The host's span where it is the current one, else the one that a header names."""
    from opentelemetry.trace import get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if get_current_span().get_span_context().is_valid:
        return None
    return TraceContextTextMapPropagator().extract(headers)


def _tell(span: Span, observed: Observed) -> None:
    from opentelemetry.trace import StatusCode

    span.update_name(f"{observed.method} {observed.route}")
    span.set_attributes(
        {
            "http.request.method": observed.method,
            "http.route": observed.route,
            "http.response.status_code": observed.status,
            "genesis.request_id": observed.id,
            "genesis.database.commands": observed.commands,
        }
    )
    if observed.workspace:
        span.set_attribute("genesis.workspace", observed.workspace)
    if observed.principal:
        span.set_attribute("enduser.id", observed.principal)
    if observed.is_charged:
        span.set_attribute("genesis.database.request_charge", round(observed.charge, 2))
    if observed.status >= 500:
        span.set_status(StatusCode.ERROR)
