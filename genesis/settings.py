"""Every environment variable, typed and read once; nothing else reads ``os.environ``."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from urllib.parse import quote

AZURE = ("WEBSITE_SITE_NAME", "WEBSITE_INSTANCE_ID")
EASY_AUTH = "WEBSITE_AUTH_ENABLED"
"""What Azure sets in an app's process."""
UNRESOLVED = "@Microsoft.KeyVault("
"""What stands where a secret should, when the app may not read the vault."""
LONGEST_MINUTES = 60
MOST_CONNECTIONS = 1000
MOST_DIGITS = 9
PROXIED_UPLOAD_LIMIT = 100
"""MiB, as in the Functions host itself, which refuses without a word unless it is told to take more."""


def _setting(variable: str, default: str, meaning: str, *, shown: bool = True) -> str:
    """A field of ``Settings``, its variable and its line in the README; ``shown`` where it is printed."""
    setting: str = field(default=default, repr=shown, metadata={"variable": variable, "meaning": meaning})
    return setting


def _whole(variable: str, given: str, most: int, least: int = 1) -> int:
    try:
        number = int(given)
    except ValueError:
        number = -1
    if not least <= number <= most:
        raise ValueError(f"{variable} is {given!r}; it must be a number from {least} to {most}.")
    return number


@dataclass(frozen=True)
class Settings:
    """How this process is configured; ``Settings.read()`` takes it from the environment."""

    data: str = _setting(
        "GENESIS_DATA", ".genesis", "Folder of the embedded database and the local artifacts."
    )
    database_uri: str = _setting(
        "GENESIS_DATABASE_URI",
        "",
        "`mongodb://…`, `mongodb+srv://…` (with a database name) or `sqlite:///file`. "
        "Empty: SQLite in the data folder.",
        shown=False,
    )
    database_connections: str = _setting(
        "GENESIS_DATABASE_CONNECTIONS",
        "32",
        "Connections to MongoDB that one process keeps at most: as many as requests that an instance answers "
        "at a time.",
    )
    artifacts_uri: str = _setting(
        "GENESIS_ARTIFACTS_URI",
        "",
        "Where artifact bytes are kept: `file:///folder`, or a Blob container "
        "`https://<account>.blob.core.windows.net/<container>[/prefix]`. Empty: a folder in the data folder.",
    )
    storage_connection_string: str = _setting(
        "GENESIS_STORAGE_CONNECTION_STRING",
        "",
        "Only where no managed identity is to be had (Azurite: `UseDevelopmentStorage=true`): "
        "the storage account's connection string. A secret. Empty: the process's Azure identity.",
        shown=False,
    )
    artifact_root: str = _setting(
        "GENESIS_ARTIFACT_ROOT",
        "mlflow-artifacts:/",
        "Root URI of the artifact locations of new experiments; clients must be able to reach it.",
    )
    signed_url_minutes: str = _setting(
        "GENESIS_SIGNED_URL_MINUTES",
        "15",
        "How long the URLs are good for by which clients reach the artifacts' storage: 1 to 60 minutes "
        "(for uploads in parts, 10 seconds more for each part); 0: none, all bytes pass through the server.",
    )
    proxied_upload_limit: str = _setting(
        "GENESIS_PROXIED_UPLOAD_LIMIT",
        str(PROXIED_UPLOAD_LIMIT),
        "In the Functions host: the largest upload, in MiB, that passes through the function. A larger one "
        "gets a 413 that says how it goes to the storage itself.",
    )
    auth: str = _setting(
        "GENESIS_AUTH",
        "none",
        "Who may call: `none` (anybody; only on this machine's loopback addresses), `token`, `entra`, "
        "`platform` (see docs/authentication.md), or `open-to-anyone` where `none` is meant and refused.",
    )
    token: str = _setting(
        "GENESIS_TOKEN",
        "",
        "With `token`: one that is always good, for the first client; 32 characters or more. A secret.",
        shown=False,
    )
    entra_tenant: str = _setting(
        "GENESIS_ENTRA_TENANT", "", "With `entra`: the directory (tenant) id whose tokens are taken."
    )
    entra_audience: str = _setting(
        "GENESIS_ENTRA_AUDIENCE", "", "With `entra`: the application (client) id that tokens must be for."
    )
    entra_role: str = _setting(
        "GENESIS_ENTRA_ROLE",
        "",
        "With `entra` and `platform`: the app role that a caller must have. Empty: whoever gets a token.",
    )
    entra_authority: str = _setting(
        "GENESIS_ENTRA_AUTHORITY",
        "https://login.microsoftonline.com",
        "With `entra`: where the directory's keys are; another one in sovereign clouds.",
    )
    log_level: str = _setting("GENESIS_LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`.")
    log_format: str = _setting(
        "GENESIS_LOG_FORMAT", "text", "`text`, or `json`: one object a line (see docs/observability.md)."
    )
    request_charge: str = _setting(
        "GENESIS_REQUEST_CHARGE",
        "false",
        "`true`: ask the database after each operation what it cost, for the log. Only Cosmos DB's request "
        "units know it, and each operation then takes two round trips.",
    )
    ui: str = _setting(
        "GENESIS_UI",
        "",
        "Folder with the web UI's build (`genesis ui build`), or `none`. Empty: `ui` in the data folder, and "
        "in the Functions host `ui` beside function_app.py.",
    )
    in_azure: bool = False
    """Whether this is an app in Azure, which says so; `func start` does not."""
    easy_auth: bool = False
    """Whether the platform authenticates requests before they come here."""

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Settings from ``environment`` (the process's own by default); empty values mean the default."""
        environment = os.environ if environment is None else environment
        given = {f.name: environment[name] for name, f in cls.variables().items() if environment.get(name)}
        return cls(
            **given,
            in_azure=any(environment.get(name) for name in AZURE),
            easy_auth=environment.get(EASY_AUTH, "").lower() == "true",
        )

    @staticmethod
    def environment() -> dict[str, str]:
        """The process's own, for whoever explains where a setting comes from."""
        return dict(os.environ)

    @classmethod
    def variables(cls) -> dict[str, Field[str]]:
        """The fields that somebody sets, by their environment variables."""
        return {f.metadata["variable"]: f for f in fields(cls) if f.metadata}

    @property
    def database(self) -> str:
        """The database's URI, defaults filled in."""
        return self.database_uri or f"sqlite:///{quote(str(Path(self.data).absolute() / 'genesis.db'))}"

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file of this process."""
        return self.database.lower().startswith("sqlite:")

    @property
    def database_refusal(self) -> str:
        """Why nothing can be kept in this database; "" where it can."""
        if self.database.startswith(UNRESOLVED):
            return (
                "GENESIS_DATABASE_URI is a reference to a key vault that was not resolved: the app's "
                "identity may not read the secret, or it is not there."
            )
        if not self.in_azure or not self.is_embedded:
            return ""
        return (
            "GENESIS_DATABASE_URI is empty or begins with sqlite:, which is refused in Azure: each instance "
            "has a disk of its own, which goes with it. Set it to a MongoDB URI, as infra/bicep does."
        )

    @property
    def connections(self) -> int:
        """How many to MongoDB are kept; raises ValueError for what is no number from 1 to 1000."""
        return _whole("GENESIS_DATABASE_CONNECTIONS", self.database_connections, MOST_CONNECTIONS)

    @property
    def ui_folder(self) -> Path | None:
        """Where the web UI's build is; None where no UI is to be served."""
        if self.ui.lower() == "none":
            return None
        return Path(self.ui or Path(self.data) / "ui").absolute()

    @property
    def minutes(self) -> int:
        """How long signed URLs are good for, 0: there are none; raises ValueError for what is not 0 to 60."""
        return _whole("GENESIS_SIGNED_URL_MINUTES", self.signed_url_minutes, LONGEST_MINUTES, least=0)

    @property
    def largest_body(self) -> int:
        """Bytes of an upload through the Functions host; the default's for what is no number."""
        given = self.proxied_upload_limit
        known = given.isdecimal() and len(given) <= MOST_DIGITS
        return (int(given) if known else PROXIED_UPLOAD_LIMIT) << 20

    @property
    def level(self) -> int:
        """The log level as Python's logging counts it; INFO for a name it does not know."""
        return logging.getLevelNamesMapping().get(self.log_level.upper(), logging.INFO)

    @property
    def logs_json(self) -> bool:
        """Whether log lines are JSON; text for what is no format."""
        return self.log_format.lower() == "json"

    @property
    def asks_charge(self) -> bool:
        """Whether the database is asked what each command cost."""
        return self.request_charge.lower() == "true"

    @property
    def artifacts(self) -> str:
        """The artifact store's URI, defaults filled in."""
        return self.artifacts_uri or (Path(self.data).absolute() / "artifacts").as_uri()

    @property
    def storage_origin(self) -> str:
        """The origin that signed URLs lead to; "" where it is this server's own."""
        found = re.match(r"https?://[A-Za-z0-9.:\[\]-]+", self.artifacts, re.IGNORECASE)
        return found[0].lower() if found else ""
