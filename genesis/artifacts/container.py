"""The connection to one container of Blob Storage, made at its first use, and what its blobs are called."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from genesis.artifacts.refusals import DELEGATOR, told

# The Azure packages are imported only inside functions: they take most of a second, which every cold
# start of the function app would pay, also for requests that touch no artifact.
if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobServiceClient, ContainerClient, UserDelegationKey

BLOCK = 8 << 20
PIECE = 2 << 20

# A request must end, well or badly, within the 230 seconds that Azure's front end gives a function.
CONNECT_SECONDS = 10
CHECK_SECONDS = 4
READ_SECONDS = 60
RETRIES = 2

CORS_METHODS = ["GET", "HEAD", "PUT", "OPTIONS"]
CORS_REQUEST_HEADERS = ["range", "content-type", "content-md5", "x-ms-*"]
CORS_REPLY_HEADERS = ["ETag", "Content-*", "x-ms-*"]
CORS_SECONDS = 3600


def names_account(hostname: str | None) -> bool:
    """Azure has the account in the host's name, emulators have it in front of the container."""
    return ".blob." in (hostname or "")


class Container:
    """A container of the service at ``endpoint``, and the folder of it that a store keeps to."""

    def __init__(
        self, endpoint: str, name: str, folder: str, credential: dict[str, str] | str | None
    ) -> None:
        self.endpoint = endpoint
        self.name = name
        self.prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
        self.credential = credential
        self._lock = threading.Lock()
        self._service: BlobServiceClient | None = None
        self._is_there = False

    @property
    def account(self) -> str:
        """The account's name, which signatures are made for."""
        parts = urlsplit(self.endpoint)
        return (parts.hostname or "").partition(".")[0] if names_account(parts.hostname) else parts.path[1:]

    def client(self) -> ContainerClient:
        return self.service().get_container_client(self.name)

    def blob(self, path: str) -> BlobClient:
        return self.service().get_blob_client(self.name, self.prefix + path)

    def folder(self, path: str) -> str:
        """What the names of the blobs in the folder ``path`` begin with."""
        return f"{self.prefix}{path}/" if path else self.prefix

    def is_folder(self, path: str) -> bool:
        from azure.core.exceptions import ResourceNotFoundError

        try:
            names = self.client().list_blob_names(name_starts_with=self.folder(path), results_per_page=1)
            return next(names, None) is not None
        except ResourceNotFoundError:
            return False

    def write(self, request: Callable[[], object]) -> None:
        """Send ``request``, and once more after making the container if that was missing."""
        from azure.core.exceptions import ResourceNotFoundError

        with told():
            try:
                request()
            except ResourceNotFoundError:
                self._create()
                request()

    def prepare(self) -> None:
        """Make the container if it is missing; asked once, for a client with a signed URL cannot do it."""
        if not self._is_there:
            with told():
                if not self.client().exists():
                    self._create()
            self._is_there = True

    def check(self) -> None:
        """Ask for the container, once and briefly; one that is missing is made by the first write."""
        from azure.core.exceptions import ResourceNotFoundError

        with told(), suppress(ResourceNotFoundError):
            self.client().get_container_properties(
                retry_total=0, connection_timeout=CHECK_SECONDS, read_timeout=CHECK_SECONDS
            )

    def delegation_key(self, start: datetime, end: datetime, patient: bool) -> UserDelegationKey:
        """A key to sign with in this identity's name; if not ``patient``, it is tried once and briefly."""
        options: dict[str, Any] = {} if patient else {"retry_total": 0, "read_timeout": CONNECT_SECONDS}
        with told(DELEGATOR):
            return self.service().get_user_delegation_key(start, end, **options)

    def allow_origins(self, origins: list[str]) -> None:
        """Let the pages of these origins, and of no others, use signed URLs."""
        from azure.storage.blob import CorsRule

        rule = CorsRule(
            origins,
            CORS_METHODS,
            allowed_headers=CORS_REQUEST_HEADERS,
            exposed_headers=CORS_REPLY_HEADERS,
            max_age_in_seconds=CORS_SECONDS,
        )
        with told():
            self.service().set_service_properties(cors=[rule] if origins else [])

    def service(self) -> BlobServiceClient:
        with self._lock:
            if self._service is None:
                self._service = self._connected()
            return self._service

    def close(self) -> None:
        """Give the connections back; a later call makes new ones."""
        with self._lock:
            service, self._service = self._service, None
        if service is not None:
            service.close()

    def _connected(self) -> BlobServiceClient:
        from azure.storage.blob import BlobServiceClient, ExponentialRetry

        return BlobServiceClient(
            self.endpoint,
            credential=self.credential or identity(),
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retry_policy=ExponentialRetry(
                initial_backoff=1, increment_base=2, random_jitter_range=1, retry_total=RETRIES
            ),
            max_single_put_size=BLOCK,
            max_single_get_size=PIECE,
            max_chunk_get_size=PIECE,
        )

    def _create(self) -> None:
        from azure.core.exceptions import ResourceExistsError

        with suppress(ResourceExistsError):
            self.client().create_container()


def identity() -> Any:
    """What this process is to Azure: a managed identity there, whoever signed in on a desk."""
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
