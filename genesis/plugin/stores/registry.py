"""MLflow's registry store over a database of ours: its REST client, whose calls never leave the process."""

from __future__ import annotations

from typing import Any

from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry.rest_store import RestStore
from mlflow.tracking import MlflowClient

from genesis.entities.logged_models import LoggedModel, not_found
from genesis.errors import Code, GenesisError
from genesis.plugin.stores.calls import Calls


class RegistryStore(RestStore):
    """MLflow's registry store; logged models are asked for where the runs are."""

    def __init__(self, store_uri: str, tracking_uri: str | None, artifact_root: str) -> None:
        super().__init__(_no_host)
        self._calls = Calls(store_uri, artifact_root)
        self._tracking_uri = None if tracking_uri in (None, store_uri) else tracking_uri

    @property
    def supports_workspaces(self) -> bool:
        return True

    def _call_endpoint(
        self, api: Any, json_body: str, call_all_endpoints: bool = False, extra_headers: Any = None
    ) -> Any:
        endpoint, method = self._get_endpoint_from_method(api)
        reply = self._get_response_from_method(api)
        elsewhere = self._logged_model if self._tracking_uri else None
        return self._calls(method, endpoint, json_body, reply, elsewhere)

    def _call_webhook_endpoint(
        self, api: Any, json_body: str | None = None, webhook_id: str | None = None
    ) -> Any:
        endpoint, method = self._get_webhook_endpoint_from_method(api)
        reply = self._get_response_from_method(api)
        return self._calls(method, endpoint.format(webhook_id=webhook_id), json_body, reply)

    def create_registered_model(self, name: str, tags: Any = None, *others: Any, **named: Any) -> Any:
        return super().create_registered_model(name, _tags(RegisteredModelTag, tags), *others, **named)

    def create_model_version(
        self, name: str, source: str, run_id: str | None = None, tags: Any = None, *others: Any, **named: Any
    ) -> Any:
        tags = _tags(ModelVersionTag, tags)
        return super().create_model_version(name, source, run_id, tags, *others, **named)

    def list_webhooks_by_event(
        self, event: Any, max_results: int | None = None, page_token: str | None = None
    ) -> Any:
        # The server asks with every model that is registered. Nobody can have made a webhook.
        return PagedList([], None)

    def _logged_model(self, model_id: str) -> LoggedModel:
        try:
            found = MlflowClient(tracking_uri=self._tracking_uri).get_logged_model(model_id)
        except MlflowException as error:
            if error.error_code == Code.RESOURCE_DOES_NOT_EXIST.value:
                raise not_found(model_id) from error
            raise
        return LoggedModel(
            model_id=model_id,
            experiment_id=found.experiment_id,
            name=found.name,
            artifact_uri=found.artifact_location,
            creation_time=found.creation_timestamp,
            last_update_time=found.last_updated_timestamp,
            source_run_id=found.source_run_id or "",
        )


def _tags(kind: Any, given: Any) -> list[Any]:
    """The server hands over protobuf's messages, which the SQL store takes and the REST client does not."""
    return [kind(tag.key, tag.value) for tag in given or ()]


def _no_host() -> Any:
    raise GenesisError(Code.NOT_IMPLEMENTED, "A database has no HTTP address.")
