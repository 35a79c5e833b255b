"""What the environment says of the caller: a credential, as MLflow's clients take it. Read here alone."""

from __future__ import annotations

import base64
import os
import site
from collections.abc import Mapping
from dataclasses import dataclass

FOREIGN = ("GENESIS_", "MLFLOW_", "DATABRICKS_", "AZURE_", "PYTHONSTARTUP", "PYTHONWARNINGS")
"""Variables that begin so would make another client of a stock one."""
CLIENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Where genesis-flow is installed, so is its plug-in; a stock client has none.
    "GENESIS_DIRECT_ARTIFACTS": "false",
}


@dataclass(frozen=True)
class Caller:
    """Who asks, as MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and _PASSWORD, say it."""

    token: str = ""
    username: str = ""
    password: str = ""
    certificates: str = ""
    """A file of certificates to trust besides the system's (REQUESTS_CA_BUNDLE, as in MLflow's client)."""

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Caller:
        environment = os.environ if environment is None else environment
        return cls(
            environment.get("MLFLOW_TRACKING_TOKEN", ""),
            environment.get("MLFLOW_TRACKING_USERNAME", ""),
            environment.get("MLFLOW_TRACKING_PASSWORD", ""),
            environment.get("REQUESTS_CA_BUNDLE", ""),
        )

    @property
    def headers(self) -> dict[str, str]:
        """What a request carries; a name and a password go before a token, as in MLflow's client."""
        if self.username and self.password:
            return {"Authorization": f"Basic {self._basic}"}
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return tuple(filter(None, (self.token, self.password, self.password and self._basic)))

    @property
    def _basic(self) -> str:
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    def variables(self) -> dict[str, str]:
        """The same, for a client in another process."""
        given = {
            "MLFLOW_TRACKING_TOKEN": self.token,
            "MLFLOW_TRACKING_USERNAME": self.username,
            "MLFLOW_TRACKING_PASSWORD": self.password,
        }
        return {name: value for name, value in given.items() if value}


def client_environment(
    url: str, caller: Caller, home: str, environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What a stock client of the server at ``url`` runs in: none of this process's settings but the caller.

    ``home`` is its home folder, so that no credentials of another server are found in the real one.
    """
    environment = os.environ if environment is None else environment
    kept = {name: value for name, value in environment.items() if not name.startswith(FOREIGN)}
    # Packages that are installed for one user are found in the real home.
    base = kept.get("PYTHONUSERBASE") or site.getuserbase()
    return {
        **kept,
        **CLIENT,
        **caller.variables(),
        "MLFLOW_TRACKING_URI": url,
        "HOME": home,
        "USERPROFILE": home,
        "PYTHONUSERBASE": base,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
    }
