"""The script: scenes of REST calls, one module per theme. Data only."""

from tests.parity.scenes import Scene
from tests.parity.script import (
    artifacts,
    batches,
    envelope,
    experiment_search,
    experiments,
    history,
    inputs,
    logged_models,
    metrics,
    model_metrics,
    params_tags,
    run_search,
    runs,
    search_datasets,
)

SCENES: list[Scene] = [
    *experiments.SCENES,
    *experiment_search.SCENES,
    *runs.SCENES,
    *metrics.SCENES,
    *params_tags.SCENES,
    *batches.SCENES,
    *inputs.SCENES,
    *history.SCENES,
    *run_search.SCENES,
    *logged_models.SCENES,
    *model_metrics.SCENES,
    *search_datasets.SCENES,
    *artifacts.SCENES,
    *envelope.SCENES,
]
