"""MLflow's messages answered by a database in this process; what is not served is "not implemented"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, NOT_IMPLEMENTED, ErrorCode
from mlflow.utils.proto_json_utils import parse_dict

from genesis.embedded import Embedded, Finds
from genesis.errors import Code, GenesisError
from genesis.plugin.stores.databases import absolute, database, joinable

try:
    from mlflow.exceptions import MlflowNotImplementedException
except ImportError:
    # An older MLflow has only the code.
    MlflowNotImplementedException = partial(MlflowException, error_code=NOT_IMPLEMENTED)

try:
    from mlflow.utils.workspace_context import get_request_workspace
except ImportError:
    # An older MLflow has no workspaces.

    def get_request_workspace() -> str | None:
        return None


NotServed = MlflowNotImplementedException
"""MLflow's own error for what a store does not do."""

SETTING = re.compile(r"\bGENESIS_DATABASE_URI\b")


class Calls:
    """Calls of one store's URI, for whichever process makes them; opens nothing before the first."""

    def __init__(self, store_uri: str, artifact_root: str) -> None:
        try:
            self._uri, self._root = absolute(store_uri), joinable(artifact_root)
        except ValueError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None

    def __call__(
        self, method: str, endpoint: str, message: str | None, reply: Any, elsewhere: Finds | None = None
    ) -> Any:
        """``reply``, a protobuf message, filled in; raises MlflowException with our code and words."""
        answered = self.json(method, endpoint, message, elsewhere)
        parse_dict(answered, reply)
        return reply

    def json(
        self, method: str, endpoint: str, message: str | None, elsewhere: Finds | None = None
    ) -> Mapping[str, Any]:
        """The reply's JSON, as Python has it."""
        workspace = get_request_workspace() or ""
        return self._ask(
            lambda database: database.call(method, endpoint, message or "", workspace, elsewhere),
            endpoint,
        )

    def deleted(self, kind: str, older_than: int) -> list[str]:
        """Ids of what was deleted that many milliseconds ago, or before."""
        workspace = get_request_workspace() or ""
        return list(self._ask(lambda database: database.deleted(kind, workspace, older_than)))

    def remove(self, kind: str, id: str) -> None:
        """Remove it for good, but for its artifacts; raises MlflowException if it is not deleted."""
        workspace = get_request_workspace() or ""
        if not self._ask(lambda database: database.remove(kind, id, workspace)):
            raise MlflowException.invalid_parameter_value(
                f"The {kind} {id} is not deleted, so it is not removed for good."
            )

    def _ask(self, ask: Callable[[Embedded], Any], endpoint: str = "") -> Any:
        try:
            return ask(database(self._uri, self._root))
        except GenesisError as error:
            raise _told(error, endpoint) from error
        except MlflowException:
            raise
        except Exception as error:
            raise MlflowException(f"{type(error).__name__}: {error}", error_code=INTERNAL_ERROR) from error


def _told(error: GenesisError, endpoint: str) -> MlflowException:
    if error.code in (Code.ENDPOINT_NOT_FOUND, Code.NOT_IMPLEMENTED):
        return NotServed(f"Genesis-Flow does not serve {endpoint.partition('?')[0]}.")
    # The long text of a wrong setting: who set it is who reads this.
    words = SETTING.sub("The store's URI", str(error))
    told = MlflowException(words, error_code=ErrorCode.Value(error.code.value))
    for name in ("sqlstate", "error_class"):
        # Newer versions of MLflow have them; ours are finer than what they derive from the code.
        if name in error.body() and hasattr(told, name):
            setattr(told, name, error.body()[name])
    return told
