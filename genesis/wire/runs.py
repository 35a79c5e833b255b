"""Requests and replies about runs, their parameters, tags, inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, NotRequired, TypedDict, cast

from pydantic import Field

from genesis.entities.runs import STATUSES, DatasetInput, LatestValues, NamedEntry, Run
from genesis.wire.base import Int32, Int64, Many, Message, Text, one_of, written
from genesis.wire.experiments import Tag, TagReply, ViewType, tags

RunStatus = Annotated[str, one_of(*STATUSES)]

MAX_SEARCHED = 50_000


class RunMessage(Message):
    """About one run, which old clients call ``run_uuid``."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id",)
    run_id: str = ""
    run_uuid: str = ""

    @property
    def run(self) -> str:
        return self.run_id or self.run_uuid


class CreateRun(Message):
    experiment_id: str = ""
    start_time: Int64 = 0
    run_name: str = ""
    user_id: str = ""
    tags: Many[Tag] = []


class UpdateRun(RunMessage):
    end_time: Int64 | None = None
    status: RunStatus | None = None
    run_name: str = ""


class GetRun(RunMessage):
    pass


class DeleteRun(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id",)
    run_id: str = ""


class RestoreRun(DeleteRun):
    pass


class LogParam(RunMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id", "key")
    key: str = ""
    value: str = ""


class SetTag(RunMessage):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id", "key")
    key: str = ""
    value: str = ""


class DeleteTag(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id", "key")
    run_id: str = ""
    key: str = ""


class SearchRuns(Message):
    experiment_ids: Many[str] = []
    filter: str = ""
    max_results: Annotated[Int32, Field(le=MAX_SEARCHED)] = 1000
    order_by: Many[str] = []
    run_view_type: ViewType = "ACTIVE_ONLY"
    page_token: str = ""


class Dataset(Message):
    name: Text = ""
    digest: Text = ""
    source_type: Text = ""
    source: Text = ""
    # `schema` is a method of pydantic's models.
    schema_: Text = Field(default="", alias="schema")
    profile: Text = ""


class InputTag(Message):
    key: Text = ""
    value: Text = ""


class DatasetInputMessage(Message):
    tags: Many[InputTag] = []
    dataset: Dataset = Dataset()


class ModelInput(Message):
    model_id: Text = ""


class ModelOutput(Message):
    model_id: Text = ""
    step: Int64 = 0


class LogInputs(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id",)
    run_id: str = ""
    datasets: Many[DatasetInputMessage] = []
    models: Many[ModelInput] = []


class LogOutputs(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id", "models")
    run_id: str = ""
    models: Many[ModelOutput] = []


class LogModel(Message):
    REQUIRED: ClassVar[tuple[str, ...]] = ("run_id", "model_json")
    run_id: str = ""
    model_json: str = ""


class RunInfoReply(TypedDict):
    run_uuid: str
    run_id: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    end_time: NotRequired[int]
    artifact_uri: str
    lifecycle_stage: str


class MetricReply(TypedDict):
    key: str
    value: float | str
    timestamp: int
    step: int


class RunDataReply(TypedDict, total=False):
    metrics: list[MetricReply]
    params: list[TagReply]
    tags: list[TagReply]


class DatasetReply(TypedDict, total=False):
    name: str
    digest: str
    source_type: str
    source: str
    schema: str
    profile: str


class DatasetInputReply(TypedDict, total=False):
    tags: list[TagReply]
    dataset: DatasetReply


class ModelInputReply(TypedDict):
    model_id: str


class ModelOutputReply(TypedDict):
    model_id: str
    step: int


class RunInputsReply(TypedDict, total=False):
    dataset_inputs: list[DatasetInputReply]
    model_inputs: list[ModelInputReply]


class RunOutputsReply(TypedDict, total=False):
    model_outputs: list[ModelOutputReply]


class RunReply(TypedDict):
    info: RunInfoReply
    data: RunDataReply
    inputs: RunInputsReply
    outputs: NotRequired[RunOutputsReply]


class GetRunReply(TypedDict):
    run: RunReply


class UpdateRunReply(TypedDict):
    run_info: RunInfoReply


class SearchRunsReply(TypedDict, total=False):
    runs: list[RunReply]
    next_page_token: str


def info(run: Run) -> RunInfoReply:
    """A run's own facts as MLflow's ``RunInfo`` message, the id under both its names."""
    reply = RunInfoReply(
        run_uuid=run.run_id,
        run_id=run.run_id,
        run_name=run.name,
        experiment_id=run.experiment_id,
        user_id=run.user_id,
        status=run.status,
        start_time=run.start_time,
        artifact_uri=run.artifact_uri,
        lifecycle_stage=run.lifecycle_stage,
    )
    if run.end_time:
        reply["end_time"] = run.end_time
    return reply


def created(run: Run) -> RunReply:
    """A run as MLflow shows it when it is new: without outputs."""
    return {"info": info(run), "data": _data(run), "inputs": _inputs(run)}


def whole(run: Run, *, model_inputs: bool = True) -> RunReply:
    """A run as MLflow's ``Run`` message; searches leave model inputs out, as MLflow's do."""
    outputs: RunOutputsReply = {}
    if run.model_outputs:
        outputs["model_outputs"] = [{"model_id": m, "step": step} for m, step in run.model_outputs]
    inputs = _inputs(run, model_inputs=model_inputs)
    return {"info": info(run), "data": _data(run), "inputs": inputs, "outputs": outputs}


def page(runs: Iterable[Run]) -> list[RunReply]:
    """Runs as searches show them."""
    return [written(whole(run, model_inputs=False)) for run in runs]


def _data(run: Run) -> RunDataReply:
    data: RunDataReply = {}
    if run.metrics:
        data["metrics"] = _metrics(run.metrics)
    if run.params:
        data["params"] = tags(run.params)
    if run.tags:
        data["tags"] = tags(run.tags)
    return data


def _metrics(latest: LatestValues) -> list[MetricReply]:
    """The entries themselves, which are MLflow's messages but where the value is no number."""
    entries = [entry if "nan" not in entry else _no_number(entry) for entry in latest.entries.values()]
    return cast("list[MetricReply]", entries)


def _no_number(entry: NamedEntry) -> MetricReply:
    return {"key": entry["key"], "value": "NaN", "timestamp": entry["timestamp"], "step": entry["step"]}


def _inputs(run: Run, *, model_inputs: bool = True) -> RunInputsReply:
    inputs: RunInputsReply = {}
    if run.inputs:
        inputs["dataset_inputs"] = [_dataset_input(i) for i in run.inputs]
    if run.model_inputs and model_inputs:
        inputs["model_inputs"] = [{"model_id": m} for m in run.model_inputs]
    return inputs


def _dataset_input(given: DatasetInput) -> DatasetInputReply:
    dataset = DatasetReply(
        name=given.dataset.name,
        digest=given.dataset.digest,
        source_type=given.dataset.source_type,
        source=given.dataset.source,
    )
    if given.dataset.schema:
        dataset["schema"] = given.dataset.schema
    if given.dataset.profile:
        dataset["profile"] = given.dataset.profile
    reply = DatasetInputReply(dataset=dataset)
    if given.tags:
        reply["tags"] = tags(given.tags)
    return reply
