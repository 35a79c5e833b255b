"""Everything Genesis-Flow refuses or fails at, in MLflow's words; imports nothing of ours."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """MLflow's error codes (``mlflow/protos/databricks.proto``), as far as they are raised here."""

    BAD_REQUEST = "BAD_REQUEST"
    ENDPOINT_NOT_FOUND = "ENDPOINT_NOT_FOUND"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    INVALID_PARAMETER_VALUE = "INVALID_PARAMETER_VALUE"
    INVALID_STATE = "INVALID_STATE"
    NOT_IMPLEMENTED = "NOT_IMPLEMENTED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    REQUEST_LIMIT_EXCEEDED = "REQUEST_LIMIT_EXCEEDED"
    RESOURCE_ALREADY_EXISTS = "RESOURCE_ALREADY_EXISTS"
    RESOURCE_DOES_NOT_EXIST = "RESOURCE_DOES_NOT_EXIST"
    TEMPORARILY_UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"
    UNAUTHENTICATED = "UNAUTHENTICATED"


STATUS: dict[Code, int] = {
    Code.BAD_REQUEST: 400,
    Code.ENDPOINT_NOT_FOUND: 404,
    Code.INTERNAL_ERROR: 500,
    Code.INVALID_PARAMETER_VALUE: 400,
    Code.INVALID_STATE: 500,
    Code.NOT_IMPLEMENTED: 501,
    Code.PERMISSION_DENIED: 403,
    Code.REQUEST_LIMIT_EXCEEDED: 429,
    Code.RESOURCE_ALREADY_EXISTS: 400,
    Code.RESOURCE_DOES_NOT_EXIST: 404,
    Code.TEMPORARILY_UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}
"""HTTP status of each code, as ``mlflow/exceptions.py`` has it; a contract test compares the two."""

CLASSES: dict[Code, tuple[str, str]] = {
    Code.BAD_REQUEST: ("KAM00", "INVALID_PARAMETER_VALUE"),
    Code.ENDPOINT_NOT_FOUND: ("KAM00", "RESOURCE_NOT_FOUND"),
    Code.INTERNAL_ERROR: ("XXM00", "CLIENT_INTERNAL_ERROR"),
    Code.INVALID_PARAMETER_VALUE: ("KAM00", "INVALID_PARAMETER_VALUE"),
    Code.INVALID_STATE: ("XXM00", "CLIENT_INTERNAL_ERROR"),
    Code.PERMISSION_DENIED: ("KAM00", "PERMISSION_DENIED"),
    Code.RESOURCE_ALREADY_EXISTS: ("KAM00", "RESOURCE_ALREADY_EXISTS"),
    Code.RESOURCE_DOES_NOT_EXIST: ("KAM00", "RESOURCE_NOT_FOUND"),
    Code.TEMPORARILY_UNAVAILABLE: ("XXM00", "CLIENT_INTERNAL_ERROR"),
}
"""``sqlstate`` and ``error_class`` that MLflow 3.17 adds to the error's JSON; absent where it adds none."""


class GenesisError(Exception):
    """A refusal or failure that the client is told about.

    ``status`` overrides the code's own HTTP status (405, 411, 413 and 416 have no MLflow code);
    ``retry_after`` is in seconds.
    """

    is_logged = False
    """Whether the log has the cause already, so that no request needs to repeat it."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        status: int | None = None,
        retry_after: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status if status is not None else STATUS[code]
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)

    def body(self) -> dict[str, str]:
        """The JSON object MLflow's clients read."""
        body = {"error_code": self.code.value, "message": self.message}
        if self.code in CLASSES:
            body["sqlstate"], body["error_class"] = CLASSES[self.code]
        return body


class Misconfigured(GenesisError):
    """A setting that is of no use (503): clients read ``words``, who runs the server ``detail`` (``str``).

    The latter may name hosts and folders.
    """

    def __init__(self, words: str, detail: str, retry_after: int) -> None:
        super().__init__(Code.TEMPORARILY_UNAVAILABLE, words, retry_after=retry_after)
        self.args = (detail,)


def invalid(message: str) -> GenesisError:
    """The client sent something MLflow would refuse with 400."""
    return GenesisError(Code.INVALID_PARAMETER_VALUE, message)


def missing(message: str) -> GenesisError:
    """What the client asked for does not exist (404)."""
    return GenesisError(Code.RESOURCE_DOES_NOT_EXIST, message)


def unavailable(message: str, retry_after: int = 1) -> GenesisError:
    """A dependency failed in a way that a later retry may mend (503, seconds until then)."""
    return GenesisError(Code.TEMPORARILY_UNAVAILABLE, message, retry_after=retry_after)


def told(error: GenesisError, request_id: str) -> GenesisError:
    """The error as its client reads it: a failure that is ours says by what id the log has it."""
    if error.code not in (Code.INTERNAL_ERROR, Code.TEMPORARILY_UNAVAILABLE):
        return error
    message = f"{error.message.removesuffix('.')}; request id {request_id}."
    return GenesisError(error.code, message, status=error.status, headers=error.headers)
